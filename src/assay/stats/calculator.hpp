#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "assay/base/result.hpp"

/// Every statistical method as a calculator from summary numbers: a registry that command line,
/// web page and documentation read, so that a method has one name and one description.
namespace assay::stats {

enum class InputKind : std::uint8_t { number, integer, array, choice, text };
std::string_view to_text(InputKind kind);

/// A typed input: a number (integers too), a list of numbers, or a word of a choice or text.
using InputValue = std::variant<double, std::vector<double>, std::string>;
using Inputs = std::map<std::string, InputValue, std::less<>>;

struct InputSpec {
  std::string name;  ///< snake_case.
  InputKind kind = InputKind::number;
  std::string description;
  std::optional<InputValue> default_value;  ///< None: required.
  std::string constraint;                   ///< "0 < alpha < 1"; empty: any finite number.
  std::optional<double> minimum;            ///< Of the number, or of each entry of an array.
  std::optional<double> maximum;
  bool open = false;                 ///< The limits themselves are not allowed.
  std::vector<std::string> choices;  ///< Of a choice.
};

/// A number that does not exist, and why.
struct Undefined {
  std::string reason;
};
/// The reason of a p-value that is too small for a double; it is never given as 0.
inline constexpr std::string_view kBelowSmallest = "below 1e-308";
using OutputValue = std::variant<double, std::string, std::vector<double>, Undefined>;

struct Output {
  std::string name;  ///< snake_case.
  OutputValue value;
};

struct OutputSpec {
  std::string name;
  std::string description;
};

struct CalculatorMethod {
  std::string name;     ///< kebab-case: "two-proportion".
  std::string summary;  ///< One line.
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  std::string definition;  ///< The formula in plain text.
  std::string source;      ///< Citation.
  std::function<Result<std::vector<Output>>(const Inputs&)> compute;  ///< Inputs are complete.
};

/// The methods of this room, in the order of the documentation. Every room with methods has such
/// a list.
const std::vector<CalculatorMethod>& calculator_methods();

/// The method of a name. Fails with invalid_spec and the nearest name.
Result<const CalculatorMethod*> find_calculator_method(
    const std::vector<const CalculatorMethod*>& methods, std::string_view name);

/// Checks the inputs (missing, unknown with the nearest name, wrong kind, non-finite, outside the
/// constraint), fills in defaults and computes. Outputs come in the order of the method's specs;
/// one that does not apply is Undefined with its reason.
Result<std::vector<Output>> calculate(const CalculatorMethod& method, const Inputs& inputs);

/// The same for the method of this name among a room's.
Result<std::vector<Output>> calculate(const std::vector<CalculatorMethod>& methods,
                                      std::string_view name, const Inputs& inputs);

}  // namespace assay::stats
