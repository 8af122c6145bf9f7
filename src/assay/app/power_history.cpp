#include "assay/app/power_history.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace assay::app {
namespace {

constexpr int kWeek = 7;
constexpr int kMostWindows = 8;

double sum_of(const std::vector<std::int64_t>& counts) {
  double sum = 0.0;
  for (const std::int64_t count : counts) sum += static_cast<double>(count);
  return sum;
}

HistoryWindow window_of(const experiment::Plan& plan, const engine::ExperimentMoments& moments,
                        int weeks, bool covariates) {
  HistoryWindow out{.weeks = weeks, .units = static_cast<double>(moments.arms[0].analysed)};
  for (const experiment::PlannedMetric& metric : plan.metrics) {
    out.metrics.push_back(design::outcome_of_moments(metric.kind, moments.overall[0][metric.index],
                                                     covariates && metric.has_covariates));
  }
  return out;
}

}  // namespace

engine::ExperimentQuery history_query(const experiment::Plan& plan, const TimeZone& zone, Day first,
                                      int weeks) {
  engine::ExperimentQuery query = plan.query;
  query.assignment = query.exposure.value_or(engine::EventSelector{});
  query.exposure.reset();
  query.anchor = engine::Anchor::assignment;
  query.variant_property.clear();
  query.arms = {"history"};
  query.period = {zone.day_start(first), zone.day_start(first + kWeek * weeks)};
  query.complete_until = std::min(query.complete_until, query.period.end);
  query.metrics.resize(plan.metrics.size());  // Without the points of curves.
  query.daily = false;
  return query;
}

Result<PowerHistory> read_history(engine::Engine& engine, const spec::Experiment& experiment,
                                  const experiment::Plan& plan, Day data_first, Day data_end,
                                  bool every_week) {
  const Day end = std::min(data_end, experiment.period.first);
  const int there = std::max(0, static_cast<int>(end - data_first));
  const bool lin = experiment.analysis.adjustment.method == spec::AdjustmentMethod::lin;
  const int wanted = experiment.design ? experiment.design->baseline_days : 28;
  int weeks = std::max(1, wanted / kWeek);
  const int past = lin ? experiment.analysis.adjustment.covariate_days : 0;
  if (kWeek * weeks + past > there) weeks = std::min(weeks, (lin ? there / 2 : there) / kWeek);
  if (weeks < 1 && there >= kWeek) weeks = 1;
  if (weeks < 1) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("there is no history to plan from: {} days of data before {}", there,
                            day_text(experiment.period.first)),
                spec::where_text(experiment.period.where),
                "let the period begin after a week of data or more, or plan from numbers with "
                "`assay calc plan-units-mean` and its like");
  }
  PowerHistory out;
  out.days = kWeek * weeks;
  out.first = end - out.days;
  out.covariate_days = std::min(past, static_cast<int>(out.first - data_first));
  for (int w = every_week ? std::max(1, weeks - kMostWindows + 1) : weeks; w <= weeks; ++w) {
    const engine::ExperimentQuery query = history_query(plan, plan.query.timezone, out.first, w);
    engine::ExperimentMoments moments;
    ASSAY_TRY(moments, engine.experiment(query));
    out.windows.push_back(window_of(plan, moments, w, out.covariate_days > 0));
    if (w < weeks) continue;
    out.query = query;
    for (const auto& day : moments.assigned_by_day) out.arrivals.new_units.push_back(day[0]);
    for (const engine::SegmentMoments& segment : moments.segments) {
      std::vector<double> shares;
      double all = 0.0;
      for (const auto& counts : segment.assigned) all += sum_of(counts);
      for (const auto& counts : segment.assigned) {
        if (sum_of(counts) > 0.0) shares.push_back(sum_of(counts) / all);
      }
      out.segments.emplace_back(segment.name, std::move(shares));
    }
  }
  if (out.windows.back().units > 0.0) return out;
  return fail(ErrorCode::undefined_statistic,
              fmt::format("there is no history to plan from: no unit entered from {} to {}",
                          day_text(out.first), day_text(out.first + out.days - 1)),
              spec::where_text(experiment.period.where),
              "check the exposure's event and filter, and `eligible`");
}

numerics::SymmetricMatrix metric_correlation(const experiment::Plan& plan,
                                             const engine::UnitTable& table) {
  const std::size_t metrics = plan.metrics.size();
  std::vector<std::vector<double>> parts(metrics);
  std::vector<std::uint8_t> whole(table.units(), 1);
  for (std::size_t m = 0; m < metrics; ++m) {
    const engine::UnitVariables& v = table.metrics[m];
    const std::optional<double> cap = table.caps[m];
    const auto capped = [&](double y) { return cap ? std::min(y, *cap) : y; };
    const bool ratio = !v.d.empty();
    const bool past = !v.x.empty();
    numerics::CoMoments moments(3);  // y, d, x
    for (std::size_t i = 0; i < table.units(); ++i) {
      whole[i] = whole[i] & v.mature[i];
      if (v.mature[i] == 0) continue;
      const double row[3] = {capped(v.y[i]), ratio ? v.d[i] : 0.0, past ? capped(v.x[i]) : 0.0};
      moments.add(row);
    }
    const double r = ratio && moments.mean[1] != 0.0 ? moments.mean[0] / moments.mean[1] : 0.0;
    const double spread = moments.at(2, 2);
    const double slope = spread > 0.0 ? (moments.at(0, 2) - r * moments.at(1, 2)) / spread : 0.0;
    parts[m].resize(table.units());
    for (std::size_t i = 0; i < table.units(); ++i) {
      parts[m][i] =
          capped(v.y[i]) - (ratio ? r * v.d[i] : 0.0) - (past ? slope * capped(v.x[i]) : 0.0);
    }
  }
  numerics::CoMoments all(metrics);
  std::vector<double> row(metrics);
  for (std::size_t i = 0; i < table.units(); ++i) {
    if (whole[i] == 0) continue;
    for (std::size_t m = 0; m < metrics; ++m) row[m] = parts[m][i];
    all.add(row);
  }
  numerics::SymmetricMatrix out(metrics);
  for (std::size_t i = 0; i < metrics; ++i) {
    for (std::size_t j = i; j < metrics; ++j) {
      const double spread = std::sqrt(all.at(i, i) * all.at(j, j));
      out.set(i, j, i == j ? 1.0 : spread > 0.0 ? all.at(i, j) / spread : 0.0);
    }
  }
  return out;
}

}  // namespace assay::app
