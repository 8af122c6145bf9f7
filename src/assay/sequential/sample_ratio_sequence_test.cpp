#include "assay/sequential/sample_ratio_sequence.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace assay::sequential {
namespace {

using Counts = std::vector<std::vector<std::int64_t>>;

double log_e(const std::vector<std::int64_t>& counts, const std::vector<double>& weights,
             double concentration) {
  return sample_ratio_sequence(Counts{counts}, {weights, 0.001, concentration})->back().log_e_value;
}

TEST(SampleRatioSequence, MatchesSsrm) {
  // Source: ssrm-test 0.1.5, sequential_posteriors(counts, weights, dirichlet_concentration),
  // log_bayes_factor; regenerate with tests/golden/sequential.py.
  EXPECT_NEAR(log_e({5000, 5200}, {0.5, 0.5}, 10000), 0.638602826395072, 1e-8);
  EXPECT_NEAR(log_e({5000, 5200}, {0.5, 0.5}, 100), -0.377782003561151, 1e-8);
  EXPECT_NEAR(log_e({1000, 2100, 990}, {1, 2, 1}, 10000), 0.0975885510306398, 1e-8);
  EXPECT_NEAR(log_e({1000, 2100, 990}, {1, 2, 1}, 100), -2.26035467134716, 1e-8);
  EXPECT_NEAR(log_e({500100, 498000}, {0.5, 0.5}, 10000), -0.119356768205762, 1e-6);
  EXPECT_NEAR(log_e({500100, 498000}, {0.5, 0.5}, 100), -2.39778908155859, 1e-6);
}

TEST(SampleRatioSequence, SmallPriorsMatchTheExactProduct) {
  // Beta-binomial by hand: a = b = 1 (uniform), 3 and 2 units: B(4, 3) / B(1, 1) / 2^-5.
  EXPECT_NEAR(log_e({3, 2}, {1, 1}, 2.0), std::log(32.0 / 60.0), 1e-13);
  EXPECT_NEAR(log_e({30, 2}, {3, 1}, 0.5),
              std::lgamma(0.375 + 30) - std::lgamma(0.375) + std::lgamma(0.125 + 2) -
                  std::lgamma(0.125) - std::lgamma(32.5) + std::lgamma(0.5) - 30 * std::log(0.75) -
                  2 * std::log(0.25),
              1e-11);
}

TEST(SampleRatioSequence, TheEValueIsAMartingaleUnderThePlan) {
  // Exactly: the expectation of e after one more unit is e before it.
  const std::vector<double> weights{0.2, 0.5, 0.3};
  const std::vector<std::int64_t> counts{13, 41, 22};
  double expected = 0.0;
  for (std::size_t a = 0; a < 3; ++a) {
    auto more = counts;
    ++more[a];
    expected += weights[a] * std::exp(log_e(more, weights, 50));
  }
  EXPECT_NEAR(expected, std::exp(log_e(counts, weights, 50)), 1e-12);
}

TEST(SampleRatioSequence, AnArmOfZeroWeightRaisesALeakAndNothingElse) {
  const auto plain = sample_ratio_sequence(Counts{{5000, 5200}}, {{0.5, 0.5}})->back();
  const auto empty = sample_ratio_sequence(Counts{{5000, 5200, 0}}, {{0.5, 0.5, 0}})->back();
  EXPECT_NEAR(plain.log_e_value, empty.log_e_value, 1e-12);
  EXPECT_FALSE(empty.mismatch);
  const auto leak = sample_ratio_sequence(Counts{{5000, 5000, 3}}, {{0.5, 0.5, 0}})->back();
  EXPECT_TRUE(leak.leak && leak.mismatch);
  EXPECT_EQ(leak.leaked, 3);
}

TEST(SampleRatioSequence, AnAlarmStays) {
  const auto got = *sample_ratio_sequence(Counts{{1000, 1000}, {10'000, 11'500}, {30'000, 30'200}},
                                          {{0.5, 0.5}});
  EXPECT_FALSE(got[0].mismatch);
  EXPECT_TRUE(got[1].mismatch);
  EXPECT_GT(got[2].p_value, 0.001);
  EXPECT_TRUE(got[2].mismatch);
}

TEST(SampleRatioSequence, ABillionUnitsKeepTheirDigits) {
  // Against the plain difference of log-gammas in 80-bit arithmetic.
  const std::vector<std::int64_t> counts{500'000'000, 500'070'000};
  const auto rise = [](long double a, long double n) { return lgammal(a + n) - lgammal(a); };
  const long double wanted = rise(5000, 500'000'000) + rise(5000, 500'070'000) -
                             rise(10'000, 1'000'070'000) + 1'000'070'000 * logl(2.0L);
  EXPECT_NEAR(log_e(counts, {1, 1}, 10'000), static_cast<double>(wanted), 1e-5);
}

TEST(SampleRatioSequence, NonsenseIsRefused) {
  const SampleRatioPlan plan{{0.5, 0.5}};
  EXPECT_EQ(sample_ratio_sequence(Counts{}, plan).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(sample_ratio_sequence(Counts{{1, 2, 3}}, plan).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(sample_ratio_sequence(Counts{{5, 5}, {4, 9}}, plan).error().code,
            ErrorCode::invalid_data);
  EXPECT_EQ(sample_ratio_sequence(Counts{{0, 0}}, plan).error().code,
            ErrorCode::undefined_statistic);
  EXPECT_EQ(sample_ratio_sequence(Counts{{1, 1}}, {{1, 0}}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(sample_ratio_sequence(Counts{{1, 1}}, {{1, 1}, 0.0}).error().code,
            ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::sequential
