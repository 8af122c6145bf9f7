#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"
#include "assay/stats/cluster_robust.hpp"

namespace assay::stats {

enum class WildWeights : std::uint8_t {
  automatic,   ///< Webb under 11 clusters, Rademacher from there on.
  rademacher,  ///< -1 or 1; all 2^(G - 1) pairs of signs when they are no more than `draws`.
  webb,        ///< Six points: -+sqrt(3/2), -+1, -+sqrt(1/2).
};

struct WildOptions {
  double confidence_level = 0.95;
  WildWeights weights = WildWeights::automatic;
  std::int64_t draws = 9999;
  std::uint64_t seed = 1;
};

struct WildBootstrap {
  double estimate = 0.0;   ///< Of the contrast.
  double std_error = 0.0;  ///< CR1.
  double statistic = 0.0;  ///< t of the null value.
  double p_value = 1.0;    ///< Symmetric, two-sided.
  double ci_low = 0.0;     ///< The null values that are not rejected; infinite when none is.
  double ci_high = 0.0;
  WildWeights weights = WildWeights::rademacher;  ///< Those used.
  std::int64_t draws = 0;
  bool enumerated = false;  ///< Every sign pattern once: p has no simulation error.
  std::int64_t clusters = 0;
};

/// Restricted wild cluster bootstrap-t (WCR) of one linear contrast c'beta of a regression:
/// residuals under the null, one weight a cluster, |t*| against |t| with CR1 in both. The interval
/// inverts the same test on the same weights, so it excludes null_value <=> p < 1 - level.
/// p counts the observed |t|: (1 + hits) / (1 + draws), hits / patterns when enumerated.
/// Each draw needs five sums over the clusters, from which t* follows for every null value.
/// Fails as cluster_regression does, and with invalid_spec (draws outside 99 to 1e6, clusters x
/// draws beyond 1e8: with that many clusters CR2 is right; a contrast of the wrong length).
/// References: Cameron, Gelbach & Miller, REStat 90 (2008) 414-427; MacKinnon, Nielsen & Webb,
/// J. Econometrics 232 (2023) 272-299; Webb, Canadian J. Economics 56 (2023) 839-858.
Result<WildBootstrap> wild_cluster_bootstrap(const RegressionColumns& columns,
                                             std::span<const double> contrast, double null_value,
                                             const WildOptions& options);

/// The same as a comparison of arms, from sums per cluster: difference, and lift by inverting the
/// tests of treatment = (1 + r) control. Covariates (Adjustment::lin) enter with one slope for
/// both arms. `std_error`, `values` and `degrees_of_freedom` of the contrast are CR1's; p and
/// limits are the bootstrap's. Fails with invalid_spec for a ratio or two ways, else as
/// compare_clusters.
Result<Contrast> compare_clusters_wild(std::span<const ClusterArm> cells,
                                       const ClusterOptions& options, const WildOptions& wild);

}  // namespace assay::stats
