#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/linear_algebra.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/stats/balance.hpp"
#include "assay/stats/contrast.hpp"

/// Long-term effects from short-term outcomes: the surrogate index.
///
/// The long-term outcome y is predicted from short-term surrogates s in historical data; the effect
/// on the prediction stands for the effect on y. Right when (1) surrogacy: given s, the treatment
/// tells nothing more about y; (2) comparability: given s, y behaves in the experiment as it did in
/// history; (3) both are linear in s here. Each is a claim about the world; `test_surrogacy`,
/// `compare_surrogates` and the bias bound say what the data can say about it.
/// Reference: Athey, Chetty, Imbens & Kang, NBER working paper 26463 (2019).
namespace assay::survival {

/// The regression of y on the surrogates.
struct SurrogateFit {
  std::vector<std::string> names;
  std::int64_t n = 0;
  double outcome_mean = 0.0;
  std::vector<double> surrogate_mean;
  std::vector<double> slope;
  numerics::SymmetricMatrix slope_covariance;
  double residual_variance = 0.0;  ///< Over n - k - 1.
  double r_squared = 0.0;
  bool robust = false;  ///< The covariance is HC2; else it trusts equal residual variance.
};

/// From the moments of [y, s_1 .. s_k] over historical units.
/// Fails with invalid_spec (no surrogate, names do not match), invalid_data (not finite) and
/// undefined_statistic (n <= k + 2, a surrogate constant or a combination of others, y constant).
Result<SurrogateFit> fit_surrogate(const numerics::CoMoments& history,
                                   std::vector<std::string> names);

/// From units: `surrogates` row by row (units x names). Slopes are the same, their covariance is
/// HC2.
Result<SurrogateFit> fit_surrogate_of_units(std::span<const double> outcome,
                                            std::span<const double> surrogates,
                                            std::vector<std::string> names);

struct SurrogateEffect {
  stats::Contrast
      contrast;  ///< On the predicted long-term outcome; the fit's uncertainty is in it.
  double share_of_variance_from_fit = 0.0;  ///< Of the difference's variance.
  /// How far surrogacy may fail: the bias is at most this times the correlation between what s
  /// leaves of y and what it leaves of the treatment.
  double bias_per_correlation = 0.0;
  /// The smallest such correlation that could move the interval to 0; absent when it holds 0.
  std::optional<double> correlation_that_overturns;
};

/// The effect on the index from the two arms' moments of [s_1 .. s_k]. Welch-like variance of the
/// arms' mean surrogates, the slopes' covariance by the delta method, normal reference.
/// Bias bound: y - E[y | s] = e and w - E[w | s] = v give a bias of cov(e, v) / var(w), so at most
/// |corr(e, v)| sqrt(var(e) (1 - R^2 of w on s) / (p (1 - p))).
/// Fails with invalid_spec (shapes) and as stats::contrast_of_values does.
Result<SurrogateEffect> surrogate_effect(const SurrogateFit& fit,
                                         const numerics::CoMoments& control,
                                         const numerics::CoMoments& treatment,
                                         double confidence_level);

/// In experiments old enough to have y: does the arm tell anything about y once s is known?
/// Moments of [y, s_1 .. s_k] an arm; the coefficient of the arm in the regression of y on s and
/// arm (treatment - control at equal s), equal residual variance. An interval away from 0 refutes
/// surrogacy; one around 0 only bounds its failure.
Result<stats::Contrast> test_surrogacy(const numerics::CoMoments& control,
                                       const numerics::CoMoments& treatment,
                                       double confidence_level);

/// Were the historical units like the experiment's control units in their surrogates? Moments of
/// [s_1 .. s_k]; history takes the place of "control" in the result.
Result<stats::Balance> compare_surrogates(const numerics::CoMoments& history,
                                          const numerics::CoMoments& control,
                                          const std::vector<std::string>& names);

}  // namespace assay::survival
