#pragma once

#include <vector>

#include "assay/base/result.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/query.hpp"
#include "assay/frame/table.hpp"
#include "assay/sql/plan.hpp"

/// Query structs as plans, one statement each, and their answers from the rows that come back.
/// Queries are assumed to have gone through `checked`. How many rows come back is said with each;
/// never does it grow with events or units.
namespace assay::distributed {

/// What is taken off each variable of each group of moments before an engine sums; empty: nothing.
/// Groups stand in the order of the query struct's answer.
using Shifts = std::vector<std::vector<double>>;

/// Rows: at most days times (trailing days + 1).
Result<sql::Plan> compile(const engine::ActiveUsersQuery& query, const EventTable& table,
                          const Shifts& shifts = {});
Result<engine::ActiveUsers> decode(const engine::ActiveUsersQuery& query, const frame::Table& rows,
                                   const Shifts& shifts = {});

/// Rows: cohorts times (max_day + 1). A recurring entry reads the table twice.
Result<sql::Plan> compile(const engine::RetentionQuery& query, const EventTable& table,
                          const Shifts& shifts = {});
Result<engine::RetentionTriangle> decode(const engine::RetentionQuery& query,
                                         const frame::Table& rows, const Shifts& shifts = {});

/// Rows: steps + 1. Moments: seconds to convert.
Result<sql::Plan> compile(const engine::FunnelQuery& query, const EventTable& table,
                          const Shifts& shifts = {});
Result<engine::FunnelCounts> decode(const engine::FunnelQuery& query, const frame::Table& rows,
                                    const Shifts& shifts = {});

/// Rows: days. Moments: length in seconds and depth, together.
Result<sql::Plan> compile(const engine::SessionsQuery& query, const EventTable& table,
                          const Shifts& shifts = {});
Result<engine::Sessions> decode(const engine::SessionsQuery& query, const frame::Table& rows,
                                const Shifts& shifts = {});

/// Rows: 1. Moments: one group a metric.
Result<sql::Plan> compile(const engine::UnitTotalsQuery& query, const EventTable& table,
                          const Shifts& shifts = {});
Result<engine::UnitTotals> decode(const engine::UnitTotalsQuery& query, const frame::Table& rows,
                                  const Shifts& shifts = {});

/// Rows: days. Moments: one group a metric, with one shift for all days.
Result<sql::Plan> compile(const engine::SeriesQuery& query, const EventTable& table,
                          const Shifts& shifts = {});
Result<engine::Series> decode(const engine::SeriesQuery& query, const frame::Table& rows,
                              const Shifts& shifts = {});

/// The shifts to ask again with: the means, when the moments of an answer need it; else nothing.
Shifts shifts_for(const engine::ActiveUsers& answer);
Shifts shifts_for(const engine::RetentionTriangle& answer);
Shifts shifts_for(const engine::FunnelCounts& answer);
Shifts shifts_for(const engine::Sessions& answer);
Shifts shifts_for(const engine::UnitTotals& answer);
Shifts shifts_for(const engine::Series& answer);

}  // namespace assay::distributed
