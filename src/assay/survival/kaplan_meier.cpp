#include "assay/survival/kaplan_meier.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/interval.hpp"

namespace assay::survival {
namespace {

constexpr double kSame = 1e-9;  ///< Survival shares nearer than this are one level.

/// Sets the interval of a point from `spread`, the standard error of log S.
void set_interval(CurvePoint& point, double spread, double z, CurveInterval interval) {
  const double s = point.survival;
  if (!(s > 0.0 && s < 1.0)) return;
  switch (interval) {
    case CurveInterval::log_log: {
      const double centre = std::log(-std::log(s));
      const double half = z * spread / std::log(s);  // Negative: log S is.
      point.ci_low = std::exp(-std::exp(centre - half));
      point.ci_high = std::exp(-std::exp(centre + half));
      return;
    }
    case CurveInterval::log:
      point.ci_low = std::exp(std::log(s) - z * spread);
      point.ci_high = std::min(1.0, std::exp(std::log(s) + z * spread));
      return;
    case CurveInterval::plain:
      point.ci_low = std::max(0.0, s - z * s * spread);
      point.ci_high = std::min(1.0, s + z * s * spread);
  }
}

/// The first time at which `level_of` is at or below a level, the middle of a flat stretch there.
template <class LevelOf>
std::optional<double> first_below(const std::vector<CurvePoint>& points, double level,
                                  LevelOf level_of) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::optional<double> here = level_of(points[i]);
    if (!here || *here > level + kSame) continue;
    if (*here < level - kSame) return points[i].time;
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      const std::optional<double> next = level_of(points[j]);
      if (next && *next < level - kSame) return 0.5 * (points[i].time + points[j].time);
    }
    return points[i].time;
  }
  return std::nullopt;
}

}  // namespace

Result<KaplanMeier> kaplan_meier(const Observations& data, double confidence_level,
                                 CurveInterval interval) {
  ASSAY_CHECK(stats::check_confidence_level(confidence_level));
  ASSAY_CHECK(check_observations(data));
  const double z = numerics::normal_upper_quantile((1.0 - confidence_level) / 2.0);
  const auto rows = risk_table(data);
  KaplanMeier out;
  out.n = static_cast<std::int64_t>(data.size());
  out.last_time = rows.back().time;
  out.confidence_level = confidence_level;
  double survival = 1.0;
  double greenwood = 0.0;
  for (const RiskRow& row : rows) {
    const auto at_risk = static_cast<double>(row.at_risk);
    const auto events = static_cast<double>(row.events);
    const bool all_gone = row.events == row.at_risk;
    if (all_gone && row.time < out.last_time)
      return fail(ErrorCode::undefined_statistic,
                  fmt::format("at time {} everyone watched ({}) had the event, so the curve is 0 "
                              "before most units entered",
                              row.time, row.at_risk),
                  "", "start the analysis at a later time, when more units are watched");
    if (row.events > 0) {
      survival = all_gone ? 0.0 : survival * (at_risk - events) / at_risk;
      if (!all_gone) greenwood += events / (at_risk * (at_risk - events));
    }
    out.n_events += row.events;
    CurvePoint point{row.time, row.at_risk, row.events, row.censored, survival, 0.0, {}, {}};
    point.std_error = survival * std::sqrt(greenwood);
    set_interval(point, std::sqrt(greenwood), z, interval);
    out.points.push_back(point);
  }
  out.median = time_quantile(out, 0.5);
  return out;
}

TimeQuantile time_quantile(const KaplanMeier& curve, double share) {
  TimeQuantile out;
  out.share = share;
  const double level = 1.0 - share;
  const auto survival = [](const CurvePoint& p) { return std::optional<double>(p.survival); };
  // A point without an interval has survival 1 (says nothing yet) or 0 (low is 0, high unknown).
  const auto low = [](const CurvePoint& p) { return p.survival > 0.0 ? p.ci_low : 0.0; };
  const auto high = [](const CurvePoint& p) { return p.ci_high; };
  out.time = first_below(curve.points, level, survival);
  out.ci_low = first_below(curve.points, level, low);
  out.ci_high = first_below(curve.points, level, high);
  return out;
}

Result<SurvivalAt> survival_at(const KaplanMeier& curve, double time) {
  const bool ended = !curve.points.empty() && curve.points.back().survival == 0.0;
  if (!(time >= 0.0) || (time > curve.last_time && !ended))
    return fail(ErrorCode::undefined_statistic,
                fmt::format("nobody was watched up to time {}", time), "",
                "ask for a time inside the watched span",
                fmt::format("the last watched time {}", curve.last_time));
  SurvivalAt out;
  out.at_risk = curve.n;
  for (const CurvePoint& point : curve.points) {
    if (point.time > time) {
      out.at_risk = point.at_risk;
      break;
    }
    out.survival = point.survival;
    out.std_error = point.std_error;
    out.at_risk = point.at_risk;
  }
  return out;
}

Result<stats::Contrast> compare_event_share(const Observations& control,
                                            const Observations& treatment, double time,
                                            double confidence_level) {
  ASSAY_TRY(const auto curve_control, kaplan_meier(control, confidence_level));
  ASSAY_TRY(const auto curve_treatment, kaplan_meier(treatment, confidence_level));
  ASSAY_TRY(const auto at_control, survival_at(curve_control, time));
  ASSAY_TRY(const auto at_treatment, survival_at(curve_treatment, time));
  stats::EstimatedPair pair;
  pair.control_value = 1.0 - at_control.survival;
  pair.treatment_value = 1.0 - at_treatment.survival;
  pair.values = {at_control.std_error * at_control.std_error,
                 at_treatment.std_error * at_treatment.std_error, 0.0};
  pair.degrees_of_freedom = std::numeric_limits<double>::infinity();
  pair.n_control = curve_control.n;
  pair.n_treatment = curve_treatment.n;
  return stats::contrast_of_values(pair, confidence_level);
}

}  // namespace assay::survival
