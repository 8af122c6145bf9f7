#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "assay/distributed/detail/experiment_events.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/query.hpp"
#include "assay/sql/plan.hpp"

/// Behind compile_experiment.hpp: one row a unit, the warehouse's form of what the moments are of.
namespace assay::distributed {

/// The column `y_3` of variable y of metric 3.
std::string unit_column(const std::string& variable, std::size_t metric);
std::string unit_column(char variable, std::size_t metric);

/// What the values of a segment are; text for tenure.
frame::Type segment_type(const engine::SegmentBy& segment, const EventTable& table);

struct UnitsRequest {
  std::vector<std::size_t> metrics;  ///< Numbers of the metrics of the query to work out.
  bool segments = true;
  bool cluster = true;
  bool covariates = true;
  std::vector<engine::EventSelector> first_events;
};

/// Nothing later is seen of a unit.
TimeUs seen_until(const engine::ExperimentQuery& query);

/// How many days since their anchor have ended for units that are analysed, max_age + 1 at most.
sql::Expression complete_ages(const engine::ExperimentQuery& query);

/// Everything of the query but the days.
UnitsRequest whole_request(const engine::ExperimentQuery& query);

/// Adds the step `units`: a row a unit with assignment events. Columns: unit, arm (number; -1: two
/// arms, -2: none of the query's), assigned_day, anchor_day, exposed, exposed_before, analysed
/// (truth values, never missing), segment_0, ..., cluster (texts are never missing, "" stands for
/// it), anchor_us, ages (days since the anchor that have ended, as many as max_age + 1; missing
/// when not analysed), first_0, ... (of first_events, from the anchor; UnitTable::kNoEvent: none),
/// and for each metric i asked for: mature_i (never missing, false when not analysed) and its
/// variables y_i, d_i, x_i, z_i, m_i (float64, never missing). Nothing is capped. Fails with
/// invalid_spec on a funnel that has no plan (see funnel_classes).
Result<sql::Input> add_units(const engine::ExperimentQuery& query, const EventTable& table,
                             const UnitsRequest& request, sql::Plan& plan);

}  // namespace assay::distributed
