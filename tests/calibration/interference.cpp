#include "calibration.hpp"

namespace assay::calibration {

std::vector<Case> interference_cases() { return {}; }

}  // namespace assay::calibration
