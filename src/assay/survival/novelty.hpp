#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/survival/age_effects.hpp"

namespace assay::survival {

/// How an effect may move with age.
enum class AgeShape : std::uint8_t {
  flat,         ///< effect(a) = long_run
  linear,       ///< effect(a) = start + slope a
  exponential,  ///< effect(a) = long_run + initial exp(-a / tau)
};

enum class AgePattern : std::uint8_t {
  steady,   ///< No trend found.
  novelty,  ///< The effect shrinks towards 0 as units grow older (or turns).
  primacy,  ///< The effect grows: units had to get used to it.
};

std::string_view to_text(AgeShape shape);
std::string_view to_text(AgePattern pattern);

struct AgeModel {
  AgeShape shape = AgeShape::flat;
  int parameters = 1;
  double chi_squared = 0.0;  ///< Weighted residual sum of squares.
  double aic = 0.0;         ///< chi_squared + 2 parameters: exact, because the covariance is known.
  double weight = 0.0;      ///< exp(-AIC / 2), summing to 1 over the models.
  double at_horizon = 0.0;  ///< The model's effect at the horizon, and its standard error.
  double std_error = 0.0;
};

struct ExponentialFit {
  double long_run = 0.0;
  double initial = 0.0;
  double tau = 0.0;
  bool tau_at_limit = false;  ///< The ages do not tell tau; its uncertainty is not counted.
};

struct Novelty {
  AgePattern pattern = AgePattern::steady;
  double trend = 0.0;  ///< Change of the effect a unit of age, generalised least squares.
  double trend_std_error = 0.0;
  double trend_p_value = 1.0;
  double fit_p_value = 1.0;  ///< Chi-squared of the likeliest model: small = none of them fits.
  std::vector<AgeModel> models;
  ExponentialFit exponential;
  double horizon_age = 0.0;
  stats::Contrast long_run;  ///< The model-averaged effect at the horizon, against 0.
};

struct NoveltyOptions {
  double confidence_level = 0.95;
  double alpha = 0.05;                     ///< Of the trend that names the pattern.
  std::optional<double> horizon_age = {};  ///< Default: twice the last age.
};

/// Fits flat, linear and exponential effects by generalised least squares on the differences and
/// their covariance, and averages their effect at the horizon with AIC weights; the standard error
/// counts the disagreement of the models: sqrt(sum w_i (se_i^2 + (effect_i - average)^2)).
///
/// Assumes that older ages differ only by age: when newer users are other people, use a fixed
/// cohort. A horizon beyond the last age is an extrapolation and a note says so. Tau is sought
/// between a quarter of the smallest gap and twice the span of the ages.
/// Fails with undefined_statistic (fewer than 5 ages, a covariance without full rank), invalid_spec
/// (horizon not finite or before the first age, alpha or level outside (0, 1)).
/// References: Burnham & Anderson, Model Selection (2002) 4.3; Hohnhold, O'Brien & Tang, KDD 2015.
Result<Novelty> fit_novelty(const AgeEffects& effects, const NoveltyOptions& options = {});

}  // namespace assay::survival
