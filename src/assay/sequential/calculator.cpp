#include "assay/sequential/calculator.hpp"

namespace assay::sequential {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods;
  return methods;
}

}  // namespace assay::sequential
