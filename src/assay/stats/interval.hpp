#pragma once

#include <cstdint>

#include "assay/base/result.hpp"

namespace assay::stats {

struct ProportionInterval {
  double estimate = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// Wilson's score interval of a proportion. Fails with invalid_data (x < 0, x > n) and
/// undefined_statistic (n = 0). Reference: Wilson, JASA 22 (1927) 209-212.
Result<ProportionInterval> wilson(std::int64_t successes, std::int64_t n, double confidence_level);

/// The exact interval: covers at least confidence_level whatever the proportion.
/// Fails as wilson does. Reference: Clopper & Pearson, Biometrika 26 (1934) 404-413.
Result<ProportionInterval> clopper_pearson(std::int64_t successes, std::int64_t n,
                                           double confidence_level);

/// Fails with invalid_spec unless 0 < confidence_level < 1.
Result<void> check_confidence_level(double confidence_level);

}  // namespace assay::stats
