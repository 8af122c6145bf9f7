#include <fmt/core.h>

#include "assay/engine/sql.hpp"
#include "assay/engine/sql_terms.hpp"

namespace assay::engine {
namespace {

/// The metrics folded over the rows of each `group` that holds an active event.
Statement folded(const UnitTotalsQuery& query, const Source& source, const std::string& group) {
  std::string flags =
      fmt::format("unit, {} AS day, {} AS is_active", local_day_sql("time_us", query.timezone),
                  flag_sql(to_sql(query.active, source)));
  std::string folds = group;
  const auto add = [&](char name, std::size_t i, const Term& term) {
    flags += fmt::format(", {2} AS flag_{0}_{1}, {3} AS value_{0}_{1}", name, i,
                         flag_sql(to_sql(term.event, source)), value_column_sql(term, source));
    folds += fmt::format(", {2} AS {0}_{1}", name, i,
                         fold_sql(term, fmt::format("flag_{}_{}", name, i),
                                  fmt::format("value_{}_{}", name, i), "true"));
  };
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    add('y', i, query.metrics[i].numerator);
    if (query.metrics[i].denominator) add('d', i, *query.metrics[i].denominator);
  }
  Statement statement;
  statement.with.push_back(
      {"flagged", fmt::format("SELECT {} FROM events WHERE time_us >= {} AND time_us < {}", flags,
                              query.period.begin, query.period.end)});
  statement.select =
      fmt::format("SELECT {} FROM flagged GROUP BY {} HAVING bool_or(is_active)", folds, group);
  return statement;
}

}  // namespace

Statement to_sql(const UnitTotalsQuery& query, const Source& source) {
  return folded(query, source, "unit");
}

Statement to_sql(const SeriesQuery& query, const Source& source) {
  const TimeZone& zone = query.timezone;
  const TimeRange period{zone.day_start(query.first_day), zone.day_start(query.last_day + 1)};
  return folded({query.active, period, zone, query.metrics}, source, "day, unit");
}

}  // namespace assay::engine
