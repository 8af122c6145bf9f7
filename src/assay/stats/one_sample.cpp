#include "assay/stats/one_sample.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/interval.hpp"
#include "assay/stats/value.hpp"

namespace assay::stats {

Result<OneSample> mean_against(const numerics::Moments& moments, double benchmark,
                               double confidence_level) {
  if (!std::isfinite(benchmark))
    return fail(ErrorCode::invalid_spec, "a benchmark is a finite number");
  ASSAY_TRY(const auto mean, mean_value(moments, confidence_level));
  const double t = (mean.value - benchmark) / mean.std_error;
  OneSample out{mean.n, mean.value, benchmark, mean.value - benchmark, mean.ci_low, mean.ci_high};
  out.p_greater = numerics::student_t_sf(t, mean.degrees_of_freedom);
  out.p_less = numerics::student_t_cdf(t, mean.degrees_of_freedom);
  out.p_value = std::min(1.0, 2.0 * std::min(out.p_greater, out.p_less));
  return out;
}

Result<OneSample> proportion_against(std::int64_t successes, std::int64_t n, double benchmark,
                                     ProportionTest test, double confidence_level) {
  if (!(benchmark > 0.0 && benchmark < 1.0)) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the benchmark of a proportion lies between 0 and 1; got {}", benchmark), "",
        "write 0.03 for three percent");
  }
  const bool exact = test == ProportionTest::exact;
  ASSAY_TRY(const auto interval, exact ? clopper_pearson(successes, n, confidence_level)
                                       : wilson(successes, n, confidence_level));
  OneSample out{
      n, interval.estimate, benchmark, interval.estimate - benchmark, interval.low, interval.high};
  if (exact) {
    out.p_greater = successes == 0 ? 1.0 : numerics::binomial_sf(successes - 1, n, benchmark);
    out.p_less = numerics::binomial_cdf(successes, n, benchmark);
  } else {
    const double z =
        out.difference / std::sqrt(benchmark * (1.0 - benchmark) / static_cast<double>(n));
    out.p_greater = numerics::normal_sf(z);
    out.p_less = numerics::normal_cdf(z);
  }
  out.p_value = std::min(1.0, 2.0 * std::min(out.p_greater, out.p_less));
  return out;
}

Result<numerics::Moments> log_moments(std::span<const double> values) {
  numerics::Moments out;
  std::int64_t refused = 0;
  for (const double value : values) {
    if (value > 0.0 && std::isfinite(value)) {
      out.add(std::log(value));
    } else {
      ++refused;
    }
  }
  if (refused == 0) return out;
  return fail(ErrorCode::invalid_data,
              fmt::format("a logarithm needs positive, finite values; {} of {} are not", refused,
                          values.size()),
              "", "compare means, or state the metric over units with a positive value only");
}

Result<Contrast> compare_log_means(const numerics::Moments& control_logs,
                                   const numerics::Moments& treatment_logs,
                                   double confidence_level) {
  ASSAY_TRY(auto out, welch(control_logs, treatment_logs, confidence_level));
  out.method = Method::log_mean;
  out.lift = Lift{std::expm1(out.difference), std::expm1(out.ci_low), std::expm1(out.ci_high)};
  out.lift_undefined.clear();
  return out;
}

}  // namespace assay::stats
