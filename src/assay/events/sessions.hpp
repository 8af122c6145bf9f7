#pragma once

#include <cstdint>
#include <vector>

#include "assay/events/day_grid.hpp"
#include "assay/events/event_masks.hpp"
#include "assay/events/scan.hpp"
#include "assay/numerics/moments.hpp"

namespace assay::events {

/// Sessions by gap; the rules are those of engine::SessionsQuery.
struct SessionsPlan {
  ScanInputs inputs;
  EventSet event;
  std::int64_t gap_us = 0;  ///< At least 0.
};

/// As engine::Sessions; `started` has one entry a day of the grid.
struct SessionTotals {
  std::int64_t units = 0;
  std::int64_t sessions = 0;
  numerics::Moments length_seconds;
  numerics::Moments depth;
  std::vector<std::int64_t> started;
};

/// The grid spans the data. Fails with interrupted.
Result<SessionTotals> sessions(const ScanContext& context, const SessionsPlan& plan,
                               const DayGrid& days);

}  // namespace assay::events
