#pragma once

#include <cstdint>
#include <vector>

#include "assay/events/day_grid.hpp"
#include "assay/events/event_masks.hpp"
#include "assay/events/scan.hpp"

namespace assay::events {

/// Distinct units by local day; the rules are those of engine::ActiveUsersQuery.
struct ActiveUsersPlan {
  ScanInputs inputs;
  EventSet event;
  std::size_t trailing_days = 1;  ///< At least 1.
};

/// Units with a meant event in the trailing days of each day of the grid, which spans the data.
/// Fails with interrupted.
Result<std::vector<std::int64_t>> active_users(const ScanContext& context,
                                               const ActiveUsersPlan& plan, const DayGrid& days);

}  // namespace assay::events
