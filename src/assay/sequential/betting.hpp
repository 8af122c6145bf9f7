#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/base/result.hpp"

/// Confidence sequences for the mean of outcomes between two known limits, without any
/// approximation: exact at every n, for any distribution within the limits.
namespace assay::sequential {

struct BettingPlan {
  double low = 0.0;  ///< Every outcome lies within [low, high], by construction of the metric.
  double high = 1.0;
  double alpha = 0.05;
  /// The n at which the interval is to be narrow; without it bets shrink as 1 / sqrt(t log t).
  std::optional<double> planned_n = {};
};

struct BettingReading {
  std::int64_t n = 0;
  double mean = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
  double running_ci_low = 0.0;  ///< Intersection over the looks asked for.
  double running_ci_high = 0.0;
};

/// The hedged capital interval after the first n outcomes, for each n in `looks` (ascending): the
/// means m for which neither gambler that bets half its capital's worth on "above m" or "below m"
/// has multiplied it by 1 / alpha. Bets are predictable plug-ins of the variance so far, at most
/// half of what could ruin the gambler. The ends are solved for, not read off a grid.
/// Assumes: outcomes in order of arrival, with a common mean given the past.
/// Fails with invalid_spec (limits not ascending, alpha outside (0, 1), planned_n not above 0,
/// looks that are empty, not ascending or beyond the data) and invalid_data (an outcome outside the
/// limits or not finite: its position is named).
/// Reference: Waudby-Smith & Ramdas, JRSS B 86 (2024) 1-27, section 4; agrees with confseq 0.0.11.
Result<std::vector<BettingReading>> betting_sequence(std::span<const double> outcomes,
                                                     std::span<const std::int64_t> looks,
                                                     const BettingPlan& plan);

/// The difference of two means (treatment - control) at the same fraction of either arm's data,
/// each arm at alpha / 2: [low_t - high_c, high_t - low_c]. Conservative, yet valid at all times.
struct BettingDifference {
  BettingReading control;
  BettingReading treatment;
  double difference = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
};
/// At the end of both arms' data. Fails as betting_sequence does.
Result<BettingDifference> betting_difference(std::span<const double> control,
                                             std::span<const double> treatment,
                                             const BettingPlan& plan);

/// log of the larger weighted capital against mean m after all outcomes: an e-value; the interval
/// holds the m where it is below log(1 / alpha). Fails as betting_sequence does.
Result<double> betting_log_e_value(std::span<const double> outcomes, double mean,
                                   const BettingPlan& plan);

}  // namespace assay::sequential
