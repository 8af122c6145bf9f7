#include "assay/report/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "assay/base/text.hpp"

namespace assay::report {
namespace {

constexpr const char* kNone = "—";
constexpr double kLargestCount = 9e15;  // Integers are exact in a double up to here.

/// Puts commas into the digits before the decimal point.
std::string group(const std::string& digits) {
  const std::size_t begin = digits.starts_with('-') ? 1 : 0;
  const std::size_t point = std::min(digits.find('.'), digits.size());
  std::string text = digits;
  for (std::size_t at = point; at > begin + 3;) text.insert(at -= 3, ",");
  return text;
}

/// Fixed decimals, grouped, a rounded zero without its sign.
std::string fixed(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find_first_of("123456789") == std::string::npos && text.starts_with('-')) {
    text.erase(0, 1);
  }
  return group(text);
}

std::string with_sign(const std::string& text) {
  const bool zero = text.find_first_of("123456789") == std::string::npos;
  return zero || text.starts_with('-') ? text : "+" + text;
}

/// Decimals of a relative change or difference in per cent.
int change_decimals(double percent) {
  const double size = std::fabs(percent);
  if (size >= 100.0) return 0;
  if (size >= 10.0) return 1;
  if (size >= 0.1 || size < 5e-5) return 2;
  return size >= 0.01 ? 3 : 4;
}

std::string percent_digits(double percent) {
  const double size = std::fabs(percent);
  if (size == 0.0) return "0";
  if (size < 5e-5) return percent < 0.0 ? "> -0.0001" : "< 0.0001";
  int decimals = size >= 99.95     ? 0
                 : size >= 9.995   ? 1
                 : size >= 0.9995  ? 2
                 : size >= 0.09995 ? 3
                                   : 4;
  // 99.987 % is not 100 %: what is short of the whole must not read as the whole.
  while (size < 100.0 && decimals < 4 && fixed(size, decimals).starts_with("100")) ++decimals;
  return fixed(percent, decimals);
}

std::string money_digits(double amount) {
  const double size = std::fabs(amount);
  if (size != 0.0 && size < 1.0) return format_significant(amount);
  return fixed(amount, size < 1e5 ? 2 : 0);
}

std::string with_unit(std::string text, const std::string& unit) {
  return unit.empty() ? text : std::move(text) + " " + unit;
}

bool in_percent(NumberStyle style) {
  return style == NumberStyle::percent || style == NumberStyle::relative ||
         style == NumberStyle::points;
}

/// Decimals that both ends of an interval are written with: four significant digits of the larger.
int interval_decimals(double size) {
  if (size == 0.0) return 0;
  return std::clamp(3 - static_cast<int>(std::floor(std::log10(size))), 0, 8);
}

}  // namespace

std::string format_count(double count) {
  if (!std::isfinite(count)) return kNone;
  if (std::fabs(count) > kLargestCount) return format_significant(count);
  return count_text(std::llround(count));
}

std::string format_significant(double value, int digits) {
  if (!std::isfinite(value)) return kNone;
  if (value == 0.0) return "0";
  const double size = std::fabs(value);
  if (size < 1e-4 || size >= 1e15) return fmt::format("{:.{}g}", value, std::min(digits, 3));
  const int whole = static_cast<int>(std::floor(std::log10(size))) + 1;
  std::string text = fixed(value, std::max(0, digits - whole));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  return text;
}

std::string format_percent(double share) {
  return std::isfinite(share) ? percent_digits(share * 100.0) + " %" : kNone;
}

std::string format_relative(double change) {
  if (!std::isfinite(change)) return kNone;
  return with_sign(fixed(change * 100.0, change_decimals(change * 100.0))) + " %";
}

std::string format_points(double difference) {
  if (!std::isfinite(difference)) return kNone;
  return with_sign(fixed(difference * 100.0, change_decimals(difference * 100.0))) + " pp";
}

std::string format_p_value(double p) {
  if (!std::isfinite(p) || p < 0.0 || p > 1.0) return kNone;
  if (p < 1e-4) return "< 0.0001";
  if (p >= 0.0995) return fixed(p, 2);
  const std::string text = fixed(p, p >= 0.00995 ? 3 : 4);
  return text == "0.050" ? fixed(p, 4) : text;  // Which side of 0.05 it is must be visible.
}

std::string format_level(double confidence_level) {
  return format_significant(confidence_level * 100.0, 5) + " %";
}

std::string format_number(const Number& number, const NumberFormat& format) {
  if (!number.value || !std::isfinite(*number.value)) return kNone;
  const double value = *number.value;
  switch (format.style) {
    case NumberStyle::number:
      return with_unit(format_significant(value), format.unit);
    case NumberStyle::signed_number:
      return with_unit(with_sign(format_significant(value)), format.unit);
    case NumberStyle::count:
      return with_unit(format_count(value), format.unit);
    case NumberStyle::percent:
      return format_percent(value);
    case NumberStyle::relative:
      return format_relative(value);
    case NumberStyle::points:
      return format_points(value);
    case NumberStyle::money:
      return with_unit(money_digits(value), format.unit);
    case NumberStyle::p_value:
      return format_p_value(value);
  }
  return kNone;
}

std::string format_estimate(const Number& estimate, const Number& low, const Number& high,
                            const NumberFormat& format) {
  const bool change = format.style == NumberStyle::relative || format.style == NumberStyle::points;
  const bool bounded = estimate.value && std::isfinite(*estimate.value) && low.value &&
                       high.value && std::isfinite(*low.value) && std::isfinite(*high.value);
  if (!change || !bounded) return format_number(estimate, format);
  const double size = 100.0 * std::max(std::fabs(*low.value), std::fabs(*high.value));
  return with_sign(fixed(100.0 * *estimate.value, change_decimals(size))) +
         (format.style == NumberStyle::points ? " pp" : " %");
}

std::string format_interval(const Number& low, const Number& high, const NumberFormat& format) {
  const auto finite = [](const Number& end) { return end.value && std::isfinite(*end.value); };
  if (!finite(low) && !finite(high)) return kNone;
  const double scale = in_percent(format.style) ? 100.0 : 1.0;
  double size = 0.0;
  for (const Number* end : {&low, &high}) {
    if (finite(*end)) size = std::max(size, std::fabs(*end->value) * scale);
  }
  const bool by_count = format.style == NumberStyle::count;
  const int decimals = by_count                   ? 0
                       : in_percent(format.style) ? change_decimals(size)
                                                  : interval_decimals(size);
  const bool tiny = !in_percent(format.style) && !by_count && size != 0.0 && size < 1e-4;
  const auto text = [&](const Number& end) -> std::string {
    if (!finite(end)) return kNone;
    return tiny ? format_significant(*end.value) : fixed(*end.value * scale, decimals);
  };
  const std::string unit = format.style == NumberStyle::points ? "pp"
                           : in_percent(format.style)          ? "%"
                                                               : format.unit;
  return with_unit(fmt::format("[{}, {}]", text(low), text(high)), unit);
}

}  // namespace assay::report
