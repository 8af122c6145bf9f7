#include "assay/portfolio/calculator.hpp"

namespace assay::portfolio {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods;
  return methods;
}

}  // namespace assay::portfolio
