#include "assay/sequential/stagewise.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/design_paths.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

/// Chances of an outcome higher and lower than the observed one, at a drift, and of an earlier
/// two-sided futility stop, which is neither; they sum to 1.
struct Tails {
  double upper;
  double lower;
  double inner;
};

Tails tails(const StoppedTrial& trial, double statistic, double drift) {
  const std::size_t last = trial.information.size() - 1;
  const double unit = trial.information[last];  // Information as a fraction of the last look.
  double upper = 0.0;
  double lower = 0.0;
  double inner = 0.0;
  detail::PathDensity path(drift);
  for (std::size_t k = 0; k < last; ++k) {
    const double t = trial.information[k] / unit;
    const double c = trial.critical_values[k];
    const double f =
        trial.futility_bounds.empty() ? detail::no_futility(trial.sides) : trial.futility_bounds[k];
    upper += path.above(c, t);
    if (trial.sides == Sides::two) {
      lower += path.below(-c, t);
      if (f > 0.0) inner += path.below(f, t) - path.below(-f, t);
    } else if (std::isfinite(f)) {
      lower += path.below(f, t);
    }
    path.advance(t, detail::continuation(trial.sides, c, f), trial.information[k + 1] / unit);
  }
  upper += path.above(statistic, 1.0);
  lower += path.below(statistic, 1.0);
  return {upper, lower, inner};
}

Result<void> check(const StoppedTrial& trial) {
  const std::size_t looks = trial.information.size();
  if (looks == 0 || trial.critical_values.size() + 1 < looks ||
      (!trial.futility_bounds.empty() && trial.futility_bounds.size() + 1 < looks)) {
    return fail(ErrorCode::invalid_data,
                fmt::format("{} looks need the {} bounds before the last; got {} critical values",
                            looks, looks == 0 ? 0 : looks - 1, trial.critical_values.size()));
  }
  double before = 0.0;
  for (std::size_t k = 0; k < looks; ++k) {
    const double now = trial.information[k];
    // Closer looks than a ten-thousandth are one look (see design_group_sequential).
    if (!(now > 0.0 && now - before >= 1e-4 * now) || !std::isfinite(now)) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("information must grow from look to look: look {} has {} after {}",
                              k + 1, now, before));
    }
    before = now;
  }
  for (const double c : trial.critical_values)
    if (std::isnan(c)) return fail(ErrorCode::invalid_data, "a critical value is not a number");
  if (!std::isfinite(trial.estimate) || !std::isfinite(trial.null_effect))
    return fail(ErrorCode::invalid_data, "the estimate must be a finite number");
  if (!(trial.std_error > 0.0) || !std::isfinite(trial.std_error)) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("the standard error must be above 0; got {}", trial.std_error));
  }
  if (trial.alpha > 0.0 && trial.alpha < 1.0) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("alpha lies between 0 and 1; got {}", trial.alpha));
}

/// The drift at which an outcome as high as this has probability `target`.
double drift_at(const StoppedTrial& trial, double statistic, double target) {
  const auto miss = [&](double drift) {
    const Tails at = tails(trial, statistic, drift);
    if (target == 0.5) return at.upper + 0.5 * at.inner - 0.5;
    // The small tail decides, as it does for the p-value.
    return target < 0.5 ? at.upper - target : (1.0 - target) - at.lower;
  };
  double low = statistic - 4.0;
  double high = statistic + 4.0;
  for (int i = 0; i < 40 && miss(low) > 0.0; ++i) low -= 2.0;
  for (int i = 0; i < 40 && miss(high) < 0.0; ++i) high += 2.0;
  return detail::find_root(miss, low, high, 1e-13);
}

}  // namespace

Result<StagewiseInference> stagewise_inference(const StoppedTrial& trial) {
  ASSAY_CHECK(check(trial));
  StagewiseInference out;
  const double se = trial.std_error;
  const double z = (trial.estimate - trial.null_effect) / se;
  const double per_side = trial.sides == Sides::two ? trial.alpha / 2.0 : trial.alpha;
  if (!(per_side < 0.5))
    return fail(ErrorCode::invalid_spec, "alpha of one side must be below 0.5");
  const Tails at_null = tails(trial, z, 0.0);
  out.statistic = z;
  out.p_upper = std::min(1.0, at_null.upper);
  const double smaller = std::min(at_null.upper, at_null.lower);
  out.p_value = trial.sides == Sides::two ? std::min(1.0, 2.0 * smaller) : out.p_upper;
  out.confidence_level = 1.0 - 2.0 * per_side;
  const auto effect = [&](double drift) { return trial.null_effect + drift * se; };
  out.median_unbiased = effect(drift_at(trial, z, 0.5));
  out.ci_low = effect(drift_at(trial, z, per_side));
  out.ci_high = effect(drift_at(trial, z, 1.0 - per_side));
  out.naive_estimate = trial.estimate;
  const double critical = numerics::normal_upper_quantile(per_side);
  out.naive_ci_low = trial.estimate - critical * se;
  out.naive_ci_high = trial.estimate + critical * se;
  out.naive_p_value =
      trial.sides == Sides::two ? 2.0 * numerics::normal_sf(std::abs(z)) : numerics::normal_sf(z);
  out.overstatement = out.naive_estimate - out.median_unbiased;
  if (!std::isfinite(out.median_unbiased) || !std::isfinite(out.ci_low) ||
      !std::isfinite(out.ci_high)) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("no effect makes an outcome like z = {:.4g} possible after the earlier "
                            "looks",
                            z),
                "", "check the critical values of the earlier looks");
  }
  return out;
}

}  // namespace assay::sequential
