#include "assay/design/calculator.hpp"

namespace assay::design {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods;
  return methods;
}

}  // namespace assay::design
