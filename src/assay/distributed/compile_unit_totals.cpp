#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/distributed/detail/query_parts.hpp"

namespace assay::distributed {
namespace {

using engine::Term;
using engine::UnitMetric;

std::string column_name(std::string_view what, std::size_t metric, bool is_denominator) {
  return fmt::format("{}_{}_{}", what, is_denominator ? "d" : "y", metric);
}

MomentColumns moment_columns(const engine::UnitTotalsQuery& query, std::size_t i,
                             const Shifts& shifts) {
  const UnitMetric& metric = query.metrics[i];
  sql::Expression numerator = sql::column(fmt::format("y_{}", i));
  if (metric.cap_value) numerator = sql::least({numerator, sql::value(*metric.cap_value)});
  MomentColumns columns{fmt::format("m{}", i), {std::move(numerator)}, {}, shifts_of(shifts, i)};
  if (metric.denominator) columns.variables.push_back(sql::column(fmt::format("d_{}", i)));
  return columns;
}

/// Calls back with every term of the query.
template <class Use>
void for_each_term(const engine::UnitTotalsQuery& query, const Use& use) {
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    use(i, false, query.metrics[i].numerator);
    if (query.metrics[i].denominator) use(i, true, *query.metrics[i].denominator);
  }
}

sql::Input flagged_step(const engine::UnitTotalsQuery& query, const EventTable& table,
                        sql::Plan& plan) {
  Scan scan;
  scan.range = query.period;
  add_words(query.active, scan.properties);
  std::vector<const engine::EventSelector*> selectors{&query.active};
  sql::Select flagged;
  flagged.outputs = {{"unit", sql::column("unit")},
                     {"day", local_day(sql::column("time_us"), query.timezone, query.period)},
                     {"is_active", flag(query.active, table)}};
  for_each_term(query, [&](std::size_t i, bool is_denominator, const Term& term) {
    add_words(term, scan.properties);
    selectors.push_back(&term.event);
    flagged.outputs.push_back({column_name("meant", i, is_denominator), flag(term.event, table)});
    flagged.outputs.push_back(
        {column_name("value", i, is_denominator), value_of_term(term, table)});
  });
  scan.where = met_by_any(selectors, table);
  flagged.from = {events_step(table, scan, plan)};
  return plan.add("flagged", std::move(flagged));
}

/// Metrics folded over the events of each unit, or of each unit and day; then moments over those.
sql::Plan totals_plan(const engine::UnitTotalsQuery& query, const EventTable& table,
                      const Shifts& shifts, bool by_day) {
  sql::Plan plan;
  sql::Select totals;
  totals.from = {flagged_step(query, table, plan)};
  totals.group_by = {sql::column("unit")};
  if (by_day) totals.group_by.push_back(sql::column("day"));
  totals.outputs = {{"unit", sql::column("unit")}};
  if (by_day) totals.outputs.push_back({"day", sql::column("day")});
  for_each_term(query, [&](std::size_t i, bool is_denominator, const Term& term) {
    totals.outputs.push_back(
        {fmt::format("{}_{}", is_denominator ? "d" : "y", i),
         fold(term, sql::column(column_name("meant", i, is_denominator)),
              sql::column(column_name("value", i, is_denominator)), sql::column("day"))});
  });
  totals.having = sql::aggregate(sql::Op::any, sql::column("is_active"));

  sql::Select result;
  result.from = {plan.add("totals", std::move(totals))};
  if (by_day) {
    result.group_by = {sql::column("day")};
    result.outputs = {{"day", sql::column("day")}};
  }
  result.outputs.push_back({"units", sql::count_rows()});
  for (std::size_t i = 0; i < query.metrics.size(); ++i)
    add_moments(moment_columns(query, i, shifts), result);
  plan.result = {std::move(result)};
  return plan;
}

/// The whole span of a series as one period.
engine::UnitTotalsQuery whole_span(const engine::SeriesQuery& query) {
  const TimeZone& zone = query.timezone;
  const TimeRange span{zone.day_start(query.first_day), zone.day_start(query.last_day + 1)};
  return {query.active, span, zone, query.metrics};
}

Result<std::vector<engine::MetricMoments>> moments_at(const engine::UnitTotalsQuery& query,
                                                      const frame::Table& rows, std::size_t row,
                                                      const Shifts& shifts) {
  std::vector<engine::MetricMoments> all;
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    ASSAY_TRY(numerics::CoMoments moments,
              read_moments(rows, row, moment_columns(query, i, shifts)));
    all.push_back(std::move(moments));
  }
  return all;
}

}  // namespace

Result<sql::Plan> compile(const engine::UnitTotalsQuery& query, const EventTable& table,
                          const Shifts& shifts) {
  return totals_plan(query, table, shifts, false);
}

Result<engine::UnitTotals> decode(const engine::UnitTotalsQuery& query, const frame::Table& rows,
                                  const Shifts& shifts) {
  engine::UnitTotals answer;
  ASSAY_TRY(answer.units, whole_at(rows, "units", 0));
  ASSAY_TRY(answer.moments, moments_at(query, rows, 0, shifts));
  return answer;
}

Result<sql::Plan> compile(const engine::SeriesQuery& query, const EventTable& table,
                          const Shifts& shifts) {
  return totals_plan(whole_span(query), table, shifts, true);
}

Result<engine::Series> decode(const engine::SeriesQuery& query, const frame::Table& rows,
                              const Shifts& shifts) {
  engine::UnitTotals none;
  for (const UnitMetric& metric : query.metrics)
    none.moments.emplace_back(metric.denominator ? std::size_t{2} : std::size_t{1});
  engine::Series answer{query.first_day, {}};
  answer.days.assign(static_cast<std::size_t>(query.last_day - query.first_day + 1), none);
  const engine::UnitTotalsQuery totals = whole_span(query);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(const std::int64_t day, whole_at(rows, "day", row));
    if (day < query.first_day || day > query.last_day)
      return fail(ErrorCode::internal,
                  fmt::format("the engine answers for day {}, which was not asked", day));
    engine::UnitTotals& of_day = answer.days[static_cast<std::size_t>(day - query.first_day)];
    ASSAY_TRY(of_day.units, whole_at(rows, "units", row));
    ASSAY_TRY(of_day.moments, moments_at(totals, rows, row, shifts));
  }
  return answer;
}

Shifts shifts_for(const engine::UnitTotals& answer) {
  if (std::none_of(answer.moments.begin(), answer.moments.end(), needs_shift)) return {};
  Shifts shifts;
  for (const engine::MetricMoments& moments : answer.moments) shifts.push_back(moments.mean);
  return shifts;
}

Shifts shifts_for(const engine::Series& answer) {
  engine::UnitTotals all;
  bool needed = false;
  for (const engine::UnitTotals& day : answer.days) {
    if (all.moments.empty()) all = day;
    needed |= std::any_of(day.moments.begin(), day.moments.end(), needs_shift);
    if (&day == &answer.days.front()) continue;
    for (std::size_t m = 0; m < all.moments.size(); ++m) all.moments[m].merge(day.moments[m]);
  }
  Shifts shifts;
  if (!needed) return shifts;
  for (const engine::MetricMoments& moments : all.moments) shifts.push_back(moments.mean);
  return shifts;
}

}  // namespace assay::distributed
