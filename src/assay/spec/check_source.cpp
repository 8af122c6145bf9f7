#include <fmt/core.h>

#include <set>

#include "assay/base/text.hpp"
#include "assay/spec/detail/check.hpp"
#include "assay/spec/detail/visitor.hpp"

namespace assay::spec::detail {
namespace {

void check_place(const Source& source, Diagnostics& diagnostics) {
  const bool is_file = source.type == SourceType::parquet || source.type == SourceType::csv ||
                       source.type == SourceType::jsonl;
  const bool needs_path = is_file || source.type == SourceType::duckdb;
  const std::string_view type = to_text(source.type);
  if (needs_path && source.path.value.empty())
    diagnostics.add(source.where, fmt::format("a {} source has no `path`", type),
                    "add `path`: a file or a glob, relative to the project folder");
  if (!needs_path && !source.path.value.empty())
    diagnostics.add(source.path.where, fmt::format("a {} source has no files", type),
                    "remove `path` and name a `table`");
  if (!is_file && source.table.value.empty())
    diagnostics.add(source.where, fmt::format("a {} source has no `table`", type), "add `table`");
}

void check_times(Source& source, const Project& project, Diagnostics& diagnostics) {
  for (TimeColumn* column :
       {&source.event_time, source.ingest_time ? &*source.ingest_time : nullptr})
    if (column != nullptr && column->timezone.value.empty()) column->timezone.value = "UTC";
  if (source.dedup && !source.ingest_time &&
      (source.dedup->keep == DedupKeep::first_ingest ||
       source.dedup->keep == DedupKeep::last_ingest))
    diagnostics.add(source.dedup->keys.empty() ? source.where : source.dedup->keys.front().where,
                    fmt::format("`keep: {}` needs `ingest_time`", to_text(source.dedup->keep)),
                    "add `ingest_time`, or keep first or last by event time");
  if (source.complete_until_written.value.empty()) return;
  const auto zone = TimeZone::find(project.defaults.timezone.value);
  if (!zone) return;  // Reported where it was written.
  if (const auto until = parse_instant(source.complete_until_written.value, *zone))
    source.complete_until = *until;
}

void check_audit(const Source& source, const Project& project, Diagnostics& diagnostics) {
  const auto metrics = names_of(project.metrics);
  for (const AuditCheck& check : source.audit) {
    for (const Text& name : check.by) check_split(name, project, false, diagnostics);
    for (const auto* event : {&check.if_event, &check.then_event})
      if (event->has_value()) check_events((*event)->events, source, diagnostics);
    if (!check.metric.value.empty() && find_metric(project, check.metric.value) == nullptr)
      diagnostics.note(
          check.metric.where,
          fmt::format("the project has no metric `{}`; the check is left out{}", check.metric.value,
                      did_you_mean(check.metric.value, metrics).empty()
                          ? ""
                          : "; " + did_you_mean(check.metric.value, metrics)));
    if (check.kind.value == AuditKind::unknown_events && source.known_events.empty())
      diagnostics.add(check.kind.where, "the source does not list its events",
                      "add `events: [name, name]` to the source");
  }
}

void check_source(Source& source, const Project& project, Diagnostics& diagnostics) {
  check_unique(source.entities, "entities", diagnostics);
  for (Entity& entity : source.entities) {
    if (entity.expr.value.empty()) entity.expr = entity.name;
    check_expression(entity.expr, diagnostics);
  }
  for (Property& property : source.properties) {
    if (property.expr.value.empty()) property.expr = property.name;
    check_expression(property.expr, diagnostics);
  }
  check_expression(source.event_name, diagnostics);
  check_expression(source.event_time.expr, diagnostics);
  check_times(source, project, diagnostics);
  if (diagnostics.is_broken(source.where)) return;
  check_place(source, diagnostics);
  check_audit(source, project, diagnostics);
}

}  // namespace

void check_sources(Project& project, Diagnostics& diagnostics) {
  check_unique(project.sources, "sources", diagnostics);
  bool unit_exists = false;
  bool all_read = !project.sources.empty();
  std::vector<std::string> entities;
  for (Source& source : project.sources) {
    all_read = all_read && !diagnostics.is_broken(source.where);
    check_source(source, project, diagnostics);
    unit_exists = unit_exists || find_entity(source, project.defaults.unit.value) != nullptr;
    for (const std::string& name : names_of(source.entities)) entities.push_back(name);
  }
  if (unit_exists || !all_read) return;
  Text& unit = project.defaults.unit;
  diagnostics.add(unit.where.line > 0 ? unit.where : project.sources.front().where,
                  fmt::format("no source has the entity `{}`, the unit of analysis", unit.value),
                  did_you_mean(unit.value, entities,
                               fmt::format("write `defaults: {{unit: {}}}`",
                                           entities.empty() ? "name" : entities.front())),
                  list_text(entities));
  unit.value.clear();  // Once is enough: metrics without a unit of their own do not repeat it.
}

}  // namespace assay::spec::detail
