#include <fmt/core.h>

#include "assay/engine/sql.hpp"

namespace assay::engine {

Statement to_sql(const RetentionQuery& query, const Source& source) {
  const std::string day = local_day_sql("time_us", query.timezone);
  const std::string meant = to_sql(query.start, source);
  Statement statement;
  statement.with.push_back(
      {"entries",
       query.entry == CohortEntry::first_time
           ? fmt::format("SELECT unit, min({}) AS cohort FROM events WHERE {} GROUP BY unit", day,
                         meant)
           : fmt::format("SELECT DISTINCT unit, {} AS cohort FROM events WHERE {}", day, meant)});
  statement.with.push_back(
      {"returns", fmt::format("SELECT DISTINCT unit, {} AS day FROM events WHERE {}", day,
                              to_sql(query.returning, source))});
  statement.select = fmt::format(
      "SELECT cohort, 0 AS k, count(*) AS units FROM entries GROUP BY cohort\n"
      "UNION ALL\n"
      "SELECT cohort, day - cohort AS k, count(*) AS units FROM entries JOIN returns USING (unit)\n"
      "WHERE day > cohort AND day - cohort <= {} GROUP BY ALL\n"
      "ORDER BY cohort, k",
      query.max_day);
  return statement;
}

}  // namespace assay::engine
