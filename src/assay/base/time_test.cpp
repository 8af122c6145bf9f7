#include "assay/base/time.hpp"

#include <gmock/gmock.h>

namespace assay {
namespace {

TimeUs at(std::int64_t unix_seconds) { return unix_seconds * kSecondUs; }

// Source: GNU date 9.1, TZ=America/Los_Angeles date -d @SECONDS.
TEST(TimeZone, AKnownInstantFallsOnTheDayThatTheWallClockShows) {
  const auto zone = *TimeZone::find("America/Los_Angeles");
  EXPECT_EQ(day_text(zone.local_day(at(1'777'877'999))), "2026-05-03");  // 23:59:59 PDT
  EXPECT_EQ(day_text(zone.local_day(at(1'777'878'000))), "2026-05-04");  // 00:00:00 PDT
  EXPECT_EQ(zone.day_start(*parse_day("2026-05-04")), at(1'777'878'000));
}

TEST(TimeZone, DaysAreShortAndLongWhenTheClocksChange) {
  const auto zone = *TimeZone::find("America/Los_Angeles");
  const Day spring = *parse_day("2026-03-08");
  const Day autumn = *parse_day("2026-11-01");
  EXPECT_EQ(zone.day_start(spring + 1) - zone.day_start(spring), 23 * kHourUs);
  EXPECT_EQ(zone.day_start(autumn + 1) - zone.day_start(autumn), 25 * kHourUs);
  EXPECT_EQ(zone.day_starts(spring, spring + 1).size(), 3U);
}

// Lebanon moves its clocks at midnight: 2022-03-27 00:00 does not exist.
TEST(TimeZone, AMidnightThatDoesNotExistStartsTheDayAtTheFirstInstantAfterIt) {
  const auto zone = *TimeZone::find("Asia/Beirut");
  const Day day = *parse_day("2022-03-27");
  const TimeUs start = zone.day_start(day);
  EXPECT_EQ(zone.local_day(start), day);
  EXPECT_EQ(zone.local_day(start - 1), day - 1);
}

TEST(TimeZone, LocalDayInvertsDayStartEverywhere) {
  for (const char* name : {"UTC", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe",
                           "America/Sao_Paulo", "Africa/Casablanca"}) {
    const auto zone = *TimeZone::find(name);
    for (Day day = 14'000; day < 21'000; ++day) {
      ASSERT_EQ(zone.local_day(zone.day_start(day)), day) << name << " " << day_text(day);
      ASSERT_EQ(zone.local_day(zone.day_start(day) - 1), day - 1) << name << " " << day_text(day);
    }
  }
}

// Source: zdump -v Europe/Berlin (tzdata 2025b): 2026-03-29 01:00 UTC and 2026-10-25 01:00 UTC.
TEST(TimeZone, OffsetsOfASpanAreThoseBetweenItsChangesOfClocks) {
  const TimeZone berlin = *TimeZone::find("Europe/Berlin");
  const TimeUs spring = at(1'774'746'000);
  const TimeUs autumn = at(1'792'890'000);
  const auto year = berlin.offsets({at(1'767'225'600), at(1'798'761'600)});
  ASSERT_EQ(year.size(), 3U);
  EXPECT_LE(year[0].begin, at(1'767'225'600));
  EXPECT_EQ(year[0].offset_us, kHourUs);
  EXPECT_EQ(year[1].begin, spring);
  EXPECT_EQ(year[1].offset_us, 2 * kHourUs);
  EXPECT_EQ(year[2].begin, autumn);
  EXPECT_EQ(year[2].offset_us, kHourUs);
  EXPECT_EQ(berlin.offsets({spring, autumn}).size(), 1U);
  EXPECT_EQ(berlin.offsets({spring - 1, spring + 1}).size(), 2U);
  EXPECT_EQ(berlin.offsets({spring, spring}).front().offset_us, 2 * kHourUs);
  EXPECT_EQ(TimeZone::utc().offsets({0, autumn}).size(), 1U);
}

TEST(TimeZone, OffsetsTellTheLocalDayOfEveryInstant) {
  for (const char* name : {"America/New_York", "Australia/Lord_Howe", "Pacific/Apia"}) {
    const TimeZone zone = *TimeZone::find(name);
    const TimeRange span{at(1'320'000'000), at(1'330'000'000)};  // 2011-10-30 to 2012-02-23.
    const auto offsets = zone.offsets(span);
    for (TimeUs time = span.begin; time < span.end; time += 17 * kMinuteUs) {
      std::size_t i = offsets.size() - 1;
      while (offsets[i].begin > time) --i;
      ASSERT_EQ((time + offsets[i].offset_us) / kDayUs, zone.local_day(time)) << name;
    }
  }
}

TEST(TimeZone, AMistypedNameIsAnErrorWithASuggestion) {
  const auto zone = TimeZone::find("America/Los_Angelos");
  ASSERT_FALSE(zone.has_value());
  EXPECT_EQ(zone.error().fix, "did you mean `America/Los_Angeles`?");
}

TEST(Time, DatesAreReadAndWritten) {
  EXPECT_EQ(*parse_day("1970-01-01"), 0);
  EXPECT_EQ(*parse_day("2000-02-29"), 11'016);  // GNU date: 951782400 / 86400.
  EXPECT_EQ(day_text(-1), "1969-12-31");
  for (const char* bad : {"2026-02-29", "2026-13-01", "2026-5-4", "today", "2026-05-04x"})
    EXPECT_FALSE(parse_day(bad).has_value()) << bad;
  EXPECT_EQ(weekday(*parse_day("2026-05-04")), 0);  // A Monday.
  EXPECT_EQ(weekday(0), 3);                         // 1970 began on a Thursday.
}

TEST(Time, InstantsAreWrittenInUtc) {
  EXPECT_EQ(time_text(at(951'782'400)), "2000-02-29T00:00:00Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999999Z");
}

TEST(Time, DurationsAreReadAndWritten) {
  EXPECT_EQ(*parse_duration("14d"), 14 * kDayUs);
  EXPECT_EQ(*parse_duration("0h"), 0);
  EXPECT_EQ(*parse_duration("90s"), 90 * kSecondUs);
  for (const char* bad : {"-1d", "7", "d", "7 d", "1.5h", "99999999999999d"})
    EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
  EXPECT_EQ(duration_text(14 * kDayUs), "14d");
  EXPECT_EQ(duration_text(90 * kMinuteUs), "90m");
}

}  // namespace
}  // namespace assay
