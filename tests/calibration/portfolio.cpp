#include "calibration.hpp"

namespace assay::calibration {

std::vector<Case> portfolio_cases() { return {}; }

}  // namespace assay::calibration
