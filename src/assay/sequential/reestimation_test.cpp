#include "assay/sequential/reestimation.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/numerics/distributions.hpp"

namespace assay::sequential {
namespace {

TEST(PromisingZone, BeginsWhereMehtaAndPocockSay) {
  // Source: Mehta & Pocock (2011), table I: least conditional power for power 0.8, two decimals.
  PromisingZonePlan plan;
  plan.most_information = 2.0;
  EXPECT_NEAR(reestimate(plan, 1.0)->least_conditional_power, 0.36, 0.006);
  plan.most_information = 1.5;
  EXPECT_NEAR(reestimate(plan, 1.0)->least_conditional_power, 0.41, 0.006);
  plan.most_information = 3.0;
  EXPECT_NEAR(reestimate(plan, 1.0)->least_conditional_power, 0.31, 0.006);
}

TEST(PromisingZone, RaisesTheSizeUntilTheTargetOrTheCap) {
  PromisingZonePlan plan;
  plan.most_information = 2.0;
  const auto at = [&](double z) { return *reestimate(plan, z); };
  EXPECT_EQ(at(0.5).zone, Zone::unfavourable);
  EXPECT_EQ(at(0.5).new_information, 1.0);
  const auto low = at(1.3);
  EXPECT_EQ(low.zone, Zone::promising);
  EXPECT_TRUE(low.capped);
  EXPECT_EQ(low.new_information, 2.0);
  EXPECT_LT(low.new_conditional_power, 0.8);
  const auto high = at(1.65);
  EXPECT_EQ(high.zone, Zone::promising);
  EXPECT_FALSE(high.capped);
  EXPECT_NEAR(high.new_conditional_power, 0.8, 1e-12);
  EXPECT_TRUE(high.ordinary_test_valid);
  EXPECT_EQ(at(2.5).zone, Zone::favourable);
  EXPECT_EQ(at(-1.0).zone, Zone::unfavourable);
  // Conditional power at the plan by the closed form.
  EXPECT_NEAR(at(1.4).conditional_power,
              numerics::normal_sf((1.959963984540054 - 1.4 / std::sqrt(0.5)) / std::sqrt(0.5)),
              1e-12);
}

TEST(PromisingZone, NonsenseIsRefused) {
  EXPECT_EQ(reestimate({.alpha = 0.6}, 1.0).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(reestimate({.most_information = 1.0}, 1.0).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(reestimate({.interim_fraction = 1.0}, 1.0).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(reestimate({}, NAN).error().code, ErrorCode::invalid_data);
}

GroupSequentialDesign two_looks() {
  GroupSequentialSpec spec;
  spec.information = {0.4, 1.0};
  return design_group_sequential(spec).value();
}

TEST(Combination, WithThePlannedSizesIsTheOrdinaryStatistic) {
  // Two stages of 400 and 600 units: pooled estimate over its standard error.
  const double se1 = 1.0 / std::sqrt(400.0);
  const double se2 = 1.0 / std::sqrt(600.0);
  const double pooled = (400 * 0.05 + 600 * 0.09) / 1000.0;
  const auto got = *combine_stages(two_looks(), std::vector<StageData>{{0.05, se1}, {0.09, se2}});
  EXPECT_NEAR(got[1].statistic, pooled * std::sqrt(1000.0), 1e-12);
  EXPECT_NEAR(got[1].ci_low, pooled - got[1].critical_value / std::sqrt(1000.0), 1e-12);
  EXPECT_EQ(got[1].rejects, got[1].ci_low > 0.0 || got[1].ci_high < 0.0);
}

TEST(Combination, KeepsItsWeightsWhenTheSecondStageGrows) {
  const auto got = *combine_stages(
      two_looks(), std::vector<StageData>{{0.05, 0.05}, {0.09, 1.0 / std::sqrt(2400.0)}});
  EXPECT_NEAR(got[1].statistic, std::sqrt(0.4) * 1.0 + std::sqrt(0.6) * 0.09 * std::sqrt(2400.0),
              1e-12);
}

TEST(Combination, NonsenseIsRefused) {
  EXPECT_FALSE(combine_stages(two_looks(), {}));
  EXPECT_FALSE(combine_stages(two_looks(), std::vector<StageData>(3, {0.1, 0.1})));
  EXPECT_FALSE(combine_stages(two_looks(), std::vector<StageData>{{0.1, 0.0}}));
}

}  // namespace
}  // namespace assay::sequential
