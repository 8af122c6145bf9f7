#include "assay/experiment/analysis.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/multiplicity.hpp"
#include "assay/stats/simultaneous.hpp"

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
    case spec::Multiplicity::dunnett:  // Over arms: see adjust_over_arms; over metrics: Holm.
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

/// A normal statistic of this two-sided p-value.
double z_of(double p) {
  return p < 1.0 ? numerics::normal_upper_quantile(0.5 * std::max(p, 1e-300)) : 0.0;
}

/// Dunnett: the comparisons of one metric with the same control are corrected together by the
/// correlation that the shared control gives them.
Result<void> adjust_over_arms(std::vector<MetricResult>& rows, std::size_t metric) {
  std::vector<MetricResult*> arms;
  std::vector<double> variances;
  std::vector<double> statistics;
  for (MetricResult& row : rows) {
    if (row.metric != metric || !row.contrast) continue;
    arms.push_back(&row);
    variances.push_back(row.contrast->values.treatment_variance);
    statistics.push_back(z_of(row.p_valid));
  }
  if (arms.size() < 2) return {};
  const double control = arms.front()->contrast->values.control_variance;
  if (!(control > 0.0)) return {};
  ASSAY_TRY(const auto adjusted,
            stats::step_down_max_t_p_values({stats::many_to_one_correlation(control, variances)},
                                            statistics));
  for (std::size_t i = 0; i < arms.size(); ++i) arms[i]->p_adjusted = adjusted[i];
  return {};
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
    p_values.push_back(row.p_adjusted);
  }
  std::vector<double> adjusted;
  ASSAY_TRY(adjusted, stats::adjust_p_values(p_values, method));
  for (std::size_t i = 0; i < family.size(); ++i) family[i]->p_adjusted = adjusted[i];
  return {};
}

/// What all readings of this look share.
struct Strictness {
  const spec::Experiment& experiment;
  const LookReading& look;
  const LookProgress& progress;

  [[nodiscard]] double alpha() const { return experiment.analysis.alpha; }

  /// Sets p_valid and p_adjusted of a result.
  template <class ResultRow>
  Result<void> read_p(ResultRow& row) const {
    if (!row.contrast) return {};
    ASSAY_TRY(row.p_valid, valid_p_value(experiment, look, progress, *row.contrast));
    row.p_adjusted = row.p_valid;
    return {};
  }
};

Result<void> read_guardrail(MetricResult& row, const PlannedMetric& metric, double level) {
  if (!row.contrast || !metric.margin) return {};
  ASSAY_TRY(auto guardrail, stats::non_inferiority(*row.contrast, *metric.margin, metric.direction,
                                                   0.5 * (1.0 - level)));
  row.guardrail = std::move(guardrail);
  return {};
}

Result<void> read_prospects(MetricResult& row, const Plan& plan, const Strictness& strict) {
  if (!row.contrast || plan.metrics[row.metric].role != spec::MetricRole::primary ||
      strict.look.mode != ReadingMode::group_sequential)
    return {};
  ASSAY_TRY(auto monitoring, monitor_metric(strict.experiment, strict.look, strict.progress,
                                            plan.metrics[row.metric].name, plan.query.arms[row.arm],
                                            *row.contrast, plan.metrics[row.metric].direction));
  row.monitoring = std::move(monitoring);
  return {};
}

Result<void> adjust_metrics(std::vector<MetricResult>& results, const Plan& plan,
                            const spec::Experiment& experiment) {
  const auto& plans = experiment.analysis.multiplicity;
  // Several treatment arms are several chances to win: never read them uncorrected.
  const bool many_arms = plan.query.arms.size() > 2;
  const auto primary = many_arms && plans.primary == spec::Multiplicity::none
                           ? spec::Multiplicity::holm
                           : plans.primary;
  for (const auto& [role, method] : {std::pair{spec::MetricRole::primary, primary},
                                     std::pair{spec::MetricRole::secondary, plans.secondary}}) {
    double metrics = 0.0;
    for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
      if (plan.metrics[m].role != role) continue;
      metrics += 1.0;
      if (method == spec::Multiplicity::dunnett) ASSAY_CHECK(adjust_over_arms(results, m));
    }
    if (method == spec::Multiplicity::dunnett) {
      for (MetricResult& row : results)
        if (plan.metrics[row.metric].role == role)
          row.p_adjusted = std::min(1.0, metrics * row.p_adjusted);
      continue;
    }
    ASSAY_CHECK(adjust_family<MetricResult>(
        results, to_stats(method),
        [&, wanted = role](const auto& row) { return plan.metrics[row.metric].role == wanted; }));
  }
  return {};
}

Result<std::vector<MetricResult>> metric_results(const Strictness& strict, const Plan& plan,
                                                 const engine::ExperimentMoments& moments) {
  std::vector<MetricResult> results;
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    const PlannedMetric& metric = plan.metrics[m];
    for (std::size_t a = 1; a < plan.query.arms.size(); ++a) {
      MetricResult row{
          .metric = m,
          .arm = a,
          .contrast = contrast_of(metric, moments.overall[0][metric.index],
                                  moments.overall[a][metric.index], strict.look.level)};
      row.immature_control = moments.immature[0][metric.index];
      row.immature_treatment = moments.immature[a][metric.index];
      ASSAY_CHECK(strict.read_p(row));
      ASSAY_CHECK(read_guardrail(row, metric, strict.look.level));
      ASSAY_CHECK(read_prospects(row, plan, strict));
      results.push_back(std::move(row));
    }
  }
  ASSAY_CHECK(adjust_metrics(results, plan, strict.experiment));
  for (MetricResult& row : results)
    row.reading =
        read(row.contrast, plan.metrics[row.metric].direction, row.p_adjusted, strict.alpha());
  return results;
}

bool in_segments(const PlannedMetric& metric) {
  return metric.role == spec::MetricRole::primary || metric.role == spec::MetricRole::secondary;
}

Result<std::vector<SegmentResult>> segment_results(const Strictness& strict, const Plan& plan,
                                                   const engine::ExperimentMoments& moments) {
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
                                         segment.moments[v][a][index], strict.look.level)});
          ASSAY_CHECK(strict.read_p(results.back()));
        }
      }
    }
  }
  const auto exploratory = to_stats(strict.experiment.analysis.multiplicity.exploratory);
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
    row.reading =
        read(row.contrast, plan.metrics[row.metric].direction, row.p_adjusted, strict.alpha());
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
                         const engine::ExperimentMoments& moments, const LookProgress& progress) {
  Analysis out;
  ASSAY_TRY(out.look, read_look(experiment, progress));
  const Strictness strict{experiment, out.look, progress};
  ASSAY_TRY(out.metrics, metric_results(strict, plan, moments));
  ASSAY_TRY(out.segments, segment_results(strict, plan, moments));
  out.daily = daily_series(experiment, plan, moments);
  const double level = 1.0 - experiment.analysis.alpha;
  out.retention_curve = shares(plan.retention_curve, moments, level);
  out.funnel = shares(plan.funnel_steps, moments, level);
  return out;
}

}  // namespace assay::experiment
