#pragma once

#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/sequential/spending.hpp"

/// What may be said of the effect after a trial that could stop early. The naive estimate of a
/// trial that stopped on a high statistic is too high; its p-value and interval ignore the looks.
namespace assay::sequential {

/// The looks up to the one that ended the trial.
struct StoppedTrial {
  std::vector<double> information;      ///< At each look, ascending, any unit.
  std::vector<double> critical_values;  ///< Of the looks before the last; the last is not needed.
  /// Binding futility bounds of all looks, or empty. They enter the order of outcomes.
  std::vector<double> futility_bounds;
  Sides sides = Sides::two;
  double estimate = 0.0;   ///< At the last look.
  double std_error = 0.0;  ///< Of the estimate.
  double null_effect = 0.0;
  double alpha = 0.05;  ///< Of all sides together.
};

struct StagewiseInference {
  double statistic = 0.0;
  double p_value = 1.0;  ///< Two-sided: twice the smaller tail; one-sided: the upper tail.
  double p_upper = 1.0;  ///< P(an outcome at least as high | no effect).
  double median_unbiased = 0.0;
  /// Equal-tailed, alpha / sides beyond each end: level 1 - alpha two-sided, 1 - 2 alpha one-sided.
  double ci_low = 0.0;
  double ci_high = 0.0;
  double confidence_level = 0.95;
  double naive_estimate = 0.0;
  double naive_ci_low = 0.0;  ///< Of a trial that looked once.
  double naive_ci_high = 0.0;
  double naive_p_value = 1.0;
  double overstatement = 0.0;  ///< naive_estimate - median_unbiased.
};

/// p-value, median-unbiased estimate and interval by the stage-wise ordering: an upper stop is the
/// higher the earlier, a lower or futility stop the lower the earlier, and within a look the
/// statistic decides. Needs no plan for looks that were not made.
/// Always true: p_value < alpha <=> the interval excludes null_effect; and, where the trial ended
/// on a bound or at a last look that spends what is left of alpha, <=> the trial rejects.
/// Assumes: the statistic is normal with independent increments; the estimate is the one at the
/// last look.
/// Both boundaries of a two-sided test stop the trial here (Jennison & Turnbull ch. 8.5); rpact
/// leaves the far one out, which differs by the chance to have crossed it first.
/// Fails with invalid_data (information not ascending or not finite, sizes that do not fit, a
/// value that is not a number), invalid_spec (alpha) and undefined_statistic (std_error not above
/// 0, an outcome that no effect makes possible).
/// Reference: Tsiatis, Rosner & Mehta, Biometrics 40 (1984) 797-803; Jennison & Turnbull (2000)
/// ch. 8.4-8.5.
Result<StagewiseInference> stagewise_inference(const StoppedTrial& trial);

}  // namespace assay::sequential
