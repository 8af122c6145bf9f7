#include <fmt/core.h>

#include "assay/engine/sql.hpp"

namespace assay::engine {

Statement to_sql(const ActiveUsersQuery& query, const Source& source) {
  const std::string day = local_day_sql("time_us", query.timezone);
  Statement statement;
  statement.with.push_back(
      {"span", fmt::format("SELECT min({0}) AS first_day, max({0}) AS last_day FROM events", day)});
  statement.with.push_back(
      {"days", "SELECT unnest(range(first_day, last_day + 1)) AS day FROM span"});
  statement.with.push_back(
      {"active", fmt::format("SELECT DISTINCT unit, {} AS day FROM events WHERE {}", day,
                             to_sql(query.event, source))});
  statement.with.push_back(
      {"counted", fmt::format("SELECT DISTINCT unit, day + later AS day FROM active, range({}) "
                              "AS further(later)",
                              query.trailing_days)});
  statement.select =
      "SELECT days.day AS day, count(counted.unit) AS units FROM days LEFT JOIN counted "
      "ON counted.day = days.day GROUP BY days.day ORDER BY days.day";
  return statement;
}

}  // namespace assay::engine
