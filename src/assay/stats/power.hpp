#pragma once

#include <cstdint>
#include <functional>

#include "assay/base/result.hpp"

namespace assay::stats {

/// What a two-arm test is planned with. Two-sided unless `one_sided` (non-inferiority: give the
/// distance from the margin as the effect).
struct TestPlan {
  double alpha = 0.05;
  double power = 0.8;            ///< Not used where power is the answer.
  double treatment_share = 0.5;  ///< Of all units of the two arms.
  bool one_sided = false;
};

/// Standard deviation of one unit per arm (after adjustment, when the analysis will adjust).
struct UnitSpread {
  double control_sd = 1.0;
  double treatment_sd = 1.0;
};

/// Two means, Welch's t: power by the non-central t with Welch's degrees of freedom.
/// Sample sizes are totals of both arms, the smallest whose power reaches the plan's.
/// Fail with invalid_spec: alpha, power or share outside (0, 1), a spread or effect of 0,
/// power <= alpha. Reference: Cohen, Statistical Power Analysis (1988) ch. 2.
Result<double> power_of_means(const UnitSpread& spread, double effect, double n_total,
                              const TestPlan& plan);
Result<std::int64_t> n_total_for_means(const UnitSpread& spread, double effect,
                                       const TestPlan& plan);
Result<double> mde_of_means(const UnitSpread& spread, double n_total, const TestPlan& plan);

/// Two proportions, pooled score z: null variance pooled, alternative unpooled.
/// Reference: Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions (2003) ch. 4.
Result<double> power_of_proportions(double control, double treatment, double n_total,
                                    const TestPlan& plan);
Result<std::int64_t> n_total_for_proportions(double control, double treatment,
                                             const TestPlan& plan);
/// The smallest rise of the control proportion that reaches the power.
Result<double> mde_of_proportions(double control, double n_total, const TestPlan& plan);

// ---------------------------------------------------------------------------------------------
// The parts that every design is planned with

/// The t value with `tail` above it; the normal's beyond 1e5 degrees of freedom.
double critical_value(double tail, double degrees_of_freedom);

/// The chance that an estimate whose true value lies `shift` standard errors from the null passes
/// `critical` (one-sided), or passes it on either side (two-sided): the non-central t.
double rejection_probability(double shift, double critical, double degrees_of_freedom,
                             bool one_sided);

/// The smallest whole n >= `from` whose power reaches `wanted`; assumes power rises with n.
/// Fails with undefined_statistic when 1e15 units do not reach it.
Result<std::int64_t> smallest_n(const std::function<double(double n)>& power, double wanted,
                                double from);

/// Where `power` reaches `wanted` between 0 and `high`; assumes it rises and power(high) >= wanted.
double smallest_effect(const std::function<double(double effect)>& power, double wanted,
                       double high);

}  // namespace assay::stats
