#include "assay/design/exact_proportions.hpp"

#include <gtest/gtest.h>

#include "assay/design/plan.hpp"

namespace assay::design {
namespace {

// Source: R 4.2.2, enumeration of all tables with R's own score statistic and with Barnard's test
// written anew; tests/golden/design.R.
TEST(ExactProportions, PowerByEnumerationAgreesWithR) {
  EXPECT_NEAR(*exact_power({0.3, 0.6}, 60, 60, 0.05, ProportionTest::score), 0.924389507265, 1e-9);
  EXPECT_NEAR(*exact_power({0.1, 0.7}, 8, 8, 0.05, ProportionTest::exact), 0.656804079211, 1e-9);
}

TEST(ExactProportions, TheExactTestKeepsItsSizeEverywhere) {
  for (const double p : {0.02, 0.1, 0.3, 0.5}) {
    EXPECT_LE(*exact_power({p, p}, 15, 10, 0.05, ProportionTest::exact), 0.05);
  }
}

TEST(ExactProportions, LargeArmsAgreeWithTheNormalFormula) {
  const Design normal{.outcome = *proportion_outcome(0.3)};
  EXPECT_NEAR(*exact_power({0.3, 0.4}, 400, 400, 0.05, ProportionTest::as_analysed),
              *power_of(normal, 0.1, 800), 0.01);
}

TEST(ExactProportions, FromTheAnswerOnThePowerStays) {
  const auto n = *exact_units_needed({0.2, 0.6}, 0.05, 0.8, ProportionTest::score);
  for (std::int64_t more = n; more < n + 6; ++more)
    EXPECT_GE(*exact_power({0.2, 0.6}, more, more, 0.05, ProportionTest::score), 0.8);
  EXPECT_LT(*exact_power({0.2, 0.6}, n - 1, n - 1, 0.05, ProportionTest::score), 0.8);
}

TEST(ExactProportions, BadInputIsRefused) {
  EXPECT_FALSE(exact_power({-0.1, 0.5}, 10, 10, 0.05, ProportionTest::score));
  EXPECT_FALSE(exact_power({0.1, 0.5}, 0, 10, 0.05, ProportionTest::score));
  EXPECT_FALSE(exact_power({0.1, 0.5}, 10, 10, 0.0, ProportionTest::score));
  EXPECT_FALSE(exact_power({0.1, 0.5}, 500, 500, 0.05, ProportionTest::exact));
  EXPECT_FALSE(exact_units_needed({0.5, 0.5}, 0.05, 0.8, ProportionTest::score));
  EXPECT_FALSE(exact_units_needed({0.5, 0.5001}, 0.05, 0.8, ProportionTest::score));
}

}  // namespace
}  // namespace assay::design
