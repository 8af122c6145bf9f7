#include "assay/stats/power.hpp"

#include <gmock/gmock.h>

namespace assay::stats {
namespace {

TestPlan plan(double power = 0.8, double share = 0.5, bool one_sided = false) {
  return {.alpha = 0.05, .power = power, .treatment_share = share, .one_sided = one_sided};
}

TEST(Power, MeansMatchStatsmodels) {
  // Source: statsmodels 0.15.0, TTestIndPower; regenerate with tests/golden/stats.py.
  EXPECT_NEAR(*power_of_means({1, 1}, 0.2, 600, plan()), 0.6863764535801461, 1e-9);
  EXPECT_NEAR(*power_of_means({1, 1}, 0.5, 80, plan(0.8, 0.5, true)), 0.7162548686500986, 1e-9);
  // 234.46 an arm.
  EXPECT_NEAR(static_cast<double>(*n_total_for_means({1, 1}, 0.3, plan(0.9))), 2 * 234.46, 1.1);
}

TEST(Power, ProportionsMatchStatsmodels) {
  // Source: statsmodels 0.15.0, power_proportions_2indep(0.02, 0.10, 4000).
  EXPECT_NEAR(*power_of_proportions(0.10, 0.12, 8000, plan()), 0.8157002225235035, 1e-6);
}

TEST(Power, TheTextbookSampleSizeOfTwoProportions) {
  // Source: Fleiss, Levin & Paik (2003), table A.4 without continuity correction: 0.60 against
  // 0.70, alpha 0.05 two-sided, power 0.80 needs 356 an arm.
  EXPECT_NEAR(static_cast<double>(*n_total_for_proportions(0.60, 0.70, plan())), 712, 2);
}

TEST(Power, SizeEffectAndPowerInvertEachOther) {
  for (const double share : {0.5, 0.1, 0.8}) {
    const auto p = plan(0.85, share);
    const UnitSpread spread{3.0, 4.5};
    const auto n = static_cast<double>(*n_total_for_means(spread, 0.25, p));
    EXPECT_GE(*power_of_means(spread, 0.25, n, p), 0.85);
    EXPECT_LT(*power_of_means(spread, 0.25, n - 1, p), 0.85);
    EXPECT_NEAR(*mde_of_means(spread, n, p), 0.25, 2e-4);
    const auto m = static_cast<double>(*n_total_for_proportions(0.03, 0.034, p));
    EXPECT_NEAR(*power_of_proportions(0.03, 0.034, m, p), 0.85, 1e-4);
    EXPECT_NEAR(*mde_of_proportions(0.03, m, p), 0.004, 1e-6);
  }
}

TEST(Power, MoneyInCentsNeedsTheSameUnits) {
  EXPECT_EQ(*n_total_for_means({1, 2}, 0.1, plan()), *n_total_for_means({100, 200}, 10, plan()));
}

TEST(Power, TheNormalAndTheExactTailMeetWhereTheySwitch) {
  const double below = *power_of_means({1, 1}, 0.01, 99'990, plan());
  const double above = *power_of_means({1, 1}, 0.01, 100'010, plan());
  EXPECT_NEAR(below, above, 1e-4);
  EXPECT_LT(below, above + 2e-6);
}

TEST(Power, WithoutAnEffectThePowerIsAlpha) {
  EXPECT_NEAR(*power_of_means({1, 1}, 0.0, 500, plan()), 0.05, 1e-10);
}

TEST(Power, NonsensePlansAreRefused) {
  EXPECT_FALSE(n_total_for_means({1, 1}, 0.0, plan()));
  EXPECT_FALSE(n_total_for_means({0, 1}, 0.1, plan()));
  EXPECT_FALSE(n_total_for_means({1, 1}, 0.1, plan(0.04)));
  EXPECT_FALSE(power_of_means({1, 1}, 0.1, 3, plan()));
  EXPECT_FALSE(n_total_for_proportions(0.1, 0.1, plan()));
  EXPECT_FALSE(mde_of_proportions(0.999, 8, plan()));
}

}  // namespace
}  // namespace assay::stats
