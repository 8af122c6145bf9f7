#include "assay/portfolio/effect_prior.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/quadrature.hpp"

namespace assay::portfolio {
namespace {

using stats::EffectEstimate;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

double normal_density(double x, double variance) {
  return std::exp(-0.5 * x * x / variance) / std::sqrt(2.0 * std::numbers::pi * variance);
}

double t_density(double x, double scale, double dof) {
  const double z = x / scale;
  return std::exp(std::lgamma(0.5 * (dof + 1.0)) - std::lgamma(0.5 * dof) -
                  0.5 * (dof + 1.0) * std::log1p(z * z / dof)) /
         (scale * std::sqrt(dof * std::numbers::pi));
}

/// Places and weights at which the true effect behind an estimate is integrated: dense around the
/// estimate and around the prior's mean, at the scale of each.
std::vector<numerics::Node> places(const EffectPrior& prior, const EffectEstimate& effect) {
  std::vector<double> cuts;
  for (const double k : {-9.0, -6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0, 9.0}) {
    cuts.push_back(effect.estimate + k * effect.std_error);
    const double at = prior.mean + k * prior.spread;
    if (std::abs(at - effect.estimate) < 9.0 * effect.std_error) cuts.push_back(at);
  }
  std::sort(cuts.begin(), cuts.end());
  std::vector<numerics::Node> nodes;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    if (!(cuts[i + 1] > cuts[i])) continue;
    const auto piece = numerics::quadrature_nodes(cuts[i], cuts[i + 1], 1);
    nodes.insert(nodes.end(), piece.begin(), piece.end());
  }
  return nodes;
}

/// Density of the estimate: normal in closed form, t by quadrature.
double marginal(const EffectPrior& prior, const EffectEstimate& effect) {
  const double variance = effect.std_error * effect.std_error;
  if (prior.spread == 0.0 || !std::isfinite(prior.degrees_of_freedom))
    return normal_density(effect.estimate - prior.mean, variance + prior.spread * prior.spread);
  double sum = 0.0;
  for (const auto& node : places(prior, effect))
    sum += node.weight * normal_density(effect.estimate - node.x, variance) *
           t_density(node.x - prior.mean, prior.spread, prior.degrees_of_freedom);
  return sum;
}

double log_likelihood(std::span<const EffectEstimate> effects, const EffectPrior& prior) {
  double sum = 0.0;
  for (const auto& effect : effects) sum += std::log(std::max(marginal(prior, effect), 1e-300));
  return sum;
}

/// Where f is largest on [low, high] (golden section); f has one top there.
double maximum_of(const std::function<double(double)>& f, double low, double high,
                  double tolerance) {
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low);
  double b = low + kGolden * (high - low);
  double fa = f(a);
  double fb = f(b);
  while (high - low > tolerance) {
    if (fa >= fb) {
      high = b;
      b = a;
      fb = fa;
      a = high - kGolden * (high - low);
      fa = f(a);
    } else {
      low = a;
      a = b;
      fa = fb;
      b = low + kGolden * (high - low);
      fb = f(b);
    }
  }
  return 0.5 * (low + high);
}

/// The scale of the problem: effects cannot be spread much wider than the estimates.
struct Range {
  double centre = 0.0;
  double width = 0.0;  ///< Largest distance of an estimate from the centre, plus its error.
};

Range range_of(std::span<const EffectEstimate> effects, PriorMean mean) {
  Range range;
  if (mean == PriorMean::fitted) {
    for (const auto& effect : effects)
      range.centre += effect.estimate / static_cast<double>(effects.size());
  }
  for (const auto& effect : effects)
    range.width =
        std::max(range.width, std::abs(effect.estimate - range.centre) + effect.std_error);
  return range;
}

/// The best mean for a spread of a normal prior: the weighted mean.
double best_mean(std::span<const EffectEstimate> effects, double spread) {
  double sum = 0.0;
  double weights = 0.0;
  for (const auto& effect : effects) {
    const double w = 1.0 / (effect.std_error * effect.std_error + spread * spread);
    sum += w * effect.estimate;
    weights += w;
  }
  return sum / weights;
}

Result<void> check(std::span<const EffectEstimate> effects, std::size_t least) {
  if (effects.size() < least)
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("a prior needs {} past effects or more; there are {}", least, effects.size()));
  ASSAY_CHECK(stats::heterogeneity(effects));
  return {};
}

FittedPrior fitted(std::span<const EffectEstimate> effects, const EffectPrior& prior,
                   int parameters) {
  FittedPrior out{prior, log_likelihood(effects, prior), 0.0,
                  static_cast<std::int64_t>(effects.size())};
  out.aic = 2.0 * parameters - 2.0 * out.log_likelihood;
  return out;
}

}  // namespace

Result<FittedPrior> fit_normal_prior(std::span<const EffectEstimate> effects, PriorMean mean) {
  ASSAY_CHECK(check(effects, 5));
  const Range range = range_of(effects, mean);
  const auto prior_at = [&](double spread) {
    const double centre = mean == PriorMean::zero ? 0.0 : best_mean(effects, spread);
    return EffectPrior{centre, spread, kInfinite};
  };
  const auto likelihood = [&](double spread) { return log_likelihood(effects, prior_at(spread)); };
  double spread = maximum_of(likelihood, 0.0, range.width, 1e-9 * range.width);
  if (likelihood(0.0) >= likelihood(spread)) spread = 0.0;
  return fitted(effects, prior_at(spread), mean == PriorMean::zero ? 1 : 2);
}

Result<FittedPrior> fit_t_prior(std::span<const EffectEstimate> effects, PriorMean mean) {
  ASSAY_CHECK(check(effects, 10));
  const Range range = range_of(effects, mean);
  constexpr double kLogFewest = 0.0;     // 1 degree of freedom: Cauchy.
  constexpr double kLogMost = 4.605170;  // 100: a normal.
  const double log_low = std::log(1e-4 * range.width);
  const double log_high = std::log(range.width);
  const auto centre_at = [&](double spread, double dof) {
    if (mean == PriorMean::zero) return 0.0;
    const auto f = [&](double c) { return log_likelihood(effects, {c, spread, dof}); };
    return maximum_of(f, range.centre - range.width, range.centre + range.width,
                      1e-4 * range.width);
  };
  const auto best_at = [&](double dof) {
    const auto f = [&](double log_spread) {
      const double spread = std::exp(log_spread);
      return log_likelihood(effects, {centre_at(spread, dof), spread, dof});
    };
    const double spread = std::exp(maximum_of(f, log_low, log_high, 1e-4));
    return EffectPrior{centre_at(spread, dof), spread, dof};
  };
  const auto profile = [&](double log_dof) {
    return log_likelihood(effects, best_at(std::exp(log_dof)));
  };
  const double log_dof = maximum_of(profile, kLogFewest, kLogMost, 1e-3);
  return fitted(effects, best_at(std::exp(log_dof)), mean == PriorMean::zero ? 2 : 3);
}

Result<FittedPrior> fit_prior(std::span<const EffectEstimate> effects, PriorMean mean) {
  ASSAY_TRY(auto normal, fit_normal_prior(effects, mean));
  if (effects.size() < 10 || normal.prior.spread == 0.0) return normal;
  ASSAY_TRY(auto t, fit_t_prior(effects, mean));
  return t.aic < normal.aic ? t : normal;
}

namespace {

Posterior normal_posterior(const EffectPrior& prior, const EffectEstimate& effect, double level) {
  const double prior_variance = prior.spread * prior.spread;
  const double variance = effect.std_error * effect.std_error;
  const double weight = prior_variance / (prior_variance + variance);
  Posterior out;
  out.mean = prior.mean + weight * (effect.estimate - prior.mean);
  out.sd = std::sqrt(weight * variance);
  const double z = numerics::normal_upper_quantile(0.5 * (1.0 - level));
  out.ci_low = out.mean - z * out.sd;
  out.ci_high = out.mean + z * out.sd;
  if (out.sd > 0.0) {
    out.probability_positive = numerics::normal_cdf(out.mean / out.sd);
  } else {
    out.probability_positive = out.mean > 0.0 ? 1.0 : 0.0;
  }
  return out;
}

/// P(effect < x | estimate), from the density at `nodes` below x.
class NumericPosterior {
 public:
  NumericPosterior(const EffectPrior& prior, const EffectEstimate& effect)
      : prior_(prior), effect_(effect), total_(below(kInfinite)) {}

  [[nodiscard]] double cdf(double x) const { return below(x) / total_; }

  [[nodiscard]] double quantile(double p) const {
    double low = effect_.estimate - 9.0 * effect_.std_error;
    double high = effect_.estimate + 9.0 * effect_.std_error;
    for (int step = 0; step < 60; ++step) {
      const double middle = 0.5 * (low + high);
      (cdf(middle) < p ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }

  [[nodiscard]] double moment(int power, double around) const {
    double sum = 0.0;
    for (const auto& node : places(prior_, effect_))
      sum += node.weight * density(node.x) * std::pow(node.x - around, power);
    return sum / total_;
  }

 private:
  [[nodiscard]] double density(double x) const {
    return normal_density(effect_.estimate - x, effect_.std_error * effect_.std_error) *
           t_density(x - prior_.mean, prior_.spread, prior_.degrees_of_freedom);
  }
  [[nodiscard]] double below(double x) const {
    const double low = effect_.estimate - 9.0 * effect_.std_error;
    if (!std::isfinite(x)) {
      double sum = 0.0;
      for (const auto& node : places(prior_, effect_)) sum += node.weight * density(node.x);
      return sum;
    }
    double sum = 0.0;
    if (x > low)
      for (const auto& node : numerics::quadrature_nodes(low, x, 40))
        sum += node.weight * density(node.x);
    return sum;
  }

  EffectPrior prior_;
  EffectEstimate effect_;
  double total_ = 1.0;
};

}  // namespace

Result<Posterior> posterior(const EffectPrior& prior, const EffectEstimate& effect, double level) {
  if (!(level > 0.0 && level < 1.0))
    return fail(ErrorCode::invalid_spec, fmt::format("level must be in (0, 1); got {}", level));
  if (!(prior.spread >= 0.0) || !std::isfinite(prior.spread) || !std::isfinite(prior.mean) ||
      !(prior.degrees_of_freedom >= 1.0))
    return fail(ErrorCode::invalid_spec,
                "a prior needs a finite mean, a spread of at least 0 and 1 degree of freedom");
  if (!std::isfinite(effect.estimate) || !(effect.std_error > 0.0))
    return fail(ErrorCode::invalid_data, "an effect needs a positive standard error");
  if (prior.spread == 0.0 || !std::isfinite(prior.degrees_of_freedom))
    return normal_posterior(prior, effect, level);
  const NumericPosterior numeric(prior, effect);
  Posterior out;
  out.mean = numeric.moment(1, 0.0);
  out.sd = std::sqrt(numeric.moment(2, out.mean));
  out.ci_low = numeric.quantile(0.5 * (1.0 - level));
  out.ci_high = numeric.quantile(1.0 - 0.5 * (1.0 - level));
  out.probability_positive = 1.0 - numeric.cdf(0.0);
  return out;
}

}  // namespace assay::portfolio
