#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "assay/base/result.hpp"
#include "assay/interference/switchback.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::interference {

struct SwitchbackRegressionOptions {
  /// Fixed effect of each period (hour of the week, day ...), any numbers; empty: none. Regions
  /// always have their own.
  std::span<const std::int32_t> time_effect = {};
  int burn_in = 0;  ///< Periods left out at the beginning of every block.
  std::optional<int> lags =
      {};  ///< Newey-West; default: the longest block, at least 4 (n/100)^(2/9).
  double confidence_level = 0.95;
};

struct SwitchbackRegression {
  stats::Contrast contrast;  ///< Control value: mean of the outcome less effect x share treated.
  int lags = 0;
  std::int64_t n_periods = 0;
  std::int64_t n_effects = 0;        ///< Fixed effects and intercept.
  double classical_std_error = 0.0;  ///< As if periods were independent; for comparison.
};

/// Ordinary least squares of the outcome on the arm with fixed effects of regions and times, and
/// the heteroscedasticity and autocorrelation consistent variance (Bartlett weights within regions,
/// n / (n - k)); t with blocks - regions - 1 degrees of freedom: the coins', not the periods'. Time
/// effects take out daily and weekly ups and downs that coins did not balance. Assumes one additive
/// effect and no carry-over beyond the burn-in; few blocks make every such variance too small (use
/// the randomisation test below 40 blocks; a note says so). Fails as switchback_effect does, and
/// with undefined_statistic (the arm is a combination of the effects, no spread left, more than
/// 1,000 effects). Reference: Newey & West, Econometrica 55 (1987) 703-708.
Result<SwitchbackRegression> switchback_regression(const SwitchbackData& data,
                                                   const SwitchbackRegressionOptions& options = {});

}  // namespace assay::interference
