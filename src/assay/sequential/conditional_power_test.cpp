#include "assay/sequential/conditional_power.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

GroupSequentialDesign equal_looks(int looks, double alpha, Sides sides) {
  GroupSequentialSpec spec;
  spec.information = equal_information(looks);
  spec.alpha = alpha;
  spec.sides = sides;
  return design_group_sequential(spec).value();
}

TEST(ConditionalPower, MatchesRpact) {
  // Source: rpact 3.3.4, getConditionalPower on one-sample means, 20 units a stage, deviation 1;
  // drift = effect * sqrt(80). Regenerate with tests/golden/sequential.R.
  const auto design = equal_looks(4, 0.025, Sides::one);
  auto got = *conditional_power(design, 0, 1.1180339887499, 0.3 * std::sqrt(80.0));
  EXPECT_NEAR(got.cumulative[1], 0.041741390933374, 1e-8);
  EXPECT_NEAR(got.cumulative[2], 0.42186843548187, 1e-8);
  EXPECT_NEAR(got.power, 0.74941093365661, 1e-8);
  got = *conditional_power(design, 1, 1.761409691856, 0.2 * std::sqrt(80.0));
  EXPECT_NEAR(got.cumulative[2], 0.24179260437516, 1e-8);
  EXPECT_NEAR(got.power, 0.58993418140133, 1e-8);
}

TEST(ConditionalPower, OneLookAheadHasAClosedForm) {
  // Jennison & Turnbull (2000) eq. 10.2; predictive power with a flat prior eq. 10.5.
  const auto design = equal_looks(2, 0.05, Sides::one);
  const double z = 1.3;
  const double c = design.critical_values[1];
  for (const double drift : {0.0, 1.5, 3.0}) {
    const double wanted =
        numerics::normal_cdf((z * std::sqrt(0.5) - c + drift * 0.5) / std::sqrt(0.5));
    EXPECT_NEAR(conditional_power(design, 0, z, drift)->power, wanted, 1e-13);
  }
  const auto all = *interim_prospects(design, 0, z, 3.0);
  EXPECT_NEAR(all.drift_of_trend, z / std::sqrt(0.5), 1e-15);
  const double predictive = numerics::normal_cdf((z / std::sqrt(0.5) - c) / std::sqrt(0.5 / 0.5));
  EXPECT_NEAR(all.predictive, predictive, 1e-12);
}

TEST(ConditionalPower, AveragesToThePower) {
  // P(reject later) = E over the first statistic of conditional power.
  const auto design = equal_looks(3, 0.05, Sides::two);
  const double drift = 2.6;
  const double mean = drift * std::sqrt(1.0 / 3.0);
  const double c = design.critical_values[0];
  const auto later_at = [&](double z) {
    const double density = std::exp(-0.5 * (z - mean) * (z - mean)) / std::sqrt(2.0 * M_PI);
    return density * conditional_power(design, 0, z, drift)->power;
  };
  const double later = detail::integrate_panels(later_at, detail::equal_panels(-c, c, 20));
  const auto whole = operate(design, drift);
  EXPECT_NEAR(later, whole.power - whole.reject_upper[0], 1e-11);
}

TEST(ConditionalPower, ATightPriorGivesThePowerAtItsMean) {
  const auto design = equal_looks(3, 0.025, Sides::one);
  const auto tight = *interim_prospects(design, 0, 1.0, 3.0, DriftPrior{3.0, 1e-6});
  EXPECT_NEAR(tight.predictive, tight.under_plan, 1e-6);
  const auto loose = *interim_prospects(design, 0, 1.0, 3.0, DriftPrior{3.0, 1e6});
  EXPECT_NEAR(loose.predictive, interim_prospects(design, 0, 1.0, 3.0)->predictive, 1e-9);
}

TEST(ConditionalPower, TheLastLookHasNothingAhead) {
  const auto design = equal_looks(2, 0.05, Sides::one);
  EXPECT_EQ(conditional_power(design, 1, 1.0, 1.0).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(conditional_power(design, 0, NAN, 1.0).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(interim_prospects(design, 0, 1.0, 1.0, DriftPrior{0, 0}).error().code,
            ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::sequential
