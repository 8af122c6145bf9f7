#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"

namespace assay::stats {

struct CovariateBalance {
  std::string name;
  double control_mean = 0.0;
  double treatment_mean = 0.0;
  double std_difference = 0.0;  ///< Over sqrt of the mean of the two variances; target |.| < 0.1.
  double variance_ratio = 1.0;  ///< treatment / control; infinite when only control is constant.
  bool tested = true;           ///< False: constant or collinear, left out of the joint test.
};

struct Balance {
  std::vector<CovariateBalance> covariates;
  double hotelling_t2 = 0.0;
  double f_statistic = 0.0;
  double dof_numerator = 0.0;
  double dof_denominator = 0.0;
  double p_value = 1.0;  ///< Joint: all covariates have equal means.
};

/// Compares covariates measured before exposure: standardised differences, variance ratios and
/// the joint two-sample Hotelling test. `names` may be empty ("x1", "x2", ...).
/// Fails with invalid_spec (shapes differ, no covariate) and undefined_statistic (an arm with
/// n < 2, no covariate with spread, N <= q + 1).
/// Reference: Hotelling, Ann. Math. Stat. 2 (1931) 360-378; Austin, Stat. Med. 28 (2009).
Result<Balance> balance(const numerics::CoMoments& control, const numerics::CoMoments& treatment,
                        const std::vector<std::string>& names);

}  // namespace assay::stats
