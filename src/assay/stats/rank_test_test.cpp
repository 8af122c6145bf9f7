#include "assay/stats/rank_test.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "assay/numerics/philox.hpp"
#include "assay/stats/cluster_test_world.hpp"

namespace assay::stats {
namespace {

using testing::HasSubstr;

struct Arms {
  std::vector<double> control, treatment;
};

Arms arms(bool rounded) {
  const ClusterWorld w;
  Arms out;
  for (std::size_t i = 0; i < w.y.size(); ++i)
    (w.arm[i] == Arm::control ? out.control : out.treatment)
        .push_back(rounded ? std::nearbyint(w.y[i]) : w.y[i]);
  return out;
}

TEST(RankTest, BrunnerMunzelEqualsScipy) {
  // Source: scipy 1.17.1, brunnermunzel(treatment, control); tests/golden/clusters.py.
  const Arms plain = arms(false);
  const auto b = *brunner_munzel(plain.control, plain.treatment, 0.95);
  EXPECT_NEAR(b.statistic, 3.7303108911931355, 1e-11);
  EXPECT_NEAR(b.p_value, 0.0003356718873245638, 1e-13);
  const Arms ties = arms(true);
  const auto t = *brunner_munzel(ties.control, ties.treatment, 0.95);
  EXPECT_NEAR(t.statistic, 3.286894387064492, 1e-11);
  EXPECT_NEAR(t.p_value, 0.0014406256442690188, 1e-13);
}

TEST(RankTest, TheProbabilityIsTheShareOfPairsWon) {
  const Arms a = arms(true);
  double won = 0.0;
  for (const double x : a.control)
    for (const double y : a.treatment) won += y > x ? 1.0 : (y == x ? 0.5 : 0.0);
  const double pairs = static_cast<double>(a.control.size() * a.treatment.size());
  EXPECT_NEAR(brunner_munzel(a.control, a.treatment, 0.95)->probability, won / pairs, 1e-13);
  EXPECT_NEAR(mann_whitney(a.control, a.treatment)->u, won, 1e-9);
}

TEST(RankTest, MannWhitneyEqualsScipy) {
  // Source: scipy 1.17.1, mannwhitneyu(treatment, control, use_continuity=False).
  const Arms plain = arms(false);
  const auto m = *mann_whitney(plain.control, plain.treatment);
  EXPECT_FALSE(m.exact);
  EXPECT_NEAR(m.u, 1405.0, 1e-9);
  EXPECT_NEAR(m.p_value, 0.0013416719692981515, 1e-13);
  const Arms ties = arms(true);
  const auto t = *mann_whitney(ties.control, ties.treatment);
  EXPECT_NEAR(t.u, 1354.0, 1e-9);
  EXPECT_NEAR(t.p_value, 0.004034828542194038, 1e-13);
  const auto exact =
      *mann_whitney(std::span(plain.control).first(15), std::span(plain.treatment).first(12));
  EXPECT_TRUE(exact.exact);
  EXPECT_EQ(exact.u, 78.0);
  EXPECT_NEAR(exact.p_value, 0.5806391675956895, 1e-12);
}

TEST(RankTest, TheIntervalExcludesOneHalfExactlyWhenTheTestRejects) {
  const numerics::Philox random(23, 1);
  int rejected = 0;
  for (std::uint64_t world = 0; world < 300; ++world) {
    std::vector<double> c, t;
    for (std::uint64_t i = 0; i < 20; ++i) {
      const auto u = random.uniform_pair(world * 20 + i);
      c.push_back(std::floor(8.0 * u[0]));
      t.push_back(std::floor(8.0 * std::sqrt(u[1])));
    }
    const auto b = *brunner_munzel(c, t, 0.95);
    EXPECT_EQ(b.p_value<0.05, b.ci_low> 0.5 || b.ci_high < 0.5);
    rejected += b.p_value < 0.05 ? 1 : 0;
    // Any rising change of units leaves ranks alone; swapping arms turns the probability.
    for (double& x : c) x = std::exp(x);
    for (double& x : t) x = std::exp(x);
    EXPECT_NEAR(brunner_munzel(c, t, 0.95)->p_value, b.p_value, 1e-14);
    EXPECT_NEAR(brunner_munzel(t, c, 0.95)->probability, 1.0 - b.probability, 1e-13);
  }
  EXPECT_GT(rejected, 50);
  EXPECT_LT(rejected, 290);
}

TEST(RankTest, BadInputIsRefusedInItsOwnWords) {
  const std::vector<double> low{1.0, 2.0, 3.0};
  const std::vector<double> high{7.0, 8.0, 9.0};
  EXPECT_THAT(brunner_munzel(low, high, 0.95).error().fix, HasSubstr("mann-whitney"));
  EXPECT_NEAR(mann_whitney(low, high)->p_value, 0.1, 1e-14) << "2 of 20 orders";
  const std::vector<double> same(5, 4.0);
  EXPECT_EQ(mann_whitney(same, same).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(mann_whitney(same, {}).error().code, ErrorCode::undefined_statistic);
  const std::vector<double> broken{1.0, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(brunner_munzel(low, broken, 0.95).error().code, ErrorCode::invalid_data);
}

}  // namespace
}  // namespace assay::stats
