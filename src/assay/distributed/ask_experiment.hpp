#pragma once

#include <functional>
#include <string_view>

#include "assay/base/result.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/query.hpp"
#include "assay/frame/table.hpp"
#include "assay/sql/plan.hpp"

namespace assay::distributed {

/// Runs one statement and gives back its rows; `name` is that of a NamedPlan.
using Ask = std::function<Result<frame::Table>(std::string_view name, const sql::Plan& plan)>;

/// Asks the statements of an experiment: caps (where a metric is capped at a quantile), moments
/// (clusters among them), pairs of segments, days and ages (where asked for); moments, days and
/// ages a second time where means lie more than 100 standard deviations from zero, about centres
/// near them, so that 1e-9 holds there too.
/// Assumes a query that went through `checked`. Fails with invalid_spec (too many values of a
/// segment or clusters, a funnel without a plan), invalid_data (a metric that is not finite) and as
/// `ask` does.
Result<engine::ExperimentMoments> experiment(const Ask& ask, const engine::ExperimentQuery& query,
                                             const EventTable& table);

/// Asks for the units behind an experiment: caps (where needed), then a row a unit, at most as many
/// as the query allows. Fails with invalid_spec when there are more.
Result<engine::UnitTable> unit_table(const Ask& ask, const engine::UnitTableQuery& query,
                                     const EventTable& table);

}  // namespace assay::distributed
