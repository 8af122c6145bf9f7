#include "assay/experiment/plan.hpp"

#include <gmock/gmock.h>

#include "assay/experiment/fixture_for_tests.hpp"

namespace assay::experiment {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kExperiment;
using testing::make_fixture;

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Plan, EveryMetricOfTheSpecStandsInTheQueryWithItsRole) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value()) << to_text(fixture.error());
  std::vector<std::string> names;
  for (const PlannedMetric& metric : fixture->plan.metrics) {
    names.push_back(metric.name);
    EXPECT_EQ(fixture->plan.query.metrics[metric.index].name, metric.name);
    EXPECT_FALSE(metric.has_covariates);  // adjustment: none
  }
  EXPECT_THAT(names, ElementsAre("watch", "likes", "shares", "crashes"));
  EXPECT_EQ(fixture->plan.metrics[3].role, spec::MetricRole::guardrail);
  EXPECT_EQ(fixture->plan.metrics[3].margin->size, 0.1);
  EXPECT_EQ(fixture->plan.metrics[3].direction, stats::Direction::decrease);
}

TEST(Plan, ThePeriodIsWholeLocalDays) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  const TimeRange period = fixture->plan.query.period;
  EXPECT_EQ(time_text(period.begin), "2026-05-04T00:00:00Z");
  EXPECT_EQ(time_text(period.end), "2026-05-18T00:00:00Z");
}

TEST(Plan, SegmentsAndCheckDimensionsAreMeasuredOnce) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  ASSERT_EQ(fixture->plan.segments.size(), 2U);
  EXPECT_EQ(fixture->plan.segments[0].name, "country");
  EXPECT_TRUE(fixture->plan.segments[0].pre_registered);
  EXPECT_EQ(fixture->plan.segments[1].name, "version");
  EXPECT_FALSE(fixture->plan.segments[1].pre_registered);
}

TEST(Plan, AdjustmentAsksForTheCovariateWindow) {
  const auto fixture =
      make_fixture(with(kExperiment, "{method: none}", "{method: lin, covariate_days: 21}"));
  ASSERT_TRUE(fixture.has_value()) << to_text(fixture.error());
  EXPECT_TRUE(fixture->plan.metrics[0].has_covariates);
  EXPECT_EQ(fixture->plan.query.metrics[0].covariate_us, 21 * kDayUs);
}

TEST(Plan, WhatThisVersionDoesNotAnalyseIsRefusedByName) {
  const auto clusters = make_fixture(
      with(kExperiment, "analysis: {alpha: 0.05,", "analysis: {alpha: 0.05, clusters: country,"));
  ASSERT_FALSE(clusters.has_value());
  EXPECT_EQ(clusters.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(clusters.error().problem, HasSubstr("clusters"));
  EXPECT_THAT(clusters.error().where, HasSubstr("tiny.yaml:"));
  const auto pooled = make_fixture(with(kExperiment, "{method: none}", "{method: cuped_pooled}"));
  ASSERT_FALSE(pooled.has_value());
  EXPECT_THAT(pooled.error().problem, HasSubstr("pooled"));
}

}  // namespace
}  // namespace assay::experiment
