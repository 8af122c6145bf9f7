#include "assay/engine/relation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "assay/base/text.hpp"
#include "assay/engine/source_reader.hpp"

namespace assay::engine {
namespace {

bool is_one_of(const std::string& type, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), type) != names.end();
}

bool is_whole(const std::string& type) {
  return is_one_of(type, {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT",
                          "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"});
}

bool is_real(const std::string& type) {
  return is_one_of(type, {"FLOAT", "DOUBLE"}) || type.starts_with("DECIMAL");
}

bool is_clock(const std::string& type) { return type.starts_with("TIMESTAMP") || type == "DATE"; }

bool is_text(const std::string& type) {
  return is_one_of(type, {"VARCHAR", "JSON", "UUID"}) || type.starts_with("ENUM");
}

/// An expression of a source, resolved: its SQL in parentheses and the type that it has.
struct Bound {
  std::string sql;
  std::string type;
};

tl::unexpected<Error> kind_error(const std::string& role, const Bound& bound,
                                 std::string_view wanted, std::string fix) {
  return fail(ErrorCode::invalid_spec,
              fmt::format("{} reads as {}, not as {}", role, bound.type, wanted), {},
              std::move(fix));
}

class Binder {
 public:
  Binder(Database& database, const Source& source, const Reader& reader)
      : database_(database), source_(source), reader_(reader) {}

  /// Finds out what an expression is. `role` says in an error what it stands for.
  Result<Bound> bind(const std::string& expression, const std::string& role) {
    if (expression.find_first_not_of(" \t\n") == std::string::npos) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("source `{}` has no expression for {}", source_.name, role));
    }
    if (const ColumnInfo* column = named_column(reader_.columns, expression)) {
      return Bound{quote_identifier(column->name), column->type};
    }
    // The line break ends a comment that the expression may hold.
    const std::string sql = "(" + expression + "\n)";
    auto described = database_.describe("SELECT " + sql + " AS x FROM " + reader_.from);
    if (described && described->size() == 1) return Bound{sql, described->front().type};
    if (described) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("{} is more than one column: `{}`", role, expression));
    }
    Error error = described.error();
    if (error.code == ErrorCode::invalid_spec) explain(error, expression, role);
    return tl::unexpected(std::move(error));
  }

 private:
  void explain(Error& error, const std::string& expression, const std::string& role) const {
    std::vector<std::string> names;
    for (const ColumnInfo& column : reader_.columns) names.push_back(column.name);
    const std::string near = nearest(expression, names);
    if (!near.empty()) error.fix = fmt::format("did you mean `{}`?", near);
    error.problem =
        fmt::format("source `{}`, {} `{}`: {}", source_.name, role, expression, error.problem);
    error.have = list_text(names, 40);
  }

  Database& database_;
  const Source& source_;
  const Reader& reader_;
};

/// A text of digits, as warehouses read it too: DuckDB's own cast makes 2 of '1.5' and 1000 of
/// '1e3'.
std::string whole_of_text(const std::string& text) {
  return fmt::format(R"(TRY_CAST(regexp_extract({}, '\A\s*([+-]?[0-9]+)\s*\z', 1) AS BIGINT))",
                     text);
}

std::string time_factor(TimeUnit unit) {
  return unit == TimeUnit::seconds ? "1000000" : unit == TimeUnit::milliseconds ? "1000" : "1";
}

/// Whole or fractional counts since 1970. Out of range is missing.
std::string count_time_sql(const Bound& bound, TimeUnit unit) {
  const bool exact =
      is_whole(bound.type) ||
      (is_text(bound.type) && (unit == TimeUnit::microseconds || unit == TimeUnit::nanoseconds));
  if (exact) {
    std::string whole =
        bound.type == "BIGINT" ? bound.sql : fmt::format("TRY_CAST({} AS BIGINT)", bound.sql);
    if (unit == TimeUnit::nanoseconds) return fmt::format("({} // 1000)", whole);
    if (unit == TimeUnit::microseconds) return whole;
    return fmt::format("TRY({} * {})", whole, time_factor(unit));
  }
  const std::string real = fmt::format("TRY_CAST({} AS DOUBLE)", bound.sql);
  const std::string scaled = unit == TimeUnit::nanoseconds
                                 ? fmt::format("{} / 1000", real)
                                 : fmt::format("{} * {}", real, time_factor(unit));
  return fmt::format("TRY_CAST(round({}) AS BIGINT)", scaled);
}

std::string wall_clock_sql(const std::string& timestamp, const TimeZone& zone) {
  if (zone.name() == "UTC") return fmt::format("epoch_us({})", timestamp);
  return fmt::format("epoch_us(timezone({}, {}))", quote_text(zone.name()), timestamp);
}

/// A time written out. Behind a time of day may stand a zone; then it is an instant.
std::string text_time_sql(const Bound& bound, const TimeZone& zone,
                          const std::vector<std::string>& formats) {
  const std::string text =
      bound.type == "VARCHAR" ? bound.sql : fmt::format("CAST({} AS VARCHAR)", bound.sql);
  std::string wall = fmt::format("TRY_CAST({} AS TIMESTAMP)", text);
  if (!formats.empty()) {
    std::string list;
    for (const std::string& format : formats)
      list += (list.empty() ? "" : ", ") + quote_text(format);
    wall = fmt::format("coalesce(try_strptime({}, [{}]), {})", text, list, wall);
  }
  const std::string instant = fmt::format("epoch_us(TRY_CAST({} AS TIMESTAMPTZ))", text);
  return fmt::format(
      "CASE WHEN regexp_matches({}, "
      "':\\d\\d([.,]\\d+)?\\s*(Z|z|UTC|[+-]\\d\\d(:?\\d\\d)?|[A-Za-z]+/[A-Za-z_/]+)$') "
      "THEN {} ELSE {} END",
      text, instant, wall_clock_sql(wall, zone));
}

Result<std::string> time_sql(const Bound& bound, const TimeColumn& column,
                             const std::vector<std::string>& formats, const std::string& role) {
  if (bound.type == "TIMESTAMP WITH TIME ZONE") return fmt::format("epoch_us({})", bound.sql);
  if (is_clock(bound.type)) {
    const std::string timestamp =
        bound.type == "TIMESTAMP" ? bound.sql : fmt::format("CAST({} AS TIMESTAMP)", bound.sql);
    return wall_clock_sql(timestamp, column.timezone);
  }
  if (column.unit == TimeUnit::timestamp) {
    if (is_text(bound.type)) return text_time_sql(bound, column.timezone, formats);
    return kind_error(role, bound, "a time",
                      is_whole(bound.type) || is_real(bound.type)
                          ? "say its unit: s, ms, us or ns since 1970"
                          : "cast it to TIMESTAMP");
  }
  if (is_whole(bound.type) || is_real(bound.type) || is_text(bound.type)) {
    return count_time_sql(bound, column.unit);
  }
  return kind_error(role, bound, "a time", "cast it to a number or TIMESTAMP");
}

Result<std::string> value_sql(const Bound& bound, frame::Type type,
                              const std::vector<std::string>& formats, const std::string& role) {
  const bool is_number = is_whole(bound.type) || is_real(bound.type) || bound.type == "BOOLEAN";
  switch (type) {
    case frame::Type::text:
      if (bound.type == "VARCHAR") return bound.sql;
      if (bound.type == "JSON") return fmt::format("({} ->> '$')", bound.sql);
      return fmt::format("CAST({} AS VARCHAR)", bound.sql);
    case frame::Type::time_us: {
      TimeColumn column;
      column.unit = is_whole(bound.type) ? TimeUnit::microseconds : TimeUnit::timestamp;
      return time_sql(bound, column, formats, role);
    }
    case frame::Type::int64:
      if (bound.type == "BIGINT") return bound.sql;
      if (bound.type == "VARCHAR") return whole_of_text(bound.sql);
      if (is_number || is_text(bound.type)) return fmt::format("TRY_CAST({} AS BIGINT)", bound.sql);
      break;
    case frame::Type::boolean:
      if (bound.type == "BOOLEAN") return bound.sql;
      if (is_number || is_text(bound.type))
        return fmt::format("TRY_CAST({} AS BOOLEAN)", bound.sql);
      break;
    case frame::Type::float64:
      if (is_whole(bound.type) || bound.type == "BOOLEAN" || bound.type.starts_with("DECIMAL"))
        return fmt::format("CAST({} AS DOUBLE)", bound.sql);
      if (is_number || is_text(bound.type)) {
        const std::string real =
            bound.type == "DOUBLE" ? bound.sql : fmt::format("TRY_CAST({} AS DOUBLE)", bound.sql);
        return fmt::format("CASE WHEN isfinite({0}) THEN {0} END", real);
      }
      break;
  }
  return kind_error(role, bound, frame::to_text(type), "declare another type or cast it");
}

/// A part of a deduplication key that is also the unit, time, event name or a property reads as
/// that; else whole numbers, numbers and times keep their type and the rest is text.
Result<Relation::Key> key_of(const Relation& relation, const Bound& bound,
                             const std::vector<std::string>& formats) {
  const Source& source = relation.source;
  if (bound.sql == source.unit.expression) {
    return Relation::Key{relation.unit, source.unit.type, bound.sql};
  }
  if (bound.sql == source.event_time.expression) {
    return Relation::Key{relation.time, frame::Type::time_us, bound.sql};
  }
  for (std::size_t i = 0; i < relation.properties.size(); ++i) {
    if (bound.sql == source.properties[i].expression)
      return Relation::Key{relation.properties[i], source.properties[i].type, bound.sql};
  }
  Relation::Key key;
  key.raw = bound.sql;
  if (is_clock(bound.type)) {
    key.type = frame::Type::time_us;
  } else if (bound.type == "BOOLEAN") {
    key.type = frame::Type::boolean;
  } else if (is_one_of(bound.type, {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT",
                                    "USMALLINT", "UINTEGER"})) {
    key.type = frame::Type::int64;
  } else if (is_one_of(bound.type, {"FLOAT", "DOUBLE"})) {
    key.type = frame::Type::float64;
  } else {
    key.type = frame::Type::text;
  }
  ASSAY_TRY(key.sql, value_sql(bound, key.type, formats, "a deduplication key"));
  return key;
}

/// A key is a property's word or a column.
Result<Bound> bind_key(Binder& binder, const Source& source, const std::string& key) {
  for (const SourceProperty& property : source.properties) {
    if (property.name == key) return binder.bind(property.expression, "deduplication key");
  }
  return binder.bind(key, "deduplication key");
}

Result<void> check_source(const Source& source) {
  if (source.unit.type != frame::Type::int64 && source.unit.type != frame::Type::text) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the unit of source `{}` is neither int64 nor text", source.name));
  }
  if (source.event_expression.empty() && source.constant_event.empty()) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("source `{}` has neither an event column nor a name for its events",
                            source.name));
  }
  if (source.max_skew_us && !source.ingest_time) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("source `{}` keeps future events out but has no ingest time", source.name), {},
        "name the ingest time column or take max_skew out");
  }
  if (source.dedup && (source.dedup->keys.empty() || source.dedup->within_us.value_or(0) < 0)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the deduplication of source `{}` has no keys or a negative window",
                            source.name));
  }
  for (std::size_t i = 0; i < source.properties.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (source.properties[i].name != source.properties[j].name) continue;
      return fail(ErrorCode::invalid_spec, fmt::format("source `{}` has two properties `{}`",
                                                       source.name, source.properties[i].name));
    }
  }
  return {};
}

Result<void> bind_roles(Binder& binder, const std::vector<std::string>& formats,
                        Relation& relation) {
  Source& source = relation.source;
  ASSAY_TRY(const Bound unit, binder.bind(source.unit.expression, "unit"));
  ASSAY_TRY(relation.unit, value_sql(unit, source.unit.type, formats, "the unit"));
  source.unit.expression = unit.sql;
  ASSAY_TRY(const Bound time, binder.bind(source.event_time.expression, "event time"));
  ASSAY_TRY(relation.time, time_sql(time, source.event_time, formats, "the event time"));
  source.event_time.expression = time.sql;
  relation.event = quote_text(source.constant_event);
  if (!source.event_expression.empty()) {
    ASSAY_TRY(const Bound event, binder.bind(source.event_expression, "event name"));
    ASSAY_TRY(relation.event, value_sql(event, frame::Type::text, formats, "the event name"));
    source.event_expression = event.sql;
  }
  if (!source.sequence_expression.empty()) {
    ASSAY_TRY(const Bound sequence, binder.bind(source.sequence_expression, "sequence"));
    const auto type = is_clock(sequence.type) ? frame::Type::time_us : frame::Type::int64;
    ASSAY_TRY(relation.sequence, value_sql(sequence, type, formats, "the sequence"));
    source.sequence_expression = sequence.sql;
  }
  if (source.ingest_time) {
    ASSAY_TRY(const Bound ingest, binder.bind(source.ingest_time->expression, "ingest time"));
    ASSAY_TRY(relation.ingest, time_sql(ingest, *source.ingest_time, formats, "the ingest time"));
    source.ingest_time->expression = ingest.sql;
  }
  return {};
}

}  // namespace

Result<Relation> connect(Database& database, const Source& source) {
  ASSAY_CHECK(check_source(source));
  ASSAY_TRY(Reader reader, open_reader(database, source));
  Binder binder(database, source, reader);
  Relation relation;
  relation.source = source;
  ASSAY_CHECK(bind_roles(binder, reader.time_formats, relation));
  for (SourceProperty& property : relation.source.properties) {
    const std::string role = fmt::format("property `{}`", property.name);
    ASSAY_TRY(const Bound bound, binder.bind(property.expression, role));
    ASSAY_TRY(std::string sql, value_sql(bound, property.type, reader.time_formats, role));
    relation.properties.push_back(std::move(sql));
    property.expression = bound.sql;
  }
  if (source.dedup) {
    for (const std::string& name : source.dedup->keys) {
      ASSAY_TRY(const Bound bound, bind_key(binder, source, name));
      ASSAY_TRY(Relation::Key key, key_of(relation, bound, reader.time_formats));
      relation.keys.push_back(std::move(key));
    }
  }
  relation.from = std::move(reader.from);
  relation.columns = std::move(reader.columns);
  return relation;
}

}  // namespace assay::engine
