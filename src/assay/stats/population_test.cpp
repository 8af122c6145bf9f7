#include "assay/stats/population.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::stats {
namespace {

/// Moments of [y, d] from sums; d is 0 or 1.
numerics::CoMoments from_sums(std::int64_t n, double y, double yy, double d, double yd) {
  numerics::CoMoments m(2);
  const double size = static_cast<double>(n);
  m.n = n;
  m.mean = {y / size, d / size};
  m.comoment = {yy - y * y / size, yd - y * d / size, d - d * d / size};
  return m;
}

// R 4.2.2, estimatr 1.0.0: iv_robust(y ~ d | z, se_type = "HC2") on 400 units, 62 % compliers of
// those offered (tests/golden/population.R).
TEST(Population, ComplierEffectIsTwoStageLeastSquares) {
  const auto control = from_sums(200, 203.299069, 398.124687287829, 0, 0);
  const auto treatment = from_sums(200, 266.614652, 591.320793873652, 124, 187.826778);
  const auto effect = *complier_effect(control, treatment, 0.95);
  EXPECT_NEAR(effect.estimate, 0.510609540322578, 1e-10);
  EXPECT_NEAR(effect.std_error, 0.165027544498214, 1e-10);
  EXPECT_EQ(effect.take_up_control, 0.0);
  EXPECT_NEAR(effect.share_compliers, 0.62, 1e-12);
  EXPECT_TRUE(effect.interval_undefined.empty());
  EXPECT_LT(effect.ci_low, effect.estimate);
  EXPECT_EQ(effect.p_value<0.05, effect.ci_low> 0.0 || effect.ci_high < 0.0);
}

// The set holds exactly the effects b at which y - b d shows no difference (Anderson & Rubin).
TEST(Population, TheIntervalEndsWhereTheResidualTurnsSignificant) {
  const auto control = from_sums(60, 63.0, 130.0, 6, 9.0);
  const auto treatment = from_sums(70, 101.0, 230.0, 41, 64.0);
  const auto effect = *complier_effect(control, treatment, 0.9);
  for (const double b : {effect.ci_low, effect.ci_high}) {
    const auto residual = [&](const numerics::CoMoments& m) {
      return (m.covariance(0, 0) - 2.0 * b * m.covariance(0, 1) + b * b * m.covariance(1, 1)) /
             static_cast<double>(m.n);
    };
    const double difference =
        treatment.mean[0] - control.mean[0] - b * (treatment.mean[1] - control.mean[1]);
    const double t = std::abs(difference) / std::sqrt(residual(control) + residual(treatment));
    EXPECT_NEAR(2.0 * numerics::student_t_sf(t, effect.intention_to_treat.degrees_of_freedom), 0.1,
                1e-9);
  }
}

TEST(Population, WeakTakeUpLeavesTheEffectUnbounded) {
  const auto control = from_sums(60, 63.0, 130.0, 6, 9.0);
  const auto treatment = from_sums(70, 81.0, 190.0, 9, 14.0);
  const auto effect = *complier_effect(control, treatment, 0.95);
  EXPECT_FALSE(effect.interval_undefined.empty());
  ASSERT_EQ(effect.notes.size(), 1U);
  EXPECT_EQ(effect.notes[0].code, "weak_take_up");
  EXPECT_FALSE(complier_effect(control, control, 0.95));
}

TEST(Population, EverybodyTriggeredDilutesNothing) {
  const auto contrast = *welch({500, 2.0, 700.0}, {480, 2.2, 800.0}, 0.95);
  const auto all = *dilute(contrast, {980, 980, 2.0, contrast.values.control_variance});
  EXPECT_NEAR(all.difference, contrast.difference, 1e-12);
  EXPECT_NEAR(all.std_error, contrast.std_error, 1e-12);
  EXPECT_NEAR(all.p_value, contrast.p_value, 1e-12);
  EXPECT_NEAR(all.lift->estimate, contrast.lift->estimate, 1e-12);
  EXPECT_NEAR(all.lift->ci_low, contrast.lift->ci_low, 1e-9);
}

// 4,000 worlds: 20 % are triggered and gain 0.5, the others nothing. False alarm: 1 in 10,000.
TEST(Population, DilutedIntervalsCoverTheEffectOnEverybody) {
  constexpr int kWorlds = 4000;
  constexpr double kShare = 0.2;
  constexpr double kEffect = 0.5;
  int missed = 0;
  double narrower = 0.0;
  for (std::uint64_t world = 0; world < kWorlds; ++world) {
    const numerics::Philox random(11, world);
    numerics::Moments triggered[2];
    numerics::Moments everybody[2];
    for (std::uint64_t unit = 0; unit < 600; ++unit) {
      const auto [u, v] = random.uniform_pair(2 * unit);
      const std::size_t arm = unit % 2;
      const bool hit = u < kShare;
      const double y = 3.0 + (hit ? 1.0 : 0.0) + numerics::normal_quantile(v) +
                       (hit && arm == 1 ? kEffect : 0.0);
      everybody[arm].add(y);
      if (hit) triggered[arm].add(y);
    }
    const auto contrast = *welch(triggered[0], triggered[1], 0.95);
    const double n0 = static_cast<double>(everybody[0].n);
    const auto all = *dilute(contrast, {triggered[0].n + triggered[1].n, 600, everybody[0].mean,
                                        everybody[0].m2 / (n0 - 1.0) / n0});
    missed += all.ci_low > kShare * kEffect || all.ci_high < kShare * kEffect ? 1 : 0;
    narrower += all.std_error / welch(everybody[0], everybody[1], 0.95)->std_error / kWorlds;
  }
  EXPECT_GE(missed, numerics::binomial_quantile(5e-5, kWorlds, 0.05));
  EXPECT_LE(missed, numerics::binomial_quantile(1.0 - 5e-5, kWorlds, 0.05));
  EXPECT_LT(narrower, 0.6);  // What the trigger is for.
}

TEST(Population, RefusesWhatCannotBeDiluted) {
  const auto contrast = *welch({500, 2.0, 700.0}, {480, 2.2, 800.0}, 0.95);
  EXPECT_FALSE(dilute(contrast, {990, 980, 2.0, 0.1}));
  EXPECT_FALSE(dilute(contrast, {0, 980, 2.0, 0.1}));
  auto ratio = contrast;
  ratio.method = Method::ratio_delta;
  EXPECT_FALSE(dilute(ratio, {900, 980, 2.0, 0.1}));
}

}  // namespace
}  // namespace assay::stats
