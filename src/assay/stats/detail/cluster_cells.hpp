#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/stats/cluster_robust.hpp"
#include "assay/stats/detail/cluster_algebra.hpp"
#include "assay/stats/detail/cluster_columns.hpp"

/// Cells (cluster by arm) checked, counted and turned into a regression on arms and covariates.
namespace assay::stats::detail {

/// Both arms' units together.
struct ArmTotals {
  numerics::CoMoments control;
  numerics::CoMoments treatment;

  [[nodiscard]] const numerics::CoMoments& of(Arm arm) const {
    return arm == Arm::control ? control : treatment;
  }
};

/// Refuses cells of different shape, not finite, or crossing arms unasked; merges the arms.
Result<ArmTotals> check_cells(std::span<const ClusterArm> cells, const ClusterOptions& options);

/// Clusters by arm, sizes and intra-cluster correlation of y (of y - R d for a ratio).
ClusterFacts cluster_facts(std::span<const ClusterArm> cells, const ArmTotals& totals,
                           const ClusterOptions& options);

/// How the covariates enter.
struct CellDesign {
  std::size_t outcomes = 1;       ///< 1, or 2 for a ratio.
  std::vector<std::size_t> used;  ///< Covariates in use.
  bool pooled_slope = false;
  bool denominator_leverage = false;  ///< Ratio without covariates.
  std::vector<double> centre;         ///< Pooled mean of the used covariates.

  [[nodiscard]] std::size_t columns() const { return 2 + used.size() * (pooled_slope ? 1 : 2); }
  [[nodiscard]] std::size_t slope_column(Arm arm, std::size_t k) const {
    return 2 + k + (arm == Arm::treatment && !pooled_slope ? used.size() : 0);
  }
};

/// The design that options and data allow.
CellDesign design_cells(std::span<const ClusterArm> cells, const ArmTotals& totals,
                        const ClusterFacts& facts, const ClusterOptions& options);

/// The regression of y on arms (columns 0 and 1) and covariates; coefficients are values.
Result<ClusterFit> regress_cells(std::span<const ClusterArm> cells, const ClusterIndex& groups,
                                 const ArmTotals& totals, const CellDesign& design);

/// Adjusted values of the arms and what each cluster adds to their errors.
struct CellFit {
  double value[2] = {0.0, 0.0};
  double denominator[2] = {1.0, 1.0};    ///< Adjusted mean of d; 1 without one.
  std::vector<double> slopes[2];         ///< Per arm, of y - R d.
  numerics::SymmetricMatrix covariance;  ///< 2 x 2, control first.
  double degrees_of_freedom = 0.0;       ///< Of treatment - control.
  std::size_t clusters = 0;
};

/// `groups` says to which cluster each cell belongs.
Result<CellFit> fit_cells(std::span<const ClusterArm> cells, const ClusterIndex& groups,
                          const ArmTotals& totals, const CellDesign& design,
                          const ClusterOptions& options);

}  // namespace assay::stats::detail
