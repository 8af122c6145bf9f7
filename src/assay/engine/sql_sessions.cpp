#include <fmt/core.h>

#include "assay/engine/sql.hpp"

namespace assay::engine {

Statement to_sql(const SessionsQuery& query, const Source& source) {
  Statement statement;
  statement.with.push_back(
      {"marked",
       fmt::format("SELECT unit, time_us, ordinal, coalesce(time_us - lag(time_us) OVER (PARTITION "
                   "BY unit ORDER BY ordinal) > {}, true) AS begins FROM events WHERE {}",
                   query.gap_us, to_sql(query.event, source))});
  statement.with.push_back(
      {"numbered",
       "SELECT unit, time_us, count(*) FILTER (WHERE begins) OVER (PARTITION BY unit ORDER BY "
       "ordinal) AS session FROM marked"});
  statement.with.push_back(
      {"sessions",
       "SELECT unit, min(time_us) AS began, max(time_us) AS ended, count(*) AS depth FROM numbered "
       "GROUP BY unit, session"});
  statement.select =
      fmt::format("SELECT unit, {} AS day, (ended - began) / 1e6 AS length, depth FROM sessions",
                  local_day_sql("began", query.timezone));
  return statement;
}

}  // namespace assay::engine
