#include "assay/stats/cluster_robust.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/stats/cluster_test_world.hpp"
#include "assay/stats/lin.hpp"
#include "assay/stats/non_inferiority.hpp"

namespace assay::stats {
namespace {

using numerics::CoMoments;
using testing::HasSubstr;

ClusterOptions with(ClusterVariance variance, MetricKind kind = MetricKind::mean) {
  ClusterOptions options;
  options.kind = kind;
  options.variance = variance;
  return options;
}

bool has_note(const Contrast& c, std::string_view code) {
  return std::any_of(c.notes.begin(), c.notes.end(),
                     [&](const Note& note) { return note.code == code; });
}

/// The cells of units as a warehouse would return them: sums turned into means and co-moments.
std::vector<ClusterArm> cells_of(const ClusterWorld& w, bool ratio, bool covariates = false) {
  std::map<std::int64_t, ClusterArm> cells;
  const std::size_t size = 1 + (ratio ? 1 : 0) + (covariates ? 2 : 0);
  for (std::size_t i = 0; i < w.y.size(); ++i) {
    auto& cell =
        cells.try_emplace(w.g[i], ClusterArm{w.g[i], w.arm[i], CoMoments(size), 0}).first->second;
    std::vector<double> row{w.y[i]};
    if (ratio) row.push_back(w.d[i]);
    if (covariates) row.insert(row.end(), {w.x1[i], w.x2[i]});
    cell.moments.add(row);
  }
  std::vector<ClusterArm> out;
  for (const auto& [code, cell] : cells) out.push_back(cell);
  return out;
}

TEST(ClusterRobust, MeansEqualClubSandwich) {
  const ClusterWorld w;
  // Source: clubSandwich 0.5.8, coef_test(lm(y ~ t), vcovCR(type), test = "Satterthwaite").
  struct Row {
    ClusterVariance variance;
    double std_error, degrees_of_freedom, p_value;
  };
  for (const Row& r :
       {Row{ClusterVariance::cr0, 0.415238441611699094, 7.655065635087404, 0.070029368445811493},
        Row{ClusterVariance::cr1, 0.430913295534529450, 7.655065635087406, 0.078720488520557408},
        Row{ClusterVariance::cr1s, 0.433274481952190371, 7.655065635087403, 0.080059432824939117},
        Row{ClusterVariance::cr2, 0.46849419363019212, 7.01929667063417551, 0.10431193914121867},
        Row{ClusterVariance::cr3, 0.52984310477697072, 6.42003357806132868, 0.14696857008206465}}) {
    const auto c = *compare_clustered_units(w.units(), with(r.variance));
    EXPECT_NEAR(c.difference, 0.873784819259153078, 1e-12);
    EXPECT_NEAR(c.std_error, r.std_error, 1e-12);
    EXPECT_NEAR(c.degrees_of_freedom, r.degrees_of_freedom, 1e-9);
    EXPECT_NEAR(c.p_value, r.p_value, 1e-10);
    EXPECT_EQ(c.method, Method::cluster_mean);
  }
}

TEST(ClusterRobust, RatiosEqualTheWeightedRegressionOfClubSandwich) {
  const ClusterWorld w;
  // Source: clubSandwich 0.5.8, lm(Y / D ~ treated, weights = D) on cluster sums, inverse_var.
  const auto cr2 =
      *compare_clustered_units(w.ratio_units(), with(ClusterVariance::cr2, MetricKind::ratio));
  EXPECT_NEAR(cr2.difference, -0.26068812607954744, 1e-12);
  EXPECT_NEAR(cr2.std_error, 0.28310015700645247, 1e-12);
  EXPECT_NEAR(cr2.degrees_of_freedom, 7.29922807241416827, 1e-9);
  EXPECT_NEAR(cr2.p_value, 0.38655923547247639, 1e-10);
  const auto cr3 =
      *compare_clustered_units(w.ratio_units(), with(ClusterVariance::cr3, MetricKind::ratio));
  EXPECT_NEAR(cr3.std_error, 0.31531197316040049, 1e-12);
  EXPECT_NEAR(cr3.degrees_of_freedom, 6.61740295134062784, 1e-9);
}

TEST(ClusterRobust, SumsPerClusterGiveTheSameNumbersAsRows) {
  const ClusterWorld w;
  for (const bool ratio : {false, true}) {
    for (const bool covariates : {false, true}) {
      auto options = with(ClusterVariance::cr2, ratio ? MetricKind::ratio : MetricKind::mean);
      auto units = ratio ? w.ratio_units() : w.units();
      if (covariates) {
        options.adjustment = Adjustment::lin;
        units.covariates = {w.x1, w.x2};
      }
      const auto rows = *compare_clustered_units(units, options);
      auto cells = cells_of(w, ratio, covariates);
      std::reverse(cells.begin(), cells.end());
      const auto sums = *compare_clusters(cells, options);
      EXPECT_NEAR(sums.difference, rows.difference, 1e-13);
      EXPECT_NEAR(sums.std_error, rows.std_error, 1e-13);
      EXPECT_NEAR(sums.degrees_of_freedom, rows.degrees_of_freedom, 1e-9);
      EXPECT_NEAR(sums.lift->ci_high, rows.lift->ci_high, 1e-11);
      EXPECT_NEAR(*sums.cluster->icc, *rows.cluster->icc, 1e-12);
    }
  }
}

TEST(ClusterRobust, FactsOfTheClustersAreReported) {
  const ClusterWorld w;
  const auto c = *compare_clustered_units(w.units(), {});
  ASSERT_TRUE(c.cluster);
  // Source: R, anova(lm(y ~ factor(t) + factor(g))), ANOVA estimator with n0 within arms.
  EXPECT_NEAR(*c.cluster->icc, 0.3444394181040456, 1e-12);
  EXPECT_EQ(c.cluster->clusters, 14);
  EXPECT_EQ(c.cluster->treatment_clusters, 5);
  EXPECT_NEAR(c.cluster->mean_size, 93.0 / 14.0, 1e-12);
  // A different algorithm: the ratio to Welch's variance.
  numerics::Moments arms[2];
  for (std::size_t i = 0; i < w.y.size(); ++i) arms[w.t[i] > 0.0 ? 1 : 0].add(w.y[i]);
  const double ratio = c.std_error / welch(arms[0], arms[1], 0.95)->std_error;
  EXPECT_NEAR(c.cluster->design_effect, ratio * ratio, 1e-12);
  EXPECT_NEAR(c.cluster->effective_n, 93.0 / (ratio * ratio), 1e-9);
  EXPECT_TRUE(has_note(c, "few_clusters"));
  EXPECT_FALSE(has_note(c, "few_treated_clusters"));
}

TEST(ClusterRobust, UnitsAsTheirOwnClustersAreWelchAndDelta) {
  const ClusterWorld w;
  std::vector<std::int64_t> own;
  for (std::size_t i = 0; i < w.y.size(); ++i) own.push_back(static_cast<std::int64_t>(i));
  auto units = w.units();
  units.cluster = own;
  const auto c = *compare_clustered_units(units, {});
  numerics::Moments arms[2];
  for (std::size_t i = 0; i < w.y.size(); ++i) arms[w.t[i] > 0.0 ? 1 : 0].add(w.y[i]);
  EXPECT_NEAR(c.std_error, welch(arms[0], arms[1], 0.95)->std_error, 1e-12);
  EXPECT_FALSE(c.cluster->icc) << "no cluster has two units";
  EXPECT_NEAR(c.cluster->design_effect, 1.0, 1e-12);
  // Ratio with denominators of one: the mean again.
  const std::vector<double> ones(w.y.size(), 1.0);
  units.d = ones;
  const auto ratio = *compare_clustered_units(units, with(ClusterVariance::cr2, MetricKind::ratio));
  EXPECT_NEAR(ratio.std_error, c.std_error, 1e-12);
  EXPECT_NEAR(ratio.degrees_of_freedom, c.degrees_of_freedom, 1e-9);
}

TEST(ClusterRobust, ArmsInsideClustersAreAnErrorUnlessAsked) {
  const ClusterWorld w;
  std::vector<Arm> inside;
  for (const double t : w.inside) inside.push_back(t > 0.0 ? Arm::treatment : Arm::control);
  auto units = w.units();
  units.arm = inside;
  const auto refused = compare_clustered_units(units, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_data);
  EXPECT_THAT(refused.error().where, HasSubstr("cluster "));
  ClusterOptions options;
  options.within_cluster_assignment = true;
  const auto c = *compare_clustered_units(units, options);
  // Source: clubSandwich 0.5.8, lm(y ~ inside), CR2, Satterthwaite.
  EXPECT_NEAR(c.difference, -0.08228598938985808, 1e-12);
  EXPECT_NEAR(c.std_error, 0.25002494780328077, 1e-12);
  EXPECT_NEAR(c.degrees_of_freedom, 9.75685286154778098, 1e-9);
  EXPECT_NEAR(c.p_value, 0.74902706903224536, 1e-10);
  EXPECT_GT(c.cluster->crossing_clusters, 10);
}

TEST(ClusterRobust, TwoWaysEqualTheRegression) {
  const ClusterWorld w;
  auto units = w.units();
  units.second_cluster = w.h;
  auto options = with(ClusterVariance::cr2);
  options.two_way = true;
  const auto c = *compare_clustered_units(units, options);
  const auto fit =
      *cluster_regression({{w.one, w.t}, {}, w.y, {}, w.g, w.h}, 0.95, ClusterVariance::cr2);
  EXPECT_NEAR(c.std_error, fit.coefficients[1].std_error, 1e-11);
  EXPECT_NEAR(c.degrees_of_freedom, fit.coefficients[1].degrees_of_freedom, 1e-9);
  EXPECT_EQ(c.cluster->second_clusters, 6);
}

TEST(ClusterRobust, CommonSlopesAreTheAncovaOfClubSandwich) {
  const ClusterWorld w;
  auto units = w.units();
  units.covariates = {w.x1, w.x2};
  ClusterOptions options;
  options.adjustment = Adjustment::lin;
  const auto c = *compare_clustered_units(units, options);
  EXPECT_EQ(c.method, Method::cluster_lin_mean);
  EXPECT_TRUE(has_note(c, "pooled_slope"));
  // Source: clubSandwich 0.5.8, lm(y ~ t + x1 + x2): with one slope for both arms the pooled mean
  // drops out of the difference.
  EXPECT_NEAR(c.difference, 0.40914354656918644, 1e-11);
  EXPECT_NEAR(c.std_error, 0.23108835940276959, 1e-11);
  EXPECT_NEAR(c.degrees_of_freedom, 6.79542048022911338, 1e-9);
  EXPECT_NEAR(c.adjustment->theta_control[0], 2.0471852188064736, 1e-11);
  EXPECT_NEAR(c.adjustment->unadjusted.std_error, 0.46849419363019212, 1e-12);
}

TEST(ClusterRobust, ManyClustersOfOneUnitAdjustLikeLin) {
  // A different algorithm: lin from the arms' moments; they differ by O(1/n) corrections only.
  const numerics::Philox random(11, 3);
  std::vector<double> y, d, x;
  std::vector<Arm> arm;
  std::vector<std::int64_t> g;
  CoMoments arms[2] = {CoMoments(3), CoMoments(3)};
  for (std::size_t i = 0; i < 4000; ++i) {
    const bool treated = i % 10 == 0;
    const double a = numerics::normal_quantile(random.uniform(3 * i));
    const double e = numerics::normal_quantile(random.uniform(3 * i + 1));
    d.push_back(1.0 + random.uniform(3 * i + 2) + 0.3 * a * a);
    x.push_back(a);
    y.push_back(d.back() * 2.0 + (treated ? 3.0 : 1.0) * a + e + 5.0);
    arm.push_back(treated ? Arm::treatment : Arm::control);
    g.push_back(static_cast<std::int64_t>(i));
    arms[treated ? 1 : 0].add(std::vector<double>{y.back(), d.back(), a});
  }
  ClusterOptions options = with(ClusterVariance::cr2, MetricKind::ratio);
  options.adjustment = Adjustment::lin;
  const auto c = *compare_clustered_units({y, d, {x}, arm, g, {}}, options);
  CompareOptions plain;
  plain.kind = MetricKind::ratio;
  plain.adjustment = Adjustment::lin;
  const auto l = *lin(arms[0], arms[1], plain);
  EXPECT_FALSE(c.adjustment->pooled_slope);
  EXPECT_NEAR(c.difference, l.difference, 1e-10);
  EXPECT_NEAR(c.std_error, l.std_error, 0.02 * l.std_error);
  EXPECT_NEAR(c.values.control_variance, l.values.control_variance,
              0.04 * l.values.control_variance);
  EXPECT_NEAR(c.adjustment->theta_treatment[0], l.adjustment->theta_treatment[0], 1e-8);
  EXPECT_NEAR(c.adjustment->correlation, l.adjustment->correlation, 1e-8);
}

TEST(ClusterRobust, EveryReadingOfOneContrastAgrees) {
  const numerics::Philox random(5, 9);
  int significant = 0;
  for (std::uint64_t world = 0; world < 400; ++world) {
    std::vector<ClusterArm> cells;
    for (std::uint64_t k = 0; k < 12; ++k) {
      CoMoments m(2);
      for (std::uint64_t i = 0; i < 2 + k % 3; ++i) {
        const auto u = random.uniform_pair(world * 1000 + k * 10 + i);
        m.add(std::vector<double>{u[0] + (k % 2 == 0 ? 0.0 : 0.15) + 0.3, 1.0 + u[1]});
      }
      cells.push_back(
          {static_cast<std::int64_t>(k), k % 2 == 0 ? Arm::control : Arm::treatment, m, 0});
    }
    for (const auto kind : {MetricKind::mean, MetricKind::ratio}) {
      auto used = cells;
      if (kind == MetricKind::mean)
        for (auto& cell : used) {
          CoMoments one(1);
          one.n = cell.moments.n;
          one.mean = {cell.moments.mean[0]};
          one.comoment = {cell.moments.at(0, 0)};
          cell.moments = one;
        }
      const auto c = *compare_clusters(used, with(ClusterVariance::cr2, kind));
      const bool wins = c.p_value < 0.05;
      significant += wins ? 1 : 0;
      EXPECT_EQ(wins, c.ci_low > 0.0 || c.ci_high < 0.0);
      if (c.lift) {
        EXPECT_EQ(wins, c.lift->ci_low > 0.0 || c.lift->ci_high < 0.0);
      }
      const auto guard = *non_inferiority(c, {0.1, MarginScale::absolute}, Direction::increase);
      EXPECT_EQ(guard.status == GuardrailStatus::non_inferior, c.ci_low > -0.1);
      // Swapping arms turns signs only.
      for (auto& cell : used) cell.arm = cell.arm == Arm::control ? Arm::treatment : Arm::control;
      const auto swapped = *compare_clusters(used, with(ClusterVariance::cr2, kind));
      EXPECT_NEAR(swapped.difference, -c.difference, 1e-13);
      EXPECT_NEAR(swapped.p_value, c.p_value, 1e-11);
    }
  }
  EXPECT_GT(significant, 40);
  EXPECT_LT(significant, 760);
}

TEST(ClusterRobust, ALargeMeanLosesNoDigits) {
  const ClusterWorld w;
  std::vector<double> shifted;
  for (const double y : w.y) shifted.push_back(y + 1e8);
  auto units = w.units();
  const auto before = *compare_clustered_units(units, {});
  units.y = shifted;
  const auto after = *compare_clustered_units(units, {});
  EXPECT_NEAR(after.std_error, before.std_error, 1e-7);
}

TEST(ClusterRobust, BadInputIsRefusedInItsOwnWords) {
  const ClusterWorld w;
  auto units = w.units();
  std::vector<std::int64_t> one_cluster = w.g;
  for (std::size_t i = 0; i < one_cluster.size(); ++i)
    if (w.arm[i] == Arm::treatment) one_cluster[i] = 99;
  units.cluster = one_cluster;
  const auto few = compare_clustered_units(units, {});
  EXPECT_EQ(few.error().code, ErrorCode::undefined_statistic);
  EXPECT_THAT(few.error().problem, HasSubstr("treatment 1"));
  units = w.units();
  auto infinite = w.y;
  infinite[7] = std::numeric_limits<double>::infinity();
  units.y = infinite;
  EXPECT_EQ(compare_clustered_units(units, {}).error().code, ErrorCode::invalid_data);
  const std::vector<double> constant(w.y.size(), 3.0);
  units.y = constant;
  EXPECT_EQ(compare_clustered_units(units, {}).error().code, ErrorCode::undefined_statistic);
  units = w.units();
  units.arm = std::span(w.arm).first(3);
  EXPECT_EQ(compare_clustered_units(units, {}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(compare_clusters({}, {}).error().code, ErrorCode::undefined_statistic);
  const std::vector<double> zeros(w.y.size(), 0.0);
  units = w.ratio_units();
  units.d = zeros;
  EXPECT_THAT(
      compare_clustered_units(units, with(ClusterVariance::cr2, MetricKind::ratio)).error().problem,
      HasSubstr("denominator"));
  units = w.units();
  units.covariates = {w.x1, w.x1};
  ClusterOptions lin_options;
  lin_options.adjustment = Adjustment::lin;
  EXPECT_TRUE(has_note(*compare_clustered_units(units, lin_options), "covariate_dropped"));
}

TEST(ClusterRobust, FewTreatedClustersAreSentToRandomisation) {
  const ClusterWorld w;
  std::vector<Arm> arm;
  for (const auto g : w.g) arm.push_back(g <= 3 ? Arm::treatment : Arm::control);
  auto units = w.units();
  units.arm = arm;
  const auto c = *compare_clustered_units(units, {});
  EXPECT_TRUE(has_note(c, "few_treated_clusters"));
}

}  // namespace
}  // namespace assay::stats
