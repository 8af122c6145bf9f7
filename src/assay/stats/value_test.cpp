#include "assay/stats/value.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace assay::stats {
namespace {

const std::vector<double> kY{3, 0, 12.5, 7, 1, 0, 22, 4};
const std::vector<double> kD{1, 2, 3, 2, 1, 1, 4, 2};

numerics::CoMoments both() {
  numerics::CoMoments moments(2);
  for (std::size_t i = 0; i < kY.size(); ++i) moments.add(std::vector<double>{kY[i], kD[i]});
  return moments;
}

// Source: scipy 1.17.1, ttest_1samp(y, 0).confidence_interval(0.95) and sem(y).
TEST(Value, TheMeanHasStudentsInterval) {
  const auto value = *mean_value(both().marginal(0), 0.95);
  EXPECT_EQ(value.n, 8);
  EXPECT_DOUBLE_EQ(value.value, 6.1875);
  EXPECT_NEAR(value.std_error, 2.702408813051264, 1e-13);
  EXPECT_NEAR(value.ci_low, -0.2026814170590896, 1e-12);
  EXPECT_NEAR(value.ci_high, 12.57768141705909, 1e-12);
}

// A ratio of sums is the weighted mean of y / d with weights d. Source: statsmodels 0.15.0,
// WLS(y / d, ones, weights=d).fit(cov_type="HC1", use_t=True): params, bse, conf_int.
TEST(Value, TheRatioHasTheRobustIntervalOfAWeightedMean) {
  const auto value = *ratio_value(both(), 0.95);
  EXPECT_DOUBLE_EQ(value.value, 3.09375);
  EXPECT_NEAR(value.std_error, 0.8469886586881956, 1e-12);
  EXPECT_NEAR(value.ci_low, 1.09094008, 1e-8);
  EXPECT_NEAR(value.ci_high, 5.09655992, 1e-8);
}

TEST(Value, ADenominatorThatIsOneForEveryUnitGivesTheMean) {
  numerics::CoMoments moments(2);
  for (const double y : kY) moments.add(std::vector<double>{y, 1.0});
  const auto ratio = *ratio_value(moments, 0.9);
  const auto mean = *mean_value(moments.marginal(0), 0.9);
  EXPECT_DOUBLE_EQ(ratio.ci_low, mean.ci_low);
  EXPECT_DOUBLE_EQ(ratio.ci_high, mean.ci_high);
}

TEST(Value, WhatDoesNotExistIsNotInvented) {
  const auto code = [](const auto& result) { return result.error().code; };
  EXPECT_EQ(code(mean_value({1, 3.0, 0.0}, 0.95)), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(mean_value({9, 3.0, 0.0}, 0.95)), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(mean_value({9, 3.0, 1.0}, 1.0)), ErrorCode::invalid_spec);
  numerics::CoMoments nothing(2);
  nothing.add_zeros(5);
  EXPECT_EQ(code(ratio_value(nothing, 0.95)), ErrorCode::undefined_statistic);
  numerics::CoMoments proportional(2);
  for (const double d : kD) proportional.add(std::vector<double>{0.3 * d, d});
  EXPECT_EQ(code(ratio_value(proportional, 0.95)), ErrorCode::undefined_statistic);
}

}  // namespace
}  // namespace assay::stats
