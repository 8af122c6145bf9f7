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
  std::vector<sql::Expression> any{flag(query.active, table)};
  sql::Select flagged;
  flagged.outputs = {{"unit", sql::column("unit")},
                     {"day", local_day(sql::column("time_us"), query.timezone, query.period)},
                     {"is_active", any.front()}};
  for_each_term(query, [&](std::size_t i, bool is_denominator, const Term& term) {
    add_words(term, scan.properties);
    any.push_back(flag(term.event, table));
    flagged.outputs.push_back({column_name("meant", i, is_denominator), any.back()});
    flagged.outputs.push_back(
        {column_name("value", i, is_denominator), value_of_term(term, table)});
  });
  scan.where = sql::either(std::move(any));
  flagged.from = {events_step(table, scan, plan)};
  return plan.add("flagged", std::move(flagged));
}

}  // namespace

Result<sql::Plan> compile(const engine::UnitTotalsQuery& query, const EventTable& table,
                          const Shifts& shifts) {
  sql::Plan plan;
  sql::Select totals;
  totals.from = {flagged_step(query, table, plan)};
  totals.outputs = {{"unit", sql::column("unit")}};
  for_each_term(query, [&](std::size_t i, bool is_denominator, const Term& term) {
    totals.outputs.push_back(
        {fmt::format("{}_{}", is_denominator ? "d" : "y", i),
         fold(term, sql::column(column_name("meant", i, is_denominator)),
              sql::column(column_name("value", i, is_denominator)), sql::column("day"))});
  });
  totals.group_by = {sql::column("unit")};
  totals.having = sql::aggregate(sql::Op::any, sql::column("is_active"));

  sql::Select result;
  result.from = {plan.add("totals", std::move(totals))};
  result.outputs = {{"units", sql::count_rows()}};
  for (std::size_t i = 0; i < query.metrics.size(); ++i)
    add_moments(moment_columns(query, i, shifts), result);
  plan.result = {std::move(result)};
  return plan;
}

Result<engine::UnitTotals> decode(const engine::UnitTotalsQuery& query, const frame::Table& rows,
                                  const Shifts& shifts) {
  engine::UnitTotals answer;
  ASSAY_TRY(answer.units, whole_at(rows, "units", 0));
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    ASSAY_TRY(numerics::CoMoments moments, read_moments(rows, 0, moment_columns(query, i, shifts)));
    answer.moments.push_back(std::move(moments));
  }
  return answer;
}

Shifts shifts_for(const engine::UnitTotals& answer) {
  if (std::none_of(answer.moments.begin(), answer.moments.end(), needs_shift)) return {};
  Shifts shifts;
  for (const engine::MetricMoments& moments : answer.moments) shifts.push_back(moments.mean);
  return shifts;
}

}  // namespace assay::distributed
