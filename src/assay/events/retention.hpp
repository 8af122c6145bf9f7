#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "assay/events/day_grid.hpp"
#include "assay/events/event_masks.hpp"
#include "assay/events/scan.hpp"

namespace assay::events {

/// Day-N retention by the calendar; the rules are those of engine::RetentionQuery.
struct RetentionPlan {
  ScanInputs inputs;
  EventSet start;
  EventSet returning;
  bool recurring = false;    ///< Units enter on every day with a start event, not only the first.
  std::size_t max_day = 28;  ///< At least 1.
};

/// Cohorts from the first to the last day on which a unit entered.
struct RetentionCounts {
  Day first_cohort = 0;
  std::vector<std::int64_t> units;     ///< [cohort]
  std::vector<std::int64_t> retained;  ///< [cohort * max_day + k - 1]
};

/// The grid spans the data. Fails with interrupted.
Result<RetentionCounts> retention(const ScanContext& context, const RetentionPlan& plan,
                                  const DayGrid& days);

}  // namespace assay::events
