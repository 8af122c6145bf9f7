#include "assay/assignment/design.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "assay/assignment/made_numbers_test.hpp"
#include "assay/numerics/distributions.hpp"

namespace assay::assignment {
namespace {

// Source of the literals: numpy 2.4.6, scipy 1.17.1; tests/golden/assignment.py.

template <class T>
T value_of(Result<T> result) {
  EXPECT_TRUE(result) << to_text(result.error());
  return std::move(*result);
}

std::vector<int> counts_of(std::span<const std::uint8_t> arms, std::size_t n_arms) {
  std::vector<int> counts(n_arms, 0);
  for (const std::uint8_t arm : arms) ++counts.at(arm);
  return counts;
}

std::string text_of(std::span<const std::uint8_t> arms) {
  std::string text;
  for (const std::uint8_t arm : arms) text += static_cast<char>('0' + arm);
  return text;
}

TEST(Design, DrawsAreFunctionsOfSeedAndDraw) {
  const Design design = value_of(complete(100, {0.5, 0.5}));
  EXPECT_EQ(draw_arms(design, 7, 3), draw_arms(design, 7, 3));
  EXPECT_NE(draw_arms(design, 7, 3), draw_arms(design, 7, 4));
  EXPECT_NE(draw_arms(design, 7, 3), draw_arms(design, 8, 3));
  std::vector<std::uint8_t> arms(100);
  replayer(design, 7)(3, arms);
  EXPECT_EQ(arms, draw_arms(design, 7, 3));
}

TEST(Design, CompleteHasExactSizesAndEqualChances) {
  const Design design = value_of(complete(10, {0.5, 0.3, 0.2}));
  std::array<int, 10> first_arm{};
  for (std::uint64_t draw = 0; draw < 4'000; ++draw) {
    const auto arms = draw_arms(design, 1, draw);
    ASSERT_EQ(counts_of(arms, 3), (std::vector<int>{5, 3, 2}));
    for (std::size_t i = 0; i < 10; ++i) first_arm[i] += arms[i] == 0 ? 1 : 0;
  }
  // 10 binomials of 4,000: 5 standard deviations, false alarm below 1e-5.
  for (const int count : first_arm) EXPECT_NEAR(count, 2'000, 5 * std::sqrt(1'000.0));
}

TEST(Design, RemaindersAreDrawnSoThatTheChanceIsTheWeight) {
  const Design design = value_of(complete(3, {0.5, 0.5}));
  std::array<int, 3> treated{};
  std::map<int, int> sizes;
  for (std::uint64_t draw = 0; draw < 8'000; ++draw) {
    const auto arms = draw_arms(design, 2, draw);
    ++sizes[counts_of(arms, 2)[1]];
    for (std::size_t i = 0; i < 3; ++i) treated[i] += arms[i];
  }
  EXPECT_EQ(sizes.size(), 2U);
  EXPECT_TRUE(sizes.contains(1) && sizes.contains(2));
  for (const int count : treated) EXPECT_NEAR(count, 4'000, 5 * std::sqrt(2'000.0));
}

TEST(Design, EveryOrderOfACompleteDesignComesEquallyOften) {
  const Design design = value_of(complete(4, {0.5, 0.5}));
  std::map<std::string, int> seen;
  for (std::uint64_t draw = 0; draw < 6'000; ++draw) ++seen[text_of(draw_arms(design, 3, draw))];
  ASSERT_EQ(seen.size(), 6U);  // 4 choose 2.
  double chi_squared = 0;
  for (const auto& [arms, count] : seen) chi_squared += (count - 1e3) * (count - 1e3) / 1e3;
  EXPECT_GT(numerics::chi_squared_sf(chi_squared, 5), 1e-6);
}

TEST(Design, StrataAreSplitEachByItself) {
  std::vector<std::uint32_t> strata;
  for (std::uint32_t i = 0; i < 60; ++i) strata.push_back(i % 5 == 0 ? 0 : 1);
  const Design design = value_of(stratified(strata, {0.5, 0.5}));
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    const auto arms = draw_arms(design, 4, draw);
    int treated_small = 0;
    int treated = 0;
    for (std::size_t i = 0; i < 60; ++i) {
      treated += arms[i];
      treated_small += strata[i] == 0 ? arms[i] : 0;
    }
    ASSERT_EQ(treated, 30);
    ASSERT_EQ(treated_small, 6);
  }
}

TEST(Design, BlocksAreSplitInTheOrderOfArrival) {
  const std::vector<std::uint32_t> strata(22, 0);
  const Design design = value_of(stratified(strata, {0.5, 0.5}, 4));
  std::set<std::string> blocks;
  for (std::uint64_t draw = 0; draw < 100; ++draw) {
    const auto arms = draw_arms(design, 5, draw);
    for (std::size_t at = 0; at + 4 <= 20; at += 4) {
      const std::vector<std::uint8_t> block(arms.begin() + static_cast<std::ptrdiff_t>(at),
                                            arms.begin() + static_cast<std::ptrdiff_t>(at + 4));
      ASSERT_EQ(counts_of(block, 2)[1], 2);
      blocks.insert(text_of(block));
    }
    ASSERT_EQ(arms[20] + arms[21], 1);
  }
  EXPECT_EQ(blocks.size(), 6U);
}

TEST(Design, ClustersStayWhole) {
  std::vector<std::uint32_t> clusters;
  for (std::uint32_t i = 0; i < 100; ++i) clusters.push_back(i * 7 % 10);
  const Design design = value_of(clustered(value_of(complete(10, {0.5, 0.5})), clusters));
  EXPECT_EQ(design.method, "complete clusters");
  for (std::uint64_t draw = 0; draw < 50; ++draw) {
    const auto arms = draw_arms(design, 6, draw);
    std::array<std::set<int>, 10> of_cluster;
    for (std::size_t i = 0; i < 100; ++i) of_cluster[clusters[i]].insert(arms[i]);
    for (const auto& each : of_cluster) ASSERT_EQ(each.size(), 1U);
    ASSERT_EQ(counts_of(arms, 2)[1], 50);
  }
  EXPECT_FALSE(clustered(value_of(complete(3, {0.5, 0.5})), clusters));
  EXPECT_FALSE(clustered(value_of(complete(11, {0.5, 0.5})), clusters));
}

TEST(Imbalance, IsTheMahalanobisDistanceOfTheArms) {
  const Imbalance imbalance = value_of(Imbalance::of(made_columns(12, 3)));
  EXPECT_EQ(imbalance.rank(), 3U);
  std::vector<std::uint8_t> two;
  std::vector<std::uint8_t> three;
  for (int i = 0; i < 12; ++i) {
    two.push_back(static_cast<std::uint8_t>(i % 2));
    three.push_back(static_cast<std::uint8_t>(i % 3));
  }
  EXPECT_NEAR(imbalance(two, 2), 0.6405073674682336, 1e-12);
  EXPECT_NEAR(imbalance(three, 3), 3.6996571009543944, 1e-12);
}

TEST(Imbalance, DoesNotChangeWithTheUnitsOfMeasureOrWithRepeatedColumns) {
  Covariates columns = made_columns(30, 2);
  const Imbalance plain = value_of(Imbalance::of(columns));
  columns.push_back(std::vector<double>(30, 4.2));
  columns.push_back(columns[0]);
  for (std::size_t i = 0; i < 30; ++i) columns[3][i] = 1e6 + 1e-3 * columns[0][i] + columns[1][i];
  const Imbalance more = value_of(Imbalance::of(columns));
  EXPECT_EQ(more.rank(), 2U);
  const auto arms = draw_arms(value_of(complete(30, {0.5, 0.5})), 1, 0);
  EXPECT_NEAR(more(arms, 2), plain(arms, 2), 1e-9);
}

TEST(Imbalance, RefusesWhatHasNoBalance) {
  EXPECT_EQ(Imbalance::of({}).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(Imbalance::of({{1, 1, 1}}).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(Imbalance::of({{1, 2}, {1, 2, 3}}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(Imbalance::of({{1, INFINITY}}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(Imbalance::of({{1, std::nan("")}}).error().code, ErrorCode::invalid_data);
}

TEST(Rerandomised, ThresholdAndGainAreThoseOfMorganAndRubin) {
  struct Case {
    std::size_t columns;
    double acceptance, threshold, variance_share;
  };
  const Case kCases[] = {{1, 0.01, 0.00015708785790970184, 5.236152257387782e-05},
                         {3, 0.1, 0.5843743741551835, 0.11292514608722432},
                         {10, 0.001, 1.4787434638356647, 0.12092100601149834}};
  for (const Case& each : kCases) {
    const auto out = value_of(rerandomised(value_of(complete(100, {0.5, 0.5})),
                                           made_columns(100, each.columns), each.acceptance));
    EXPECT_NEAR(out.threshold, each.threshold, 1e-9 * each.threshold);
    EXPECT_NEAR(out.variance_share, each.variance_share, 1e-9);
    EXPECT_EQ(out.degrees_of_freedom, static_cast<double>(each.columns));
  }
}

TEST(Rerandomised, EveryDrawIsBalancedAndTheVarianceFallsAsPromised) {
  const auto columns = made_columns(200, 2);
  const Design plain = value_of(complete(200, {0.5, 0.5}));
  const auto out = value_of(rerandomised(plain, columns, 0.1));
  const Imbalance imbalance = value_of(Imbalance::of(columns));
  const auto difference = [&](std::span<const std::uint8_t> arms) {
    double sum = 0;
    for (std::size_t i = 0; i < arms.size(); ++i)
      sum += arms[i] != 0 ? columns[0][i] : -columns[0][i];
    return sum / 100;
  };
  double before = 0;
  double after = 0;
  constexpr std::uint64_t kDraws = 3'000;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    const auto arms = draw_arms(out.design, 9, draw);
    ASSERT_LE(imbalance(arms, 2), out.threshold);
    ASSERT_EQ(counts_of(arms, 2)[1], 100);
    const double x = difference(arms);
    const double y = difference(draw_arms(plain, 9, draw));
    after += x * x;
    before += y * y;
  }
  // Relative standard error of a variance from 3,000 draws 2.6 %; the ratio's 3.7 %; five of them.
  EXPECT_NEAR(after / before / out.variance_share, 1.0, 0.19);
  EXPECT_NEAR(out.accepted_share, 0.1, 0.05);
}

TEST(Rerandomised, RefusesABalanceThatCannotBe) {
  const Design four = value_of(complete(4, {0.5, 0.5}));
  const auto none = rerandomised(four, {{0, 1, 10, 100}}, 0.001);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::undefined_statistic);
  EXPECT_FALSE(rerandomised(four, {{0, 1, 10, 100}}, 0.0));
  EXPECT_FALSE(rerandomised(four, {{0, 1, 10, 100}}, 1.5));
  EXPECT_FALSE(rerandomised(four, {{0, 1, 10}}, 0.5));
  EXPECT_TRUE(rerandomised(four, {{0, 1, 10, 100}}, 1.0));
}

TEST(BestOf, TakesTheMostBalancedOfItsTries) {
  const auto columns = made_columns(50, 3);
  const Design plain = value_of(independent(50, {0.5, 0.5}));
  const Imbalance imbalance = value_of(Imbalance::of(columns));
  const Design best = value_of(best_of(plain, columns, 4));
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    double least = INFINITY;
    for (std::uint64_t attempt = 0; attempt < 16; ++attempt)
      least = std::min(least, imbalance(draw_arms(plain, 3, (draw << 24) + attempt), 2));
    EXPECT_EQ(imbalance(draw_arms(best, 3, draw), 2), least);
  }
  EXPECT_EQ(best.method, "best of 16 independent");
  EXPECT_FALSE(best_of(plain, columns, 17));
}

TEST(Design, RefusesWhatCannotBeDrawn) {
  EXPECT_FALSE(complete(1, {0.5, 0.5}));
  EXPECT_FALSE(complete(10, {1.0}));
  EXPECT_FALSE(complete(10, {0.5, 0.4}));
  EXPECT_FALSE(complete(10, {1.5, -0.5}));
  EXPECT_FALSE(independent(0, {0.5, 0.5}));
  const std::vector<std::uint32_t> strata(10, 0);
  EXPECT_FALSE(stratified(strata, {0.5, 0.5}, 1));
}

}  // namespace
}  // namespace assay::assignment
