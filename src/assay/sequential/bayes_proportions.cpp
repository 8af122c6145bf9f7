#include "assay/sequential/bayes_proportions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

/// A beta distribution on the scale of the log odds, where its density is smooth and never
/// infinite.
struct Beta {
  double a;
  double b;

  [[nodiscard]] double mean() const { return a / (a + b); }
  /// P(proportion < p) through the F distribution of (p / a) / ((1 - p) / b).
  [[nodiscard]] double below(double p) const {
    if (p <= 0.0) return 0.0;
    if (p >= 1.0) return 1.0;
    return numerics::f_cdf(b * p / (a * (1.0 - p)), 2.0 * a, 2.0 * b);
  }
  [[nodiscard]] double above(double p) const {
    if (p <= 0.0) return 1.0;
    if (p >= 1.0) return 0.0;
    return numerics::f_sf(b * p / (a * (1.0 - p)), 2.0 * a, 2.0 * b);
  }
};

double to_odds(double p) { return std::log(p) - std::log1p(-p); }

/// Log odds beyond which less than 1e-15 of the distribution lies.
struct Range {
  double low;
  double high;
};
Range range_of(const Beta& beta) {
  const double low = std::max(numerics::beta_quantile(1e-15, beta.a, beta.b), 1e-300);
  const double high = numerics::beta_upper_quantile(1e-15, beta.a, beta.b);
  return {to_odds(low), high < 1.0 ? to_odds(high) : 40.0};
}

/// Log odds between which a distribution varies, in steps fine enough for its density.
std::vector<double> panels_of(const Beta& beta) {
  const Range range = range_of(beta);
  return detail::equal_panels(range.low, range.high, 24);
}

/// E[of(p)] under a beta distribution; `bends`: log odds where `of` varies.
double mean_of(const Beta& beta, const std::function<double(double)>& of,
               std::span<const double> bends) {
  // Relative to the density at the mean and divided by its own integral: differences of log-gammas
  // would lose eight digits for millions of units.
  const double top = beta.a * std::log(beta.mean()) + beta.b * std::log1p(-beta.mean());
  const auto density = [&](double y) {
    const double log_p = -std::log1p(std::exp(-y));
    const double log_q = -std::log1p(std::exp(y));
    return std::exp(beta.a * log_p + beta.b * log_q - top);
  };
  const auto weighted = [&](double y) { return density(y) * of(1.0 / (1.0 + std::exp(-y))); };
  std::vector<double> edges = panels_of(beta);
  const Range range{edges.front(), edges.back()};
  for (const double y : bends)
    if (y > range.low && y < range.high) edges.push_back(y);
  std::sort(edges.begin(), edges.end());
  return detail::integrate_panels(weighted, edges) / detail::integrate_panels(density, edges);
}

Result<void> check(std::span<const ArmOutcome> arms, const BetaPrior& prior, double level) {
  if (arms.size() < 2) {
    return fail(ErrorCode::invalid_data,
                fmt::format("a comparison needs two arms at least; got {}", arms.size()));
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (arms[i].successes >= 0 && arms[i].successes <= arms[i].n) continue;
    return fail(ErrorCode::invalid_data,
                fmt::format("{} successes of {} units", arms[i].successes, arms[i].n),
                fmt::format("arm {}", i + 1));
  }
  if (!(prior.a > 0.0 && prior.b > 0.0) || !std::isfinite(prior.a + prior.b)) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("a beta prior needs two numbers above 0; got {} and {}", prior.a, prior.b));
  }
  if (level > 0.0 && level < 1.0) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("the confidence level lies between 0 and 1; got {}", level));
}

Beta posterior(const ArmOutcome& arm, const BetaPrior& prior) {
  return {prior.a + static_cast<double>(arm.successes),
          prior.b + static_cast<double>(arm.n - arm.successes)};
}

}  // namespace

Result<std::vector<ArmPosterior>> compare_proportions(std::span<const ArmOutcome> arms,
                                                      const BetaPrior& prior,
                                                      double confidence_level) {
  ASSAY_CHECK(check(arms, prior, confidence_level));
  std::vector<Beta> betas;
  for (const ArmOutcome& arm : arms) betas.push_back(posterior(arm, prior));
  const double tail = 0.5 * (1.0 - confidence_level);
  std::vector<ArmPosterior> out;
  double highest = 0.0;  // E[max] = sum over arms of E[p; arm is the best].
  for (std::size_t i = 0; i < betas.size(); ++i) {
    const auto others_below = [&](double p) {
      double product = 1.0;
      for (std::size_t j = 0; j < betas.size(); ++j)
        if (j != i) product *= betas[j].below(p);
      return product;
    };
    std::vector<double> bends;
    for (std::size_t j = 0; j < betas.size(); ++j) {
      if (j == i) continue;
      const auto panels = panels_of(betas[j]);
      bends.insert(bends.end(), panels.begin(), panels.end());
    }
    ArmPosterior arm;
    arm.mean = betas[i].mean();
    arm.ci_low = numerics::beta_quantile(tail, betas[i].a, betas[i].b);
    arm.ci_high = numerics::beta_upper_quantile(tail, betas[i].a, betas[i].b);
    arm.p_best = mean_of(betas[i], others_below, bends);
    highest += mean_of(
        betas[i], [&](double p) { return p * others_below(p); }, bends);
    out.push_back(arm);
  }
  for (ArmPosterior& arm : out) arm.expected_loss = std::max(0.0, highest - arm.mean);
  return out;
}

Result<LiftPosterior> lift_posterior(const ArmOutcome& control, const ArmOutcome& treatment,
                                     double threshold, const BetaPrior& prior,
                                     double confidence_level) {
  const std::vector<ArmOutcome> arms{control, treatment};
  ASSAY_CHECK(check(arms, prior, confidence_level));
  if (!(threshold > -1.0) || !std::isfinite(threshold)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a lift is above -1; got the threshold {}", threshold));
  }
  const Beta c = posterior(control, prior);
  const Beta t = posterior(treatment, prior);
  if (!(c.a > 1.0)) {
    return fail(ErrorCode::undefined_statistic,
                "the lift has no mean: control has no successes and a prior that allows 0", "",
                "use the difference, or a prior with more than one success");
  }
  const std::vector<double> panels = panels_of(t);
  const auto above = [&](double lift) {
    std::vector<double> bends;
    for (const double y : panels) {
      const double p = 1.0 / ((1.0 + lift) * (1.0 + std::exp(-y)));
      if (p > 0.0 && p < 1.0) bends.push_back(to_odds(p));
    }
    return mean_of(
        c, [&](double p) { return t.above(p * (1.0 + lift)); }, bends);
  };
  LiftPosterior out;
  out.p_above = above(threshold);
  out.mean = t.mean() * (c.a + c.b - 1.0) / (c.a - 1.0) - 1.0;
  out.mean_difference = t.mean() - c.mean();
  const double tail = 0.5 * (1.0 - confidence_level);
  // On the log of the ratio, whose range the two posteriors bound.
  const auto quantile = [&](double upper) {
    const auto miss = [&](double log_ratio) { return above(std::expm1(log_ratio)) - upper; };
    return std::expm1(detail::find_falling_root(miss, -1.0, 1.0, 1.0, -700.0, 1e-11));
  };
  out.median = quantile(0.5);
  out.ci_low = quantile(1.0 - tail);
  out.ci_high = quantile(tail);
  return out;
}

}  // namespace assay::sequential
