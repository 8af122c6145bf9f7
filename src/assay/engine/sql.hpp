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

/// A double that SQL reads back bit for bit.
std::string double_sql(double value);

/// The local day (days since 1970-01-01) of an expression in microseconds UTC.
std::string local_day_sql(const std::string& time_us, const TimeZone& timezone);

/// day, units: one row a local day from the first to the last with an event.
Statement to_sql(const ActiveUsersQuery& query, const Source& source);

/// cohort, k (0: the units that entered), units.
Statement to_sql(const RetentionQuery& query, const Source& source);

/// unit, depth, seconds (of the reported attempt; NULL below the last step).
Statement to_sql(const FunnelQuery& query, const Source& source);

/// unit, day on which the session began, length in seconds, depth.
Statement to_sql(const SessionsQuery& query, const Source& source);

/// One row a unit with assignment events: unit, arm (number; NULL: none of the query's), both_arms,
/// assigned_us, assigned_day, exposed, exposed_before, anchor_us (NULL: not analysed), anchor_day,
/// segment_0 ..., cluster ("" : none), and for every metric i: mature_i, y_i, d_i (ratio), x_i, z_i
/// (pre-period) and m_i. Nothing is capped yet.
Statement to_sql(const ExperimentQuery& query, const Source& source);

/// One row a unit that counts: unit, and for every metric i: y_i and d_i (ratio). Nothing is
/// capped yet.
Statement to_sql(const UnitTotalsQuery& query, const Source& source);

/// One row a day and unit that counts: day, unit, and the same columns.
Statement to_sql(const SeriesQuery& query, const Source& source);

/// For a mean or ratio: one row for every analysed unit and local day of the period from the
/// anchor's day on: unit, arm, day, numerator, numerator_so_far [, denominator,
/// denominator_so_far]. Over a table `units` with the rows of the statement above.
Statement daily_sql(const ExperimentQuery& query, const Source& source, std::size_t metric);

/// The same for every age whose day has ended: unit, arm, age, numerator, numerator_so_far [,
/// denominator, denominator_so_far]. Reads the events of a unit once an age: a second opinion.
Statement ages_sql(const ExperimentQuery& query, const Source& source, std::size_t metric);

/// Over the same table: unit and first_i, microseconds from the anchor to the first event of
/// selector i (UnitTable::kNoEvent: none), a row an analysed unit.
std::string first_events_sql(const UnitTableQuery& query, const Source& source);

}  // namespace assay::engine
