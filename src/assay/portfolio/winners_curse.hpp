#pragma once

#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/portfolio/effect_prior.hpp"

/// Experiments that were launched because they looked good look better than they are.
namespace assay::portfolio {

/// One effect that was picked because its estimate lay above a threshold.
struct CorrectedWinner {
  double estimate = 0.0;  ///< Median-unbiased given the pick; never above the naive one.
  double ci_low = 0.0;
  double ci_high = 0.0;
};

/// Reads an estimate given that it passed: the effect at which this estimate is the median (and
/// the interval's ends the quantiles) of a normal cut off below the threshold.
/// Assumes: picked when estimate > threshold, whatever else. Fails with invalid_spec (level) and
/// invalid_data (a standard error not positive, an estimate at or below the threshold).
/// An end below estimate - 40 standard errors is given as that: the data hardly bound it.
/// References: Zollner & Pritchard, American Journal of Human Genetics 80 (2007) 605-615; Zhong &
/// Prentice, Biostatistics 9 (2008) 621-634.
Result<CorrectedWinner> corrected_winner(const stats::EffectEstimate& effect, double threshold,
                                         double level);

/// An experiment of a portfolio and the threshold that its estimate had to pass.
struct Candidate {
  stats::EffectEstimate effect;
  double threshold = 0.0;
};

/// The total of the launched effects.
struct LaunchedTotal {
  std::int64_t launched = 0;
  double naive = 0.0;  ///< Sum of the launched estimates.
  double naive_std_error = 0.0;
  double bias = 0.0;  ///< Expected excess of the naive sum, estimated from all experiments.
  double corrected = 0.0;
};

/// Bias = sum over all experiments, launched or not, of se x phi((threshold - effect) / se), the
/// effects replaced by their estimates. Reference: Lee & Shen, KDD 2018, 491-499 (its plug-in
/// understates the bias a little where most effects are near the threshold).
Result<LaunchedTotal> launched_total(std::span<const Candidate> candidates);

/// The same total by a prior: sum of the posterior means of the launched, with its standard error.
/// Right where the prior is; the threshold does not matter to it.
struct PosteriorTotal {
  double total = 0.0;
  double sd = 0.0;
};
Result<PosteriorTotal> posterior_total(std::span<const Candidate> candidates,
                                       const EffectPrior& prior);

}  // namespace assay::portfolio
