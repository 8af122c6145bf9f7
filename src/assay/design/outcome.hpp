#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "assay/base/result.hpp"

namespace assay::design {

enum class OutcomeKind : std::uint8_t { mean, proportion, ratio, quantile };
std::string_view to_text(OutcomeKind kind);

/// What one unit contributes to an estimate: its value without treatment, and the variance of one
/// unit's contribution, so that var(estimate of an arm) = variance / n.
struct Outcome {
  OutcomeKind kind = OutcomeKind::mean;
  double baseline = 0.0;            ///< The control value: mean, share, ratio or quantile.
  double control_variance = 1.0;    ///< Of one unit; for ratios and quantiles of its linear part.
  double treatment_variance = 1.0;  ///< Not used for proportions: it follows from the effect.
  double variance_left = 1.0;       ///< Share that covariates leave: 1 - R^2.
};

/// A mean per unit. Fails with invalid_spec unless both standard deviations are positive, finite.
Result<Outcome> mean_outcome(double mean, double control_sd, double treatment_sd);

/// A share of units. Fails with invalid_spec unless 0 < share < 1.
Result<Outcome> proportion_outcome(double share);

/// Numerator y and denominator d of one unit.
struct RatioMoments {
  double mean_y = 0.0;
  double mean_d = 0.0;
  double variance_y = 0.0;
  double variance_d = 0.0;
  double covariance = 0.0;
};

/// A ratio of sums: R = mean y / mean d, a unit contributes (y - R d) / mean d, whose variance is
/// (var y - 2 R cov + R^2 var d) / (mean d)^2. Reference: Deng, Knoblich & Lu, KDD 2018.
/// Fails with invalid_spec (negative variance, |covariance| above what the variances allow, a mean
/// denominator of 0, no variance left).
Result<Outcome> ratio_outcome(const RatioMoments& moments);

/// The q-quantile, whose estimate has variance q (1 - q) / (n density^2).
/// Reference: Mosteller, Ann. Math. Stat. 17 (1946) 377-408.
/// Fails with invalid_spec (q outside (0, 1), density not positive).
Result<Outcome> quantile_outcome(double q, double value, double density);

/// The outcome after regression on covariates of multiple correlation R: variance times 1 - R^2.
/// Fails with invalid_spec unless 0 <= correlation < 1 in size. Reference: Deng et al., WSDM 2013.
Result<Outcome> with_covariates(Outcome outcome, double correlation);

/// Density at the q-quantile from values: 2 h / (Q(q + h) - Q(q - h)) with h of Hall & Sheather
/// (JRSS B 50 (1988) 381-391). `sorted`: ascending.
/// Fails with undefined_statistic (fewer than 20 values, no spread around the quantile).
Result<double> quantile_density(std::span<const double> sorted, double q);

}  // namespace assay::design
