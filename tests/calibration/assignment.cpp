#include "calibration.hpp"

namespace assay::calibration {

std::vector<Case> assignment_cases() { return {}; }

}  // namespace assay::calibration
