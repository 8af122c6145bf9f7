#include "assay/stats/calculator_input.hpp"

#include <fmt/core.h>

#include <utility>

namespace assay::stats::calculator {
namespace {

const InputValue& find(const Inputs& inputs, std::string_view name) {
  return inputs.find(name)->second;  // Present: inputs were checked against their specs.
}

std::string limits_text(const InputSpec& s) {
  const char* sign = s.open ? "<" : "<=";
  const std::string each = s.kind == InputKind::array ? "each entry" : s.name;
  if (s.minimum && s.maximum)
    return fmt::format("{} {} {} {} {}", *s.minimum, sign, each, sign, *s.maximum);
  return fmt::format("{} {} {}", each, s.open ? ">" : ">=", s.minimum.value_or(0.0));
}

InputSpec limited(InputSpec s, std::optional<double> low, std::optional<double> high, bool open) {
  s.minimum = low;
  s.maximum = high;
  s.open = open;
  s.constraint = limits_text(s);
  return s;
}

InputSpec plain(std::string name, InputKind kind, std::string description) {
  InputSpec s;
  s.name = std::move(name);
  s.kind = kind;
  s.description = std::move(description);
  return s;
}

}  // namespace

InputSpec number(std::string name, std::string description) {
  return plain(std::move(name), InputKind::number, std::move(description));
}

InputSpec integer(std::string name, std::string description, double minimum) {
  return limited(plain(std::move(name), InputKind::integer, std::move(description)), minimum,
                 std::nullopt, false);
}

InputSpec array(std::string name, std::string description) {
  return plain(std::move(name), InputKind::array, std::move(description));
}

InputSpec choice(std::string name, std::string description, std::vector<std::string> choices) {
  InputSpec s = plain(std::move(name), InputKind::choice, std::move(description));
  s.choices = std::move(choices);
  return s;
}

InputSpec text(std::string name, std::string description) {
  return plain(std::move(name), InputKind::text, std::move(description));
}

InputSpec between(InputSpec spec, double minimum, double maximum) {
  return limited(std::move(spec), minimum, maximum, false);
}

InputSpec inside(InputSpec spec, double minimum, double maximum) {
  return limited(std::move(spec), minimum, maximum, true);
}

InputSpec above(InputSpec spec, double minimum) {
  return limited(std::move(spec), minimum, std::nullopt, true);
}

InputSpec at_least(InputSpec spec, double minimum) {
  return limited(std::move(spec), minimum, std::nullopt, false);
}

InputSpec or_else(InputSpec spec, InputValue default_value) {
  spec.default_value = std::move(default_value);
  return spec;
}

InputSpec confidence_level() {
  return or_else(inside(number("confidence_level", "coverage of the intervals"), 0, 1), 0.95);
}

InputSpec alpha(double default_value) {
  return or_else(inside(number("alpha", "significance level"), 0, 1), default_value);
}

double get(const Inputs& inputs, std::string_view name) {
  return std::get<double>(find(inputs, name));
}

std::int64_t get_count(const Inputs& inputs, std::string_view name) {
  return static_cast<std::int64_t>(get(inputs, name));
}

const std::vector<double>& get_array(const Inputs& inputs, std::string_view name) {
  return std::get<std::vector<double>>(find(inputs, name));
}

const std::string& get_choice(const Inputs& inputs, std::string_view name) {
  return std::get<std::string>(find(inputs, name));
}

}  // namespace assay::stats::calculator
