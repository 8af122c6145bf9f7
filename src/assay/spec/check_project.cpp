#include <fmt/core.h>

#include <algorithm>

#include "assay/base/text.hpp"
#include "assay/spec/detail/check.hpp"

namespace assay::spec::detail {
namespace {

void check_dimensions(const Project& project, Diagnostics& diagnostics) {
  check_unique(project.dimensions, "dimensions", diagnostics);
  for (const Dimension& dimension : project.dimensions) {
    check_expression(dimension.expr, diagnostics);
    for (std::size_t i = 1; i < dimension.buckets.size(); ++i) {
      if (dimension.buckets[i - 1] < dimension.buckets[i]) continue;
      diagnostics.add(dimension.where, "`buckets` do not increase", "sort them: [0, 1, 7, 28]");
      break;
    }
  }
}

void check_cohorts(Project& project, Diagnostics& diagnostics) {
  check_unique(project.cohorts, "cohorts", diagnostics);
  for (Cohort& cohort : project.cohorts) {
    if (diagnostics.is_broken(cohort.where)) continue;
    const Source* source = resolve_source(cohort.source, cohort.where, project, diagnostics);
    check_expression(cohort.entry.filter, diagnostics);
    if (cohort.entry.kind != AnchorKind::event)
      diagnostics.add(cohort.entry.where, "a cohort is entered by an event",
                      "write {event: name, which: first_ever}");
    if (source != nullptr) check_events(cohort.entry.events, *source, diagnostics);
  }
}

std::size_t step_index(const Funnel& funnel, const std::string& name) {
  const auto found = std::find_if(funnel.steps.begin(), funnel.steps.end(),
                                  [&](const FunnelStep& step) { return step.name.value == name; });
  return static_cast<std::size_t>(found - funnel.steps.begin());
}

void check_excludes(const Funnel& funnel, Diagnostics& diagnostics) {
  const auto steps = names_of(funnel.steps);
  for (const FunnelExclude& exclude : funnel.exclude) {
    check_expression(exclude.filter, diagnostics);
    check_reference(exclude.after_step, "step", steps, diagnostics);
    check_reference(exclude.before_step, "step", steps, diagnostics);
    if (exclude.after_step.value.empty()) continue;
    const std::size_t after = step_index(funnel, exclude.after_step.value);
    const std::size_t before = step_index(funnel, exclude.before_step.value);
    if (after < steps.size() && before < steps.size() && after >= before)
      diagnostics.add(
          exclude.after_step.where, "`between` names its steps in the wrong order",
          fmt::format("write [{}, {}]", exclude.before_step.value, exclude.after_step.value));
  }
}

void check_funnel(Funnel& funnel, const Project& project, Diagnostics& diagnostics) {
  const Source* source = resolve_source(funnel.source, funnel.where, project, diagnostics);
  check_unique(funnel.steps, "steps", diagnostics);
  if (funnel.steps.size() < 2)
    diagnostics.add(funnel.where, fmt::format("funnel `{}` has one step", funnel.name.value),
                    "a funnel needs two or more steps");
  const bool ends_optional = funnel.steps.front().optional || funnel.steps.back().optional;
  if (ends_optional)
    diagnostics.add(
        (funnel.steps.front().optional ? funnel.steps.front() : funnel.steps.back()).name.where,
        "the first and the last step cannot be optional", "remove `optional: true`");
  for (const FunnelStep& step : funnel.steps) {
    check_expression(step.filter, diagnostics);
    if (source != nullptr) check_events(step.events, *source, diagnostics);
  }
  check_excludes(funnel, diagnostics);
  for (const FunnelExclude& exclude : funnel.exclude)
    if (source != nullptr) check_events(exclude.events, *source, diagnostics);
  if (source == nullptr || diagnostics.is_broken(source->where)) return;
  if (funnel.count == FunnelCount::session && find_entity(*source, "session") == nullptr)
    diagnostics.add(funnel.where, "`count: session` needs an entity `session` in the source",
                    "add {name: session, type: foreign, expr: ...}",
                    list_text(names_of(source->entities)));
  if (funnel.ties == Ties::sequence && source->sequence.value.empty())
    diagnostics.add(funnel.where, "`ties: sequence` needs a `sequence` in the source",
                    "add `sequence: column`, or write `ties: step_order`");
}

void check_tree(Tree& tree, const Project& project, const std::vector<std::string>& defined,
                Diagnostics& diagnostics) {
  const std::string& identity = tree.identity.value;
  const std::size_t equals = identity.find('=');
  const auto left = names_in(identity.substr(0, equals));
  if (equals == std::string::npos || left.size() != 1 || left[0].first != tree.root.value ||
      identity.find('=', equals + 1) != std::string::npos) {
    diagnostics.add(tree.identity.where, "an identity is `root = factors`",
                    fmt::format("write \"{} = a * b\"", tree.root.value));
    return;
  }
  check_expression(tree.identity, diagnostics);
  for (const auto& [name, offset] : names_in(identity.substr(equals + 1)))
    tree.factors.push_back(name);
  if (tree.factors.empty())
    diagnostics.add(tree.identity.where, "this identity names no metric on its right side",
                    fmt::format("write \"{} = a * b\"", tree.root.value));
  std::vector<std::string> all = tree.factors;
  all.insert(all.begin(), tree.root.value);
  for (const std::string& name : all) {
    if (std::find(defined.begin(), defined.end(), name) != defined.end()) continue;
    const std::string near = did_you_mean(name, defined);
    diagnostics.note(tree.identity.where,
                     fmt::format("the tree names `{}`, which is no metric of the project{}", name,
                                 near.empty() ? "" : "; " + near));
  }
  if (!tree.mix_rate) return;
  check_reference(tree.mix_rate->metric, "metric", defined, diagnostics);
  for (const Text& name : tree.mix_rate->by) check_split(name, project, false, diagnostics);
}

void check_monitors(const Project& project, const std::vector<std::string>& defined,
                    Diagnostics& diagnostics) {
  constexpr std::size_t kMostDimensions = 8;
  for (const Monitor& monitor : project.monitors) {
    if (diagnostics.is_broken(monitor.where)) continue;
    check_reference(monitor.metric, "metric", defined, diagnostics);
    for (const Text& name : monitor.by) check_split(name, project, false, diagnostics);
    if (!monitor.root_cause) continue;
    for (const Text& name : monitor.root_cause->dims)
      check_split(name, project, false, diagnostics);
    if (monitor.root_cause->dims.size() > kMostDimensions)
      diagnostics.add(monitor.root_cause->dims[kMostDimensions].where,
                      "a search for root causes takes at most 8 dimensions",
                      "keep those that people act on");
  }
}

}  // namespace

void check_funnels(Project& project, Diagnostics& diagnostics) {
  check_unique(project.funnels, "funnels", diagnostics);
  for (Funnel& funnel : project.funnels)
    if (!diagnostics.is_broken(funnel.where) && !funnel.steps.empty())
      check_funnel(funnel, project, diagnostics);
}

void check_trees(Project& project, Diagnostics& diagnostics) {
  const auto defined = names_of(project.metrics);
  for (Tree& tree : project.trees)
    if (!diagnostics.is_broken(tree.where)) check_tree(tree, project, defined, diagnostics);
  check_monitors(project, defined, diagnostics);
}

void check_project(Project& project, Diagnostics& diagnostics) {
  if (project.defaults.timezone.value.empty()) project.defaults.timezone.value = "UTC";
  if (project.defaults.unit.value.empty()) project.defaults.unit.value = "user";
  if (project.engine.value.empty()) project.engine.value = "embedded";
  check_sources(project, diagnostics);
  check_dimensions(project, diagnostics);
  check_cohorts(project, diagnostics);
  check_funnels(project, diagnostics);
  check_metrics(project, diagnostics);
  check_trees(project, diagnostics);
  check_layers(project, diagnostics);
}

}  // namespace assay::spec::detail
