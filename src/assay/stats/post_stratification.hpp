#pragma once

#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::stats {

/// One stratum (known before exposure) by arm.
struct Stratum {
  std::string name;
  numerics::Moments control;
  numerics::Moments treatment;
};

/// Difference of means weighted by the strata's share of all units: value of an arm = sum of
/// w_s mean_s, variance = sum of w_s^2 s_s^2 / n_s plus that of the shares themselves,
/// sum of w_s (mean_s - value)^2 / N with its covariance between arms, so that the interval speaks
/// of the population and not of these units. Satterthwaite degrees of freedom of the within part.
/// It equals regression adjustment (lin) on stratum indicators; CUPAC is lin with a prediction made
/// from data before exposure as the covariate.
/// Assumes every stratum was known before exposure and does not depend on the arm.
/// Fails with invalid_spec (confidence level), invalid_data (not finite) and undefined_statistic
/// (no stratum, a stratum with fewer than two units in an arm: merge it, no spread).
/// Reference: Miratrix, Sekhon & Yu, JRSS B 75 (2013) 369-396.
Result<Contrast> post_stratified(std::span<const Stratum> strata, double confidence_level);

}  // namespace assay::stats
