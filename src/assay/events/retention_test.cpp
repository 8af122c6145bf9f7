#include "assay/events/retention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "assay/events/active_users.hpp"
#include "assay/events/memory_log.hpp"

namespace assay::events {
namespace {

using Units = MemoryLog::Units;
const Progress kSilent;
constexpr std::uint16_t kOpen = 1;
constexpr std::uint16_t kPlay = 2;

EventSet named(std::vector<std::uint16_t> codes) { return {false, std::move(codes), {}}; }

/// Around 2026-03-08, when the clocks of Los Angeles change: a day of 23 hours.
constexpr TimeUs kBegin = 1'772'400'000 * kSecondUs;
/// Nine days before 2026-11-01, a day of 25 hours.
constexpr TimeUs kAutumn = 1'792'738'800 * kSecondUs;

/// Units of up to `most` - 1 events.
Units random_units(std::size_t count, int days, unsigned seed, unsigned most = 30,
                   TimeUs begin = kBegin) {
  std::mt19937 random(seed);
  Units units(count);
  for (auto& events : units)
    for (auto e = random() % most; e > 0; --e) {
      // Whole hours and the microsecond before, so that midnights are hit from both sides.
      const auto hours = static_cast<std::int64_t>(random() % static_cast<unsigned>(24 * days));
      events.push_back({begin + hours * kHourUs - static_cast<TimeUs>(random() % 2),
                        static_cast<std::uint16_t>(random() % 4),
                        {},
                        {},
                        {}});
    }
  return units;
}

DayGrid grid(const TimeZone& zone, const MemoryLog& log) { return {zone, log.time_range()}; }

bool meant(const EventSet& set, std::uint16_t event) {
  return set.any_name || std::count(set.codes.begin(), set.codes.end(), event) > 0;
}

/// Goal: the definition with sets of days and the time zone asked for every event.
struct Reference {
  std::map<Day, std::int64_t> units;
  std::map<std::pair<Day, int>, std::int64_t> retained;

  Reference(const Units& log, const RetentionPlan& plan, const TimeZone& zone) {
    for (const auto& events : log) {
      std::set<Day> starts;
      std::set<Day> returns;
      for (const LoggedEvent& event : events) {
        if (meant(plan.start, event.event)) starts.insert(zone.local_day(event.time));
        if (meant(plan.returning, event.event)) returns.insert(zone.local_day(event.time));
      }
      for (const Day start : starts) {
        units[start] += 1;
        for (const Day day : returns)
          if (day > start && day - start <= static_cast<int>(plan.max_day))
            retained[{start, day - start}] += 1;
        if (!plan.recurring) break;
      }
    }
  }
};

void expect_equal(const Units& units, const RetentionPlan& plan, const TimeZone& zone) {
  const MemoryLog log({}, 4, units);
  const RetentionCounts counts = *retention({log, 1, kSilent}, plan, grid(zone, log));
  const Reference want(units, plan, zone);
  ASSERT_FALSE(want.units.empty());
  EXPECT_EQ(counts.first_cohort, want.units.begin()->first);
  ASSERT_EQ(counts.units.size(),
            static_cast<std::size_t>(want.units.rbegin()->first - want.units.begin()->first + 1));
  ASSERT_EQ(counts.retained.size(), counts.units.size() * plan.max_day);
  for (std::size_t c = 0; c < counts.units.size(); ++c) {
    const Day day = counts.first_cohort + static_cast<Day>(c);
    const auto cohort = want.units.find(day);
    EXPECT_EQ(counts.units[c], cohort == want.units.end() ? 0 : cohort->second);
    for (int k = 1; k <= static_cast<int>(plan.max_day); ++k) {
      const auto cell = want.retained.find({day, k});
      EXPECT_EQ(counts.retained[c * plan.max_day + static_cast<std::size_t>(k) - 1],
                cell == want.retained.end() ? 0 : cell->second);
    }
  }
}

TEST(Retention, EqualsSetsOfDaysInZonesWithAndWithoutSummerTime) {
  for (const char* name : {"UTC", "America/Los_Angeles", "Asia/Kolkata"})
    for (const bool recurring : {false, true})
      for (const std::size_t max_day : {1U, 7U, 31U, 33U, 62U, 63U, 100U})
        for (const int days : {1, 20, 150}) {
          SCOPED_TRACE(testing::Message() << name << recurring << " " << max_day << " " << days);
          expect_equal(random_units(60, days, 11),
                       {{}, named({kOpen}), named({kOpen, kPlay}), recurring, max_day},
                       *TimeZone::find(name));
        }
}

TEST(Retention, EqualsSetsOfDaysForAnyEventOfShortAndLongUnits) {
  for (const TimeUs begin : {kBegin, kAutumn})
    for (const unsigned most : {6U, 40U, 400U})
      for (const std::size_t max_day : {1U, 28U, 62U, 63U})
        for (const int days : {9, 10, 30, 400})
          for (const bool any_start : {false, true}) {
            SCOPED_TRACE(testing::Message() << begin << " " << most << " " << max_day << " " << days
                                            << " " << any_start);
            expect_equal(random_units(60, days, 12, most, begin),
                         {{}, any_start ? EventSet{} : named({kOpen}), EventSet{}, false, max_day},
                         *TimeZone::find("America/Los_Angeles"));
          }
}

TEST(Retention, IsTheSameForAnyThreadsAndDoublesWithItsUnits) {
  Units units = random_units(300, 40, 3);
  const RetentionPlan plan{{}, EventSet{}, EventSet{}, true, 28};
  const TimeZone zone = *TimeZone::find("America/Los_Angeles");
  const MemoryLog log({}, 5, units);
  const RetentionCounts one = *retention({log, 1, kSilent}, plan, grid(zone, log));
  for (const int threads : {2, 8}) {
    const RetentionCounts many = *retention({log, threads, kSilent}, plan, grid(zone, log));
    EXPECT_EQ(many.units, one.units);
    EXPECT_EQ(many.retained, one.retained);
  }
  const Units copy = units;
  units.insert(units.end(), copy.rbegin(), copy.rend());
  const MemoryLog doubled({}, 3, units);
  const RetentionCounts twice = *retention({doubled, 1, kSilent}, plan, grid(zone, doubled));
  for (std::size_t c = 0; c < one.retained.size(); ++c)
    EXPECT_EQ(twice.retained[c], 2 * one.retained[c]);
}

TEST(Retention, NobodyEntersWithoutAStartEvent) {
  const RetentionPlan plan{{}, named({9}), EventSet{}, false, 28};
  for (const Units& units : {Units{}, Units{{}, {}}, random_units(5, 3, 1)}) {
    const MemoryLog log({}, 2, units);
    const RetentionCounts counts = *retention({log, 2, kSilent}, plan, grid(TimeZone::utc(), log));
    EXPECT_TRUE(counts.units.empty());
    EXPECT_TRUE(counts.retained.empty());
  }
}

TEST(ActiveUsers, EqualDistinctUnitsInTheTrailingDays) {
  const TimeZone zone = *TimeZone::find("America/Los_Angeles");
  for (const int days : {1, 40})
    for (const std::size_t trailing : {1U, 7U, 28U, 1000U}) {
      const Units units = random_units(80, days, 5);
      const MemoryLog log({}, 4, units);
      const DayGrid span = grid(zone, log);
      const ActiveUsersPlan plan{{}, named({kPlay}), trailing};
      const auto counts = *active_users({log, 1, kSilent}, plan, span);
      EXPECT_EQ(*active_users({log, 8, kSilent}, plan, span), counts);
      ASSERT_EQ(counts.size(), span.days());
      for (std::size_t d = 0; d < counts.size(); ++d) {
        const Day day = span.first_day() + static_cast<Day>(d);
        const auto active = std::count_if(units.begin(), units.end(), [&](const auto& events) {
          return std::any_of(events.begin(), events.end(), [&](const LoggedEvent& event) {
            const Day back = day - zone.local_day(event.time);
            return event.event == kPlay && back >= 0 && back < static_cast<Day>(trailing);
          });
        });
        EXPECT_EQ(counts[d], active) << "day " << d << ", trailing " << trailing;
      }
    }
}

TEST(ActiveUsers, AreNoneWithoutEvents) {
  const MemoryLog log({}, 2, Units{{}, {}});
  const DayGrid none = grid(TimeZone::utc(), log);
  EXPECT_TRUE(active_users({log, 1, kSilent}, {{}, EventSet{}, 1}, none)->empty());
}

}  // namespace
}  // namespace assay::events
