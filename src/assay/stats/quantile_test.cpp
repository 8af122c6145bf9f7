#include "assay/stats/quantile.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/stats/cluster_test_world.hpp"

namespace assay::stats {
namespace {

using testing::HasSubstr;

TEST(Quantile, ExactRanksEqualScipy) {
  const ClusterWorld w;
  struct Row {
    double p, value, low, high;
  };
  // Source: scipy 1.17.1, quantile_test(y, p).confidence_interval(0.95); tests/golden/clusters.py.
  for (const Row& r : {Row{0.25, 10.851909461804624, 10.160459590102759, 11.118894695802078},
                       Row{0.5, 11.60490509977327, 11.313823052246041, 11.918691362565706},
                       Row{0.9, 13.08064973020491, 12.747775827533463, 13.6042291716925}}) {
    const auto q = *quantile_value({w.y, {}}, r.p, 0.95);
    EXPECT_TRUE(q.exact);
    EXPECT_NEAR(q.value, r.value, 1e-12);
    EXPECT_NEAR(q.ci_low, r.low, 1e-12);
    EXPECT_NEAR(q.ci_high, r.high, 1e-12);
  }
}

TEST(Quantile, ClusteredRanksEqualALoopOverClusters) {
  const ClusterWorld w;
  // Source: tests/golden/clusters.py.
  const auto half = *quantile_value({w.y, w.g}, 0.5, 0.95);
  EXPECT_EQ(half.rank_low, 26);
  EXPECT_EQ(half.rank_high, 68);
  EXPECT_NEAR(half.ci_low, 10.9122045123308, 1e-12);
  EXPECT_NEAR(half.ci_high, 12.364680344012882, 1e-12);
  EXPECT_NEAR(half.design_effect, 3.7834421206580573, 1e-11);
  const auto upper = *quantile_value({w.y, w.g}, 0.75, 0.95);
  EXPECT_EQ(upper.rank_low, 54);
  EXPECT_EQ(upper.rank_high, 87);
  EXPECT_EQ(upper.clusters, 14);
}

TEST(Quantile, IsTheSmallestValueWithThatShareAtOrBelow) {
  const std::vector<double> four{4.0, 1.0, 3.0, 2.0};
  std::vector<double> many;
  for (int i = 0; i < 25; ++i) many.insert(many.end(), four.begin(), four.end());
  EXPECT_EQ(quantile_value({many, {}}, 0.25, 0.9)->value, 1.0);
  EXPECT_EQ(quantile_value({many, {}}, 0.2501, 0.9)->value, 2.0);
  EXPECT_EQ(quantile_value({many, {}}, 0.5, 0.9)->value, 2.0);
  EXPECT_EQ(quantile_value({many, {}}, 0.75, 0.9)->value, 3.0);
}

TEST(Quantile, AMonotoneChangeOfUnitsMovesTheIntervalWithIt) {
  const ClusterWorld w;
  std::vector<double> logs;
  for (const double y : w.y) logs.push_back(std::log(y));
  for (const auto& cluster : {std::vector<std::int64_t>{}, w.g}) {
    const auto plain = *quantile_value({w.y, cluster}, 0.6, 0.95);
    const auto log = *quantile_value({logs, cluster}, 0.6, 0.95);
    EXPECT_EQ(std::log(plain.value), log.value);
    EXPECT_EQ(std::log(plain.ci_low), log.ci_low);
    EXPECT_EQ(std::log(plain.ci_high), log.ci_high);
  }
}

TEST(Quantile, EveryReadingOfOneContrastAgrees) {
  const numerics::Philox random(17, 1);
  int significant = 0;
  for (std::uint64_t world = 0; world < 200; ++world) {
    std::vector<double> c, t;
    std::vector<std::int64_t> g;
    for (std::uint64_t i = 0; i < 300; ++i) {
      const auto u = random.uniform_pair(world * 300 + i);
      c.push_back(numerics::lognormal_quantile(u[0], 1.0, 1.0));
      t.push_back(numerics::lognormal_quantile(u[1], 1.25, 1.0));
      g.push_back(static_cast<std::int64_t>(i / 5));
    }
    const auto d = *compare_quantiles({c, g}, {t, g}, 0.5, 0.95);
    const bool wins = d.p_value < 0.05;
    significant += wins ? 1 : 0;
    EXPECT_EQ(wins, d.ci_low > 0.0 || d.ci_high < 0.0);
    ASSERT_TRUE(d.lift);
    EXPECT_EQ(wins, d.lift->ci_low > 0.0 || d.lift->ci_high < 0.0);
    const auto swapped = *compare_quantiles({t, g}, {c, g}, 0.5, 0.95);
    EXPECT_EQ(swapped.difference, -d.difference);
    EXPECT_NEAR(swapped.p_value, d.p_value, 1e-14);
  }
  EXPECT_GT(significant, 40);
  EXPECT_LT(significant, 190);
}

TEST(Quantile, IndependentValuesInClustersOfOneHaveNoDesignEffect) {
  const numerics::Philox random(17, 2);
  std::vector<double> values;
  std::vector<std::int64_t> own;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    values.push_back(random.uniform(i));
    own.push_back(static_cast<std::int64_t>(i));
  }
  const auto clustered = *quantile_value({values, own}, 0.9, 0.95);
  const auto plain = *quantile_value({values, {}}, 0.9, 0.95);
  EXPECT_NEAR(clustered.design_effect, 1.0, 1e-3);
  EXPECT_NEAR(clustered.std_error, plain.std_error, 0.02 * plain.std_error);
  // The density of a uniform is 1: the standard error is that of the share.
  EXPECT_NEAR(plain.std_error, std::sqrt(0.09 / 20'000), 0.15 * plain.std_error);
}

TEST(Quantile, BadInputIsRefusedInItsOwnWords) {
  const ClusterWorld w;
  EXPECT_THAT(quantile_value({w.y, {}}, 95.0, 0.95).error().fix, HasSubstr("0.95"));
  EXPECT_THAT(quantile_value({w.y, {}}, 0.999, 0.95).error().problem, HasSubstr("too few"));
  EXPECT_EQ(quantile_value({std::span(w.y).first(1), {}}, 0.5, 0.95).error().code,
            ErrorCode::undefined_statistic);
  const std::vector<std::int64_t> same(w.y.size(), 3);
  EXPECT_THAT(quantile_value({w.y, same}, 0.5, 0.95).error().problem, HasSubstr("two clusters"));
  auto infinite = w.y;
  infinite[0] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(quantile_value({infinite, {}}, 0.5, 0.95).error().code, ErrorCode::invalid_data);
  const std::vector<double> constant(100, 2.0);
  EXPECT_EQ(compare_quantiles({constant, {}}, {constant, {}}, 0.5, 0.95).error().code,
            ErrorCode::undefined_statistic);
  const auto tied = *compare_quantiles({constant, {}}, {w.y, {}}, 0.5, 0.95);
  EXPECT_EQ(tied.notes.at(0).code, "tied");
}

}  // namespace
}  // namespace assay::stats
