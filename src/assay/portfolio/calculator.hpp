#pragma once

#include <vector>

#include "assay/stats/calculator.hpp"

namespace assay::portfolio {

/// The methods of this room for `assay calc`, in the order of the documentation.
const std::vector<stats::CalculatorMethod>& calculator_methods();

}  // namespace assay::portfolio
