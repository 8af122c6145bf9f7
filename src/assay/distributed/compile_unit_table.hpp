#pragma once

#include <cstdint>

#include "assay/base/result.hpp"
#include "assay/distributed/compile_experiment.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/query.hpp"
#include "assay/frame/table.hpp"
#include "assay/sql/plan.hpp"

/// The units behind an experiment: the one question whose answer grows with the units, and so the
/// one with a limit.
namespace assay::distributed {

/// As many units are handed out at most: `max_units`, and less than a connection takes rows.
std::int64_t most_units(const engine::UnitTableQuery& query);

/// One row an analysed unit, at most most_units + 1, in any order: unit, arm, anchor_us, first_i,
/// segment_i, cluster, mature_i (0 or 1) and the variables of every metric (y_i, d_i, x_i, z_i,
/// m_i).
Result<sql::Plan> unit_table_plan(const engine::UnitTableQuery& query, const EventTable& table);

/// Its rows in the order of units; caps stay empty. Fails with invalid_spec when there are more
/// units than most_units or a segment has too many values.
Result<engine::UnitTable> read_unit_table(const engine::UnitTableQuery& query,
                                          const EventTable& table, const frame::Table& rows);

/// The statements of a unit table in the order they are asked: caps (where a metric is capped at a
/// quantile), units.
Result<std::vector<NamedPlan>> unit_table_plans(const engine::UnitTableQuery& query,
                                                const EventTable& table);

}  // namespace assay::distributed
