#pragma once

#include <cstdint>
#include <optional>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/survival/observations.hpp"

namespace assay::survival {

/// Mean time without the event within a horizon: the area under the survival curve up to it.
struct RestrictedMean {
  std::int64_t n = 0;
  std::int64_t n_events = 0;  ///< Up to the horizon.
  double horizon = 0.0;
  double mean = 0.0;
  double std_error = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
};

/// The restricted mean with variance sum of area(t to horizon)^2 d / (n (n - d)) over event times
/// (Greenwood; no n / (n - 1) factor, as R's survival and survRM2). Normal reference.
/// Fails as check_observations does, with invalid_spec (horizon not positive, confidence level
/// outside (0, 1)) and undefined_statistic (nobody was watched up to the horizon).
Result<RestrictedMean> restricted_mean(const Observations& data, double horizon,
                                       double confidence_level);

struct RestrictedMeanComparison {
  double horizon = 0.0;
  RestrictedMean control;
  RestrictedMean treatment;
  stats::Contrast contrast;  ///< Difference of the means, in units of time; lift by Fieller.
  /// treatment / control with its interval on the log scale, and of the time lost (horizon - mean).
  double ratio = 0.0;
  double ratio_ci_low = 0.0;
  double ratio_ci_high = 0.0;
  std::optional<double> lost_ratio;  ///< Absent when an arm has no event within the horizon.
  std::optional<double> lost_ratio_ci_low;
  std::optional<double> lost_ratio_ci_high;
};

/// Two arms up to one horizon; right whatever the shape of the hazards. Without a horizon, the
/// shorter of the two arms' last watched times: better named before the data are seen.
/// Fails as restricted_mean does, and with undefined_statistic when no event happened in either
/// arm. References: Royston & Parmar, BMC Med. Res. Methodol. 13 (2013) 152; Uno et al., J. Clin.
/// Oncol. 32 (2014) 2380-2385.
Result<RestrictedMeanComparison> compare_restricted_means(const Observations& control,
                                                          const Observations& treatment,
                                                          std::optional<double> horizon,
                                                          double confidence_level);

}  // namespace assay::survival
