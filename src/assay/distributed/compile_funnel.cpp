#include <fmt/core.h>

#include <utility>

#include "assay/distributed/detail/query_parts.hpp"
#include "assay/distributed/funnel_plan.hpp"

namespace assay::distributed {
namespace {

MomentColumns moment_columns(const Shifts& shifts) {
  const sql::Expression taken = sql::column("taken_us");
  return {"m",
          {sql::divide(sql::cast(taken, sql::Type::float64), sql::value(1e6))},
          sql::is_known(taken),
          shifts_of(shifts, 0)};
}

}  // namespace

Result<sql::Plan> compile(const engine::FunnelQuery& query, const EventTable& table,
                          const Shifts& shifts) {
  ASSAY_TRY(const FunnelClasses classes, funnel_classes(query.steps));
  sql::Plan plan;
  Scan scan;
  scan.range = query.period;
  FunnelEvents events;
  sql::Select flagged;
  flagged.outputs = {{"unit", sql::column("unit")}, {"time_us", sql::column("time_us")}};
  std::vector<const engine::EventSelector*> selectors;
  for (const std::size_t step : classes.step_of) {
    add_words(query.steps[step], scan.properties);
    selectors.push_back(&query.steps[step]);
    events.flags.push_back(fmt::format("meets_{}", step + 1));
    flagged.outputs.push_back({events.flags.back(), flag(query.steps[step], table)});
  }
  scan.where = met_by_any(selectors, table);
  flagged.from = {events_step(table, scan, plan)};
  events.rows = plan.add("flagged", std::move(flagged));

  sql::Select result;
  result.outputs = {{"depth", sql::column("depth")}, {"units", sql::count_rows()}};
  add_moments(moment_columns(shifts), result);
  result.from = {add_funnel(events, classes, query.window_us, "funnel_", plan)};
  result.group_by = {sql::column("depth")};
  plan.result = {std::move(result)};
  plan.order = {{sql::column("depth"), false}};
  return plan;
}

Result<engine::FunnelCounts> decode(const engine::FunnelQuery& query, const frame::Table& rows,
                                    const Shifts& shifts) {
  engine::FunnelCounts answer;
  answer.reached.assign(query.steps.size(), 0);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(const std::int64_t depth, whole_at(rows, "depth", row));
    ASSAY_TRY(const std::int64_t units, whole_at(rows, "units", row));
    if (depth > static_cast<std::int64_t>(query.steps.size()))
      return fail(ErrorCode::internal, "the answer has a depth beyond the last step");
    for (std::int64_t step = 0; step < depth; ++step)
      answer.reached[static_cast<std::size_t>(step)] += units;
  }
  ASSAY_TRY(const numerics::CoMoments moments, read_all_moments(rows, moment_columns(shifts)));
  if (moments.n > 0) answer.time_to_convert = moments.marginal(0);
  return answer;
}

Shifts shifts_for(const engine::FunnelCounts& answer) {
  numerics::CoMoments taken(1);
  taken.n = answer.time_to_convert.n;
  taken.mean = {answer.time_to_convert.mean};
  taken.comoment = {answer.time_to_convert.m2};
  return needs_shift(taken) ? Shifts{taken.mean} : Shifts{};
}

}  // namespace assay::distributed
