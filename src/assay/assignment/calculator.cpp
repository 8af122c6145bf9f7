#include "assay/assignment/calculator.hpp"

namespace assay::assignment {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods;
  return methods;
}

}  // namespace assay::assignment
