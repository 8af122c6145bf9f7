#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/resampling/permutation.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::interference {

/// One region: its users after the start, and what it was like before.
struct Geo {
  numerics::Moments users;  ///< The metric over users; a region given as one number has n = 1.
  std::uint8_t treated = 0;
  std::optional<double> before = {};      ///< The region's mean before the start.
  std::optional<std::int64_t> pair = {};  ///< Matched pairs: all regions or none.
};

struct GeoOptions {
  double confidence_level = 0.95;
  /// Subtracts each region's `before` (difference in differences).
  bool difference_in_differences = false;
  resampling::PermutationOptions draws = {};
};

struct GeoEffect {
  stats::Contrast contrast;  ///< t over regions: n - 1 pairs, or Welch without pairs.
  resampling::RandomisationTest randomisation;  ///< Exact for any number: the one to read when few.
  std::optional<stats::Contrast>
      naive;  ///< Users as independent; absent when regions are one number.
  std::int64_t n_geos = 0;
  double smallest_p_value = 0.0;  ///< That the randomisation can give; above 0.05: too few regions.
  /// Standard deviation of the pairs' differences after / before minus that without the pre-period,
  /// over the latter: negative = the pre-period helps. Where all regions have `before`.
  std::optional<double> spread_change_from_before;
};

/// Regions as units: every region counts once, whatever its number of users, so the effect is per
/// region. Matched pairs give the mean of treated - control within pairs and its t interval; the
/// randomisation test replays the coin of each pair (or the draw of treated regions) and inverts it
/// for a constant effect. Under few regions only the second is honest, and with n pairs its p-value
/// cannot fall below 2^(1 - n).
/// Assumes users do not cross regions. Differences in differences assume nothing more (the design
/// is randomised): `before` only buys precision, and costs it when regions drift by themselves.
/// Fails with invalid_data (a value not finite, pairs given for some only, a pair that is not one
/// region of each arm), invalid_spec (`before` missing where asked for) and undefined_statistic
/// (fewer than 2 regions an arm, no spread).
/// References: Imai, King & Nall, Statistical Science 24 (2009) 29-53; Vaver & Koehler (2011).
Result<GeoEffect> geo_effect(std::span<const Geo> geos, const GeoOptions& options = {});

}  // namespace assay::interference
