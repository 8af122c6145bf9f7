#pragma once

#include "assay/base/result.hpp"
#include "assay/distributed/compile_experiment.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/query.hpp"
#include "assay/frame/table.hpp"

/// The answers to the statements of compile_experiment.hpp, put together.
namespace assay::distributed {

/// The text of a segment's value, the same as other engines write it; "" for a missing one.
std::string value_text(const CellKey& key, frame::Type type);

/// The rows of moments_plan.
struct ExperimentCells {
  frame::Table rows;
  std::vector<Cell> cells;  ///< [row].
};

/// The caps found by caps_plan beside those that the query states.
Result<Caps> read_caps(const engine::ExperimentQuery& query, const frame::Table& rows);

/// Fails with invalid_spec when a segment has more than kMaxSegmentValues values, with invalid_data
/// when a moment is no finite number.
Result<ExperimentCells> read_cells(const engine::ExperimentQuery& query, frame::Table rows,
                                   const Centres& centres);

/// Everything but days, ages, clusters and pairs.
Result<engine::ExperimentMoments> experiment_moments(const engine::ExperimentQuery& query,
                                                     const EventTable& table,
                                                     const ExperimentCells& cells,
                                                     const Caps& caps);

/// The clusters of an answer to a query that has them. Fails with invalid_spec when there are more
/// than it lets in.
Result<void> add_clusters(const engine::ExperimentQuery& query, const EventTable& table,
                          const ExperimentCells& cells, engine::ExperimentMoments& answer);

/// The rows of pairs_plan; the segments of the answer are there already. Fails with invalid_spec
/// when two segments have more than kMaxPairCells combinations of values.
Result<void> add_pairs(const engine::ExperimentQuery& query, const EventTable& table,
                       const frame::Table& rows, engine::ExperimentMoments& answer);

/// The rows of days_plan or ages_plan.
Result<std::vector<Cell>> read_days(const engine::ExperimentQuery& query, const frame::Table& rows,
                                    const Centres& centres);

/// Fills in `days` of an answer to a query that asks for them; `moments` as above, `days` the rows
/// of days_plan (none where there is no such plan).
Result<void> add_days(const engine::ExperimentQuery& query, const ExperimentCells& moments,
                      const std::vector<Cell>& days, engine::ExperimentMoments& answer);

/// The same for `ages` and the rows of ages_plan.
Result<void> add_ages(const engine::ExperimentQuery& query, const ExperimentCells& moments,
                      const std::vector<Cell>& ages, engine::ExperimentMoments& answer);

/// Adds the rows of either to days or ages that count from `first`; `units` [day or age][arm] have
/// a part in each.
Result<void> add_stretches(const engine::ExperimentQuery& query, const std::vector<Cell>& cells,
                           std::int64_t first, const std::vector<std::vector<std::int64_t>>& units,
                           std::vector<engine::DayMoments>& into);

}  // namespace assay::distributed
