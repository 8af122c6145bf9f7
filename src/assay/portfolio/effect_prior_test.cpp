#include "assay/portfolio/effect_prior.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

#include "assay/numerics/distributions.hpp"

namespace assay::portfolio {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

const std::vector<stats::EffectEstimate> kTwelve{
    {0.10, 0.14}, {0.30, 0.10}, {0.35, 0.22},  {0.65, 0.18}, {0.45, 0.12}, {0.15, 0.09},
    {-0.2, 0.25}, {0.02, 0.11}, {-0.05, 0.10}, {1.9, 0.20},  {0.12, 0.15}, {-0.4, 0.3}};

// R 4.2.2: metafor 3.8-1 rma(method = "ML"); optimize() of the likelihood with mean 0.
TEST(EffectPrior, NormalFitIsTheMaximumLikelihood) {
  const auto fitted = *fit_normal_prior(kTwelve, PriorMean::fitted);
  EXPECT_NEAR(fitted.prior.spread, 0.502565905268, 1e-6);
  EXPECT_NEAR(fitted.prior.mean, 0.286842160645, 1e-6);
  EXPECT_NEAR(fitted.log_likelihood, -9.74249108134, 1e-9);
  const auto zero = *fit_normal_prior(kTwelve, PriorMean::zero);
  EXPECT_NEAR(zero.prior.spread, 0.585394560262, 1e-6);
  EXPECT_NEAR(zero.log_likelihood, -11.2579562505, 1e-9);
}

// R 4.2.2: optim() of the likelihood by integrate().
TEST(EffectPrior, OneHugeEffectFavoursFatTails) {
  const auto t = *fit_t_prior(kTwelve, PriorMean::zero);
  EXPECT_NEAR(t.prior.spread, 0.181887497888, 1e-3);
  EXPECT_NEAR(t.prior.degrees_of_freedom, 1.37307115362, 1e-2);
  EXPECT_NEAR(t.log_likelihood, -8.07608246425, 1e-5);
  EXPECT_LT(t.aic, fit_normal_prior(kTwelve, PriorMean::zero)->aic);
  EXPECT_EQ(fit_prior(kTwelve, PriorMean::zero)->aic, t.aic);
}

// R 4.2.2: integrate() and uniroot(); scale 0.2, 3 degrees of freedom around 0.1.
TEST(EffectPrior, PosteriorUnderATPrior) {
  const auto p = *posterior({0.1, 0.2, 3.0}, {0.45, 0.12}, 0.95);
  EXPECT_NEAR(p.mean, 0.376564963874, 1e-8);
  EXPECT_NEAR(p.sd, 0.114560150316, 1e-8);
  EXPECT_NEAR(p.ci_low, 0.158865258875, 1e-7);
  EXPECT_NEAR(p.ci_high, 0.606949233681, 1e-7);
  EXPECT_NEAR(p.probability_positive, 0.999770345545, 1e-8);
}

TEST(EffectPrior, TOfManyDegreesOfFreedomIsNormal) {
  const auto normal = *posterior({0.1, 0.2, kInfinite}, {0.45, 0.12}, 0.9);
  const auto t = *posterior({0.1, 0.2, 1e6}, {0.45, 0.12}, 0.9);
  EXPECT_NEAR(normal.mean, t.mean, 1e-5);
  EXPECT_NEAR(normal.ci_low, t.ci_low, 1e-5);
  EXPECT_NEAR(normal.probability_positive, t.probability_positive, 1e-5);
}

TEST(EffectPrior, PlainNoiseHasNoSpread) {
  std::vector<stats::EffectEstimate> noise;
  for (int i = -4; i <= 4; ++i) noise.push_back({0.1 * i, 1.0});
  EXPECT_EQ(fit_normal_prior(noise, PriorMean::zero)->prior.spread, 0.0);
  const auto p = *posterior({0.0, 0.0, kInfinite}, {3.0, 1.0}, 0.95);
  EXPECT_EQ(p.mean, 0.0);
  EXPECT_EQ(p.sd, 0.0);
}

TEST(EffectPrior, RefusesTooFewAndBroken) {
  const std::vector<stats::EffectEstimate> four(4, {1.0, 1.0});
  EXPECT_FALSE(fit_normal_prior(four, PriorMean::zero));
  const std::vector<stats::EffectEstimate> nine(9, {1.0, 1.0});
  EXPECT_FALSE(fit_t_prior(nine, PriorMean::zero));
  EXPECT_FALSE(posterior({0.0, -1.0, kInfinite}, {1.0, 1.0}, 0.95));
  EXPECT_FALSE(posterior({0.0, 1.0, kInfinite}, {1.0, 0.0}, 0.95));
  EXPECT_FALSE(posterior({0.0, 1.0, kInfinite}, {1.0, 1.0}, 1.0));
}

}  // namespace
}  // namespace assay::portfolio
