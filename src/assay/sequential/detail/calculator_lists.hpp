#pragma once

#include <vector>

#include "assay/sequential/group_sequential.hpp"
#include "assay/stats/calculator.hpp"

/// Calculator methods by theme, and the inputs that describe a design.
namespace assay::sequential::detail {

/// The inputs that describe a group sequential design, and the design they mean.
std::vector<stats::InputSpec> design_inputs();
Result<GroupSequentialSpec> design_of(const stats::Inputs& inputs);

/// The two lists together.
std::vector<stats::InputSpec> with_design(std::vector<stats::InputSpec> first);

Sides sides_of(const stats::Inputs& inputs);
stats::InputSpec sides_input();

std::vector<stats::CalculatorMethod> design_methods();        ///< Boundaries, power, prospects.
std::vector<stats::CalculatorMethod> look_methods();          ///< Looks made; after stopping.
std::vector<stats::CalculatorMethod> always_valid_methods();  ///< Sequences and sample ratio.
std::vector<stats::CalculatorMethod> bayes_methods();

}  // namespace assay::sequential::detail
