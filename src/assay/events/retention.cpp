#include "assay/events/retention.hpp"

#include <algorithm>
#include <limits>
#include <memory>

namespace assay::events {
namespace {

constexpr std::uint8_t kStart = 1;
constexpr std::uint8_t kReturn = 2;

/// Counts of one partition; cells [day * width + k - 1] for k = 1 .. width.
struct Partial {
  std::vector<std::uint32_t> units;
  std::vector<std::uint32_t> retained;
};

/// The days of one unit with a start event, and with a return event as bits.
struct UnitDays {
  std::vector<std::size_t> starts;
  std::vector<std::uint64_t> returned;  ///< Bit d % 64 of word d / 64; two words more than days.
};

struct Kernel {
  const RetentionPlan& plan;
  const EventMasks<std::uint8_t>& masks;
  const DayGrid& days;
  std::size_t width;

  [[nodiscard]] Partial empty() const {
    return {std::vector<std::uint32_t>(days.days(), 0),
            std::vector<std::uint32_t>(days.days() * width, 0)};
  }
  template <bool kFiltered>
  [[nodiscard]] std::uint8_t mask(const PartitionView& view, std::size_t row) const {
    if constexpr (kFiltered) return masks.at(view, row);
    return masks.by_name(view.event[row]);
  }
};

/// A unit enters once: walk to its first start event, then count each later day with a return.
template <bool kFiltered>
Partial first_time(const Kernel& kernel, const PartitionView& view, UnitDays&) {
  Partial partial = kernel.empty();
  const TimeUs* time = view.time.data();
  for (std::size_t u = 0; u < view.units(); ++u) {
    const std::size_t end = view.offsets[u + 1];
    std::size_t row = view.offsets[u];
    while (row < end && (kernel.mask<kFiltered>(view, row) & kStart) == 0) ++row;
    if (row == end) continue;
    const std::size_t cohort = kernel.days.at(time[row]);
    partial.units[cohort] += 1;
    std::uint32_t* cells = partial.retained.data() + cohort * kernel.width;
    TimeUs day_end = kernel.days.end(cohort);  // Of the last day taken.
    const std::size_t last = std::min(cohort + kernel.width, kernel.days.days() - 1);
    const TimeUs stop = kernel.days.end(last);
    for (++row; row < end; ++row) {
      if (time[row] < day_end) continue;
      if (time[row] >= stop) break;
      if ((kernel.mask<kFiltered>(view, row) & kReturn) == 0) continue;
      const std::size_t day = kernel.days.at(time[row]);
      day_end = kernel.days.end(day);
      if (day > cohort) cells[day - cohort - 1] += 1;
    }
  }
  return partial;
}

/// Adds bit i of `bits` to cells[i] for all i below count (at most 32).
void add_bits(std::uint32_t bits, std::size_t count, std::uint32_t* cells) {
  if (__builtin_popcount(bits) <= 5) {
    for (; bits != 0; bits &= bits - 1) cells[__builtin_ctz(bits)] += 1;
    return;
  }
  for (std::size_t i = 0; i < count; ++i) cells[i] += (bits >> i) & 1U;
}

/// Of one unit: for each day it entered, the 32-day stretches of return days after it.
void count_pairs(const UnitDays& unit, std::size_t width, Partial& partial) {
  for (const std::size_t cohort : unit.starts) {
    partial.units[cohort] += 1;
    std::uint32_t* cells = partial.retained.data() + cohort * width;
    for (std::size_t k = 0; k < width; k += 32) {
      const std::size_t day = cohort + 1 + k;
      if (day / 64 + 1 >= unit.returned.size()) break;
      const std::uint64_t low = unit.returned[day / 64] >> (day % 64);
      const std::uint64_t high = (unit.returned[day / 64 + 1] << 1) << (63 - day % 64);
      const std::size_t count = std::min<std::size_t>(32, width - k);
      const auto keep = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
      add_bits(static_cast<std::uint32_t>(low | high) & keep, count, cells + k);
    }
  }
}

/// A unit enters on every day with a start event.
template <bool kFiltered>
Partial recurring(const Kernel& kernel, const PartitionView& view, UnitDays& unit) {
  Partial partial = kernel.empty();
  const TimeUs* time = view.time.data();
  unit.returned.assign(kernel.days.days() / 64 + 3, 0);
  for (std::size_t u = 0; u < view.units(); ++u) {
    unit.starts.clear();
    TimeUs day_end = std::numeric_limits<TimeUs>::min();
    std::size_t day = 0;
    std::size_t first_word = unit.returned.size();
    std::uint8_t seen = 0;  // What the current day already has.
    for (std::size_t row = view.offsets[u]; row < view.offsets[u + 1]; ++row) {
      if (seen == (kStart | kReturn) && time[row] < day_end) continue;
      const std::uint8_t mask = kernel.mask<kFiltered>(view, row);
      if (mask == 0) continue;
      if (time[row] >= day_end) {
        day = kernel.days.at(time[row]);
        day_end = kernel.days.end(day);
        seen = 0;
      }
      const auto fresh = static_cast<std::uint8_t>(mask & ~seen);
      seen = static_cast<std::uint8_t>(seen | mask);
      if ((fresh & kStart) != 0) unit.starts.push_back(day);
      if ((fresh & kReturn) != 0) {
        unit.returned[day / 64] |= std::uint64_t{1} << (day % 64);
        first_word = std::min(first_word, day / 64);
      }
    }
    count_pairs(unit, kernel.width, partial);
    for (std::size_t word = first_word; word <= day / 64; ++word) unit.returned[word] = 0;
  }
  return partial;
}

/// Leaves out the days before the first and after the last cohort.
RetentionCounts trimmed(const DayGrid& days, const std::vector<std::int64_t>& units,
                        const std::vector<std::int64_t>& retained, std::size_t width,
                        std::size_t max_day) {
  RetentionCounts counts;
  std::size_t first = 0;
  std::size_t end = units.size();
  while (first < end && units[first] == 0) ++first;
  while (end > first && units[end - 1] == 0) --end;
  if (first == end) return counts;
  counts.first_cohort = days.first_day() + static_cast<Day>(first);
  counts.units.assign(units.begin() + static_cast<std::ptrdiff_t>(first),
                      units.begin() + static_cast<std::ptrdiff_t>(end));
  counts.retained.assign((end - first) * max_day, 0);
  for (std::size_t c = first; c < end; ++c)
    std::copy_n(retained.data() + c * width, width, counts.retained.data() + (c - first) * max_day);
  return counts;
}

}  // namespace

Result<RetentionCounts> retention(const ScanContext& context, const RetentionPlan& plan,
                                  const DayGrid& days) {
  if (days.empty()) return RetentionCounts{};
  const EventSet sets[] = {plan.start, plan.returning};
  const EventMasks<std::uint8_t> masks(sets, plan.inputs.filters);
  // Nobody returns after the last day of the data.
  const std::size_t width = std::min(plan.max_day, std::max<std::size_t>(days.days() - 1, 1));
  const Kernel kernel{plan, masks, days, width};
  const auto run = plan.recurring ? (masks.filtered() ? recurring<true> : recurring<false>)
                                  : (masks.filtered() ? first_time<true> : first_time<false>);
  std::vector<std::int64_t> units(days.days(), 0);
  std::vector<std::int64_t> retained(days.days() * width, 0);
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "retention", [] { return std::make_unique<UnitDays>(); },
      [&](const PartitionView& view, UnitDays& unit) { return run(kernel, view, unit); },
      [&](const Partial& partial) {
        for (std::size_t d = 0; d < units.size(); ++d) units[d] += partial.units[d];
        for (std::size_t c = 0; c < retained.size(); ++c) retained[c] += partial.retained[c];
      }));
  return trimmed(days, units, retained, width, plan.max_day);
}

}  // namespace assay::events
