#include "assay/interference/calculator.hpp"

namespace assay::interference {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods;
  return methods;
}

}  // namespace assay::interference
