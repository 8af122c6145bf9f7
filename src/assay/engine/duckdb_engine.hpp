#pragma once

#include <memory>
#include <string>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/engine/check.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/engine.hpp"
#include "assay/engine/relation.hpp"

namespace assay::engine {

struct DuckdbEngineOptions {
  const Progress* progress = nullptr;  ///< May stop a query; must outlive the engine.
};

/// Answers every query through SQL alone: the independent second opinion on the event index.
/// Nothing of the answers comes from an index kernel; sums of floating-point numbers are centred
/// in SQL (two passes), so moments hold to about 1e-12 relative, but not to the last bit.
class DuckdbEngine final : public Engine {
 public:
  /// Connects the source and keeps its clean events in a temporary table of the database.
  /// Fails as `connect` does.
  static Result<std::unique_ptr<DuckdbEngine>> open(Database database, const Source& source,
                                                    const DuckdbEngineOptions& options = {});
  ~DuckdbEngine() override;

  [[nodiscard]] std::string name() const override { return "duckdb"; }
  [[nodiscard]] const Vocabulary& words() const;
  [[nodiscard]] const Relation& relation() const;
  [[nodiscard]] Database& database();

  Result<ActiveUsers> active_users(const ActiveUsersQuery& query) override;
  Result<RetentionTriangle> retention(const RetentionQuery& query) override;
  Result<FunnelCounts> funnel(const FunnelQuery& query) override;
  Result<Sessions> sessions(const SessionsQuery& query) override;
  Result<ExperimentMoments> experiment(const ExperimentQuery& query) override;
  Result<UnitTotals> unit_totals(const UnitTotalsQuery& query) override;
  Result<Series> series(const SeriesQuery& query) override;
  Result<UnitTable> unit_table(const UnitTableQuery& query) override;

 private:
  struct State;
  explicit DuckdbEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay::engine
