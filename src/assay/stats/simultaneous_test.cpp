#include "assay/stats/simultaneous.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/stats/multiplicity.hpp"

namespace assay::stats {
namespace {

using numerics::SymmetricMatrix;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

SymmetricMatrix equal(std::size_t k, double rho) {
  SymmetricMatrix m(k);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = i; j < k; ++j) m.set(i, j, i == j ? 1.0 : rho);
  return m;
}

/// Not of one factor: signs differ.
SymmetricMatrix mixed() {
  SymmetricMatrix m = equal(3, 0.2);
  m.set(0, 2, -0.4);
  m.set(1, 2, 0.6);
  return m;
}

SymmetricMatrix falling(std::size_t k) {
  SymmetricMatrix m(k);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = i; j < k; ++j) m.set(i, j, std::pow(0.5, static_cast<double>(j - i)));
  return m;
}

// R 4.2.2, mvtnorm 1.1-3: pmvt(upper = rep(2.3, 3), df, corr, algorithm = TVPACK(abseps = 1e-14)).
TEST(Simultaneous, UpperCoverageAgreesWithTvpack) {
  EXPECT_NEAR(*joint_coverage({equal(3, 0.5), kInfinite, Sides::upper}, 2.3), 0.971695095176594,
              1e-10);
  EXPECT_NEAR(*joint_coverage({equal(3, 0.5), 7, Sides::upper}, 2.3), 0.936071338740142, 1e-10);
  EXPECT_NEAR(*joint_coverage({equal(3, 0.5), 20, Sides::upper}, 2.3), 0.959436669439023, 1e-10);
  EXPECT_NEAR(*joint_coverage({mixed(), kInfinite, Sides::upper}, 2.1), 0.951321026890366, 2e-5);
  EXPECT_NEAR(*joint_coverage({mixed(), 7, Sides::upper}, 2.1), 0.907266996059979, 2e-5);
}

// The same, pmvnorm(lower = -c, upper = c, algorithm = Miwa(steps = 4097)).
TEST(Simultaneous, TwoSidedCoverageAgreesWithMiwa) {
  EXPECT_NEAR(*joint_coverage({falling(4)}, 2.4), 0.941310992685688, 2e-5);
  EXPECT_NEAR(*joint_coverage({mixed()}, 2.1), 0.906736495585163, 2e-5);
}

// Two-sided 5 % points by adaptive integration in R 4.2.2 (integrate, rel.tol = 1e-11); they agree
// with the 2.54 (3 arms, 20) and 2.81 (4 arms, 12) of Dunnett, Biometrics 20 (1964) 482-491.
TEST(Simultaneous, DunnettsCriticalValues) {
  EXPECT_NEAR(*joint_critical_value({equal(3, 0.5), 20}, 0.95), 2.54034960994165, 1e-7);
  EXPECT_NEAR(*joint_critical_value({equal(4, 0.5), 12}, 0.95), 2.80708261874863, 1e-7);
  EXPECT_NEAR(*joint_critical_value({equal(9, 0.5), 30}, 0.95), 2.85557332539593, 1e-7);
}

TEST(Simultaneous, IndependentStatisticsMultiply) {
  const double one = 1.0 - 2.0 * numerics::normal_sf(2.5);
  EXPECT_NEAR(*joint_coverage({equal(6, 0.0)}, 2.5), std::pow(one, 6), 1e-12);
  const double t = *joint_critical_value({equal(6, 0.0)}, 0.95);
  EXPECT_NEAR(2.0 * numerics::normal_sf(t), 1.0 - std::pow(0.95, 1.0 / 6.0), 1e-10);  // Sidak.
}

TEST(Simultaneous, CopiesOfOneStatisticNeedNoCorrection) {
  const double alone = numerics::student_t_upper_quantile(0.025, 9);
  EXPECT_NEAR(*joint_critical_value({equal(1, 1.0), 9}, 0.95), alone, 1e-12);
  EXPECT_NEAR(*joint_critical_value({equal(4, 1.0), 9}, 0.95), alone, 5e-4);
}

TEST(Simultaneous, PValuesAreDualToTheCriticalValue) {
  const JointStatistics joint{falling(5), 25};
  const double critical = *joint_critical_value(joint, 0.95);
  const std::vector<double> at{critical * 1.001, -critical * 0.999, 0.3, -4.0, 12.0};
  const auto p = *max_t_p_values(joint, at);
  EXPECT_LT(p[0], 0.05);
  EXPECT_GT(p[1], 0.05);
  EXPECT_NEAR(p[0], 0.05, 1e-3);
  const auto down = *step_down_max_t_p_values(joint, at);
  for (std::size_t i = 0; i < at.size(); ++i) EXPECT_LE(down[i], p[i] + 1e-4);
  EXPECT_GT(p[4], 0.0);
}

// Between no correction and Bonferroni, whatever the correlations.
TEST(Simultaneous, LiesBetweenNoCorrectionAndHolm) {
  const std::vector<double> t{2.2, -2.6, 1.4, 0.2};
  std::vector<double> plain;
  for (const double x : t) plain.push_back(2.0 * numerics::normal_sf(std::abs(x)));
  const auto holm = *adjust_p_values(plain, Multiplicity::holm);
  for (const auto& rho : {equal(4, 0.0), equal(4, 0.7), falling(4)}) {
    const auto p = *step_down_max_t_p_values({rho}, t);
    for (std::size_t i = 0; i < t.size(); ++i) {
      EXPECT_GE(p[i], plain[i] - 1e-12);
      EXPECT_LE(p[i], holm[i] + 1e-9);
    }
  }
}

// 20,000 draws of six correlated t statistics: false alarm of the test itself 1 in 10,000.
TEST(Simultaneous, HoldsTheFamilyWiseRateInSimulation) {
  const auto rho = falling(6);
  constexpr double kDof = 8;
  const double critical = *joint_critical_value({rho, kDof}, 0.95);
  const numerics::Philox random(7, 1);
  constexpr int kRuns = 20'000;
  int beyond = 0;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    double z = 0.0;
    double largest = 0.0;
    for (std::uint64_t i = 0; i < 6; ++i) {  // A chain: neighbours correlate by one half.
      const double e = numerics::normal_quantile(random.uniform(run * 16 + i));
      z = i == 0 ? e : 0.5 * z + std::sqrt(0.75) * e;
      largest = std::max(largest, std::abs(z));
    }
    const double chi = numerics::chi_squared_quantile(random.uniform(run * 16 + 9), kDof);
    beyond += largest / std::sqrt(chi / kDof) > critical ? 1 : 0;
  }
  EXPECT_GE(beyond, numerics::binomial_quantile(5e-5, kRuns, 0.05));
  EXPECT_LE(beyond, numerics::binomial_quantile(1.0 - 5e-5, kRuns, 0.05));
}

TEST(Simultaneous, ManyToOneWithEqualVariancesIsOneHalf) {
  const std::vector<double> v{2.0, 2.0, 6.0};
  const auto rho = many_to_one_correlation(2.0, v);
  EXPECT_DOUBLE_EQ(rho.at(0, 1), 0.5);
  EXPECT_DOUBLE_EQ(rho.at(0, 2), 2.0 / std::sqrt(4.0 * 8.0));
}

TEST(Simultaneous, RefusesWhatIsNoCorrelationMatrix) {
  EXPECT_FALSE(joint_coverage({equal(3, 1.2)}, 2.0));
  EXPECT_FALSE(joint_coverage({equal(3, -0.9)}, 2.0));  // Negative variance of the sum.
  EXPECT_FALSE(joint_coverage({equal(3, 0.2), 0.5}, 2.0));
  EXPECT_FALSE(joint_coverage({SymmetricMatrix(0)}, 2.0));
  EXPECT_FALSE(joint_critical_value({equal(2, 0.1)}, 1.0));
  const std::vector<double> two{1.0, 2.0};
  EXPECT_FALSE(max_t_p_values({equal(3, 0.2)}, two));
}

}  // namespace
}  // namespace assay::stats
