#include "assay/assignment/checks.hpp"

#include <gmock/gmock.h>

#include <string>

#include "assay/assignment/traffic.hpp"

namespace assay::assignment {
namespace {

// Source of the literals: scipy 1.17.1 stats.chisquare and chi2_contingency(correction = False);
// tests/golden/assignment.py.

TEST(Checks, CountsAreTestedLikeScipy) {
  const std::int64_t counts[] = {16, 18, 16, 14, 12, 12};
  const double expected[] = {16, 16, 16, 16, 16, 8};
  const CountTest test = count_test(counts, expected);
  EXPECT_NEAR(test.chi_squared, 3.5, 1e-12);
  EXPECT_NEAR(test.p_value, 0.6233876277495822, 1e-12);
  const std::int64_t table[] = {10, 20, 30, 40, 35, 25};
  const CountTest contingency = table_test(table, 2, 3);
  EXPECT_NEAR(contingency.chi_squared, 13.381818181818181, 1e-11);
  EXPECT_NEAR(contingency.p_value, 0.0012421530294924777, 1e-12);
  EXPECT_EQ(contingency.degrees_of_freedom, 2.0);
}

TEST(Checks, EmptyRowsAndColumnsHaveNoDegreesOfFreedom) {
  const std::int64_t with_empty[] = {10, 0, 20, 0, 0, 0, 35, 0, 25};
  const std::int64_t without[] = {10, 20, 35, 25};
  const CountTest a = table_test(with_empty, 3, 3);
  const CountTest b = table_test(without, 2, 2);
  EXPECT_EQ(a.degrees_of_freedom, 1.0);
  EXPECT_EQ(a.chi_squared, b.chi_squared);
  EXPECT_EQ(a.p_value, b.p_value);
}

std::vector<double> positions_of(const HashRule& rule, int n, const char* prefix = "user_") {
  std::vector<double> out;
  for (int i = 0; i < n; ++i) out.push_back(hash_unit(rule, prefix + std::to_string(i)).position);
  return out;
}

TEST(Checks, HashesAreEvenAndSkewedPositionsAreNot) {
  for (const auto method :
       {HashMethod::assay, HashMethod::growthbook_v2, HashMethod::murmur3, HashMethod::planout}) {
    HashRule rule;
    rule.method = method;
    rule.salt = "even";
    const auto even = uniformity(positions_of(rule, 100'000), 100);
    ASSERT_TRUE(even);
    EXPECT_GT(even->test.p_value, 1e-5) << to_text(method);
  }
  HashRule rule;
  rule.salt = "even";
  auto skewed = positions_of(rule, 100'000);
  for (double& position : skewed) position = position * position;
  EXPECT_LT(uniformity(skewed, 100)->test.log10_p, -100);
}

TEST(Checks, PositionsOnAnEdgeCountAbove) {
  std::vector<double> positions;
  for (int i = 0; i < 10'000; ++i) positions.push_back(i / 1e4);
  const auto even = uniformity(positions, 100);
  ASSERT_TRUE(even);
  for (const std::int64_t count : even->counts) EXPECT_EQ(count, 100);
}

std::vector<std::uint8_t> arms_of(const HashRule& rule, int n) {
  std::vector<std::uint8_t> arms;
  for (const double position : positions_of(rule, n)) arms.push_back(position < 0.5 ? 0 : 1);
  return arms;
}

TEST(Checks, TwoSaltsAreIndependentAndOneSaltIsNot) {
  HashRule first;
  first.salt = "first";
  HashRule second;
  second.salt = "second";
  const auto a = arms_of(first, 50'000);
  const auto b = arms_of(second, 50'000);
  const auto fine = independence(a, 2, b, 2);
  ASSERT_TRUE(fine);
  EXPECT_GT(fine->test.p_value, 1e-5);
  EXPECT_LT(fine->cramers_v, 0.02);
  EXPECT_EQ(fine->n, 50'000);
  const auto same = independence(a, 2, a, 2);
  EXPECT_NEAR(same->cramers_v, 1.0, 1e-12);
  EXPECT_LT(same->test.log10_p, -1'000);
}

TEST(Checks, FindTheCorrelationOfGrowthBooksFirstHash) {
  // Salts that differ in their last letter only: FNV-1a's last step multiplies once, so the
  // positions of two experiments move together. This is why its second version hashes twice.
  HashRule first{HashMethod::growthbook_v1, "exp-1", {}};
  HashRule second{HashMethod::growthbook_v1, "exp-2", {}};
  const auto weak = independence(arms_of(first, 20'000), 2, arms_of(second, 20'000), 2);
  ASSERT_TRUE(weak);
  EXPECT_LT(weak->test.log10_p, -10);
  first.method = second.method = HashMethod::growthbook_v2;
  const auto mended = independence(arms_of(first, 20'000), 2, arms_of(second, 20'000), 2);
  EXPECT_GT(mended->test.p_value, 1e-5);
}

TEST(Checks, RefuseTooLittle) {
  EXPECT_FALSE(uniformity(std::vector<double>(100, 0.5), 100));
  EXPECT_FALSE(uniformity(std::vector<double>(100, 0.5), 1));
  const std::vector<std::uint8_t> a{0, 1, 0, 1};
  EXPECT_FALSE(independence(a, 2, a, 2));
  EXPECT_FALSE(independence(a, 2, std::vector<std::uint8_t>{0, 1}, 2));
  EXPECT_FALSE(
      independence(std::vector<std::uint8_t>(50, kNoArm), 2, std::vector<std::uint8_t>(50, 0), 2));
}

}  // namespace
}  // namespace assay::assignment
