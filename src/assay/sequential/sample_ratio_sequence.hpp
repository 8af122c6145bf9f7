#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::sequential {

/// The split of units over arms, tested at every look without inflating false alarms.
struct SampleRatioReading {
  std::int64_t n = 0;            ///< Units in arms of positive weight.
  std::vector<double> expected;  ///< Per arm; 0 for an arm of zero weight.
  double log_e_value = 0.0;
  double p_value = 1.0;          ///< min(1, 1 / e); 0 when below 1e-308, the log still tells.
  double running_p_value = 1.0;  ///< Smallest so far.
  bool leak = false;             ///< An arm of zero weight has units.
  std::int64_t leaked = 0;
  bool mismatch = false;  ///< Alarm now or at an earlier look: running p <= alpha, or a leak.
};

struct SampleRatioPlan {
  std::vector<double> weights;  ///< Relative, 0 or more; two of them positive.
  double alpha = 0.001;
  /// Dirichlet prior of the split under a mismatch: weights times this many units. Larger finds
  /// smaller deviations later; 10,000 is tuned to shares off by about half a percentage point.
  double concentration = 10'000.0;
};

/// Reads cumulative counts, one row of arms a look. e is the Dirichlet-multinomial likelihood over
/// the multinomial one at the planned weights; under the plan it exceeds 1 / alpha at any look
/// whatever with probability at most alpha.
/// Fails with invalid_spec (weights, alpha outside (0, 1), concentration not above 0, a row of
/// another size), invalid_data (no look, a negative or falling count) and undefined_statistic (no
/// units yet at the first look).
/// Reference: Lindon & Malek, NeurIPS 2022 (arXiv 2011.03567); agrees with ssrm-test 0.1.5.
Result<std::vector<SampleRatioReading>> sample_ratio_sequence(
    std::span<const std::vector<std::int64_t>> looks, const SampleRatioPlan& plan);

}  // namespace assay::sequential
