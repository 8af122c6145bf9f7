#pragma once

#include <optional>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/sequential/spending.hpp"

/// Intervals and p-values that hold at all times at once: look as often as you like, stop when you
/// like. Normal mixtures, for any estimate with a standard error: difference in means, proportions,
/// ratios; regression-adjusted by giving the adjusted estimate and its standard error.
namespace assay::sequential {

struct SequencePlan {
  double alpha = 0.05;
  /// `one`: evidence for an effect above null_effect only; the interval is open above.
  Sides sides = Sides::two;
  double null_effect = 0.0;
  /// The n at which the interval is to be narrowest: the planned total. Required without `tau`.
  std::optional<double> planned_n = {};
  /// mSPRT: the mixing standard deviation in units of the effect, stated before the data.
  std::optional<double> tau = {};
};

/// The data as they stand.
struct SequenceLook {
  double n = 0.0;  ///< Units of both arms (or information): grows with 1 / std_error^2.
  double estimate = 0.0;
  double std_error = 0.0;
};

struct SequenceReading {
  SequenceLook look;
  double multiplier = 0.0;  ///< Half-width in standard errors; 1.96 would be a single look.
  double ci_low = 0.0;      ///< Of this look; all looks cover together at 1 - alpha.
  double ci_high = 0.0;     ///< +infinity one-sided.
  double log_e_value = 0.0;
  double p_value = 1.0;          ///< min(1, 1 / e); at this look.
  double running_p_value = 1.0;  ///< Smallest so far.
  double running_ci_low = 0.0;   ///< Intersection so far: also a 1 - alpha sequence.
  double running_ci_high = 0.0;  ///< Below running_ci_low when the looks contradict each other.
};

/// Reads looks in order. With z = (estimate - null) / std_error and x = m n / planned_n (or
/// tau^2 / std_error^2), the evidence against the null is the mixture over effects N(0, x se^2)
///   two-sided  e = (1 + x)^-1/2 exp(z^2 x / (2 (1 + x)))
///   one-sided  e = 2 (1 + x)^-1/2 exp(z^2 x / (2 (1 + x))) Phi(z sqrt(x / (1 + x)))
/// and the interval holds the nulls with e < 1 / alpha. m makes the interval narrowest at
/// planned_n: m - log(1 + m) = -2 log(alpha), alpha doubled one-sided.
/// Always true: 1 / e < alpha <=> the interval excludes null_effect.
/// Assumes: independent units in order of arrival, n large enough for a normal estimate at the
/// first look (see docs/calibration.md: for heavy tails and 90/10 splits not before some hundred
/// events an arm); then at most alpha of all experiments ever exclude the truth.
/// Fails with invalid_spec (alpha, neither or both of planned_n and tau, either not above 0) and
/// invalid_data (no look, n falling, values not finite, std_error not above 0).
/// Reference: Robbins, Annals of Mathematical Statistics 41 (1970) 1397-1409; Howard, Ramdas,
/// McAuliffe & Sekhon, Annals of Statistics 49 (2021) 1055-1080; Waudby-Smith, Arbour, Sinha,
/// Kennedy & Ramdas, Annals of Statistics 52 (2024) 2613-2640; mSPRT: Johari, Koomen, Pekelis &
/// Walsh, Operations Research 70 (2022) 1806-1821.
Result<std::vector<SequenceReading>> confidence_sequence(const SequencePlan& plan,
                                                         std::span<const SequenceLook> looks);

/// m of the tuning above: mixture variance over sampling variance at the planned n.
/// Assumes 0 < alpha < 1.
double tuned_mixture(double alpha, Sides sides);

/// log e of a statistic z under mixture ratio x, and the z at which it reaches 1 / alpha.
double log_mixture(double z, double x, Sides sides);
double mixture_multiplier(double x, double alpha, Sides sides);

}  // namespace assay::sequential
