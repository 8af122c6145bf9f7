#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "assay/base/time.hpp"

namespace assay::events {

/// The local days that a range of time touches, laid out so that the day of an instant is found
/// without a look-up in the time zone. Positions count from the first day.
class DayGrid {
 public:
  /// An empty range has no days.
  DayGrid(const TimeZone& zone, TimeRange range) {
    if (range.end <= range.begin) return;
    first_ = zone.local_day(range.begin);
    const Day last = zone.local_day(range.end - 1);
    bounds_ = zone.day_starts(first_, last);
    while (zone.day_start(last + 2 + static_cast<Day>(skipped_)) == bounds_.back()) ++skipped_;
  }

  [[nodiscard]] bool empty() const { return bounds_.empty(); }
  [[nodiscard]] std::size_t days() const { return empty() ? 0 : bounds_.size() - 1; }
  [[nodiscard]] Day first_day() const { return first_; }
  [[nodiscard]] TimeUs begin(std::size_t position) const { return bounds_[position]; }
  [[nodiscard]] TimeUs end(std::size_t position) const { return bounds_[position + 1]; }

  /// Days right after the last that the zone left out: they begin where the last ends too.
  [[nodiscard]] std::size_t skipped() const { return skipped_; }

  /// The position of the day of an instant; instants outside count to the first or last day.
  /// Assumes that there are days.
  [[nodiscard]] std::size_t at(TimeUs instant) const {
    const auto last = static_cast<std::ptrdiff_t>(bounds_.size()) - 2;
    const double guess = static_cast<double>(instant - bounds_.front()) * kPerDay;
    auto day = static_cast<std::ptrdiff_t>(
        std::clamp(guess, 0.0, static_cast<double>(last)));  // Off by one near a change of clocks.
    const TimeUs* bounds = bounds_.data();
    while (day > 0 && instant < bounds[day]) --day;
    while (day < last && instant >= bounds[day + 1]) ++day;
    return static_cast<std::size_t>(day);
  }

 private:
  static constexpr double kPerDay = 1.0 / static_cast<double>(kDayUs);
  Day first_ = 0;
  std::vector<TimeUs> bounds_;
  std::size_t skipped_ = 0;
};

}  // namespace assay::events
