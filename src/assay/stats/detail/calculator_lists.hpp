#pragma once

#include <vector>

#include "assay/stats/calculator.hpp"

/// The calculator methods of this room by theme.
namespace assay::stats::detail {

std::vector<CalculatorMethod> comparison_methods();  ///< Two arms.
std::vector<CalculatorMethod> check_methods();       ///< Proportions, checks, families, tails.
std::vector<CalculatorMethod> planning_methods();    ///< Power, sample size, detectable effect.
std::vector<CalculatorMethod> cluster_methods();     ///< Clusters, quantiles.
/// One sample, ranks, sparse counts, strata.
std::vector<CalculatorMethod> small_sample_methods();
std::vector<CalculatorMethod>
several_effects_methods();  ///< Several effects; who an effect is about.

}  // namespace assay::stats::detail
