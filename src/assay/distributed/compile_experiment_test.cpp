#include "assay/distributed/compile_experiment.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "experiment_fixture_test.hpp"

namespace assay::distributed {
namespace {

using engine::Aggregation;
using engine::ExperimentMetric;
using engine::MetricKind;
using engine::SegmentBy;
using numerics::CoMoments;
using testing::ElementsAre;
using testing::HasSubstr;
using Counts = std::vector<std::int64_t>;

const char* const kMoments = "experiment_moments";
const char* const kDays = "experiment_days";
const char* const kControl = "'control', NULL, NULL";
const char* const kTreatment = "'treatment', NULL, NULL";

void expect_moments(const CoMoments& got, std::int64_t n, const std::vector<double>& mean,
                    const std::vector<double>& comoment) {
  EXPECT_EQ(got.n, n);
  ASSERT_EQ(got.size(), mean.size());
  for (std::size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(got.mean[i], mean[i], 1e-12) << i;
  for (std::size_t i = 0; i < comoment.size(); ++i)
    EXPECT_NEAR(got.comoment[i], comoment[i], 1e-12) << i;
}

/// Seven units, worked out by hand.
class SmallLog : public ExperimentTest {
 protected:
  void SetUp() override {
    ExperimentTest::SetUp();
    event(1, at(1, 10), "signup", "NULL, 'DE', NULL");
    event(1, at(1, 12), "assign", kControl);
    event(1, at(1, 13), "buy", "NULL, NULL, 5");
    event(1, at(2, 13), "buy", "NULL, NULL, 7");
    event(2, at(1, 9), "assign", "'treatment', 'FR', NULL");
    event(2, at(2, 9), "expose");
    event(2, at(3, 10), "buy", "NULL, NULL, 3");
    event(3, at(2, 0), "assign", kControl);
    event(3, at(3, 0), "assign", kTreatment);
    event(4, at(2, 0), "assign", "'other', NULL, NULL");
    event(5, at(3, 8), "expose");
    event(5, at(3, 9), "assign", kTreatment);
    event(6, at(1, 0) - 3 * kDayUs, "buy", "NULL, NULL, 4");
    event(6, at(4, 12), "assign", kControl);
    event(7, at(5, 0), "assign", kControl);  // Just after the period.

    query = may_query();
    query.exposure = named("expose");
    query.metrics = {sum_of("buy", "amount"), ExperimentMetric(), ExperimentMetric(),
                     ExperimentMetric()};
    query.metrics[0].covariate_us = 7 * kDayUs;
    query.metrics[1].name = "buys in a day";
    query.metrics[1].numerator.event = named("buy");
    query.metrics[1].length_us = kDayUs;
    query.metrics[2].name = "back on day 1";
    query.metrics[2].kind = MetricKind::retention;
    query.metrics[2].numerator.event = named("buy");
    query.metrics[2].retention_day = 1;
    query.metrics[3].name = "two buys";
    query.metrics[3].kind = MetricKind::funnel;
    query.metrics[3].steps = {named("buy"), named("buy")};
    query.metrics[3].funnel_window_us = kDayUs;
    query.segments = {{"country", SegmentBy::Kind::first_touch, "country", 0},
                      {"tenure", SegmentBy::Kind::tenure, "", kDayUs}};
    query.daily = true;
  }

  engine::ExperimentQuery query;
};

TEST_F(SmallLog, CountsUnitsByArm) {
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_EQ(answer->both_arms, 1);
  EXPECT_EQ(answer->unknown_variant, 1);
  EXPECT_EQ(answer->arms[0].assigned, 2);
  EXPECT_EQ(answer->arms[0].exposed, 0);
  EXPECT_EQ(answer->arms[0].analysed, 2);
  EXPECT_EQ(answer->arms[1].assigned, 2);
  EXPECT_EQ(answer->arms[1].exposed, 1);
  EXPECT_EQ(answer->arms[1].exposed_before, 1);
  EXPECT_EQ(answer->first_day, kFirstOfMay);
  EXPECT_THAT(answer->assigned_by_day,
              ElementsAre(Counts{1, 1}, Counts{0, 0}, Counts{0, 1}, Counts{1, 0}));
  EXPECT_THAT(asked, ElementsAre(kMoments, kDays));
}

TEST_F(SmallLog, GivesMomentsOfEveryKindOfMetric) {
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  // y 12 and 0, x 0 and 4, m 0 and 0; then y 3 and 0, x 0, m 1 and 0 (exposed before).
  expect_moments(answer->overall[0][0], 2, {6, 2, 0}, {72, -24, 0, 8, 0, 0});
  expect_moments(answer->overall[1][0], 2, {1.5, 0, 0.5}, {4.5, 0, 1.5, 0, 0, 0.5});
  expect_moments(answer->overall[0][1], 1, {1}, {0});
  expect_moments(answer->overall[1][1], 2, {0}, {0});
  expect_moments(answer->overall[0][2], 1, {1}, {0});
  expect_moments(answer->overall[1][2], 2, {0}, {0});
  expect_moments(answer->overall[0][3], 2, {0.5}, {0.5});
  expect_moments(answer->overall[1][3], 2, {0}, {0});
  EXPECT_THAT(answer->immature, ElementsAre(Counts{0, 1, 1, 0}, Counts{0, 0, 0, 0}));
}

TEST_F(SmallLog, SplitsBySegmentsFixedBeforeTreatment) {
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  ASSERT_EQ(answer->segments.size(), 2U);
  EXPECT_THAT(answer->segments[0].values, ElementsAre("", "DE", "FR"));
  EXPECT_THAT(answer->segments[0].assigned, ElementsAre(Counts{1, 1}, Counts{1, 0}, Counts{0, 1}));
  expect_moments(answer->segments[0].moments[1][0][0], 1, {12, 0, 0}, {0});
  expect_moments(answer->segments[0].moments[0][0][0], 1, {0, 4, 0}, {0});
  expect_moments(answer->segments[0].moments[1][1][0], 0, {0, 0, 0}, {0});
  EXPECT_THAT(answer->segments[1].values, ElementsAre("existing", "new"));
  EXPECT_THAT(answer->segments[1].assigned, ElementsAre(Counts{1, 0}, Counts{1, 2}));
}

TEST_F(SmallLog, FollowsTheDaysWithoutARowForIdleUnits) {
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  ASSERT_EQ(answer->days.size(), 4U);
  expect_moments(answer->days[0].daily[0][0], 1, {5}, {0});
  expect_moments(answer->days[1].daily[0][0], 1, {7}, {0});
  expect_moments(answer->days[3].daily[0][0], 2, {0}, {0});
  expect_moments(answer->days[2].daily[1][0], 2, {1.5}, {4.5});
  expect_moments(answer->days[1].cumulative[0][0], 1, {12}, {0});
  expect_moments(answer->days[3].cumulative[0][0], 2, {6}, {72});
  expect_moments(answer->days[0].cumulative[1][0], 1, {0}, {0});
  expect_moments(answer->days[3].cumulative[0][1], 2, {1}, {2});
  EXPECT_EQ(answer->days[0].daily[0][2].size(), 0U);
}

TEST_F(SmallLog, AnchorsAtTheFirstExposureAfterTheAssignment) {
  query.anchor = engine::Anchor::exposure;
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_EQ(answer->arms[0].analysed, 0);
  EXPECT_EQ(answer->arms[1].analysed, 1);
  expect_moments(answer->overall[1][0], 1, {3, 0, 0}, {0});
  expect_moments(answer->overall[1][1], 1, {0}, {0});
  expect_moments(answer->overall[1][2], 1, {1}, {0});  // Exposed on the second, back on the third.
  expect_moments(answer->days[0].daily[1][0], 0, {0}, {0});
  expect_moments(answer->days[3].cumulative[1][0], 1, {3}, {0});
}

TEST_F(SmallLog, ReadsHistoryOnlyForWhatNeedsIt) {
  const EventTable opened = table();
  auto plans = experiment_plans(query, opened);
  ASSERT_TRUE(plans);
  ASSERT_EQ(plans->size(), 2U);
  EXPECT_THAT((*plans)[0].notes, testing::Contains(HasSubstr("any event before its anchor")));
  EXPECT_THAT((*plans)[0].notes, testing::Contains(HasSubstr("segment `country`")));
  const auto reads_before_may = [&](const sql::Plan& plan) {
    const auto statement = line->dialect().statement(plan);
    return statement->find(fmt::format("{}", opened.span.begin)) != std::string::npos;
  };
  EXPECT_TRUE(reads_before_may((*plans)[0].plan));
  EXPECT_FALSE(reads_before_may((*plans)[1].plan));
  query.metrics[0].covariate_us = 0;
  query.segments.clear();
  plans = experiment_plans(query, opened);
  ASSERT_TRUE(plans);
  EXPECT_FALSE(reads_before_may((*plans)[0].plan));
  EXPECT_THAT((*plans)[0].notes, testing::Not(testing::Contains(HasSubstr("history"))));
  for (const NamedPlan& plan : *plans) {
    for (const sql::TableUse& use : sql::tables_of(plan.plan))
      EXPECT_THAT(use.columns, testing::Not(testing::Contains("country")));
  }
}

TEST_F(SmallLog, HandsOutItsUnitsInOrder) {
  const auto answer = units_of({query, 4});
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_THAT(answer->numbers, ElementsAre(1, 2, 5, 6));
  EXPECT_THAT(answer->arms, ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(answer->segments[0].values, ElementsAre("", "DE", "FR"));
  EXPECT_THAT(answer->segments[0].codes, ElementsAre(1U, 2U, 0U, 0U));
  EXPECT_THAT(answer->metrics[0].y, ElementsAre(12, 3, 0, 0));
  EXPECT_THAT(answer->metrics[0].x, ElementsAre(0, 0, 0, 4));
  EXPECT_THAT(answer->metrics[0].m, ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(answer->metrics[1].mature, ElementsAre(1, 1, 1, 0));
  EXPECT_THAT(answer->metrics[3].y, ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(asked, ElementsAre("experiment_units"));
}

// Unit 1 has three whole days from the first at noon and buys in its first and its second; unit 2
// three from the first at nine and buys 49 hours after; unit 5 one, unit 6 none.
TEST_F(SmallLog, FollowsUnitsByAgeOverWholeDaysOnly) {
  query.daily = false;
  query.max_age = 3;
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_THAT(asked, ElementsAre(kMoments, "experiment_ages"));
  ASSERT_EQ(answer->ages.size(), 4U);
  expect_moments(answer->ages[0].daily[0][0], 1, {5}, {0});
  expect_moments(answer->ages[1].daily[0][0], 1, {7}, {0});
  expect_moments(answer->ages[2].daily[0][0], 1, {0}, {0});
  expect_moments(answer->ages[3].daily[0][0], 0, {0}, {0});
  expect_moments(answer->ages[2].cumulative[0][0], 1, {12}, {0});
  expect_moments(answer->ages[0].daily[1][0], 2, {0}, {0});
  expect_moments(answer->ages[1].cumulative[1][0], 1, {0}, {0});
  expect_moments(answer->ages[2].daily[1][0], 1, {3}, {0});
  EXPECT_EQ(answer->ages[0].daily[0][2].size(), 0U);
  // A day that the data does not cover is no day.
  query.complete_until = at(3, 11);
  const auto early = ask(query);
  ASSERT_TRUE(early) << to_text(early.error());
  expect_moments(early->ages[0].daily[1][0], 1, {0}, {0});
  expect_moments(early->ages[1].daily[0][0], 0, {0}, {0});
}

TEST_F(SmallLog, TellsClustersAndPairsOfSegments) {
  query.daily = false;
  query.cluster = "country";
  query.segment_pairs = true;
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_THAT(asked, ElementsAre(kMoments, "experiment_pairs"));
  ASSERT_TRUE(answer->clusters);
  EXPECT_THAT(answer->clusters->values, ElementsAre("DE", "FR"));
  EXPECT_THAT(answer->clusters->clusters, ElementsAre(0U, 1U));
  EXPECT_THAT(answer->clusters->arms, ElementsAre(0, 1));
  EXPECT_THAT(answer->clusters->assigned, ElementsAre(1, 1));
  EXPECT_THAT(answer->clusters->analysed, ElementsAre(1, 1));
  EXPECT_THAT(answer->clusters->without, ElementsAre(1, 1));
  EXPECT_EQ(answer->clusters->crossing, 0);
  expect_moments(answer->clusters->metrics[0].at(0), 1, {12, 0, 0}, {0});
  expect_moments(answer->clusters->metrics[1].at(1), 1, {0}, {0});
  ASSERT_EQ(answer->segment_pairs.size(), 1U);
  EXPECT_THAT(answer->segment_pairs[0].first_values, ElementsAre(0U, 0U, 1U, 2U));
  EXPECT_THAT(answer->segment_pairs[0].second_values, ElementsAre(0U, 1U, 1U, 1U));
  EXPECT_THAT(answer->segment_pairs[0].assigned,
              ElementsAre(Counts{1, 0}, Counts{0, 1}, Counts{1, 0}, Counts{0, 1}));
  // Unit 6 moves into the cluster of unit 2, which is then in both arms.
  event(6, at(4, 11), "signup", "NULL, 'FR', NULL");
  EXPECT_EQ(ask(query)->clusters->crossing, 1);
}

TEST_F(SmallLog, HandsOutAnchorsClustersAndTimesToFirstEvents) {
  query.cluster = "country";
  const auto answer = units_of({query, 4, {named("buy"), named("expose")}});
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_THAT(answer->anchor_us, ElementsAre(at(1, 12), at(1, 9), at(3, 9), at(4, 12)));
  ASSERT_TRUE(answer->cluster);
  EXPECT_THAT(answer->cluster->values, ElementsAre("", "DE", "FR"));
  EXPECT_THAT(answer->cluster->codes, ElementsAre(1U, 2U, 0U, 0U));
  constexpr std::int64_t kNone = engine::UnitTable::kNoEvent;
  EXPECT_THAT(answer->first_us, ElementsAre(Counts{kHourUs, 49 * kHourUs, kNone, kNone},
                                            Counts{kNone, 24 * kHourUs, kNone, kNone}));
  EXPECT_EQ(answer->seen_until, at(5, 0));
}

TEST_F(SmallLog, HandsOutNoMoreUnitsThanAllowed) {
  const auto answer = units_of({query, 3});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(answer.error().problem, HasSubstr("more analysed units than the 3"));
}

/// Values 1 to `count`, one a unit, all in the control arm.
class Capped : public ExperimentTest {
 protected:
  void units(int count) {
    execute(
        fmt::format("INSERT INTO log SELECT range, make_timestamptz({}), 1, 'assign', "
                    "'control', NULL, NULL FROM range(1, {} + 1)",
                    at(1, 1), count));
    execute(
        fmt::format("INSERT INTO log SELECT range, make_timestamptz({}), 2, 'buy', NULL, NULL, "
                    "range FROM range(1, {} + 1)",
                    at(1, 2), count));
  }
};

TEST_F(Capped, AtTheSmallestValueWithEnoughBelowOrAtIt) {
  units(10);
  event(11, at(1, 1), "assign", kTreatment);  // Its value is 0.
  engine::ExperimentQuery query = may_query();
  query.metrics = {sum_of("buy", "amount"), sum_of("buy", "amount"), sum_of("buy", "amount"),
                   sum_of("buy", "amount")};
  query.metrics[0].cap_quantile = 0.5;  // ceil(11 / 2) = 6 of 0, 1, ..., 10.
  query.metrics[1].cap_quantile = 0.5;  // 5 of 1, ..., 10.
  query.metrics[1].cap_ignores_zeros = true;
  query.metrics[2].cap_value = 2.5;
  query.metrics[3].cap_quantile = 0.9;
  query.metrics[3].cap_ignores_zeros = true;
  query.metrics[3].numerator.event.where = *frame::parse_predicate("amount < 0");
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_THAT(answer->caps, ElementsAre(5.0, 5.0, 2.5, std::nullopt));
  EXPECT_THAT(asked, ElementsAre("experiment_caps", kMoments));
  expect_moments(answer->overall[0][0], 10, {4.0}, {20.0});
  expect_moments(answer->overall[0][2], 10, {2.3}, {2.1});
}

TEST_F(Capped, SegmentsOfTooManyValuesAreRefused) {
  units(static_cast<int>(engine::kMaxSegmentValues) + 1);
  execute("UPDATE log SET country = user_id");
  engine::ExperimentQuery query = may_query();
  query.segments = {{"home", SegmentBy::Kind::first_touch, "country", 0}};
  const auto answer = ask(query);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(answer.error().problem, HasSubstr("segment `home` has 10001 values or more"));
  execute("DELETE FROM log WHERE user_id = 1");
  EXPECT_TRUE(ask(query));
}

TEST_F(Capped, MoreClustersOrPairsOfValuesThanAllowedAreRefused) {
  units(20'001);
  execute("UPDATE log SET country = user_id // 142, amount = user_id % 142");
  engine::ExperimentQuery query = may_query();
  query.cluster = "country";
  query.max_clusters = 140;
  const auto clusters = ask(query);
  ASSERT_FALSE(clusters);
  EXPECT_EQ(clusters.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(clusters.error().problem, HasSubstr("`country` makes more than 140 clusters"));
  query.max_clusters = 141;
  EXPECT_TRUE(ask(query));
  query.segment_pairs = true;
  query.segments = {{"home", SegmentBy::Kind::first_touch, "country", 0},
                    {"value", SegmentBy::Kind::first_touch, "amount", 0}};
  const auto pairs = ask(query);
  ASSERT_FALSE(pairs);
  EXPECT_THAT(pairs.error().problem, HasSubstr("more than 20,000 combinations"));
  execute("DELETE FROM log WHERE user_id = 1");
  EXPECT_TRUE(ask(query));
}

// ---------------------------------------------------------------------------------------------

/// A billion and a deviation of about one, spread over the arms by a fixed rule.
double far_value(int unit) { return 1e9 + static_cast<double>(unit * 7919 % 1000) / 250.0 - 2.0; }

/// Two passes in long double over the values as they stand in the table.
CoMoments exact(const std::vector<double>& values) {
  long double mean = 0;
  for (const double value : values) mean += value;
  mean /= static_cast<long double>(values.size());
  long double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  CoMoments moments(1);
  moments.n = static_cast<std::int64_t>(values.size());
  moments.mean[0] = static_cast<double>(mean);
  moments.comoment[0] = static_cast<double>(squares);
  return moments;
}

void expect_near(const CoMoments& got, const CoMoments& want) {
  EXPECT_EQ(got.n, want.n);
  EXPECT_NEAR(got.mean[0] / want.mean[0], 1.0, 1e-15);
  EXPECT_NEAR(got.comoment[0] / want.comoment[0], 1.0, 1e-9);
}

TEST_F(ExperimentTest, KeepsNineDigitsWhereMeansLieABillionDeviationsFromZero) {
  std::vector<std::vector<double>> by_arm(2);
  std::vector<std::vector<double>> by_country(2);
  std::vector<std::vector<double>> doubled(2);
  for (int unit = 0; unit < 400; ++unit) {
    const std::size_t arm = static_cast<std::size_t>(unit % 2);
    const std::size_t country = static_cast<std::size_t>(unit % 4 / 2);
    const double value = far_value(unit) + (country == 0 ? 0.0 : 2e9);
    event(unit, at(1, 1), "assign",
          fmt::format("'{}', '{}', NULL", arm == 0 ? "control" : "treatment",
                      country == 0 ? "near" : "off"));
    event(unit, at(1, 2), "buy", fmt::format("NULL, NULL, {}", value));
    event(unit, at(2, 2), "buy", fmt::format("NULL, NULL, {}", value));
    by_arm[arm].push_back(value);
    doubled[arm].push_back(2.0 * value);
    if (arm == 0) by_country[country].push_back(value);
  }
  engine::ExperimentQuery query = may_query();
  query.metrics = {sum_of("buy", "amount"), sum_of("buy", "amount")};
  query.metrics[0].numerator.aggregation = Aggregation::max;
  query.segments = {{"country", SegmentBy::Kind::first_touch, "country", 0}};
  query.daily = true;
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_THAT(asked, ElementsAre(kMoments, kMoments, kDays));
  for (std::size_t arm = 0; arm < 2; ++arm) {
    expect_near(answer->overall[arm][0], exact(by_arm[arm]));
    expect_near(answer->overall[arm][1], exact(doubled[arm]));
    expect_near(answer->days[0].daily[arm][0], exact(by_arm[arm]));
    expect_near(answer->days[3].cumulative[arm][1], exact(doubled[arm]));
  }
  for (std::size_t country = 0; country < 2; ++country)
    expect_near(answer->segments[0].moments[country][0][0], exact(by_country[country]));
}

TEST_F(ExperimentTest, KeepsNineDigitsInDaysToo) {
  std::vector<double> first;
  std::vector<double> both;
  for (int unit = 0; unit < 200; ++unit) {
    event(unit, at(1, 1), "assign", kControl);
    event(unit, at(1, 2), "buy", fmt::format("NULL, NULL, {}", far_value(unit)));
    event(unit, at(2, 2), "buy", fmt::format("NULL, NULL, {}", far_value(unit)));
    first.push_back(far_value(unit));
    both.push_back(2.0 * far_value(unit));
  }
  engine::ExperimentQuery query = may_query();
  query.metrics = {sum_of("buy", "amount")};
  query.daily = true;
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_THAT(asked, ElementsAre(kMoments, kMoments, kDays, kDays));
  expect_near(answer->days[0].daily[0][0], exact(first));
  expect_near(answer->days[1].daily[0][0], exact(first));
  expect_near(answer->days[0].cumulative[0][0], exact(first));
  expect_near(answer->days[2].cumulative[0][0], exact(both));
}

TEST_F(ExperimentTest, TakesWordsFromOutsideAsTheyAre) {
  const std::string odd = "a\"b'c`d\\'; DROP TABLE log; -- ñ\n";
  execute("ALTER TABLE log RENAME COLUMN variant TO \"va\"\"r'i`ant\"");
  source.properties[0] = {odd, "\"va\"\"r'i`ant\"", frame::Type::text};
  source.properties[1].name = odd + "2";
  event(1, at(1, 1), odd, engine::quote_text(odd) + ", " + engine::quote_text(odd) + ", NULL");
  event(1, at(1, 2), odd + "buy", "NULL, NULL, 2");
  event(2, at(1, 1), odd, engine::quote_text("plain") + ", NULL, NULL");
  engine::ExperimentQuery query = may_query();
  query.assignment = named(odd);
  query.variant_property = odd;
  query.arms = {odd, "plain"};
  query.metrics = {sum_of(odd + "buy", "amount")};
  query.metrics[0].name = odd;
  query.segments = {{odd, SegmentBy::Kind::at_assignment, odd + "2", 0}};
  const auto answer = ask(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  expect_moments(answer->overall[0][0], 1, {2}, {0});
  EXPECT_EQ(answer->arms[1].assigned, 1);
  EXPECT_EQ(answer->segments[0].name, odd);
  EXPECT_THAT(answer->segments[0].values, ElementsAre("", odd));
  const auto plans = experiment_plans(query, table());
  ASSERT_TRUE(plans);
  for (const sql::Select& select : plans->front().plan.result) {
    for (const sql::Output& output : select.outputs)
      EXPECT_EQ(output.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789"),
                std::string::npos)
          << output.name;
  }
}

}  // namespace
}  // namespace assay::distributed
