#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/distributed/daily_store.hpp"
#include "assay/engine/engine.hpp"

namespace assay::distributed {

/// When a day is settled, so that what was stored of it is used for good.
struct IncrementalPolicy {
  std::int64_t late_horizon_us = 0;  ///< Events arrive at most this long after they happened.
  TimeUs as_of =
      0;  ///< How far the data goes now: the last event, or the clock if that is earlier.
  bool refresh = false;  ///< Ask every day again.
};

struct DaySpan {
  Day first = 0;
  Day last = 0;  ///< Included.

  friend bool operator==(const DaySpan&, const DaySpan&) = default;
};

/// A series, and where its days came from.
struct IncrementalSeries {
  engine::Series series;
  std::int64_t stored = 0;     ///< Days taken from the store.
  std::vector<DaySpan> asked;  ///< The engine was asked one question each, in order.
  std::vector<Day> changed;    ///< Settled days that were asked again and are not what was stored.
  std::vector<std::string> warnings;  ///< A store that could not be read or written.

  [[nodiscard]] std::int64_t asked_days() const;
};

inline constexpr std::size_t kMaxSpansAsked = 4;

/// The answer to a series with as little asked as its correctness allows. Works with any engine.
///
/// A stored day is taken when it was settled at the time it was asked: it had ended late_horizon
/// before the data did. Everything else, days never asked and days that were too young, is asked in
/// one span a gap; at most kMaxSpansAsked, the shortest stored stretches between them asked again.
/// A day's numbers are taken whole, from one answer, so that the series is what asking everything
/// at once gives, as long as no event arrives later than the horizon. One that does is not seen
/// until `refresh`; whenever a settled day is asked again and differs, `changed` says so.
/// A damaged store is a warning and no store; one that cannot be written a warning.
/// Fails as Engine::series does; the answers that came before are kept.
Result<IncrementalSeries> series_incremental(engine::Engine& engine, const DailyStore& store,
                                             const engine::SeriesQuery& query,
                                             const IncrementalPolicy& policy);

}  // namespace assay::distributed
