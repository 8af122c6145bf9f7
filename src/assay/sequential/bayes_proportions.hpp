#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::sequential {

struct ArmOutcome {
  std::int64_t successes = 0;
  std::int64_t n = 0;
};

struct BetaPrior {
  double a = 1.0;  ///< Successes and failures believed in before the data; 1, 1 is uniform.
  double b = 1.0;
};

struct ArmPosterior {
  double mean = 0.0;
  double ci_low = 0.0;  ///< Equal-tailed credible interval.
  double ci_high = 0.0;
  double p_best = 0.0;         ///< P(this arm has the highest proportion).
  double expected_loss = 0.0;  ///< E[highest proportion - this arm's]: regret of choosing it.
};

/// Posteriors of several proportions with one beta prior, arms independent; by integration over
/// the log odds (absolute error below 1e-10). p_best sums to 1.
/// Fails with invalid_data (fewer than two arms, successes outside 0..n) and invalid_spec (prior
/// not above 0, level outside (0, 1)).
/// Reference: Gelman et al., Bayesian Data Analysis (2013) ch. 2.4.
Result<std::vector<ArmPosterior>> compare_proportions(std::span<const ArmOutcome> arms,
                                                      const BetaPrior& prior = {},
                                                      double confidence_level = 0.95);

/// The lift p_treatment / p_control - 1 of two proportions.
struct LiftPosterior {
  double p_above = 0.0;  ///< P(lift > threshold).
  double mean = 0.0;     ///< Of the lift; needs a + successes of control above 1.
  double median = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
  double mean_difference = 0.0;  ///< E[p_treatment - p_control].
};

/// Fails as compare_proportions does, and with invalid_spec for a threshold of -1 or below and
/// undefined_statistic where the mean of the lift is infinite.
Result<LiftPosterior> lift_posterior(const ArmOutcome& control, const ArmOutcome& treatment,
                                     double threshold = 0.0, const BetaPrior& prior = {},
                                     double confidence_level = 0.95);

}  // namespace assay::sequential
