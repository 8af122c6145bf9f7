#pragma once

#include <vector>

#include "assay/stats/cluster_regression.hpp"
#include "assay/stats/detail/cluster_algebra.hpp"

namespace assay::stats::detail {

/// A fitted regression and, per cluster, its cross-products and scores X_g'e_g.
struct ClusterFit {
  Bread bread;
  std::vector<double> coefficients;
  ClusterProducts products;
  std::vector<double> scores;  ///< clusters x p.
};

/// Refuses what cluster_regression refuses.
Result<void> check_columns(const RegressionColumns& columns);

/// Fits the columns, units grouped by `groups`.
Result<ClusterFit> fit_clusters(const RegressionColumns& columns, const ClusterIndex& groups);

/// Zeroes the negative eigenvalues; true when there were any.
bool repair(numerics::SymmetricMatrix& covariance);

}  // namespace assay::stats::detail
