#include "assay/experiment/analysis.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "assay/stats/multiplicity.hpp"

namespace assay::experiment {
namespace {

using engine::MetricMoments;

stats::Multiplicity to_stats(spec::Multiplicity method) {
  switch (method) {
    case spec::Multiplicity::none:
      return stats::Multiplicity::none;
    case spec::Multiplicity::bonferroni:
      return stats::Multiplicity::bonferroni;
    case spec::Multiplicity::hochberg:
      return stats::Multiplicity::hochberg;
    case spec::Multiplicity::benjamini_hochberg:
      return stats::Multiplicity::benjamini_hochberg;
    case spec::Multiplicity::benjamini_yekutieli:
      return stats::Multiplicity::benjamini_yekutieli;
    case spec::Multiplicity::holm:
    case spec::Multiplicity::dunnett:  // Refused when the experiment was planned.
      return stats::Multiplicity::holm;
  }
  return stats::Multiplicity::holm;
}

/// One comparison of two cells of a metric.
Result<stats::Contrast> contrast_of(const PlannedMetric& metric, const MetricMoments& control,
                                    const MetricMoments& treatment, double confidence_level) {
  stats::CompareOptions options{.kind = metric.kind, .confidence_level = confidence_level};
  if (metric.has_covariates) {
    options.adjustment = stats::Adjustment::lin;
    options.covariates = {"pre-period " + metric.name, "no history"};
    if (metric.kind == stats::MetricKind::ratio)
      options.covariates.insert(options.covariates.begin() + 1, "pre-period denominator");
  }
  return stats::compare({.moments = control}, {.moments = treatment}, options);
}

Reading read(const Result<stats::Contrast>& contrast, stats::Direction direction, double p_adjusted,
             double alpha) {
  if (!contrast) return Reading::undefined;
  if (p_adjusted >= alpha) return Reading::undecided;
  const bool up = contrast->difference > 0.0;
  return up == (direction == stats::Direction::increase) ? Reading::better : Reading::worse;
}

/// Replaces p_adjusted of the results that `belongs` picks by the family's corrected p-values.
template <class ResultRow>
Result<void> adjust_family(std::vector<ResultRow>& rows, stats::Multiplicity method,
                           const std::function<bool(const ResultRow&)>& belongs) {
  std::vector<ResultRow*> family;
  std::vector<double> p_values;
  for (ResultRow& row : rows) {
    if (!row.contrast || !belongs(row)) continue;
    family.push_back(&row);
    p_values.push_back(row.contrast->p_value);
  }
  std::vector<double> adjusted;
  ASSAY_TRY(adjusted, stats::adjust_p_values(p_values, method));
  for (std::size_t i = 0; i < family.size(); ++i) family[i]->p_adjusted = adjusted[i];
  return {};
}

Result<std::vector<MetricResult>> metric_results(const spec::Experiment& experiment,
                                                 const Plan& plan,
                                                 const engine::ExperimentMoments& moments) {
  const double alpha = experiment.analysis.alpha;
  std::vector<MetricResult> results;
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    const PlannedMetric& metric = plan.metrics[m];
    for (std::size_t a = 1; a < plan.query.arms.size(); ++a) {
      MetricResult row{.metric = m,
                       .arm = a,
                       .contrast = contrast_of(metric, moments.overall[0][metric.index],
                                               moments.overall[a][metric.index], 1.0 - alpha)};
      row.immature_control = moments.immature[0][metric.index];
      row.immature_treatment = moments.immature[a][metric.index];
      if (row.contrast) row.p_adjusted = row.contrast->p_value;
      if (row.contrast && metric.margin) {
        stats::NonInferiority guardrail;
        ASSAY_TRY(guardrail, stats::non_inferiority(*row.contrast, *metric.margin, metric.direction,
                                                    alpha / 2.0));
        row.guardrail = std::move(guardrail);
      }
      results.push_back(std::move(row));
    }
  }
  const auto& plans = experiment.analysis.multiplicity;
  // Several treatment arms are several chances to win: never read them uncorrected.
  const bool many_arms = plan.query.arms.size() > 2;
  const auto primary = many_arms && plans.primary == spec::Multiplicity::none
                           ? spec::Multiplicity::holm
                           : plans.primary;
  for (const auto& [role, method] : {std::pair{spec::MetricRole::primary, primary},
                                     std::pair{spec::MetricRole::secondary, plans.secondary}}) {
    ASSAY_CHECK(adjust_family<MetricResult>(
        results, to_stats(method),
        [&, wanted = role](const auto& row) { return plan.metrics[row.metric].role == wanted; }));
  }
  for (MetricResult& row : results)
    row.reading = read(row.contrast, plan.metrics[row.metric].direction, row.p_adjusted, alpha);
  return results;
}

bool in_segments(const PlannedMetric& metric) {
  return metric.role == spec::MetricRole::primary || metric.role == spec::MetricRole::secondary;
}

Result<std::vector<SegmentResult>> segment_results(const spec::Experiment& experiment,
                                                   const Plan& plan,
                                                   const engine::ExperimentMoments& moments) {
  const double alpha = experiment.analysis.alpha;
  std::vector<SegmentResult> results;
  for (std::size_t s = 0; s < plan.segments.size(); ++s) {
    if (!plan.segments[s].pre_registered && !plan.segments[s].exploratory) continue;
    const engine::SegmentMoments& segment = moments.segments[s];
    for (std::size_t v = 0; v < segment.values.size(); ++v) {
      for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
        if (!in_segments(plan.metrics[m])) continue;
        const std::size_t index = plan.metrics[m].index;
        for (std::size_t a = 1; a < plan.query.arms.size(); ++a) {
          results.push_back({s, segment.values[v], m, a,
                             contrast_of(plan.metrics[m], segment.moments[v][0][index],
                                         segment.moments[v][a][index], 1.0 - alpha)});
        }
      }
    }
  }
  const auto exploratory = to_stats(experiment.analysis.multiplicity.exploratory);
  for (const bool registered : {true, false}) {
    ASSAY_CHECK(adjust_family<SegmentResult>(
        results, registered ? stats::Multiplicity::holm : exploratory, [&](const auto& row) {
          return plan.segments[row.segment].pre_registered == registered &&
                 plan.metrics[row.metric].role == spec::MetricRole::primary;
        }));
    ASSAY_CHECK(adjust_family<SegmentResult>(
        results, registered ? stats::Multiplicity::holm : exploratory, [&](const auto& row) {
          return plan.segments[row.segment].pre_registered == registered &&
                 plan.metrics[row.metric].role == spec::MetricRole::secondary;
        }));
  }
  for (SegmentResult& row : results)
    row.reading = read(row.contrast, plan.metrics[row.metric].direction, row.p_adjusted, alpha);
  return results;
}

std::optional<stats::Contrast> day_contrast(PlannedMetric metric,
                                            const std::vector<std::vector<MetricMoments>>& cells,
                                            std::size_t arm, double confidence_level) {
  const MetricMoments& control = cells[0][metric.index];
  const MetricMoments& treatment = cells[arm][metric.index];
  if (control.size() == 0 || treatment.size() == 0) return std::nullopt;
  metric.has_covariates = false;
  if (metric.kind == stats::MetricKind::proportion) metric.kind = stats::MetricKind::mean;
  auto contrast = contrast_of(metric, control, treatment, confidence_level);
  if (!contrast) return std::nullopt;
  return std::move(*contrast);
}

std::vector<DailySeries> daily_series(const spec::Experiment& experiment, const Plan& plan,
                                      const engine::ExperimentMoments& moments) {
  const double level = 1.0 - experiment.analysis.alpha;
  std::vector<DailySeries> all;
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    if (plan.metrics[m].role != spec::MetricRole::primary) continue;
    for (std::size_t a = 1; a < plan.query.arms.size(); ++a) {
      DailySeries series{m, a, {}};
      for (std::size_t d = 0; d < moments.days.size(); ++d) {
        series.days.push_back(
            {moments.first_day + static_cast<Day>(d),
             day_contrast(plan.metrics[m], moments.days[d].daily, a, level),
             day_contrast(plan.metrics[m], moments.days[d].cumulative, a, level)});
      }
      all.push_back(std::move(series));
    }
  }
  return all;
}

std::vector<ShareOfArm> shares(const std::vector<CurvePoint>& points,
                               const engine::ExperimentMoments& moments, double confidence_level) {
  std::vector<ShareOfArm> all;
  for (const CurvePoint& point : points) {
    for (std::size_t a = 0; a < moments.arms.size(); ++a) {
      const MetricMoments& cell = moments.overall[a][point.index];
      ShareOfArm share{.arm = a, .k = point.k, .n = cell.n};
      if (cell.n > 0) {
        share.count = std::llround(cell.mean[0] * static_cast<double>(cell.n));
        const auto interval = stats::wilson(share.count, cell.n, confidence_level);
        if (interval) share.interval = *interval;
      }
      all.push_back(share);
    }
  }
  return all;
}

}  // namespace

std::string_view to_text(Reading reading) {
  switch (reading) {
    case Reading::better:
      return "better";
    case Reading::worse:
      return "worse";
    case Reading::undecided:
      return "undecided";
    case Reading::undefined:
      return "undefined";
  }
  return "";
}

Result<Analysis> analyze(const spec::Experiment& experiment, const Plan& plan,
                         const engine::ExperimentMoments& moments) {
  Analysis out;
  ASSAY_TRY(out.metrics, metric_results(experiment, plan, moments));
  ASSAY_TRY(out.segments, segment_results(experiment, plan, moments));
  out.daily = daily_series(experiment, plan, moments);
  const double level = 1.0 - experiment.analysis.alpha;
  out.retention_curve = shares(plan.retention_curve, moments, level);
  out.funnel = shares(plan.funnel_steps, moments, level);
  return out;
}

}  // namespace assay::experiment
