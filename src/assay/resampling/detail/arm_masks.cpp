#include "assay/resampling/detail/arm_masks.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "assay/resampling/detail/subset_kernel.hpp"

namespace assay::resampling::detail {
namespace {

/// Words before the stream of a draw starts anew: 65,536 rows.
constexpr std::size_t kStreamWords = 1024;

/// Streams of corrections stand apart from those of coins.
constexpr std::uint32_t kCorrections = 0x80000;

StreamKey key_of(const AssignmentRule& rule, std::uint64_t draw, std::uint32_t sample) {
  return {rule.seed, Purpose::assignment, sample, draw};
}

/// The probability of arm k among rows that no arm 1..k-1 took, times 2^32.
std::uint32_t threshold_of(const AssignmentRule& rule, std::size_t arm) {
  double rest = 1.0;
  for (std::size_t k = 1; k < arm; ++k) rest -= rule.shares[k];
  const double scaled = std::round(rule.shares[arm] / rest * 0x1p32);
  return static_cast<std::uint32_t>(std::clamp(scaled, 1.0, 4294967295.0));
}

void toss_coins(const AssignmentRule& rule, std::uint64_t first, ArmMasks& out) {
  const auto kernel = subset_kernel(best_simd_path());
  for (std::size_t arm = 1; arm < rule.shares.size(); ++arm) {
    const std::uint32_t threshold = threshold_of(rule, arm);
    auto& words = out.words[arm - 1];
    for (std::size_t begin = 0; begin < out.n_words; begin += kStreamWords) {
      const std::size_t end = std::min(out.n_words, begin + kStreamWords);
      for (std::size_t d = 0; d < out.n_draws; ++d) {
        Lanes lanes = lanes_at(key_of(rule, first + d, static_cast<std::uint32_t>(arm)),
                               begin / kStreamWords);
        for (std::size_t w = begin; w < end; w += 8) {
          std::uint64_t eight[8];
          kernel.bits(lanes, threshold, eight);
          for (std::size_t i = 0; i < std::min<std::size_t>(8, end - w); ++i) {
            std::uint64_t taken = 0;
            for (std::size_t k = 0; k + 1 < arm; ++k)
              taken |= out.words[k][(w + i) * out.n_draws + d];
            words[(w + i) * out.n_draws + d] = eight[i] & ~taken;
          }
        }
      }
    }
    if (rule.n_rows % 64 == 0) continue;
    const std::uint64_t last = (std::uint64_t{1} << (rule.n_rows % 64)) - 1;
    for (std::size_t d = 0; d < out.n_draws; ++d)
      words[(out.n_words - 1) * out.n_draws + d] &= last;
  }
}

/// Rows of [begin, end) in an arm of a draw.
std::size_t count_rows(const ArmMasks& masks, std::size_t arm, std::size_t draw, std::size_t begin,
                       std::size_t end) {
  std::size_t count = 0;
  for (std::size_t w = begin / 64; w * 64 < end; ++w) {
    std::uint64_t word = masks.words[arm - 1][w * masks.n_draws + draw];
    if (w * 64 < begin) word &= ~std::uint64_t{0} << (begin - w * 64);
    if (end - w * 64 < 64) word &= (std::uint64_t{1} << (end - w * 64)) - 1;
    count += static_cast<std::size_t>(std::popcount(word));
  }
  return count;
}

/// Moves random rows of [begin, end) into or out of an arm until it has `target` of them.
void correct(ArmMasks& masks, std::size_t arm, std::size_t draw, std::size_t begin, std::size_t end,
             std::size_t target, RandomWords& random) {
  std::size_t count = count_rows(masks, arm, draw, begin, end);
  while (count != target) {
    const std::size_t row = begin + random.below(end - begin);
    bool taken = false;
    for (std::size_t k = 1; k < arm; ++k) taken = taken || masks.has(k, draw, row);
    if (taken || masks.has(arm, draw, row) == (count < target)) continue;
    masks.words[arm - 1][(row / 64) * masks.n_draws + draw] ^= std::uint64_t{1} << (row % 64);
    count = count < target ? count + 1 : count - 1;
  }
}

void make_complete(const AssignmentRule& rule, std::uint64_t first, ArmMasks& out) {
  for (std::size_t d = 0; d < out.n_draws; ++d) {
    RandomWords random(key_of(rule, first + d, kCorrections));
    std::size_t begin = 0;
    for (const std::size_t end : rule.stratum_ends) {
      const auto size = static_cast<double>(end - begin);
      const double rounding = random.uniform();
      double share = 0.0;
      std::size_t before = 0;
      for (std::size_t arm = 1; arm < rule.shares.size(); ++arm) {
        share += rule.shares[arm];
        const auto up_to =
            std::min(end - begin, static_cast<std::size_t>(std::floor(share * size + rounding)));
        correct(out, arm, d, begin, end, up_to - before, random);
        before = up_to;
      }
      begin = end;
    }
  }
}

void replay(const AssignmentRule& rule, std::uint64_t first, ArmMasks& out) {
  std::vector<std::uint8_t> arms(rule.n_rows);
  std::fill(out.words[0].begin(), out.words[0].end(), std::uint64_t{0});
  for (std::size_t d = 0; d < out.n_draws; ++d) {
    rule.mechanism->draw(rule.seed, first + d, arms);
    for (std::size_t row = 0; row < rule.n_rows; ++row)
      if (arms[row] != 0)
        out.words[0][(row / 64) * out.n_draws + d] |= std::uint64_t{1} << (row % 64);
  }
}

}  // namespace

void draw_masks(const AssignmentRule& rule, std::uint64_t first, std::size_t n_draws,
                ArmMasks& out) {
  out.n_draws = n_draws;
  out.n_words = (rule.n_rows + 63) / 64;
  out.words.resize(rule.shares.size() - 1);
  for (auto& words : out.words) words.resize(out.n_words * n_draws);
  if (rule.mechanism != nullptr) {
    replay(rule, first, out);
    return;
  }
  toss_coins(rule, first, out);
  if (rule.complete) make_complete(rule, first, out);
}

ArmMasks draw_masks(const AssignmentRule& rule, std::uint64_t first, std::size_t n_draws) {
  ArmMasks out;
  draw_masks(rule, first, n_draws, out);
  return out;
}

}  // namespace assay::resampling::detail
