#include "assay/distributed/engine.hpp"

#include <fmt/core.h>

#include <string_view>
#include <utility>

#include "assay/distributed/ask_experiment.hpp"
#include "assay/distributed/compile.hpp"
#include "assay/distributed/compile_experiment.hpp"
#include "assay/distributed/compile_unit_table.hpp"
#include "assay/engine/check.hpp"

namespace assay::distributed {

struct DistributedEngine::State {
  std::unique_ptr<warehouse::Connection> connection;
  EventTable table;
  std::string tag;
  Progress progress;
  std::vector<AskedStatement> asked;

  Result<PlannedStatement> plan(std::string_view name, const sql::Plan& of) const {
    const std::string comment = fmt::format("assay {} {}", name, tag);
    ASSAY_TRY(std::string statement, connection->dialect().statement(of, comment));
    return PlannedStatement{std::string(name), std::move(statement), sql::tables_of(of), {}, of};
  }

  Result<frame::Table> ask(std::string_view name, const sql::Plan& of) {
    ASSAY_TRY(PlannedStatement planned, plan(name, of));
    ASSAY_TRY(warehouse::Answer answer, connection->query(planned.statement, progress));
    asked.push_back({std::move(planned.name), std::move(planned.statement),
                     std::move(planned.tables), std::move(answer.cost)});
    return std::move(answer.rows);
  }

  /// One statement a question; a second one where the moments of the first lie far from zero.
  template <class Query>
  auto answer(std::string_view name, const Query& unchecked)
      -> decltype(decode(unchecked, frame::Table(), Shifts())) {
    ASSAY_TRY(const Query query, engine::checked(unchecked, table.words));
    const auto about = [&](const Shifts& shifts) -> decltype(decode(query, {}, shifts)) {
      ASSAY_TRY(const sql::Plan plan, compile(query, table, shifts));
      ASSAY_TRY(const frame::Table rows, ask(name, plan));
      return decode(query, rows, shifts);
    };
    ASSAY_TRY(auto first, about({}));
    const Shifts shifts = shifts_for(first);
    if (shifts.empty()) return first;
    return about(shifts);
  }

  template <class Query>
  Result<std::vector<PlannedStatement>> plans(std::string_view name, const Query& unchecked) const {
    ASSAY_TRY(const Query query, engine::checked(unchecked, table.words));
    ASSAY_TRY(const sql::Plan of, compile(query, table));
    ASSAY_TRY(PlannedStatement planned, plan(name, of));
    return std::vector<PlannedStatement>{std::move(planned)};
  }

  Result<std::vector<PlannedStatement>> plans_of(const engine::ExperimentQuery& unchecked) const {
    ASSAY_TRY(const engine::ExperimentQuery query, engine::checked(unchecked, table.words));
    return written(experiment_plans(query, table));
  }

  Result<std::vector<PlannedStatement>> plans_of(const engine::UnitTableQuery& unchecked) const {
    ASSAY_TRY(const engine::UnitTableQuery query, engine::checked(unchecked, table.words));
    return written(unit_table_plans(query, table));
  }

  Result<std::vector<PlannedStatement>> written(Result<std::vector<NamedPlan>> plans) const {
    ASSAY_TRY(const std::vector<NamedPlan> named, std::move(plans));
    std::vector<PlannedStatement> all;
    for (const NamedPlan& one : named) {
      ASSAY_TRY(PlannedStatement planned, plan(one.name, one.plan));
      planned.notes = one.notes;
      all.push_back(std::move(planned));
    }
    return all;
  }
};

DistributedEngine::DistributedEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
DistributedEngine::~DistributedEngine() = default;

Result<std::unique_ptr<DistributedEngine>> DistributedEngine::open(
    std::unique_ptr<warehouse::Connection> connection, const EventTableSpec& spec,
    const DistributedOptions& options) {
  Progress progress;
  if (options.progress != nullptr) progress = *options.progress;
  ASSAY_TRY(EventTable table, open_table(*connection, spec, progress));
  return std::unique_ptr<DistributedEngine>(new DistributedEngine(std::make_unique<State>(
      State{std::move(connection), std::move(table), options.tag, std::move(progress), {}})));
}

std::string DistributedEngine::name() const { return state_->connection->name(); }
const EventTable& DistributedEngine::table() const { return state_->table; }
warehouse::Connection& DistributedEngine::connection() { return *state_->connection; }
const std::vector<AskedStatement>& DistributedEngine::asked() const { return state_->asked; }

Result<std::optional<std::string>> DistributedEngine::changed() {
  const std::optional<std::string>& before = state_->table.snapshot;
  if (!before) return std::optional<std::string>();
  ASSAY_TRY(const std::optional<std::string> now,
            state_->connection->snapshot(state_->table.spec.table));
  if (now == before) return std::optional<std::string>();
  return std::optional(fmt::format(
      "table `{}` changed while it was asked (snapshot {}, now {}): answers may come of different "
      "events; run again for one state",
      to_text(state_->table.spec.table), *before, now.value_or("unknown")));
}

Result<engine::ActiveUsers> DistributedEngine::active_users(const engine::ActiveUsersQuery& query) {
  return state_->answer("active_users", query);
}
Result<engine::RetentionTriangle> DistributedEngine::retention(
    const engine::RetentionQuery& query) {
  return state_->answer("retention", query);
}
Result<engine::FunnelCounts> DistributedEngine::funnel(const engine::FunnelQuery& query) {
  return state_->answer("funnel", query);
}
Result<engine::Sessions> DistributedEngine::sessions(const engine::SessionsQuery& query) {
  return state_->answer("sessions", query);
}
Result<engine::UnitTotals> DistributedEngine::unit_totals(const engine::UnitTotalsQuery& query) {
  return state_->answer("unit_totals", query);
}
Result<engine::ExperimentMoments> DistributedEngine::experiment(
    const engine::ExperimentQuery& unchecked) {
  ASSAY_TRY(const engine::ExperimentQuery query, engine::checked(unchecked, state_->table.words));
  return distributed::experiment(
      [&](std::string_view name, const sql::Plan& plan) { return state_->ask(name, plan); }, query,
      state_->table);
}
Result<engine::Series> DistributedEngine::series(const engine::SeriesQuery& query) {
  return state_->answer("series", query);
}
Result<engine::UnitTable> DistributedEngine::unit_table(const engine::UnitTableQuery& unchecked) {
  ASSAY_TRY(const engine::UnitTableQuery query, engine::checked(unchecked, state_->table.words));
  return distributed::unit_table(
      [&](std::string_view name, const sql::Plan& plan) { return state_->ask(name, plan); }, query,
      state_->table);
}

Result<std::vector<PlannedStatement>> DistributedEngine::plans_of(const AnyQuery& query) const {
  const struct {
    const State& state;
    using Plans = Result<std::vector<PlannedStatement>>;
    Plans operator()(const engine::ActiveUsersQuery& q) const {
      return state.plans("active_users", q);
    }
    Plans operator()(const engine::RetentionQuery& q) const { return state.plans("retention", q); }
    Plans operator()(const engine::FunnelQuery& q) const { return state.plans("funnel", q); }
    Plans operator()(const engine::SessionsQuery& q) const { return state.plans("sessions", q); }
    Plans operator()(const engine::UnitTotalsQuery& q) const {
      return state.plans("unit_totals", q);
    }
    Plans operator()(const engine::ExperimentQuery& q) const { return state.plans_of(q); }
    Plans operator()(const engine::SeriesQuery& q) const { return state.plans("series", q); }
    Plans operator()(const engine::UnitTableQuery& q) const { return state.plans_of(q); }
  } plans{*state_};
  return std::visit(plans, query);
}

}  // namespace assay::distributed
