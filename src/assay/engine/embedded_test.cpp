#include "assay/engine/embedded.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "assay/events/builder.hpp"
#include "assay/events/experiment_reference.hpp"

namespace assay::engine {
namespace {

using events::LoggedEvent;
using Units = events::MemoryLog::Units;
using frame::Type;

const std::vector<std::string> kEvents = {"", "assigned", "open", "play", "like", "buy"};
const std::vector<std::string> kCountries = {"", "one", "two", "three"};
const std::vector<std::string> kVariants = {"", "control", "treatment", "other"};
constexpr TimeUs kBegin = 1'772'400'000 * kSecondUs;

/// Rows of units as the builder takes them; properties watch, money, country, variant.
struct Batch {
  std::vector<std::int64_t> unit, time, watch;
  std::vector<double> money;
  std::vector<std::string_view> event, country, variant;
  std::map<std::string, std::vector<std::uint64_t>> validity;

  void add(std::size_t u, const LoggedEvent& e) {
    const auto valid = [&](const char* column, bool is) {
      auto& words = validity[column];
      words.resize(unit.size() / 64 + 1, 0);
      if (is) words[unit.size() / 64] |= std::uint64_t{1} << (unit.size() % 64);
    };
    valid("event", e.event != 0);
    valid("watch", e.ints[0] != events::kNullInt);
    valid("money", !std::isnan(e.doubles[0]));
    valid("country", e.codes[0] != 0);
    valid("variant", e.codes[1] != 0);
    unit.push_back(static_cast<std::int64_t>(u));
    time.push_back(e.time);
    watch.push_back(e.ints[0]);
    money.push_back(e.doubles[0]);
    event.emplace_back(kEvents[e.event]);
    country.emplace_back(kCountries[e.codes[0]]);
    variant.emplace_back(kVariants[e.codes[1]]);
  }
  [[nodiscard]] frame::BatchView view() const {
    return {unit.size(),
            {{"user_id", Type::int64, unit, {}, {}, {}},
             {"ts", Type::time_us, time, {}, {}, {}},
             {"event", Type::text, {}, {}, event, validity.at("event")},
             {"watch", Type::int64, watch, {}, {}, validity.at("watch")},
             {"money", Type::float64, {}, money, {}, validity.at("money")},
             {"country", Type::text, {}, {}, country, validity.at("country")},
             {"variant", Type::text, {}, {}, variant, validity.at("variant")}}};
  }
};

class EmbeddedEngineTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("assay_embedded_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  EmbeddedEngine engine(const Units& units, int threads = 2, Progress progress = {}) {
    events::Schema schema;
    schema.properties = {{"watch", Type::int64},
                         {"money", Type::float64},
                         {"country", Type::text},
                         {"variant", Type::text}};
    events::BuildOptions options;
    options.partitions = 4;
    auto builder = events::IndexBuilder::create(folder_, schema, options);
    EXPECT_TRUE(builder) << to_text(builder.error());
    Batch batch;
    for (std::size_t u = 0; u < units.size(); ++u)
      for (const LoggedEvent& event : units[u]) batch.add(u, event);
    EXPECT_TRUE(builder->add(batch.view()));
    EXPECT_TRUE(builder->finish({"test", {}}));
    auto index = events::Index::open(folder_);
    EXPECT_TRUE(index) << to_text(index.error());
    return {std::move(*index), threads, std::move(progress)};
  }

 private:
  std::filesystem::path folder_;
};

LoggedEvent at(std::int64_t hour, std::uint16_t event, std::uint32_t country = 1) {
  return {kBegin + hour * kHourUs, event, {10}, {1.5}, {country, 0}};
}

EventSelector named(std::vector<std::string> names) { return {std::move(names), {}}; }

frame::Predicate country_is(const std::string& country) {
  frame::Predicate predicate;
  predicate.column = "country";
  predicate.literals = {country};
  return predicate;
}

// 2026-03-01 21:20 UTC is hour 0; the first midnight (UTC) is between hours 2 and 3.
TEST_F(EmbeddedEngineTest, AnswersASmallLogWorkedOutByHand) {
  auto small =
      engine({{at(0, 2), at(1, 3), at(4, 2), at(28, 4)}, {at(0, 2, 2), at(52, 3, 2)}, {at(30, 2)}});
  FunnelQuery funnel;
  funnel.steps = {named({"open"}), named({"play"}), named({"like"})};
  funnel.window_us = 28 * kHourUs;
  EXPECT_EQ(small.funnel(funnel)->reached, (std::vector<std::int64_t>{3, 1, 1}));
  EXPECT_EQ(small.funnel(funnel)->time_to_convert.mean, 28.0 * 3600);
  funnel.steps[0].where = country_is("two");
  funnel.window_us = 52 * kHourUs;
  EXPECT_EQ(small.funnel(funnel)->reached, (std::vector<std::int64_t>{1, 1, 0}));

  RetentionQuery retention;
  retention.start = named({"open"});
  retention.max_day = 3;
  retention.complete_until = kBegin + 30 * kHourUs;
  const auto triangle = *small.retention(retention);
  EXPECT_EQ(day_text(triangle.first_cohort), "2026-03-01");
  EXPECT_EQ(triangle.units, (std::vector<std::int64_t>{2, 0, 1}));
  EXPECT_EQ(triangle.at(0, 1), 1);  // The first unit at hour 4.
  EXPECT_EQ(triangle.at(0, 2), 1);  // The first unit at hour 28.
  EXPECT_EQ(triangle.at(0, 3), 1);  // The second unit at hour 52.
  EXPECT_EQ(day_text(triangle.last_complete_day), "2026-03-02");
  EXPECT_TRUE(triangle.mature(0, 1));
  EXPECT_FALSE(triangle.mature(0, 2));

  ActiveUsersQuery active;
  EXPECT_EQ(small.active_users(active)->units, (std::vector<std::int64_t>{2, 1, 2, 1}));
  active.trailing_days = 2;
  EXPECT_EQ(small.active_users(active)->units, (std::vector<std::int64_t>{2, 2, 2, 3}));

  SessionsQuery sessions;
  sessions.event = named({"play", "like"});
  sessions.gap_us = 27 * kHourUs;
  const Sessions found = *small.sessions(sessions);
  EXPECT_EQ(found.units, 2);
  EXPECT_EQ(found.sessions, 2);
  EXPECT_EQ(found.length_seconds.mean, 13.5 * 3600);
  EXPECT_EQ(day_text(found.first_day), "2026-03-01");
  EXPECT_EQ(found.started, (std::vector<std::int64_t>{1, 0, 0, 1}));
}

Units random_units(std::size_t count) {
  std::mt19937 random(5);
  const auto below = [&](unsigned n) { return static_cast<std::int64_t>(random() % n); };
  Units units(count);
  for (auto& list : units) {
    const auto arm = static_cast<std::uint32_t>(1 + below(2));
    for (std::int64_t e = 1 + below(12); e > 0; --e)
      list.push_back({kBegin + below(20 * 24) * kHourUs,
                      static_cast<std::uint16_t>(below(6)),
                      {below(4) == 0 ? events::kNullInt : below(80) - 20},
                      {below(3) == 0 ? NAN : static_cast<double>(below(99)) / 4.0},
                      {static_cast<std::uint32_t>(below(4)), arm}});
    std::stable_sort(list.begin(), list.end(),
                     [](const auto& a, const auto& b) { return a.time < b.time; });
  }
  for (std::size_t e = 1; e < kEvents.size(); ++e)  // Every name occurs.
    units[0].push_back({kBegin + 21 * kDayUs, static_cast<std::uint16_t>(e), {1}, {1.0}, {1, 1}});
  return units;
}

ExperimentQuery query() {
  ExperimentQuery query;
  query.assignment = named({"assigned"});
  query.variant_property = "variant";
  query.arms = {"control", "treatment"};
  query.exposure = named({"open"});
  query.anchor = Anchor::exposure;
  query.eligible = country_is("one");
  query.period = {kBegin + 3 * kDayUs, kBegin + 18 * kDayUs};
  query.complete_until = query.period.end;
  query.timezone = *TimeZone::find("America/Los_Angeles");
  query.daily = true;
  ExperimentMetric watch;
  watch.name = "watch";
  watch.numerator = {{{"play"}, country_is("one")}, Aggregation::sum, "watch", 1.0 / 60};
  watch.covariate_us = 7 * kDayUs;
  watch.cap_quantile = 0.9;
  ExperimentMetric money;
  money.name = "money_per_play";
  money.kind = MetricKind::ratio;
  money.numerator = {{}, Aggregation::sum, "money", 1.0};
  money.denominator = Term{named({"play"}), Aggregation::count, "", 1.0};
  money.covariate_us = 7 * kDayUs;
  ExperimentMetric retained;
  retained.name = "d1";
  retained.kind = MetricKind::retention;
  retained.retention_day = 1;
  query.metrics = {watch, money, retained};
  query.segments = {{"country", SegmentBy::Kind::first_touch, "country", 0},
                    {"tenure", SegmentBy::Kind::tenure, "", 2 * kDayUs},
                    {"watch", SegmentBy::Kind::at_assignment, "watch", 0}};
  return query;
}

/// The same by hand in codes of the log.
events::ExperimentPlan plan() {
  const ExperimentQuery asked = query();
  events::ExperimentPlan plan;
  const auto codes = [](std::vector<std::uint16_t> list) {
    return events::EventSet{false, std::move(list), {}};
  };
  plan.assignment = {false, {1}, 0};
  plan.arm_codes = {1, 2};
  plan.exposure = codes({2});
  plan.anchor_at_exposure = true;
  plan.period = asked.period;
  plan.complete_until = asked.complete_until;
  plan.timezone = asked.timezone;
  plan.daily = true;
  plan.metrics.resize(3);
  plan.metrics[0].numerator = {{false, {3}, 0}, events::Fold::sum, events::kWatch, 1.0 / 60};
  plan.metrics[0].covariate_us = 7 * kDayUs;
  plan.metrics[0].cap_quantile = 0.9;
  plan.metrics[1].kind = events::OutcomeKind::ratio;
  plan.metrics[1].numerator = {{}, events::Fold::sum, events::kMoney, 1.0};
  plan.metrics[1].denominator = {codes({3}), events::Fold::count, 0, 1.0};
  plan.metrics[1].covariate_us = 7 * kDayUs;
  plan.metrics[2].kind = events::OutcomeKind::retention;
  plan.metrics[2].retention_day = 1;
  using Kind = events::SegmentRule::Kind;
  plan.segments = {{Kind::first_touch, events::kCountry, 0},
                   {Kind::tenure, 0, 2 * kDayUs},
                   {Kind::at_assignment, events::kWatch, 0}};
  return plan;
}

void expect_near(const numerics::CoMoments& got, const numerics::CoMoments& want) {
  EXPECT_EQ(got.n, want.n);
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.comoment.size(); ++i)
    EXPECT_NEAR(got.comoment[i], want.comoment[i],
                1e-9 * std::max(1.0, std::abs(want.comoment[i])));
}

TEST_F(EmbeddedEngineTest, AnswersAnExperimentLikeTheContractReadWordByWord) {
  const Units units = random_units(1500);
  auto answered = engine(units).experiment(query());
  ASSERT_TRUE(answered) << to_text(answered.error());
  const ExperimentMoments& got = *answered;
  const events::ExperimentTotals want = reference_experiment(units, plan());
  ASSERT_GT(want.arms[1].analysed, 20);
  for (std::size_t a = 0; a < 2; ++a) {
    EXPECT_EQ(got.arms[a].assigned, want.arms[a].assigned);
    EXPECT_EQ(got.arms[a].analysed, want.arms[a].analysed);
    for (std::size_t m = 0; m < 3; ++m) {
      expect_near(got.overall[a][m], want.overall[a][m]);
      for (std::size_t d = 0; d < want.daily.size(); ++d)
        expect_near(got.days[d].cumulative[a][m], want.cumulative[d][a][m]);
    }
  }
  EXPECT_EQ(got.caps, want.caps);
  EXPECT_EQ(got.immature, want.immature);
  EXPECT_EQ(got.assigned_by_day, want.assigned_by_day);
  // Codes 1, 2, 3 are one, two, three: by name one, three, two.
  EXPECT_EQ(got.segments[0].values, (std::vector<std::string>{"one", "three", "two"}));
  expect_near(got.segments[0].moments[1][1][1], want.segments[0][2].moments[1][1]);
  EXPECT_EQ(got.segments[1].values, (std::vector<std::string>{"existing", "new"}));
  expect_near(got.segments[1].moments[0][0][1], want.segments[1][1].moments[0][1]);
  ASSERT_EQ(got.segments[2].values.size(), want.segments[2].size());
  for (std::size_t v = 0; v < got.segments[2].values.size(); ++v)
    for (const auto& value : want.segments[2])
      if (std::to_string(static_cast<std::int64_t>(value.key)) == got.segments[2].values[v])
        expect_near(got.segments[2].moments[v][0][0], value.moments[0][0]);
}

SeriesQuery by_day(const std::string& first, const std::string& last, const std::string& zone) {
  SeriesQuery query;
  query.first_day = *parse_day(first);
  query.last_day = *parse_day(last);
  query.timezone = *TimeZone::find(zone);
  query.metrics = {{"plays", {named({"play"}), Aggregation::count, "", 1.0}, {}, {}},
                   {"days", {{}, Aggregation::distinct_days, "", 1.0}, {}, {}}};
  return query;
}

TEST_F(EmbeddedEngineTest, ASeriesCountsEveryDayOnItsOwn) {
  // 2026-03-01 21:20 UTC is hour 0; days end after hours 2 and 26.
  auto small = engine({{at(0, 3), at(1, 3), at(4, 2), at(28, 3)}, {at(0, 2), at(2, 3)}});
  const Series series = *small.series(by_day("2026-02-28", "2026-03-03", "UTC"));
  EXPECT_EQ(day_text(series.first_day), "2026-02-28");
  ASSERT_EQ(series.days.size(), 4U);
  const std::vector<std::int64_t> units = {0, 2, 1, 1};
  const std::vector<double> plays = {0.0, 1.5, 0.0, 1.0};
  for (std::size_t day = 0; day < 4; ++day) {
    EXPECT_EQ(series.days[day].units, units[day]);
    EXPECT_EQ(series.days[day].moments[0].n, units[day]);
    EXPECT_EQ(series.days[day].moments[0].mean[0], plays[day]);
    EXPECT_EQ(series.days[day].moments[1].mean[0], units[day] > 0 ? 1.0 : 0.0);
  }
  EXPECT_EQ(series.days[1].moments[0].at(0, 0), 0.5);  // Two plays and one.
}

// Samoa crossed the date line: 2011-12-29 was followed by 2011-12-31 (tzdata, Pacific/Apia).
TEST_F(EmbeddedEngineTest, ADayThatTheZoneLeftOutHasNoUnits) {
  const TimeUs noon = *parse_day("2011-12-29") * kDayUs + 22 * kHourUs;  // 12:00 at UTC-10.
  auto samoa = engine({{{noon, 3, {1}, {1.0}, {1, 0}}, {noon + kDayUs, 3, {1}, {1.0}, {1, 0}}}});
  const auto units = [&](const char* first, const char* last) {
    std::vector<std::int64_t> counts;
    const Series series = *samoa.series(by_day(first, last, "Pacific/Apia"));
    for (const UnitTotals& day : series.days) counts.push_back(day.units);
    return counts;
  };
  using Counts = std::vector<std::int64_t>;
  EXPECT_EQ(units("2011-12-28", "2012-01-01"), (Counts{0, 1, 0, 1, 0}));
  EXPECT_EQ(units("2011-12-30", "2011-12-31"), (Counts{0, 1}));
  EXPECT_EQ(units("2011-12-29", "2011-12-30"), (Counts{1, 0}));
  EXPECT_EQ(units("2011-12-30", "2011-12-30"), (Counts{0}));
}

TEST_F(EmbeddedEngineTest, SeriesAndUnitTablesKeepTheirBitsForAnyNumberOfThreads) {
  const Units units = random_units(700);
  const UnitTableQuery table{query()};
  const SeriesQuery series = by_day("2026-03-01", "2026-03-20", "America/Los_Angeles");
  auto one = engine(units, 1);
  const Series days = *one.series(series);
  const UnitTable rows = *one.unit_table(table);
  EXPECT_GT(rows.units(), 40U);
  EXPECT_TRUE(std::is_sorted(rows.numbers.begin(), rows.numbers.end()));
  for (const int threads : {2, 3, 8}) {
    auto more = engine(units, threads);
    const Series same_days = *more.series(series);
    for (std::size_t day = 0; day < days.days.size(); ++day) {
      EXPECT_EQ(same_days.days[day].moments[0].mean, days.days[day].moments[0].mean);
      EXPECT_EQ(same_days.days[day].moments[0].comoment, days.days[day].moments[0].comoment);
    }
    const UnitTable same_rows = *more.unit_table(table);
    EXPECT_EQ(same_rows.numbers, rows.numbers);
    EXPECT_EQ(same_rows.metrics[0].y, rows.metrics[0].y);
    EXPECT_EQ(same_rows.segments[2].codes, rows.segments[2].codes);
  }
}

TEST_F(EmbeddedEngineTest, ATableOfTooManyUnitsSaysTheLimitAndWhatToDo) {
  auto some = engine(random_units(700));
  const auto units = static_cast<std::int64_t>(some.unit_table({query()})->units());
  EXPECT_TRUE(some.unit_table({query(), units}));
  const auto refused = some.unit_table({query(), units - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec);
  EXPECT_NE(refused.error().problem.find(std::to_string(units) + " analysed"), std::string::npos);
  EXPECT_NE(refused.error().problem.find(std::to_string(units - 1)), std::string::npos);
  EXPECT_NE(refused.error().fix.find("raise the limit"), std::string::npos);
}

TEST_F(EmbeddedEngineTest, SaysWhichNamesThereAre) {
  auto small = engine({{at(0, 2), at(1, 3)}});
  FunnelQuery funnel;
  funnel.steps = {named({"opne"})};
  const auto event = small.funnel(funnel);
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ErrorCode::invalid_spec);
  EXPECT_NE(event.error().fix.find("open"), std::string::npos);
  EXPECT_EQ(event.error().have, "open, play");
  ActiveUsersQuery active;
  active.event.where = country_is("one");
  active.event.where->column = "contry";
  const auto property = small.active_users(active);
  ASSERT_FALSE(property);
  EXPECT_NE(property.error().fix.find("country"), std::string::npos);
}

TEST_F(EmbeddedEngineTest, RefusesInfiniteValuesAndStopsWhenAsked) {
  Units units = random_units(50);
  for (auto& list : units)
    for (LoggedEvent& event : list) event.doubles[0] = INFINITY;
  ExperimentQuery asked = query();
  asked.eligible.reset();
  const auto infinite = engine(units).experiment(asked);
  ASSERT_FALSE(infinite);
  EXPECT_EQ(infinite.error().code, ErrorCode::invalid_data);
  const std::atomic<bool> stop = true;
  const auto stopped = engine(units, 1, Progress{{}, &stop}).sessions({});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::interrupted);
}

}  // namespace
}  // namespace assay::engine
