#include "assay/resampling/replicate_totals.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/resampling/detail/poisson_kernel.hpp"

namespace assay::resampling {
namespace {

using detail::kBlockUnits;
using detail::SimdPath;

constexpr std::array kPaths{SimdPath::portable, SimdPath::avx2, SimdPath::avx512};

std::vector<double> lognormal(std::size_t n, std::uint64_t stream) {
  const numerics::Philox philox(11, stream);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) {
    const double z = std::sqrt(-2.0 * std::log(philox.uniform(2 * i))) *
                     std::cos(6.283185307179586 * philox.uniform(2 * i + 1));
    out.push_back(std::exp(z));
  }
  return out;
}

/// Upper tail of a chi-squared statistic of counts against probabilities.
double p_of_counts(std::span<const double> counts, std::span<const double> probability, double n) {
  double chi = 0.0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const double expected = n * probability[k];
    chi += (counts[k] - expected) * (counts[k] - expected) / expected;
  }
  return numerics::chi_squared_sf(chi, static_cast<double>(counts.size()) - 1.0);
}

TEST(PoissonWeights, HaveTheProbabilitiesOfPoissonOne) {
  // Budget: one chi-squared test of 12 classes at 1e-6 either side; the seed is fixed.
  const auto kernel = detail::poisson_kernel(detail::best_simd_path());
  auto lanes = detail::lanes_at({.seed = 3}, 0);
  detail::WeightBlock block;
  std::array<double, 10> counts{};
  constexpr int kBlocks = 20'000;
  for (int b = 0; b < kBlocks; ++b) {
    kernel.weights(lanes, block);
    for (const std::int16_t w : block.weight) counts[std::min<std::size_t>(9, w)] += 1.0;
  }
  std::array<double, 10> probability{};
  double p = std::exp(-1.0);
  double sum = 0.0;
  for (std::size_t k = 0; k < 9; ++k) {
    probability[k] = p;
    sum += p;
    p /= static_cast<double>(k + 1);
  }
  probability[9] = 1.0 - sum;
  const double tail = p_of_counts(counts, probability, double{kBlocks} * kBlockUnits);
  EXPECT_GT(tail, 1e-6);
  EXPECT_LT(tail, 1.0 - 1e-6);
}

TEST(PoissonWeights, OfNeighboursAndOfReplicatesDoNotLeanOnEachOther) {
  // Budget: 12 correlations of 2 million pairs, each within 5 standard errors (7e-6 in all).
  const auto kernel = detail::poisson_kernel(detail::best_simd_path());
  constexpr int kBlocks = 500;
  const std::array<std::size_t, 6> lags{1, 2, 8, 32, 64, 512};
  std::array<double, 6> within{};
  std::array<double, 6> between{};
  auto first = detail::lanes_at({.seed = 3, .replicate = 0}, 0);
  auto second = detail::lanes_at({.seed = 3, .replicate = 1}, 0);
  detail::WeightBlock a;
  detail::WeightBlock b;
  for (int block = 0; block < kBlocks; ++block) {
    kernel.weights(first, a);
    kernel.weights(second, b);
    for (std::size_t l = 0; l < lags.size(); ++l) {
      for (std::size_t i = 0; i < kBlockUnits; ++i) {
        const std::size_t j = (i + lags[l]) % kBlockUnits;
        const std::size_t same = (i + lags[l] - 1) % kBlockUnits;
        within[l] += (a.weight[i] - 1.0) * (a.weight[j] - 1.0);
        between[l] += (a.weight[i] - 1.0) * (b.weight[same] - 1.0);
      }
    }
  }
  const double limit = 5.0 * std::sqrt(double{kBlocks} * kBlockUnits);
  for (const double sum : within) EXPECT_LT(std::abs(sum), limit);
  for (const double sum : between) EXPECT_LT(std::abs(sum), limit);
}

TEST(PoissonWeights, RandomBytesAndTheirPairsAreUniform) {
  // Budget: two chi-squared tests at 1e-6 either side.
  detail::RandomWords random({.seed = 5, .purpose = detail::Purpose::permutation});
  std::vector<double> bytes(256, 0.0);
  std::vector<double> pairs(65'536, 0.0);
  constexpr int kWords = 1'000'000;
  for (int i = 0; i < kWords; ++i) {
    const std::uint64_t w = random.next();
    for (unsigned k = 0; k < 8; ++k) bytes[(w >> (8 * k)) & 0xFF] += 1.0;
    for (unsigned k = 0; k < 4; ++k) pairs[(w >> (16 * k)) & 0xFFFF] += 1.0;
  }
  const double p_bytes = p_of_counts(bytes, std::vector<double>(256, 1.0 / 256), 8.0 * kWords);
  const double p_pairs =
      p_of_counts(pairs, std::vector<double>(65'536, 1.0 / 65'536), 4.0 * kWords);
  EXPECT_GT(p_bytes, 1e-6);
  EXPECT_LT(p_bytes, 1.0 - 1e-6);
  EXPECT_GT(p_pairs, 1e-6);
  EXPECT_LT(p_pairs, 1.0 - 1e-6);
}

TEST(PoissonWeights, LaneZeroIsThePublishedGenerator) {
  // Source: xoshiro256plusplus.c of prng.di.unimi.it, state {1, 2, 3, 4}: first outputs.
  detail::Lanes lanes;
  for (std::size_t k = 0; k < 4; ++k) lanes.word[k].fill(k + 1);
  // 41943041 = rotl(1 + 4, 23) + 1: the first output, and the bytes of the first eight weights.
  const auto kernel = detail::poisson_kernel(SimdPath::portable);
  detail::WeightBlock block;
  kernel.weights(lanes, block);
  const std::uint64_t first = 41'943'041;
  for (unsigned i = 0; i < 8; ++i) {
    const auto byte = (first >> (8 * i)) & 0xFF;
    const int expected = (byte >= 94) + (byte >= 188) + (byte >= 235) + (byte >= 250);
    ASSERT_LT(byte, 253U);
    EXPECT_EQ(block.weight[i], expected);
  }
}

TEST(PoissonWeights, AreTheSameBitsOnEveryInstructionSet) {
  auto values = std::make_unique<detail::LimbBlock>();
  const auto data = lognormal(kBlockUnits, 4);
  for (std::size_t i = 0; i < kBlockUnits; ++i)
    detail::set_limbs(*values, i, std::llround((data[i] - 1.5) * 1e10));
  std::int64_t direct = 0;
  const auto portable = detail::poisson_kernel(SimdPath::portable);
  for (const SimdPath path : kPaths) {
    if (!detail::runs(path)) continue;
    const auto kernel = detail::poisson_kernel(path);
    auto lanes = detail::lanes_at({.seed = 9, .sample = 1, .replicate = 7}, 2);
    auto expected_lanes = lanes;
    detail::WeightBlock block;
    detail::WeightBlock expected;
    for (int b = 0; b < 50; ++b) {
      kernel.weights(lanes, block);
      portable.weights(expected_lanes, expected);
      ASSERT_EQ(block.weight, expected.weight);
    }
    ASSERT_EQ(lanes.word, expected_lanes.word);
    direct = 0;
    for (std::size_t i = 0; i < kBlockUnits; ++i)
      direct += block.weight[i] * std::llround((data[i] - 1.5) * 1e10);
    EXPECT_EQ(kernel.weighted_sum(block, *values), direct);
    std::int64_t sum = 0;
    for (const std::int16_t w : block.weight) sum += w;
    EXPECT_EQ(kernel.total(block), sum);
  }
}

TEST(PoissonTotals, AreTheSumsOfTheWeightsOfEachUnit) {
  // A different way: columns that are 1 for one unit alone give that unit's weight.
  const std::size_t n = 5'000;
  const auto y = lognormal(n, 1);
  const ReplicateOptions options{.replicates = 3, .seed = 21};
  std::vector<double> chosen(n, 0.0);
  const auto totals = *poisson_totals({y}, options);
  std::vector<double> sums(3, 0.0);
  std::vector<double> weight(3, 0.0);
  const auto kernel = detail::poisson_kernel(SimdPath::portable);
  for (std::size_t r = 0; r < 3; ++r) {
    auto lanes = detail::lanes_at({.seed = 21, .replicate = r}, 0);
    for (std::size_t begin = 0; begin < n; begin += kBlockUnits) {
      detail::WeightBlock block;
      kernel.weights(lanes, block);
      for (std::size_t i = begin; i < std::min(n, begin + kBlockUnits); ++i) {
        sums[r] += y[i] * block.weight[i - begin];
        weight[r] += block.weight[i - begin];
      }
    }
    EXPECT_EQ(totals.of(r)[0], weight[r]);
    EXPECT_NEAR(totals.of(r)[1], sums[r], 1e-9 * sums[r]);
  }
}

TEST(PoissonTotals, AreTheSameBitsForAnyNumberOfThreads) {
  const auto y = lognormal(70'000, 1);
  const auto d = lognormal(70'000, 2);
  ReplicateOptions options{.replicates = 40, .seed = 2};
  const auto one = *poisson_totals({y, d}, options);
  const auto drawn = *multinomial_totals({y, d}, options);
  for (const int threads : {2, 3, 8}) {
    options.threads = threads;
    EXPECT_EQ(poisson_totals({y, d}, options)->totals, one.totals);
    EXPECT_EQ(multinomial_totals({y, d}, options)->totals, drawn.totals);
  }
}

TEST(PoissonTotals, OfOneColumnDoNotDependOnTheOthers) {
  const auto y = lognormal(9'000, 1);
  const auto d = lognormal(9'000, 2);
  const ReplicateOptions options{.replicates = 20, .seed = 2};
  const auto alone = *poisson_totals({d}, options);
  const auto both = *poisson_totals({y, d}, options);
  for (std::size_t r = 0; r < 20; ++r) EXPECT_EQ(alone.of(r)[1], both.of(r)[2]);
}

TEST(PoissonTotals, HaveTheMeanAndVarianceOfTheory) {
  // Sum of w x has mean sum x and variance sum x^2; budget 5 standard errors each.
  const auto y = lognormal(20'000, 1);
  const auto totals = *poisson_totals({y}, {.replicates = 4'000, .seed = 8});
  double squares = 0.0;
  for (const double x : y) squares += x * x;
  double mean = 0.0;
  for (std::size_t r = 0; r < 4'000; ++r) mean += totals.of(r)[1] / 4'000.0;
  double variance = 0.0;
  for (std::size_t r = 0; r < 4'000; ++r) variance += std::pow(totals.of(r)[1] - mean, 2) / 3'999.0;
  EXPECT_NEAR(mean, totals.observed[1], 5.0 * std::sqrt(squares / 4'000.0));
  EXPECT_NEAR(variance / squares, 1.0, 5.0 * std::sqrt(2.0 / 4'000.0));
}

TEST(MultinomialTotals, DrawEveryUnitAlikeOften) {
  // n = 4: the total of a replicate is a sum of 4 draws; exact distribution by enumeration of the
  // 256 samples. Budget: chi-squared at 1e-6.
  const std::vector<double> y{1.0, 10.0, 100.0, 1000.0};
  const auto totals = *multinomial_totals({y}, {.replicates = 50'000, .seed = 4});
  std::map<double, double> expected;
  for (int i = 0; i < 256; ++i)
    expected[y[i & 3] + y[(i >> 2) & 3] + y[(i >> 4) & 3] + y[i >> 6]] += 1.0 / 256;
  std::map<double, double> seen;
  for (std::size_t r = 0; r < 50'000; ++r) seen[totals.of(r)[1]] += 1.0;
  std::vector<double> counts;
  std::vector<double> probability;
  for (const auto& [value, share] : expected) {
    probability.push_back(share);
    counts.push_back(seen[value]);
  }
  EXPECT_EQ(seen.size(), expected.size());
  EXPECT_GT(p_of_counts(counts, probability, 50'000.0), 1e-6);
}

TEST(ReplicateTotals, RefuseBadInput) {
  const std::vector<double> good{1.0, 2.0, 3.0};
  const std::vector<double> shorter{1.0, 2.0};
  const std::vector<double> bad{1.0, std::numeric_limits<double>::infinity(), 3.0};
  const std::vector<double> one{1.0};
  EXPECT_EQ(poisson_totals({}, {}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(poisson_totals({good, shorter}, {}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(poisson_totals({good}, {.replicates = 0}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(poisson_totals({bad}, {}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(poisson_totals({one}, {}).error().code, ErrorCode::undefined_statistic);
  const std::atomic<bool> stop{true};
  Progress progress;
  progress.stop = &stop;
  EXPECT_EQ(poisson_totals({good}, {}, progress).error().code, ErrorCode::interrupted);
}

}  // namespace
}  // namespace assay::resampling
