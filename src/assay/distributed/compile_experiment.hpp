#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/distributed/moment_cells.hpp"
#include "assay/engine/query.hpp"
#include "assay/sql/plan.hpp"

/// An experiment as statements of a warehouse. What comes back grows with arms, metrics, days and
/// segment values, never with events or units.
///
/// All take a query that went through `checked` and fail with invalid_spec on a funnel that has no
/// plan. Names in the plans are ours; words from outside stand in them only as literals and as
/// columns of the table.
namespace assay::distributed {

/// A statement that a question asks.
struct NamedPlan {
  std::string name;  ///< "experiment_caps", "experiment_moments", "experiment_days",
                     ///< "experiment_ages", "experiment_pairs", "experiment_units".
  sql::Plan plan;
  std::vector<std::string> notes;  ///< What its reader should know: why it reads all history, ...
};

using Caps = std::vector<std::optional<double>>;  ///< [metric]

/// The statements of an experiment in the order they are asked. Numbers that an earlier statement
/// finds (caps) are not in the later ones yet.
Result<std::vector<NamedPlan>> experiment_plans(const engine::ExperimentQuery& query,
                                                const EventTable& table);

/// Why the statements of a query read events from before its period; empty: they do not.
std::vector<std::string> history_notes(const engine::ExperimentQuery& query);
inline constexpr const char* kCapsNote = "the engine sorts all values of capped metrics";

/// Caps that the query states itself.
Caps stated_caps(const engine::ExperimentQuery& query);

/// metric, cap: the caps at quantiles, one row a metric with values; no plan when there are none.
/// The warehouse sorts the distinct values of each capped metric.
Result<std::optional<sql::Plan>> caps_plan(const engine::ExperimentQuery& query,
                                           const EventTable& table);

/// What the rows of moments_plan are of: `place` of a cell.
struct Places {
  std::int64_t segments = 0;  ///< 0: overall; 1 ... segments: a segment, keys its values.
  std::int64_t assigned_day() const { return segments + 1; }
  std::int64_t anchor_day() const { return segments + 2; }
  std::int64_t cluster() const { return segments + 3; }
  std::int64_t ages() const { return segments + 4; }  ///< Keys: days since the anchor that ended.
};
Places places_of(const engine::ExperimentQuery& query);

/// One row a cell: place, arm, its key, counts (assigned, exposed, exposed_before, analysed,
/// immature_i) and moments of every metric. At most max_cells + 1 rows: with more there are too
/// many values of a segment or too many clusters. With clusters its rows grow with them.
Result<sql::Plan> moments_plan(const engine::ExperimentQuery& query, const EventTable& table,
                               const Caps& caps, const Centres& centres);
std::int64_t max_cells(const engine::ExperimentQuery& query);

/// How the moments of each metric stand in a row of moments_plan.
std::vector<MomentColumns> metric_columns(const engine::ExperimentQuery& query);

/// For each arm and for each two days between which units of the arm stood still: place (the day on
/// which they did something), key_whole (the next such day; missing: none), the moments of what
/// they did on that day and so far. Units that never did anything have no row. No plan when the
/// query asks for no days or has no mean or ratio.
/// Its rows grow with the square of the days: 28 days and 2 arms make at most 812.
Result<std::optional<sql::Plan>> days_plan(const engine::ExperimentQuery& query,
                                           const EventTable& table, const Centres& centres);

/// The same by age: place (the age), key_whole (the next age with something, or how many ages have
/// ended for the units). 28 ages and 2 arms make at most 812 rows. No plan when the query asks for
/// no ages or has no mean or ratio.
Result<std::optional<sql::Plan>> ages_plan(const engine::ExperimentQuery& query,
                                           const EventTable& table, const Centres& centres);

/// place (number of the pair), arm, first_KIND and second_KIND (the values: text, whole, real),
/// assigned. At most max_pair_rows + 1 rows. No plan when the query asks for no pairs or has fewer
/// than two segments.
Result<std::optional<sql::Plan>> pairs_plan(const engine::ExperimentQuery& query,
                                            const EventTable& table);
std::int64_t max_pair_rows(const engine::ExperimentQuery& query);

/// How a row of days_plan or ages_plan holds them: of the day, then so far, for each mean and ratio
/// in turn.
std::vector<MomentColumns> day_columns(const engine::ExperimentQuery& query);

}  // namespace assay::distributed
