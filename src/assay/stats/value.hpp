#pragma once

#include <cstdint>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"

namespace assay::stats {

/// One value of one group of units, with a t interval.
struct ValueInterval {
  std::int64_t n = 0;
  double value = 0.0;
  double std_error = 0.0;
  double degrees_of_freedom = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
};

/// The mean per unit with Student's t interval, n - 1 degrees of freedom.
/// Fails with invalid_spec (confidence level outside (0, 1)), invalid_data (moments that are not
/// finite) and undefined_statistic (n < 2, no spread).
/// Reference: Student, Biometrika 6 (1908) 1-25.
Result<ValueInterval> mean_value(const numerics::Moments& moments, double confidence_level);

/// The ratio of sums (mean y / mean d) from moments of [y, d] by the delta method, units as
/// clusters: sqrt(sum of (y - R d)^2 / (n - 1) / n) / mean d, n - 1 degrees of freedom.
/// Fails as mean_value does, and with undefined_statistic for a denominator of 0.
/// Reference: Deng, Knoblich & Lu, KDD 2018.
Result<ValueInterval> ratio_value(const numerics::CoMoments& moments, double confidence_level);

}  // namespace assay::stats
