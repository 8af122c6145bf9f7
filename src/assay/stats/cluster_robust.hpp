#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/stats/cluster_regression.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::stats {

enum class Arm : std::uint8_t { control, treatment };

/// The units of one cluster in one arm as sufficient statistics, variables as in ArmSummary:
/// mean and proportion [y, x_1..x_q], ratio [y, d, x_1..x_q]. A warehouse returns one row each.
struct ClusterArm {
  std::int64_t cluster = 0;
  Arm arm = Arm::control;
  numerics::CoMoments moments;
  std::int64_t second_cluster = 0;  ///< Read when options.two_way.
};

/// One entry a unit.
struct ClusteredUnits {
  std::span<const double> y;
  std::span<const double> d;  ///< Denominators of a ratio; empty otherwise.
  std::vector<std::span<const double>> covariates;
  std::span<const Arm> arm;
  std::span<const std::int64_t> cluster;
  std::span<const std::int64_t> second_cluster;  ///< Two ways; empty: one way.
};

struct ClusterOptions {
  MetricKind kind = MetricKind::mean;  ///< A proportion is read as a mean of 0 and 1.
  Adjustment adjustment = Adjustment::none;
  double confidence_level = 0.95;
  ClusterVariance variance = ClusterVariance::cr2;
  ClusterFreedom freedom = ClusterFreedom::satterthwaite;
  bool within_cluster_assignment = false;  ///< Clusters may hold units of both arms.
  bool two_way = false;
  std::vector<std::string> covariates = {};  ///< Names for notes.
};

/// Treatment against control when units of a cluster resemble each other or are assigned together.
/// Exact from the sums alone: the same numbers from rows and from one summary a cluster and arm.
///
/// Mean: least squares on the two arms, equal to clubSandwich on lm(y ~ arm). Ratio: R = sum y /
/// sum d with scores sum (y - R d) of each cluster and, as its leverage, its share of the
/// denominator: the weighted regression of y / d with inverse variances d (by share of units
/// when a cluster's denominator is negative, or with covariates). Lin: arms by covariates centred
/// at the pooled mean, the randomness of that mean counted per cluster; one slope for both arms
/// under 20 (q + 1) clusters an arm. `values` of the contrast carry the 2 x 2 covariance, so lift,
/// interval and guardrails read the same statistic and degrees of freedom.
/// Notes: few_clusters (under 50), few_treated_clusters (an arm under 5: use randomisation
/// inference), few_degrees_of_freedom (under 4), covariate_dropped, pooled_slope, weak_denominator.
///
/// Assumes: clusters are independent; covariates were measured before exposure.
/// Fails with invalid_spec (arms or cells of different shape, confidence level), invalid_data
/// (values not finite, a cluster in both arms unless within_cluster_assignment) and
/// undefined_statistic (an arm with fewer than two clusters, no spread, a denominator of 0).
/// References: as cluster_regression; ICC by one-way ANOVA (Donner & Koval, Biometrics 36 (1980)
/// 19-25).
Result<Contrast> compare_clusters(std::span<const ClusterArm> cells, const ClusterOptions& options);

/// Rows gathered into cells, in order of first appearance. Fails with invalid_spec (lengths).
Result<std::vector<ClusterArm>> cluster_cells(const ClusteredUnits& units,
                                              const ClusterOptions& options);

/// The same from rows.
Result<Contrast> compare_clustered_units(const ClusteredUnits& units,
                                         const ClusterOptions& options);

}  // namespace assay::stats
