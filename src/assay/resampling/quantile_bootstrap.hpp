#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::resampling {

struct QuantileOptions {
  double quantile = 0.5;  ///< In (0, 1); the value of rank ceil(n q), counted from 1.
  double confidence_level = 0.95;
};

/// Difference of a quantile between two arms, by the bootstrap that needs no resampling.
///
/// The rank-k value of a bootstrap sample is at most the j-th smallest of the data exactly when at
/// least k of n draws fall on the first j, so its distribution is binomial: infinitely many
/// replicates for the price of a selection. The difference of two arms has the distribution of
/// all pairs; its quantiles are the interval, its standard deviation the standard error, and
/// p = 2 min(P(difference <= 0), P(difference >= 0)), never below 1e-14. So p < 1 - level <=> the
/// interval excludes 0 <=> the lift's does. Cost O(n) and the ranks within 8 standard deviations.
/// Assumes: units are independent and each has one value. Values with many ties (counts) give
/// steps: read the interval, not the standard error. With n min(q, 1 - q) under 10 the quantile
/// leans on too few values (note few_tail_units).
/// Fails with invalid_spec (quantile or level outside (0, 1)), invalid_data (a value that is not
/// finite), undefined_statistic (an arm with fewer than two units; no spread).
/// Reference: Efron, Ann. Stat. 7 (1979) section 3; Hutson & Ernst, JRSS B 62 (2000) 89-94;
/// Schultzberg & Ankargren, arXiv:2202.10992.
Result<stats::Contrast> quantile_bootstrap(std::span<const double> control,
                                           std::span<const double> treatment,
                                           const QuantileOptions& options);

}  // namespace assay::resampling
