#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/stats/calculator.hpp"

/// The words that calculator methods are written in: inputs with their limits, and the typed
/// reading of inputs that were checked against them.
namespace assay::stats::calculator {

InputSpec number(std::string name, std::string description);
InputSpec integer(std::string name, std::string description, double minimum);
InputSpec array(std::string name, std::string description);
InputSpec text(std::string name, std::string description);  ///< Any words.
InputSpec choice(std::string name, std::string description, std::vector<std::string> choices);

InputSpec between(InputSpec spec, double minimum, double maximum);  ///< Limits allowed.
InputSpec inside(InputSpec spec, double minimum, double maximum);   ///< Limits not allowed.
InputSpec above(InputSpec spec, double minimum);                    ///< Limit not allowed.
InputSpec at_least(InputSpec spec, double minimum);
InputSpec or_else(InputSpec spec, InputValue default_value);

InputSpec confidence_level();
InputSpec alpha(double default_value);

/// Typed reading of inputs that were checked against their specs.
double get(const Inputs& inputs, std::string_view name);
std::int64_t get_count(const Inputs& inputs, std::string_view name);
const std::vector<double>& get_array(const Inputs& inputs, std::string_view name);
/// Of a choice or a text.
const std::string& get_choice(const Inputs& inputs, std::string_view name);

}  // namespace assay::stats::calculator
