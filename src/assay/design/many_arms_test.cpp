#include "assay/design/many_arms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"

namespace assay::design {
namespace {

constexpr double kNormal = std::numeric_limits<double>::infinity();

double dunnett(int treatments, double ratio, double dof, double alpha, bool one_sided) {
  return *critical_of({treatments, ratio, Correction::dunnett}, alpha, dof, one_sided);
}

// Source: R 4.2.2, nested integrate() and uniroot(); tests/golden/design.R. The first three stand
// in Dunnett's tables as 2.21, 2.35 and (with 20 degrees of freedom) 2.54.
TEST(ManyArms, DunnettsCriticalValuesAgreeWithR) {
  EXPECT_NEAR(dunnett(2, 1, kNormal, 0.05, false), 2.21212774658, 1e-8);
  EXPECT_NEAR(dunnett(3, 1, kNormal, 0.05, false), 2.34897059034, 1e-8);
  EXPECT_NEAR(dunnett(3, 1, 20, 0.05, false), 2.54034960994, 1e-7);
  EXPECT_NEAR(dunnett(3, std::sqrt(3.0), kNormal, 0.05, false), 2.36846308949, 1e-8);
  EXPECT_NEAR(dunnett(4, 1, kNormal, 0.025, true), 2.44177492055, 1e-8);
  EXPECT_NEAR(dunnett(5, 1, 12, 0.05, true), 2.5022504343, 1e-7);
}

TEST(ManyArms, DunnettLiesBetweenNoCorrectionAndBonferroni) {
  for (const int k : {2, 5, 20}) {
    const double none = *critical_of({k, 1, Correction::none}, 0.05, kNormal, false);
    const double bonferroni = *critical_of({k, 1, Correction::bonferroni}, 0.05, kNormal, false);
    EXPECT_LT(none, dunnett(k, 1, kNormal, 0.05, false));
    EXPECT_LT(dunnett(k, 1, kNormal, 0.05, false), bonferroni);
    EXPECT_NEAR(bonferroni, numerics::normal_upper_quantile(0.025 / k), 1e-12);
  }
  EXPECT_DOUBLE_EQ(dunnett(1, 1, kNormal, 0.05, false), numerics::normal_upper_quantile(0.025));
}

// Source: mvtnorm, pmvnorm with Genz-Bretz; tests/golden/design.R.
TEST(ManyArms, TheChanceOfAnyRejectionAgreesWithTheMultivariateNormal) {
  EXPECT_NEAR(*any_rejection({3, 1}, 2.349, {3, 1, 0}, false), 0.7537121684, 1e-6);
  EXPECT_NEAR(*any_rejection({3, 1}, 2.34897059034, {0, 0, 0}, false), 0.05, 1e-9);
}

TEST(ManyArms, RootKControlUnitsATreatmentUnitAreBest) {
  const double best = *best_control_ratio(4, 1.0, 1.0);
  EXPECT_DOUBLE_EQ(best, 2.0);
  const auto variance = [](double r) { return (4.0 + r) * (1.0 + 1.0 / r); };  // n_total = 1.
  EXPECT_LT(variance(best), variance(best * 1.05));
  EXPECT_LT(variance(best), variance(best / 1.05));
}

// Source: Schultzberg, Ankargren & Franberg, arXiv:2402.11609: beta over guardrails + 1.
TEST(ManyArms, PowerForEachTestOfARule) {
  EXPECT_NEAR(*power_for_each(0.8, 4), 0.95, 1e-15);
  EXPECT_NEAR(*power_for_each(0.8, 1), 0.8, 1e-15);
}

TEST(ManyArms, BadInputIsRefused) {
  EXPECT_FALSE(critical_of({0, 1}, 0.05, kNormal, false));
  EXPECT_FALSE(critical_of({2, 0}, 0.05, kNormal, false));
  EXPECT_FALSE(critical_of({2, 1}, 1.0, kNormal, false));
  EXPECT_FALSE(critical_of({2, 1}, 0.05, 0.5, false));
  EXPECT_FALSE(any_rejection({2, 1}, 2.0, {1}, false));
  EXPECT_FALSE(power_for_each(1.0, 2));
  EXPECT_FALSE(power_for_each(0.8, 0));
  EXPECT_FALSE(best_control_ratio(2, 0, 1));
}

}  // namespace
}  // namespace assay::design
