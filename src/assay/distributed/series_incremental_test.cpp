#include "assay/distributed/series_incremental.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <random>

#include "assay/base/file.hpp"

namespace assay::distributed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct LoggedEvent {
  TimeUs time = 0;
  TimeUs arrived = 0;
  int unit = 0;
  double value = 0.0;
};

/// An engine that knows the events that have arrived by `now`, and notes what it is asked: sums of
/// values a unit, the slow way.
class LogEngine final : public engine::Engine {
 public:
  std::vector<LoggedEvent> log;
  TimeUs now = 0;
  std::vector<DaySpan> asked;
  std::size_t fail_after = 99;

  [[nodiscard]] std::string name() const override { return "log"; }

  Result<engine::Series> series(const engine::SeriesQuery& query) override {
    if (asked.size() >= fail_after) return no();
    asked.push_back({query.first_day, query.last_day});
    engine::Series series{query.first_day, {}};
    for (Day day = query.first_day; day <= query.last_day; ++day) {
      std::map<int, double> units;
      for (const LoggedEvent& event : log)
        if (event.arrived <= now && query.timezone.local_day(event.time) == day)
          units[event.unit] += event.value;
      engine::UnitTotals totals{static_cast<std::int64_t>(units.size()), {}};
      totals.moments.emplace_back(std::size_t{1});
      for (const auto& [unit, value] : units) totals.moments[0].add({&value, 1});
      series.days.push_back(std::move(totals));
    }
    return series;
  }

  Result<engine::ActiveUsers> active_users(const engine::ActiveUsersQuery&) override {
    return no();
  }
  Result<engine::RetentionTriangle> retention(const engine::RetentionQuery&) override {
    return no();
  }
  Result<engine::FunnelCounts> funnel(const engine::FunnelQuery&) override { return no(); }
  Result<engine::Sessions> sessions(const engine::SessionsQuery&) override { return no(); }
  Result<engine::ExperimentMoments> experiment(const engine::ExperimentQuery&) override {
    return no();
  }
  Result<engine::UnitTotals> unit_totals(const engine::UnitTotalsQuery&) override { return no(); }
  Result<engine::UnitTable> unit_table(const engine::UnitTableQuery&) override { return no(); }

 private:
  static tl::unexpected<Error> no() { return fail(ErrorCode::unavailable, "no one answers"); }
};

void expect_equal(const engine::Series& a, const engine::Series& b) {
  EXPECT_EQ(a.first_day, b.first_day);
  ASSERT_EQ(a.days.size(), b.days.size());
  for (std::size_t day = 0; day < a.days.size(); ++day) {
    SCOPED_TRACE(day);
    EXPECT_EQ(a.days[day].units, b.days[day].units);
    EXPECT_EQ(a.days[day].moments[0].mean, b.days[day].moments[0].mean);
    EXPECT_EQ(a.days[day].moments[0].comoment, b.days[day].moments[0].comoment);
  }
}

class SeriesIncremental : public testing::Test {
 protected:
  void SetUp() override {
    store.folder = std::filesystem::temp_directory_path() /
                   ("assay_incremental_" + std::to_string(::getpid()) + "_" +
                    testing::UnitTest::GetInstance()->current_test_info()->name());
    store.table = "log";
  }
  void TearDown() override { std::filesystem::remove_all(store.folder); }

  IncrementalSeries ask(Day first, Day last, bool refresh = false) {
    query.first_day = first;
    query.last_day = last;
    engine.asked.clear();
    auto answer = series_incremental(engine, store, query, {horizon, engine.now, refresh});
    EXPECT_TRUE(answer) << (answer ? "" : to_text(answer.error()));
    if (!answer) return {};
    EXPECT_EQ(answer->asked, engine.asked);
    EXPECT_EQ(answer->stored + answer->asked_days(), last - first + 1);
    return *answer;
  }

  /// The answer to the last question is that of asking all its days at once.
  void expect_everything(const IncrementalSeries& answer) {
    LogEngine fresh = engine;
    expect_equal(answer.series, *fresh.series(query));
  }

  void add(Day day, std::int64_t hour, std::int64_t delay_hours, int unit = 1) {
    const TimeUs time = day * kDayUs + hour * kHourUs;
    engine.log.push_back({time, time + delay_hours * kHourUs, unit, 1.5});
  }

  LogEngine engine;
  DailyStore store;
  engine::SeriesQuery query{
      .metrics = {{"value", {{}, engine::Aggregation::sum, "value", 1.0}, {}, {}}}};
  std::int64_t horizon = 2 * kDayUs;
};

TEST_F(SeriesIncremental, ANewDayAsksForThatDayAndTheHorizonAlone) {
  for (Day day = 0; day < 20; ++day) add(day, 10, 1);
  engine.now = 10 * kDayUs;  // Days 0 to 7 ended two days ago or more.
  EXPECT_THAT(ask(0, 9).asked, ElementsAre(DaySpan{0, 9}));
  EXPECT_THAT(ask(0, 9).asked, ElementsAre(DaySpan{8, 9}));
  engine.now = 11 * kDayUs;
  EXPECT_THAT(ask(0, 10).asked, ElementsAre(DaySpan{8, 10}));  // 8 was young when it was asked.
  EXPECT_THAT(ask(0, 10).asked, ElementsAre(DaySpan{9, 10}));
  EXPECT_THAT(ask(2, 6).asked, IsEmpty());
  expect_everything(ask(0, 10));
  engine.now = 30 * kDayUs;  // Long after: what was young when it was asked is asked once more.
  EXPECT_THAT(ask(0, 10).asked, ElementsAre(DaySpan{9, 10}));
  EXPECT_THAT(ask(0, 10).asked, IsEmpty());
}

TEST_F(SeriesIncremental, EqualsAskingEverythingWhileEventsComeLate) {
  std::mt19937_64 random(11);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (int world = 0; world < 16; ++world) {
    SCOPED_TRACE(fmt::format("world {}", world));
    const char* const zones[] = {"UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia"};
    query.timezone = *TimeZone::find(zones[world % 4]);
    store.table = fmt::format("world {}", world);
    const std::int64_t horizons[] = {0, 12 * kHourUs, 2 * kDayUs, 5 * kDayUs};
    horizon = horizons[below(4)];
    // Around a change of clocks in Los Angeles and the day that Samoa left out.
    const Day first = *parse_day(world % 4 == 3 ? "2011-12-20" : "2026-03-01");
    engine.log.clear();
    for (int i = 0; i < 400; ++i) {
      const TimeUs time = first * kDayUs + below(25 * kDayUs);
      const TimeUs late = below(2) == 0 ? 0 : below(horizon + 1);
      engine.log.push_back(
          {time, time + late, static_cast<int>(below(9)), 0.1 * static_cast<double>(below(100))});
    }
    TimeUs before = 0;
    for (TimeUs now = (first + 2) * kDayUs; now < (first + 25) * kDayUs;
         now += 1 + below(2 * kDayUs)) {
      engine.now = now;
      const Day last = query.timezone.local_day(now);
      const IncrementalSeries answer = ask(first, last);
      expect_everything(answer);
      // Asked: from the first day that was not settled the last time; nothing else.
      Day young = first;
      while (query.timezone.day_start(young + 1) + horizon <= before) ++young;
      ASSERT_EQ(answer.asked, std::vector<DaySpan>{(DaySpan{young, last})});
      EXPECT_THAT(answer.changed, IsEmpty());
      EXPECT_THAT(answer.warnings, IsEmpty());
      before = now;
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST_F(SeriesIncremental, AnEventLaterThanTheHorizonIsSeenOnRefreshAndSaid) {
  for (Day day = 0; day < 12; ++day) add(day, 10, 1);
  engine.now = 10 * kDayUs;
  ask(0, 9);
  add(3, 10, 8 * 24, 2);  // Eight days late.
  engine.now = 12 * kDayUs;
  EXPECT_EQ(ask(0, 11).series.days[3].units, 1);
  const IncrementalSeries all = ask(0, 11, true);
  EXPECT_THAT(all.asked, ElementsAre(DaySpan{0, 11}));
  EXPECT_THAT(all.changed, ElementsAre(3));
  expect_everything(all);
  expect_everything(ask(0, 11));  // And from now on.
}

TEST_F(SeriesIncremental, ManyGapsAreAskedInFewSpansOverTheShortestStretches) {
  for (Day day = 0; day < 60; ++day) add(day, 10, 1);
  engine.now = 90 * kDayUs;
  for (const Day day : {5, 10, 13, 20, 30, 31, 45}) ask(day, day);  // All else is missing.
  const IncrementalSeries answer = ask(0, 59);
  EXPECT_EQ(answer.asked.size(), kMaxSpansAsked);
  EXPECT_EQ(answer.stored, 4);  // Days 20, 30, 31 and 45; 5, 10 and 13 were bridged.
  expect_everything(answer);
  EXPECT_THAT(ask(0, 59).asked, IsEmpty());
}

TEST_F(SeriesIncremental, ADamagedStoreIsAskedAgainWithAWarningAndMended) {
  add(1, 10, 1);
  engine.now = 10 * kDayUs;
  ask(0, 5);
  std::string content = *read_file(daily_file(store, query));
  content[content.find("units 1") + 6] = '7';
  ASSERT_TRUE(write_file(daily_file(store, query), content));
  const IncrementalSeries answer = ask(0, 5);
  EXPECT_THAT(answer.warnings, ElementsAre(HasSubstr("damaged")));
  EXPECT_EQ(answer.asked_days(), 6);
  expect_everything(answer);
  EXPECT_EQ(ask(0, 5).stored, 6);
}

TEST_F(SeriesIncremental, AStoreThatCannotBeWrittenCostsTheAnswerNothing) {
  add(1, 10, 1);
  engine.now = 10 * kDayUs;
  ASSERT_TRUE(write_file(store.folder, "a file where the folder should be"));
  const IncrementalSeries answer = ask(0, 5);
  expect_everything(answer);
  EXPECT_FALSE(answer.warnings.empty());
}

TEST_F(SeriesIncremental, WhatWasAnsweredBeforeAFailureIsKept) {
  for (Day day = 0; day < 20; ++day) add(day, 10, 1);
  engine.now = 40 * kDayUs;
  ask(8, 12);
  engine.asked.clear();
  engine.fail_after = 1;
  query.first_day = 0;
  query.last_day = 19;
  const auto failed = series_incremental(engine, store, query, {horizon, engine.now, false});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  engine.fail_after = 99;
  EXPECT_THAT(ask(0, 19).asked, ElementsAre(DaySpan{13, 19}));
}

TEST_F(SeriesIncremental, DaysThatCannotBeAreRefusedByTheEngineNotHere) {
  engine.fail_after = 0;
  for (const auto& [first, last] :
       {std::pair<Day, Day>{5, 4}, {0, 50'000}, {2'147'483'640, 2'147'483'647}}) {
    query.first_day = first;
    query.last_day = last;
    EXPECT_FALSE(series_incremental(engine, store, query, {horizon, 0, false}));
  }
}

}  // namespace
}  // namespace assay::distributed
