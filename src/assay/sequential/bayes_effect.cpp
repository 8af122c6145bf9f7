#include "assay/sequential/bayes_effect.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

const double kLogRootTwoPi = 0.5 * std::log(2.0 * std::numbers::pi);

double log_normal_density(double x, double mean, double sd) {
  const double u = (x - mean) / sd;
  return -0.5 * u * u - kLogRootTwoPi - std::log(sd);
}

double log_t_density(double x, double mean, double scale, double dof) {
  const double u = (x - mean) / scale;
  return std::lgamma(0.5 * (dof + 1.0)) - std::lgamma(0.5 * dof) -
         0.5 * std::log(dof * std::numbers::pi) - std::log(scale) -
         0.5 * (dof + 1.0) * std::log1p(u * u / dof);
}

Result<void> check(double estimate, double std_error, const EffectPrior& prior,
                   const EffectQuestion& question) {
  const auto wrong = [](std::string problem) {
    return fail(ErrorCode::invalid_spec, std::move(problem));
  };
  if (!std::isfinite(prior.mean) || !(prior.sd > 0.0) || !std::isfinite(prior.sd))
    return wrong(
        fmt::format("the prior needs a mean and a standard deviation above 0; got {} and "
                    "{}",
                    prior.mean, prior.sd));
  if (!(prior.t_weight >= 0.0 && prior.t_weight <= 1.0))
    return wrong(
        fmt::format("the weight of the t part lies within 0 and 1; got {}", prior.t_weight));
  if (prior.t_weight > 0.0 && (!(prior.t_scale > 0.0) || !(prior.t_dof > 2.0) ||
                               !std::isfinite(prior.t_scale) || !std::isfinite(prior.t_dof)))
    return wrong(
        fmt::format("the t part needs a scale above 0 and more than 2 degrees of freedom; "
                    "got {} and {}",
                    prior.t_scale, prior.t_dof));
  if (!(question.confidence_level > 0.0 && question.confidence_level < 1.0))
    return wrong(fmt::format("the confidence level lies between 0 and 1; got {}",
                             question.confidence_level));
  if (!(question.rope_low <= question.rope_high) || !std::isfinite(question.threshold))
    return wrong(fmt::format("the region of practical equivalence must ascend; got {} to {}",
                             question.rope_low, question.rope_high));
  if (!std::isfinite(estimate))
    return fail(ErrorCode::invalid_data, "the estimate must be a finite number");
  if (std_error > 0.0 && std::isfinite(std_error)) return {};
  return fail(ErrorCode::undefined_statistic,
              fmt::format("the standard error must be above 0; got {}", std_error));
}

double phi(double z) { return std::exp(-0.5 * z * z - kLogRootTwoPi); }

EffectPosterior from_normal(double estimate, double se, const EffectPrior& prior,
                            const EffectQuestion& question) {
  EffectPosterior out;
  const double weight = prior.sd * prior.sd / (prior.sd * prior.sd + se * se);
  out.mean = prior.mean + weight * (estimate - prior.mean);
  out.sd = std::sqrt(weight) * se;
  const double z = numerics::normal_upper_quantile(0.5 * (1.0 - question.confidence_level));
  out.ci_low = out.mean - z * out.sd;
  out.ci_high = out.mean + z * out.sd;
  const double u = (out.mean - question.threshold) / out.sd;
  out.p_above = numerics::normal_cdf(u);
  out.p_below = numerics::normal_sf(u);
  if (question.rope_low < question.rope_high) {
    const double a = (question.rope_low - out.mean) / out.sd;
    const double b = (question.rope_high - out.mean) / out.sd;
    out.p_rope = a > 0.0 ? numerics::normal_sf(a) - numerics::normal_sf(b)
                         : numerics::normal_cdf(b) - numerics::normal_cdf(a);
  }
  out.loss_of_holding = out.sd * (phi(u) + u * numerics::normal_cdf(u));
  out.loss_of_shipping = out.sd * (phi(u) - u * numerics::normal_sf(u));
  out.log_bayes_factor = log_normal_density(estimate, prior.mean, std::hypot(prior.sd, se)) -
                         log_normal_density(estimate, question.threshold, se);
  return out;
}

/// The posterior on a fine partition: panel edges where prior and likelihood bend, cut at the
/// points asked about.
class Partition {
 public:
  Partition(double estimate, double se, const EffectPrior& prior, const EffectQuestion& question)
      : estimate_(estimate), se_(se), prior_(prior) {
    const double narrow = std::min(prior.sd, prior.t_scale);
    for (int i = -24; i <= 24; ++i) {
      edges_.push_back(estimate + 0.5 * i * se);
      edges_.push_back(prior.mean + 0.5 * i * prior.sd);
      edges_.push_back(prior.mean + 0.5 * i * narrow);
      edges_.push_back(prior.mean + 0.5 * i * prior.t_scale);
    }
    // Between the two, where a posterior of conflicting sources lies.
    for (int i = 0; i <= 40; ++i) edges_.push_back(prior.mean + (estimate - prior.mean) * i / 40.0);
    for (const double at : {question.threshold, question.rope_low, question.rope_high})
      edges_.push_back(at);
    std::sort(edges_.begin(), edges_.end());
    const double reach = 40.0 * se;  // Beyond it the likelihood is below 1e-300.
    std::erase_if(edges_, [&](double e) { return std::abs(e - estimate) > reach; });
    edges_.insert(edges_.begin(), estimate - reach);
    edges_.push_back(estimate + reach);
    top_ = -1e300;
    for (const double e : edges_) top_ = std::max(top_, log_joint(e));
    cumulative_.push_back(0.0);
    for (std::size_t i = 0; i + 1 < edges_.size(); ++i)
      cumulative_.push_back(cumulative_.back() + mass(edges_[i], edges_[i + 1]));
    total_ = cumulative_.back();
  }

  [[nodiscard]] double log_joint(double effect) const {
    const double normal = log_normal_density(effect, prior_.mean, prior_.sd);
    const double student = log_t_density(effect, prior_.mean, prior_.t_scale, prior_.t_dof);
    const double top = std::max(normal, student);
    const double log_prior = top + std::log((1.0 - prior_.t_weight) * std::exp(normal - top) +
                                            prior_.t_weight * std::exp(student - top));
    return log_prior + log_normal_density(estimate_, effect, se_);
  }

  [[nodiscard]] double integral(const std::function<double(double)>& of) const {
    return detail::integrate_panels([&](double x) { return of(x) * std::exp(log_joint(x) - top_); },
                                    edges_);
  }

  [[nodiscard]] double mean_of(const std::function<double(double)>& of) const {
    return integral(of) / total_;
  }

  /// P(effect < at).
  [[nodiscard]] double below(double at) const {
    const auto next = std::upper_bound(edges_.begin(), edges_.end(), at);
    if (next == edges_.begin()) return 0.0;
    const auto panel = static_cast<std::size_t>(next - edges_.begin() - 1);
    return (cumulative_[panel] + mass(edges_[panel], at)) / total_;
  }

  [[nodiscard]] double log_evidence() const { return std::log(total_) + top_; }
  [[nodiscard]] double lowest() const { return edges_.front(); }
  [[nodiscard]] double highest() const { return edges_.back(); }

 private:
  [[nodiscard]] double mass(double from, double to) const {
    const double ends[] = {from, to};
    return detail::integrate_panels([&](double x) { return std::exp(log_joint(x) - top_); }, ends);
  }

  double estimate_;
  double se_;
  EffectPrior prior_;
  std::vector<double> cumulative_;  ///< Unnormalised, up to each edge.
  std::vector<double> edges_;
  double top_ = 0.0;
  double total_ = 1.0;
};

EffectPosterior from_mixture(double estimate, double se, const EffectPrior& prior,
                             const EffectQuestion& question) {
  const Partition part(estimate, se, prior, question);
  EffectPosterior out;
  const double at = question.threshold;
  out.mean = part.mean_of([](double x) { return x; });
  const double centre = out.mean;
  out.sd = std::sqrt(part.mean_of([&](double x) { return (x - centre) * (x - centre); }));
  out.p_above = part.mean_of([&](double x) { return x > at ? 1.0 : 0.0; });
  out.p_below = part.mean_of([&](double x) { return x > at ? 0.0 : 1.0; });
  if (question.rope_low < question.rope_high) {
    out.p_rope = part.mean_of(
        [&](double x) { return x > question.rope_low && x < question.rope_high ? 1.0 : 0.0; });
  }
  out.loss_of_shipping = part.mean_of([&](double x) { return std::max(at - x, 0.0); });
  out.loss_of_holding = part.mean_of([&](double x) { return std::max(x - at, 0.0); });
  const double tail = 0.5 * (1.0 - question.confidence_level);
  const auto quantile = [&](double p) {
    return detail::find_root([&](double x) { return part.below(x) - p; }, part.lowest() + 1e-9 * se,
                             part.highest(), 1e-12 * se);
  };
  out.ci_low = quantile(tail);
  out.ci_high = quantile(1.0 - tail);
  out.log_bayes_factor = part.log_evidence() - log_normal_density(estimate, question.threshold, se);
  return out;
}

}  // namespace

Result<EffectPosterior> effect_posterior(double estimate, double std_error,
                                         const EffectPrior& prior, const EffectQuestion& question) {
  ASSAY_CHECK(check(estimate, std_error, prior, question));
  EffectPosterior out = prior.t_weight > 0.0 ? from_mixture(estimate, std_error, prior, question)
                                             : from_normal(estimate, std_error, prior, question);
  if (estimate != prior.mean)
    out.shrinkage = 1.0 - (out.mean - prior.mean) / (estimate - prior.mean);
  return out;
}

}  // namespace assay::sequential
