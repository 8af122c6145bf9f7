#pragma once

#include <optional>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/sequential/group_sequential.hpp"

/// How likely the trial is to succeed, seen from a look.
namespace assay::sequential {

struct ConditionalPower {
  double power = 0.0;              ///< P(an upper bound is crossed later | what was seen).
  double rejection = 0.0;          ///< P(either bound is); equal to power one-sided.
  std::vector<double> cumulative;  ///< Of power, by look; zeros up to the look.
};

/// Conditional power at a drift after look `index` (from 0) showed statistic z. Assumes the trial
/// went on. Futility bounds are respected unless `ignore_futility`.
/// Fails with invalid_spec when no look follows and invalid_data for values that are not finite.
/// Reference: Jennison & Turnbull, Group Sequential Methods (2000) ch. 10.
Result<ConditionalPower> conditional_power(const GroupSequentialDesign& design, std::size_t index,
                                           double statistic, double drift,
                                           bool ignore_futility = false);

/// Normal prior of the drift (effect * sqrt(maximum information)); flat when absent.
struct DriftPrior {
  double mean = 0.0;
  double sd = 1.0;
};

/// What is usually asked at an interim look, in one reading.
struct InterimProspects {
  double drift_of_trend = 0.0;  ///< z / sqrt(t): the effect as observed.
  double under_trend = 0.0;     ///< Conditional power if it is the truth.
  double under_plan = 0.0;      ///< If the planned drift is.
  double under_null = 0.0;      ///< Without effect.
  double predictive = 0.0;      ///< Mean of conditional power over the drift's posterior.
};

/// Fails as conditional_power does, and with invalid_spec for a prior sd not above 0.
/// Reference of predictive power: Spiegelhalter, Freedman & Blackburn, Controlled Clinical Trials
/// 7 (1986) 8-17.
Result<InterimProspects> interim_prospects(const GroupSequentialDesign& design, std::size_t index,
                                           double statistic, double planned_drift,
                                           const std::optional<DriftPrior>& prior = {});

}  // namespace assay::sequential
