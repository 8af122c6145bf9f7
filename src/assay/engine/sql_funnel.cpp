#include "assay/engine/sql_funnel.hpp"

#include <fmt/core.h>

namespace assay::engine {

// A state is (unit, start of the attempt, time of its last event, the events it used at that very
// instant). Of one start only the states with the earliest last event go on: all later events are
// free for them, so whatever a later state can reach they reach too. States that differ in the
// events used at the same instant all go on, so overlapping steps inside a tie are matched
// exactly.
void append_funnel(const FunnelSteps& funnel, Statement& statement) {
  for (std::size_t i = 0; i < funnel.steps.size(); ++i) {
    const std::string name = fmt::format("{}{}", funnel.prefix, i + 1);
    if (i == 0) {
      statement.with.push_back(
          {name, fmt::format("SELECT unit, time_us AS start, time_us AS time, [ordinal] AS used "
                             "FROM {} WHERE {}",
                             funnel.events, funnel.steps[i])});
      continue;
    }
    statement.with.push_back(
        {name,
         fmt::format(
             "SELECT DISTINCT state.unit AS unit, start, time_us AS time, CASE WHEN time_us > time "
             "THEN [ordinal] ELSE list_sort(list_append(used, ordinal)) END AS used\n"
             "  FROM {}{} AS state JOIN (SELECT unit, time_us, ordinal FROM {} WHERE {}) AS event\n"
             "  ON event.unit = state.unit AND time_us >= time AND time_us - start <= {}\n"
             "  WHERE NOT list_contains(used, ordinal)\n"
             "  QUALIFY time_us = min(time_us) OVER (PARTITION BY state.unit, start)",
             funnel.prefix, i, funnel.events, funnel.steps[i], funnel.window_us)});
  }
}

Statement to_sql(const FunnelQuery& query, const Source& source) {
  Statement statement;
  std::string inside = "true";
  if (query.period) {
    inside = fmt::format("time_us >= {} AND time_us < {}", query.period->begin, query.period->end);
  }
  statement.with.push_back({"inside", fmt::format("SELECT * FROM events WHERE {}", inside)});
  FunnelSteps funnel;
  funnel.prefix = "step_";
  funnel.events = "inside";
  funnel.window_us = query.window_us;
  for (const EventSelector& step : query.steps) funnel.steps.push_back(to_sql(step, source));
  append_funnel(funnel, statement);

  std::string depths;
  for (std::size_t i = 1; i <= query.steps.size(); ++i) {
    depths +=
        fmt::format("{}SELECT unit, {} AS depth FROM step_{}", i == 1 ? "" : " UNION ALL ", i, i);
  }
  statement.with.push_back(
      {"depths", fmt::format("SELECT unit, max(depth) AS depth FROM ({}) GROUP BY unit", depths)});
  // Earliest to finish, then latest to start.
  statement.with.push_back(
      {"finished", fmt::format("SELECT unit, min(time - start) AS taken FROM (SELECT * FROM "
                               "step_{} QUALIFY time = min(time) OVER (PARTITION BY unit)) GROUP "
                               "BY unit",
                               query.steps.size())});
  statement.select =
      "SELECT unit, depth, taken / 1e6 AS seconds FROM depths LEFT JOIN finished USING (unit)";
  return statement;
}

}  // namespace assay::engine
