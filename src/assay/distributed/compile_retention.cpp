#include <algorithm>
#include <utility>

#include "assay/distributed/detail/query_parts.hpp"

namespace assay::distributed {
namespace {

using sql::Op;

/// unit, day, enters, returns: one row a unit and local day with a start or return event.
sql::Input unit_days(const engine::RetentionQuery& query, const EventTable& table,
                     sql::Plan& plan) {
  Scan scan;
  add_words(query.start, scan.properties);
  add_words(query.returning, scan.properties);
  const sql::Expression enters = flag(query.start, table);
  const sql::Expression returns = flag(query.returning, table);
  scan.where = met_by_any({&query.start, &query.returning}, table);
  sql::Select flagged;
  flagged.outputs = {{"unit", sql::column("unit")},
                     {"day", local_day(sql::column("time_us"), query.timezone, table.span)},
                     {"enters", enters},
                     {"returns", returns}};
  flagged.from = {events_step(table, scan, plan)};
  sql::Select days;
  days.outputs = {{"unit", sql::column("unit")},
                  {"day", sql::column("day")},
                  {"enters", sql::aggregate(Op::any, sql::column("enters"))},
                  {"returns", sql::aggregate(Op::any, sql::column("returns"))}};
  days.from = {plan.add("flagged", std::move(flagged))};
  days.group_by = {sql::column("unit"), sql::column("day")};
  return plan.add("unit_days", std::move(days));
}

/// Rows of a unit on the day it entered (k = 0) and on the days it returned.
sql::Expression in_cell(const sql::Expression& k, const sql::Expression& returns, int max_day) {
  return sql::either(
      {sql::compare(Op::equal, k, sql::value(std::int64_t{0})),
       sql::both({returns, sql::compare(Op::greater, k, sql::value(std::int64_t{0})),
                  sql::compare(Op::less_or_equal, k, sql::value(std::int64_t{max_day}))})});
}

/// cohort, k: one row a unit and cell. The first day on which a unit enters is the smallest seen so
/// far on every row from there on.
sql::Select first_entries(const sql::Input& days, int max_day, sql::Plan& plan) {
  sql::Window so_far;
  so_far.partition = {sql::column("unit")};
  so_far.order = {{sql::column("day"), false}};
  const sql::Expression entry_day =
      sql::when({{sql::column("enters"), sql::column("day")}}, sql::missing(sql::Type::int64));
  sql::Select entered;
  entered.outputs = {
      {"day", sql::column("day")},
      {"returns", sql::column("returns")},
      {"cohort", sql::over(sql::aggregate(Op::minimum, entry_day), std::move(so_far))}};
  entered.from = {days};
  const sql::Expression k = sql::subtract(sql::column("day"), sql::column("cohort"));
  sql::Select cells;
  cells.outputs = {{"cohort", sql::column("cohort")}, {"k", k}};
  cells.from = {plan.add("entered", std::move(entered))};
  cells.where = sql::both(
      {sql::is_known(sql::column("cohort")), in_cell(k, sql::column("returns"), max_day)});
  return cells;
}

/// The same for every day on which a unit enters.
sql::Select all_entries(const sql::Input& days, int max_day) {
  sql::Input entry = days;
  entry.alias = "entry";
  sql::Input later = days;
  later.alias = "later";
  later.join = sql::JoinKind::inner;
  later.on = sql::compare(Op::equal, sql::column("entry", "unit"), sql::column("later", "unit"));
  const sql::Expression cohort = sql::column("entry", "day");
  const sql::Expression k = sql::subtract(sql::column("later", "day"), cohort);
  sql::Select cells;
  cells.outputs = {{"cohort", cohort}, {"k", k}};
  cells.from = {entry, later};
  cells.where = sql::both(
      {sql::column("entry", "enters"), in_cell(k, sql::column("later", "returns"), max_day)});
  return cells;
}

}  // namespace

Result<sql::Plan> compile(const engine::RetentionQuery& query, const EventTable& table,
                          const Shifts&) {
  sql::Plan plan;
  const sql::Input days = unit_days(query, table, plan);
  sql::Select cells = query.entry == engine::CohortEntry::first_time
                          ? first_entries(days, query.max_day, plan)
                          : all_entries(days, query.max_day);
  sql::Select result;
  result.outputs = {
      {"cohort", sql::column("cohort")}, {"k", sql::column("k")}, {"units", sql::count_rows()}};
  result.from = {plan.add("cells", std::move(cells))};
  result.group_by = {sql::column("cohort"), sql::column("k")};
  plan.result = {std::move(result)};
  plan.order = {{sql::column("cohort"), false}, {sql::column("k"), false}};
  return plan;
}

Result<engine::RetentionTriangle> decode(const engine::RetentionQuery& query,
                                         const frame::Table& rows, const Shifts&) {
  engine::RetentionTriangle answer;
  answer.max_day = query.max_day;
  answer.last_complete_day = query.timezone.local_day(query.complete_until) - 1;
  if (rows.rows() == 0) return answer;
  ASSAY_TRY(const std::int64_t first, whole_at(rows, "cohort", 0));
  ASSAY_TRY(const std::int64_t last, whole_at(rows, "cohort", rows.rows() - 1));
  if (first > last) return fail(ErrorCode::internal, "the cohorts of the answer are not in order");
  answer.first_cohort = static_cast<Day>(first);
  const auto cohorts = static_cast<std::size_t>(last - first + 1);
  const auto width = static_cast<std::size_t>(query.max_day);
  answer.units.assign(cohorts, 0);
  answer.retained.assign(cohorts * width, 0);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(const std::int64_t day, whole_at(rows, "cohort", row));
    ASSAY_TRY(const std::int64_t k, whole_at(rows, "k", row));
    ASSAY_TRY(const std::int64_t units, whole_at(rows, "units", row));
    const auto cohort = static_cast<std::size_t>(day - first);
    if (k == 0) {
      answer.units[cohort] = units;
    } else {
      answer.retained[cohort * width + static_cast<std::size_t>(k - 1)] = units;
    }
  }
  return answer;
}

Shifts shifts_for(const engine::RetentionTriangle&) { return {}; }

}  // namespace assay::distributed
