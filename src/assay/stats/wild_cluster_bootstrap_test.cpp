#include "assay/stats/wild_cluster_bootstrap.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "assay/numerics/philox.hpp"
#include "assay/stats/cluster_test_world.hpp"
#include "assay/stats/non_inferiority.hpp"

namespace assay::stats {
namespace {

using numerics::CoMoments;
using testing::HasSubstr;

RegressionColumns means(const ClusterWorld& w) { return {{w.one, w.t}, {}, w.y, {}, w.g, {}}; }

const std::vector<double> kEffect{0.0, 1.0};

TEST(WildClusterBootstrap, EverySignPatternEqualsAnImplementationByRows) {
  const ClusterWorld w;
  // Source: tests/golden/clusters.py (numpy 2.4.6), all 2^13 pairs of sign patterns.
  const auto at = [&](double null) { return *wild_cluster_bootstrap(means(w), kEffect, null, {}); };
  EXPECT_TRUE(at(0.0).enumerated);
  EXPECT_EQ(at(0.0).draws, 8192);
  EXPECT_NEAR(at(0.0).p_value, 0.1156005859375, 1e-12);
  EXPECT_NEAR(at(0.4).p_value, 0.3529052734375, 1e-12);
  EXPECT_NEAR(at(-0.2).p_value, 0.07080078125, 1e-12);
  EXPECT_NEAR(at(1.5).p_value, 0.20849609375, 1e-12);
  const auto adjusted = *wild_cluster_bootstrap({{w.one, w.t, w.x1, w.x2}, {}, w.y, {}, w.g, {}},
                                                std::vector<double>{0, 1, 0, 0}, 0.0, {});
  EXPECT_NEAR(adjusted.p_value, 0.129638671875, 1e-12);
  // The t is that of the CR1 regression.
  EXPECT_NEAR(at(0.0).std_error, 0.430913295534529450, 1e-12);
}

TEST(WildClusterBootstrap, WebbWeightsComeNearAllTheirPatterns) {
  const ClusterWorld w;
  std::size_t n = 0;
  while (w.g[n] <= 5) ++n;
  RegressionColumns five{{std::span(w.one).first(n), std::span(w.t).first(n)},
                         {},
                         std::span(w.y).first(n),
                         {},
                         std::span(w.g).first(n),
                         {}};
  WildOptions options;
  options.draws = 100'000;
  const auto b = *wild_cluster_bootstrap(five, kEffect, 0.0, options);
  EXPECT_EQ(b.weights, WildWeights::webb);
  // Source: tests/golden/clusters.py, all 6^5 patterns. Budget: 4 binomial standard errors.
  EXPECT_NEAR(b.p_value, 0.753858024691358, 4.0 * std::sqrt(0.75 * 0.25 / 1e5));
}

TEST(WildClusterBootstrap, TheIntervalHoldsExactlyTheNullsThatAreNotRejected) {
  const ClusterWorld w;
  WildOptions options;
  options.confidence_level = 0.9;
  const auto b = *wild_cluster_bootstrap(means(w), kEffect, 0.0, options);
  const auto p = [&](double null) {
    return wild_cluster_bootstrap(means(w), kEffect, null, options)->p_value;
  };
  const double width = b.ci_high - b.ci_low;
  EXPECT_GE(p(b.ci_low), 0.1);
  EXPECT_GE(p(b.ci_high), 0.1);
  EXPECT_LT(p(b.ci_low - 1e-6 * width), 0.1);
  EXPECT_LT(p(b.ci_high + 1e-6 * width), 0.1);
}

std::vector<ClusterArm> random_cells(const numerics::Philox& random, std::uint64_t world,
                                     double effect) {
  std::vector<ClusterArm> cells;
  for (std::uint64_t k = 0; k < 12; ++k) {
    CoMoments m(1);
    for (std::uint64_t i = 0; i < 2 + k % 4; ++i)
      m.add(std::vector<double>{1.0 + random.uniform(world * 1000 + k * 10 + i) +
                                (k % 2 == 0 ? 0.0 : effect)});
    cells.push_back(
        {static_cast<std::int64_t>(k), k % 2 == 0 ? Arm::control : Arm::treatment, m, 0});
  }
  return cells;
}

TEST(WildClusterBootstrap, EveryReadingOfOneContrastAgrees) {
  const numerics::Philox random(3, 3);
  WildOptions options;
  options.draws = 399;
  int significant = 0;
  for (std::uint64_t world = 0; world < 60; ++world) {
    const auto cells = random_cells(random, world, world % 2 == 0 ? 0.2 : -0.25);
    options.seed = world;
    const auto c = compare_clusters_wild(cells, {}, options);
    ASSERT_TRUE(c) << to_text(c.error());
    EXPECT_TRUE(c->notes.empty()) << "its answer to few clusters is the bootstrap itself";
    const bool wins = c->p_value < 0.05;
    significant += wins ? 1 : 0;
    EXPECT_EQ(wins, c->ci_low > 0.0 || c->ci_high < 0.0);
    ASSERT_TRUE(c->lift) << c->lift_undefined;
    EXPECT_EQ(wins, c->lift->ci_low > 0.0 || c->lift->ci_high < 0.0);
    const auto guard = *non_inferiority(*c, {0.1, MarginScale::relative}, Direction::increase);
    EXPECT_EQ(guard.status == GuardrailStatus::non_inferior, c->lift->ci_low > -0.1);
    EXPECT_FALSE(guard.p_value);
  }
  EXPECT_GT(significant, 15);
  EXPECT_LT(significant, 58);
}

TEST(WildClusterBootstrap, ALiftInvertsItsOwnTest) {
  const ClusterWorld w;
  const auto cells = [&] {
    std::vector<ClusterArm> out;
    for (std::size_t i = 0; i < w.y.size(); ++i) {
      if (i == 0 || w.g[i] != w.g[i - 1]) out.push_back({w.g[i], w.arm[i], CoMoments(1), 0});
      out.back().moments.add(std::vector<double>{w.y[i]});
    }
    return out;
  }();
  // Source: tests/golden/clusters.py: treatment = 1.2 control has p = 0.0129 over all signs.
  WildOptions options;
  options.confidence_level = 1.0 - 0.0130;
  EXPECT_LT(compare_clusters_wild(cells, {}, options)->lift->ci_high, 0.2);
  options.confidence_level = 1.0 - 0.0129;
  EXPECT_GT(compare_clusters_wild(cells, {}, options)->lift->ci_high, 0.2);
}

TEST(WildClusterBootstrap, TheSameSeedGivesTheSameNumbers) {
  const numerics::Philox random(3, 4);
  const auto cells = random_cells(random, 1, 0.1);
  WildOptions options;
  options.draws = 999;
  options.weights = WildWeights::webb;
  const auto a = *compare_clusters_wild(cells, {}, options);
  const auto b = *compare_clusters_wild(cells, {}, options);
  options.seed = 2;
  const auto other = *compare_clusters_wild(cells, {}, options);
  EXPECT_EQ(a.p_value, b.p_value);
  EXPECT_EQ(a.ci_low, b.ci_low);
  EXPECT_NE(a.ci_low, other.ci_low);
}

TEST(WildClusterBootstrap, BadInputIsRefusedInItsOwnWords) {
  const ClusterWorld w;
  WildOptions options;
  options.draws = 10;
  EXPECT_THAT(wild_cluster_bootstrap(means(w), kEffect, 0.0, options).error().problem,
              HasSubstr("draws"));
  EXPECT_EQ(wild_cluster_bootstrap(means(w), std::vector<double>{1.0}, 0.0, {}).error().code,
            ErrorCode::invalid_spec);
  const std::vector<double> constant(w.y.size(), 2.0);
  auto columns = means(w);
  columns.y = constant;
  EXPECT_EQ(wild_cluster_bootstrap(columns, kEffect, 0.0, {}).error().code,
            ErrorCode::undefined_statistic);
  ClusterOptions ratio;
  ratio.kind = MetricKind::ratio;
  EXPECT_THAT(compare_clusters_wild({}, ratio, {}).error().fix, HasSubstr("randomisation"));
}

}  // namespace
}  // namespace assay::stats
