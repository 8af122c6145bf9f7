#pragma once

#include <string>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/engine/query.hpp"

namespace assay::engine {

/// The port: query structs in, sufficient statistics out (unit_table apart: for methods that need
/// units). Nothing above it knows which engine answers. Adapters give equal answers: counts
/// exactly, moments to 1e-9 relative. Every call fails with invalid_spec (a property or event that
/// the source does not have, with suggestions), invalid_data, unavailable, or interrupted.
class Engine {
 public:
  virtual ~Engine() = default;

  /// "embedded", "duckdb", ...; stands in every result.
  [[nodiscard]] virtual std::string name() const = 0;

  virtual Result<ActiveUsers> active_users(const ActiveUsersQuery& query) = 0;
  virtual Result<RetentionTriangle> retention(const RetentionQuery& query) = 0;
  virtual Result<FunnelCounts> funnel(const FunnelQuery& query) = 0;
  virtual Result<Sessions> sessions(const SessionsQuery& query) = 0;
  virtual Result<ExperimentMoments> experiment(const ExperimentQuery& query) = 0;
  virtual Result<UnitTotals> unit_totals(const UnitTotalsQuery& query) = 0;
  virtual Result<Series> series(const SeriesQuery& query) = 0;
  virtual Result<UnitTable> unit_table(const UnitTableQuery& query) = 0;
};

}  // namespace assay::engine
