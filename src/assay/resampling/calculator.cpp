#include "assay/resampling/calculator.hpp"

namespace assay::resampling {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods;
  return methods;
}

}  // namespace assay::resampling
