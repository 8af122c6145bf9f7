#include "assay/stats/heterogeneity.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace assay::stats {
namespace {

const std::vector<EffectEstimate> kSeven{{0.10, 0.14}, {0.30, 0.10}, {0.35, 0.22}, {0.65, 0.18},
                                         {0.45, 0.12}, {0.15, 0.09}, {-0.2, 0.25}};

// R 4.2.2, metafor 3.8-1: rma(yi, sei = se, method = "FE"), method = "PM".
TEST(Heterogeneity, AgreesWithMetafor) {
  const auto h = *heterogeneity(kSeven);
  EXPECT_NEAR(h.pooled, 0.264830448167361, 1e-12);
  EXPECT_NEAR(h.pooled_std_error, 0.0492995609293268, 1e-12);
  EXPECT_NEAR(h.q, 13.7046934830494, 1e-10);
  EXPECT_NEAR(h.p_value, 0.0331145995294621, 1e-12);
  EXPECT_NEAR(h.between_sd * h.between_sd, 0.0352744647773712, 1e-10);
  EXPECT_NEAR(h.mean, 0.271542967385076, 1e-10);
  EXPECT_NEAR(h.mean_std_error, 0.0911155229943073, 1e-10);
  EXPECT_NEAR(h.share_between, 0.658561514889685, 1e-10);
}

// The same, blup(rma(..., method = "PM")).
TEST(Heterogeneity, ShrinksAsMetaforPredicts) {
  const std::vector<double> pred{0.161271525369556, 0.293714551291803, 0.304617930468206,
                                 0.468808942234536, 0.398267559979317, 0.172697641132225,
                                 0.101422621219893};
  const std::vector<double> se{0.1168693331584721, 0.0905332587692128, 0.1522550866220966,
                               0.1370803892015980, 0.1045145017410801, 0.0829269808896352,
                               0.1610610423353404};
  const auto shrunk = *shrink(kSeven);
  for (std::size_t i = 0; i < kSeven.size(); ++i) {
    EXPECT_NEAR(shrunk[i].estimate, pred[i], 1e-10);
    EXPECT_NEAR(shrunk[i].std_error, se[i], 1e-10);
  }
}

TEST(Heterogeneity, EqualEffectsShrinkToOne) {
  const std::vector<EffectEstimate> same{{0.2, 0.1}, {0.21, 0.1}, {0.19, 0.1}};
  EXPECT_EQ(heterogeneity(same)->between_sd, 0.0);
  const auto shrunk = *shrink(same);
  for (const auto& effect : shrunk) EXPECT_NEAR(effect.estimate, 0.2, 1e-12);
}

TEST(Heterogeneity, InteractionOfTwoMeansIsTheWelchTestOfTheirDifference) {
  const auto a = *welch({50, 1.0, 80.0}, {60, 1.4, 90.0}, 0.95);
  const auto b = *welch({40, 1.1, 70.0}, {45, 1.0, 60.0}, 0.95);
  const auto i = *interaction(a, b);
  EXPECT_NEAR(i.difference, 0.5, 1e-12);
  EXPECT_NEAR(i.std_error, std::hypot(a.std_error, b.std_error), 1e-15);
  EXPECT_GT(i.degrees_of_freedom, std::min(a.degrees_of_freedom, b.degrees_of_freedom));
  EXPECT_LE(i.degrees_of_freedom, a.degrees_of_freedom + b.degrees_of_freedom + 1e-9);
  EXPECT_EQ(i.p_value<0.05, i.ci_low> 0.0 || i.ci_high < 0.0);
}

TEST(Heterogeneity, RefusesOneEffectAndNoSpread) {
  EXPECT_FALSE(heterogeneity(std::vector<EffectEstimate>{{1.0, 1.0}}));
  EXPECT_FALSE(heterogeneity(std::vector<EffectEstimate>{{1.0, 1.0}, {1.0, 0.0}}));
  EXPECT_FALSE(shrink(std::vector<EffectEstimate>{{1.0, 1.0}, {NAN, 1.0}}));
}

}  // namespace
}  // namespace assay::stats
