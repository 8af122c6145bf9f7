#include "assay/stats/interval.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/distributions.hpp"

namespace assay::stats {
namespace {

Result<void> check_counts(std::int64_t successes, std::int64_t n) {
  if (n == 0)
    return fail(ErrorCode::undefined_statistic, "a proportion of no trials does not exist: n = 0");
  if (successes < 0 || successes > n || n < 0) {
    return fail(ErrorCode::invalid_data,
                fmt::format("successes must lie between 0 and the trials; got x = {}, n = {}",
                            successes, n),
                "", "count each unit once in numerator and denominator");
  }
  return {};
}

}  // namespace

Result<void> check_confidence_level(double confidence_level) {
  if (confidence_level > 0.0 && confidence_level < 1.0) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("a confidence level lies between 0 and 1; got {}", confidence_level), "",
              "write 0.95 for 95 %");
}

Result<ProportionInterval> wilson(std::int64_t successes, std::int64_t n, double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  ASSAY_CHECK(check_counts(successes, n));
  const double z = numerics::normal_upper_quantile((1.0 - confidence_level) / 2.0);
  const auto trials = static_cast<double>(n);
  const auto x = static_cast<double>(successes);
  const double z2 = z * z;
  // Roots of n (p - x/n)^2 = z^2 p (1 - p), the smaller one from the product of the two so that
  // it keeps its digits when x is small.
  const double half_width = z * std::sqrt(x * (trials - x) / trials + z2 / 4.0);
  const auto lower_root = [&](double hits) {
    const double upper = hits + z2 / 2.0 + half_width;
    return hits * hits / trials / upper;
  };
  return ProportionInterval{x / trials, lower_root(x), 1.0 - lower_root(trials - x)};
}

Result<ProportionInterval> clopper_pearson(std::int64_t successes, std::int64_t n,
                                           double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  ASSAY_CHECK(check_counts(successes, n));
  const double tail = (1.0 - confidence_level) / 2.0;
  const auto x = static_cast<double>(successes);
  const auto misses = static_cast<double>(n - successes);
  const double low = successes == 0 ? 0.0 : numerics::beta_quantile(tail, x, misses + 1.0);
  const double high = misses == 0.0 ? 1.0 : numerics::beta_upper_quantile(tail, x + 1.0, misses);
  return ProportionInterval{x / static_cast<double>(n), low, high};
}

}  // namespace assay::stats
