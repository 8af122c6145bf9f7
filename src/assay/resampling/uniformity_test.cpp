#include "assay/resampling/uniformity.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "assay/numerics/philox.hpp"

namespace assay::resampling {
namespace {

TEST(Uniformity, MatchesScipyOnTwelveValues) {
  const std::vector<double> x{0.02, 0.11, 0.19, 0.3,  0.34, 0.41,
                              0.52, 0.55, 0.71, 0.88, 0.97, 0.99};
  const auto u = *uniformity(x);
  // Source: scipy 1.17.1 kstest(method="exact") and the definition of A^2 in numpy 2.4.6;
  // tests/golden/resampling.py, uniformity. Stephens' form is good to 0.015.
  EXPECT_NEAR(u.kolmogorov_smirnov, 0.1366666666666666, 1e-15);
  EXPECT_NEAR(u.kolmogorov_smirnov_p_value, 0.9563170447118128, 0.015);
  EXPECT_NEAR(u.anderson_darling, 0.42460539625008664, 1e-12);
}

TEST(Uniformity, HasTheTailsOfThePublishedTable) {
  // Source: Stephens (1974) table 1 case 0, limit points: A^2 2.492 at 5 %, 3.857 at 1 %, and
  // sqrt(n) D 1.358 at 5 %, 1.628 at 1 %; here on 4,000 simulated samples of 50.
  // Budget: 5 binomial standard errors.
  int ks = 0;
  int ad = 0;
  for (std::uint64_t run = 0; run < 4'000; ++run) {
    const numerics::Philox philox(3, run);
    std::vector<double> p(50);
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = philox.uniform(i);
    const auto u = *uniformity(p);
    ks += u.kolmogorov_smirnov_p_value < 0.05 ? 1 : 0;
    ad += u.anderson_darling_p_value < 0.05 ? 1 : 0;
    const bool near = std::abs(u.anderson_darling - 2.492) < 0.05;
    EXPECT_TRUE(near || (u.anderson_darling > 2.492) == (u.anderson_darling_p_value < 0.05)) << run;
  }
  EXPECT_NEAR(ks / 4'000.0, 0.05, 5 * std::sqrt(0.05 * 0.95 / 4'000));
  EXPECT_NEAR(ad / 4'000.0, 0.05, 5 * std::sqrt(0.05 * 0.95 / 4'000));
}

TEST(Uniformity, SeesTooManySmallValues) {
  std::vector<double> p;
  for (int i = 0; i < 500; ++i) p.push_back(std::pow((i + 0.5) / 500.0, 1.3));
  EXPECT_LT(uniformity(p)->anderson_darling_p_value, 1e-4);
  EXPECT_LT(uniformity(p)->kolmogorov_smirnov_p_value, 1e-3);
}

TEST(Uniformity, RefusesWhatIsNotAPValue) {
  EXPECT_EQ(uniformity({}).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(uniformity(std::vector<double>{0.5, 1.5}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(uniformity(std::vector<double>{0.5, NAN}).error().code, ErrorCode::invalid_data);
}

}  // namespace
}  // namespace assay::resampling
