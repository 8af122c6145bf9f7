#include "assay/portfolio/winners_curse.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::portfolio {
namespace {

// R 4.2.2: uniroot() of pnorm(2.3, t, lower = FALSE) / pnorm(1.96, t, lower = FALSE).
TEST(WinnersCurse, ReadsAnEstimateGivenThatItPassed) {
  const auto w = *corrected_winner({2.3 * 0.5, 0.5}, 1.96 * 0.5, 0.95);
  EXPECT_NEAR(w.estimate, 0.5 * 0.513507802737, 1e-10);
  EXPECT_NEAR(w.ci_low, 0.5 * -8.62822726744, 1e-9);
  EXPECT_NEAR(w.ci_high, 0.5 * 3.98708101663, 1e-10);
}

TEST(WinnersCurse, FarAboveTheThresholdNothingIsCorrected) {
  const auto w = *corrected_winner({12.0, 1.0}, 1.96, 0.95);
  EXPECT_NEAR(w.estimate, 12.0, 1e-9);
  EXPECT_NEAR(w.ci_low, 12.0 - numerics::normal_upper_quantile(0.025), 1e-9);
}

TEST(WinnersCurse, RefusesALoser) {
  EXPECT_FALSE(corrected_winner({1.0, 1.0}, 1.96, 0.95));
  EXPECT_FALSE(corrected_winner({3.0, 0.0}, 1.96, 0.95));
}

/// Portfolios of 200 experiments with effects of spread 0.5 and errors of 1; launched above 1.64.
struct World {
  std::vector<Candidate> candidates;
  double truth = 0.0;  ///< Sum of the launched true effects.
};

World portfolio(std::uint64_t seed) {
  const numerics::Philox random(5, seed);
  World world;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const auto [u, v] = random.uniform_pair(i);
    const double effect = 0.5 * numerics::normal_quantile(u);
    const double estimate = effect + numerics::normal_quantile(v);
    world.candidates.push_back({{estimate, 1.0}, 1.645});
    if (estimate > 1.645) world.truth += effect;
  }
  return world;
}

// The mean over 400 portfolios; the naive total is far off, Lee & Shen remove most of the excess,
// the posterior with the true prior all of it (within four standard errors of the simulation).
TEST(WinnersCurse, CorrectsTheTotalOfManyLaunches) {
  constexpr int kWorlds = 400;
  numerics::Moments naive;
  numerics::Moments corrected;
  numerics::Moments by_prior;
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    const World world = portfolio(seed);
    const auto total = *launched_total(world.candidates);
    naive.add(total.naive - world.truth);
    corrected.add(total.corrected - world.truth);
    const EffectPrior prior{0.0, 0.5, std::numeric_limits<double>::infinity()};
    by_prior.add(posterior_total(world.candidates, prior)->total - world.truth);
  }
  const auto z = [](const numerics::Moments& m) {
    const double n = static_cast<double>(m.n);
    return m.mean / std::sqrt(m.m2 / (n - 1.0) / n);
  };
  EXPECT_GT(z(naive), 50.0);
  EXPECT_LT(std::abs(corrected.mean), 0.35 * naive.mean);
  EXPECT_LT(std::abs(z(by_prior)), 4.0);
}

}  // namespace
}  // namespace assay::portfolio
