#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/engine/query.hpp"
#include "assay/events/schema.hpp"

namespace assay::engine {

/// What filters and metrics can name: the properties and event names that the data has.
struct Vocabulary {
  std::vector<events::Property> properties;
  std::vector<std::string> events;
};

/// Checks of a query against the data, the same for every engine, before it runs. Each returns the
/// query with its literals in the type of their column: truth values as 0 and 1, whole numbers as
/// doubles beside a float64 column. Beside time_us stand microseconds.
/// Fail with invalid_spec: a property or event that the data does not have (with near names), a
/// literal of another kind than its column, sum or max of a column without numbers, a negative
/// window, no step or more than 16, no arm, two arms alike, and what the query structs demand.
Result<ActiveUsersQuery> checked(const ActiveUsersQuery& query, const Vocabulary& words);
Result<RetentionQuery> checked(const RetentionQuery& query, const Vocabulary& words);
Result<FunnelQuery> checked(const FunnelQuery& query, const Vocabulary& words);
Result<SessionsQuery> checked(const SessionsQuery& query, const Vocabulary& words);
Result<ExperimentQuery> checked(const ExperimentQuery& query, const Vocabulary& words);
Result<UnitTotalsQuery> checked(const UnitTotalsQuery& query, const Vocabulary& words);
Result<SeriesQuery> checked(const SeriesQuery& query, const Vocabulary& words);
Result<UnitTableQuery> checked(const UnitTableQuery& query, const Vocabulary& words);

/// More analysed units than the table may have: says how many there are and what to do.
Error too_many_units(std::int64_t units, std::int64_t max_units);

/// More clusters than the query lets in.
Error too_many_clusters(const std::string& property, std::int64_t max_clusters);

/// The same of the clusters of a table of units.
Result<void> check_clusters(const ExperimentQuery& query, const UnitSegment& cluster);

/// Two segments with more than kMaxPairCells combinations of values.
Error too_many_pairs(const std::string& first, const std::string& second);

/// A segment of more than kMaxSegmentValues values.
Error too_many_values(const std::string& segment, std::size_t values);

}  // namespace assay::engine
