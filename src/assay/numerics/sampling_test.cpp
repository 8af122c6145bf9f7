#include "assay/numerics/sampling.hpp"

#include <gmock/gmock.h>

#include <boost/math/distributions/geometric.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <vector>

#include "assay/numerics/moments.hpp"

namespace assay::numerics {
namespace {

namespace bm = boost::math;

// Source: Wichura (1988), the check values given with PPND16 (p = 0.25, 0.001, 1e-20).
TEST(NormalQuantile, MatchesTheCheckValuesOfThePaper) {
  EXPECT_NEAR(normal_quantile(0.25), -0.6744897501960817, 1e-16);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167814, 1e-15);
  EXPECT_NEAR(normal_quantile(1e-20), -9.262340089798408, 1e-14);
}

// Another algorithm: Boost 1.81 inverts erfc by rational approximations of its own.
TEST(NormalQuantile, AgreesWithBoostOverTheWholeRangeOfUniforms) {
  const bm::normal standard;
  for (double u = 0x1p-53; u < 0.5; u *= 1.37) {
    const double expected = bm::quantile(standard, u);
    EXPECT_NEAR(normal_quantile(u), expected, 2e-15 * std::abs(expected) + 1e-16) << u;
    if (u > 1e-6) {
      EXPECT_NEAR(normal_quantile(1.0 - u), -expected, 1e-9) << u;
    }
  }
  EXPECT_EQ(normal_quantile(0.5), 0.0);
}

TEST(ExponentialQuantile, InvertsItsDistributionFunction) {
  for (const double u : {1e-9, 0.1, 0.5, 0.9, 0.999999}) {
    EXPECT_NEAR(-std::expm1(-exponential_quantile(u, 3.0) / 3.0), u, 1e-15);
  }
}

TEST(LognormalQuantile, PutsItsMedianInTheMiddle) {
  EXPECT_DOUBLE_EQ(lognormal_quantile(0.5, 52.0, 1.2), 52.0);
  EXPECT_NEAR(std::log(lognormal_quantile(0.975, 1.0, 2.0)), 3.919927969080108, 1e-12);
}

// Another algorithm: Boost's distribution function. k is the quantile when F(k-1) < u <= F(k).
TEST(PoissonQuantile, IsTheSmallestCountWhoseDistributionFunctionReachesU) {
  for (const double mean : {0.02, 0.8, 3.0, 40.0, 500.0}) {
    const bm::poisson poisson(mean);
    for (const double u : {1e-6, 0.01, 0.3, 0.5, 0.77, 0.99, 0.999999}) {
      const int k = poisson_quantile(u, mean);
      EXPECT_GE(bm::cdf(poisson, k), u - 1e-12) << mean << " " << u;
      if (k > 0) {
        EXPECT_LT(bm::cdf(poisson, k - 1), u + 1e-12) << mean << " " << u;
      }
    }
  }
  EXPECT_EQ(poisson_quantile(0.999, 0.0), 0);
  EXPECT_LT(poisson_quantile(1.0 - 0x1p-53, 500.0), 1500);
}

TEST(GeometricQuantile, IsTheSmallestCountWhoseDistributionFunctionReachesU) {
  for (const double mean : {0.1, 1.0, 3.4, 60.0}) {
    const bm::geometric geometric(1.0 / (1.0 + mean));
    for (const double u : {1e-6, 0.01, 0.3, 0.51, 0.77, 0.99, 0.999999}) {
      const int k = geometric_quantile(u, mean);
      EXPECT_GE(bm::cdf(geometric, k), u - 1e-12) << mean << " " << u;
      if (k > 0) {
        EXPECT_LT(bm::cdf(geometric, k - 1), u + 1e-12) << mean << " " << u;
      }
    }
  }
  EXPECT_EQ(geometric_quantile(0.999, 0.0), 0);
}

TEST(Quantiles, OfALargerParameterAreNeverSmallerAtTheSameUniform) {
  const Philox random(11, 5);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const double u = random.uniform(i);
    EXPECT_LE(poisson_quantile(u, 2.0), poisson_quantile(u, 2.02));
    EXPECT_LE(geometric_quantile(u, 2.0), geometric_quantile(u, 2.02));
    EXPECT_LE(exponential_quantile(u, 2.0), exponential_quantile(u, 2.02));
  }
}

TEST(CategoricalQuantile, FallsOnTheWeightThatCoversU) {
  const std::vector<double> weights = {1.0, 0.0, 2.0, 1.0, 0.0};
  EXPECT_EQ(categorical_quantile(0.2499, weights), 0);
  EXPECT_EQ(categorical_quantile(0.2501, weights), 2);
  EXPECT_EQ(categorical_quantile(0.7499, weights), 2);
  EXPECT_EQ(categorical_quantile(1.0 - 0x1p-53, weights), 3);
}

Moments draws(const std::function<double(std::uint64_t stream)>& draw) {
  Moments m;
  for (std::uint64_t stream = 0; stream < 40'000; ++stream) m.add(draw(stream));
  return m;
}

// Goal: mean and variance of the textbook. Budget: 5 standard errors of each, where that of the
// variance is v sqrt((kurtosis - 1) / n); a false alarm in about 300,000 runs; the seed is fixed.
TEST(GammaDraw, HasTheMeanAndVarianceOfItsShape) {
  for (const double shape : {0.3, 1.0, 2.5, 40.0}) {
    const Moments m = draws([&](auto s) { return gamma_draw(Philox(3, s), 0, shape, 2.0); });
    const double n = static_cast<double>(m.n);
    const double variance = 4.0 * shape;
    EXPECT_NEAR(m.mean, 2.0 * shape, 5.0 * std::sqrt(variance / n)) << shape;
    EXPECT_NEAR(m.m2 / n, variance, 5.0 * variance * std::sqrt((2.0 + 6.0 / shape) / n)) << shape;
  }
}

TEST(PoissonDraw, HasEqualMeanAndVarianceBelowAndAboveTheSplit) {
  for (const double mean : {0.5, 30.0, 1300.0}) {
    const Moments m =
        draws([&](auto s) { return static_cast<double>(poisson_draw(Philox(4, s), 0, mean)); });
    const double n = static_cast<double>(m.n);
    EXPECT_NEAR(m.mean, mean, 5.0 * std::sqrt(mean / n)) << mean;
    EXPECT_NEAR(m.m2 / n, mean, 5.0 * mean * std::sqrt((2.0 + 1.0 / mean) / n)) << mean;
  }
}

TEST(NegativeBinomialDraw, HasItsMeanAndIsWiderThanPoissonByItsDispersion) {
  const Moments m = draws([](auto s) {
    return static_cast<double>(negative_binomial_draw(Philox(5, s), 0, 4.0, 2.0));
  });
  const double n = static_cast<double>(m.n);
  EXPECT_NEAR(m.mean, 4.0, 5.0 * std::sqrt(12.0 / n));
  // Excess kurtosis 6/r + p^2/((1-p) r) with r = 2, p = r / (r + mean) = 1/3: 3.083.
  EXPECT_NEAR(m.m2 / n, 12.0, 5.0 * 12.0 * std::sqrt((2.0 + 3.0834) / n));
}

}  // namespace
}  // namespace assay::numerics
