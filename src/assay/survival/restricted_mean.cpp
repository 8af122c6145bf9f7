#include "assay/survival/restricted_mean.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/survival/kaplan_meier.hpp"

namespace assay::survival {
namespace {

/// A ratio of two independent means with an interval symmetric on the log scale.
struct LogRatio {
  double ratio = 0.0;
  double low = 0.0;
  double high = 0.0;
};

LogRatio log_ratio(double over, double over_se, double under, double under_se, double z) {
  const double spread = z * std::hypot(over_se / over, under_se / under);
  const double ratio = over / under;
  return {ratio, ratio * std::exp(-spread), ratio * std::exp(spread)};
}

/// The last time up to which the curve is known.
double reach(const KaplanMeier& curve) {
  return curve.points.back().survival == 0.0 ? std::numeric_limits<double>::infinity()
                                             : curve.last_time;
}

}  // namespace

Result<RestrictedMean> restricted_mean(const Observations& data, double horizon,
                                       double confidence_level) {
  if (!std::isfinite(horizon) || !(horizon > 0.0))
    return fail(ErrorCode::invalid_spec,
                fmt::format("the horizon must be a positive time; got {}", horizon));
  ASSAY_TRY(const auto curve, kaplan_meier(data, confidence_level));
  if (horizon > reach(curve))
    return fail(ErrorCode::undefined_statistic,
                fmt::format("nobody was watched up to the horizon {}", horizon), "",
                "choose a horizon inside the watched span",
                fmt::format("the last watched time {}", curve.last_time));
  RestrictedMean out;
  out.n = curve.n;
  out.horizon = horizon;
  // Backwards: `area` is what lies under the curve from the point at hand to the horizon.
  double area = 0.0;
  double variance = 0.0;
  double right = horizon;
  for (auto point = curve.points.rbegin(); point != curve.points.rend(); ++point) {
    if (point->time > horizon) continue;
    area += point->survival * (right - point->time);
    right = point->time;
    if (point->events == 0) continue;
    out.n_events += point->events;
    const auto n = static_cast<double>(point->at_risk);
    const auto d = static_cast<double>(point->events);
    if (n > d) variance += area * area * d / (n * (n - d));
  }
  out.mean = area + right;
  out.std_error = std::sqrt(variance);
  const double z = numerics::normal_upper_quantile((1.0 - confidence_level) / 2.0);
  out.ci_low = out.mean - z * out.std_error;
  out.ci_high = out.mean + z * out.std_error;
  return out;
}

Result<RestrictedMeanComparison> compare_restricted_means(const Observations& control,
                                                          const Observations& treatment,
                                                          std::optional<double> horizon,
                                                          double confidence_level) {
  if (!horizon) {
    ASSAY_TRY(const auto first, kaplan_meier(control, confidence_level));
    ASSAY_TRY(const auto second, kaplan_meier(treatment, confidence_level));
    horizon = std::min(first.last_time, second.last_time);
  }
  RestrictedMeanComparison out;
  out.horizon = *horizon;
  ASSAY_TRY(out.control, restricted_mean(control, *horizon, confidence_level));
  ASSAY_TRY(out.treatment, restricted_mean(treatment, *horizon, confidence_level));
  const RestrictedMean& c = out.control;
  const RestrictedMean& t = out.treatment;
  stats::EstimatedPair pair;
  pair.control_value = c.mean;
  pair.treatment_value = t.mean;
  pair.values = {c.std_error * c.std_error, t.std_error * t.std_error, 0.0};
  pair.degrees_of_freedom = std::numeric_limits<double>::infinity();
  pair.n_control = c.n;
  pair.n_treatment = t.n;
  ASSAY_TRY(out.contrast, stats::contrast_of_values(pair, confidence_level));
  const double z = numerics::normal_upper_quantile((1.0 - confidence_level) / 2.0);
  const LogRatio kept = log_ratio(t.mean, t.std_error, c.mean, c.std_error, z);
  out.ratio = kept.ratio;
  out.ratio_ci_low = kept.low;
  out.ratio_ci_high = kept.high;
  if (c.n_events > 0 && t.n_events > 0 && c.mean < *horizon && t.mean < *horizon) {
    const LogRatio lost =
        log_ratio(*horizon - t.mean, t.std_error, *horizon - c.mean, c.std_error, z);
    out.lost_ratio = lost.ratio;
    out.lost_ratio_ci_low = lost.low;
    out.lost_ratio_ci_high = lost.high;
  }
  return out;
}

}  // namespace assay::survival
