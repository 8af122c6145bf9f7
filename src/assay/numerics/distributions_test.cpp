#include "assay/numerics/distributions.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace assay::numerics {
namespace {

// Source of every literal here: scipy 1.17.1 and mpmath 1.4.1 with 60 digits;
// regenerate with tests/golden/distributions.py.

void expect_relative(double got, double want, double tolerance) {
  EXPECT_NEAR(got, want, std::abs(want) * tolerance);
}

TEST(Distributions, NormalLogTailIsRightOnBothSidesOfTheSwitchOfFormula) {
  expect_relative(normal_log_sf(-1.0), -0.17275377902344988, 1e-14);
  expect_relative(normal_log_sf(1.96), -3.6889636517296385, 1e-14);
  expect_relative(normal_log_sf(8.0), -35.01343715991455, 1e-14);
  expect_relative(normal_log_sf(29.9), -451.32291245852866, 1e-14);
  expect_relative(normal_log_sf(30.1), -457.32956441638225, 1e-14);
  expect_relative(normal_log_sf(50.0), -1254.8313611394199, 1e-14);
}

TEST(Distributions, UpperQuantileReachesTailsThatOneMinusPCannotHold) {
  expect_relative(normal_upper_quantile(1e-20), 9.262340089798409, 1e-13);
  EXPECT_NEAR(normal_sf(normal_upper_quantile(1e-200)) / 1e-200, 1.0, 1e-10);
}

TEST(Distributions, StudentTTakesRealDegreesOfFreedom) {
  expect_relative(student_t_sf(2.1, 7.3), 0.03612335671242668, 1e-13);
  expect_relative(student_t_sf(40.0, 12.5), 7.145766481858476e-15, 1e-12);
  expect_relative(student_t_sf(1.0, 1e6), 0.15865537491678908, 1e-12);
  expect_relative(student_t_quantile(0.975, 7.3), 2.345066736547703, 1e-12);
}

TEST(Distributions, StudentTOfInfiniteDegreesOfFreedomIsNormal) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(student_t_sf(1.3, infinite), normal_sf(1.3));
  EXPECT_EQ(student_t_upper_quantile(0.025, infinite), normal_upper_quantile(0.025));
}

TEST(Distributions, ChiSquaredLogTailIsRightBelowTheSmallestDouble) {
  expect_relative(log_chi_squared_sf(3.84, 1), -2.994862227180027, 1e-13);
  expect_relative(log_chi_squared_sf(1840.0, 1), -923.9850945197577, 1e-14);
  expect_relative(log_chi_squared_sf(1900.0, 7), -934.057186372064, 1e-14);
  expect_relative(log_chi_squared_sf(3000.0, 40.5), -1399.2917105219187, 1e-14);
  expect_relative(log_chi_squared_sf(1.5, 3), -0.3823293208838948, 1e-13);
  EXPECT_EQ(log_chi_squared_sf(0.0, 2), 0.0);
}

TEST(Distributions, FTailsAreRightFarOut) {
  expect_relative(f_sf(2.5, 3, 17.5), 0.09324992632762573, 1e-12);
  expect_relative(f_sf(900.0, 2, 60), 1.8161394196689527e-45, 1e-12);
  expect_relative(f_quantile(0.95, 3, 17.5), 3.177751603339233, 1e-12);
}

TEST(Distributions, BinomialIsRightForBillionsOfTrialsAndUnderflow) {
  expect_relative(binomial_log_pmf(3, 10, 0.25), -1.3851658477400923, 1e-14);
  expect_relative(binomial_log_pmf(500'000'000, 1'000'000'000, 0.5), -10.587424271367933, 1e-8);
  expect_relative(binomial_log_pmf(400, 4000, 0.001), -1470.2342204249971, 1e-12);
  expect_relative(binomial_sf(30, 1000, 0.01), 6.419928603137666e-08, 1e-11);
  expect_relative(beta_quantile(0.025, 3, 98), 0.006229971538306395, 1e-12);
  expect_relative(noncentral_t_sf(2.0, 30, 2.5), 0.6916655463524851, 1e-10);
}

TEST(Distributions, BinomialQuantileIsTheSmallestCountThatReachesTheProbability) {
  for (const double probability : {1e-9, 0.025, 0.5, 0.975, 1.0 - 1e-12}) {
    const auto k = binomial_quantile(probability, 400, 0.03);
    EXPECT_GE(binomial_cdf(k, 400, 0.03), probability);
    if (k > 0) {
      EXPECT_LT(binomial_cdf(k - 1, 400, 0.03), probability);
    }
  }
  EXPECT_EQ(binomial_quantile(0.5, 10, 0.0), 0);
  EXPECT_EQ(binomial_quantile(0.5, 10, 1.0), 10);
}

TEST(Distributions, LowerAndUpperTailsMeet) {
  for (const double x : {0.1, 1.0, 3.0, 9.0}) {
    EXPECT_NEAR(normal_cdf(x) + normal_sf(x), 1.0, 1e-15);
    EXPECT_NEAR(student_t_cdf(x, 4.4) + student_t_sf(x, 4.4), 1.0, 1e-15);
    EXPECT_NEAR(chi_squared_cdf(x, 2.5) + chi_squared_sf(x, 2.5), 1.0, 1e-15);
    EXPECT_NEAR(f_cdf(x, 2.0, 9.0) + f_sf(x, 2.0, 9.0), 1.0, 1e-15);
    EXPECT_NEAR(noncentral_t_cdf(x, 9.0, 1.5) + noncentral_t_sf(x, 9.0, 1.5), 1.0, 1e-12);
    EXPECT_NEAR(chi_squared_quantile(chi_squared_cdf(x, 2.5), 2.5), x, 1e-9);
    EXPECT_NEAR(chi_squared_upper_quantile(chi_squared_sf(x, 2.5), 2.5), x, 1e-9);
    EXPECT_NEAR(f_upper_quantile(f_sf(x, 2.0, 9.0), 2.0, 9.0), x, 1e-9);
    EXPECT_NEAR(normal_upper_quantile(normal_cdf(-x)), x, 1e-12);
  }
  EXPECT_NEAR(beta_quantile(0.3, 2, 5), beta_upper_quantile(0.7, 2, 5), 1e-13);
}

TEST(Distributions, AnArgumentOutsideItsRangeGivesNaNAndNeverThrows) {
  EXPECT_TRUE(std::isnan(normal_upper_quantile(1.0)));
  EXPECT_TRUE(std::isnan(student_t_quantile(0.5, -1.0)));
  EXPECT_TRUE(std::isnan(chi_squared_sf(1.0, 0.0)));
  EXPECT_TRUE(std::isnan(binomial_cdf(1, 2, 1.5)));
  EXPECT_TRUE(std::isnan(beta_quantile(0.5, 0.0, 1.0)));
}

}  // namespace
}  // namespace assay::numerics
