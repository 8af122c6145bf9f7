#include "assay/stats/post_stratification.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace assay::stats {
namespace {

Result<void> check(std::span<const Stratum> strata) {
  if (strata.empty())
    return fail(ErrorCode::undefined_statistic, "post-stratification needs at least one stratum");
  for (const Stratum& s : strata) {
    for (const auto& arm : {s.control, s.treatment})
      if (!std::isfinite(arm.mean) || !std::isfinite(arm.m2))
        return fail(ErrorCode::invalid_data, "the moments hold a value that is not finite",
                    fmt::format("stratum {}", s.name));
    if (std::min(s.control.n, s.treatment.n) >= 2) continue;
    return fail(ErrorCode::undefined_statistic,
                fmt::format("a stratum needs two units in each arm; got control {}, treatment {}",
                            s.control.n, s.treatment.n),
                fmt::format("stratum {}", s.name), "merge it with a neighbouring stratum");
  }
  return {};
}

/// An arm's weighted mean, its variance within strata and the terms of its degrees of freedom.
struct WeightedMean {
  double value = 0.0;
  double variance = 0.0;
  double fourth = 0.0;  ///< Sum of (w^2 s^2 / n)^2 / (n - 1).

  void add(const numerics::Moments& arm, double weight) {
    const auto n = static_cast<double>(arm.n);
    const double part = weight * weight * arm.m2 / (n - 1.0) / n;
    value += weight * arm.mean;
    variance += part;
    fourth += part * part / (n - 1.0);
  }
};

}  // namespace

Result<Contrast> post_stratified(std::span<const Stratum> strata, double confidence_level) {
  ASSAY_CHECK(check(strata));
  EstimatedPair pair;
  pair.method = Method::post_stratified;
  for (const Stratum& s : strata) {
    pair.n_control += s.control.n;
    pair.n_treatment += s.treatment.n;
  }
  const auto n = static_cast<double>(pair.n_control + pair.n_treatment);
  const auto weight = [n](const Stratum& s) {
    return static_cast<double>(s.control.n + s.treatment.n) / n;
  };
  WeightedMean c;
  WeightedMean t;
  for (const Stratum& s : strata) {
    c.add(s.control, weight(s));
    t.add(s.treatment, weight(s));
  }
  pair.control_value = c.value;
  pair.treatment_value = t.value;
  pair.values = {c.variance, t.variance, 0.0};
  for (const Stratum& s : strata) {
    const double dc = s.control.mean - c.value;
    const double dt = s.treatment.mean - t.value;
    pair.values.control_variance += weight(s) * dc * dc / n;
    pair.values.treatment_variance += weight(s) * dt * dt / n;
    pair.values.covariance += weight(s) * dc * dt / n;
  }
  const double within = c.variance + t.variance;
  const double fourth = c.fourth + t.fourth;
  pair.degrees_of_freedom = fourth > 0.0 ? within * within / fourth : 0.0;
  return contrast_of_values(pair, confidence_level);
}

}  // namespace assay::stats
