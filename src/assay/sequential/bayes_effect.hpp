#pragma once

#include <optional>

#include "assay/base/result.hpp"

namespace assay::sequential {

/// What was believed of the effect before the data: normal, or a mixture of a normal and a heavier
/// Student t around the same mean (the shape of effects over past experiments).
struct EffectPrior {
  double mean = 0.0;
  double sd = 1.0;
  double t_weight = 0.0;  ///< Share of the t part, 0 to 1.
  double t_scale = 1.0;
  double t_dof = 3.0;  ///< Above 2, so that the prior has a variance.
};

struct EffectQuestion {
  double confidence_level = 0.95;
  double rope_low = 0.0;  ///< Region of practical equivalence; equal ends: none asked for.
  double rope_high = 0.0;
  double threshold = 0.0;  ///< P(effect > threshold).
};

struct EffectPosterior {
  double mean = 0.0;
  double sd = 0.0;
  double ci_low = 0.0;  ///< Equal-tailed credible interval.
  double ci_high = 0.0;
  double p_above = 0.0;  ///< P(effect > threshold).
  double p_below = 0.0;
  std::optional<double> p_rope;  ///< P(effect within the region).
  /// Expected loss in units of the effect: of shipping, E[max(threshold - effect, 0)]; of not
  /// shipping, E[max(effect - threshold, 0)].
  double loss_of_shipping = 0.0;
  double loss_of_holding = 0.0;
  double shrinkage = 0.0;  ///< 1 - (mean - prior mean) / (estimate - prior mean); 0: untouched.
  /// log of density of the data under the prior over density at no effect (threshold).
  double log_bayes_factor = 0.0;
};

/// Posterior of an effect from its estimate and standard error. Normal priors in closed form, the
/// mixture by integration (relative error below 1e-9).
/// A posterior probability answers to its prior: it does not bound how often stopping at
/// p_above > 0.95 is wrong when there is no effect (docs/calibration.md counts it).
/// Fails with invalid_spec (sd, t_scale not above 0, t_dof not above 2, t_weight outside [0, 1],
/// level outside (0, 1), region reversed), invalid_data (estimate not finite) and
/// undefined_statistic (std_error not above 0).
/// Reference: Gelman et al., Bayesian Data Analysis (2013) ch. 2.5; mixture priors: Azevedo, Deng,
/// Montiel Olea, Rao & Weyl, Journal of Political Economy 128 (2020) 4614-4672.
Result<EffectPosterior> effect_posterior(double estimate, double std_error,
                                         const EffectPrior& prior,
                                         const EffectQuestion& question = {});

}  // namespace assay::sequential
