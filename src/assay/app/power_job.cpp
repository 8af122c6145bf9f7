#include "assay/app/power_job.hpp"

#include <cmath>

#include "assay/design/looks.hpp"
#include "assay/experiment/looks.hpp"

namespace assay::app {
namespace {

using design::Design;

constexpr int kWeek = 7;

}  // namespace

Result<double> inflation_of(const spec::Analysis& analysis, double power) {
  if (analysis.looks.method != spec::LooksMethod::group_sequential) return 1.0;
  return design::inflation_of({.information = analysis.looks.information,
                               .spending = experiment::spending_of(analysis.looks, analysis.alpha),
                               .alpha = analysis.alpha,
                               .power = power});
}

std::optional<double> stated_effect(const PowerJob& job, const PowerOptions& options) {
  if (options.effect) return options.effect;
  if (!job.spec.design || !job.spec.design->minimum_effect) return std::nullopt;
  const spec::MinimumEffect& stated = *job.spec.design->minimum_effect;
  if (stated.scale == spec::Scale::relative) return stated.size;
  for (std::size_t m = 0; m < job.plan.metrics.size(); ++m) {
    if (job.plan.metrics[m].name != stated.metric.value) continue;
    const auto& outcome = job.history.windows.back().metrics[m];
    if (outcome && outcome->outcome.baseline != 0.0)
      return stated.size / std::abs(outcome->outcome.baseline);
  }
  return std::nullopt;
}

Design design_of(const PowerJob& job, std::size_t m, const design::HistoryOutcome& outcome) {
  const experiment::PlannedMetric& metric = job.plan.metrics[m];
  Design out{.outcome = outcome.outcome, .alpha = job.spec.analysis.alpha, .power = job.power};
  const double control = job.plan.weights.front();
  double others = 0.0;
  for (std::size_t a = 1; a < job.plan.weights.size(); ++a) others += job.plan.weights[a];
  const auto treatments = static_cast<int>(job.plan.weights.size()) - 1;
  out.comparisons = {treatments, control / (others / treatments), design::Correction::bonferroni};
  out.direction = metric.direction;
  const bool primary = metric.role == spec::MetricRole::primary;
  if (primary || metric.margin) out.power = job.test_power;
  if (metric.margin) {
    out.margin = metric.margin;
    out.alpha /= 2.0;
    out.comparisons.correction = design::Correction::none;
  }
  if (!metric.margin) out.inflation = job.inflation;
  if (primary && job.spec.analysis.multiplicity.primary != spec::Multiplicity::none)
    out.alpha /= static_cast<double>(job.spec.metrics.primary.size());
  return out;
}

std::optional<Reach> reach_of(const PowerJob& job, std::size_t m, int weeks) {
  const auto& windows = job.history.windows;
  for (const HistoryWindow& window : windows) {
    if (window.weeks != weeks) continue;
    if (!window.metrics[m]) return std::nullopt;
    return Reach{job.traffic * static_cast<double>(window.metrics[m]->n), &*window.metrics[m]};
  }
  if (weeks < windows.back().weeks || !windows.back().metrics[m]) return std::nullopt;
  const auto& last = *windows.back().metrics[m];
  const double known =
      design::units_after(job.history.arrivals, kWeek * windows.back().weeks).value_or(0.0);
  const double then = design::units_after(job.history.arrivals, kWeek * weeks).value_or(0.0);
  if (!(known > 0.0)) return std::nullopt;
  return Reach{job.traffic * (static_cast<double>(last.n) + then - known), &last, true};
}

double change_of(const PowerJob& job, std::size_t m, const Design& design) {
  if (design.margin || !job.effect) return 0.0;
  const double sign = job.plan.metrics[m].direction == stats::Direction::increase ? 1.0 : -1.0;
  return sign * std::abs(*job.effect) * std::abs(design.outcome.baseline);
}

}  // namespace assay::app
