#include "assay/experiment/plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/metrics/compile.hpp"

namespace assay::experiment {
namespace {

constexpr int kCurveDays = 14;

Result<void> refuse_unread(const spec::Experiment& experiment) {
  const auto refuse = [&](const spec::Location& where, std::string_view what,
                          std::string_view fix) {
    return tl::unexpected(spec::spec_error(
        where, fmt::format("{} are not analysed by this version", what), std::string(fix)));
  };
  if (!experiment.analysis.clusters.value.empty())
    return refuse(experiment.analysis.clusters.where, "clusters", "write `clusters: none`");
  if (experiment.analysis.adjustment.method == spec::AdjustmentMethod::cuped_pooled) {
    return refuse(experiment.name.where, "pooled CUPED slopes", "write `method: lin`");
  }
  if (experiment.analysis.multiplicity.exploratory == spec::Multiplicity::dunnett)
    return refuse(experiment.name.where, "Dunnett's corrections over segments", "write `holm`");
  if (experiment.analysis.maturity != spec::Maturity::complete_only)
    return refuse(experiment.name.where, "incomplete windows", "write `maturity: complete_only`");
  return {};
}

Result<engine::EventSelector> assignment_selector(const spec::Experiment& experiment) {
  engine::EventSelector selector;
  selector.names = {experiment.assignment.event.value};
  if (!experiment.assignment.key_column.value.empty()) {
    frame::Predicate is_ours;
    is_ours.column = experiment.assignment.key_column.value;
    is_ours.literals = {experiment.assignment.key.value};
    selector.where = std::move(is_ours);
  }
  return selector;
}

stats::MetricKind kind_of(const engine::ExperimentMetric& metric) {
  switch (metric.kind) {
    case engine::MetricKind::ratio:
      return stats::MetricKind::ratio;
    case engine::MetricKind::retention:
    case engine::MetricKind::funnel:
      return stats::MetricKind::proportion;
    case engine::MetricKind::mean:
      return metric.numerator.aggregation == engine::Aggregation::any &&
                     metric.numerator.scale == 1.0
                 ? stats::MetricKind::proportion
                 : stats::MetricKind::mean;
  }
  return stats::MetricKind::mean;
}

/// Adds metrics to a plan, each once.
class MetricPlanner {
 public:
  MetricPlanner(const spec::Project& project, const spec::Experiment& experiment, Plan& plan)
      : project_(project), experiment_(experiment), plan_(plan) {}

  Result<void> add(const spec::Text& name, spec::MetricRole role,
                   std::optional<stats::Margin> margin = std::nullopt) {
    const spec::Metric* metric = spec::find_metric(project_, name.value);
    if (metric == nullptr)
      return tl::unexpected(spec::spec_error(name.where, "there is no such metric"));
    const bool lin = experiment_.analysis.adjustment.method == spec::AdjustmentMethod::lin;
    engine::ExperimentMetric compiled;
    ASSAY_TRY(compiled,
              metrics::compile_metric(project_, *metric,
                                      lin ? experiment_.analysis.adjustment.covariate_days : 0));
    if (!lin) compiled.covariate_us = 0;
    PlannedMetric planned;
    const metrics::Words words = metrics::words_of(project_, *metric);
    plan_.words.insert(plan_.words.end(), words.begin(), words.end());
    planned.name = metric->name.value;
    planned.description = metric->description;
    planned.role = role;
    planned.kind = kind_of(compiled);
    planned.direction = metric->direction == spec::Direction::increase ? stats::Direction::increase
                                                                       : stats::Direction::decrease;
    planned.margin = margin;
    planned.index = plan_.query.metrics.size();
    planned.has_covariates = compiled.covariate_us > 0;
    plan_.metrics.push_back(std::move(planned));
    plan_.query.metrics.push_back(std::move(compiled));
    return {};
  }

 private:
  const spec::Project& project_;
  const spec::Experiment& experiment_;
  Plan& plan_;
};

Result<void> add_metrics(const spec::Project& project, const spec::Experiment& experiment,
                         Plan& plan) {
  MetricPlanner planner(project, experiment, plan);
  for (const spec::Text& name : experiment.metrics.primary)
    ASSAY_CHECK(planner.add(name, spec::MetricRole::primary));
  for (const spec::Text& name : experiment.metrics.secondary)
    ASSAY_CHECK(planner.add(name, spec::MetricRole::secondary));
  for (const spec::Guardrail& guardrail : experiment.metrics.guardrails) {
    const stats::Margin margin{guardrail.margin, guardrail.scale == spec::Scale::absolute
                                                     ? stats::MarginScale::absolute
                                                     : stats::MarginScale::relative};
    ASSAY_CHECK(planner.add(guardrail.metric, spec::MetricRole::guardrail, margin));
  }
  for (const spec::Text& name : experiment.metrics.diagnostics)
    ASSAY_CHECK(planner.add(name, spec::MetricRole::diagnostic));
  return {};
}

void add_retention_curve(const spec::Experiment& experiment, Plan& plan) {
  const auto& planned = plan.query.metrics;
  const auto first = std::find_if(planned.begin(), planned.end(), [](const auto& metric) {
    return metric.kind == engine::MetricKind::retention;
  });
  if (first == planned.end()) return;
  const engine::ExperimentMetric model = *first;
  for (int k = 1; k <= std::min(kCurveDays, experiment.period.n_days - 1); ++k) {
    engine::ExperimentMetric point = model;
    point.name = fmt::format("retained on day {}", k);
    point.retention_day = k;
    plan.retention_curve.push_back({k, point.name, plan.query.metrics.size()});
    plan.query.metrics.push_back(std::move(point));
  }
}

const spec::Funnel* funnel_to_draw(const spec::Project& project,
                                   const spec::Experiment& experiment) {
  const auto drawn = [&](const std::vector<spec::Text>& names) -> const spec::Funnel* {
    for (const spec::Text& name : names) {
      const spec::Metric* metric = spec::find_metric(project, name.value);
      if (metric != nullptr && metric->type.value == spec::MetricType::funnel)
        return spec::find_funnel(project, metric->funnel.value);
    }
    return nullptr;
  };
  for (const auto* names : {&experiment.metrics.primary, &experiment.metrics.secondary,
                            &experiment.metrics.diagnostics}) {
    if (const spec::Funnel* funnel = drawn(*names)) return funnel;
  }
  for (const spec::Funnel& funnel : project.funnels) {
    if (metrics::compile_funnel(funnel)) return &funnel;
  }
  return nullptr;
}

Result<void> add_funnel(const spec::Project& project, const spec::Experiment& experiment,
                        Plan& plan) {
  const spec::Funnel* funnel = funnel_to_draw(project, experiment);
  if (funnel == nullptr) return {};
  engine::FunnelQuery query;
  ASSAY_TRY(query, metrics::compile_funnel(*funnel));
  plan.funnel = funnel->name.value;
  const metrics::Words words = metrics::words_of(*funnel);
  plan.words.insert(plan.words.end(), words.begin(), words.end());
  for (std::size_t k = 1; k <= query.steps.size(); ++k) {
    engine::ExperimentMetric step;
    step.name = fmt::format("{} step {}", plan.funnel, k);
    step.kind = engine::MetricKind::funnel;
    step.steps.assign(query.steps.begin(), query.steps.begin() + static_cast<std::ptrdiff_t>(k));
    step.funnel_window_us = query.window_us;
    plan.funnel_steps.push_back(
        {static_cast<int>(k), funnel->steps[k - 1].name.value, plan.query.metrics.size()});
    plan.query.metrics.push_back(std::move(step));
  }
  return {};
}

/// Segments asked for, and the dimensions that checks need, each once.
Result<void> add_segments(const spec::Project& project, const spec::Experiment& experiment,
                          Plan& plan) {
  const auto add = [&](const spec::Text& name) -> Result<PlannedSegment*> {
    for (PlannedSegment& known : plan.segments) {
      if (known.name == name.value) return &known;
    }
    engine::SegmentBy segment;
    ASSAY_TRY(segment, metrics::compile_segment(project, name));
    plan.query.segments.push_back(std::move(segment));
    plan.segments.push_back({name.value});
    return &plan.segments.back();
  };
  for (const spec::Text& name : experiment.segments.pre_registered) {
    PlannedSegment* segment = nullptr;
    ASSAY_TRY(segment, add(name));
    segment->pre_registered = true;
  }
  for (const spec::Text& name : experiment.segments.exploratory) {
    PlannedSegment* segment = nullptr;
    ASSAY_TRY(segment, add(name));
    segment->exploratory = true;
  }
  if (experiment.checks.sample_ratio) {
    for (const spec::Text& name : experiment.checks.sample_ratio->by) ASSAY_CHECK(add(name));
  }
  if (experiment.checks.balance) {
    for (const spec::Text& name : experiment.checks.balance->covariates) {
      if (!name.value.starts_with("pre_")) ASSAY_CHECK(add(name));
    }
  }
  return {};
}

}  // namespace

Result<Plan> plan_experiment(const spec::Project& project, const spec::Experiment& experiment,
                             TimeUs complete_until) {
  ASSAY_CHECK(refuse_unread(experiment));
  Plan plan;
  plan.words = metrics::words_of(project, experiment);
  engine::ExperimentQuery& query = plan.query;
  ASSAY_TRY(query.assignment, assignment_selector(experiment));
  query.variant_property = experiment.assignment.variant.value;
  for (const spec::Arm& arm : experiment.arms) {
    query.arms.push_back(arm.name.value);
    plan.weights.push_back(arm.weight);
  }
  if (experiment.exposure) {
    engine::EventSelector exposure;
    ASSAY_TRY(exposure,
              metrics::compile_selector(experiment.exposure->events, experiment.exposure->filter));
    query.exposure = std::move(exposure);
    query.anchor = engine::Anchor::exposure;
  }
  if (!experiment.eligible.value.empty()) {
    frame::Predicate eligible;
    ASSAY_TRY(eligible, metrics::compile_filter(experiment.eligible));
    query.eligible = std::move(eligible);
  }
  query.period = experiment.period.range;
  query.complete_until = complete_until;
  ASSAY_TRY(query.timezone, TimeZone::find(experiment.period.timezone.value));
  query.daily = true;
  ASSAY_CHECK(add_metrics(project, experiment, plan));
  add_retention_curve(experiment, plan);
  ASSAY_CHECK(add_funnel(project, experiment, plan));
  ASSAY_CHECK(add_segments(project, experiment, plan));
  return plan;
}

}  // namespace assay::experiment
