#include "assay/events/retention.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
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

/// Days [first, last] of the grid that begin every 24 hours. The last may have another length (a
/// change of clocks).
struct EvenDays {
  std::size_t first;
  std::size_t last;
};

/// Times this far apart have quotients and sums without overflow (71 years).
constexpr TimeUs kLongest = TimeUs{1} << 51;

/// None for grids so long or far off that return_days cannot take them.
std::vector<EvenDays> even_stretches(const DayGrid& days) {
  std::vector<EvenDays> stretches;
  const TimeUs grid_end = days.end(days.days() - 1);
  if (days.begin(0) < -64 * kLongest || grid_end > 64 * kLongest ||
      grid_end - days.begin(0) > kLongest)
    return stretches;
  std::size_t first = 0;
  for (std::size_t day = 0; day < days.days(); ++day) {
    if (day + 1 < days.days() && days.end(day) - days.begin(day) == kDayUs) continue;
    stretches.push_back({first, day});
    first = day + 1;
  }
  return stretches;
}

struct Kernel {
  const RetentionPlan& plan;
  const EventMasks<std::uint8_t>& masks;
  const DayGrid& days;
  std::size_t width;
  std::vector<EvenDays> stretches;

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

/// Adds bit i of `bits` to cells[i] for all i below count (at most 32).
void add_bits(std::uint32_t bits, std::size_t count, std::uint32_t* cells) {
  if (__builtin_popcount(bits) <= 5) {
    for (; bits != 0; bits &= bits - 1) cells[__builtin_ctz(bits)] += 1;
    return;
  }
  for (std::size_t i = 0; i < count; ++i) cells[i] += (bits >> i) & 1U;
}

/// Widest window that day_bits can tell apart: later days share bit 63.
constexpr std::size_t kBitDays = 62;

// Bits of whole numbers, so every clone gives the same ones.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define ASSAY_DAY_BITS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ASSAY_DAY_BITS
#endif

/// Of times at or after `origin`: bit d for a time d days of 24 hours after it, bit 63 for later
/// ones, where `one` of its row is 1 and not 0.
///
/// Assumes less than 2^52 us. The half microsecond keeps every quotient further from a whole
/// number than rounding can move it; adding 2^52 rounds to the nearest whole number, here the one
/// above (below 2^52 halves would be left).
ASSAY_DAY_BITS std::uint64_t day_bits(const TimeUs* time, const std::uint64_t* one,
                                      std::size_t rows, TimeUs origin) {
  constexpr double kWhole = 0x1p52;
  constexpr auto kWholeBits = std::bit_cast<std::int64_t>(kWhole);
  constexpr double kPerDay = 1.0 / static_cast<double>(kDayUs);
  constexpr std::size_t kLanes = 4;
  using Whole = std::int64_t __attribute__((vector_size(8 * kLanes)));
  using Real = double __attribute__((vector_size(8 * kLanes)));
  if (rows < kLanes) {
    TimeUs some_time[kLanes] = {origin, origin, origin, origin};
    std::uint64_t some_one[kLanes] = {};
    std::copy_n(time, rows, some_time);
    std::copy_n(one, rows, some_one);
    return day_bits(some_time, some_one, kLanes, origin);
  }
  Whole days = {};
  for (std::size_t row = 0; row < rows; row += kLanes) {
    const std::size_t at = std::min(row, rows - kLanes);  // Rows taken twice change nothing.
    Whole past;
    Whole bits;
    std::memcpy(&past, time + at, sizeof past);
    std::memcpy(&bits, one + at, sizeof bits);
    const Real instant = __builtin_bit_cast(Real, (past - origin) | kWholeBits) - (kWhole - 0.5);
    const Real above = instant * kPerDay + 0.5 + kWhole;
    const Whole day = __builtin_bit_cast(Whole, above) - (kWholeBits + 1);
    days |= bits << (day < 63 ? day : 63);
  }
  return static_cast<std::uint64_t>(days[0] | days[1] | days[2] | days[3]);
}

template <std::size_t kCount>
constexpr std::array<std::uint64_t, kCount> ones() {
  std::array<std::uint64_t, kCount> all{};
  all.fill(1);
  return all;
}

/// Bit d: a return d days after the cohort's day, among rows [row, end) of a unit, none of which
/// is before that day. Bits beyond the width mean nothing.
template <bool kAny>
std::uint64_t return_days(const Kernel& kernel, const PartitionView& view, std::size_t row,
                          std::size_t end, std::size_t cohort) {
  constexpr std::size_t kBlock = 32;
  std::uint64_t returns[kBlock];
  static constexpr std::array<std::uint64_t, kBlock> kOnes = ones<kBlock>();
  std::uint64_t days = 0;
  const TimeUs* time = view.time.data();
  const std::size_t last = std::min(cohort + kernel.width, kernel.days.days() - 1);
  for (const EvenDays& even : kernel.stretches) {
    if (even.last < cohort) continue;
    if (even.first > last || row == end) break;
    const std::size_t first = std::max(even.first, cohort);
    const TimeUs origin = kernel.days.begin(first);
    const bool whole = even.last <= last;  // Its end counts to the microsecond.
    const TimeUs stop = kernel.days.end(std::min(even.last, last));
    const TimeUs limit = whole ? stop : origin + kLongest;
    std::uint64_t bits = 0;
    while (row < end && time[row] < stop) {
      std::size_t rows = std::min(kBlock, end - row);
      if (time[row + rows - 1] >= limit)
        rows = static_cast<std::size_t>(std::lower_bound(time + row, time + row + rows, limit) -
                                        (time + row));
      if constexpr (!kAny)
        for (std::size_t i = 0; i < rows; ++i)
          returns[i] = (kernel.mask<false>(view, row + i) & kReturn) != 0 ? 1 : 0;
      bits |= day_bits(time + row, kAny ? kOnes.data() : returns, rows, origin);
      row += rows;
    }
    // A last day of more than 24 hours reaches into the bit after its own.
    const std::uint64_t over = whole ? std::uint64_t{1} << (even.last + 1 - first) : 0;
    if ((bits & over) != 0) bits = (bits & ~over) | (over >> 1);
    days |= bits << (first - cohort);
  }
  return days;
}

/// The same, a day at a time: for windows of any width, and for filters, which are looked at only
/// until the day is known to have a return.
template <bool kFiltered>
void walk_returns(const Kernel& kernel, const PartitionView& view, std::size_t row, std::size_t end,
                  std::size_t cohort, std::uint32_t* cells) {
  const TimeUs* time = view.time.data();
  TimeUs day_end = kernel.days.end(cohort);  // Of the last day taken.
  const TimeUs stop = kernel.days.end(std::min(cohort + kernel.width, kernel.days.days() - 1));
  for (; row < end; ++row) {
    if (time[row] < day_end) continue;
    if (time[row] >= stop) break;
    if ((kernel.mask<kFiltered>(view, row) & kReturn) == 0) continue;
    const std::size_t day = kernel.days.at(time[row]);
    day_end = kernel.days.end(day);
    if (day > cohort) cells[day - cohort - 1] += 1;
  }
}

/// Asks for the first rows of a unit ahead of time: a scan that leaves units early reads memory in
/// jumps that the processor does not foresee. Always inline, because gcc takes a call that only
/// prefetches for one without effect and drops it.
__attribute__((always_inline)) inline void prefetch(const PartitionView& view, std::size_t u) {
  if (u >= view.units()) return;
  constexpr std::size_t kLine = 64 / sizeof(TimeUs);
  const std::size_t begin = view.offsets[u];
  const std::size_t end = std::min<std::size_t>(view.offsets[u + 1], begin + 64 * kLine);
  __builtin_prefetch(view.event.data() + begin);
  for (std::size_t row = begin; row < end; row += kLine) __builtin_prefetch(view.time.data() + row);
}

/// A unit enters once: walk to its first start event, then count each later day with a return.
template <bool kFiltered, bool kAny>
Partial first_time(const Kernel& kernel, const PartitionView& view, UnitDays&) {
  Partial partial = kernel.empty();
  const TimeUs* time = view.time.data();
  for (std::size_t u = 0; u < view.units(); ++u) {
    const std::size_t end = view.offsets[u + 1];
    std::size_t row = view.offsets[u];
    prefetch(view, u + 4);
    if (kFiltered || !kernel.plan.start.any_name)
      while (row < end && (kernel.mask<kFiltered>(view, row) & kStart) == 0) ++row;
    if (row == end) continue;
    const std::size_t cohort = kernel.days.at(time[row]);
    partial.units[cohort] += 1;
    std::uint32_t* cells = partial.retained.data() + cohort * kernel.width;
    if (kFiltered || kernel.stretches.empty() || time[row] < kernel.days.begin(cohort)) {
      walk_returns<kFiltered>(kernel, view, row + 1, end, cohort, cells);
      continue;
    }
    const std::uint64_t days = return_days<kAny>(kernel, view, row + 1, end, cohort) >> 1;
    for (std::size_t k = 0; k < kernel.width; k += 32) {
      const std::size_t count = std::min<std::size_t>(32, kernel.width - k);
      const auto keep = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
      add_bits(static_cast<std::uint32_t>(days >> k) & keep, count, cells + k);
    }
  }
  return partial;
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
  const Kernel kernel{plan, masks, days, width,
                      width <= kBitDays ? even_stretches(days) : std::vector<EvenDays>{}};
  auto run = plan.returning.any_name ? first_time<false, true> : first_time<false, false>;
  if (masks.filtered()) run = first_time<true, false>;
  if (plan.recurring) run = masks.filtered() ? recurring<true> : recurring<false>;
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
