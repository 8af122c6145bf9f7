#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "assay/sequential/bayes_effect.hpp"
#include "assay/sequential/bayes_proportions.hpp"

namespace assay::sequential {
namespace {

TEST(EffectPosterior, NormalPriorsHaveTheirClosedForm) {
  // Precision-weighted mean: prior N(0, 2^2), data 3 +- 1: weight 4 / 5.
  const auto got =
      *effect_posterior(3.0, 1.0, {.mean = 0.0, .sd = 2.0}, {.rope_low = -0.5, .rope_high = 0.5});
  EXPECT_NEAR(got.mean, 2.4, 1e-14);
  EXPECT_NEAR(got.sd, std::sqrt(0.8), 1e-14);
  EXPECT_NEAR(got.ci_low, 2.4 - 1.959963984540054 * std::sqrt(0.8), 1e-12);
  // Source: scipy 1.17.1, norm.sf(0, 2.4, sqrt(.8)) and its interval probability.
  EXPECT_NEAR(got.p_above, 0.9963548209542322, 1e-13);
  EXPECT_NEAR(got.p_above + got.p_below, 1.0, 1e-15);
  EXPECT_NEAR(got.loss_of_holding - got.loss_of_shipping, 2.4, 1e-12);
  EXPECT_NEAR(got.shrinkage, 0.2, 1e-14);
}

TEST(EffectPosterior, MixturesMatchScipyQuadrature) {
  // Source: scipy 1.17.1, integrate.quad; regenerate with tests/golden/sequential.py.
  auto got = *effect_posterior(
      0.03, 0.01, {.mean = 0, .sd = 0.01, .t_weight = 0.3, .t_scale = 0.02, .t_dof = 3});
  EXPECT_NEAR(got.mean, 0.0199108622218474, 1e-10);
  EXPECT_NEAR(got.sd, 0.00977404566129965, 1e-10);
  EXPECT_NEAR(got.p_above, 0.989640168615248, 1e-9);
  EXPECT_NEAR(got.log_bayes_factor, 2.22633541830798, 1e-8);
  got = *effect_posterior(1.5, 0.4,
                          {.mean = 0.1, .sd = 0.05, .t_weight = 0.1, .t_scale = 0.5, .t_dof = 5});
  EXPECT_NEAR(got.mean, 0.890575605324311, 1e-8);
  EXPECT_NEAR(got.sd, 0.530034048900088, 1e-8);
  EXPECT_NEAR(got.p_above, 0.997807215555117, 1e-8);
  EXPECT_NEAR(got.log_bayes_factor, 2.40303220511381, 1e-7);
}

TEST(EffectPosterior, AMixtureOfOneIsTheNormalPrior) {
  const EffectQuestion question{.rope_low = -0.002, .rope_high = 0.004, .threshold = 0.001};
  const auto plain = *effect_posterior(0.012, 0.005, {.mean = 0.002, .sd = 0.007}, question);
  const auto mixed = *effect_posterior(
      0.012, 0.005, {.mean = 0.002, .sd = 0.007, .t_weight = 1e-14, .t_scale = 0.02, .t_dof = 4},
      question);
  EXPECT_NEAR(mixed.mean, plain.mean, 1e-11);
  EXPECT_NEAR(mixed.sd, plain.sd, 1e-11);
  EXPECT_NEAR(mixed.ci_low, plain.ci_low, 1e-10);
  EXPECT_NEAR(mixed.ci_high, plain.ci_high, 1e-10);
  EXPECT_NEAR(*mixed.p_rope, *plain.p_rope, 1e-9);
  EXPECT_NEAR(mixed.loss_of_shipping, plain.loss_of_shipping, 1e-11);
  EXPECT_NEAR(mixed.log_bayes_factor, plain.log_bayes_factor, 1e-9);
}

TEST(EffectPosterior, HeavyTailsLetBigEffectsStand) {
  const EffectPrior normal{.mean = 0, .sd = 0.01};
  EffectPrior heavy = normal;
  heavy.t_weight = 0.2;
  heavy.t_scale = 0.02;
  EXPECT_GT(effect_posterior(0.01, 0.01, heavy)->shrinkage, 0.3);
  EXPECT_NEAR(effect_posterior(0.2, 0.01, normal)->shrinkage, 0.5, 1e-12);
  EXPECT_LT(effect_posterior(0.2, 0.01, heavy)->shrinkage, 0.05);
}

TEST(EffectPosterior, NonsenseIsRefused) {
  EXPECT_EQ(effect_posterior(1, 0, {}).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(effect_posterior(NAN, 1, {}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(effect_posterior(1, 1, {.sd = 0}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(effect_posterior(1, 1, {.t_weight = 0.5, .t_dof = 2}).error().code,
            ErrorCode::invalid_spec);
  EXPECT_EQ(effect_posterior(1, 1, {}, {.rope_low = 1, .rope_high = 0}).error().code,
            ErrorCode::invalid_spec);
}

TEST(Proportions, MatchScipyQuadrature) {
  // Source: scipy 1.17.1, integrate.quad over beta densities; tests/golden/sequential.py.
  const auto two = *compare_proportions(std::vector<ArmOutcome>{{120, 1000}, {141, 1000}});
  EXPECT_NEAR(two[1].p_best, 0.918031273815755, 1e-10);
  const auto lift = *lift_posterior({120, 1000}, {141, 1000}, 0.1);
  EXPECT_NEAR(lift.p_above, 0.713743054758258, 1e-10);
  const auto three = *compare_proportions(std::vector<ArmOutcome>{{3, 40}, {5, 38}, {0, 20}},
                                          {.a = 0.5, .b = 0.5});
  EXPECT_NEAR(three[0].p_best, 0.200061477216458, 1e-9);
  EXPECT_NEAR(three[1].p_best, 0.778440562688245, 1e-9);
  EXPECT_NEAR(three[2].p_best, 0.0214979600952976, 1e-9);
  EXPECT_NEAR(three[0].expected_loss, 0.0645058081960739, 1e-9);
  EXPECT_NEAR(three[1].expected_loss, 0.00884602082896951, 1e-9);
  EXPECT_NEAR(three[2].expected_loss, 0.126062138045087, 1e-9);
}

TEST(Proportions, AnIntegerSumGivesTheSameProbability) {
  // Closed form of P(B > A) for whole parameters: Evan Miller (2015), "Formulas for Bayesian A/B
  // testing": sum over i < a_B of B(a_A + i, b_A + b_B) / ((b_B + i) B(1 + i, b_B) B(a_A, b_A)).
  const auto log_beta = [](double a, double b) {
    return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
  };
  double sum = 0.0;
  for (int i = 0; i < 51; ++i)
    sum += std::exp(log_beta(41 + i, 461 + 451) - std::log(451 + i) - log_beta(1 + i, 451) -
                    log_beta(41, 461));
  const auto two = *compare_proportions(std::vector<ArmOutcome>{{40, 500}, {50, 500}});
  EXPECT_NEAR(two[1].p_best, sum, 1e-10);
}

TEST(Proportions, ProbabilitiesOfBeingBestSumToOne) {
  for (const auto& arms : std::vector<std::vector<ArmOutcome>>{
           {{0, 0}, {0, 0}, {0, 0}},
           {{0, 1000}, {1, 1000}, {3, 900}, {0, 5}},
           {{1000, 1000}, {999, 1000}},
           {{510'000, 10'000'000}, {512'000, 10'000'000}, {50, 1000}}}) {
    const auto got = *compare_proportions(arms);
    double sum = 0.0;
    for (const auto& arm : got) {
      sum += arm.p_best;
      EXPECT_GE(arm.expected_loss, 0.0);
    }
    EXPECT_NEAR(sum, 1.0, 1e-9);
  }
}

TEST(Lift, LargeSamplesGiveTheDeltaMethod) {
  const auto got = *lift_posterior({50'000, 1'000'000}, {51'000, 1'000'000});
  const double se = 1.02 * std::sqrt(0.95 / 50'000 + 0.949 / 51'000);
  EXPECT_NEAR(got.median, 0.02, 1e-5);
  EXPECT_NEAR(got.ci_low, 0.02 - 1.96 * se, 2e-4);
  EXPECT_NEAR(got.ci_high, 0.02 + 1.96 * se, 2e-4);
  EXPECT_NEAR(got.mean, 0.02, 1e-4);
}

TEST(Lift, NonsenseIsRefused) {
  EXPECT_EQ(lift_posterior({5, 4}, {1, 2}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(lift_posterior({0, 10}, {1, 10}).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(lift_posterior({1, 10}, {1, 10}, -1.0).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(compare_proportions(std::vector<ArmOutcome>{{1, 2}}).error().code,
            ErrorCode::invalid_data);
}

}  // namespace
}  // namespace assay::sequential
