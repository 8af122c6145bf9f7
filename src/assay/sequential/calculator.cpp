#include "assay/sequential/calculator.hpp"

#include "assay/sequential/detail/calculator_lists.hpp"

namespace assay::sequential {

const std::vector<stats::CalculatorMethod>& calculator_methods() {
  static const std::vector<stats::CalculatorMethod> methods = [] {
    std::vector<stats::CalculatorMethod> all;
    for (auto list : {detail::design_methods(), detail::look_methods(),
                      detail::always_valid_methods(), detail::bayes_methods()})
      for (auto& method : list) all.push_back(std::move(method));
    return all;
  }();
  return methods;
}

}  // namespace assay::sequential
