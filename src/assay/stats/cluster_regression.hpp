#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/linear_algebra.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::stats {

/// Where the degrees of freedom come from.
enum class ClusterFreedom : std::uint8_t {
  satterthwaite,       ///< Per coefficient (Bell & McCaffrey 2002).
  clusters_minus_one,  ///< G - 1, the smaller G of two ways.
};

/// A least-squares regression of units in clusters: every column has one entry a unit. Fixed
/// effects are columns like others; give the constant as a column too.
struct RegressionColumns {
  std::vector<std::span<const double>> x;
  std::vector<std::string> names;  ///< "x1", "x2", ... when missing.
  std::span<const double> y;
  std::span<const double> weights;  ///< Inverse variances (> 0); empty: all alike.
  std::span<const std::int64_t> cluster;
  std::span<const std::int64_t> second_cluster;  ///< Two-way clusters; empty: one way.
  std::size_t reported = 0;  ///< Only the first so many columns are tested (0: all). Fixed effects
                             ///< of the clusters themselves have no test: put them behind.
};

struct ClusterCoefficient {
  std::string name;
  double estimate = 0.0;
  double std_error = 0.0;
  double statistic = 0.0;
  double degrees_of_freedom = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
  double p_value = 1.0;  ///< Two-sided, against 0.
};

struct ClusterRegression {
  std::vector<ClusterCoefficient> coefficients;  ///< The reported ones.
  numerics::SymmetricMatrix covariance;
  ClusterVariance variance = ClusterVariance::cr2;
  std::int64_t n = 0;
  std::int64_t clusters = 0;
  std::int64_t second_clusters = 0;
  std::vector<Note> notes;
};

/// Ordinary or weighted least squares with a cluster-robust covariance. The working model of CR2
/// and of the degrees of freedom is: units independent, variance 1 / weight; its root is taken of
/// the rows times sqrt(weight), Bell & McCaffrey's (clubSandwich takes another, as unbiased, when
/// weights vary within a cluster). Two ways: the covariances by first and by second cluster less
/// that by their intersection, each with its own correction; a covariance that is not positive
/// loses its negative part (noted), the degrees of freedom are the smaller of the two ways.
/// Cost: units x p^2 + clusters x p^3; no matrix larger than p x p.
///
/// Fails with invalid_spec (columns of different length, no column), invalid_data (a value that is
/// not finite, a weight not positive) and undefined_statistic (fewer than two clusters, not more
/// units than columns, a collinear column, no residual spread).
/// References: Bell & McCaffrey, Survey Methodology 28 (2002) 169-181; Pustejovsky & Tipton, JBES
/// 36 (2018) 672-683; Cameron, Gelbach & Miller, JBES 29 (2011) 238-249.
Result<ClusterRegression> cluster_regression(
    const RegressionColumns& columns, double confidence_level,
    ClusterVariance variance = ClusterVariance::cr2,
    ClusterFreedom freedom = ClusterFreedom::satterthwaite);

}  // namespace assay::stats
