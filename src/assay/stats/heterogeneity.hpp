#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

/// Several estimates of (maybe) the same effect: segments of one experiment, or experiments of one
/// product. Do they differ by more than chance, and what is the best guess of each?
namespace assay::stats {

/// An estimate with its standard error, taken as normal.
struct EffectEstimate {
  double estimate = 0.0;
  double std_error = 0.0;  ///< Positive.
};

/// Whether the estimates differ.
struct Heterogeneity {
  double pooled = 0.0;  ///< Inverse-variance mean: one effect for all.
  double pooled_std_error = 0.0;
  double q = 0.0;  ///< Cochran's Q: chi-squared of k - 1 degrees of freedom under one effect.
  double degrees_of_freedom = 0.0;
  double p_value = 1.0;
  double between_sd = 0.0;     ///< tau, by Paule & Mandel (1982); 0 when Q <= k - 1.
  double share_between = 0.0;  ///< I^2 = tau^2 / (tau^2 + typical variance), 0 to 1.
  double mean = 0.0;           ///< Of the effects, weighted with tau.
  double mean_std_error = 0.0;
};

/// Assumes independent estimates. Fails with invalid_spec (fewer than two estimates) and
/// invalid_data (a standard error that is not positive, a number that is not finite).
/// References: Cochran, Biometrics 10 (1954) 101-129; Paule & Mandel, J. Res. NBS 87 (1982)
/// 377-385; Higgins & Thompson, Statistics in Medicine 21 (2002) 1539-1558.
Result<Heterogeneity> heterogeneity(std::span<const EffectEstimate> effects);

/// An effect pulled towards the mean of all, the more the noisier it is.
struct ShrunkEffect {
  double estimate = 0.0;  ///< mean + weight * (own - mean).
  double std_error = 0.0;
  double weight = 1.0;  ///< Of its own estimate: tau^2 / (tau^2 + se^2).
};

/// Best linear unbiased predictions under random effects; the standard errors carry the
/// uncertainty of the mean but not of tau (few estimates: too short).
/// Reference: Raudenbush & Bryk, Journal of Educational Statistics 10 (1985) 75-98.
Result<std::vector<ShrunkEffect>> shrink(std::span<const EffectEstimate> effects);

/// Interaction: does the effect in one group of units differ from that in another group? The
/// difference of two contrasts of separate units, with Welch-Satterthwaite degrees of freedom.
struct Interaction {
  double difference = 0.0;  ///< a - b.
  double std_error = 0.0;
  double degrees_of_freedom = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
  double p_value = 1.0;
};

/// Fails with invalid_spec when the contrasts have different confidence levels.
Result<Interaction> interaction(const Contrast& a, const Contrast& b);

}  // namespace assay::stats
