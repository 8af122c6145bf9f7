#include "assay/stats/post_stratification.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/stats/lin.hpp"

namespace assay::stats {
namespace {

using numerics::CoMoments;
using numerics::Moments;
using testing::HasSubstr;

/// Three strata of unlike means; the same data as moments with stratum indicators for lin.
struct World {
  std::vector<Stratum> strata{{"low", {}, {}}, {"middle", {}, {}}, {"high", {}, {}}};
  CoMoments control{3};
  CoMoments treatment{3};

  World(std::uint64_t seed, std::uint64_t units, double effect) {
    const numerics::Philox random(seed, 5);
    for (std::uint64_t i = 0; i < units; ++i) {
      const auto u = random.uniform_pair(2 * i);
      const std::size_t s = u[0] < 0.5 ? 0 : (u[0] < 0.8 ? 1 : 2);
      const bool treated = u[1] < 0.3;
      const double y = 5.0 * static_cast<double>(s) + (treated ? effect : 0.0) +
                       numerics::normal_quantile(random.uniform(2 * i + 1));
      (treated ? strata[s].treatment : strata[s].control).add(y);
      (treated ? treatment : control)
          .add(std::vector<double>{y, s == 1 ? 1.0 : 0.0, s == 2 ? 1.0 : 0.0});
    }
  }
};

TEST(PostStratification, EqualsRegressionAdjustmentOnStratumIndicators) {
  const World w(1, 4000, 0.1);
  const auto p = *post_stratified(w.strata, 0.95);
  const auto l = *lin(w.control, w.treatment, {});
  EXPECT_NEAR(p.difference, l.difference, 1e-11);
  EXPECT_NEAR(p.control_value, l.control_value, 1e-11);
  // lin pools the residual variance of the strata, so the errors differ by sampling only.
  EXPECT_NEAR(p.std_error, l.std_error, 0.02 * l.std_error);
  EXPECT_NEAR(p.values.covariance, l.values.covariance, 0.02 * l.values.covariance);
  EXPECT_LT(p.std_error,
            0.3 * welch(w.control.marginal(0), w.treatment.marginal(0), 0.95)->std_error);
}

TEST(PostStratification, OneStratumIsWelch) {
  const World w(2, 200, 0.3);
  const auto p = *post_stratified(std::span(w.strata).first(1), 0.95);
  const auto plain = *welch(w.strata[0].control, w.strata[0].treatment, 0.95);
  EXPECT_NEAR(p.std_error, plain.std_error, 1e-14);
  EXPECT_NEAR(p.degrees_of_freedom, plain.degrees_of_freedom, 1e-9);
  EXPECT_NEAR(p.p_value, plain.p_value, 1e-13);
}

TEST(PostStratification, EveryReadingOfOneContrastAgrees) {
  int significant = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto p = *post_stratified(World(seed + 10, 250, 0.3).strata, 0.95);
    const bool wins = p.p_value < 0.05;
    significant += wins ? 1 : 0;
    EXPECT_EQ(wins, p.ci_low > 0.0 || p.ci_high < 0.0);
    ASSERT_TRUE(p.lift);
    EXPECT_EQ(wins, p.lift->ci_low > 0.0 || p.lift->ci_high < 0.0);
  }
  EXPECT_GT(significant, 60);
  EXPECT_LT(significant, 195);
}

TEST(PostStratification, BadStrataAreRefusedByName) {
  auto strata = World(3, 200, 0.0).strata;
  strata.push_back({"tiny", Moments{1, 2.0, 0.0}, Moments{5, 2.0, 1.0}});
  const auto refused = post_stratified(strata, 0.95);
  EXPECT_EQ(refused.error().code, ErrorCode::undefined_statistic);
  EXPECT_THAT(refused.error().where, HasSubstr("tiny"));
  EXPECT_THAT(refused.error().fix, HasSubstr("merge"));
  EXPECT_EQ(post_stratified({}, 0.95).error().code, ErrorCode::undefined_statistic);
  strata.back().control = {5, std::nan(""), 1.0};
  EXPECT_EQ(post_stratified(strata, 0.95).error().code, ErrorCode::invalid_data);
  const std::vector<Stratum> flat{{"all", {5, 1.0, 0.0}, {5, 1.0, 0.0}}};
  EXPECT_EQ(post_stratified(flat, 0.95).error().code, ErrorCode::undefined_statistic);
}

}  // namespace
}  // namespace assay::stats
