#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"

namespace assay::stats {

/// P(treatment > control) + P(equal) / 2, the chance that a treated unit beats a control one.
struct Superiority {
  std::int64_t n_control = 0;
  std::int64_t n_treatment = 0;
  double probability = 0.5;
  double std_error = 0.0;
  double ci_low = 0.0;  ///< Within [0, 1].
  double ci_high = 1.0;
  double statistic = 0.0;
  double degrees_of_freedom = 0.0;
  double p_value = 1.0;  ///< Two-sided, against 1/2; below 1 - level <=> the interval excludes 1/2.
};

/// Brunner & Munzel's test: no equal shapes or variances assumed, ties by mid-ranks.
/// Fails with invalid_spec (confidence level), invalid_data (a value that is not finite) and
/// undefined_statistic (fewer than two units an arm; arms that do not overlap at all: their
/// variance estimate is 0, use mann_whitney).
/// Reference: Brunner & Munzel, Biometrical Journal 42 (2000) 17-25.
Result<Superiority> brunner_munzel(std::span<const double> control,
                                   std::span<const double> treatment, double confidence_level);

struct RankSum {
  double u = 0.0;  ///< Pairs that treatment wins, ties count half.
  double z = 0.0;
  double p_value = 1.0;  ///< Two-sided, against equal distributions.
  bool exact = false;    ///< No ties and at most 50 units; else normal, variance for ties.
};

/// Mann & Whitney's test of equal distributions (no continuity correction). It also rejects when
/// only spreads differ: for "which arm is higher" read brunner_munzel.
/// Fails with invalid_data (a value that is not finite) and undefined_statistic (an empty arm, all
/// values equal).
/// Reference: Mann & Whitney, Ann. Math. Stat. 18 (1947) 50-60.
Result<RankSum> mann_whitney(std::span<const double> control, std::span<const double> treatment);

}  // namespace assay::stats
