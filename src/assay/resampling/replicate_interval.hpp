#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::resampling {

/// How replicates become an interval.
enum class IntervalKind : std::uint8_t {
  percentile,  ///< Quantiles of the replicates.
  basic,       ///< Twice the estimate minus those quantiles.
  bca,         ///< Quantiles moved for bias and skewness; Efron, JASA 82 (1987) 171-185.
  bootstrap_t  ///< Quantiles of (replicate - estimate) / its own standard error.
};

std::string_view to_text(IntervalKind kind);

/// A bootstrap of two arms: the values of each arm in the data and in every replicate.
struct ArmReplicates {
  double control_value = 0.0;
  double treatment_value = 0.0;
  std::int64_t n_control = 0;
  std::int64_t n_treatment = 0;
  std::span<const double> control;    ///< One value a replicate.
  std::span<const double> treatment;  ///< As many.
  double acceleration = 0.0;          ///< BCa: see acceleration().
  /// Bootstrap-t: standard error of the difference in the data and in every replicate.
  double std_error = 0.0;
  std::span<const double> std_errors = {};
};

/// The contrast of treatment with control from replicates. The p-value is the smallest
/// 1 - confidence level whose interval excludes 0, found by inverting that very interval, and
/// never below 2 / (B + 1); so p < 1 - level <=> the interval excludes 0 <=> the lift's does.
/// Quantiles of B replicates stand at (B + 1) p, between order statistics linearly (Hyndman & Fan
/// type 6). The lift of a percentile interval is that of the replicates' lifts; otherwise
/// Fieller's set with the critical values that the interval implies on either side. Degrees of
/// freedom are infinite; std_error is the standard deviation of the replicates.
/// Fails with invalid_spec (level outside (0, 1), too few replicates for it: (1 - level) / 2 of
/// B + 1 must be 1 or more; arrays of different length), undefined_statistic (a replicate without
/// a value: the message says how many; no spread; bootstrap-t with a standard error of 0).
/// Reference: Davison & Hinkley, Bootstrap Methods and their Application (1997) ch. 5.
Result<stats::Contrast> contrast_of_replicates(const ArmReplicates& replicates, IntervalKind kind,
                                               double confidence_level);

/// Acceleration of BCa for independent samples from leave-one-out values of the statistic, one
/// list a sample: sum of cubes over 6 times the sum of squares to 3/2, each sample's deviations
/// divided by its size. 0 when nothing varies.
/// Reference: Efron & Tibshirani, An Introduction to the Bootstrap (1993) 14.3 and 15.36.
double acceleration(std::span<const std::span<const double>> leave_one_out);

/// The quantile of sorted values at (B + 1) p, clamped to their ends. Assumes not empty.
double replicate_quantile(std::span<const double> sorted, double p);

}  // namespace assay::resampling
