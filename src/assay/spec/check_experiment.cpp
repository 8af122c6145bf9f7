#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "assay/base/text.hpp"
#include "assay/spec/detail/check.hpp"

namespace assay::spec::detail {
namespace {

/// The name becomes part of file names.
void check_name(const Text& name, Diagnostics& diagnostics) {
  const bool sound = std::all_of(name.value.begin(), name.value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
  if (name.value.empty() || (sound && name.value.front() != '.')) return;
  diagnostics.add(name.where, fmt::format("`{}` cannot be the name of an experiment", name.value),
                  "use letters, digits, _, - and ., and do not begin with a dot");
}

void check_events_of(Experiment& experiment, const Project& project, Diagnostics& diagnostics) {
  if (experiment.unit.value.empty()) experiment.unit.value = project.defaults.unit.value;
  Assignment& assignment = experiment.assignment;
  const Location& place = assignment.event.where;
  if (assignment.key.value.empty()) assignment.key = experiment.name;
  if (place.line > 0) {
    if (const Source* source = resolve_source(assignment.source, place, project, diagnostics)) {
      check_events({assignment.event}, *source, diagnostics);
      check_unit(experiment.unit, place, *source, diagnostics);
    }
  }
  check_expression(experiment.eligible, diagnostics);
  if (!experiment.exposure || experiment.exposure->events.empty()) return;
  Exposure& exposure = *experiment.exposure;
  check_expression(exposure.filter, diagnostics);
  if (const Source* source =
          resolve_source(exposure.source, exposure.events.front().where, project, diagnostics))
    check_events(exposure.events, *source, diagnostics);
}

void check_arms(const Experiment& experiment, Diagnostics& diagnostics) {
  if (experiment.arms.empty()) return;
  const Location& where = experiment.arms.front().name.where;
  if (experiment.arms.size() < 2)
    diagnostics.add(where, "an experiment with one arm compares nothing",
                    "write two or more: {control: 0.5, treatment: 0.5}");
  double total = 0;
  for (const Arm& arm : experiment.arms) {
    if (!(arm.weight > 0)) return;  // It could not be read, and that is reported.
    total += arm.weight;
  }
  if (std::abs(total - 1) > 1e-6 && experiment.arms.size() > 1)
    diagnostics.add(where, fmt::format("the arms' weights sum to {:.6g}, not to 1", total),
                    "planned shares of all units must sum to 1");
}

void check_period(Experiment& experiment, const Project& project, Diagnostics& diagnostics) {
  Period& period = experiment.period;
  if (period.timezone.value.empty()) period.timezone.value = project.defaults.timezone.value;
  if (period.where.line == 0 || diagnostics.is_broken(period.where)) return;
  if (period.last < period.first) {
    diagnostics.add(period.where,
                    fmt::format("the period ends before it starts: {} is before {}",
                                day_text(period.last), day_text(period.first)),
                    "swap `start` and `end`");
    return;
  }
  period.n_days = period.last - period.first + 1;
  if (period.n_days > 3650) {
    diagnostics.add(period.where, fmt::format("the period has {} days", period.n_days),
                    "check the years of `start` and `end`");
    return;
  }
  if (const auto zone = TimeZone::find(period.timezone.value))
    period.range = {zone->day_start(period.first), zone->day_start(period.last + 1)};
  if (period.n_days % 7 != 0)
    diagnostics.note(period.where,
                     fmt::format("the period has {} days, which are not whole weeks: some weekdays "
                                 "count more often than others",
                                 period.n_days));
}

/// Complains when a metric has two roles in the experiment, or another role in the catalogue.
void check_role(const Text& name, MetricRole role, const Project& project,
                std::map<std::string, MetricRole>& roles, Diagnostics& diagnostics) {
  check_reference(name, "metric", names_of(project.metrics), diagnostics);
  const auto [known, is_new] = roles.emplace(name.value, role);
  if (!is_new)
    diagnostics.add(name.where,
                    fmt::format("metric `{}` is {} and {} at once", name.value,
                                to_text(known->second), to_text(role)),
                    "give every metric one role");
  const Metric* metric = find_metric(project, name.value);
  if (metric != nullptr && metric->role != MetricRole::none && metric->role != role)
    diagnostics.note(name.where, fmt::format("`{}` is {} in the catalogue and {} here", name.value,
                                             to_text(metric->role), to_text(role)));
}

void check_guardrail(Guardrail& guardrail, const Project& project, Diagnostics& diagnostics) {
  if (guardrail.margin > 0 || diagnostics.is_broken(guardrail.where)) return;
  const Metric* metric = find_metric(project, guardrail.metric.value);
  if (metric == nullptr) return;
  if (metric->non_inferiority) {
    guardrail.margin = metric->non_inferiority->margin;
    guardrail.scale = metric->non_inferiority->scale;
    return;
  }
  diagnostics.add(
      guardrail.metric.where,
      fmt::format("guardrail `{}` has no margin, here or in the catalogue", guardrail.metric.value),
      fmt::format("write {{metric: {}, margin: 0.01, scale: relative}}", guardrail.metric.value));
}

void check_metrics_of(Experiment& experiment, const Project& project, Diagnostics& diagnostics) {
  std::map<std::string, MetricRole> roles;
  const auto check = [&](const std::vector<Text>& names, MetricRole role) {
    for (const Text& name : names) check_role(name, role, project, roles, diagnostics);
  };
  ExperimentMetrics& metrics = experiment.metrics;
  check(metrics.primary, MetricRole::primary);
  check(metrics.secondary, MetricRole::secondary);
  for (Guardrail& guardrail : metrics.guardrails) {
    if (guardrail.metric.value.empty()) continue;
    check_role(guardrail.metric, MetricRole::guardrail, project, roles, diagnostics);
    check_guardrail(guardrail, project, diagnostics);
  }
  check(metrics.diagnostics, MetricRole::diagnostic);
  const auto defined = names_of(project.metrics);
  if (experiment.design && experiment.design->minimum_effect)
    check_reference(experiment.design->minimum_effect->metric, "metric", defined, diagnostics);
  if (experiment.value) check_reference(experiment.value->metric, "metric", defined, diagnostics);
  if (!experiment.rollout) return;
  for (const KillSwitch& kill : experiment.rollout->kill)
    check_reference(kill.metric, "metric", defined, diagnostics);
}

void check_increasing(const std::vector<double>& values, const Location& where,
                      std::string_view key, std::string_view example, Diagnostics& diagnostics) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i - 1] < values[i]) continue;
    diagnostics.add(where, fmt::format("`{}` do not increase", key),
                    fmt::format("write {}", example));
    return;
  }
}

/// A covariate is a dimension, a property, a metric, or pre_<metric>.
void check_covariate(const Text& name, const Project& project, Diagnostics& diagnostics) {
  const std::string plain = name.value.starts_with("pre_") ? name.value.substr(4) : name.value;
  if (find_metric(project, name.value) != nullptr || find_metric(project, plain) != nullptr) return;
  check_split(name, project, false, diagnostics);
}

void check_splits(const Experiment& experiment, const Project& project, Diagnostics& diagnostics) {
  for (const auto* names : {&experiment.segments.pre_registered, &experiment.segments.exploratory})
    for (const Text& name : *names) check_split(name, project, true, diagnostics);
  for (const Text& name : experiment.segments.exploratory)
    for (const Text& other : experiment.segments.pre_registered)
      if (name.value == other.value)
        diagnostics.add(name.where,
                        fmt::format("segment `{}` is pre-registered and exploratory", name.value),
                        "keep it in one of the lists");
  if (experiment.checks.sample_ratio)
    for (const Text& name : experiment.checks.sample_ratio->by)
      check_split(name, project, true, diagnostics);
  if (experiment.checks.balance)
    for (const Text& name : experiment.checks.balance->covariates)
      check_covariate(name, project, diagnostics);
  for (const Text& name : experiment.analysis.adjustment.covariates)
    check_covariate(name, project, diagnostics);
}

bool says_nothing(const When& when) {
  return !when.any_check_failed && !when.any_guardrail && !when.all_guardrails &&
         !when.all_primary && !when.any_primary && when.segments_not_harmed.empty() &&
         !when.period_left;
}

void check_rules(const Experiment& experiment, Diagnostics& diagnostics) {
  std::vector<std::string> segments;
  for (const Text& name : experiment.segments.pre_registered) segments.push_back(name.value);
  for (std::size_t i = 0; i < experiment.decision.size(); ++i) {
    const Rule& rule = experiment.decision[i];
    const bool is_last = i + 1 == experiment.decision.size();
    if (diagnostics.is_broken(rule.where)) continue;
    if (!rule.when && !is_last)
      diagnostics.add(rule.where, "a rule without `when` always holds; those after it never decide",
                      "move it to the end, or add `when`");
    if (is_last && rule.when)
      diagnostics.note(rule.where,
                       "the last rule has a `when`: if no rule holds, there is no verdict");
    if (!rule.when) continue;
    if (says_nothing(*rule.when))
      diagnostics.add(rule.when->where, "`when` holds no clause", "add one, or leave `when` out");
    for (const Text& name : rule.when->segments_not_harmed)
      check_reference(name, "pre-registered segment", segments, diagnostics);
    if (experiment.metrics.guardrails.empty() &&
        (rule.when->any_guardrail || rule.when->all_guardrails))
      diagnostics.note(rule.when->where, "the rule speaks of guardrails, and there are none");
  }
}

/// The plan of looks: ascending fractions up to 1, and what its spending function needs.
void check_looks(const Looks& looks, const Location& top, Diagnostics& diagnostics) {
  const std::vector<double>& information = looks.information;
  check_increasing(information, top, "information", "[0.25, 0.5, 0.75, 1.0]", diagnostics);
  if (!information.empty() && std::abs(information.back() - 1) > 1e-9)
    diagnostics.add(top, "the last look of `information` is not at 1",
                    "write [0.25, 0.5, 0.75, 1.0]");
  const bool has_parameter =
      looks.spending == Spending::kim_demets || looks.spending == Spending::hwang_shih_decani;
  const std::string word(to_text(looks.spending));
  if (has_parameter != looks.spending_parameter.has_value())
    diagnostics.add(top,
                    has_parameter
                        ? fmt::format("spending `{}` needs its `spending_parameter`", word)
                        : fmt::format("spending `{}` has no `spending_parameter`", word),
                    has_parameter ? "write for example 3 (kim_demets) or -4 (hwang_shih_decani)"
                                  : "leave it out");
  if (looks.spending == Spending::kim_demets && looks.spending_parameter &&
      !(*looks.spending_parameter > 0))
    diagnostics.add(top, "the power of kim_demets spending is not above 0", "write for example 3");
  if (looks.spending != Spending::user) {
    if (!looks.spending_table.empty())
      diagnostics.add(top, fmt::format("spending `{}` has no `spending_table`", word),
                      "leave it out, or write `spending: user`");
    return;
  }
  if (looks.spending_table.size() != information.size())
    diagnostics.add(top,
                    fmt::format("`spending_table` has {} entries for {} looks",
                                looks.spending_table.size(), information.size()),
                    "write the share of alpha spent up to each look, the last 1");
  check_increasing(looks.spending_table, top, "spending_table", "[0.1, 0.3, 0.6, 1.0]",
                   diagnostics);
  if (!looks.spending_table.empty() && std::abs(looks.spending_table.back() - 1) > 1e-9)
    diagnostics.add(top, "the last entry of `spending_table` is not 1",
                    "all of alpha is spent at the last look");
}

}  // namespace

void check_experiment(Experiment& experiment, const Project& project, Diagnostics& diagnostics) {
  check_name(experiment.name, diagnostics);
  check_events_of(experiment, project, diagnostics);
  check_arms(experiment, diagnostics);
  check_randomisation(experiment, project, diagnostics);
  check_period(experiment, project, diagnostics);
  check_metrics_of(experiment, project, diagnostics);
  check_splits(experiment, project, diagnostics);
  check_rules(experiment, diagnostics);
  const Location& top = experiment.name.where;
  check_looks(experiment.analysis.looks, top, diagnostics);
  if (experiment.rollout)
    check_increasing(experiment.rollout->steps, top, "rollout steps", "[0.1, 0.5, 1.0]",
                     diagnostics);
  if (!experiment.value || experiment.value->currency.empty()) return;
  const std::string& currency = experiment.value->currency;
  const bool sound =
      currency.size() == 3 &&
      std::all_of(currency.begin(), currency.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!sound)
    diagnostics.add(experiment.value->metric.where,
                    fmt::format("`{}` is no currency code", currency),
                    "write three capital letters, for example USD");
}

}  // namespace assay::spec::detail
