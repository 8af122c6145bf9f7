#include "assay/app/calc.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "assay/assignment/calculator.hpp"
#include "assay/base/text.hpp"
#include "assay/design/calculator.hpp"
#include "assay/interference/calculator.hpp"
#include "assay/portfolio/calculator.hpp"
#include "assay/resampling/calculator.hpp"
#include "assay/sequential/calculator.hpp"
#include "assay/stats/calculator.hpp"
#include "assay/survival/calculator.hpp"

namespace assay::app {
namespace {

using Json = nlohmann::ordered_json;
using stats::CalculatorMethod;
using stats::InputKind;
using stats::Inputs;
using stats::InputSpec;
using stats::InputValue;
using stats::Output;
using stats::OutputValue;
using stats::Undefined;

constexpr std::size_t kColumns = 80;
constexpr int kSchemaVersion = 1;

/// Whole numbers in full, others to six digits; JSON has every digit.
std::string number_text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.6g}", value);
}

std::string numbers_text(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : ", ") + number_text(value);
  return text;
}

/// Appends words behind an indented label, broken so that no line passes 80 columns.
void add_wrapped(std::string& out, std::string_view label, std::size_t indent,
                 std::string_view words) {
  std::string line(label);
  line.resize(std::max(indent, line.size()), ' ');
  if (label.size() >= indent) line += ' ';
  bool fresh = true;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    const auto width = static_cast<std::size_t>(display_width(line) + display_width(word)) + 1;
    if (!fresh && width > kColumns) {
      out += line + '\n';
      line.assign(indent, ' ');
      fresh = true;
    }
    if (!fresh) line += ' ';
    line += word;
    fresh = false;
  }
  out += line + '\n';
}

std::string value_text(const OutputValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return numbers_text(*list);
  const std::string& reason = std::get<Undefined>(value).reason;
  return reason == stats::kBelowSmallest ? reason : "undefined: " + reason;
}

std::string value_text(const InputValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return numbers_text(std::get<std::vector<double>>(value));
}

Json to_json(const InputValue& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

std::string input_place(std::string_view name) { return fmt::format("input {}", name); }

Result<double> parse_number(std::string_view name, std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(value))
    return value;
  return fail(ErrorCode::invalid_spec, fmt::format("{} is not a number: {}", name, text),
              input_place(name), "write digits, a decimal point and an exponent: 1200, 0.05, 1e6");
}

Result<InputValue> parse_option(const InputSpec& spec, std::string_view text) {
  if (spec.kind == InputKind::choice || spec.kind == InputKind::text)
    return InputValue(std::string(text));
  if (spec.kind != InputKind::array) {
    ASSAY_TRY(const double value, parse_number(spec.name, text));
    return InputValue(value);
  }
  std::vector<double> values;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    ASSAY_TRY(const double value, parse_number(spec.name, text.substr(0, comma)));
    values.push_back(value);
    if (more) text.remove_prefix(comma + 1);
  }
  return InputValue(std::move(values));
}

Result<InputValue> from_json(const std::string& name, const Json& json) {
  if (json.is_number()) return InputValue(json.get<double>());
  if (json.is_string()) return InputValue(json.get<std::string>());
  const auto numbers = [](const Json& entry) { return entry.is_number(); };
  if (json.is_array() && std::all_of(json.begin(), json.end(), numbers))
    return InputValue(json.get<std::vector<double>>());
  return fail(ErrorCode::invalid_spec,
              fmt::format("{} must be a number, a list of numbers or a word; got {}", name,
                          json.type_name()),
              input_place(name));
}

Result<Inputs> parse_json_inputs(const std::string& text) {
  std::set<std::string> seen;
  std::string repeated;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && depth == 1 &&
        !seen.insert(parsed.get<std::string>()).second)
      repeated = parsed.get<std::string>();
    return true;
  };
  Json json;
  try {
    json = Json::parse(text, watch);
  } catch (const Json::exception& error) {
    std::string what = error.what();  // "[json.exception...] parse error at ...": without the name
    what.erase(0, what.find("] ") == std::string::npos ? 0 : what.find("] ") + 2);
    return fail(ErrorCode::invalid_spec, fmt::format("the inputs are not JSON: {}", what),
                "JSON inputs", "write an object: {\"x1\": 120, \"n1\": 1000}");
  }
  if (!json.is_object()) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the inputs must be a JSON object; got {}", json.type_name()),
                "JSON inputs", "write an object: {\"x1\": 120, \"n1\": 1000}");
  }
  if (!repeated.empty()) {
    return fail(ErrorCode::invalid_spec, fmt::format("{} is given twice", repeated), "JSON inputs");
  }
  Inputs inputs;
  for (const auto& [name, value] : json.items()) {
    ASSAY_TRY(auto input, from_json(name, value));
    inputs.emplace(name, std::move(input));
  }
  return inputs;
}

Result<Inputs> gather(const CalculatorMethod& method,
                      const std::map<std::string, std::string>& options,
                      const std::optional<std::string>& json_inputs) {
  Inputs inputs;
  if (json_inputs) {
    ASSAY_TRY(inputs, parse_json_inputs(*json_inputs));
  }
  for (const auto& [name, text] : options) {
    if (inputs.contains(name)) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("{} is given as an option and in the JSON inputs", name),
                  input_place(name), "give it once");
    }
    const auto spec = std::find_if(method.inputs.begin(), method.inputs.end(),
                                   [&](const InputSpec& s) { return s.name == name; });
    if (spec == method.inputs.end()) {
      inputs.emplace(name, text);  // Refused by name, with the nearest one, in calculate.
      continue;
    }
    ASSAY_TRY(auto value, parse_option(*spec, text));
    inputs.emplace(name, std::move(value));
  }
  return inputs;
}

/// The inputs in the method's order, defaults filled in.
std::vector<std::pair<std::string, InputValue>> used_inputs(const CalculatorMethod& method,
                                                            const Inputs& inputs) {
  std::vector<std::pair<std::string, InputValue>> used;
  for (const InputSpec& spec : method.inputs) {
    const auto given = inputs.find(spec.name);
    if (given != inputs.end()) {
      used.emplace_back(spec.name, given->second);
    } else if (spec.default_value) {
      used.emplace_back(spec.name, *spec.default_value);
    }
  }
  return used;
}

std::string result_text(const CalculatorMethod& method, const Inputs& inputs,
                        const std::vector<Output>& outputs) {
  std::string text = fmt::format("{}: {}\n\n", method.name, method.summary);
  std::size_t width = 0;
  const auto used = used_inputs(method, inputs);
  for (const auto& [name, value] : used) width = std::max(width, name.size());
  for (const Output& output : outputs) width = std::max(width, output.name.size());
  for (const auto& [name, value] : used)
    add_wrapped(text, "  " + name, width + 4, value_text(value));
  text += '\n';
  for (const Output& output : outputs)
    add_wrapped(text, "  " + output.name, width + 4, value_text(output.value));
  text += '\n';
  add_wrapped(text, "  source", width + 4, method.source);
  return text;
}

Json result_json(const CalculatorMethod& method, const Inputs& inputs,
                 const std::vector<Output>& outputs) {
  Json json;
  json["schema"] = "assay.calc";
  json["schema_version"] = kSchemaVersion;
  json["method"] = method.name;
  json["inputs"] = Json::object();
  for (const auto& [name, value] : used_inputs(method, inputs))
    json["inputs"][name] = to_json(value);
  json["results"] = Json::object();
  json["undefined"] = Json::object();  // Reasons of the results that are null.
  for (const Output& output : outputs) {
    if (const auto* undefined = std::get_if<Undefined>(&output.value)) {
      json["results"][output.name] = nullptr;
      json["undefined"][output.name] = undefined->reason;
    } else if (const auto* number = std::get_if<double>(&output.value)) {
      json["results"][output.name] = *number;
    } else if (const auto* list = std::get_if<std::vector<double>>(&output.value)) {
      json["results"][output.name] = *list;
    } else {
      json["results"][output.name] = std::get<std::string>(output.value);
    }
  }
  json["definition"] = method.definition;
  json["source"] = method.source;
  return json;
}

Json input_json(const InputSpec& spec) {
  Json json;
  json["name"] = spec.name;
  json["kind"] = std::string(to_text(spec.kind));
  json["description"] = spec.description;
  json["required"] = !spec.default_value.has_value();
  if (spec.default_value) json["default"] = to_json(*spec.default_value);
  if (!spec.constraint.empty()) json["constraint"] = spec.constraint;
  if (spec.minimum) json[spec.open ? "exclusive_minimum" : "minimum"] = *spec.minimum;
  if (spec.maximum) json[spec.open ? "exclusive_maximum" : "maximum"] = *spec.maximum;
  if (!spec.choices.empty()) json["choices"] = spec.choices;
  return json;
}

Json method_json(const CalculatorMethod& method) {
  Json json;
  json["name"] = method.name;
  json["summary"] = method.summary;
  json["inputs"] = Json::array();
  for (const InputSpec& spec : method.inputs) json["inputs"].push_back(input_json(spec));
  json["outputs"] = Json::array();
  for (const auto& spec : method.outputs)
    json["outputs"].push_back({{"name", spec.name}, {"description", spec.description}});
  json["definition"] = method.definition;
  json["source"] = method.source;
  return json;
}

std::string input_description(const InputSpec& spec) {
  std::string text = fmt::format("{}; {}", to_text(spec.kind), spec.description);
  if (!spec.choices.empty()) text += ": " + list_text(spec.choices);
  if (!spec.constraint.empty()) text += "; " + spec.constraint;
  if (spec.default_value) text += fmt::format("; default {}", value_text(*spec.default_value));
  return text;
}

std::string method_text(const CalculatorMethod& method) {
  std::string text;
  add_wrapped(text, method.name + ":", 2, method.summary);
  text += "\ninputs\n";
  std::size_t width = 0;
  for (const InputSpec& spec : method.inputs) width = std::max(width, spec.name.size());
  for (const auto& spec : method.outputs) width = std::max(width, spec.name.size());
  for (const InputSpec& spec : method.inputs)
    add_wrapped(text, "  --" + spec.name, width + 6, input_description(spec));
  text += "\noutputs\n";
  for (const auto& spec : method.outputs)
    add_wrapped(text, "  " + spec.name, width + 6, spec.description);
  text += '\n';
  add_wrapped(text, "definition", 12, method.definition);
  add_wrapped(text, "source", 12, method.source);
  return text;
}

}  // namespace

const std::vector<const stats::CalculatorMethod*>& calc_methods() {
  static const auto all = [] {
    std::vector<const stats::CalculatorMethod*> methods;
    for (const auto* room : {&stats::calculator_methods(), &sequential::calculator_methods(),
                             &resampling::calculator_methods(), &survival::calculator_methods(),
                             &assignment::calculator_methods(), &interference::calculator_methods(),
                             &design::calculator_methods(), &portfolio::calculator_methods()})
      for (const auto& method : *room) methods.push_back(&method);
    return methods;
  }();
  return all;
}

Result<CalcOutput> run_calc(std::string_view method,
                            const std::map<std::string, std::string>& options,
                            const std::optional<std::string>& json_inputs) {
  if (method == "list" && options.empty() && !json_inputs) return list_calc();
  ASSAY_TRY(const auto* found, stats::find_calculator_method(calc_methods(), method));
  ASSAY_TRY(const auto inputs, gather(*found, options, json_inputs));
  ASSAY_TRY(const auto outputs, stats::calculate(*found, inputs));
  return CalcOutput{result_text(*found, inputs, outputs),
                    result_json(*found, inputs, outputs).dump(2) + '\n'};
}

CalcOutput list_calc() {
  Json json;
  json["schema"] = "assay.calc_methods";
  json["schema_version"] = kSchemaVersion;
  json["methods"] = Json::array();
  std::string text = "methods of assay calc\n\n";
  std::size_t width = 0;
  for (const auto* method : calc_methods()) width = std::max(width, method->name.size());
  for (const auto* method : calc_methods()) {
    json["methods"].push_back(method_json(*method));
    add_wrapped(text, "  " + method->name, width + 4, method->summary);
    std::string needed;
    for (const InputSpec& spec : method->inputs)
      if (!spec.default_value) needed += (needed.empty() ? "--" : " --") + spec.name;
    add_wrapped(text, "", width + 4, needed);
  }
  text += "\nassay calc METHOD --help tells inputs, outputs, definition and source\n";
  return {text, json.dump(2) + '\n'};
}

Result<CalcOutput> describe_calc(std::string_view method) {
  ASSAY_TRY(const auto* found, stats::find_calculator_method(calc_methods(), method));
  const Json json = method_json(*found);
  return CalcOutput{method_text(*found), json.dump(2) + '\n'};
}

}  // namespace assay::app
