#include <utility>

#include "assay/distributed/detail/query_parts.hpp"

namespace assay::distributed {
namespace {

using sql::Op;

/// How many of the trailing days that a meant day opens are new to the unit: those that the meant
/// day before does not cover. 0 for a day without a meant event.
sql::Expression fresh_days(int trailing_days) {
  const sql::Expression all = sql::value(std::int64_t{trailing_days});
  const sql::Expression since = sql::subtract(sql::column("day"), sql::column("before"));
  return sql::when({{sql::negate(sql::column("meant")), sql::value(std::int64_t{0})},
                    {sql::compare(Op::less, since, all), since}},
                   all);
}

}  // namespace

Result<sql::Plan> compile(const engine::ActiveUsersQuery& query, const EventTable& table,
                          const Shifts&) {
  sql::Plan plan;
  Scan scan;  // All events: the first and the last day may have none that is meant.
  add_words(query.event, scan.properties);
  sql::Select flagged;
  flagged.outputs = {{"unit", sql::column("unit")},
                     {"day", local_day(sql::column("time_us"), query.timezone, table.span)},
                     {"meant", flag(query.event, table)}};
  flagged.from = {events_step(table, scan, plan)};

  sql::Select unit_days;
  unit_days.outputs = {{"unit", sql::column("unit")},
                       {"day", sql::column("day")},
                       {"meant", sql::aggregate(Op::any, sql::column("meant"))}};
  unit_days.from = {plan.add("flagged", std::move(flagged))};
  unit_days.group_by = {sql::column("unit"), sql::column("day")};

  sql::Window days_before;
  days_before.partition = {sql::column("unit")};
  days_before.order = {{sql::column("day"), false}};
  days_before.before_current = true;
  const sql::Expression meant_day =
      sql::when({{sql::column("meant"), sql::column("day")}}, sql::missing(sql::Type::int64));
  sql::Select seen;
  seen.outputs = {
      {"day", sql::column("day")},
      {"meant", sql::column("meant")},
      {"before", sql::over(sql::aggregate(Op::maximum, meant_day), std::move(days_before))}};
  seen.from = {plan.add("unit_days", std::move(unit_days))};

  sql::Select fresh;
  fresh.outputs = {{"day", sql::column("day")}, {"fresh", fresh_days(query.trailing_days)}};
  fresh.from = {plan.add("seen", std::move(seen))};

  sql::Select result;
  result.outputs = {
      {"day", sql::column("day")}, {"fresh", sql::column("fresh")}, {"units", sql::count_rows()}};
  result.from = {plan.add("fresh_days", std::move(fresh))};
  result.group_by = {sql::column("day"), sql::column("fresh")};
  plan.result = {std::move(result)};
  plan.order = {{sql::column("day"), false}, {sql::column("fresh"), false}};
  return plan;
}

Result<engine::ActiveUsers> decode(const engine::ActiveUsersQuery& query, const frame::Table& rows,
                                   const Shifts&) {
  engine::ActiveUsers answer;
  if (rows.rows() == 0) return answer;
  ASSAY_TRY(const std::int64_t first, whole_at(rows, "day", 0));
  ASSAY_TRY(const std::int64_t last, whole_at(rows, "day", rows.rows() - 1));
  if (first > last) return fail(ErrorCode::internal, "the days of the answer are not in order");
  const auto days = static_cast<std::size_t>(last - first + 1);
  std::vector<std::int64_t> change(days + 1, 0);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(const std::int64_t day, whole_at(rows, "day", row));
    ASSAY_TRY(const std::int64_t fresh, whole_at(rows, "fresh", row));
    ASSAY_TRY(const std::int64_t units, whole_at(rows, "units", row));
    // The unit counts from here to the end of the trailing days.
    const auto end = static_cast<std::size_t>(day - first + query.trailing_days);
    const std::size_t begin = end - static_cast<std::size_t>(fresh);
    change[std::min(begin, days)] += units;
    change[std::min(end, days)] -= units;
  }
  answer.first_day = static_cast<Day>(first);
  std::int64_t now = 0;
  for (std::size_t day = 0; day < days; ++day) answer.units.push_back(now += change[day]);
  return answer;
}

Shifts shifts_for(const engine::ActiveUsers&) { return {}; }

}  // namespace assay::distributed
