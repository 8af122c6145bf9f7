#pragma once

#include <vector>

#include "assay/stats/calculator.hpp"

namespace assay::survival {

/// The methods of this room for `assay calc`, in the order of the documentation.
const std::vector<stats::CalculatorMethod>& calculator_methods();

}  // namespace assay::survival
