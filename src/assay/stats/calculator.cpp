#include "assay/stats/calculator.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/base/text.hpp"
#include "assay/stats/detail/calculator_lists.hpp"

namespace assay::stats {
namespace {

/// The largest count that a double holds exactly.
constexpr double kLargestCount = 9007199254740992.0;

tl::unexpected<Error> bad_input(const InputSpec& spec, std::string problem, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), "input " + spec.name, std::move(fix));
}

Result<void> check_number(const InputSpec& spec, double value) {
  if (!std::isfinite(value))
    return bad_input(spec, fmt::format("{} must be a finite number", spec.name));
  const bool whole = spec.kind == InputKind::integer;
  if (whole && (value != std::floor(value) || std::abs(value) > kLargestCount)) {
    return bad_input(spec, fmt::format("{} must be a whole number; got {}", spec.name, value));
  }
  const bool low = spec.minimum && (value < *spec.minimum || (spec.open && value == *spec.minimum));
  const bool high =
      spec.maximum && (value > *spec.maximum || (spec.open && value == *spec.maximum));
  if (low || high) {
    return bad_input(spec, fmt::format("{} is out of range; got {}", spec.name, value),
                     "the range is " + spec.constraint);
  }
  return {};
}

Result<void> check_value(const InputSpec& spec, const InputValue& value) {
  if (spec.kind == InputKind::array) {
    const auto* entries = std::get_if<std::vector<double>>(&value);
    if (entries == nullptr || entries->empty())
      return bad_input(spec, fmt::format("{} must be a list of numbers, not empty", spec.name));
    for (const double entry : *entries) ASSAY_CHECK(check_number(spec, entry));
    return {};
  }
  if (spec.kind == InputKind::text) {
    if (std::holds_alternative<std::string>(value)) return {};
    return bad_input(spec, fmt::format("{} must be text", spec.name), "write it in quotes");
  }
  if (spec.kind == InputKind::choice) {
    const auto* word = std::get_if<std::string>(&value);
    if (word != nullptr &&
        std::find(spec.choices.begin(), spec.choices.end(), *word) != spec.choices.end())
      return {};
    const std::string given = word == nullptr ? "a number" : *word;
    const std::string near = nearest(given, spec.choices);
    return bad_input(
        spec,
        fmt::format("{} must be one of {}; got {}", spec.name, list_text(spec.choices), given),
        near.empty() ? "" : fmt::format("did you mean {}?", near));
  }
  const auto* single = std::get_if<double>(&value);
  if (single == nullptr) return bad_input(spec, fmt::format("{} must be one number", spec.name));
  return check_number(spec, *single);
}

Result<void> refuse_unknown(const CalculatorMethod& method, const Inputs& inputs) {
  std::vector<std::string> names;
  for (const auto& spec : method.inputs) names.push_back(spec.name);
  for (const auto& [name, value] : inputs) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string near = nearest(name, names);
    return fail(ErrorCode::invalid_spec,
                fmt::format("method {} has no input {}", method.name, name), "",
                near.empty() ? "" : fmt::format("did you mean {}?", near), list_text(names));
  }
  return {};
}

Result<Inputs> complete(const CalculatorMethod& method, const Inputs& inputs) {
  ASSAY_CHECK(refuse_unknown(method, inputs));
  Inputs out;
  std::vector<std::string> missing;
  for (const auto& spec : method.inputs) {
    const auto given = inputs.find(spec.name);
    if (given == inputs.end()) {
      if (spec.default_value) {
        out.emplace(spec.name, *spec.default_value);
      } else {
        missing.push_back(spec.name);
      }
      continue;
    }
    ASSAY_CHECK(check_value(spec, given->second));
    out.emplace(spec.name, given->second);
  }
  if (missing.empty()) return out;
  return fail(ErrorCode::invalid_spec,
              fmt::format("method {} needs {}", method.name, list_text(missing)), "",
              "give every input that has no default");
}

/// A number that is not finite leaves as Undefined, never as NaN or infinity.
void refuse_infinite(std::vector<Output>& outputs) {
  for (Output& output : outputs) {
    if (const auto* value = std::get_if<double>(&output.value);
        value != nullptr && !std::isfinite(*value))
      output.value = Undefined{"unbounded for these inputs"};
  }
}

/// A p-value that a double cannot hold leaves as "below 1e-308", never as 0.
void refuse_underflow(std::vector<Output>& outputs) {
  constexpr double kSmallest = 1e-308;
  for (Output& output : outputs) {
    const bool is_p = output.name.starts_with("p_") || output.name.ends_with("p_value");
    const auto* value = std::get_if<double>(&output.value);
    if (is_p && value != nullptr && *value >= 0.0 && *value < kSmallest)
      output.value = Undefined{std::string(kBelowSmallest)};
  }
}

}  // namespace

std::string_view to_text(InputKind kind) {
  switch (kind) {
    case InputKind::number:
      return "number";
    case InputKind::integer:
      return "integer";
    case InputKind::array:
      return "array";
    case InputKind::choice:
      return "choice";
    case InputKind::text:
      return "text";
  }
  return "number";
}

const std::vector<CalculatorMethod>& calculator_methods() {
  static const std::vector<CalculatorMethod> methods = [] {
    std::vector<CalculatorMethod> all = detail::comparison_methods();
    for (auto& method : detail::cluster_methods()) all.push_back(std::move(method));
    for (auto& method : detail::small_sample_methods()) all.push_back(std::move(method));
    for (auto& method : detail::several_effects_methods()) all.push_back(std::move(method));
    for (auto& method : detail::check_methods()) all.push_back(std::move(method));
    for (auto& method : detail::planning_methods()) all.push_back(std::move(method));
    return all;
  }();
  return methods;
}

Result<const CalculatorMethod*> find_calculator_method(
    const std::vector<const CalculatorMethod*>& methods, std::string_view name) {
  std::vector<std::string> names;
  for (const auto* method : methods) {
    if (method->name == name) return method;
    names.push_back(method->name);
  }
  const std::string near = nearest(name, names);
  return fail(ErrorCode::invalid_spec, fmt::format("there is no method {}", name), "",
              near.empty() ? "see assay calc list" : fmt::format("did you mean {}?", near),
              list_text(names, 40));
}

Result<std::vector<Output>> calculate(const CalculatorMethod& method, const Inputs& inputs) {
  ASSAY_TRY(const auto checked, complete(method, inputs));
  ASSAY_TRY(auto outputs, method.compute(checked));
  refuse_infinite(outputs);
  refuse_underflow(outputs);
  return outputs;
}

Result<std::vector<Output>> calculate(const std::vector<CalculatorMethod>& methods,
                                      std::string_view name, const Inputs& inputs) {
  std::vector<const CalculatorMethod*> all;
  for (const auto& method : methods) all.push_back(&method);
  ASSAY_TRY(const auto* found, find_calculator_method(all, name));
  return calculate(*found, inputs);
}

}  // namespace assay::stats
