#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::design {

/// How the comparisons of several treatments with one control share alpha.
enum class Correction : std::uint8_t { none, bonferroni, dunnett };
std::string_view to_text(Correction correction);

/// Several treatments against one control. `control_ratio`: units of control over units of one
/// treatment (all treatments alike).
struct Comparisons {
  int treatments = 1;
  double control_ratio = 1.0;
  Correction correction = Correction::bonferroni;
};

/// The critical value of |T| (or T) at which the chance of any false rejection is alpha:
/// Bonferroni's, or Dunnett's from stats::joint_critical_value.
/// Fails with invalid_spec (treatments outside 1 to 200, control_ratio not positive, alpha outside
/// (0, 1), degrees of freedom below 1). Reference: Dunnett, JASA 50 (1955) 1096-1121.
Result<double> critical_of(const Comparisons& comparisons, double alpha, double degrees_of_freedom,
                           bool one_sided);

/// P(some |T_i| > critical) (one-sided: T_i) when the true effects lie `shifts[i]` standard errors
/// from 0, one entry a treatment; normal reference.
Result<double> any_rejection(const Comparisons& comparisons, double critical,
                             const std::vector<double>& shifts, bool one_sided);

/// Control units per treatment unit that minimise the variance of the comparisons at a fixed total:
/// sqrt(treatments) * control_sd / treatment_sd. Reference: Dunnett (1955) section 5.
Result<double> best_control_ratio(int treatments, double control_sd, double treatment_sd);

/// The power to plan each test with, so that all `n_tests` that must succeed together do so with
/// at least `power`: 1 - (1 - power) / n_tests (union bound). With G guardrails and one success
/// metric n_tests is G + 1. Reference: Schultzberg, Ankargren & Franberg, arXiv:2402.11609.
Result<double> power_for_each(double power, int n_tests);

}  // namespace assay::design
