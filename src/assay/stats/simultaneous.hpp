#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/linear_algebra.hpp"

/// Many comparisons read together: critical values and p-values of the largest of several
/// correlated statistics, so that all intervals hold at once and no p-value is backed out of
/// another method's.
namespace assay::stats {

enum class Sides : std::uint8_t {
  two,   ///< The largest |T|.
  upper  ///< The largest T (non-inferiority, one-sided).
};

/// The joint distribution of k statistics: multivariate t with this correlation and these degrees
/// of freedom (infinite: normal), all means 0.
/// Assumes: correlation is positive semi-definite with ones on the diagonal, 1 <= k <= 200,
/// degrees of freedom at least 1. Statistics that are (nearly) linear combinations of others are
/// allowed.
struct JointStatistics {
  numerics::SymmetricMatrix correlation;
  double degrees_of_freedom = std::numeric_limits<double>::infinity();
  Sides sides = Sides::two;
};

/// P(all statistics stay within critical). Exact to about 1e-10 where the correlations have one
/// factor, rho_ij = l_i l_j with l >= 0 (two statistics of positive correlation, and every
/// comparison of several arms with one control); else by a randomised lattice rule of fixed seed,
/// to about 5e-5.
/// Fails with invalid_spec on a matrix that is no correlation matrix or degrees of freedom below 1.
/// References: Dunnett, JASA 50 (1955) 1096-1121; Genz & Bretz, Computation of Multivariate Normal
/// and t Probabilities (2009) ch. 4.
Result<double> joint_coverage(const JointStatistics& joint, double critical);

/// The critical value whose joint coverage is `level`: intervals estimate +- critical x standard
/// error hold together with that probability.
Result<double> joint_critical_value(const JointStatistics& joint, double level);

/// Single-step max-t p-values: P(the largest of the k exceeds what this one shows). For Sides::two
/// signs of the statistics do not matter. Below 1e-7 Bonferroni's bound stands for it. p_i < 1 -
/// level <=> |t_i| > joint_critical_value(level).
Result<std::vector<double>> max_t_p_values(const JointStatistics& joint,
                                           std::span<const double> statistics);

/// Step-down max-t p-values, never larger than the single-step ones: the strongest is compared
/// with all, the next with those left. Reference: Westfall & Young, Resampling-Based Multiple
/// Testing (1993) ch. 2 (free step-down).
Result<std::vector<double>> step_down_max_t_p_values(const JointStatistics& joint,
                                                     std::span<const double> statistics);

/// Correlations of the differences of several arms with one control, from the variances of the
/// arms' values: rho_ij = v_0 / sqrt((v_0 + v_i)(v_0 + v_j)). Assumes positive variances.
numerics::SymmetricMatrix many_to_one_correlation(double control_variance,
                                                  std::span<const double> treatment_variances);

}  // namespace assay::stats
