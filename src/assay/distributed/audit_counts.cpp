#include "assay/distributed/audit_counts.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/distributed/detail/audit_parts.hpp"
#include "assay/distributed/detail/column_reading.hpp"
#include "assay/distributed/detail/query_parts.hpp"
#include "assay/distributed/detail/received_step.hpp"

namespace assay::distributed {
namespace {

using sql::Expression;
using sql::Op;

Expression col(std::string name) { return sql::column(std::move(name)); }
Expression number(std::int64_t value) { return sql::value(value); }

Expression more(Expression a, std::int64_t limit) {
  return sql::compare(Op::greater, std::move(a), number(limit));
}

void count_where(sql::Select& select, std::string name, Expression condition) {
  select.outputs.push_back({std::move(name), sql::count_rows(std::move(condition))});
}

void add_lateness(sql::Select& cells, const AuditCellsQuery& query) {
  const Expression late = sql::subtract(col("ingest_us"), col("time_us"));
  const Expression ahead = sql::subtract(col("time_us"), col("ingest_us"));
  count_where(cells, "late_hour", more(late, kHourUs));
  count_where(cells, "late_day", more(late, kDayUs));
  count_where(cells, "late_watermark", more(late, query.watermark_us));
  for (std::size_t i = 0; i < query.late_over_us.size(); ++i)
    count_where(cells, fmt::format("late_rule_{}", i), more(late, query.late_over_us[i]));
  count_where(cells, "ahead", more(ahead, 0));
  count_where(cells, "ahead_beyond", more(ahead, query.max_skew_us));
  count_where(cells, "quarantined",
              sql::both({sql::is_known(col("unit")), more(ahead, query.max_skew_us)}));
  count_where(cells, "no_ingest", sql::is_missing(col("ingest_us")));
  count_where(cells, "both_times",
              sql::both({sql::is_known(col("ingest_us")), sql::is_known(col("time_us"))}));
  cells.outputs.push_back({"latest_us", sql::aggregate(Op::maximum, late)});
  cells.outputs.push_back({"most_ahead_us", sql::aggregate(Op::maximum, ahead)});
}

std::string raw_name(std::size_t i) { return fmt::format("raw_{}", i); }
std::string read_name(std::size_t i) { return fmt::format("read_{}", i); }
std::string number_name(std::size_t i) { return fmt::format("number_{}", i); }

/// Adds the columns asked about, as they lie and as they read.
Result<void> read_columns(const EventTable& table, const AuditCellsQuery& query,
                          sql::Select& rows) {
  for (std::size_t i = 0; i < query.columns.size(); ++i) {
    const AuditColumn& column = query.columns[i];
    rows.outputs.push_back({raw_name(i), col(column.column)});
    if (column.reads_as) {
      ASSAY_TRY(Expression value, value_of(table, column.column, *column.reads_as, column.column));
      rows.outputs.push_back({read_name(i), std::move(value)});
    }
    if (!column.ranged) continue;
    ASSAY_TRY(Expression value,
              value_of(table, column.column, frame::Type::float64, column.column));
    rows.outputs.push_back({number_name(i), std::move(value)});
  }
  return {};
}

void add_measures(const AuditCellsQuery& query, sql::Select& cells) {
  for (std::size_t i = 0; i < query.columns.size(); ++i) {
    const AuditColumn& column = query.columns[i];
    const Expression read = col(column.reads_as ? read_name(i) : raw_name(i));
    cells.outputs.push_back({fmt::format("present_{}", i), sql::aggregate(Op::count, read)});
    if (column.reads_as) {
      count_where(cells, fmt::format("bad_{}", i),
                  sql::both({sql::is_known(col(raw_name(i))), sql::is_missing(read)}));
    }
    if (!column.ranged) continue;
    const Expression value = col(number_name(i));
    const Expression negative = sql::compare(Op::less, value, sql::value(0.0));
    const auto sum = [&](Expression what, Expression filter) {
      return sql::first_known(
          {sql::aggregate(Op::sum, std::move(what), std::move(filter)), sql::value(0.0)});
    };
    count_where(cells, fmt::format("negative_{}", i), negative);
    cells.outputs.push_back({fmt::format("negative_sum_{}", i), sum(value, negative)});
    cells.outputs.push_back({fmt::format("sum_{}", i), sum(value, nullptr)});
    cells.outputs.push_back({fmt::format("min_{}", i), sql::aggregate(Op::minimum, value)});
    cells.outputs.push_back({fmt::format("max_{}", i), sql::aggregate(Op::maximum, value)});
  }
}

/// Whether the time column holds something that does not read as a time.
Expression bad_time() {
  return sql::both({sql::is_missing(col("time_us")), sql::is_known(col("raw_time"))});
}

}  // namespace

Result<frame::Table> audit_cells(const AuditScope& scope, const AuditCellsQuery& query) {
  const EventTable& table = scope.table;
  sql::Plan plan;
  sql::Select rows = received(table, {});
  rows.outputs.push_back({"raw_time", col(table.spec.source.event_time.expression)});
  ASSAY_CHECK(read_columns(table, query, rows));
  const sql::Input received_rows = plan.add("received", std::move(rows));

  sql::Select cells;
  cells.from = {received_rows};
  const Expression day = local_day(col("time_us"), scope.timezone, span_of(table));
  cells.outputs = {{"event", col("event")}, {"day", day}, {"rows", sql::count_rows()}};
  cells.group_by = {col("event"), day};
  cells.outputs.push_back({"first_us", sql::aggregate(Op::minimum, col("time_us"))});
  cells.outputs.push_back({"last_us", sql::aggregate(Op::maximum, col("time_us"))});
  count_where(cells, "no_unit", sql::is_missing(col("unit")));
  count_where(cells, "no_time", sql::is_missing(col("time_us")));
  count_where(cells, "bad_time", bad_time());
  count_where(cells, "no_event", sql::is_missing(col("event")));
  count_where(cells, "usable",
              sql::both({sql::is_known(col("unit")), sql::is_known(col("time_us"))}));
  count_where(cells, "after_now", more(col("time_us"), query.now));
  if (table.spec.source.ingest_time) add_lateness(cells, query);
  add_measures(query, cells);
  plan.result = {std::move(cells)};
  return ask(scope, plan, "audit cells");
}

Result<CopyCounts> audit_copies(const AuditScope& scope) {
  const engine::Source& source = scope.table.spec.source;
  sql::Plan plan;
  const sql::Input rows = plan.add("received", received(scope.table, {}));
  sql::Select groups;
  groups.from = {rows};
  groups.outputs = {{"event", sql::aggregate(Op::minimum, col("event"))},
                    {"copies", sql::subtract(sql::count_rows(), number(1))}};
  groups.group_by = {col("unit")};
  std::vector<Expression> known;
  for (std::size_t i = 1; i <= source.dedup->keys.size(); ++i) {
    groups.group_by.push_back(col(fmt::format("key_{}", i)));
    known.push_back(sql::is_known(groups.group_by.back()));
  }
  groups.where = sql::both({counted(scope.table), sql::either(std::move(known))});
  groups.having = more(sql::count_rows(), 1);
  const sql::Input copied = plan.add("copied", std::move(groups));
  sql::Select by_event;
  by_event.from = {copied};
  by_event.outputs = {{"event", col("event")}, {"copies", sql::aggregate(Op::sum, col("copies"))}};
  by_event.group_by = {col("event")};
  plan.result = {std::move(by_event)};
  ASSAY_TRY(const frame::Table found, ask(scope, plan, "audit copies"));
  CopyCounts counts;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    ASSAY_TRY(const std::int64_t copies, whole_at(found, "copies", row));
    counts.total += copies;
    if (const auto event = text_in(found, "event", row)) counts.by_event[*event] += copies;
  }
  return counts;
}

Result<std::int64_t> audit_outside(const AuditScope& scope, const std::string& column,
                                   std::optional<double> minimum, std::optional<double> maximum) {
  ASSAY_TRY(const Expression value, value_of(scope.table, column, frame::Type::float64, column));
  std::vector<Expression> outside;
  if (minimum) outside.push_back(sql::compare(Op::less, value, sql::value(*minimum)));
  if (maximum) outside.push_back(sql::compare(Op::greater, value, sql::value(*maximum)));
  sql::Plan plan;
  sql::Select select;
  select.from.push_back({scope.table.spec.table, {}, "source", {}, {}});
  select.outputs = {{"n", sql::count_rows(sql::either(std::move(outside)))}};
  plan.result = {std::move(select)};
  ASSAY_TRY(const frame::Table found, ask(scope, plan, "audit range"));
  return whole_at(found, "n", 0);
}

}  // namespace assay::distributed
