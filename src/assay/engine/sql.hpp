#pragma once

#include <string>
#include <vector>

#include "assay/engine/query.hpp"
#include "assay/engine/relation.hpp"

namespace assay::engine {

/// Named subqueries and the SELECT over them; `events` stands for the clean events.
struct Statement {
  struct Step {
    std::string name;
    std::string sql;
  };
  std::vector<Step> with;
  std::string select;
};

/// "WITH a AS (...), b AS (...) SELECT ...".
std::string to_text(const Statement& statement);

/// The same with `events` spelled out over the source, so that it runs anywhere: `assay sql`.
std::string to_text(const Statement& statement, const Relation& relation);

/// A filter as SQL over the columns of clean_sql. Assumes that it went through `checked`.
std::string to_sql(const frame::Predicate& predicate, const Source& source);
std::string to_sql(const EventSelector& selector, const Source& source);

/// The local day (days since 1970-01-01) of an expression in microseconds UTC.
std::string local_day_sql(const std::string& time_us, const TimeZone& timezone);

/// day, units: the days with a meant event in their trailing window; then first and last day.
Statement to_sql(const ActiveUsersQuery& query, const Source& source);

/// cohort, k (0: the units that entered), units.
Statement to_sql(const RetentionQuery& query, const Source& source);

/// unit, depth, seconds (of the reported attempt; NULL below the last step).
Statement to_sql(const FunnelQuery& query, const Source& source);

/// unit, day on which the session began, length in seconds, depth.
Statement to_sql(const SessionsQuery& query, const Source& source);

/// One row a unit with an assignment: its arm, times, segments and the variables of every metric.
Statement to_sql(const ExperimentQuery& query, const Source& source);

}  // namespace assay::engine
