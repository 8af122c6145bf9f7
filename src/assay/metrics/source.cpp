#include "assay/metrics/source.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "assay/base/text.hpp"

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
                           fmt::format("engines of this machine do not read sources of type {}",
                                       spec::to_text(source.type)),
                           "name the warehouse (`engine: trino://host/catalog/schema`), or export "
                           "the events to Parquet and point `path` at the files",
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

/// Everything of a source but the place where it lies.
Result<engine::Source> columns_of(const spec::Source& source) {
  engine::Source out;
  out.name = source.name.value;
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

bool is_name(std::string_view text) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
  });
}

/// What stands between two quotes of a kind, a doubled one read as one; none when `text` is not
/// one quoted word and nothing else.
std::optional<std::string> unquoted(std::string_view text, char quote) {
  if (text.size() < 3 || text.front() != quote || text.back() != quote) return std::nullopt;
  const std::string_view inside = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == quote && (++i == inside.size() || inside[i] != quote)) return std::nullopt;
    out += inside[i];
  }
  return out;
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

/// Puts columns in the place of a source's expressions.
struct ColumnNames {
  const spec::Source& source;
  const std::vector<warehouse::TableColumn>* columns = nullptr;

  /// `role`: the name of the column that stands for an expression.
  Result<void> settle(std::string& expression, const spec::Text& written,
                      const std::string& role) const {
    if (expression.empty() || is_name(expression)) return {};
    if (auto name = unquoted(expression, '"')) {
      expression = std::move(*name);
      return {};
    }
    if (columns != nullptr && !has(role)) {
      std::vector<std::string> names;
      for (const warehouse::TableColumn& column : *columns) names.push_back(column.name);
      return tl::unexpected(spec::spec_error(
          written.where,
          fmt::format("a warehouse reads columns, and this is an expression: {}", expression),
          fmt::format("make a view with a column `{}` that is this, and name the view as `table`",
                      role),
          list_text(names, 30)));
    }
    expression = role;
    return {};
  }

  [[nodiscard]] bool has(const std::string& name) const { return find(name) != nullptr; }

  [[nodiscard]] const warehouse::TableColumn* find(const std::string& name) const {
    const auto found = std::find_if(columns->begin(), columns->end(), [&](const auto& column) {
      return same_letters(column.name, name);
    });
    return found == columns->end() ? nullptr : &*found;
  }
};

}  // namespace

Result<sql::TableName> table_of(const spec::Source& source) {
  const spec::Text& written = source.table.value.empty() ? source.name : source.table;
  std::vector<std::string> parts{""};
  bool quoted = false;  // Inside quotes; at the end: a part that does not read.
  for (const char c : written.value) {
    if (c == '"') quoted = !quoted;
    if (c == '.' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  for (std::string& part : parts) {
    if (auto name = unquoted(part, '"')) {
      part = std::move(*name);
    } else if (part.empty() || part.find('"') != std::string::npos) {
      quoted = true;
    }
  }
  if (quoted || parts.size() > 3) {
    return tl::unexpected(
        spec::spec_error(written.where, fmt::format("not a table: {}", written.value),
                         "write `table`, `schema.table` or `catalog.schema.table`"));
  }
  parts.insert(parts.begin(), 3 - parts.size(), "");
  return sql::TableName{parts[0], parts[1], parts[2]};
}

namespace {

Result<void> settle_columns(const ColumnNames& names, engine::Source& out) {
  const spec::Source& source = names.source;
  const spec::Entity& unit = *primary_entity(source);
  ASSAY_CHECK(names.settle(out.unit.expression, unit.expr, unit.name.value));
  if (auto constant = unquoted(out.event_expression, '\'')) {
    out.constant_event = std::move(*constant);
    out.event_expression.clear();
  }
  ASSAY_CHECK(names.settle(out.event_expression, source.event_name, "event_name"));
  ASSAY_CHECK(names.settle(out.event_time.expression, source.event_time.expr, "event_time"));
  if (out.ingest_time) {
    const spec::Text& written = source.ingest_time->expr;
    ASSAY_CHECK(names.settle(out.ingest_time->expression, written, "ingest_time"));
  }
  ASSAY_CHECK(names.settle(out.sequence_expression, source.sequence, "sequence"));
  for (std::size_t i = 0; out.dedup && i < out.dedup->keys.size(); ++i) {
    const spec::Text& key = source.dedup->keys[i];
    ASSAY_CHECK(names.settle(out.dedup->keys[i], key, key.value));
  }
  for (std::size_t i = 0; i < out.properties.size(); ++i) {
    const spec::Property& property = source.properties[i];
    ASSAY_CHECK(names.settle(out.properties[i].expression, property.expr, property.name.value));
  }
  return {};
}

}  // namespace

Result<engine::Source> to_engine_source(const spec::Project& project, const spec::Source& source) {
  engine::SourceFormat format{};
  ASSAY_TRY(format, format_of(source));
  engine::Source out;
  ASSAY_TRY(out, columns_of(source));
  out.format = format;
  const std::filesystem::path path = source.path.value;
  out.paths = {path.is_absolute() ? path.string() : (project.folder / path).string()};
  if (format == SourceFormat::duckdb) out.table = source.table.value;
  return out;
}

Result<distributed::EventTableSpec> to_event_table(
    const spec::Source& source, const std::vector<warehouse::TableColumn>* columns) {
  distributed::EventTableSpec out;
  ASSAY_TRY(out.source, columns_of(source));
  ASSAY_TRY(out.table, table_of(source));
  const ColumnNames names{source, columns};
  ASSAY_CHECK(settle_columns(names, out.source));
  // A unit whose type the spec does not say has the type of its column.
  const bool declared = spec::find_property(source, primary_entity(source)->expr.value) != nullptr;
  const auto* unit = columns == nullptr ? nullptr : names.find(out.source.unit.expression);
  if (!declared && unit != nullptr && unit->type == warehouse::ColumnType::int64)
    out.source.unit.type = frame::Type::int64;
  if (!source.partition) return out;
  const spec::Text& column = source.partition->column;
  out.partition = distributed::Partition{column.value, source.partition->slack_us};
  ASSAY_CHECK(names.settle(out.partition->column, column, "partition"));
  return out;
}

bool has_files(const spec::Source& source) { return !source.path.value.empty(); }

TimeUs complete_until(const spec::Source& source, TimeUs last_event) {
  return source.complete_until.value_or(last_event);
}

}  // namespace assay::metrics
