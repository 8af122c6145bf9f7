#include "assay/design/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "assay/design/looks.hpp"

namespace assay::design {
namespace {

using testing::HasSubstr;

Design means(double mean, double sd, double alpha = 0.05, double power = 0.8) {
  return {.outcome = *mean_outcome(mean, sd, sd), .alpha = alpha, .power = power};
}

// Source: R 4.2.2, power.t.test and power.prop.test; regenerate with tests/golden/design.R.
TEST(Plan, TwoArmsAgreeWithR) {
  // Without the far tail there (strict = FALSE): 2.3e-5 here.
  EXPECT_NEAR(*power_of(means(0, 1), 0.3, 200), 0.560035853711, 3e-5);
  const Design ninety = means(0, 1, 0.05, 0.9);
  EXPECT_EQ(*units_needed(ninety, 0.3), 469);  // 2 * 234.46
  const Design shares{.outcome = *proportion_outcome(0.10)};
  EXPECT_NEAR(static_cast<double>(*units_needed(shares, 0.02)), 2 * 3840.84748243, 1.0);
}

// Source: rpact 3.3.4, getSampleSizeMeans and getSampleSizeRates; tests/golden/design.R.
TEST(Plan, UnequalArmsAndNonInferiorityAgreeWithRpact) {
  Design uneven = means(0, 1.2);
  uneven.comparisons.control_ratio = 3.0;
  EXPECT_NEAR(static_cast<double>(*units_needed(uneven, 0.3)), 671.697, 4.0);  // Pooled t there.
  Design guardrail = means(10, 1.2, 0.025);
  guardrail.margin = stats::Margin{0.2};
  EXPECT_NEAR(static_cast<double>(*units_needed(guardrail, 0.0)), 1132.163, 1.0);
  Design relative = means(1, 0.5, 0.025, 0.9);
  relative.margin = stats::Margin{0.1, stats::MarginScale::relative};
  EXPECT_NEAR(static_cast<double>(*units_needed(relative, 0.0)), 952.8466, 1.0);
}

TEST(Plan, SharesAgainstAMarginAgreeWithFarringtonAndManningInRpact) {
  Design design{.outcome = *proportion_outcome(0.3), .alpha = 0.025};
  design.margin = stats::Margin{0.03};
  EXPECT_NEAR(static_cast<double>(*units_needed(design, 0.0)), 7324.30133911, 1.0);
  design.comparisons.control_ratio = 0.5;
  EXPECT_NEAR(static_cast<double>(*units_needed(design, 0.01)), 4742.42368122, 1.0);
  design.comparisons.control_ratio = 1.0;
  design.margin = stats::Margin{0.1, stats::MarginScale::relative};
  EXPECT_NEAR(static_cast<double>(*units_needed(design, 0.0)), 6606.39361529, 1.0);
}

// An independent reading: the share of failures falls where that of successes rises.
TEST(Plan, AMarginOnFailuresIsTheSameMarginOnSuccesses) {
  Design up{.outcome = *proportion_outcome(0.7), .alpha = 0.025};
  up.margin = stats::Margin{0.03};
  Design down{.outcome = *proportion_outcome(0.3), .alpha = 0.025};
  down.margin = stats::Margin{0.03};
  down.direction = stats::Direction::decrease;
  EXPECT_NEAR(*power_of(up, 0.004, 5000), *power_of(down, -0.004, 5000), 1e-12);
}

// Source: tea-tasting 1.14.0, RatioOfMeans.solve_power_from_aggregates; tests/golden/design.py.
TEST(Plan, RatiosAndCovariatesAgreeWithTeaTasting) {
  Design ratio{.outcome = *ratio_outcome({0.6, 2.4, 0.9, 3.1, 0.7})};
  EXPECT_EQ(*units_needed(ratio, 0.25 * 0.05), 25947);
  EXPECT_NEAR(*detectable_effect(ratio, 10'000) / 0.25, 0.08054475411381462, 1e-9);
  EXPECT_NEAR(*power_of(ratio, 0.25 * 0.05, 10'000), 0.4127252721060922, 1e-9);
  ratio.comparisons.control_ratio = 9.0;
  EXPECT_NEAR(*power_of(ratio, 0.25 * 0.05, 60'000), 0.7244027944134276, 1e-9);
  const double sd = std::sqrt(0.9);
  const double correlation = 0.4 / std::sqrt(0.9 * 0.8);
  const Design cuped{.outcome = *with_covariates(*mean_outcome(0.6, sd, sd), correlation)};
  EXPECT_EQ(*units_needed(cuped, 0.03), 24421);
}

// Source: tea-tasting 1.14.0, Mean.solve_power_from_aggregates; tests/golden/design.py.
TEST(Plan, UnequalArmsAgreeWithTeaTasting) {
  Design design = means(0, 1);
  design.comparisons.control_ratio = 2.0;
  EXPECT_NEAR(*power_of(design, 0.25, 180), 0.3478574921288971, 1e-10);
  design.comparisons.control_ratio = 0.5;
  EXPECT_NEAR(*detectable_effect(design, 600), 0.24321133613663348, 1e-9);
}

// Source: R 4.2.2, pt with clusters - 2 degrees of freedom; tests/golden/design.R.
TEST(Plan, ClustersAgreeWithTheirDefinition) {
  Design design = means(0, 1);
  design.clusters = Clusters{50, 0.65, 0.05};
  EXPECT_NEAR(*power_of(design, 0.3, 24 * 50), 0.648040845251, 1e-7);
  design.clusters = Clusters{20, 0.0, 0.02};
  EXPECT_NEAR(*power_of(design, 0.25, 40 * 20), 0.83467989786, 1e-7);
  // Source: Eldridge, Ashby & Kerry (2006) eq. for unequal sizes, by hand: m 10, cv 0.65, icc 0.05.
  EXPECT_NEAR(*design_effect({10, 0.65, 0.05}), 1 + ((1 + 0.4225) * 10 - 1) * 0.05, 1e-12);
  EXPECT_NEAR(*design_effect({1, 0.0, 0.5}), 1.0, 1e-15);
}

TEST(Plan, AnyOneFollowsFromTheOthers) {
  std::vector<Design> designs{means(10, 3),
                              {.outcome = *proportion_outcome(0.2)},
                              {.outcome = *ratio_outcome({2, 4, 3, 5, 1})},
                              {.outcome = *quantile_outcome(0.9, 40, 0.01)}};
  designs[0].comparisons = {3, std::sqrt(3.0), Correction::dunnett};
  designs[1].inflation = 1.0196;
  designs[2].clusters = Clusters{12, 0.4, 0.1};
  for (const Design& design : designs) {
    const double mde = *detectable_effect(design, 20'000);
    EXPECT_NEAR(*power_of(design, mde, 20'000), design.power, 1e-9);
    EXPECT_NEAR(static_cast<double>(*units_needed(design, mde)), 20'000, 1.0);
  }
  Design guardrail = means(10, 3, 0.025);
  guardrail.margin = stats::Margin{1.0, stats::MarginScale::relative};
  const double margin = *detectable_effect(guardrail, 3'000);
  guardrail.margin->size = margin;
  EXPECT_NEAR(*power_of(guardrail, 0.0, 3'000), 0.8, 1e-9);
}

// The critical value that large samples read off a curve against the integration itself.
TEST(Plan, DunnettsCriticalValueIsSmoothInTheDegreesOfFreedom) {
  Design design = means(0, 1);
  design.comparisons = {3, 1.0, Correction::dunnett};
  for (const double n : {520.0, 1500.0}) {
    const double dof = 2.0 * n - 2.0;
    const double critical = *critical_of(design.comparisons, 0.05, dof, false);
    const double shift = 3.0;
    EXPECT_NEAR(*power_of(design, shift * std::sqrt(2.0 / n), 4.0 * n),
                stats::rejection_probability(shift, critical, dof, false), 2e-8);
  }
}

TEST(Plan, MoneyInCentsNeedsTheSameUnits) {
  EXPECT_EQ(*units_needed(means(3, 12), 0.4), *units_needed(means(300, 1200), 40));
}

TEST(Plan, CovariatesOfCorrelationSixTenthsSaveAThirdAndMore) {
  const Design plain = means(0, 1);
  const Design adjusted{.outcome = *with_covariates(*mean_outcome(0, 1, 1), 0.6)};
  EXPECT_NEAR(static_cast<double>(*units_needed(adjusted, 0.05)) /
                  static_cast<double>(*units_needed(plain, 0.05)),
              0.64, 1e-3);
}

TEST(Plan, RepeatedLooksCostTheirInflation) {
  // Source: rpact 3.3.4, getDesignCharacteristics, asOF, 4 looks, one-sided 0.025, power 0.8.
  const double inflation =
      *inflation_of({.information = {0.25, 0.5, 0.75, 1.0}, .alpha = 0.025, .one_sided = true});
  EXPECT_NEAR(inflation, 1.01963732917, 1e-8);
  Design looks = means(0, 1);
  looks.inflation = inflation;
  EXPECT_NEAR(static_cast<double>(*units_needed(looks, 0.02)) /
                  static_cast<double>(*units_needed(means(0, 1), 0.02)),
              looks.inflation, 1e-4);
}

TEST(Plan, WhatCannotBePlannedIsRefusedInItsOwnWords) {
  const auto problem = [](const auto& result) { return result ? "" : result.error().problem; };
  EXPECT_THAT(problem(units_needed(means(0, 1, 0.05, 1.0), 0.1)), HasSubstr("power lies between"));
  EXPECT_THAT(problem(units_needed(means(0, 1, 0.05, 0.0), 0.1)), HasSubstr("power lies between"));
  EXPECT_THAT(problem(power_of(means(0, 1, 0.0), 0.1, 100)), HasSubstr("alpha lies between"));
  EXPECT_THAT(problem(units_needed(means(0, 1), 0.0)), HasSubstr("must not be 0"));
  EXPECT_THAT(problem(mean_outcome(0, -1, 1)), HasSubstr("must be positive"));
  EXPECT_THAT(problem(proportion_outcome(1.0)), HasSubstr("between 0 and 1"));
  EXPECT_THAT(problem(ratio_outcome({1, 0, 1, 1, 0})), HasSubstr("denominator must not be 0"));
  EXPECT_THAT(problem(ratio_outcome({1, 1, -1, 1, 0})), HasSubstr("must not be negative"));
  EXPECT_THAT(problem(ratio_outcome({1, 1, 1, 1, 2})), HasSubstr("larger than the two variances"));
  EXPECT_THAT(problem(with_covariates(*mean_outcome(0, 1, 1), 1.0)), HasSubstr("correlation"));
  EXPECT_THAT(problem(design_effect({10, 0, 1.2})), HasSubstr("between 0 and 1"));
  EXPECT_THAT(problem(design_effect({10, -1, 0.2})), HasSubstr("must not be negative"));
  EXPECT_THAT(problem(power_of(means(0, 1), 0.1, 3)), HasSubstr("4 units in all"));
  Design clustered = means(0, 1);
  clustered.clusters = Clusters{100, 0, 0.1};
  EXPECT_THAT(problem(power_of(clustered, 0.1, 300)), HasSubstr("two clusters in each arm"));
  Design guardrail = means(10, 1, 0.025);
  guardrail.margin = stats::Margin{0.2};
  EXPECT_THAT(problem(units_needed(guardrail, -0.2)), HasSubstr("already as bad as the margin"));
  guardrail.margin = stats::Margin{-0.2};
  EXPECT_THAT(problem(units_needed(guardrail, 0.0)), HasSubstr("margin must be positive"));
  const Design share{.outcome = *proportion_outcome(0.9)};
  EXPECT_THAT(problem(power_of(share, 0.2, 1000)), HasSubstr("leaves 0 to 1"));
  EXPECT_THAT(problem(detectable_effect(share, 8)), HasSubstr("no change reaches"));
  Design looks = means(0, 1);
  looks.inflation = 0.9;
  EXPECT_THAT(problem(power_of(looks, 0.1, 100)), HasSubstr("factor of 1 or more"));
  EXPECT_THAT(problem(units_needed(means(0, 1), 1e-12)), HasSubstr("too small"));
}

}  // namespace
}  // namespace assay::design
