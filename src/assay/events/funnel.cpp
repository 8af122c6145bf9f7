#include "assay/events/funnel.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "assay/events/funnel_pass.hpp"

namespace assay::events {

bool FunnelPass::match(std::size_t step, std::uint32_t& seen) {
  for (std::size_t e = 0; e < group_.size(); ++e) {
    if (((group_[e] >> step) & 1U) == 0) continue;
    const std::int8_t holder = taken_by_[e];
    if (holder >= 0) {
      if (((seen >> holder) & 1U) != 0) continue;
      seen |= 1U << holder;
      if (!match(static_cast<std::size_t>(holder), seen)) continue;
    }
    taken_by_[e] = static_cast<std::int8_t>(step);
    return true;
  }
  return false;
}

void FunnelPass::together(TimeUs time) {
  // A step with as many candidates as there are steps can always be matched last (Hall), so
  // further events that serve only such steps change nothing.
  std::array<std::size_t, kMaxFunnelSteps> candidates{};
  std::erase_if(group_, [&](Mask mask) {
    bool needed = false;
    for (std::size_t s = 0; s < steps_; ++s)
      needed = needed || (((mask >> s) & 1U) != 0 && candidates[s] < steps_);
    for (std::size_t s = 0; needed && s < steps_; ++s) candidates[s] += (mask >> s) & 1U;
    return !needed;
  });
  const std::array<TimeUs, kMaxFunnelSteps> before = start_;
  for (std::size_t first = 0; first < steps_; ++first) {
    const TimeUs from = first == 0 ? time : before[first - 1];
    if (from == kNone) break;  // Steps are reached in order: no chain gets further.
    if (time - from > window_) continue;
    taken_by_.assign(group_.size(), -1);
    for (std::size_t last = first; last < steps_; ++last) {
      std::uint32_t seen = 0;
      if (!match(last, seen)) break;
      start_[last] = std::max(start_[last], from);
      open_ |= 2U << last;
    }
  }
}

namespace {

struct Partial {
  std::array<std::int64_t, kMaxFunnelSteps + 1> by_depth{};
  numerics::Moments time_to_convert;
};

template <bool kFiltered, bool kPeriod>
Partial run(const PartitionView& view, const FunnelPlan& plan,
            const EventMasks<FunnelPass::Mask>& masks, FunnelPass& pass) {
  Partial partial;
  const std::uint16_t* event = view.event.data();
  const TimeUs* time = view.time.data();
  for (std::size_t u = 0; u < view.units(); ++u) {
    // NOLINTBEGIN(misc-const-correctness): narrowed below when there is a period
    std::size_t begin = view.offsets[u];
    std::size_t end = view.offsets[u + 1];
    // NOLINTEND(misc-const-correctness)
    if constexpr (kPeriod) {
      const auto row_of = [&](TimeUs t) {
        return static_cast<std::size_t>(std::lower_bound(time + begin, time + end, t) - time);
      };
      end = row_of(plan.period->end);
      begin = std::min(end, row_of(plan.period->begin));
    }
    pass.reset();
    pass.run(view, begin, end, [&](std::size_t row) {
      if constexpr (kFiltered) return masks.at(view, row);
      return masks.by_name(event[row]);
    });
    partial.by_depth[pass.depth()] += 1;
    if (pass.complete())
      partial.time_to_convert.add(static_cast<double>(pass.time_to_convert_us()) /
                                  static_cast<double>(kSecondUs));
  }
  return partial;
}

}  // namespace

Result<FunnelTotals> funnel(const ScanContext& context, const FunnelPlan& plan) {
  const std::size_t steps = plan.steps.size();
  const EventMasks<FunnelPass::Mask> masks(plan.steps, plan.inputs.filters);
  const auto kernel = masks.filtered() ? (plan.period ? run<true, true> : run<true, false>)
                                       : (plan.period ? run<false, true> : run<false, false>);
  FunnelTotals totals;
  totals.reached.assign(steps, 0);
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "funnel",
      [&] { return std::make_unique<FunnelPass>(steps, plan.window_us); },
      [&](const PartitionView& view, FunnelPass& pass) { return kernel(view, plan, masks, pass); },
      [&](const Partial& partial) {
        for (std::size_t depth = 1; depth <= steps; ++depth)
          for (std::size_t s = 0; s < depth; ++s) totals.reached[s] += partial.by_depth[depth];
        totals.time_to_convert.merge(partial.time_to_convert);
      }));
  return totals;
}

}  // namespace assay::events
