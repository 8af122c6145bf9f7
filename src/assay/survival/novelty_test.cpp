#include "assay/survival/novelty.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/survival/age_effects.hpp"

namespace assay::survival {
namespace {

using numerics::Moments;

AgeEffects given(const std::vector<double>& ages, const std::vector<double>& effects,
                 const std::vector<double>& errors) {
  AgeEffects out;
  out.covariance = numerics::SymmetricMatrix(ages.size());
  for (std::size_t i = 0; i < ages.size(); ++i) {
    AgeEffect at;
    at.age = ages[i];
    at.contrast.difference = effects[i];
    at.contrast.std_error = errors[i];
    out.covariance.set(i, i, errors[i] * errors[i]);
    out.ages.push_back(at);
  }
  return out;
}

const std::vector<double> kAges{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
const std::vector<double> kEffects{1.52, 1.21, 1.08, 0.86, 0.79, 0.71, 0.60, 0.63, 0.51, 0.55};
const std::vector<double> kErrors{0.05, 0.05, 0.06, 0.06, 0.07, 0.07, 0.08, 0.08, 0.09, 0.10};

// Source: scipy 1.17.1 curve_fit(absolute_sigma=True) and numpy; tests/golden/novelty.py.
TEST(Novelty, FitsAgreeWithScipy) {
  const auto r = *fit_novelty(given(kAges, kEffects, kErrors), {0.95, 0.05, 30.0});
  EXPECT_NEAR(r.exponential.long_run, 0.464217992685182, 1e-6);
  EXPECT_NEAR(r.exponential.initial, 1.047107543678305, 1e-6);
  EXPECT_NEAR(r.exponential.tau, 3.3031263022973687, 1e-5);
  EXPECT_NEAR(r.models[2].std_error, 0.09381184951004774, 1e-6);
  EXPECT_NEAR(r.models[2].chi_squared, 1.9044444991347218, 1e-9);
  EXPECT_NEAR(r.models[1].chi_squared, 28.953227203771174, 1e-9);
  EXPECT_NEAR(r.models[0].chi_squared, 254.2689185960359, 1e-9);
  EXPECT_NEAR(r.models[0].std_error, 0.020852911991382974, 1e-12);
  EXPECT_NEAR(r.trend, -0.1154325185307774, 1e-12);
  EXPECT_NEAR(r.trend_std_error, 0.007690108235358428, 1e-12);
  EXPECT_EQ(r.pattern, AgePattern::novelty);
  EXPECT_GT(r.models[2].weight, 0.99);
}

TEST(Novelty, ExactCurvesGiveTheirOwnParameters) {
  std::vector<double> curve;
  std::vector<double> rising;
  for (const double a : kAges) {
    curve.push_back(0.4 + 1.1 * std::exp(-a / 2.5));
    rising.push_back(0.1 + 0.05 * a);
  }
  const auto fading = *fit_novelty(given(kAges, curve, kErrors));
  EXPECT_NEAR(fading.exponential.long_run, 0.4, 1e-6);
  EXPECT_NEAR(fading.exponential.initial, 1.1, 1e-6);
  EXPECT_NEAR(fading.exponential.tau, 2.5, 1e-5);
  EXPECT_EQ(fading.horizon_age, 18.0);
  const auto learning = *fit_novelty(given(kAges, rising, kErrors));
  EXPECT_EQ(learning.pattern, AgePattern::primacy);
  EXPECT_NEAR(learning.models[1].at_horizon, 1.0, 1e-9);
  EXPECT_NEAR(learning.models[0].weight + learning.models[1].weight + learning.models[2].weight,
              1.0, 1e-12);
}

TEST(Novelty, AFlatEffectIsAveragedToItsPooledMean) {
  const auto r = *fit_novelty(given(kAges, std::vector<double>(10, 0.3), kErrors));
  EXPECT_EQ(r.pattern, AgePattern::steady);
  EXPECT_NEAR(r.long_run.difference, 0.3, 1e-6);
  EXPECT_GT(r.models[0].weight, 0.6);
  EXPECT_EQ(r.long_run.p_value<0.05, r.long_run.ci_low> 0.0 || r.long_run.ci_high < 0.0);
}

TEST(Novelty, RefusesTooFewAgesAndAgesWithoutNewsOfTheirOwn) {
  const auto few = fit_novelty(given({0, 1, 2, 3}, {1, 1, 1, 1}, {1, 1, 1, 1}));
  ASSERT_FALSE(few.has_value());
  EXPECT_EQ(few.error().code, ErrorCode::undefined_statistic);
  auto same = given(kAges, kEffects, std::vector<double>(10, 1.0));
  for (std::size_t i = 0; i < 10; ++i)
    for (std::size_t j = i; j < 10; ++j) same.covariance.set(i, j, 1.0);
  EXPECT_EQ(fit_novelty(same).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(fit_novelty(given(kAges, kEffects, kErrors), {0.95, 0.05, -3.0}).error().code,
            ErrorCode::invalid_spec);
}

/// Units whose values at ages share a level of their own; later units reach fewer ages.
struct World {
  std::vector<double> ages;
  std::vector<std::uint8_t> treated;
  std::vector<std::int32_t> matured;
  std::vector<double> values;

  [[nodiscard]] AgeUnits view() const { return {ages, treated, matured, values}; }
};

World world(std::uint64_t seed, int n, double level_sd) {
  World out;
  for (int a = 0; a < 6; ++a) out.ages.push_back(a);
  for (int i = 0; i < n; ++i) {
    const numerics::Philox random(seed, static_cast<std::uint64_t>(i));
    out.treated.push_back(i % 2 == 0 ? 1 : 0);
    out.matured.push_back(1 + (i / 2) % 6);
    const double level = level_sd * numerics::normal_quantile(random.uniform(0));
    for (std::uint64_t a = 0; a < 6; ++a)
      out.values.push_back(level + numerics::normal_quantile(random.uniform(a + 1)));
  }
  return out;
}

TEST(AgeEffects, CountOnlyUnitsWhoseAgeIsComplete) {
  const auto w = world(5, 120, 1.0);
  AgeOptions no_band;
  no_band.band = false;
  const auto r = *age_effects_of_units(w.view(), no_band);
  ASSERT_EQ(r.ages.size(), 6U);
  for (std::size_t a = 0; a < 6; ++a) {
    Moments control;
    Moments treatment;
    for (std::size_t i = 0; i < 120; ++i)
      if (w.matured[i] > static_cast<int>(a))
        (w.treated[i] == 1 ? treatment : control).add(w.values[i * 6 + a]);
    EXPECT_EQ(r.ages[a].contrast.n_control, 60 - 10 * static_cast<int>(a));
    EXPECT_NEAR(r.ages[a].contrast.difference, treatment.mean - control.mean, 1e-12);
  }
  auto fixed = w.view();
  fixed.fixed_cohort = true;
  const auto same_people = *age_effects_of_units(fixed, no_band);
  for (const auto& at : same_people.ages) EXPECT_EQ(at.contrast.n_control, 10);
}

TEST(AgeEffects, CovarianceBetweenAgesIsWhatRepeatedWorldsShow) {
  // Planted: each difference holds var(level) = 4 shared; at ages 1 and 3, n 500 and 300 an arm of
  // 600, covariance 2 * 4 / 500. Budget: 4 standard errors of a covariance over 400 worlds.
  double product = 0.0;
  double estimated = 0.0;
  const int worlds = 400;
  AgeOptions no_band;
  no_band.band = false;
  for (int s = 0; s < worlds; ++s) {
    const auto r = *age_effects_of_units(
        world(100 + static_cast<std::uint64_t>(s), 1200, 2.0).view(), no_band);
    product += r.ages[1].contrast.difference * r.ages[3].contrast.difference / worlds;
    estimated += r.covariance.at(1, 3) / worlds;
  }
  const double truth = 2.0 * 4.0 / 500.0;
  EXPECT_NEAR(estimated, truth, 0.05 * truth);
  EXPECT_NEAR(product, truth, 4.0 * 0.028 / std::sqrt(worlds));
}

TEST(AgeEffects, BandIsWiderThanOneAgeAndNarrowerThanBonferroni) {
  const auto r = *age_effects_of_units(world(9, 1200, 2.0).view());
  EXPECT_GT(r.band_critical, 1.97);
  EXPECT_LT(r.band_critical, 2.66);  // t quantile of 0.025 / 6.
  for (const auto& at : r.ages) {
    EXPECT_EQ(at.adjusted_p_value<0.05, at.band_low> 0.0 || at.band_high < 0.0);
    EXPECT_GE(at.adjusted_p_value + 0.01, at.contrast.p_value);
  }
}

TEST(AgeEffects, OfIndependentAgesHaveTheBandOfSidak) {
  std::vector<AgeArms> ages;
  for (int a = 0; a < 8; ++a)
    ages.push_back({static_cast<double>(a), {100'000, 0.0, 1e5}, {100'000, 0.01, 1e5}});
  // Sidak: normal quantile of (1 + 0.95^(1/8)) / 2.
  EXPECT_NEAR(age_effects(ages)->band_critical, 2.7271, 2e-3);
}

TEST(AgeEffects, RefuseBadShapesByName) {
  std::vector<AgeArms> ages{{1.0, {10, 0.0, 5.0}, {1, 0.0, 0.0}}};
  EXPECT_EQ(age_effects(ages).error().where, "age 1");
  EXPECT_EQ(age_effects({}).error().code, ErrorCode::invalid_spec);
  auto w = world(3, 10, 1.0);
  w.values[0] = NAN;
  EXPECT_EQ(age_effects_of_units(w.view()).error().code, ErrorCode::invalid_data);
}

}  // namespace
}  // namespace assay::survival
