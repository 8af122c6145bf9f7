#pragma once

#include <span>

#include "assay/base/result.hpp"
#include "assay/stats/heterogeneity.hpp"

/// What past experiments say about the effects to expect of the next one.
namespace assay::portfolio {

/// True effects of a kind of change on a metric: mean + spread x (standard normal, or Student's t
/// of these degrees of freedom). A t has the few large effects that a normal misses.
struct EffectPrior {
  double mean = 0.0;
  double spread = 0.0;              ///< Standard deviation of the normal, scale of the t.
  double degrees_of_freedom = 0.0;  ///< Infinite: normal.
};

/// A prior with how well it fits.
struct FittedPrior {
  EffectPrior prior;
  double log_likelihood = 0.0;  ///< Of the estimates, the true effects integrated out.
  double aic = 0.0;             ///< 2 x parameters - 2 x log-likelihood; smaller is better.
  std::int64_t n_effects = 0;
};

enum class PriorMean : std::uint8_t {
  zero,   ///< As many changes help as harm.
  fitted  ///< What the past shows; needs many experiments.
};

/// Maximum marginal likelihood. Fails with invalid_spec (fewer than 5 effects, or 10 for a t) and
/// invalid_data as stats::heterogeneity does. A spread of 0 is an answer: nothing beyond noise.
/// Reference: Azevedo, Deng, Montiel Olea, Rao & Weyl, Journal of Political Economy 128 (2020)
/// 4614-4672 (fat tails of effects).
Result<FittedPrior> fit_normal_prior(std::span<const stats::EffectEstimate> effects,
                                     PriorMean mean);
Result<FittedPrior> fit_t_prior(std::span<const stats::EffectEstimate> effects, PriorMean mean);

/// The one of the two with the smaller AIC.
Result<FittedPrior> fit_prior(std::span<const stats::EffectEstimate> effects, PriorMean mean);

/// An estimate read with the prior.
struct Posterior {
  double mean = 0.0;
  double sd = 0.0;
  double ci_low = 0.0;  ///< Equal-tailed.
  double ci_high = 0.0;
  double probability_positive = 0.0;
};

/// Fails with invalid_spec (level outside (0, 1), a negative spread) and invalid_data.
Result<Posterior> posterior(const EffectPrior& prior, const stats::EffectEstimate& effect,
                            double level);

}  // namespace assay::portfolio
