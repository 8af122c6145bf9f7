#include "assay/events/sessions.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "assay/events/memory_log.hpp"

namespace assay::events {
namespace {

using Units = MemoryLog::Units;
const Progress kSilent;
constexpr TimeUs kBegin = 1'772'400'000 * kSecondUs;

Units random_units(std::size_t count) {
  std::mt19937 random(13);
  Units units(count);
  for (auto& events : units)
    for (auto e = random() % 60; e > 0; --e)
      events.push_back({kBegin + static_cast<std::int64_t>(random() % 20'000) * kMinuteUs,
                        static_cast<std::uint16_t>(random() % 3),
                        {},
                        {},
                        {}});
  return units;
}

SessionTotals run(const Units& units, const SessionsPlan& plan, const TimeZone& zone,
                  int threads = 1) {
  const MemoryLog log({}, 4, units);
  return *sessions({log, threads, kSilent}, plan, DayGrid(zone, log.time_range()));
}

TEST(Sessions, EqualAListOfSessionsMadeOneByOne) {
  const TimeZone zone = *TimeZone::find("America/Los_Angeles");
  const SessionsPlan plan{{}, {false, {1, 2}, {}}, 90 * kMinuteUs};
  const Units units = random_units(700);  // More sessions than a block of the kernel holds.
  numerics::Moments length;
  numerics::Moments depth;
  std::map<Day, std::int64_t> started;
  std::int64_t with_session = 0;
  for (const auto& events : units) {
    std::multiset<TimeUs> times;
    for (const LoggedEvent& event : events)
      if (event.event != 0) times.insert(event.time);
    with_session += times.empty() ? 0 : 1;
    for (auto first = times.begin(); first != times.end();) {
      auto last = first;
      double size = 1;
      while (std::next(last) != times.end() && *std::next(last) - *last <= plan.gap_us) {
        ++last;
        ++size;
      }
      length.add(static_cast<double>(*last - *first) / 1e6);
      depth.add(size);
      started[zone.local_day(*first)] += 1;
      first = std::next(last);
    }
  }
  const SessionTotals totals = run(units, plan, zone);
  EXPECT_EQ(totals.units, with_session);
  EXPECT_EQ(totals.sessions, length.n);
  EXPECT_EQ(totals.length_seconds.n, length.n);
  EXPECT_NEAR(totals.length_seconds.mean, length.mean, 1e-9 * length.mean);
  EXPECT_NEAR(totals.length_seconds.m2, length.m2, 1e-9 * length.m2);
  EXPECT_NEAR(totals.depth.mean, depth.mean, 1e-9);
  EXPECT_NEAR(totals.depth.m2, depth.m2, 1e-9 * depth.m2);
  const MemoryLog log({}, 1, units);
  const DayGrid days(zone, log.time_range());
  for (std::size_t d = 0; d < totals.started.size(); ++d)
    EXPECT_EQ(totals.started[d], started[days.first_day() + static_cast<Day>(d)]);
}

TEST(Sessions, AGapOfExactlyTheLimitContinuesTheSession) {
  const SessionsPlan plan{{}, EventSet{}, 30 * kMinuteUs};
  const auto count = [&](std::int64_t gap) {
    const Units units = {{{kBegin, 1, {}, {}, {}}, {kBegin + gap, 1, {}, {}, {}}}};
    return run(units, plan, TimeZone::utc()).sessions;
  };
  EXPECT_EQ(count(30 * kMinuteUs), 1);
  EXPECT_EQ(count(30 * kMinuteUs + 1), 2);
}

TEST(Sessions, KeepTheirBitsForAnyNumberOfThreads) {
  const SessionsPlan plan{{}, EventSet{}, 30 * kMinuteUs};
  const Units units = random_units(500);
  const SessionTotals one = run(units, plan, TimeZone::utc(), 1);
  for (const int threads : {2, 8}) {
    const SessionTotals many = run(units, plan, TimeZone::utc(), threads);
    EXPECT_EQ(many.length_seconds.mean, one.length_seconds.mean);
    EXPECT_EQ(many.length_seconds.m2, one.length_seconds.m2);
    EXPECT_EQ(many.depth.m2, one.depth.m2);
    EXPECT_EQ(many.started, one.started);
  }
}

TEST(Sessions, AreNoneWithoutEvents) {
  const SessionsPlan plan{{}, EventSet{}, 30 * kMinuteUs};
  for (const Units& units : {Units{}, Units{{}, {}}}) {
    const SessionTotals totals = run(units, plan, TimeZone::utc());
    EXPECT_EQ(totals.sessions, 0);
    EXPECT_EQ(totals.length_seconds.n, 0);
  }
}

}  // namespace
}  // namespace assay::events
