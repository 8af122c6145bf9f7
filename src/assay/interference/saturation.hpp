#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::interference {

/// A cluster of a two-stage design: first the cluster drew its saturation, then that share of its
/// units drew treatment.
struct SaturationCluster {
  double saturation = 0.0;      ///< Share drawn, 0 (pure control) to 1.
  numerics::Moments control;    ///< The cluster's untreated units.
  numerics::Moments treatment;  ///< Its treated units.
};

/// What one saturation does.
struct SaturationLevel {
  double saturation = 0.0;
  std::int64_t n_clusters = 0;
  /// Treated against untreated units of the same clusters. Absent at saturation 1.
  std::optional<stats::Contrast> direct;
  /// Untreated units here against pure control clusters. Absent at saturation 1.
  std::optional<stats::Contrast> spillover;
  /// Treated units here against pure control clusters.
  std::optional<stats::Contrast> total;
  /// All units here against pure control clusters: what launching at this saturation does.
  std::optional<stats::Contrast> overall;
  std::string reason;  ///< Why something is absent; empty otherwise.
};

struct SaturationEffects {
  std::vector<SaturationLevel> levels;  ///< Ascending, without 0.
  stats::Contrast naive;  ///< All treated against all untreated units as independent (Welch).
  std::int64_t n_pure_control = 0;  ///< Clusters at saturation 0.
};

/// Averages of cluster averages (every cluster counts once), compared between clusters by Welch's
/// test; the direct effect is the mean of the differences within clusters with n - 1 degrees of
/// freedom. total = direct + spillover by construction on the same clusters.
/// Assumes that clusters do not disturb each other and that within a cluster only the share treated
/// matters, not who. Without pure control clusters only direct effects exist.
/// Fails with invalid_data (saturation outside [0, 1], values not finite, a cluster at 0 with
/// treated or at 1 with untreated units, arms that its saturation promises but which are empty) and
/// undefined_statistic (no level with two clusters).
/// References: Hudgens & Halloran, JASA 103 (2008) 832-842; Baird, Bohren, McIntosh & Ozler, Review
/// of Economics and Statistics 100 (2018) 844-860.
Result<SaturationEffects> saturation_effects(std::span<const SaturationCluster> clusters,
                                             double confidence_level);

}  // namespace assay::interference
