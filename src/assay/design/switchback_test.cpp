#include "assay/design/switchback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::design {
namespace {

// Source: numpy mean of the AR(1) covariance matrix and scipy nct; tests/golden/design.py.
TEST(Switchback, AgreesWithTheCovarianceMatrixWrittenOut) {
  const Switchback design{
      .periods = 40 * 6, .block_periods = 6, .carryover_periods = 2, .autocorrelation = 0.5};
  const auto plan = *switchback_plan(design);
  EXPECT_EQ(plan.blocks, 40);
  EXPECT_NEAR(plan.block_sd * plan.block_sd, 0.515625, 1e-12);
  EXPECT_NEAR(*switchback_power(design, 0.5, 0.05), 0.5738398988759676, 1e-8);
}

// Neighbouring blocks are correlated, and yet the spread of the difference over assignments and
// series is what the formula says. Budget: 4 standard errors of a variance over 4,000 worlds.
TEST(Switchback, CorrelatedBlocksDoNotWidenTheDifference) {
  constexpr int kWorlds = 4'000;
  constexpr int kBlocks = 40;
  constexpr int kLength = 3;
  const double r = 0.8;
  const auto plan = *switchback_plan(
      {.periods = kBlocks * kLength, .block_periods = kLength, .autocorrelation = r});
  double sum = 0.0;
  for (std::uint64_t w = 0; w < kWorlds; ++w) {
    const numerics::Philox random(11, w);
    double level = numerics::normal_quantile(random.uniform(0));
    double difference = 0.0;
    for (int b = 0; b < kBlocks; ++b) {
      double mean = 0.0;
      for (int k = 0; k < kLength; ++k) {
        mean += level / kLength;
        const auto at = static_cast<std::uint64_t>(b * kLength + k + 1);
        level = r * level + std::sqrt(1 - r * r) * numerics::normal_quantile(random.uniform(at));
      }
      const bool treated = random.uniform(static_cast<std::uint64_t>(10'000 + b)) < 0.5;
      difference += (treated ? mean : -mean) / (0.5 * kBlocks);
    }
    sum += difference * difference;
  }
  const double ratio = sum / kWorlds / (plan.std_error * plan.std_error);
  EXPECT_NEAR(ratio, 1.0, 4.0 * std::sqrt(2.0 / kWorlds) * 1.3);
}

TEST(Switchback, AnyOneFollowsFromTheOthers) {
  Switchback design{.periods = 24 * 28,
                    .block_periods = 6,
                    .carryover_periods = 1,
                    .period_sd = 10,
                    .autocorrelation = 0.6};
  const double mde = *switchback_detectable_effect(design, {});
  EXPECT_NEAR(*switchback_power(design, mde, 0.05), 0.8, 1e-9);
  EXPECT_EQ(*switchback_periods_needed(design, mde * 1.0000001, {}), 24 * 28);
}

TEST(Switchback, WithoutCarryOverShortBlocksAreBestAndWithItLongerOnes) {
  const auto best = [](int carryover) {
    const auto all = *block_lengths(
        {.periods = 720, .carryover_periods = carryover, .autocorrelation = 0.2}, {});
    return std::min_element(all.begin(), all.end(),
                            [](const auto& a, const auto& b) {
                              return a.detectable_effect < b.detectable_effect;
                            })
        ->block_periods;
  };
  EXPECT_EQ(best(0), 1);
  EXPECT_GT(best(3), 4);
}

TEST(Switchback, BadInputIsRefused) {
  EXPECT_THAT(
      switchback_plan({.periods = 30, .block_periods = 3, .carryover_periods = 3}).error().problem,
      testing::HasSubstr("keeps none"));
  EXPECT_FALSE(switchback_plan({.periods = 9, .block_periods = 3}));
  EXPECT_FALSE(switchback_plan({.periods = 90, .period_sd = 0}));
  EXPECT_FALSE(switchback_plan({.periods = 90, .autocorrelation = 1}));
  EXPECT_FALSE(switchback_plan({.periods = 90, .treatment_share = 1}));
  EXPECT_FALSE(switchback_power({.periods = 90}, 0.1, 0.0));
  EXPECT_FALSE(switchback_periods_needed({.periods = 90}, 0.0, {}));
  EXPECT_FALSE(switchback_periods_needed({.periods = 90}, 1e-9, {}));
  EXPECT_FALSE(switchback_periods_needed({.periods = 90, .treatment_share = 0}, 1, {}));
  EXPECT_FALSE(block_lengths({.periods = 10, .carryover_periods = 5}, {}));
}

}  // namespace
}  // namespace assay::design
