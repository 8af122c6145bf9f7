#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "assay/base/result.hpp"

namespace assay::report {

/// A number that may not exist. A double converts to it; NaN and the infinities become undefined.
///
///     Number rate = 0.418;
///     Number none = Number::undefined("no user reached day 28 yet");
///     Number p = Number::from(test);        // of a Result<double>: the error's problem is the
///     reason
struct Number {
  std::optional<double> value;
  std::string reason;  ///< Why there is no value; may be empty.

  Number() = default;
  Number(double number);  // NOLINT(google-explicit-constructor): a double is a number.

  static Number undefined(std::string reason);
  static Number from(const Result<double>& result);

  [[nodiscard]] bool defined() const { return value.has_value(); }
};

/// How a value reads.
enum class NumberStyle : std::uint8_t {
  number,         ///< 31.42 (four significant digits)
  signed_number,  ///< +0.28
  count,          ///< 1,234,567
  percent,        ///< 0.418 -> 41.8 %
  relative,       ///< relative change: 0.009 -> +0.90 %
  points,         ///< difference of shares: 0.0036 -> +0.36 pp
  money,          ///< 0.1842, "USD" -> 0.1842 USD; from 100 on two decimals, grouped
  p_value,        ///< 0.0005, "< 0.0001"
};

/// A style and the unit's name, shown after a number ("min") or with money ("USD").
struct NumberFormat {
  NumberStyle style = NumberStyle::number;
  std::string unit;

  NumberFormat() {}  // NOLINT(modernize-use-equals-default): g++ 12 warns falsely with = default.
  NumberFormat(NumberStyle chosen, std::string unit_name = {})
      : style(chosen), unit(std::move(unit_name)) {}

  static NumberFormat number(std::string unit = {}) {
    return {NumberStyle::number, std::move(unit)};
  }
  static NumberFormat count(std::string unit = {}) { return {NumberStyle::count, std::move(unit)}; }
  static NumberFormat percent() { return NumberStyle::percent; }
  static NumberFormat relative() { return NumberStyle::relative; }
  static NumberFormat points() { return NumberStyle::points; }
  static NumberFormat money(std::string currency) {
    return {NumberStyle::money, std::move(currency)};
  }
  static NumberFormat difference(std::string unit = {}) {
    return {NumberStyle::signed_number, std::move(unit)};
  }
  static NumberFormat p_value() { return NumberStyle::p_value; }
};

}  // namespace assay::report
