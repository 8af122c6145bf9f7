#include "assay/stats/two_proportion.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>

#include "assay/numerics/distributions.hpp"

namespace assay::stats {
namespace {

using Scale = ProportionNull::Scale;

struct GoldenScore {
  TwoCounts counts;
  double z, p, low, high, ratio_low, ratio_high, margin_p, ratio_margin_p;
};

// Source: statsmodels 0.15.0 (proportions_ztest; test_proportions_2indep of the ratio); limits and
// margin of the difference by numeric constrained likelihood and brentq, scipy 1.17.1; regenerate
// with tests/golden/stats.py.
const std::vector<GoldenScore> kGolden{{{48, 80, 56, 70},
                                        2.6501719512585336,
                                        0.00804508136819656,
                                        0.05333384929132511,
                                        0.3377294637411403,
                                        1.0798215063618983,
                                        1.6708055780191118,
                                        0.0027280122488990252,
                                        0.00019305517973266443},
                                       {{200, 4100, 260, 4000},
                                        3.1533823096452425,
                                        0.0016139029044369255,
                                        0.006154402396348912,
                                        0.02640141336931013,
                                        1.1143049471053201,
                                        1.5936099115893532,
                                        2.101998060838523e-07,
                                        7.648392655434768e-06},
                                       {{22, 1000, 31, 9000},
                                        -7.666748601717445,
                                        1.764110646936116e-14,
                                        -0.029692569863619764,
                                        -0.011004313640452562,
                                        0.09169314738063122,
                                        0.26784638835493413,
                                        0.9890855962130465,
                                        0.999999999999477}};

TEST(TwoProportion, TestAndIntervalsMatchStatsmodelsAndNumericInversion) {
  for (const auto& g : kGolden) {
    if (needs_exact_test(g.counts)) continue;
    const auto c = *two_proportion(g.counts, 0.95);
    EXPECT_EQ(c.method, Method::two_proportion);
    EXPECT_NEAR(c.statistic, g.z, 1e-12);
    EXPECT_NEAR(c.p_value / g.p, 1.0, 1e-10);
    EXPECT_NEAR(c.ci_low, g.low, 1e-12);
    EXPECT_NEAR(c.ci_high, g.high, 1e-12);
    EXPECT_NEAR(c.lift->ci_low, g.ratio_low - 1.0, 1e-11);
    EXPECT_NEAR(c.lift->ci_high, g.ratio_high - 1.0, 1e-11);
    EXPECT_NEAR(score_test(g.counts, {Scale::difference, -0.01}).greater / g.margin_p, 1.0, 1e-9);
    EXPECT_NEAR(score_test(g.counts, {Scale::ratio, 0.9}).greater / g.ratio_margin_p, 1.0, 1e-9);
  }
}

TEST(TwoProportion, MeeLimitsMatchThePublishedExample) {
  // Source: Newcombe 1998 (Stat. Med. 17:873-890), Table II, row (a) 56/70 - 48/80, method 5.
  const auto c = *two_proportion({48, 80, 56, 70}, 0.95);
  EXPECT_NEAR(c.ci_low, 0.0533, 5e-5);
  EXPECT_NEAR(c.ci_high, 0.3377, 5e-5);
}

TEST(TwoProportion, NewcombeMatchesHisPublishedTable) {
  // Source: Newcombe 1998 (Stat. Med. 17:873-890), Table II, method 10.
  struct Row {
    TwoCounts counts;
    double low, high;
  };
  const std::vector<Row> table{
      {{48, 80, 56, 70}, 0.0524, 0.3339}, {{3, 10, 9, 10}, 0.1705, 0.8090},
      {{2, 7, 6, 7}, 0.0582, 0.8062},     {{0, 29, 5, 56}, -0.0381, 0.1926},
      {{0, 20, 0, 10}, -0.1611, 0.2775},  {{0, 10, 0, 10}, -0.2775, 0.2775},
      {{0, 20, 10, 10}, 0.6791, 1.0},     {{0, 10, 10, 10}, 0.6075, 1.0}};
  for (const auto& row : table) {
    const auto i = *newcombe(row.counts, 0.95);
    EXPECT_NEAR(i.low, row.low, 5.1e-5);
    EXPECT_NEAR(i.high, row.high, 5.1e-5);
  }
}

TEST(TwoProportion, ExactTestMatchesScipyBarnard) {
  struct Row {
    TwoCounts counts;
    double greater, less;
  };
  // Source: scipy 1.17.1, barnard_exact(pooled=True, n=256), one-sided; tests/golden/stats.py.
  const std::vector<Row> table{{{1, 9, 7, 12}, 0.018632405828081344, 1.0},
                               {{0, 17, 4, 15}, 0.015055097089855718, 1.0},
                               {{1, 45, 3, 40}, 0.1523379486583529, 1.0}};
  for (const auto& row : table) {
    const auto p = exact_test(row.counts, {Scale::difference, 0.0});
    EXPECT_NEAR(p.greater, row.greater, 1e-5);  // 1e-6 is the price of the nuisance region.
    EXPECT_GT(p.less, 0.95);
  }
}

TEST(TwoProportion, TheExactTestIsTheSameOnBothScalesAtNoDifference) {
  const TwoCounts counts{2, 60, 8, 70};
  EXPECT_NEAR(exact_test(counts, {Scale::difference, 0.0}).greater,
              exact_test(counts, {Scale::ratio, 1.0}).greater, 1e-12);
}

/// Probability that a decision about a table is taken, by summing over all tables.
template <class Decide>
double probability(std::int64_t n1, double p1, std::int64_t n2, double p2, const Decide& decide) {
  double total = 0.0;
  const auto last = [](std::int64_t n, double p) {
    return numerics::binomial_quantile(1.0 - 1e-12, n, p);
  };
  for (std::int64_t x1 = 0; x1 <= last(n1, p1); ++x1) {
    for (std::int64_t x2 = 0; x2 <= last(n2, p2); ++x2) {
      if (decide(TwoCounts{x1, n1, x2, n2})) {
        total += std::exp(numerics::binomial_log_pmf(x1, n1, p1) +
                          numerics::binomial_log_pmf(x2, n2, p2));
      }
    }
  }
  return total;
}

TEST(TwoProportion, RareConversionHasBalancedTailsUnderTheNull) {
  // 0.5 % of 4,000 users an arm, where a relative z test errs 0.02 % and 6.67 %. Exact sums, no
  // simulation; 2.5 % is nominal, the lattice of counts leaves 0.6 points.
  const auto tail = [](bool win) {
    return probability(4000, 0.005, 4000, 0.005, [&](const TwoCounts& c) {
      const auto p = score_test(c, {Scale::difference, 0.0});
      return (win ? p.greater : p.less) < 0.025;
    });
  };
  EXPECT_NEAR(tail(true), 0.025, 0.006);
  EXPECT_NEAR(tail(false), tail(true), 1e-9);  // Equal arms: the tails are equal by symmetry.
}

TEST(TwoProportion, TheExactTestNeverErrsMoreThanItSays) {
  // Goal: size at most 2.5 % a tail for every proportion; exact sums over all tables of 14 and 9.
  std::map<std::pair<std::int64_t, std::int64_t>, OneSidedP> cache;
  const auto p_of = [&](const TwoCounts& c) {
    auto [at, added] = cache.try_emplace({c.x_control, c.x_treatment});
    if (added) at->second = exact_test(c, {Scale::difference, 0.0});
    return at->second;
  };
  for (const double p : {0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8, 0.97}) {
    const auto rejects = [&](const TwoCounts& c) { return p_of(c).greater < 0.025; };
    const auto rejects_below = [&](const TwoCounts& c) { return p_of(c).less < 0.025; };
    EXPECT_LE(probability(14, p, 9, p, rejects), 0.025);
    EXPECT_LE(probability(14, p, 9, p, rejects_below), 0.025);
  }
}

TEST(TwoProportion, ExactIntervalsCoverAtLeastTheirLevel) {
  // Exact sums over all tables of 12 and 10, difference and ratio.
  std::map<std::pair<std::int64_t, std::int64_t>, Contrast> cache;
  const auto contrast = [&](const TwoCounts& c) -> const Contrast& {
    auto [at, added] = cache.try_emplace({c.x_control, c.x_treatment});
    if (added) at->second = *two_proportion(c, 0.95);
    return at->second;
  };
  for (const auto& [p1, p2] : {std::pair{0.05, 0.05}, {0.1, 0.3}, {0.3, 0.05}, {0.2, 0.2}}) {
    double covered = 0.0;
    double exact = 0.0;
    for (std::int64_t x1 = 0; x1 <= 12; ++x1) {
      for (std::int64_t x2 = 0; x2 <= 10; ++x2) {
        const auto& c = contrast({x1, 12, x2, 10});
        const double mass = std::exp(numerics::binomial_log_pmf(x1, 12, p1) +
                                     numerics::binomial_log_pmf(x2, 10, p2));
        if (c.method == Method::two_proportion_exact) exact += mass;
        if (c.ci_low <= p2 - p1 && p2 - p1 <= c.ci_high) covered += mass;
      }
    }
    EXPECT_GE(covered, exact > 0.99 ? 0.95 : 0.94) << p1 << " " << p2;
  }
}

TEST(TwoProportion, ScoreIntervalsCoverTheirLevel) {
  // Exact sums; nominal 95 %, the lattice of counts leaves 1 point.
  for (const auto& [p1, p2] : {std::pair{0.02, 0.03}, {0.1, 0.1}}) {
    double covers_difference = 0.0;
    double covers_ratio = 0.0;
    const double z = numerics::normal_upper_quantile(0.025);
    const std::int64_t n1 = 500;
    const std::int64_t n2 = 800;
    covers_difference = probability(n1, p1, n2, p2, [&](const TwoCounts& c) {
      const auto p = score_test(c, {Scale::difference, p2 - p1});
      return std::min(p.greater, p.less) >= numerics::normal_sf(z);
    });
    covers_ratio = probability(n1, p1, n2, p2, [&](const TwoCounts& c) {
      const auto p = score_test(c, {Scale::ratio, p2 / p1});
      return std::min(p.greater, p.less) >= numerics::normal_sf(z);
    });
    EXPECT_NEAR(covers_difference, 0.95, 0.01);
    EXPECT_NEAR(covers_ratio, 0.95, 0.01);
  }
}

TEST(TwoProportion, SwappingTheArmsTurnsTheSign) {
  for (const TwoCounts& c : {TwoCounts{200, 4100, 260, 4000}, TwoCounts{1, 30, 6, 25}}) {
    const auto forth = *two_proportion(c, 0.95);
    const auto back =
        *two_proportion({c.x_treatment, c.n_treatment, c.x_control, c.n_control}, 0.95);
    EXPECT_NEAR(forth.p_value, back.p_value, 1e-7);
    EXPECT_NEAR(forth.ci_low, -back.ci_high, 1e-5);
    EXPECT_NEAR((1 + forth.lift->ci_low) * (1 + back.lift->ci_high), 1.0, 1e-4);
  }
}

TEST(TwoProportion, NoSuccessAnywhereStillBoundsTheDifference) {
  const auto c = *two_proportion({0, 400, 0, 500}, 0.95);
  EXPECT_EQ(c.method, Method::two_proportion_exact);
  EXPECT_LT(c.ci_high, 0.02);
  EXPECT_GT(c.ci_low, -0.02);
  EXPECT_FALSE(c.lift);
  EXPECT_EQ(c.notes.back().code, "no_successes");
}

TEST(TwoProportion, AVastArmBesideATinyOneKeepsTheScoreTestAndSaysSo) {
  const auto c = *two_proportion({500'000'000, 1'000'000'000, 3, 3}, 0.95);
  EXPECT_EQ(c.method, Method::two_proportion);
  EXPECT_EQ(c.notes.at(0).code, "small_expected_counts");
  EXPECT_THAT(c.notes.at(0).text, testing::HasSubstr("approximate"));
}

TEST(TwoProportion, RareEventsInAMillionUsersAreJudgedExactly) {
  // Poisson limit: given 6 events, 5 or more in one of two equal arms has chance 7/64, which the
  // unconditional test may undercut but not by much.
  const auto c = *two_proportion({1, 1'000'000, 5, 1'000'000}, 0.95);
  EXPECT_EQ(c.method, Method::two_proportion_exact);
  EXPECT_LE(c.p_value, 2 * 7.0 / 64);
  EXPECT_GT(c.p_value, 0.05);
}

TEST(TwoProportion, ImpossibleCountsAreRefused) {
  EXPECT_EQ(two_proportion({5, 4, 1, 4}, 0.95).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(two_proportion({-1, 4, 1, 4}, 0.95).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(two_proportion({0, 0, 1, 4}, 0.95).error().code, ErrorCode::undefined_statistic);
}

RC_GTEST_PROP(TwoProportionProperty, PValueIntervalAndLiftAlwaysAgree, ()) {
  const auto n1 = *rc::gen::inRange<std::int64_t>(1, 3000);
  const auto n2 = *rc::gen::inRange<std::int64_t>(1, 3000);
  const auto rate = *rc::gen::inRange(0, 100);
  const auto x1 = *rc::gen::inRange<std::int64_t>(0, 1 + n1 * rate / 100);
  const auto x2 = *rc::gen::inRange<std::int64_t>(0, 1 + n2 * rate / 100);
  const double level = 0.5 + 0.499e-3 * *rc::gen::inRange(0, 1000);
  const auto c = *two_proportion({x1, n1, x2, n2}, level);
  const bool significant = c.p_value < 1.0 - level;
  RC_ASSERT(significant == (c.ci_low > 0.0 || c.ci_high < 0.0));
  RC_ASSERT(c.ci_low <= c.difference && c.difference <= c.ci_high);
  if (c.lift) {
    RC_ASSERT(significant == (c.lift->ci_low > 0.0 || c.lift->ci_high < 0.0));
    RC_ASSERT(c.lift->ci_low <= c.lift->estimate + 1e-12);
    RC_ASSERT(c.lift->estimate <= c.lift->ci_high + 1e-12);
  }
}

}  // namespace
}  // namespace assay::stats
