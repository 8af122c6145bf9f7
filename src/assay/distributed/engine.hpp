#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/engine.hpp"
#include "assay/sql/plan.hpp"
#include "assay/warehouse/connection.hpp"

namespace assay::distributed {

struct DistributedOptions {
  std::string tag;                     ///< Stands in the comment of every statement: a spec's hash.
  const Progress* progress = nullptr;  ///< May stop a query; must outlive the engine.
};

/// A statement before it is run.
struct PlannedStatement {
  std::string name;       ///< Kind of the query: "funnel", ...
  std::string statement;  ///< In the engine's own SQL.
  std::vector<sql::TableUse> tables;
  std::vector<std::string> notes;  ///< What its reader should know.
  sql::Plan plan;                  ///< The statement before a dialect wrote it.
};

/// A statement that was run, and what it cost.
struct AskedStatement {
  std::string name;
  std::string statement;
  std::vector<sql::TableUse> tables;
  warehouse::Cost cost;
};

/// Every question of the port.
using AnyQuery = std::variant<engine::ActiveUsersQuery, engine::RetentionQuery, engine::FunnelQuery,
                              engine::SessionsQuery, engine::ExperimentQuery,
                              engine::UnitTotalsQuery, engine::SeriesQuery, engine::UnitTableQuery>;

/// Answers every query by SQL on the engine that keeps the events. Only counts, means and centred
/// sums come back (unit_table apart). Nothing is written there.
class DistributedEngine final : public engine::Engine {
 public:
  /// Looks at the table. Fails as open_table does.
  static Result<std::unique_ptr<DistributedEngine>> open(
      std::unique_ptr<warehouse::Connection> connection, const EventTableSpec& spec,
      const DistributedOptions& options = {});
  ~DistributedEngine() override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] const EventTable& table() const;
  [[nodiscard]] warehouse::Connection& connection();

  /// The statements of a query in the order they are asked, without running any. A statement that
  /// needs numbers of one before it is shown without them; one that is asked a second time about
  /// the means of the first (values far from zero) is shown once. Fails as the query would.
  Result<std::vector<PlannedStatement>> plans_of(const AnyQuery& query) const;

  /// What was run since the engine was opened, the look at the table apart.
  [[nodiscard]] const std::vector<AskedStatement>& asked() const;

  /// A warning when the table is not what it was when the engine was opened: answers before and
  /// after may come of different events. None also where the engine cannot tell.
  Result<std::optional<std::string>> changed();

  Result<engine::ActiveUsers> active_users(const engine::ActiveUsersQuery& query) override;
  Result<engine::RetentionTriangle> retention(const engine::RetentionQuery& query) override;
  Result<engine::FunnelCounts> funnel(const engine::FunnelQuery& query) override;
  Result<engine::Sessions> sessions(const engine::SessionsQuery& query) override;
  Result<engine::ExperimentMoments> experiment(const engine::ExperimentQuery& query) override;
  Result<engine::UnitTotals> unit_totals(const engine::UnitTotalsQuery& query) override;
  Result<engine::Series> series(const engine::SeriesQuery& query) override;
  Result<engine::UnitTable> unit_table(const engine::UnitTableQuery& query) override;

 private:
  struct State;
  explicit DistributedEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay::distributed
