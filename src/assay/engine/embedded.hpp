#pragma once

#include <string>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/engine/engine.hpp"
#include "assay/engine/query.hpp"
#include "assay/events/index.hpp"

namespace assay::engine {

/// Answers every query from the user-sorted event index, partitions in parallel. Same bits for
/// any number of threads. One query at a time; a stop asked for through `progress` is heeded
/// between partitions.
class EmbeddedEngine final : public Engine {
 public:
  EmbeddedEngine(events::Index index, int threads, Progress progress = {});

  [[nodiscard]] std::string name() const override { return "embedded"; }
  [[nodiscard]] const events::Index& index() const { return index_; }

  Result<ActiveUsers> active_users(const ActiveUsersQuery& query) override;
  Result<RetentionTriangle> retention(const RetentionQuery& query) override;
  Result<FunnelCounts> funnel(const FunnelQuery& query) override;
  Result<Sessions> sessions(const SessionsQuery& query) override;
  Result<ExperimentMoments> experiment(const ExperimentQuery& query) override;
  Result<UnitTotals> unit_totals(const UnitTotalsQuery& query) override;
  Result<Series> series(const SeriesQuery& query) override;
  Result<UnitTable> unit_table(const UnitTableQuery& query) override;

 private:
  events::Index index_;
  int threads_;
  Progress progress_;
};

}  // namespace assay::engine
