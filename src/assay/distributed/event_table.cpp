#include "assay/distributed/event_table.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/base/text.hpp"
#include "assay/distributed/detail/column_reading.hpp"
#include "assay/distributed/detail/received_step.hpp"

namespace assay::distributed {
namespace {

using warehouse::ColumnType;

constexpr std::int64_t kMaxNames = 100'000;

tl::unexpected<Error> wrong(const EventTableSpec& spec, std::string_view problem, std::string fix) {
  return fail(ErrorCode::invalid_spec, fmt::format("source `{}` {}", spec.source.name, problem), {},
              std::move(fix));
}

Result<void> check_spec(const EventTableSpec& spec) {
  const engine::Source& source = spec.source;
  if (source.unit.type != frame::Type::int64 && source.unit.type != frame::Type::text)
    return wrong(spec, "has a unit that is neither int64 nor text", "declare one of the two");
  if (source.event_expression.empty() && source.constant_event.empty())
    return wrong(spec, "has neither an event column nor a name for its events", "give one");
  if (source.max_skew_us && !source.ingest_time) {
    return wrong(spec, "keeps future events out but has no ingest time",
                 "name the ingest time column or take max_skew out");
  }
  if (source.dedup && source.dedup->keys.empty())
    return wrong(spec, "has a deduplication without keys", "name the columns that copies share");
  if (source.dedup && source.dedup->within_us) {
    return wrong(spec,
                 "takes copies out only when near in time: that follows a chain in order of "
                 "arrival, which a warehouse does not keep",
                 "take `within` out of dedup (equal keys are copies at any distance), or name a "
                 "view that holds each event once and take dedup out");
  }
  return {};
}

/// Puts the real name of its column in place of every expression.
Result<void> name_columns(EventTable& table) {
  engine::Source& source = table.spec.source;
  const auto name = [&](std::string& expression, const std::string& role) -> Result<void> {
    ASSAY_TRY(expression, column_named(table, expression, role));
    return {};
  };
  ASSAY_CHECK(name(source.unit.expression, "the unit"));
  ASSAY_CHECK(name(source.event_time.expression, "the event time"));
  if (!source.event_expression.empty())
    ASSAY_CHECK(name(source.event_expression, "the event name"));
  if (!source.sequence_expression.empty())
    ASSAY_CHECK(name(source.sequence_expression, "the sequence"));
  if (source.ingest_time) ASSAY_CHECK(name(source.ingest_time->expression, "the ingest time"));
  if (table.spec.partition) ASSAY_CHECK(name(table.spec.partition->column, "the partition"));
  for (engine::SourceProperty& property : source.properties)
    ASSAY_CHECK(name(property.expression, fmt::format("property `{}`", property.name)));
  if (!source.dedup) return {};
  for (std::string& key : source.dedup->keys) {
    const auto property =
        std::find_if(source.properties.begin(), source.properties.end(),
                     [&](const engine::SourceProperty& one) { return one.name == key; });
    if (property != source.properties.end()) {
      key = property->expression;
    } else {
      ASSAY_CHECK(name(key, "deduplication"));
    }
  }
  return {};
}

/// Fails when a column does not read as what it is for.
Result<void> check_types(const EventTable& table) {
  const engine::Source& source = table.spec.source;
  ASSAY_CHECK(value_of(table, source.unit.expression, source.unit.type, "the unit"));
  ASSAY_CHECK(instant_of(table, source.event_time, all_times(), "the event time"));
  if (!source.event_expression.empty()) {
    ASSAY_CHECK(value_of(table, source.event_expression, frame::Type::text, "the event name"));
  }
  if (!source.sequence_expression.empty()) ASSAY_CHECK(sequence_of(table));
  if (source.ingest_time)
    ASSAY_CHECK(instant_of(table, *source.ingest_time, all_times(), "the ingest time"));
  for (const engine::SourceProperty& property : source.properties) {
    ASSAY_CHECK(value_of(table, property.expression, property.type,
                         fmt::format("property `{}`", property.name)));
  }
  for (std::size_t i = 0; source.dedup && i < source.dedup->keys.size(); ++i)
    ASSAY_CHECK(key_of(table, source.dedup->keys[i]));
  for (const warehouse::TableColumn& column : table.columns) {
    if (!table.spec.partition || column.name != table.spec.partition->column) continue;
    if (column.type == ColumnType::date || column.type == ColumnType::text) continue;
    return wrong(
        table.spec,
        fmt::format("is kept in parts by `{}`, which is {}", column.name, column.engine_type),
        "name a date, or text of the form 2026-05-04");
  }
  return {};
}

/// Event names, those of events that do not count too, and when those that count began and ended.
Result<void> look(warehouse::Connection& connection, EventTable& table, const Progress& progress) {
  sql::Plan plan;
  const sql::Input rows = plan.add("received", received(table, {}));
  sql::Select names;
  const sql::Expression time = sql::column("time_us");
  names.outputs = {{"event", sql::column("event")},
                   {"first_us", sql::aggregate(sql::Op::minimum, time, counted(table))},
                   {"last_us", sql::aggregate(sql::Op::maximum, time, counted(table))}};
  names.from = {rows};
  names.group_by = {sql::column("event")};
  plan.result = {std::move(names)};
  plan.limit = kMaxNames + 1;
  ASSAY_TRY(const std::string statement,
            connection.dialect().statement(plan, "assay: event names"));
  ASSAY_TRY(const warehouse::Answer answer, connection.query(statement, progress));
  table.looked = answer.cost;
  const frame::Table& found = answer.rows;
  if (found.columns.size() != 3)
    return fail(ErrorCode::internal, "the engine gave other columns than were asked for");
  if (static_cast<std::int64_t>(found.rows()) > kMaxNames) {
    return wrong(table.spec, fmt::format("has more than {} event names", count_text(kMaxNames)),
                 "name the column that says what happened");
  }
  for (std::size_t i = 0; i < found.rows(); ++i) {
    const frame::Column& name = found.columns[0];
    if (!name.is_null(i)) table.words.events.push_back(name.dictionary[name.codes[i]]);
    if (found.columns[1].is_null(i)) continue;
    const TimeRange of{found.columns[1].ints[i], found.columns[2].ints[i] + 1};
    const bool first = table.span.begin == table.span.end;
    table.span.begin = first ? of.begin : std::min(table.span.begin, of.begin);
    table.span.end = first ? of.end : std::max(table.span.end, of.end);
  }
  std::sort(table.words.events.begin(), table.words.events.end());
  return {};
}

}  // namespace

Result<EventTable> open_table(warehouse::Connection& connection, const EventTableSpec& spec,
                              const Progress& progress) {
  ASSAY_CHECK(check_spec(spec));
  EventTable table;
  table.spec = spec;
  ASSAY_TRY(table.columns, connection.columns(spec.table));
  ASSAY_CHECK(name_columns(table));
  ASSAY_CHECK(check_types(table));
  for (const engine::SourceProperty& property : table.spec.source.properties)
    table.words.properties.push_back({property.name, property.type});
  ASSAY_TRY(table.snapshot, connection.snapshot(spec.table));
  ASSAY_CHECK(look(connection, table, progress));
  return table;
}

}  // namespace assay::distributed
