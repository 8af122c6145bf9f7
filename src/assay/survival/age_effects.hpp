#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/linear_algebra.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/stats/contrast.hpp"

/// The effect by age: days (or weeks) since a unit's own first exposure.
namespace assay::survival {

/// The two arms at one age, over the units whose age is complete there (matured): a unit exposed
/// five days ago is in ages 0 to 4 and in no later one.
struct AgeArms {
  double age = 0.0;
  numerics::Moments control;
  numerics::Moments treatment;
};

struct AgeOptions {
  double confidence_level = 0.95;
  /// Covariance of the differences between ages, where known. Without it ages count as independent:
  /// right only when each unit stands in one age; the band is then too wide, a trend test too
  /// narrow or too wide.
  std::optional<numerics::SymmetricMatrix> covariance = {};
  bool band = true;  ///< Reads all ages together; costs seconds when there are dozens of ages.
};

struct AgeEffect {
  double age = 0.0;
  stats::Contrast contrast;  ///< At this age alone, Welch.
  double band_low = 0.0;     ///< All ages together covered at the confidence level.
  double band_high = 0.0;
  double adjusted_p_value =
      1.0;  ///< Of the largest |t| over ages; below 1 - level <=> band excludes 0.
};

struct AgeEffects {
  std::vector<AgeEffect> ages;
  numerics::SymmetricMatrix covariance;  ///< Of the differences; what fit_novelty wants.
  bool ages_share_units = false;         ///< The covariance was given or estimated from units.
  double band_critical = 0.0;            ///< Standard errors on each side of the band.
};

/// A contrast an age with a simultaneous max-t band.
/// Fails with invalid_spec (no ages, ages not ascending and finite, a covariance of other size) and
/// as stats::welch does, naming the age. Reference: Hothorn, Bretz & Westfall, Biometrical J. 50
/// (2008) 346-363.
Result<AgeEffects> age_effects(std::span<const AgeArms> ages, const AgeOptions& options = {});

/// Units with their values at each age: `values` row by row (units x ages), of which the first
/// `matured[i]` of a row count.
struct AgeUnits {
  std::span<const double> ages;
  std::span<const std::uint8_t> treated;  ///< 0 or 1 a unit.
  std::span<const std::int32_t> matured;  ///< Ages complete, 0 to all.
  std::span<const double> values;
  /// Only units matured at every age: the same people at each age, at the price of the newest.
  bool fixed_cohort = false;
};

/// The same from units, with the covariance between ages estimated from those matured at both.
/// Ages that fewer than two units of an arm reached are left out.
/// Fails as age_effects does and with invalid_data (a value that counts is not finite).
Result<AgeEffects> age_effects_of_units(const AgeUnits& units, AgeOptions options = {});

}  // namespace assay::survival
