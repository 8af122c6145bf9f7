#include "assay/stats/value.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/interval.hpp"

namespace assay::stats {
namespace {

/// `squares`: sum of squared deviations of what the value's error is made of, per unit.
Result<ValueInterval> t_interval(std::int64_t n, double value, double squares, double scale,
                                 double confidence_level) {
  if (!std::isfinite(value) || !std::isfinite(squares) || !std::isfinite(scale)) {
    return fail(ErrorCode::invalid_data, "the moments hold a value that is not finite", "",
                "drop or cap infinite and missing values of the metric");
  }
  if (squares <= 0.0) {
    return fail(ErrorCode::undefined_statistic, "all units are alike: no spread, no interval");
  }
  ValueInterval out{.n = n, .value = value};
  const auto units = static_cast<double>(n);
  out.degrees_of_freedom = units - 1.0;
  out.std_error = std::sqrt(squares / out.degrees_of_freedom / units) / scale;
  const double half = out.std_error * numerics::student_t_upper_quantile(
                                          (1.0 - confidence_level) / 2.0, out.degrees_of_freedom);
  out.ci_low = value - half;
  out.ci_high = value + half;
  return out;
}

Result<void> require_two(std::int64_t n) {
  if (n >= 2) return {};
  return fail(ErrorCode::undefined_statistic,
              fmt::format("an interval needs two units; got {}", n));
}

}  // namespace

Result<ValueInterval> mean_value(const numerics::Moments& moments, double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  ASSAY_CHECK(require_two(moments.n));
  return t_interval(moments.n, moments.mean, moments.m2, 1.0, confidence_level);
}

Result<ValueInterval> ratio_value(const numerics::CoMoments& moments, double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  if (moments.size() < 2)
    return fail(ErrorCode::invalid_spec, "a ratio needs moments of numerator and denominator");
  ASSAY_CHECK(require_two(moments.n));
  const double d = moments.mean[1];
  if (d == 0.0) return fail(ErrorCode::undefined_statistic, "the denominator is 0");
  const double ratio = moments.mean[0] / d;
  // Deviations of y - R d, whose mean is 0. What is left of equal parts is rounding, not spread.
  const double parts = moments.at(0, 0) + ratio * ratio * moments.at(1, 1);
  const double squares = parts - 2.0 * ratio * moments.at(0, 1);
  const bool proportional = squares <= 1e-14 * parts;
  return t_interval(moments.n, ratio, proportional ? 0.0 : squares, std::abs(d), confidence_level);
}

}  // namespace assay::stats
