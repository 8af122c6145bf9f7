#include "assay/interference/switchback.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/interference/switchback_regression.hpp"

// Source of the numbers: tests/golden/interference.py (all assignments enumerated, Aronow & Samii's
// estimators pair by pair; statsmodels 0.15.0 OLS with cov_type="HAC", use_correction). The script
// also shows, over all 256 assignments, that Horvitz-Thompson is unbiased under carry-over and that
// its variance estimate is not too small on average (46.2 for 43.9).
namespace assay::interference {
namespace {

struct Rows {
  std::vector<double> value;
  std::vector<std::uint8_t> arm;
  std::vector<std::int64_t> block;
  std::vector<std::int32_t> region;

  [[nodiscard]] SwitchbackData view() const { return {value, arm, block, region}; }
};

Rows golden() {
  Rows out;
  const std::uint8_t arms[] = {1, 0, 0, 1, 1, 0, 1, 1};
  for (int t = 0; t < 16; ++t) {
    out.arm.push_back(arms[t / 2]);
    out.block.push_back(t / 2);
    out.value.push_back(5.0 + (t * 7 % 5) - 2.0 + 1.5 * arms[t / 2] + 0.25 * t);
  }
  return out;
}

TEST(Switchback, WeightsAndVarianceAgreeWithEnumeration) {
  const auto rows = golden();
  SwitchbackOptions options;
  options.carry_over = 1;
  const auto r = *switchback_effect(rows.view(), options);
  EXPECT_NEAR(r.horvitz_thompson.control_value, 4.1, 1e-12);
  EXPECT_NEAR(r.horvitz_thompson.treatment_value, 10.766666666666667, 1e-12);
  EXPECT_NEAR(std::pow(r.horvitz_thompson.std_error, 2), 60.69666666666667, 1e-10);
  EXPECT_NEAR(r.contrast.control_value, 6.15, 1e-12);
  EXPECT_NEAR(r.contrast.treatment_value, 8.972222222222221, 1e-12);
  EXPECT_NEAR(std::pow(r.contrast.std_error, 2), 1.3384491540923642, 1e-10);
  EXPECT_EQ(r.n_periods, 15);
  EXPECT_EQ(r.n_blocks, 8);
  EXPECT_EQ(r.contrast.p_value<0.05, r.contrast.ci_low> 0.0 || r.contrast.ci_high < 0.0);
}

TEST(Switchback, TwoRegionsAreTwoIndependentHistories) {
  auto one = golden();
  const auto alone = *switchback_effect(one.view());
  Rows both = one;
  both.region.assign(16, 0);
  for (std::size_t i = 0; i < 16; ++i) {
    both.value.push_back(one.value[i]);
    both.arm.push_back(one.arm[i]);
    both.block.push_back(100 + one.block[i]);
    both.region.push_back(1);
  }
  const auto twice = *switchback_effect(both.view());
  EXPECT_NEAR(twice.contrast.difference, alone.contrast.difference, 1e-12);
  EXPECT_NEAR(twice.contrast.std_error, alone.contrast.std_error / std::sqrt(2.0), 1e-12);
}

TEST(Switchback, SwappingArmsTurnsTheSign) {
  auto rows = golden();
  const auto a = *switchback_effect(rows.view());
  for (auto& arm : rows.arm) arm = arm == 1 ? 0 : 1;
  const auto b = *switchback_effect(rows.view());
  EXPECT_NEAR(a.contrast.difference, -b.contrast.difference, 1e-12);
  EXPECT_NEAR(a.contrast.std_error, b.contrast.std_error, 1e-12);
}

TEST(Switchback, RandomisationTestEnumeratesTheCoins) {
  const auto rows = golden();
  const auto r = *switchback_randomisation(rows.view(), {}, {});
  EXPECT_TRUE(r.test.exact);
  ASSERT_TRUE(r.interval.has_value());
  EXPECT_EQ(r.test.p_value<0.05, r.interval->low> 0.0 || r.interval->high < 0.0);
  SwitchbackOptions carried;
  carried.carry_over = 1;
  EXPECT_FALSE(switchback_randomisation(rows.view(), carried, {})->interval.has_value());
}

TEST(Switchback, RefusesRowsThatAreNoSwitchback) {
  auto rows = golden();
  rows.arm[1] = 0;
  EXPECT_THAT(switchback_effect(rows.view()).error().problem, testing::HasSubstr("both arms"));
  rows = golden();
  rows.block[15] = 0;
  EXPECT_EQ(switchback_effect(rows.view()).error().code, ErrorCode::invalid_data);
  rows = golden();
  rows.value[3] = NAN;
  EXPECT_EQ(switchback_effect(rows.view()).error().where, "row 4");
  rows = golden();
  SwitchbackOptions far;
  far.carry_over = 9;
  EXPECT_EQ(switchback_effect(rows.view(), far).error().code, ErrorCode::undefined_statistic);
  for (auto& b : rows.block) b /= 3;
  for (std::size_t i = 0; i < 16; ++i) rows.arm[i] = rows.block[i] % 2 == 0 ? 1 : 0;
  EXPECT_THAT(switchback_effect(rows.view()).error().problem, testing::HasSubstr("too few"));
}

Rows waves() {
  Rows out;
  const std::uint8_t arms[] = {1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0};
  for (int t = 0; t < 48; ++t) {
    out.arm.push_back(arms[t / 4]);
    out.block.push_back(t / 4);
    out.value.push_back(3.0 + 2.0 * std::sin(t / 3.0) + (t * 5 % 7) / 7.0 + 0.9 * arms[t / 4]);
  }
  return out;
}

TEST(SwitchbackRegression, AgreesWithStatsmodelsHac) {
  const auto rows = waves();
  std::vector<std::int32_t> hour;
  for (int t = 0; t < 48; ++t) hour.push_back(t % 6);
  SwitchbackRegressionOptions options;
  options.time_effect = hour;
  options.lags = 5;
  const auto r = *switchback_regression(rows.view(), options);
  EXPECT_NEAR(r.contrast.difference, 1.1874101231553909, 1e-11);
  EXPECT_NEAR(r.contrast.std_error, 0.6883860528076168, 1e-11);
  EXPECT_NEAR(r.classical_std_error, 0.4683213475043225, 1e-11);
  EXPECT_EQ(r.contrast.degrees_of_freedom, 10.0);
  EXPECT_EQ(r.n_effects, 6);
}

TEST(SwitchbackRegression, RefusesTimeEffectsThatSwallowTheArm) {
  const auto rows = waves();
  std::vector<std::int32_t> block(rows.block.begin(), rows.block.end());
  SwitchbackRegressionOptions options;
  options.time_effect = block;
  EXPECT_EQ(switchback_regression(rows.view(), options).error().code,
            ErrorCode::undefined_statistic);
}

/// 120 blocks of 6, arms by a fixed pattern; what the previous arm left fades after `last` periods.
Rows carried(int last) {
  Rows out;
  for (int b = 0; b < 120; ++b) {
    const auto arm = [](int k) { return k < 0 ? 0 : (k * k * 7 + k / 3) % 5 < 2 ? 1 : 0; };
    for (int i = 0; i < 6; ++i) {
      out.arm.push_back(static_cast<std::uint8_t>(arm(b)));
      out.block.push_back(b);
      const int felt = i < last ? arm(b - 1) : arm(b);
      out.value.push_back(10.0 + 2.0 * felt + ((b * 31 + i * 17) % 13) / 13.0);
    }
  }
  return out;
}

TEST(CarryOver, OrderIsWhereThePreviousBlockStopsToMatter) {
  const auto two = *carry_over_order(carried(2).view(), 0.95);
  EXPECT_EQ(two.order, 2);
  EXPECT_FALSE(two.beyond);
  EXPECT_NEAR(two.steps[0].contrast.difference, 2.0, 0.3);
  EXPECT_EQ(carry_over_order(carried(0).view(), 0.95)->order, 0);
  EXPECT_TRUE(carry_over_order(carried(6).view(), 0.95)->beyond);
}

TEST(CarryOver, BurnInRecoversTheEffect) {
  const auto scan = *burn_in_scan(carried(2).view(), 4, 0.95);
  ASSERT_EQ(scan.size(), 5U);
  EXPECT_LT(scan[0].contrast.difference, 1.8);
  EXPECT_NEAR(scan[2].contrast.difference, 2.0, 0.15);
  EXPECT_NEAR(scan[4].contrast.difference, 2.0, 0.2);
}

TEST(BlockLength, WhiteNoiseWantsLongBlocksOnlyForTheBurnIn) {
  std::vector<double> noise;
  std::vector<double> slow;
  double level = 0.0;
  for (int i = 0; i < 4000; ++i) {
    const double e = static_cast<double>((i * 7919L + i * i % 104729L) % 1000) / 500.0 - 1.0;
    noise.push_back(e);
    level = 0.95 * level + e;
    slow.push_back(level);
  }
  // White noise, burn-in 1: SE^2 = 4 s^2 L / ((L - 1) n), falls in L. Slow noise wants short
  // blocks.
  const auto white = *choose_block_length(noise, 1, 12);
  EXPECT_GE(white.best, 8);
  EXPECT_LE(choose_block_length(slow, 1, 12)->best, 4);
  EXPECT_EQ(choose_block_length(noise, 5, 5).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(choose_block_length(std::span(noise).first(40), 1, 12).error().code,
            ErrorCode::undefined_statistic);
}

}  // namespace
}  // namespace assay::interference
