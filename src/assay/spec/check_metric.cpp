#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "assay/base/text.hpp"
#include "assay/spec/detail/check.hpp"

namespace assay::spec::detail {
namespace {

void check_measure(Measure& measure, const Metric& metric, const Project& project,
                   Diagnostics& diagnostics) {
  const Source* source = resolve_source(measure.source, measure.where, project, diagnostics);
  check_expression(measure.filter, diagnostics);
  check_expression(measure.column, diagnostics);
  if (source == nullptr) return;
  check_events(measure.events, *source, diagnostics);
  check_unit(metric.unit, measure.where, *source, diagnostics);
}

void check_anchor(Anchor& anchor, const Measure& measure, const Project& project,
                  Diagnostics& diagnostics) {
  if (anchor.kind == AnchorKind::cohort)
    check_reference(anchor.cohort, "cohort", names_of(project.cohorts), diagnostics);
  check_expression(anchor.filter, diagnostics);
  if (const Source* source = find_source(project, measure.source.value))
    check_events(anchor.events, *source, diagnostics);
}

void check_retention(Metric& metric, const Project& project, Diagnostics& diagnostics) {
  Retention& retention = *metric.retention;
  check_measure(retention.returning, metric, project, diagnostics);
  check_anchor(retention.start, retention.returning, project, diagnostics);
  const bool wants = retention.criterion == Criterion::bracket;
  if (wants && retention.brackets.empty())
    diagnostics.add(metric.where, "`criterion: bracket` has no `brackets`",
                    "add lengths from interval 1 on: `brackets: [1, 3, 5]` is 1, 2-4, 5-9");
  if (!wants && !retention.brackets.empty())
    diagnostics.add(
        metric.where,
        fmt::format("`brackets` does not go with `criterion: {}`", to_text(retention.criterion)),
        "remove `brackets`, or write `criterion: bracket`");
  const auto n = static_cast<int>(retention.brackets.size());
  for (const int at : retention.at)
    if (wants && n > 0 && at > n)
      diagnostics.add(metric.where, fmt::format("`at` names bracket {}, there are {}", at, n),
                      "`at` counts brackets here, from 1 on");
  if (retention.clock_floor != ClockFloor::none && retention.clock != Clock::rolling)
    diagnostics.add(metric.where, "`clock_floor` does not go with `clock: calendar`",
                    "remove it, or write `clock: rolling`");
}

/// The names of all metrics, in order and for fast look-ups.
struct Defined {
  std::vector<std::string> names;
  std::set<std::string> set;
};

void check_derived(Metric& metric, const Defined& defined, Diagnostics& diagnostics) {
  check_expression(metric.expr, diagnostics);
  const auto used = names_in(metric.expr.value);
  const bool listed = !metric.metrics.empty();
  const std::size_t errors_before = diagnostics.n_errors();
  const auto is_listed = [&](const std::string& name) {
    return std::any_of(metric.metrics.begin(), metric.metrics.end(),
                       [&](const Text& text) { return text.value == name; });
  };
  for (const auto& [name, offset] : used) {
    const Text place{name, part_of(metric.expr, offset, name.size())};
    const bool exists = defined.set.contains(name);
    if (!exists && (!listed || !is_listed(name)))
      check_reference(place, "metric", defined.names, diagnostics);
    if (listed && exists && !is_listed(name))
      diagnostics.add(place.where, fmt::format("`metrics` does not list `{}`", name),
                      fmt::format("add `{}` to `metrics`", name));
    if (!is_listed(name) && !listed) metric.metrics.push_back(place);
  }
  for (const Text& name : metric.metrics) {
    if (listed && !defined.set.contains(name.value))
      check_reference(name, "metric", defined.names, diagnostics);
    const bool in_use =
        std::any_of(used.begin(), used.end(), [&](const auto& u) { return u.first == name.value; });
    if (!in_use && diagnostics.n_errors() == errors_before)
      diagnostics.add(name.where, fmt::format("`expr` does not use `{}`", name.value),
                      "remove it from `metrics`");
  }
}

/// Follows derived metrics; reports the first that depends on itself.
void check_cycles(const Project& project, Diagnostics& diagnostics) {
  std::map<std::string, const Metric*> metrics;
  for (const Metric& metric : project.metrics) metrics.emplace(metric.name.value, &metric);
  std::map<std::string, int> left;  // Metrics that a derived one still waits for.
  std::map<std::string, std::vector<std::string>> users;
  std::vector<std::string> ready;
  for (const auto& [name, metric] : metrics) {
    left[name] = static_cast<int>(metric->metrics.size());
    for (const Text& part : metric->metrics) {
      users[part.value].push_back(name);
      if (!metrics.contains(part.value)) --left[name];  // Reported elsewhere.
    }
    if (left[name] == 0) ready.push_back(name);
  }
  std::size_t n_done = 0;
  while (!ready.empty()) {
    const std::string name = ready.back();
    ready.pop_back();
    ++n_done;
    for (const std::string& user : users[name])
      if (--left[user] == 0) ready.push_back(user);
  }
  if (n_done == metrics.size()) return;
  for (const Metric& metric : project.metrics) {
    if (left[metric.name.value] == 0) continue;
    diagnostics.add(metric.name.where,
                    fmt::format("metric `{}` depends on itself", metric.name.value),
                    "break the circle: derive it from metrics that count events");
    return;
  }
}

void check_numbers(const Metric& metric, Diagnostics& diagnostics) {
  for (std::size_t i = 1; i < metric.horizons_us.size(); ++i) {
    if (metric.horizons_us[i - 1] < metric.horizons_us[i]) continue;
    diagnostics.add(metric.where, "`horizons` do not increase", "sort them: [7d, 14d, 28d]");
    break;
  }
  const MetricType type = metric.type.value;
  if ((type == MetricType::quantile || type == MetricType::sum) && metric.numerator &&
      metric.numerator->column.value.empty())
    diagnostics.add(metric.numerator->where, fmt::format("a {} needs a `column`", to_text(type)),
                    "add `column`");
  if (metric.role == MetricRole::guardrail && !metric.non_inferiority)
    diagnostics.note(metric.name.where,
                     fmt::format("guardrail `{}` has no margin; every experiment must give one",
                                 metric.name.value));
}

void check_metric(Metric& metric, const Project& project, const Defined& defined,
                  Diagnostics& diagnostics) {
  if (metric.unit.value.empty()) metric.unit.value = project.defaults.unit.value;
  if (metric.timezone.value.empty()) metric.timezone.value = project.defaults.timezone.value;
  if (diagnostics.is_broken(metric.where)) return;
  check_expression(metric.eligible, diagnostics);
  if (metric.numerator) check_measure(*metric.numerator, metric, project, diagnostics);
  if (metric.denominator) check_measure(*metric.denominator, metric, project, diagnostics);
  if (metric.retention) check_retention(metric, project, diagnostics);
  if (metric.type.value == MetricType::cumulative && metric.numerator)
    check_anchor(metric.entry, *metric.numerator, project, diagnostics);
  check_reference(metric.funnel, "funnel", names_of(project.funnels), diagnostics);
  if (metric.type.value == MetricType::derived) check_derived(metric, defined, diagnostics);
  check_numbers(metric, diagnostics);
}

}  // namespace

void check_metrics(Project& project, Diagnostics& diagnostics) {
  check_unique(project.metrics, "metrics", diagnostics);
  Defined defined{names_of(project.metrics), {}};
  defined.set.insert(defined.names.begin(), defined.names.end());
  for (Metric& metric : project.metrics) check_metric(metric, project, defined, diagnostics);
  check_cycles(project, diagnostics);
}

}  // namespace assay::spec::detail
