#include "assay/survival/calculator.hpp"

namespace assay::survival {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods;
  return methods;
}

}  // namespace assay::survival
