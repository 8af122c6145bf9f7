#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "assay/distributed/detail/column_reading.hpp"
#include "assay/distributed/detail/received_step.hpp"

namespace assay::distributed {
namespace {

using sql::Op;
using warehouse::ColumnType;

constexpr std::int64_t kEarliest = -std::numeric_limits<std::int64_t>::max();
// The years 1 and 9999.
constexpr std::int64_t kFirstDate = -719'162;
constexpr std::int64_t kLastDate = 2'932'896;
constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max();

std::int64_t day_of(TimeUs time) {
  return time / kDayUs - static_cast<std::int64_t>(time % kDayUs < 0);
}

/// The parts that may hold events of a range: the slack and, for time zones, a day wider.
std::optional<sql::Expression> parts_of(const EventTable& table, TimeRange range) {
  if (!table.spec.partition) return std::nullopt;
  const Partition& partition = *table.spec.partition;
  const auto known = [](TimeUs time) {
    return std::clamp(time, kFirstDate * kDayUs, kLastDate * kDayUs);
  };
  const std::int64_t first = day_of(known(range.begin) - partition.slack_us) - 1;
  const std::int64_t last = day_of(known(range.end) - 1 + partition.slack_us) + 1;
  const bool is_text = std::any_of(
      table.columns.begin(), table.columns.end(), [&](const warehouse::TableColumn& column) {
        return column.name == partition.column && column.type == ColumnType::text;
      });
  const auto literal = [&](std::int64_t day) {
    const std::int64_t written = std::clamp(day, kFirstDate, kLastDate);
    return is_text ? sql::value(day_text(static_cast<Day>(written))) : sql::date(written);
  };
  const sql::Expression part = sql::column(partition.column);
  return sql::both({sql::compare(Op::greater_or_equal, part, literal(first)),
                    sql::compare(Op::less_or_equal, part, literal(last))});
}

sql::Expression inside(TimeRange range) {
  const sql::Expression time = sql::column("time_us");
  return sql::both({sql::compare(Op::greater_or_equal, time, sql::value(range.begin)),
                    sql::compare(Op::less, time, sql::value(range.end))});
}

void collect(const sql::Expression& expression, std::set<std::string>& names) {
  if (!expression) return;
  if (expression->op == Op::column) names.insert(expression->name);
  for (const sql::Expression& argument : expression->arguments) collect(argument, names);
}

/// The columns of `received` in which copies of one event are equal.
std::set<std::string> key_columns(const EventTable& table) {
  const engine::Source& source = table.spec.source;
  std::set<std::string> same{"unit"};
  for (const std::string& key : source.dedup->keys) {
    if (key == source.event_time.expression) same.insert("time_us");
    if (key == source.event_expression) same.insert("event");
    const auto property =
        std::find_if(source.properties.begin(), source.properties.end(),
                     [&](const engine::SourceProperty& one) { return one.expression == key; });
    if (property != source.properties.end()) same.insert(property_name(table, property->name));
  }
  return same;
}

/// Splits the conditions of a scan: those that hold for all copies of an event or for none can be
/// asked before copies are taken out.
struct Conditions {
  std::vector<sql::Expression> before;
  std::vector<sql::Expression> after;
};

Conditions conditions_of(const EventTable& table, const Scan& scan) {
  std::vector<sql::Expression> all;
  if (scan.range) all.push_back(inside(*scan.range));
  if (scan.where) all.push_back(*scan.where);
  if (!table.spec.source.dedup) return {{}, all};
  const std::set<std::string> same = key_columns(table);
  Conditions split;
  for (sql::Expression& condition : all) {
    std::set<std::string> names;
    collect(condition, names);
    const bool holds_for_all = std::includes(same.begin(), same.end(), names.begin(), names.end());
    (holds_for_all ? split.before : split.after).push_back(std::move(condition));
  }
  return split;
}

std::string key_name(std::size_t i) { return fmt::format("key_{}", i + 1); }
std::string key_before(std::size_t i) { return fmt::format("before_{}", i + 1); }

/// The keys of the row before, where copies stand behind one another, the one that stays first: the
/// first received, ties by the smallest values.
std::vector<sql::Output> keys_before(const EventTable& table,
                                     const std::vector<std::string>& columns) {
  const std::size_t keys = table.spec.source.dedup->keys.size();
  sql::Window window;
  window.partition = {sql::column("unit")};
  for (std::size_t i = 0; i < keys; ++i) window.order.push_back({sql::column(key_name(i)), false});
  if (table.spec.source.ingest_time) {
    window.order.push_back(
        {sql::first_known({sql::column("ingest_us"), sql::value(kLatest)}), false});
  }
  for (const std::string& column : columns) {
    if (column != "unit") window.order.push_back({sql::column(column), false});
  }
  std::vector<sql::Output> outputs;
  for (std::size_t i = 0; i < keys; ++i)
    outputs.push_back({key_before(i), sql::previous(sql::column(key_name(i)), window)});
  return outputs;
}

/// True for a copy that goes. An event whose key is missing in all its parts is itself.
sql::Expression is_copy(const EventTable& table) {
  const std::size_t keys = table.spec.source.dedup->keys.size();
  std::vector<sql::Expression> all;
  std::vector<sql::Expression> any_known;
  for (std::size_t i = 0; i < keys; ++i) {
    const sql::Expression key = sql::column(key_name(i));
    const sql::Expression before = sql::column(key_before(i));
    const sql::Expression same = sql::certainly(sql::compare(Op::equal, key, before));
    any_known.push_back(sql::is_known(key));
    all.push_back(
        keys == 1
            ? same
            : sql::either({same, sql::both({sql::is_missing(key), sql::is_missing(before)})}));
  }
  if (keys > 1) all.push_back(sql::either(std::move(any_known)));
  return sql::both(std::move(all));
}

std::vector<std::string> columns_of(const EventTable& table, const Scan& scan) {
  std::vector<std::string> columns{"unit", "time_us", "order_1"};
  for (const sql::Output& output : scan.told) columns.push_back(output.name);
  if (!scan.told.empty()) return columns;
  columns.emplace_back("event");
  for (const std::string& word : scan.properties) {
    const std::string name = property_name(table, word);
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
  }
  return columns;
}

/// `units_meant`: one row a unit, under the name `meant_unit`.
sql::Input units_meant(const EventTable& table, const UnitsMeant& units, sql::Plan& plan) {
  sql::Select raw = received(table, units.properties);
  if (auto parts = parts_of(table, units.range)) raw.where = std::move(*parts);
  sql::Select meant;
  meant.distinct = true;
  meant.outputs = {{"meant_unit", sql::column("unit")}};
  meant.from = {plan.add("received_of_units", std::move(raw))};
  meant.where = sql::both({counted(table), inside(units.range), units.where});
  sql::Input input = plan.add("units_meant", std::move(meant));
  input.on = sql::compare(Op::equal, sql::column("unit"), sql::column("meant_unit"));
  return input;
}

/// A select of columns as they are.
sql::Select pass(const std::vector<std::string>& columns, sql::Input rows,
                 std::vector<sql::Expression> conditions) {
  sql::Select select;
  for (const std::string& column : columns) select.outputs.push_back({column, sql::column(column)});
  select.from = {std::move(rows)};
  if (!conditions.empty()) select.where = sql::both(std::move(conditions));
  return select;
}

/// `numbered`: rows beside the keys of the row before. What only the event that stays can say,
/// stands in `wanted` where the columns are told.
sql::Input numbered_step(const EventTable& table, const Scan& scan, Conditions& conditions,
                         sql::Select rows, sql::Plan& plan) {
  const std::vector<std::string> columns = columns_of(table, scan);
  const std::size_t keys = table.spec.source.dedup->keys.size();
  std::vector<std::string> kept = columns;
  for (std::size_t i = 0; i < keys; ++i)
    rows.outputs.push_back({key_name(i), sql::column(key_name(i))});
  for (std::size_t i = 0; i < keys; ++i) kept.push_back(key_name(i));
  if (table.spec.source.ingest_time)
    rows.outputs.push_back({"ingest_us", sql::column("ingest_us")});
  if (!scan.told.empty() && !conditions.after.empty()) {
    rows.outputs.push_back({"wanted", sql::certainly(sql::both(std::move(conditions.after)))});
    conditions.after = {sql::column("wanted")};
    kept.emplace_back("wanted");
  }
  sql::Select numbered = pass(kept, plan.add("usable", std::move(rows)), {});
  for (sql::Output& key : keys_before(table, columns)) numbered.outputs.push_back(std::move(key));
  return plan.add("numbered", std::move(numbered));
}

}  // namespace

std::string property_name(const EventTable& table, const std::string& word) {
  const auto& properties = table.spec.source.properties;
  for (std::size_t i = 0; i < properties.size(); ++i) {
    if (properties[i].name == word) return fmt::format("p{}", i + 1);
  }
  return {};
}

sql::Select received(const EventTable& table, const std::vector<std::string>& properties) {
  const engine::Source& source = table.spec.source;
  const auto read = [&](const std::string& column, frame::Type type) {
    return *value_of(table, column, type, column);
  };
  sql::Select select;
  select.from.push_back({table.spec.table, {}, "source", {}, {}});
  const auto output = [&](const std::string& name, sql::Expression value) {
    for (const sql::Output& known : select.outputs) {
      if (known.name == name) return;
    }
    select.outputs.push_back({name, std::move(value)});
  };
  output("unit", read(source.unit.expression, source.unit.type));
  const bool known_span = table.span.begin < table.span.end;
  const TimeRange span = known_span ? table.span : all_times();
  output("time_us", *instant_of(table, source.event_time, span, "time"));
  output("event", source.event_expression.empty()
                      ? sql::value(source.constant_event)
                      : read(source.event_expression, frame::Type::text));
  output("order_1", source.sequence_expression.empty()
                        ? sql::value(std::int64_t{0})
                        : sql::first_known({*sequence_of(table), sql::value(kEarliest)}));
  if (source.ingest_time)
    output("ingest_us", *instant_of(table, *source.ingest_time, all_times(), "ingest"));
  for (std::size_t i = 0; source.dedup && i < source.dedup->keys.size(); ++i)
    output(fmt::format("key_{}", i + 1), *key_of(table, source.dedup->keys[i]));
  for (const std::string& word : properties) {
    const auto property =
        std::find_if(source.properties.begin(), source.properties.end(),
                     [&](const engine::SourceProperty& one) { return one.name == word; });
    if (property == source.properties.end()) continue;
    output(property_name(table, word), read(property->expression, property->type));
  }
  return select;
}

sql::Expression counted(const EventTable& table) {
  std::vector<sql::Expression> all{sql::is_known(sql::column("unit")),
                                   sql::is_known(sql::column("time_us"))};
  const engine::Source& source = table.spec.source;
  if (source.max_skew_us && source.ingest_time) {
    const sql::Expression ingest = sql::column("ingest_us");
    all.push_back(
        sql::either({sql::is_missing(ingest),
                     sql::compare(Op::less_or_equal, sql::subtract(sql::column("time_us"), ingest),
                                  sql::value(*source.max_skew_us))}));
  }
  return sql::both(std::move(all));
}

sql::Input events_step(const EventTable& table, const Scan& scan, sql::Plan& plan) {
  sql::Select raw = received(table, scan.properties);
  if (scan.range) {
    if (auto parts = parts_of(table, *scan.range)) raw.where = std::move(*parts);
  }
  sql::Input received_rows = plan.add("received", std::move(raw));
  Conditions conditions = conditions_of(table, scan);
  conditions.before.insert(conditions.before.begin(), counted(table));
  const bool has_copies = table.spec.source.dedup.has_value();
  if (!has_copies) {
    conditions.before.insert(conditions.before.end(), conditions.after.begin(),
                             conditions.after.end());
  }
  const std::vector<std::string> columns = columns_of(table, scan);
  sql::Select rows = pass(columns, std::move(received_rows), std::move(conditions.before));
  for (std::size_t i = 0; i < scan.told.size(); ++i) rows.outputs[i + 3] = scan.told[i];
  if (scan.units) rows.from.push_back(units_meant(table, *scan.units, plan));
  if (!has_copies) return plan.add("events", std::move(rows));
  sql::Input numbered = numbered_step(table, scan, conditions, std::move(rows), plan);
  std::vector<sql::Expression> kept{sql::negate(is_copy(table))};
  kept.insert(kept.end(), conditions.after.begin(), conditions.after.end());
  return plan.add("events", pass(columns, std::move(numbered), std::move(kept)));
}

}  // namespace assay::distributed
