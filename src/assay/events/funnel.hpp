#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "assay/events/event_masks.hpp"
#include "assay/events/scan.hpp"
#include "assay/numerics/moments.hpp"

namespace assay::events {

/// An ordered funnel with any entry; the rules are those of engine::FunnelQuery.
struct FunnelPlan {
  ScanInputs inputs;
  std::vector<EventSet> steps;  ///< 1 to kMaxFunnelSteps.
  std::int64_t window_us = 0;   ///< At least 0.
  std::optional<TimeRange> period;
};

/// As engine::FunnelCounts.
struct FunnelTotals {
  std::vector<std::int64_t> reached;
  numerics::Moments time_to_convert;
};

/// Fails with interrupted.
Result<FunnelTotals> funnel(const ScanContext& context, const FunnelPlan& plan);

}  // namespace assay::events
