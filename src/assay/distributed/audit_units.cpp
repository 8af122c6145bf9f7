#include <fmt/core.h>

#include <limits>
#include <utility>

#include "assay/distributed/audit_counts.hpp"
#include "assay/distributed/detail/audit_parts.hpp"
#include "assay/distributed/detail/column_reading.hpp"
#include "assay/distributed/detail/query_parts.hpp"
#include "assay/distributed/detail/received_step.hpp"

namespace assay::distributed {
namespace {

using sql::Expression;
using sql::Op;

constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLongestGapUs = 6 * kHourUs;

Expression col(std::string name) { return sql::column(std::move(name)); }
Expression number(std::int64_t value) { return sql::value(value); }

Expression day_of(const AuditScope& scope, Expression time_us) {
  return local_day(std::move(time_us), scope.timezone, span_of(scope.table));
}

Expression real(Expression value) { return sql::cast(std::move(value), sql::Type::float64); }

/// One row a unit: how many events on how many active days.
sql::Input loads_step(const AuditScope& scope, sql::Plan& plan) {
  sql::Select loads;
  loads.from = {usable_step(scope, {}, plan)};
  loads.outputs = {{"unit", col("unit")},
                   {"events", sql::count_rows()},
                   {"days", sql::aggregate(Op::count_distinct, day_of(scope, col("time_us")))}};
  loads.group_by = {col("unit")};
  return plan.add("loads", std::move(loads));
}

/// Rows with the time of the row before: of the unit, or of the unit and event.
sql::Window window_of(const std::vector<std::string>& partition, std::vector<Expression> order) {
  sql::Window window;
  for (const std::string& name : partition) window.partition.push_back(col(name));
  for (Expression& key : order) window.order.push_back({std::move(key), false});
  return window;
}

}  // namespace

Result<frame::Table> ask(const AuditScope& scope, const sql::Plan& plan, std::string_view kind) {
  ASSAY_TRY(const std::string statement,
            scope.connection.dialect().statement(plan, fmt::format("assay {}", kind)));
  ASSAY_TRY(warehouse::Answer answer, scope.connection.query(statement, scope.progress));
  if (scope.costs != nullptr) scope.costs->push_back(answer.cost);
  return std::move(answer.rows);
}

std::optional<std::string> text_in(const frame::Table& rows, std::string_view column,
                                   std::size_t row) {
  const frame::Column* found = rows.find(column);
  if (found == nullptr || found->type != frame::Type::text || found->is_null(row))
    return std::nullopt;
  return found->dictionary[found->codes[row]];
}

TimeRange span_of(const EventTable& table) {
  return table.span.begin < table.span.end ? table.span : all_times();
}

sql::Input usable_step(const AuditScope& scope, const std::vector<std::string>& properties,
                       sql::Plan& plan) {
  sql::Select raw = received(scope.table, properties);
  std::vector<sql::Output> outputs;
  for (const sql::Output& output : raw.outputs) outputs.push_back({output.name, col(output.name)});
  sql::Select usable;
  usable.from = {plan.add("received", std::move(raw))};
  usable.outputs = std::move(outputs);
  usable.where = sql::both({sql::is_known(col("unit")), sql::is_known(col("time_us"))});
  return plan.add("usable", std::move(usable));
}

Result<OrderCounts> audit_order(const AuditScope& scope, RowOrder order) {
  sql::Plan plan;
  const bool arrival = order == RowOrder::arrival;
  sql::Select pairs;
  pairs.from = {usable_step(scope, {}, plan)};
  const Expression key =
      arrival ? sql::first_known({col("ingest_us"), number(kLatest)}) : col("order_1");
  const sql::Window window = window_of({"unit"}, {key, col("time_us")});
  pairs.outputs = {{"time_us", col("time_us")},
                   {"before", sql::previous(col("time_us"), window)},
                   {"key", key},
                   {"key_before", sql::previous(key, window)}};
  const sql::Input rows = plan.add("pairs", std::move(pairs));
  sql::Select counts;
  counts.from = {rows};
  counts.outputs = {
      {"n", sql::count_rows()},
      {"inverted", sql::count_rows(sql::compare(Op::less, col("time_us"), col("before")))},
      {"ties", sql::count_rows(sql::compare(Op::equal, col("key"), col("key_before")))}};
  plan.result = {std::move(counts)};
  ASSAY_TRY(const frame::Table found, ask(scope, plan, "audit order"));
  OrderCounts answer;
  ASSAY_TRY(answer.rows, whole_at(found, "n", 0));
  ASSAY_TRY(answer.inverted, whole_at(found, "inverted", 0));
  ASSAY_TRY(answer.ties, whole_at(found, "ties", 0));
  if (arrival) answer.ties = 0;
  return answer;
}

Result<RepeatCounts> audit_repeats(const AuditScope& scope, std::int64_t gap_us) {
  sql::Plan plan;
  sql::Select pairs;
  pairs.from = {usable_step(scope, {}, plan)};
  const sql::Window window = window_of({"unit", "event"}, {col("time_us")});
  pairs.outputs = {{"gap", sql::subtract(col("time_us"), sql::previous(col("time_us"), window))}};
  const sql::Input rows = plan.add("pairs", std::move(pairs));
  sql::Select counts;
  counts.from = {rows};
  counts.outputs = {
      {"n", sql::count_rows()},
      {"repeats", sql::count_rows(sql::compare(Op::less_or_equal, col("gap"), number(gap_us)))}};
  plan.result = {std::move(counts)};
  ASSAY_TRY(const frame::Table found, ask(scope, plan, "audit repeats"));
  RepeatCounts answer;
  ASSAY_TRY(answer.rows, whole_at(found, "n", 0));
  ASSAY_TRY(answer.repeats, whole_at(found, "repeats", 0));
  return answer;
}

Result<std::vector<UnitLoad>> audit_unit_loads(const AuditScope& scope) {
  sql::Plan plan;
  sql::Select histogram;
  histogram.from = {loads_step(scope, plan)};
  histogram.outputs = {
      {"events", col("events")}, {"days", col("days")}, {"units", sql::count_rows()}};
  histogram.group_by = {col("events"), col("days")};
  plan.result = {std::move(histogram)};
  ASSAY_TRY(const frame::Table found, ask(scope, plan, "audit unit loads"));
  std::vector<UnitLoad> loads(found.rows());
  for (std::size_t row = 0; row < found.rows(); ++row) {
    ASSAY_TRY(loads[row].events, whole_at(found, "events", row));
    ASSAY_TRY(loads[row].days, whole_at(found, "days", row));
    ASSAY_TRY(loads[row].units, whole_at(found, "units", row));
  }
  return loads;
}

Result<Busy> audit_busy_units(const AuditScope& scope, const BusyQuery& query) {
  sql::Plan plan;
  sql::Select heavy;
  heavy.from = {loads_step(scope, plan)};
  heavy.outputs = {{"unit", col("unit")}};
  heavy.where = sql::compare(Op::greater, real(col("events")),
                             sql::multiply(sql::value(query.per_day), real(col("days"))));
  sql::Input chosen = plan.add("heavy", std::move(heavy));
  sql::Select gaps;
  sql::Input events = {std::nullopt, "usable", "usable", {}, {}};
  chosen.join = sql::JoinKind::inner;
  chosen.alias = "heavy";
  chosen.on = sql::compare(Op::equal, sql::column("heavy", "unit"), sql::column("usable", "unit"));
  gaps.from = {events, chosen};
  const Expression time = sql::column("usable", "time_us");
  sql::Window window;
  window.partition = {sql::column("usable", "unit")};
  window.order = {{time, false}};
  gaps.outputs = {{"unit", sql::column("usable", "unit")},
                  {"hour", sql::floor_divide(time, kHourUs)},
                  {"utc_day", sql::floor_divide(time, kDayUs)},
                  {"gap", sql::subtract(time, sql::previous(time, window))}};
  const sql::Input rows = plan.add("gaps", std::move(gaps));
  sql::Select shapes;
  shapes.from = {rows};
  const Expression gap = real(col("gap"));
  const Expression is_short = sql::compare(Op::less, col("gap"), number(kLongestGapUs));
  shapes.outputs = {{"events", sql::count_rows()},
                    {"mean", sql::aggregate(Op::average, gap, is_short)},
                    {"spread", sql::covariance(gap, gap, is_short)},
                    {"hours", sql::aggregate(Op::count_distinct, col("hour"))},
                    {"days", sql::aggregate(Op::count_distinct, col("utc_day"))}};
  shapes.group_by = {col("unit")};
  const sql::Input units = plan.add("shapes", std::move(shapes));
  sql::Select counts;
  counts.from = {units};
  const Expression allowed = sql::multiply(sql::value(query.even_cv), col("mean"));
  const Expression even = sql::certainly(sql::either(
      {sql::compare(Op::less, col("spread"), sql::multiply(allowed, allowed)),
       sql::compare(Op::greater_or_equal, real(col("hours")),
                    sql::multiply(sql::value(query.sleepless_hours), real(col("days"))))}));
  const Expression uneven = sql::negate(even);
  const auto events_of = [&](const Expression& which) {
    return sql::first_known({sql::aggregate(Op::sum, col("events"), which), number(0)});
  };
  counts.outputs = {{"even_units", sql::count_rows(even)},
                    {"even_events", events_of(even)},
                    {"uneven_units", sql::count_rows(uneven)},
                    {"uneven_events", events_of(uneven)}};
  plan.result = {std::move(counts)};
  ASSAY_TRY(const frame::Table found, ask(scope, plan, "audit busy units"));
  Busy answer;
  ASSAY_TRY(answer.even.units, whole_at(found, "even_units", 0));
  ASSAY_TRY(answer.even.events, whole_at(found, "even_events", 0));
  ASSAY_TRY(answer.uneven.units, whole_at(found, "uneven_units", 0));
  ASSAY_TRY(answer.uneven.events, whole_at(found, "uneven_events", 0));
  return answer;
}

Result<UnitDays> audit_unit_days(const AuditScope& scope, double most) {
  sql::Plan plan;
  sql::Select days;
  days.from = {usable_step(scope, {}, plan)};
  days.outputs = {{"n", sql::count_rows()}};
  days.group_by = {col("unit"), day_of(scope, col("time_us"))};
  const sql::Input rows = plan.add("unit_days", std::move(days));
  sql::Select counts;
  counts.from = {rows};
  counts.outputs = {
      {"days", sql::count_rows()},
      {"over", sql::count_rows(sql::compare(Op::greater, real(col("n")), sql::value(most)))}};
  plan.result = {std::move(counts)};
  ASSAY_TRY(const frame::Table found, ask(scope, plan, "audit unit days"));
  UnitDays answer;
  ASSAY_TRY(answer.days, whole_at(found, "days", 0));
  ASSAY_TRY(answer.over, whole_at(found, "over", 0));
  return answer;
}

Result<Compliance> audit_implication(const AuditScope& scope, const Implication& rule) {
  sql::Plan plan;
  std::vector<std::string> words;
  add_words(rule.if_event, words);
  add_words(rule.then_event, words);
  sql::Select instants;
  instants.from = {usable_step(scope, words, plan)};
  const Expression is_then = flag(rule.then_event, scope.table);
  instants.outputs = {{"unit", col("unit")},
                      {"time_us", col("time_us")},
                      {"asking", sql::count_rows(flag(rule.if_event, scope.table))},
                      {"answer_us", sql::aggregate(Op::maximum, col("time_us"), is_then)}};
  instants.group_by = {col("unit"), col("time_us")};
  const sql::Input rows = plan.add("instants", std::move(instants));
  // Times of one unit are distinct here, so running extremes settle ties of the instant too.
  sql::Select nearest;
  nearest.from = {rows};
  sql::Window window;
  window.partition = {col("unit")};
  window.order = {{col("time_us"), !rule.before}};
  const Op extreme = rule.before ? Op::maximum : Op::minimum;
  nearest.outputs = {{"time_us", col("time_us")},
                     {"asking", col("asking")},
                     {"near", sql::over(sql::aggregate(extreme, col("answer_us")), window)}};
  const sql::Input found_near = plan.add("nearest", std::move(nearest));
  Expression complies = sql::is_known(col("near"));
  if (rule.within_us) {
    const Expression distance = rule.before ? sql::subtract(col("time_us"), col("near"))
                                            : sql::subtract(col("near"), col("time_us"));
    complies = sql::certainly(sql::compare(Op::less_or_equal, distance, number(*rule.within_us)));
  }
  sql::Select counts;
  counts.from = {found_near};
  const auto sum = [&](Expression filter) {
    return sql::first_known({sql::aggregate(Op::sum, col("asking"), std::move(filter)), number(0)});
  };
  counts.outputs = {{"events", sum(nullptr)}, {"broken", sum(sql::negate(complies))}};
  plan.result = {std::move(counts)};
  ASSAY_TRY(const frame::Table found, ask(scope, plan, "audit implication"));
  Compliance answer;
  ASSAY_TRY(answer.events, whole_at(found, "events", 0));
  ASSAY_TRY(answer.broken, whole_at(found, "broken", 0));
  return answer;
}

}  // namespace assay::distributed
