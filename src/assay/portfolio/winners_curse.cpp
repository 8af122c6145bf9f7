#include "assay/portfolio/winners_curse.hpp"

#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "assay/numerics/distributions.hpp"

namespace assay::portfolio {
namespace {

using stats::EffectEstimate;

Result<void> check(const EffectEstimate& effect) {
  if (!std::isfinite(effect.estimate) || !(effect.std_error > 0.0))
    return fail(ErrorCode::invalid_data, "an effect needs a positive standard error");
  return {};
}

/// P(X > x | X > threshold) of a normal of this mean, sd 1, in logs where tails are far.
double survival_given_pick(double x, double threshold, double mean) {
  return std::exp(numerics::normal_log_sf(x - mean) - numerics::normal_log_sf(threshold - mean));
}

/// The mean at which P(X > x | X > threshold) = p; it rises in the mean.
double mean_at(double x, double threshold, double p) {
  constexpr double kFarthest = 40.0;
  double low = x - kFarthest;
  double high = x + kFarthest;
  for (int step = 0; step < 200 && high - low > 1e-13 * (1.0 + std::abs(low)); ++step) {
    const double middle = 0.5 * (low + high);
    (survival_given_pick(x, threshold, middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

Result<CorrectedWinner> corrected_winner(const EffectEstimate& effect, double threshold,
                                         double level) {
  ASSAY_CHECK(check(effect));
  if (!(level > 0.0 && level < 1.0))
    return fail(ErrorCode::invalid_spec, fmt::format("level must be in (0, 1); got {}", level));
  if (!(effect.estimate > threshold))
    return fail(
        ErrorCode::invalid_data,
        fmt::format("the estimate {} did not pass the threshold {}", effect.estimate, threshold));
  const double se = effect.std_error;
  const double x = effect.estimate / se;
  const double c = threshold / se;
  const double tail = 0.5 * (1.0 - level);
  return CorrectedWinner{se * mean_at(x, c, 0.5), se * mean_at(x, c, tail),
                         se * mean_at(x, c, 1.0 - tail)};
}

Result<LaunchedTotal> launched_total(std::span<const Candidate> candidates) {
  LaunchedTotal out;
  double variance = 0.0;
  for (const auto& [effect, threshold] : candidates) {
    ASSAY_CHECK(check(effect));
    const double z = (threshold - effect.estimate) / effect.std_error;
    out.bias += effect.std_error * std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi);
    if (!(effect.estimate > threshold)) continue;
    ++out.launched;
    out.naive += effect.estimate;
    variance += effect.std_error * effect.std_error;
  }
  out.naive_std_error = std::sqrt(variance);
  out.corrected = out.naive - out.bias;
  return out;
}

Result<PosteriorTotal> posterior_total(std::span<const Candidate> candidates,
                                       const EffectPrior& prior) {
  PosteriorTotal out;
  double variance = 0.0;
  for (const auto& [effect, threshold] : candidates) {
    if (!(effect.estimate > threshold)) continue;
    ASSAY_TRY(const auto one, posterior(prior, effect, 0.95));
    out.total += one.mean;
    variance += one.sd * one.sd;
  }
  out.sd = std::sqrt(variance);
  return out;
}

}  // namespace assay::portfolio
