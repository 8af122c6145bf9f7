#include "assay/assignment/pairs.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "assay/assignment/made_numbers_test.hpp"
#include "assay/assignment/traffic.hpp"

namespace assay::assignment {
namespace {

using PairList = std::vector<std::array<std::uint32_t, 2>>;

Pairs pairs_of(const Covariates& columns, Distance distance = Distance::standardised,
               Matching matching = Matching::automatic) {
  auto pairs = match_pairs(columns, distance, matching);
  EXPECT_TRUE(pairs) << to_text(pairs.error());
  return pairs ? *pairs : Pairs{};
}

// Source of the literals: networkx 3.6.1 min_weight_matching; tests/golden/assignment.py.

TEST(Pairs, ExactOnesAreTheLeastMatchingOfNetworkx) {
  const Pairs standardised = pairs_of(made_columns(12, 3));
  EXPECT_EQ(standardised.method, "exact");
  EXPECT_NEAR(standardised.total_distance, 6.532696006102431, 1e-11);
  EXPECT_EQ(standardised.pairs, (PairList{{0, 7}, {1, 3}, {2, 10}, {4, 8}, {5, 11}, {6, 9}}));
  const Pairs mahalanobis = pairs_of(made_columns(12, 3), Distance::mahalanobis);
  EXPECT_NEAR(mahalanobis.total_distance, 6.371254152001065, 1e-11);
  const Pairs odd = pairs_of(made_columns(11, 2), Distance::raw);
  EXPECT_NEAR(odd.total_distance, 114.91650264258038, 1e-11);
  EXPECT_EQ(odd.left_out, 0U);
  EXPECT_EQ(odd.pairs.size(), 5U);
  EXPECT_NEAR(pairs_of(made_columns(20, 3)).total_distance, 8.144960200534078, 1e-11);
}

/// Least total over all pairings, by trying them.
double brute_force(const std::vector<std::vector<double>>& distance, std::vector<int>& left) {
  if (left.empty()) return 0;
  double best = std::numeric_limits<double>::infinity();
  const int first = left.front();
  for (std::size_t k = 1; k < left.size(); ++k) {
    std::vector<int> rest;
    for (std::size_t i = 1; i < left.size(); ++i)
      if (i != k) rest.push_back(left[i]);
    const auto row = static_cast<std::size_t>(first);
    best = std::min(best,
                    distance[row][static_cast<std::size_t>(left[k])] + brute_force(distance, rest));
  }
  return best;
}

TEST(Pairs, ExactOnesAreTheBestOfAllPairings) {
  for (const std::size_t n : {2U, 4U, 6U, 8U, 10U}) {
    const Covariates columns = made_columns(n, 2);
    std::vector<std::vector<double>> distance(n, std::vector<double>(n));
    std::vector<int> all;
    for (std::size_t i = 0; i < n; ++i) {
      all.push_back(static_cast<int>(i));
      for (std::size_t j = 0; j < n; ++j)
        distance[i][j] = std::hypot(columns[0][i] - columns[0][j], columns[1][i] - columns[1][j]);
    }
    EXPECT_NEAR(pairs_of(columns, Distance::raw).total_distance, brute_force(distance, all), 1e-9);
  }
}

TEST(Pairs, ExchangedOnesAreWithinAFewPerCentOfTheLeast) {
  const Pairs sixty = pairs_of(made_columns(60, 4));
  EXPECT_EQ(sixty.method, "exchange");
  EXPECT_EQ(sixty.pairs.size(), 30U);
  EXPECT_GE(sixty.total_distance, 24.544124755029816 - 1e-9);
  EXPECT_LE(sixty.total_distance, 24.544124755029816 * 1.08);
  const Pairs many = pairs_of(made_columns(200, 6), Distance::raw);
  EXPECT_GE(many.total_distance, 88.48728722251576 - 1e-9);
  EXPECT_LE(many.total_distance, 88.48728722251576 * 1.08);
}

TEST(Pairs, NoExchangeOfTwoPairsIsBetter) {
  const Covariates columns = made_columns(40, 2);
  const Pairs out = pairs_of(columns, Distance::raw, Matching::exchange);
  const auto distance = [&](std::uint32_t i, std::uint32_t j) {
    return std::hypot(columns[0][i] - columns[0][j], columns[1][i] - columns[1][j]);
  };
  for (const auto& [a, b] : out.pairs) {
    for (const auto& [c, d] : out.pairs) {
      if (a >= c) continue;
      const double now = distance(a, b) + distance(c, d);
      EXPECT_GE(distance(a, c) + distance(b, d), now - 1e-9);
      EXPECT_GE(distance(a, d) + distance(b, c), now - 1e-9);
    }
  }
}

TEST(Pairs, ADrawTreatsOneOfEachPair) {
  const Pairs pairs = pairs_of(made_columns(11, 2), Distance::raw);
  const auto design = paired(pairs, 11);
  ASSERT_TRUE(design);
  int first_treated = 0;
  for (std::uint64_t draw = 0; draw < 1'000; ++draw) {
    const auto arms = draw_arms(*design, 1, draw);
    for (const auto& [a, b] : pairs.pairs) ASSERT_EQ(arms[a] + arms[b], 1);
    ASSERT_EQ(arms[*pairs.left_out], kNoArm);
    first_treated += arms[pairs.pairs[0][0]];
  }
  EXPECT_NEAR(first_treated, 500, 5 * std::sqrt(250.0));
}

TEST(Pairs, RefuseWhatCannotBePaired) {
  EXPECT_FALSE(match_pairs({}, Distance::raw));
  EXPECT_FALSE(match_pairs({{1, std::nan("")}}, Distance::raw));
  EXPECT_FALSE(match_pairs(made_columns(22, 2), Distance::raw, Matching::exact));
  EXPECT_FALSE(match_pairs(made_columns(5'001, 1), Distance::raw));
  EXPECT_FALSE(paired(Pairs{{{0, 9}}, std::nullopt, 0, "exact"}, 4));
}

}  // namespace
}  // namespace assay::assignment
