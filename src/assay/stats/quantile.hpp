#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::stats {

/// One arm's values (events, say); `cluster` is the randomised unit of each value, empty when
/// every value is a unit of its own.
struct QuantileArm {
  std::span<const double> values;
  std::span<const std::int64_t> cluster;
};

struct QuantileValue {
  std::int64_t n = 0;         ///< Values.
  std::int64_t clusters = 0;  ///< n without clusters.
  double value = 0.0;         ///< The ceil(n p)-th smallest value: always one of the data.
  double ci_low = 0.0;        ///< Order statistics too.
  double ci_high = 0.0;
  std::int64_t rank_low = 0;  ///< 1 = smallest.
  std::int64_t rank_high = 0;
  double std_error = 0.0;           ///< (ci_high - ci_low) / (2 critical).
  double degrees_of_freedom = 0.0;  ///< Clusters - 1; infinite without clusters.
  double design_effect = 1.0;  ///< Variance of the share below, over that of independent values.
  bool exact = false;          ///< Binomial ranks: independent values, n < 1,000.
};

/// The p-quantile with its outer interval: the order statistics at ranks n (p -+ c s), where s is
/// the standard error of the share of values at or below the quantile: sqrt(p (1 - p) / n), or by
/// the delta method over clusters (share = sum of counts below / sum of counts). No density is
/// estimated. Under 1,000 independent values the ranks are exact binomial ones, which cover at
/// least confidence_level. c is normal, Student's t on clusters - 1 under clustering.
/// Fails with invalid_spec (p or level outside (0, 1), lengths differ), invalid_data (a value that
/// is not finite) and undefined_statistic (fewer than two values or clusters, too few values for
/// ranks on both sides).
/// References: Deng, Knoblich & Lu, KDD 2018, section 4; Yao, Li & Lu 2024 (outer intervals under
/// clustering); David & Nagaraja, Order Statistics (2003) section 7.1.
Result<QuantileValue> quantile_value(const QuantileArm& arm, double p, double confidence_level);

/// Difference of two arms' p-quantiles: each arm's outer interval gives its standard error, lift
/// by Fieller. The standard errors belong to this confidence level. Note "tied" when an arm's
/// interval has no width: one value repeats around the quantile.
/// Fails as quantile_value does, and when neither arm's interval has a width.
Result<Contrast> compare_quantiles(const QuantileArm& control, const QuantileArm& treatment,
                                   double p, double confidence_level);

}  // namespace assay::stats
