#include "assay/events/active_users.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace assay::events {
namespace {

/// Change of the number of active units from each day to the next: a unit is active in the union
/// of [d, d + trailing - 1] over its active days d.
template <bool kFiltered>
std::vector<std::int64_t> changes(const PartitionView& view, const ActiveUsersPlan& plan,
                                  const EventMasks<std::uint8_t>& masks, const DayGrid& days) {
  std::vector<std::int64_t> change(days.days() + 1, 0);
  const std::uint16_t* event = view.event.data();
  const TimeUs* time = view.time.data();
  const std::size_t count = days.days();
  for (std::size_t u = 0; u < view.units(); ++u) {
    TimeUs day_end = std::numeric_limits<TimeUs>::min();  // Of the last day taken.
    std::size_t active_until = 0;                         // First day not yet counted.
    for (std::size_t row = view.offsets[u]; row < view.offsets[u + 1]; ++row) {
      if (time[row] < day_end) continue;
      if (masks.by_name(event[row]) == 0) continue;
      if constexpr (kFiltered)
        if (masks.at(view, row) == 0) continue;
      const std::size_t day = days.at(time[row]);
      day_end = days.end(day);
      const std::size_t from = std::max(day, active_until);
      active_until = plan.trailing_days < count - day ? day + plan.trailing_days : count;
      change[from] += 1;
      change[active_until] -= 1;
    }
  }
  return change;
}

}  // namespace

Result<std::vector<std::int64_t>> active_users(const ScanContext& context,
                                               const ActiveUsersPlan& plan, const DayGrid& days) {
  std::vector<std::int64_t> units(days.days(), 0);
  if (days.empty()) return units;
  const EventMasks<std::uint8_t> masks({&plan.event, 1}, plan.inputs.filters);
  const auto kernel = masks.filtered() ? changes<true> : changes<false>;
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "active users", no_scratch,
      [&](const PartitionView& view, NoScratch&) { return kernel(view, plan, masks, days); },
      [&](const std::vector<std::int64_t>& change) {
        std::int64_t active = 0;
        for (std::size_t d = 0; d < units.size(); ++d) units[d] += active += change[d];
      }));
  return units;
}

}  // namespace assay::events
