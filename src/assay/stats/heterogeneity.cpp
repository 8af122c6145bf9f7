#include "assay/stats/heterogeneity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/distributions.hpp"

namespace assay::stats {
namespace {

struct Weighted {
  double mean = 0.0;
  double std_error = 0.0;
  double q = 0.0;
};

/// The mean with weights 1 / (se^2 + tau2), and the weighted squares around it.
Weighted weighted(std::span<const EffectEstimate> effects, double tau2) {
  double sum = 0.0;
  double weights = 0.0;
  for (const auto& effect : effects) {
    const double w = 1.0 / (effect.std_error * effect.std_error + tau2);
    sum += w * effect.estimate;
    weights += w;
  }
  Weighted out{sum / weights, std::sqrt(1.0 / weights), 0.0};
  for (const auto& effect : effects) {
    const double off = effect.estimate - out.mean;
    out.q += off * off / (effect.std_error * effect.std_error + tau2);
  }
  return out;
}

/// The tau2 at which the weighted squares equal their expectation k - 1; they fall in tau2.
double paule_mandel(std::span<const EffectEstimate> effects) {
  const double target = static_cast<double>(effects.size()) - 1.0;
  if (weighted(effects, 0.0).q <= target) return 0.0;
  double low = 0.0;
  double high = 0.0;
  for (const auto& effect : effects) high = std::max(high, effect.std_error * effect.std_error);
  while (weighted(effects, high).q > target) {
    low = high;
    high *= 2.0;
  }
  for (int step = 0; step < 200 && high - low > 1e-15 * high; ++step) {
    const double middle = 0.5 * (low + high);
    (weighted(effects, middle).q > target ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// Higgins & Thompson's typical within variance.
double typical_variance(std::span<const EffectEstimate> effects) {
  double sum = 0.0;
  double squares = 0.0;
  for (const auto& effect : effects) {
    const double w = 1.0 / (effect.std_error * effect.std_error);
    sum += w;
    squares += w * w;
  }
  return (static_cast<double>(effects.size()) - 1.0) * sum / (sum * sum - squares);
}

Result<void> check(std::span<const EffectEstimate> effects) {
  if (effects.size() < 2)
    return fail(ErrorCode::invalid_spec, "differences between effects need two effects or more");
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const auto& [estimate, std_error] = effects[i];
    if (!std::isfinite(estimate) || !std::isfinite(std_error) || !(std_error > 0.0))
      return fail(ErrorCode::invalid_data,
                  fmt::format("effect {} is {} with standard error {}", i + 1, estimate, std_error),
                  "", "give finite estimates with positive standard errors");
  }
  return {};
}

}  // namespace

Result<Heterogeneity> heterogeneity(std::span<const EffectEstimate> effects) {
  ASSAY_CHECK(check(effects));
  const Weighted one = weighted(effects, 0.0);
  const double tau2 = paule_mandel(effects);
  const Weighted random = weighted(effects, tau2);
  Heterogeneity out;
  out.pooled = one.mean;
  out.pooled_std_error = one.std_error;
  out.q = one.q;
  out.degrees_of_freedom = static_cast<double>(effects.size()) - 1.0;
  out.p_value = numerics::chi_squared_sf(one.q, out.degrees_of_freedom);
  out.between_sd = std::sqrt(tau2);
  out.share_between = tau2 / (tau2 + typical_variance(effects));
  out.mean = random.mean;
  out.mean_std_error = random.std_error;
  return out;
}

Result<std::vector<ShrunkEffect>> shrink(std::span<const EffectEstimate> effects) {
  ASSAY_TRY(const auto all, heterogeneity(effects));
  const double tau2 = all.between_sd * all.between_sd;
  std::vector<ShrunkEffect> out;
  for (const auto& effect : effects) {
    const double variance = effect.std_error * effect.std_error;
    const double weight = tau2 / (tau2 + variance);
    const double pull = 1.0 - weight;
    out.push_back(
        {all.mean + weight * (effect.estimate - all.mean),
         std::sqrt(weight * variance + pull * pull * all.mean_std_error * all.mean_std_error),
         weight});
  }
  return out;
}

Result<Interaction> interaction(const Contrast& a, const Contrast& b) {
  if (a.confidence_level != b.confidence_level)
    return fail(ErrorCode::invalid_spec, "two contrasts of different confidence levels");
  const double va = a.std_error * a.std_error;
  const double vb = b.std_error * b.std_error;
  Interaction out;
  out.difference = a.difference - b.difference;
  out.std_error = std::sqrt(va + vb);
  const auto share = [](double variance, double dof) {
    return std::isfinite(dof) ? variance * variance / dof : 0.0;
  };
  const double shares = share(va, a.degrees_of_freedom) + share(vb, b.degrees_of_freedom);
  const bool normal = shares == 0.0;
  out.degrees_of_freedom = normal ? HUGE_VAL : (va + vb) * (va + vb) / shares;
  const double tail = 0.5 * (1.0 - a.confidence_level);
  const double t = std::abs(out.difference) / out.std_error;
  const double critical = normal ? numerics::normal_upper_quantile(tail)
                                 : numerics::student_t_upper_quantile(tail, out.degrees_of_freedom);
  out.p_value =
      2.0 * (normal ? numerics::normal_sf(t) : numerics::student_t_sf(t, out.degrees_of_freedom));
  out.ci_low = out.difference - critical * out.std_error;
  out.ci_high = out.difference + critical * out.std_error;
  return out;
}

}  // namespace assay::stats
