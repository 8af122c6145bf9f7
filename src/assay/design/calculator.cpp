#include "assay/design/calculator.hpp"

#include "assay/design/detail/calculator_plans.hpp"

namespace assay::design {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods = [] {
    auto all = detail::plan_methods();
    for (auto& method : detail::design_methods()) all.push_back(std::move(method));
    return all;
  }();
  return methods;
}

}  // namespace assay::design
