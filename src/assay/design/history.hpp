#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"
#include "assay/design/outcome.hpp"
#include "assay/design/plan.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::design {

/// What the moments of one group of units say about planning with them.
struct HistoryOutcome {
  Outcome outcome;             ///< After covariates, when there are any.
  std::int64_t n = 0;          ///< Units behind it.
  double correlation = 0.0;    ///< Multiple, of the outcome with its covariates.
  std::size_t covariates = 0;  ///< That carried information of their own.
};

/// Reads the moments as the analysis would: variables [y, x..] of a mean or proportion, [y, d, x..]
/// of a ratio, where x were measured before. `use_covariates` false: they are ignored.
/// Fails with undefined_statistic (fewer than two units, no spread, a denominator of 0) and with
/// invalid_data (moments that are not finite).
Result<HistoryOutcome> outcome_of_moments(stats::MetricKind kind,
                                          const numerics::CoMoments& moments, bool use_covariates);

/// Sizes and intracluster correlation of clusters, from the moments of each one, by the analysis of
/// variance: icc = (MSB - MSW) / (MSB + (m0 - 1) MSW), negative estimates read 0.
/// Fails with undefined_statistic: fewer than two clusters, no cluster of two units, no spread.
/// Reference: Donner & Klar, Design and Analysis of Cluster Randomization Trials (2000) ch. 1.
Result<Clusters> clusters_of(std::span<const numerics::Moments> clusters);

}  // namespace assay::design
