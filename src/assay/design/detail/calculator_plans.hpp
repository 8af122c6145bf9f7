#pragma once

#include <vector>

#include "assay/stats/calculator.hpp"

namespace assay::design::detail {

/// Power, units and detectable effect of a mean, a share, a ratio and a quantile in any design.
std::vector<stats::CalculatorMethod> plan_methods();

/// Clusters, several arms, exact shares, switchbacks, weeks.
std::vector<stats::CalculatorMethod> design_methods();

}  // namespace assay::design::detail
