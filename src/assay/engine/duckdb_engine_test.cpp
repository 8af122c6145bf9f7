#include "assay/engine/duckdb_engine.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <sstream>

#include "assay/engine/engine_fixture.hpp"
#include "assay/engine/sql.hpp"

namespace assay::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Answers in this file are worked out by hand on logs small enough to read.
class DuckdbEngineTest : public EngineTest {
 protected:
  /// A log as text: "unit event@minute [variant] [value]", one event a line; "-" for missing.
  std::unique_ptr<DuckdbEngine> engine_of(const std::string& log, TimeUs origin = 0) {
    std::string csv = "user_id,ts,event,variant,value\n";
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string unit;
      std::string event;
      std::string variant;
      std::string value;
      words >> unit >> event >> variant >> value;
      if (unit.empty()) continue;
      const std::size_t at = event.find('@');
      const double minute = std::stod(event.substr(at + 1));
      const auto time = origin + std::llround(minute * static_cast<double>(kMinuteUs));
      csv += fmt::format("{},{},{},{},{}\n", unit, time, event.substr(0, at),
                         variant == "-" ? "" : variant, value);
    }
    Source source = plain_source(SourceFormat::csv, write("log.csv", csv));
    source.event_time.unit = TimeUnit::microseconds;
    source.properties = {{"variant", "variant", frame::Type::text},
                         {"value", "value", frame::Type::float64}};
    auto engine = DuckdbEngine::open(std::move(*Database::open()), source);
    EXPECT_TRUE(engine) << (engine ? "" : to_text(engine.error()));
    return engine ? std::move(*engine) : nullptr;
  }

  /// One unit's events ("A0 B50") -> the depth it reaches in a funnel of 60 minutes.
  std::int64_t depth(const std::string& events, const std::vector<std::string>& steps,
                     double* seconds = nullptr) {
    std::string log;
    std::istringstream words(events);
    for (std::string word; words >> word;)
      log += fmt::format("1 {}@{}\n", word.substr(0, 1), word.substr(1));
    // So that every step is a known event.
    for (const std::string& step : steps) log += fmt::format("2 {}@99999\n", step);
    FunnelQuery query;
    for (const std::string& step : steps) query.steps.push_back({{step}, std::nullopt});
    query.window_us = 60 * kMinuteUs;
    query.period = TimeRange{0, 90'000 * kMinuteUs};
    const auto counts = engine_of(log)->funnel(query);
    EXPECT_TRUE(counts) << (counts ? "" : to_text(counts.error()));
    if (!counts) return -1;
    if (seconds != nullptr) *seconds = counts->time_to_convert.mean;
    std::int64_t sum = 0;
    for (const std::int64_t reached : counts->reached) sum += reached;
    return sum;
  }
};

TEST_F(DuckdbEngineTest, FunnelsTakeTheDeepestAttemptInOrder) {
  EXPECT_EQ(depth("A0 B1 D2 C3 D4 E5", {"A", "B", "C", "D", "E"}), 5);  // F01
  EXPECT_EQ(depth("A0 B60", {"A", "B"}), 2);                            // F02: inclusive
  EXPECT_EQ(depth("A0 B61", {"A", "B"}), 1);
  EXPECT_EQ(depth("A0 B50 C100", {"A", "B", "C"}), 2);     // F03: the clock starts at entry
  EXPECT_EQ(depth("A0 A30 B45 C75", {"A", "B", "C"}), 3);  // F04: any entry
  EXPECT_EQ(depth("B0 A10", {"A", "B"}), 1);               // F12: order counts
  EXPECT_EQ(depth("X0", {"X", "X", "X"}), 1);              // F06: one event, one step
  EXPECT_EQ(depth("X0 X0 X5", {"X", "X", "X"}), 3);
  EXPECT_EQ(depth("B0 A0", {"A", "B"}), 2);  // F08: ties serve in step order
  EXPECT_EQ(depth("B5", {"A", "B"}), 0);
  double seconds = 0.0;
  EXPECT_EQ(depth("A0 A10 A20 B30", {"A", "B"}, &seconds), 2);
  EXPECT_EQ(seconds, 600.0);  // F20: earliest to finish, then latest to start
}

TEST_F(DuckdbEngineTest, OverlappingStepsInsideATieAreMatchedNotTakenGreedily) {
  // X may serve either step, Y only the first: Y must take it.
  const auto engine = engine_of("1 X@0\n1 Y@0\n2 Y@0\n2 X@0\n3 X@0\n3 X@0\n4 X@0\n");
  FunnelQuery query;
  query.steps = {{{"X", "Y"}, std::nullopt}, {{"X"}, std::nullopt}};
  EXPECT_THAT(engine->funnel(query)->reached, ElementsAre(4, 3));
}

TEST_F(DuckdbEngineTest, RetentionCountsReturnsOnTheDayExactly) {
  // R04: three units enter on day 0; one returns on day 1, one on day 5. Unit 4 returns before
  // its start (R10) and at 00:01 of the next day, 16 minutes after it (R05).
  const auto engine = engine_of(
      "1 s@600\n2 s@600\n3 s@600\n1 r@2000\n1 r@2010\n2 r@7700\n"
      "4 r@10\n4 s@1425\n4 r@1441\n");
  RetentionQuery query;
  query.start.names = {"s"};
  query.returning.names = {"r"};
  query.max_day = 6;
  query.complete_until = 6 * kDayUs;
  const auto triangle = engine->retention(query);
  ASSERT_TRUE(triangle);
  EXPECT_EQ(triangle->first_cohort, 0);
  EXPECT_THAT(triangle->units, ElementsAre(4));
  EXPECT_THAT(triangle->retained, ElementsAre(2, 0, 0, 0, 1, 0));
  EXPECT_EQ(triangle->last_complete_day, 5);
  EXPECT_TRUE(triangle->mature(0, 5));
  EXPECT_FALSE(triangle->mature(0, 6));
}

TEST_F(DuckdbEngineTest, CohortsAreEnteredOnceOrEveryDay) {
  const auto engine = engine_of("1 s@1\n1 s@1441\n1 s@1500\n1 s@4400\n");  // days 0, 1, 1, 3
  RetentionQuery query;
  query.start.names = {"s"};
  query.returning.names = {"s"};
  query.max_day = 3;
  EXPECT_THAT(engine->retention(query)->units, ElementsAre(1));
  EXPECT_THAT(engine->retention(query)->retained, ElementsAre(1, 0, 1));
  query.entry = CohortEntry::recurring;
  EXPECT_THAT(engine->retention(query)->units, ElementsAre(1, 1, 0, 1));
  EXPECT_THAT(engine->retention(query)->retained, ElementsAre(1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0));
}

TEST_F(DuckdbEngineTest, ActiveUsersLookBackOverTrailingDays) {
  // Unit 1 on days 0 and 2, unit 2 on day 1; day 4 has only an event that is not meant.
  const auto engine = engine_of("1 a@5\n1 a@2885\n2 a@1445\n1 b@5800\n");
  ActiveUsersQuery query;
  query.event.names = {"a"};
  EXPECT_THAT(engine->active_users(query)->units, ElementsAre(1, 1, 1, 0, 0));
  query.trailing_days = 2;
  EXPECT_THAT(engine->active_users(query)->units, ElementsAre(1, 2, 2, 1, 0));
}

TEST_F(DuckdbEngineTest, DaysFollowTheClockOfTheZone) {
  // 22:30 and 23:30 UTC on 28 March 2026 are 23:30 and 00:30 in Berlin; clocks change that night.
  const TimeUs evening = *parse_day("2026-03-28") * kDayUs + 22 * kHourUs + 30 * kMinuteUs;
  const auto engine = engine_of("1 a@0\n2 a@60\n3 a@1425\n", evening);  // 3: 00:15 on the 30th
  ActiveUsersQuery query;
  query.timezone = *TimeZone::find("Europe/Berlin");
  const auto berlin = engine->active_users(query);
  EXPECT_EQ(day_text(berlin->first_day), "2026-03-28");
  EXPECT_THAT(berlin->units, ElementsAre(1, 1, 1));
}

TEST_F(DuckdbEngineTest, LocalDaysEqualThoseOfTheZoneAroundEveryChangeOfClocks) {
  for (const char* name :
       {"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
        "Pacific/Apia", "Asia/Kolkata", "America/St_Johns", "Africa/Cairo"}) {
    const TimeZone zone = *TimeZone::find(name);
    std::vector<TimeUs> instants;
    for (Day day = *parse_day("2009-01-01"); day < *parse_day("2027-12-31"); ++day) {
      const TimeUs midnight = zone.day_start(day);
      for (const TimeUs near : {TimeUs{-1}, TimeUs{0}, kHourUs - 1, kHourUs, 12 * kHourUs})
        instants.push_back(midnight + near);
    }
    frame::Table table;
    table.columns.resize(1);
    table.columns[0].name = "t";
    table.columns[0].ints = instants;
    ASSERT_TRUE(database->execute("CREATE OR REPLACE TABLE instants (t BIGINT)"));
    ASSERT_TRUE(append_rows(*database, "instants", table));
    const auto days = database->query("SELECT " + local_day_sql("t", zone) + " FROM instants");
    ASSERT_TRUE(days);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < instants.size(); ++i)
      wrong += days->columns[0].ints[i] == zone.local_day(instants[i]) ? 0 : 1;
    EXPECT_EQ(wrong, 0U) << name;
  }
}

TEST_F(DuckdbEngineTest, AGapOfExactlyTheLimitContinuesASession) {
  const auto engine = engine_of("1 a@0\n1 a@30\n1 a@60.1\n2 a@1430\n2 a@1445\n");
  SessionsQuery query;
  const auto sessions = engine->sessions(query);
  ASSERT_TRUE(sessions);
  EXPECT_EQ(sessions->units, 2);
  EXPECT_EQ(sessions->sessions, 3);  // lengths 1800, 0, 900; depths 2, 1, 2
  EXPECT_DOUBLE_EQ(sessions->length_seconds.mean, 900.0);
  EXPECT_DOUBLE_EQ(sessions->length_seconds.m2, 2 * 900.0 * 900.0);
  EXPECT_NEAR(sessions->depth.m2, 2.0 / 3.0, 1e-12);
  EXPECT_THAT(sessions->started, ElementsAre(3));
}

/// Control: units 1, 2, 3. Treatment: 4, 5. Unit 6 saw both, unit 7 an arm that is none.
const std::string kExperiment =
    "1 play@-100 - 4\n1 assign@10 control\n1 play@20 - 3\n1 play@30 - 5\n"
    "2 assign@10 control\n2 assign@50 control\n2 play@5 - 100\n"
    "3 expose@5\n3 assign@15 control\n3 play@15 - 1\n3 play@2000 - 7\n"
    "4 play@-50 - 2\n4 assign@20 treatment\n4 expose@25\n4 play@20 - 2\n4 play@1500 -\n"
    "5 assign@2900 treatment\n5 play@2901 - 9\n"
    "6 assign@10 control\n6 assign@20 treatment\n6 play@30 - 50\n"
    "7 assign@10 blue\n7 play@30 - 50\n"
    "8 play@30 - 50\n9 assign@9999 control\n";

ExperimentQuery small_experiment() {
  ExperimentQuery query;
  query.assignment.names = {"assign"};
  query.variant_property = "variant";
  query.arms = {"control", "treatment"};
  query.exposure = EventSelector{{"expose"}, std::nullopt};
  query.period = {0, 3 * kDayUs};
  query.complete_until = 3 * kDayUs;
  ExperimentMetric watch;
  watch.name = "watch";
  watch.numerator = {{{"play"}, std::nullopt}, Aggregation::sum, "value", 1.0};
  watch.covariate_us = kDayUs;
  query.metrics = {watch};
  return query;
}

TEST_F(DuckdbEngineTest, AnExperimentCountsWhoWasAssignedExposedAndLeftOut) {
  const auto answer = engine_of(kExperiment, kDayUs / 2)->experiment(small_experiment());
  ASSERT_TRUE(answer) << to_text(answer.error());
  // Noon of day 0 is the origin: minute 2,900 lies past the end of the period for unit 5? No:
  // 720 + 2,900 = 3,620 < 4,320 minutes. Unit 9 comes later.
  EXPECT_EQ(answer->arms[0].assigned, 3);
  EXPECT_EQ(answer->arms[1].assigned, 2);
  EXPECT_EQ(answer->arms[0].exposed, 0);
  EXPECT_EQ(answer->arms[0].exposed_before, 1);  // unit 3
  EXPECT_EQ(answer->arms[1].exposed, 1);
  EXPECT_EQ(answer->both_arms, 1);
  EXPECT_EQ(answer->unknown_variant, 1);
  EXPECT_THAT(answer->assigned_by_day,
              ElementsAre(ElementsAre(3, 1), ElementsAre(0, 0), ElementsAre(0, 1)));
}

TEST_F(DuckdbEngineTest, MomentsOfAnExperimentAreThoseOfTheUnitsByHand) {
  const auto answer = engine_of(kExperiment, kDayUs / 2)->experiment(small_experiment());
  ASSERT_TRUE(answer) << to_text(answer.error());
  // control: y = 8, 0, 8; x = 4, 100, 0; m = 0, 0, 0 (unit 3 was exposed before).
  const MetricMoments& control = answer->overall[0][0];
  EXPECT_EQ(control.n, 3);
  EXPECT_NEAR(control.mean[0], 16.0 / 3.0, 1e-12);
  EXPECT_NEAR(control.mean[1], 104.0 / 3.0, 1e-12);
  EXPECT_NEAR(control.mean[2], 0.0, 1e-12);
  EXPECT_NEAR(control.at(0, 0), 128.0 - 256.0 / 3.0, 1e-10);
  EXPECT_NEAR(control.at(0, 1), 32.0 - 16.0 * 104.0 / 3.0, 1e-9);
  // treatment: y = 2 (the second value is missing), 9; x = 2, 0; m = 0, 1.
  const MetricMoments& treatment = answer->overall[1][0];
  EXPECT_NEAR(treatment.mean[0], 5.5, 1e-12);
  EXPECT_NEAR(treatment.mean[2], 0.5, 1e-12);
  EXPECT_NEAR(treatment.at(0, 2), 3.5, 1e-12);
}

TEST_F(DuckdbEngineTest, WindowsCapsAndMaturityFollowTheContract) {
  ExperimentQuery query = small_experiment();
  query.metrics[0].covariate_us = 0;
  query.metrics[0].length_us = kDayUs;
  query.metrics[0].cap_quantile = 0.5;
  ExperimentMetric back;
  back.name = "back";
  back.kind = MetricKind::retention;
  back.numerator.event.names = {"play"};
  back.retention_day = 1;
  ExperimentMetric funnel;
  funnel.name = "funnel";
  funnel.kind = MetricKind::funnel;
  funnel.steps = {{{"play"}, std::nullopt}, {{"play"}, std::nullopt}};
  funnel.funnel_window_us = kHourUs;
  query.metrics.push_back(back);
  query.metrics.push_back(funnel);
  const auto answer = engine_of(kExperiment, kDayUs / 2)->experiment(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  // Within a day of assignment: 8, 0, 1 and 2; unit 5's day ends after the period. The second of
  // 0, 1, 2, 8 is 1.
  EXPECT_EQ(answer->immature[1][0], 1);
  EXPECT_DOUBLE_EQ(*answer->caps[0], 1.0);
  EXPECT_NEAR(answer->overall[0][0].mean[0], 2.0 / 3.0, 1e-12);
  EXPECT_NEAR(answer->overall[1][0].mean[0], 1.0, 1e-12);
  // Day after: unit 3 at minute 2,000 and unit 4 at 1,500; unit 5's next day is not over.
  EXPECT_NEAR(answer->overall[0][1].mean[0], 1.0 / 3.0, 1e-12);
  EXPECT_EQ(answer->overall[1][1].n, 1);
  EXPECT_EQ(answer->overall[1][1].mean[0], 1.0);
  EXPECT_EQ(answer->immature[1][1], 1);
  // Two plays within an hour: only unit 1.
  EXPECT_NEAR(answer->overall[0][2].mean[0], 1.0 / 3.0, 1e-12);
  EXPECT_EQ(answer->overall[1][2].mean[0], 0.0);
}

TEST_F(DuckdbEngineTest, MomentsSurviveALargeOffset) {
  // Mean 1e9, spread 1: raw power sums would keep no digit of the variance.
  std::string log;
  for (int i = 0; i < 100; ++i) {
    log += fmt::format("{} assign@1 {}\n{} play@2 - {}\n", i, i % 2 == 0 ? "control" : "treatment",
                       i, 1'000'000'000 + i % 4);
  }
  ExperimentQuery query = small_experiment();
  query.exposure.reset();
  const auto answer = engine_of(log)->experiment(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_NEAR(answer->overall[0][0].at(0, 0), 50.0, 1e-9);  // values 0 and 2, 25 times each
  EXPECT_NEAR(answer->overall[1][0].mean[0], 1e9 + 2.0, 1e-6);
}

TEST_F(DuckdbEngineTest, SegmentsAndDaysSplitTheSameUnits) {
  ExperimentQuery query = small_experiment();
  query.daily = true;
  query.metrics[0].covariate_us = 0;
  query.segments = {{"tenure", SegmentBy::Kind::tenure, "", kHourUs},
                    {"first", SegmentBy::Kind::first_touch, "value", 0}};
  const auto answer = engine_of(kExperiment, kDayUs / 2)->experiment(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  // First events: unit 1 110 minutes before, 2 5, 3 10, 4 70 minutes before, 5 at assignment.
  EXPECT_THAT(answer->segments[0].values, ElementsAre("existing", "new"));
  EXPECT_THAT(answer->segments[0].assigned, ElementsAre(ElementsAre(1, 1), ElementsAre(2, 1)));
  EXPECT_NEAR(answer->segments[0].moments[1][0][0].mean[0], 4.0, 1e-12);
  EXPECT_THAT(answer->segments[1].values, ElementsAre("", "100.0", "2.0", "4.0"));
  // Day 0 ends 720 minutes after noon. Control: 8, 0, 1; later unit 3 adds 7 on day 1.
  ASSERT_EQ(answer->days.size(), 3U);
  EXPECT_NEAR(answer->days[0].daily[0][0].mean[0], 3.0, 1e-12);
  EXPECT_NEAR(answer->days[1].daily[0][0].mean[0], 7.0 / 3.0, 1e-12);
  EXPECT_NEAR(answer->days[2].cumulative[0][0].mean[0], 16.0 / 3.0, 1e-12);
  EXPECT_EQ(answer->days[1].daily[1][0].n, 1);
  EXPECT_EQ(answer->days[2].daily[1][0].n, 2);
  EXPECT_NEAR(answer->days[2].daily[1][0].mean[0], 4.5, 1e-12);
}

TEST_F(DuckdbEngineTest, RefusesWhatTheDataDoesNotHave) {
  const auto engine = engine_of("1 play@0\n1 pause@1\n");
  SessionsQuery query;
  query.event.names = {"plai"};
  auto refused = engine->sessions(query);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(refused.error().fix, HasSubstr("`play`"));
  query.event = {{}, *frame::parse_predicate("valeu > 3")};
  EXPECT_THAT(engine->sessions(query).error().fix, HasSubstr("`value`"));
  query.event = {{}, *frame::parse_predicate("value = 'many'")};
  EXPECT_EQ(engine->sessions(query).error().code, ErrorCode::invalid_spec);
  query.event = {};
  query.gap_us = -1;
  EXPECT_EQ(engine->sessions(query).error().code, ErrorCode::invalid_spec);
  FunnelQuery none;
  EXPECT_EQ(engine->funnel(none).error().code, ErrorCode::invalid_spec);
}

TEST_F(DuckdbEngineTest, FiltersFollowTheLogicOfSql) {
  const auto engine = engine_of("1 a@0 x 1\n2 a@0 y 2\n3 a@0 - 3\n4 a@0 it's\n");
  const auto units = [&](const std::string& where) {
    ActiveUsersQuery query;
    query.event.where = *frame::parse_predicate(where);
    const auto answer = engine->active_users(query);
    EXPECT_TRUE(answer) << where;
    return answer ? answer->units.at(0) : -1;
  };
  EXPECT_EQ(units("variant = 'x'"), 1);
  EXPECT_EQ(units("variant != 'x'"), 2);  // The missing one is unknown, not different.
  EXPECT_EQ(units("not variant = 'x'"), 2);
  EXPECT_EQ(units("variant is null"), 1);
  EXPECT_EQ(units("variant in ('it''s', 'y') or value >= 3"), 3);
  EXPECT_EQ(units("not (value > 1 and variant = 'x')"), 3);  // 1: false; 2: false; 4: x is not it's
  EXPECT_EQ(units("value in (1, 2.0)"), 2);
  EXPECT_EQ(units("variant = '''; DROP TABLE events; --'"), 0);
}

TEST_F(DuckdbEngineTest, ALogWithoutEventsGivesEmptyAnswers) {
  const auto engine = engine_of("");
  EXPECT_TRUE(engine->active_users({})->units.empty());
  EXPECT_TRUE(engine->retention({})->units.empty());
  EXPECT_EQ(engine->sessions({})->sessions, 0);
  FunnelQuery query;
  query.steps.resize(2);
  EXPECT_THAT(engine->funnel(query)->reached, ElementsAre(0, 0));
  EXPECT_EQ(engine->funnel(query)->time_to_convert.n, 0);
}

TEST_F(DuckdbEngineTest, TheSqlShownRunsAloneOverTheSource) {
  const auto engine = engine_of("1 A@0\n1 B@5\n2 A@9\n");
  FunnelQuery query;
  query.steps = {{{"A"}, std::nullopt}, {{"B"}, std::nullopt}};
  query.window_us = kHourUs;
  const std::string sql = to_text(to_sql(query, engine->relation().source), engine->relation());
  EXPECT_THAT(lines(*database, "SELECT unit, depth FROM (" + sql + ") ORDER BY unit"),
              ElementsAre("1 2", "2 1"));
}

TEST_F(DuckdbEngineTest, AQueryStopsWhenAskedTo) {
  std::atomic<bool> stop{false};
  Progress progress;
  progress.stop = &stop;
  const std::string path = write("log.csv", "user_id,ts,event\n1,2026-05-04,a\n");
  auto engine = DuckdbEngine::open(std::move(*Database::open()),
                                   plain_source(SourceFormat::csv, path), {&progress});
  ASSERT_TRUE(engine);
  stop = true;
  EXPECT_EQ((*engine)->sessions({}).error().code, ErrorCode::interrupted);
}

}  // namespace
}  // namespace assay::engine
