#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/stats/calculator.hpp"

namespace assay::app {

/// What `assay calc` prints, in both forms; the caller picks one.
struct CalcOutput {
  std::string text;  ///< Aligned plain text within 80 columns, with a final newline.
  std::string json;  ///< One JSON object, indented by two, with a final newline.
};

/// The methods of all rooms, in the order of the documentation; every name once.
const std::vector<const stats::CalculatorMethod*>& calc_methods();

/// Runs one method of the calculator. Inputs come as option texts (`{"x1", "120"}`; arrays as
/// "1,2,3") and optionally as a JSON object in `json_inputs`; an input given in both fails.
/// The method "list" without inputs is list_calc.
/// Fails with invalid_spec (unknown method or input with the nearest name, missing or malformed
/// input, broken JSON), invalid_data and undefined_statistic as the method does.
Result<CalcOutput> run_calc(std::string_view method,
                            const std::map<std::string, std::string>& options,
                            const std::optional<std::string>& json_inputs = std::nullopt);

/// `assay calc list`: every method with its inputs; the JSON is the schema for other programs.
CalcOutput list_calc();

/// `assay calc METHOD --help`: inputs, outputs, definition and source of one method.
/// Fails with invalid_spec and the nearest name.
Result<CalcOutput> describe_calc(std::string_view method);

}  // namespace assay::app
