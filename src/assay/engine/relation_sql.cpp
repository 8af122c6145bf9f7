#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "assay/engine/relation.hpp"

namespace assay::engine {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string list_of(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::vector<std::string> key_columns(const Relation& relation) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= relation.keys.size(); ++i) names.push_back(fmt::format("key_{}", i));
  return names;
}

/// Of events with equal keys, taken as received, each stays that lies further than `within` from
/// every one that stayed. A list keeps those that stayed so far.
std::string first_received_within_sql(const std::string& keys, const std::string& no_key,
                                      std::int64_t within_us) {
  return fmt::format(
      "SELECT unnest(list_reduce(list([{{'t': time_us, 'a': arrival}}] "
      "ORDER BY ingest_us NULLS LAST, arrival), lambda kept, x: CASE WHEN "
      "len(list_filter(kept, lambda k: abs(k.t - x[1].t) <= {})) > 0 "
      "THEN kept ELSE list_concat(kept, x) END)).a AS arrival FROM counted WHERE NOT ({}) GROUP BY "
      "unit, {}",
      within_us, no_key, keys);
}

/// Column name of each part of a key in the index; a role or property that is the same is shared.
events::Property index_key(const Relation& relation, std::size_t i, const events::Schema& schema) {
  const Relation::Key& key = relation.keys[i];
  if (key.sql == relation.unit && key.type == schema.unit.type) return schema.unit;
  if (key.sql == relation.time && key.type == frame::Type::time_us)
    return {schema.time, frame::Type::time_us};
  if (key.sql == relation.event && key.type == frame::Type::text)
    return {schema.event, frame::Type::text};
  for (std::size_t p = 0; p < relation.properties.size(); ++p) {
    if (key.sql == relation.properties[p] && key.type == schema.properties[p].type)
      return schema.properties[p];
  }
  return {fmt::format("$key_{}", i + 1), key.type};
}

/// The value in the type that the index stores: a time as a timestamp.
std::string typed(const std::string& sql, frame::Type type) {
  return type == frame::Type::time_us ? fmt::format("TRY(make_timestamp({}))", sql) : sql;
}

/// The expression behind a column of the index.
std::string index_column_sql(const Relation& relation, const events::Schema& schema,
                             const events::Property& column) {
  if (column.name == schema.unit.name) return relation.unit;
  if (column.name == schema.time) return typed(relation.time, column.type);
  if (column.name == schema.event) return relation.event;
  if (column.name == schema.sequence) return relation.sequence;
  if (column.name == schema.ingest_time) return typed(relation.ingest, column.type);
  for (std::size_t i = 0; i < relation.keys.size(); ++i) {
    if (column.name == fmt::format("$key_{}", i + 1))
      return typed(relation.keys[i].sql, column.type);
  }
  for (std::size_t i = 0; i < schema.properties.size(); ++i) {
    if (column.name == schema.properties[i].name) return typed(relation.properties[i], column.type);
  }
  return "NULL";
}

}  // namespace

std::vector<std::string> property_columns(const Source& source) {
  std::vector<std::string> taken{"unit",     "time_us", "event",  "ingest_us",
                                 "sequence", "arrival", "ordinal"};
  for (std::size_t i = 1; source.dedup && i <= source.dedup->keys.size(); ++i)
    taken.push_back(fmt::format("key_{}", i));
  std::vector<std::string> names;
  for (const SourceProperty& property : source.properties) {
    std::string name = property.name;
    for (int number = 2; std::find(taken.begin(), taken.end(), lower(name)) != taken.end();
         ++number) {
      name = fmt::format("{}_{}", property.name, number);
    }
    taken.push_back(lower(name));
    names.push_back(std::move(name));
  }
  return names;
}

std::string relation_sql(const Relation& relation) {
  const auto or_null = [](const std::string& sql) {
    return sql.empty() ? std::string("CAST(NULL AS BIGINT)") : sql;
  };
  std::vector<std::string> columns{relation.unit + " AS unit",
                                   relation.time + " AS time_us",
                                   relation.event + " AS event",
                                   or_null(relation.ingest) + " AS ingest_us",
                                   or_null(relation.sequence) + " AS sequence",
                                   "row_number() OVER () - 1 AS arrival"};
  const std::vector<std::string> keys = key_columns(relation);
  for (std::size_t i = 0; i < keys.size(); ++i)
    columns.push_back(relation.keys[i].sql + " AS " + keys[i]);
  const std::vector<std::string> names = property_columns(relation.source);
  for (std::size_t i = 0; i < names.size(); ++i)
    columns.push_back(relation.properties[i] + " AS " + quote_identifier(names[i]));
  return fmt::format("SELECT {} FROM {}", list_of(columns), relation.from);
}

std::string clean_sql(const Relation& relation) {
  std::string counted = "unit IS NOT NULL AND time_us IS NOT NULL";
  if (relation.source.max_skew_us && !relation.ingest.empty()) {
    counted += fmt::format(" AND (ingest_us IS NULL OR time_us - ingest_us <= {})",
                           *relation.source.max_skew_us);
  }
  std::vector<std::string> columns{
      "unit", "time_us", "event",
      "row_number() OVER (PARTITION BY unit ORDER BY time_us, sequence NULLS FIRST, arrival) AS "
      "ordinal"};
  for (const std::string& name : property_columns(relation.source))
    columns.push_back(quote_identifier(name));

  std::string sql =
      fmt::format("WITH received AS ({}), counted AS (SELECT * FROM received WHERE {})",
                  relation_sql(relation), counted);
  std::string from = "counted";
  if (!relation.keys.empty()) {
    const std::string keys = list_of(key_columns(relation));
    const std::string no_key = fmt::format("coalesce({}) IS NULL", [&] {
      std::vector<std::string> texts;
      for (const std::string& key : key_columns(relation))
        texts.push_back("CAST(" + key + " AS VARCHAR)");
      return list_of(texts);
    }());
    if (relation.source.dedup->within_us) {
      sql += fmt::format(
          ", first_received AS ({}), once AS (SELECT * FROM counted WHERE {} OR arrival IN "
          "(SELECT arrival FROM first_received))",
          first_received_within_sql(keys, no_key, *relation.source.dedup->within_us), no_key);
    } else {
      sql += fmt::format(
          ", once AS (SELECT * FROM counted QUALIFY {} OR row_number() OVER (PARTITION BY unit, "
          "{} ORDER BY ingest_us NULLS LAST, arrival) = 1)",
          no_key, keys);
    }
    from = "once";
  }
  return fmt::format("{} SELECT {} FROM {}", sql, list_of(columns), from);
}

events::Schema index_schema(const Relation& relation) {
  events::Schema schema;
  schema.unit = {"$unit", relation.source.unit.type};
  schema.time = "$time";
  schema.event = "$event";
  if (!relation.sequence.empty()) schema.sequence = "$sequence";
  if (!relation.ingest.empty()) schema.ingest_time = "$ingest";
  if (relation.source.max_skew_us && !relation.ingest.empty()) {
    schema.quarantine_future = true;
    schema.max_skew_us = *relation.source.max_skew_us;
  }
  for (const SourceProperty& property : relation.source.properties)
    schema.properties.push_back({property.name, property.type});
  for (std::size_t i = 0; i < relation.keys.size(); ++i)
    schema.dedup.keys.push_back(index_key(relation, i, schema));
  if (relation.source.dedup && relation.source.dedup->within_us)
    schema.dedup.within_us = *relation.source.dedup->within_us;
  return schema;
}

std::string scan_sql(const Relation& relation) {
  const events::Schema schema = index_schema(relation);
  std::vector<std::string> columns;
  for (const events::Property& column : schema.columns()) {
    columns.push_back(index_column_sql(relation, schema, column) + " AS " +
                      quote_identifier(column.name));
  }
  return fmt::format("SELECT {} FROM {}", list_of(columns), relation.from);
}

}  // namespace assay::engine
