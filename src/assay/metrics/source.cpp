#include "assay/metrics/source.hpp"

#include <fmt/core.h>

#include <utility>

namespace assay::metrics {
namespace {

using engine::SourceFormat;

Result<SourceFormat> format_of(const spec::Source& source) {
  switch (source.type) {
    case spec::SourceType::parquet:
      return SourceFormat::parquet;
    case spec::SourceType::csv:
      return SourceFormat::csv;
    case spec::SourceType::jsonl:
      return SourceFormat::jsonl;
    case spec::SourceType::duckdb:
      return SourceFormat::duckdb;
    default:
      return tl::unexpected(
          spec::spec_error(source.where,
                           fmt::format("the embedded engine does not read sources of type {}",
                                       spec::to_text(source.type)),
                           "export the events to Parquet and point `path` at the files",
                           "parquet, csv, jsonl, duckdb"));
  }
}

engine::TimeUnit unit_of(spec::TimeUnit unit) {
  switch (unit) {
    case spec::TimeUnit::s:
      return engine::TimeUnit::seconds;
    case spec::TimeUnit::ms:
      return engine::TimeUnit::milliseconds;
    case spec::TimeUnit::us:
      return engine::TimeUnit::microseconds;
    case spec::TimeUnit::ns:
      return engine::TimeUnit::nanoseconds;
    case spec::TimeUnit::automatic:
    case spec::TimeUnit::timestamp:
      return engine::TimeUnit::timestamp;
  }
  return engine::TimeUnit::timestamp;
}

Result<engine::TimeColumn> time_column(const spec::TimeColumn& column) {
  engine::TimeColumn out{column.expr.value, unit_of(column.unit)};
  if (!column.timezone.value.empty()) {
    ASSAY_TRY(out.timezone, TimeZone::find(column.timezone.value));
  }
  return out;
}

frame::Type type_of(const spec::Property& property) {
  switch (property.type) {
    case spec::PropertyType::int64:
      return frame::Type::int64;
    case spec::PropertyType::float64:
    case spec::PropertyType::decimal:
      return frame::Type::float64;
    case spec::PropertyType::boolean:
      return frame::Type::boolean;
    case spec::PropertyType::timestamp:
      return frame::Type::time_us;
    case spec::PropertyType::dict:
    case spec::PropertyType::string:
      return frame::Type::text;
  }
  return frame::Type::text;
}

Result<engine::DedupPolicy> dedup_policy(const spec::Source& source) {
  const spec::Dedup& dedup = *source.dedup;
  // Without an ingest time the rows count as received in the order in which they lie.
  const bool as_received = dedup.keep == spec::DedupKeep::first && !source.ingest_time;
  if (dedup.keep != spec::DedupKeep::first_ingest && !as_received) {
    return tl::unexpected(spec::spec_error(
        source.where,
        fmt::format("deduplication that keeps {} is not there yet", spec::to_text(dedup.keep)),
        "write `keep: first_ingest`"));
  }
  engine::DedupPolicy policy;
  policy.within_us = dedup.within_us;
  for (const spec::Text& key : dedup.keys) {
    const spec::Entity* entity = spec::find_entity(source, key.value);
    policy.keys.push_back(entity != nullptr ? entity->expr.value : key.value);
  }
  return policy;
}

const spec::Entity* primary_entity(const spec::Source& source) {
  for (const spec::Entity& entity : source.entities) {
    if (entity.type == spec::EntityType::primary) return &entity;
  }
  return nullptr;
}

}  // namespace

Result<engine::Source> to_engine_source(const spec::Project& project, const spec::Source& source) {
  engine::Source out;
  out.name = source.name.value;
  ASSAY_TRY(out.format, format_of(source));
  if (source.identity) {
    return tl::unexpected(spec::spec_error(source.identity->table.where,
                                           "identity tables are not joined by this version",
                                           "join the user id into the events before assay reads "
                                           "them, and remove `identity`"));
  }
  const spec::Entity* unit = primary_entity(source);
  if (unit == nullptr) {
    return tl::unexpected(spec::spec_error(
        source.where, fmt::format("source `{}` has no primary entity", source.name.value),
        "add `entities: [{name: user, type: primary, expr: user_id}]`"));
  }
  const std::filesystem::path path = source.path.value;
  out.paths = {path.is_absolute() ? path.string() : (project.folder / path).string()};
  out.table = source.table.value;
  out.unit = {unit->name.value, unit->expr.value, frame::Type::text};
  if (const spec::Property* typed = spec::find_property(source, unit->expr.value))
    out.unit.type = type_of(*typed);
  out.event_expression = source.event_name.value;
  ASSAY_TRY(out.event_time, time_column(source.event_time));
  if (source.ingest_time) {
    engine::TimeColumn ingest;
    ASSAY_TRY(ingest, time_column(*source.ingest_time));
    out.ingest_time = std::move(ingest);
  }
  out.sequence_expression = source.sequence.value;
  if (source.dedup) {
    engine::DedupPolicy policy;
    ASSAY_TRY(policy, dedup_policy(source));
    out.dedup = std::move(policy);
  }
  if (source.late && source.late->on_future == spec::OnFuture::quarantine)
    out.max_skew_us = source.late->max_skew_us;
  for (const spec::Property& property : source.properties) {
    out.properties.push_back(
        {property.name.value,
         property.expr.value.empty() ? property.name.value : property.expr.value,
         type_of(property)});
  }
  return out;
}

TimeUs complete_until(const spec::Source& source, TimeUs last_event) {
  return source.complete_until.value_or(last_event);
}

}  // namespace assay::metrics
