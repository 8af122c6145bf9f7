#include "assay/events/sessions.hpp"

#include <array>
#include <cstddef>
#include <limits>
#include <memory>

namespace assay::events {
namespace {

/// Centred moments of a full block at a time, in two passes over eight lanes: no division a value.
class BlockMoments {
 public:
  void add(double x) {
    block_[filled_++] = x;
    if (filled_ == kBlock) flush();
  }
  numerics::Moments take() {
    flush();
    return std::exchange(total_, {});
  }

 private:
  static constexpr std::size_t kBlock = 1024;
  static constexpr std::size_t kLanes = 8;

  static double sum(const std::array<double, kLanes>& lanes) {
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
           ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }
  void flush() {
    if (filled_ == 0) return;
    std::array<double, kLanes> sums{};
    std::array<double, kLanes> squares{};
    const std::size_t whole = filled_ / kLanes * kLanes;
    for (std::size_t i = 0; i < whole; i += kLanes)
      for (std::size_t l = 0; l < kLanes; ++l) sums[l] += block_[i + l];
    for (std::size_t i = whole; i < filled_; ++i) sums[i - whole] += block_[i];
    const double mean = sum(sums) / static_cast<double>(filled_);
    const auto square = [&](std::size_t i) { return (block_[i] - mean) * (block_[i] - mean); };
    for (std::size_t i = 0; i < whole; i += kLanes)
      for (std::size_t l = 0; l < kLanes; ++l) squares[l] += square(i + l);
    for (std::size_t i = whole; i < filled_; ++i) squares[i - whole] += square(i);
    total_.merge({static_cast<std::int64_t>(filled_), mean, sum(squares)});
    filled_ = 0;
  }

  std::array<double, kBlock> block_{};
  std::size_t filled_ = 0;
  numerics::Moments total_;
};

struct Blocks {
  BlockMoments length_seconds;
  BlockMoments depth;
};

/// The local day of a time, looked up only when it is not the day of the last one asked for.
class DayCursor {
 public:
  explicit DayCursor(const DayGrid& days) : days_(days) {}

  std::size_t at(TimeUs now) {
    if (now >= end_ || now < begin_) {
      day_ = days_.at(now);
      begin_ = days_.begin(day_);
      end_ = days_.end(day_);
    }
    return day_;
  }

 private:
  const DayGrid& days_;
  std::size_t day_ = 0;
  TimeUs begin_ = 0;
  TimeUs end_ = std::numeric_limits<TimeUs>::min();
};

/// Every event counts: names are not read, and a session's depth is a difference of rows.
SessionTotals run_any(const PartitionView& view, const SessionsPlan& plan, const DayGrid& days,
                      Blocks& blocks) {
  SessionTotals totals;
  totals.started.assign(days.days(), 0);
  const TimeUs* time = view.time.data();
  const TimeUs gap = plan.gap_us;
  DayCursor day(days);
  for (std::size_t u = 0; u < view.units(); ++u) {
    std::size_t first = view.offsets[u];
    const std::size_t end = view.offsets[u + 1];
    if (first == end) continue;
    totals.units += 1;
    while (first < end) {
      std::size_t last = first;
      while (last + 1 < end && time[last + 1] - time[last] <= gap) ++last;
      blocks.length_seconds.add(static_cast<double>(time[last] - time[first]) * 1e-6);
      blocks.depth.add(static_cast<double>(last - first + 1));
      totals.sessions += 1;
      totals.started[day.at(time[first])] += 1;
      first = last + 1;
    }
  }
  totals.length_seconds = blocks.length_seconds.take();
  totals.depth = blocks.depth.take();
  return totals;
}

template <bool kFiltered>
SessionTotals run(const PartitionView& view, const SessionsPlan& plan,
                  const EventMasks<std::uint8_t>& masks, const DayGrid& days, Blocks& blocks) {
  SessionTotals totals;
  totals.started.assign(days.days(), 0);
  const std::uint16_t* event = view.event.data();
  const TimeUs* time = view.time.data();
  DayCursor day(days);
  for (std::size_t u = 0; u < view.units(); ++u) {
    std::int64_t depth = 0;  // 0: no session is open.
    TimeUs first = 0;
    TimeUs last = 0;
    const auto close = [&] {
      blocks.length_seconds.add(static_cast<double>(last - first) * 1e-6);
      blocks.depth.add(static_cast<double>(depth));
      totals.sessions += 1;
    };
    for (std::size_t row = view.offsets[u]; row < view.offsets[u + 1]; ++row) {
      if (masks.by_name(event[row]) == 0) continue;
      if constexpr (kFiltered)
        if (masks.at(view, row) == 0) continue;
      const TimeUs now = time[row];
      if (depth == 0 || now - last > plan.gap_us) {
        if (depth > 0)
          close();
        else
          totals.units += 1;
        totals.started[day.at(now)] += 1;
        first = now;
        depth = 0;
      }
      depth += 1;
      last = now;
    }
    if (depth > 0) close();
  }
  totals.length_seconds = blocks.length_seconds.take();
  totals.depth = blocks.depth.take();
  return totals;
}

}  // namespace

Result<SessionTotals> sessions(const ScanContext& context, const SessionsPlan& plan,
                               const DayGrid& days) {
  SessionTotals totals;
  totals.started.assign(days.days(), 0);
  if (days.empty()) return totals;
  const EventMasks<std::uint8_t> masks({&plan.event, 1}, plan.inputs.filters);
  const bool any = plan.event.any_name && !masks.filtered();
  const auto kernel = masks.filtered() ? run<true> : run<false>;
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "sessions", [] { return std::make_unique<Blocks>(); },
      [&](const PartitionView& view, Blocks& blocks) {
        return any ? run_any(view, plan, days, blocks) : kernel(view, plan, masks, days, blocks);
      },
      [&](const SessionTotals& partial) {
        totals.units += partial.units;
        totals.sessions += partial.sessions;
        totals.length_seconds.merge(partial.length_seconds);
        totals.depth.merge(partial.depth);
        for (std::size_t d = 0; d < totals.started.size(); ++d)
          totals.started[d] += partial.started[d];
      }));
  return totals;
}

}  // namespace assay::events
