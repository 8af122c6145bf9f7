#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/resampling/permutation.hpp"
#include "assay/stats/contrast.hpp"

/// One market that is switched between arms over time.
namespace assay::interference {

/// One row a period, ordered by region and within it by time without gaps. The periods of a block
/// share one coin: `block` numbers them, never the same number in two regions or apart in time.
struct SwitchbackData {
  std::span<const double> value;
  std::span<const std::uint8_t> arm;  ///< 0 or 1, constant within a block.
  std::span<const std::int64_t> block;
  std::span<const std::int32_t> region =
      {};  ///< Empty: one region. Regions do not disturb each other.
};

struct SwitchbackOptions {
  /// Order m: an outcome depends on the arms of its own and the m periods before, no further back.
  int carry_over = 0;
  double p_treated = 0.5;  ///< Of each block's coin.
  double confidence_level = 0.95;
};

/// All the time treated against all the time control, per period.
struct SwitchbackEffect {
  /// Normalised weights (Hajek), variance on residuals: the one to read.
  stats::Contrast contrast;
  /// Bojinov's estimator: unbiased, wide when the metric's level is far from 0.
  stats::Contrast horvitz_thompson;
  stats::Contrast naive;  ///< Periods as independent users without memory (Welch).
  int carry_over = 0;
  std::int64_t n_periods = 0;  ///< Those with m periods before them in their region.
  std::int64_t n_treated = 0;  ///< Of these, with all m + 1 periods treated.
  std::int64_t n_control = 0;
  std::int64_t n_blocks = 0;  ///< Coins.
};

/// Periods whose window of m + 1 was all treated (all control), weighted by one over the chance of
/// that: p^q for a window that touches q blocks. The variance is estimated from above: products of
/// outcomes that can never be seen together are bounded by half their squares. With fair coins and
/// the minimax design it is the estimator of Bojinov, Simchi-Levi & Zhao, theorem 3 (weights 24 of
/// an inner square, 6 of an end, 16 of neighbours' products). Normal reference; needs many blocks.
///
/// Assumes blocks drew their arms independently with p_treated, and that carry-over ends after m
/// periods (longer carry-over pulls the estimate towards 0). Other designs: exposure_effect with
/// their own mechanism.
/// Fails with invalid_spec (lengths, p outside (0, 1), m negative), invalid_data (values, a block
/// with both arms, crossing regions or coming back) and undefined_statistic (fewer than 4 blocks,
/// no window of an arm, no spread). Reference: Bojinov, Simchi-Levi & Zhao, Management Science 69
/// (2023) 3759-3777.
Result<SwitchbackEffect> switchback_effect(const SwitchbackData& data,
                                           const SwitchbackOptions& options = {});

struct SwitchbackRandomisation {
  resampling::RandomisationP test;
  /// Constant effects that the same test does not reject; absent when m > 0, where taking an effect
  /// off the treated periods would not undo what carried over. Infinite ends: too few blocks.
  std::optional<resampling::EffectInterval> interval;
};

/// Exact for any number of blocks: replays the coins (or `mechanism`, when the design was another)
/// under the hypothesis that no arm ever mattered, with the Hajek difference as statistic.
/// Fails as switchback_effect and resampling::randomisation_p do.
Result<SwitchbackRandomisation> switchback_randomisation(
    const SwitchbackData& data, const SwitchbackOptions& options,
    const resampling::PermutationOptions& draws, const resampling::Mechanism* mechanism = nullptr);

/// What is left of the previous block at one place within a block.
struct CarryOverStep {
  int offset = 0;  ///< Periods since the block began.
  /// Half the difference, averaged over arms, between blocks that kept the arm and blocks that
  /// switched: 0 when the carry-over is shorter than offset + 1 periods.
  stats::Contrast contrast;
  double adjusted_p_value = 1.0;  ///< Holm over offsets.
};

struct CarryOver {
  std::vector<CarryOverStep> steps;
  int order = 0;        ///< First offset from which on no step is significant: periods to burn in.
  bool beyond = false;  ///< The last offset still is: blocks are too short.
  int detectable = 0;   ///< Steps that had two blocks a group; later offsets were not looked at.
};

/// How long does the previous block's arm still matter? Not finding it is no proof of its absence:
/// read the intervals. Needs independent coins (the previous arm is then randomised too).
/// Fails as switchback_effect does and with undefined_statistic (no offset with two kept and two
/// switched blocks in each arm).
Result<CarryOver> carry_over_order(const SwitchbackData& data, double confidence_level,
                                   double alpha = 0.05);

/// The effect when the first periods of every block are left out: blocks' means compared by Welch's
/// test. An estimate that grows with the burn-in tells of carry-over.
struct BurnIn {
  int periods = 0;
  stats::Contrast contrast;
};
Result<std::vector<BurnIn>> burn_in_scan(const SwitchbackData& data, int most,
                                         double confidence_level);

/// One block length and what it would do to the standard error.
struct BlockLength {
  int length = 0;
  double std_error = 0.0;  ///< Of the difference of arms, for the length of the series.
};
struct BlockLengthChoice {
  int best = 0;
  std::vector<BlockLength> lengths;  ///< carry_over + 1 up to the longest asked for.
};
/// The block length with the smallest standard error when the first `carry_over` periods of a block
/// are left out, from a series without experiment (one region, regular periods): long blocks waste
/// fewer periods on burn-in, short ones leave less of the slow ups and downs in the difference.
/// SE^2 = 4 var(mean of length - carry_over periods) / blocks, from the autocovariances.
/// Fails with invalid_spec (limits) and undefined_statistic (under 8 blocks of the longest length).
Result<BlockLengthChoice> choose_block_length(std::span<const double> series, int carry_over,
                                              int longest);

}  // namespace assay::interference
