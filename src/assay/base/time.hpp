#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"

namespace assay {

/// An instant: microseconds since 1970-01-01T00:00:00 UTC.
using TimeUs = std::int64_t;

/// A civil date: days since 1970-01-01. A day needs a time zone to have a beginning.
using Day = std::int32_t;

inline constexpr std::int64_t kSecondUs = 1'000'000;
inline constexpr std::int64_t kMinuteUs = 60 * kSecondUs;
inline constexpr std::int64_t kHourUs = 60 * kMinuteUs;
inline constexpr std::int64_t kDayUs = 24 * kHourUs;

/// A half-open interval of time [begin, end).
struct TimeRange {
  TimeUs begin = 0;
  TimeUs end = 0;
};

/// An IANA time zone with its transitions laid out for fast look-ups between 1970 and 2100.
class TimeZone {
 public:
  /// Finds a zone by its IANA name ("America/Los_Angeles", "UTC").
  /// Fails with invalid_spec and near names when there is none.
  static Result<TimeZone> find(std::string_view name);
  static TimeZone utc();

  [[nodiscard]] const std::string& name() const { return name_; }

  /// The civil date that the instant falls on in this zone.
  [[nodiscard]] Day local_day(TimeUs instant) const;

  /// The first instant of a local day (days are 23 or 25 hours long at a change of clocks).
  [[nodiscard]] TimeUs day_start(Day day) const;

  /// day_start of first, first + 1, ..., last + 1: boundaries of the days first..last.
  [[nodiscard]] std::vector<TimeUs> day_starts(Day first, Day last) const;

  /// The instant at which the local wall clock shows this microsecond count since 1970-01-01
  /// 00:00 local. A time that does not exist reads as the first instant after the gap; one
  /// that occurs twice as the earlier.
  [[nodiscard]] TimeUs from_local(std::int64_t local_us) const;

  /// A stretch of time in which the local clock runs `offset_us` ahead of UTC.
  struct Offset {
    TimeUs begin = 0;
    std::int64_t offset_us = 0;
  };

  /// The offsets in force inside a span, in order; neighbours differ. The first begins at or
  /// before the span, each lasts up to the next. An empty span has the one offset of its begin.
  [[nodiscard]] std::vector<Offset> offsets(TimeRange span) const;

 private:
  TimeZone() = default;
  [[nodiscard]] std::int64_t offset_at(TimeUs instant) const;

  std::string name_;
  std::vector<TimeUs> transitions_;       ///< Begin of each period; the first is the far past.
  std::vector<std::int64_t> offsets_us_;  ///< Local minus UTC in that period.
};

/// "2026-05-04" -> Day. Fails with invalid_spec on anything that is not a calendar date.
Result<Day> parse_day(std::string_view text);

/// Day -> "2026-05-04".
std::string day_text(Day day);

/// Instant -> "2026-05-04T17:03:09Z"; microseconds are shown only when not zero.
std::string time_text(TimeUs instant);

/// Monday = 0 ... Sunday = 6.
int weekday(Day day);

/// "90s", "30m", "2h", "7d", "2w" -> microseconds. Fails with invalid_spec on anything else,
/// on a negative number too.
Result<std::int64_t> parse_duration(std::string_view text);

/// Microseconds -> the shortest exact spelling that parse_duration reads ("7d", "90s").
std::string duration_text(std::int64_t duration_us);

}  // namespace assay
