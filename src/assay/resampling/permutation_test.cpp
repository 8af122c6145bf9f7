#include "assay/resampling/permutation.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::resampling {
namespace {

// The same rows stand in tests/golden/resampling.py.
const std::vector<double> kControl{3.1, 4.0, 2.2, 6.3, 5.0, 1.9, 7.2, 3.3, 4.4, 2.8};
const std::vector<double> kTreatment{4.2, 5.9, 2.9, 8.8, 6.1, 3.5, 9.9, 5.2, 4.9, 7.4, 6.6, 3.8};

std::span<const double> first(const std::vector<double>& x, std::size_t n) {
  return std::span(x).first(n);
}

PermutationOptions with(PermutationStatistic statistic) {
  PermutationOptions options;
  options.statistic = statistic;
  return options;
}

double mean_difference(std::span<const double> y, std::span<const std::uint8_t> arms) {
  double sum[2] = {0, 0};
  double n[2] = {0, 0};
  for (std::size_t i = 0; i < y.size(); ++i) {
    sum[arms[i]] += y[i];
    n[arms[i]] += 1.0;
  }
  return sum[1] / n[1] - sum[0] / n[0];
}

std::vector<double> normal(std::size_t n, double mean, std::uint64_t stream) {
  const numerics::Philox philox(29, stream);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(mean + numerics::normal_quantile(philox.uniform(i)));
  return out;
}

TEST(Permutation, ExactTestsMatchScipyAndCoin) {
  // Source: scipy 1.17.1 stats.permutation_test, coin 1.4-2 oneway_test(exact());
  // tests/golden/resampling.py and .R, permutation.
  const auto studentised = with(PermutationStatistic::studentised);
  const auto difference = with(PermutationStatistic::difference);
  const auto a = *permutation_test(first(kControl, 5), first(kTreatment, 6), studentised);
  EXPECT_TRUE(a.exact);
  EXPECT_EQ(a.n_assignments, 462);
  EXPECT_NEAR(a.contrast.p_value, 0.3593073593073593, 1e-14);
  const auto b = *permutation_test(first(kControl, 5), first(kTreatment, 6), difference);
  EXPECT_NEAR(b.contrast.p_value, 0.38311688311688313, 1e-14);
  const auto c = *permutation_test(first(kControl, 7), first(kTreatment, 7), studentised);
  EXPECT_EQ(c.n_assignments, 3432);
  EXPECT_NEAR(c.contrast.p_value, 0.21678321678321677, 1e-14);
}

TEST(Permutation, IntervalMatchesInversionByBruteForce) {
  // Source: tests/golden/resampling.py, inversion (numpy, all 462 assignments at every effect).
  const auto a = *permutation_test(first(kControl, 5), first(kTreatment, 6),
                                   with(PermutationStatistic::difference));
  EXPECT_NEAR(a.contrast.ci_low, -1.5000000071268107, 2e-8);  // Ties count within 1e-9.
  EXPECT_NEAR(a.contrast.ci_high, 3.8000000073270606, 2e-8);
}

TEST(Permutation, PairsMatchScipyAndCoin) {
  // Source: scipy 1.17.1 permutation_type="samples"; coin symmetry_test(exact()): 2 / 256.
  std::vector<double> y(kControl.begin(), kControl.begin() + 8);
  y.insert(y.end(), kTreatment.begin(), kTreatment.begin() + 8);
  std::vector<std::int64_t> pair(16);
  std::vector<std::uint8_t> arms(16, 0);
  for (std::size_t i = 0; i < 16; ++i) {
    pair[i] = static_cast<std::int64_t>(i % 8);
    arms[i] = i >= 8 ? 1 : 0;
  }
  const auto mechanism = *paired_randomisation(pair, arms);
  const auto test = *randomisation_test(y, arms, mechanism, with(PermutationStatistic::difference));
  EXPECT_TRUE(test.exact);
  EXPECT_EQ(test.n_assignments, 256);
  EXPECT_NEAR(test.contrast.p_value, 0.0078125, 1e-15);
  const auto same = *randomisation_p(y, arms, mechanism, mean_difference, {});
  EXPECT_EQ(same.n_as_extreme, 2);
  EXPECT_NEAR(same.p_value, 0.0078125, 1e-15);
}

TEST(Permutation, DrawsAgreeWithEnumeration) {
  // Budget: 5 binomial standard errors of 20,000 draws.
  auto options = with(PermutationStatistic::studentised);
  const auto exact = *permutation_test(first(kControl, 7), first(kTreatment, 7), options);
  options.exact_up_to = 0;
  options.draws = 20'000;
  const auto drawn = *permutation_test(first(kControl, 7), first(kTreatment, 7), options);
  EXPECT_FALSE(drawn.exact);
  EXPECT_EQ(drawn.n_assignments, 20'001);
  const double p = exact.contrast.p_value;
  EXPECT_NEAR(drawn.contrast.p_value, p, 5 * std::sqrt(p * (1 - p) / 20'000) + 1e-4);
  options.threads = 3;
  const auto threads = *permutation_test(first(kControl, 7), first(kTreatment, 7), options);
  EXPECT_EQ(threads.contrast.p_value, drawn.contrast.p_value);
  EXPECT_EQ(threads.contrast.ci_low, drawn.contrast.ci_low);
}

TEST(Permutation, LargeSamplesAgreeWithWelch) {
  const auto c = normal(600, 0.0, 1);
  const auto t = normal(500, 0.15, 2);
  auto options = with(PermutationStatistic::studentised);
  options.draws = 19'999;
  const auto test = *permutation_test(c, t, options);
  numerics::Moments mc;
  numerics::Moments mt;
  for (const double x : c) mc.add(x);
  for (const double x : t) mt.add(x);
  const auto welch = *stats::welch(mc, mt, 0.95);
  EXPECT_NEAR(test.contrast.std_error, welch.std_error, 1e-12);
  EXPECT_NEAR(test.contrast.p_value, welch.p_value, 0.01);
  EXPECT_NEAR(test.contrast.ci_low, welch.ci_low, 0.08 * welch.std_error);
  EXPECT_NEAR(test.contrast.ci_high, welch.ci_high, 0.08 * welch.std_error);
}

TEST(Permutation, AShiftOfTreatmentShiftsTheIntervalAndNothingElse) {
  std::vector<double> shifted(kTreatment);
  for (double& x : shifted) x += 8.0;
  auto options = with(PermutationStatistic::studentised);
  options.exact_up_to = 0;
  options.draws = 999;
  const auto before = *permutation_test(kControl, kTreatment, options);
  const auto after = *permutation_test(kControl, shifted, options);
  EXPECT_NEAR(after.contrast.ci_low, before.contrast.ci_low + 8.0, 1e-6);
  EXPECT_NEAR(after.contrast.ci_high, before.contrast.ci_high + 8.0, 1e-6);
}

TEST(Permutation, FewAssignmentsGiveAnIntervalWithoutEnd) {
  const auto test = *permutation_test(first(kControl, 3), first(kTreatment, 2),
                                      with(PermutationStatistic::difference));
  EXPECT_TRUE(std::isinf(test.contrast.ci_low));
  EXPECT_EQ(test.contrast.notes[0].code, "few_assignments");
  EXPECT_GE(test.contrast.p_value, 0.05);
  EXPECT_FALSE(test.contrast.lift);
}

RC_GTEST_PROP(PermutationProperty, PAndTheIntervalsOfDifferenceAndLiftAgree, ()) {
  const auto n = *rc::gen::inRange<std::size_t>(4, 14);
  const auto m = *rc::gen::inRange<std::size_t>(4, 14);
  const auto stream = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
  const double shift = *rc::gen::inRange(-25, 26) / 10.0;
  PermutationOptions options;
  options.draws = 199;
  options.exact_up_to = 300;
  options.seed = stream;
  options.confidence_level = *rc::gen::element(0.5, 0.8, 0.9, 0.95);
  const auto test =
      permutation_test(normal(n, 5, stream), normal(m, 5 + shift, stream + 5'000'000), options);
  RC_ASSERT(test.has_value());
  const auto& x = test->contrast;
  const bool excludes = x.ci_low > 0 || x.ci_high < 0;
  RC_ASSERT((x.p_value < 1.0 - options.confidence_level) == excludes);
  if (x.lift) RC_ASSERT((x.lift->ci_low > 0 || x.lift->ci_high < 0) == excludes);
}

/// Assignments as text: "0110".
std::string text_of(std::span<const std::uint8_t> arms) {
  std::string out;
  for (const std::uint8_t arm : arms) out += arm == 0 ? '0' : '1';
  return out;
}

using Set = std::set<std::string>;

Set all_of(const Mechanism& m) {
  Set out;
  std::vector<std::uint8_t> arms(m.n_units);
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(m.n_assignments); ++i) {
    m.enumerate(i, arms);
    out.insert(text_of(arms));
  }
  return out;
}

/// Every listed assignment is drawn about equally often; chi-squared by hand, 6 standard errors.
void expect_uniform(const Mechanism& m) {
  const Set all = all_of(m);
  ASSERT_EQ(static_cast<double>(all.size()), m.n_assignments) << m.name;
  std::map<std::string, double> seen;
  std::vector<std::uint8_t> arms(m.n_units);
  constexpr int kDraws = 40'000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    m.draw(3, i, arms);
    seen[text_of(arms)] += 1.0;
  }
  const double expected = kDraws / m.n_assignments;
  double chi = 0.0;
  for (const auto& arms_listed : all) chi += std::pow(seen[arms_listed] - expected, 2) / expected;
  EXPECT_EQ(seen.size(), all.size()) << m.name;
  const double dof = m.n_assignments - 1.0;
  EXPECT_LT(chi, dof + 6 * std::sqrt(2 * dof)) << m.name;
}

TEST(Mechanism, DrawsEveryAssignmentItListsAlikeOften) {
  const std::vector<std::uint8_t> arms{0, 1, 0, 1, 1, 0, 0, 1};
  const std::vector<std::int64_t> strata{1, 1, 1, 1, 2, 2, 2, 2};
  const std::vector<std::int64_t> pairs{1, 1, 2, 2, 3, 3, 4, 4};
  const std::vector<std::uint8_t> cluster_arms{0, 0, 0, 1, 1, 0, 0, 1};
  const std::vector<std::int64_t> clusters{5, 5, 6, 7, 7, 8, 8, 9};
  expect_uniform(*complete_randomisation(7, 3));
  expect_uniform(*stratified_randomisation(strata, arms));
  expect_uniform(*paired_randomisation(pairs, arms));
  expect_uniform(*cluster_randomisation(clusters, cluster_arms));
  expect_uniform(*switchback_randomisation(pairs));
  expect_uniform(*coin_randomisation(6, 0.5));
  EXPECT_EQ(complete_randomisation(7, 3)->n_assignments, 35.0);
  EXPECT_EQ(stratified_randomisation(strata, arms)->n_assignments, 36.0);
  EXPECT_EQ(paired_randomisation(pairs, arms)->n_assignments, 16.0);
  EXPECT_EQ(cluster_randomisation(clusters, cluster_arms)->n_assignments, 10.0);
  EXPECT_EQ(switchback_randomisation(pairs)->n_assignments, 16.0);
}

TEST(Mechanism, CoinsHaveTheirProbability) {
  const auto m = *coin_randomisation(1'000, 0.1);
  EXPECT_TRUE(std::isinf(m.n_assignments));
  std::vector<std::uint8_t> arms(1'000);
  double treated = 0.0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    m.draw(1, i, arms);
    treated += std::accumulate(arms.begin(), arms.end(), 0.0);
  }
  EXPECT_NEAR(treated / 200'000, 0.1, 5 * std::sqrt(0.09 / 200'000));
}

TEST(Mechanism, RefusesAssignmentsThatItCannotHaveMade) {
  const std::vector<std::uint8_t> arms{0, 1, 1, 1};
  const std::vector<std::int64_t> crossing{1, 1, 2, 2};
  EXPECT_EQ(cluster_randomisation(crossing, arms).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(paired_randomisation(crossing, arms).error().code, ErrorCode::invalid_data);
  const std::vector<std::uint8_t> split{0, 0, 1, 1};
  EXPECT_EQ(stratified_randomisation(crossing, split).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(complete_randomisation(3, 3).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(coin_randomisation(3, 1.0).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(switchback_randomisation({}, 0.5).error().code, ErrorCode::invalid_spec);
}

TEST(Permutation, RefusesBadInput) {
  const std::vector<double> one{1.0};
  const std::vector<double> same{2, 2, 2};
  const std::vector<double> bad{1.0, std::numeric_limits<double>::infinity(), 2.0};
  const auto code = [](const Result<RandomisationTest>& r) { return r.error().code; };
  EXPECT_EQ(code(permutation_test(one, kTreatment, {})), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(permutation_test({}, kTreatment, {})), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(permutation_test(same, same, {})), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(permutation_test(bad, kTreatment, {})), ErrorCode::invalid_data);
  PermutationOptions none;
  none.draws = 0;
  EXPECT_EQ(code(permutation_test(kControl, kTreatment, none)), ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::resampling
