#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::stats {

/// One group of units against a stated number. p_value < 1 - level <=> the benchmark lies outside
/// [ci_low, ci_high].
struct OneSample {
  std::int64_t n = 0;
  double estimate = 0.0;
  double benchmark = 0.0;
  double difference = 0.0;  ///< estimate - benchmark.
  double ci_low = 0.0;      ///< Of the estimate.
  double ci_high = 0.0;
  double p_value = 1.0;    ///< Two-sided.
  double p_greater = 1.0;  ///< Against "the truth is at most the benchmark".
  double p_less = 1.0;     ///< Against "the truth is at least the benchmark".
};

/// The mean against a benchmark: Student's t, n - 1 degrees of freedom.
/// Fails as mean_value does, and with invalid_spec for a benchmark that is not finite.
Result<OneSample> mean_against(const numerics::Moments& moments, double benchmark,
                               double confidence_level);

enum class ProportionTest : std::uint8_t {
  score,  ///< z with the benchmark's variance; Wilson's interval.
  exact,  ///< Binomial, twice the smaller tail; Clopper & Pearson's interval.
};

/// A proportion against a benchmark inside (0, 1). Fails as wilson does, and with invalid_spec.
/// References: Wilson, JASA 22 (1927) 209-212; Clopper & Pearson, Biometrika 26 (1934) 404-413.
Result<OneSample> proportion_against(std::int64_t successes, std::int64_t n, double benchmark,
                                     ProportionTest test, double confidence_level);

/// Moments of log(x). Fails with invalid_data when a value is not positive and finite.
Result<numerics::Moments> log_moments(std::span<const double> values);

/// Ratio of geometric means from moments of the logarithms: Welch's t on the log scale. Values,
/// difference and limits of the contrast are logarithms; its lift is exp(difference) - 1 with
/// limits transformed likewise, so a relative margin or lift is about the geometric mean, and an
/// absolute one about logarithms. For money the arithmetic mean is what adds up: say which.
/// Fails as welch does.
Result<Contrast> compare_log_means(const numerics::Moments& control_logs,
                                   const numerics::Moments& treatment_logs,
                                   double confidence_level);

}  // namespace assay::stats
