#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

/// Whom an effect is about: those who could feel it, everybody, or those who took it up.
namespace assay::stats {

/// All assigned units, of whom some were triggered (could feel the difference).
struct TriggeredShare {
  std::int64_t triggered = 0;         ///< Units of both arms behind the triggered contrast.
  std::int64_t all = 0;               ///< All assigned units of both arms.
  double control_value_all = 0.0;     ///< The metric over all units of control.
  double control_variance_all = 0.0;  ///< Variance of that value (of the mean).
};

/// The effect on everybody of an effect on the triggered: share x difference a unit, its lift over
/// the control value of all. The variance carries that of the share.
/// Assumes that who is triggered does not depend on the arm and that the untriggered feel nothing:
/// test both (sample ratio of the triggered; compare() of the rest must read no effect). For
/// means and proportions; a ratio metric is not additive over units.
/// Fails with invalid_spec (more triggered than all, a ratio contrast) and as contrast_of_values.
/// Reference: Deng & Hu, WSDM 2015, Diluted Treatment Effect Estimation for Trigger Analysis.
Result<Contrast> dilute(const Contrast& triggered, const TriggeredShare& share);

/// The effect on compliers, who take the treatment when offered and not otherwise.
struct ComplierEffect {
  double estimate = 0.0;   ///< Difference in the outcome over difference in take-up.
  double std_error = 0.0;  ///< Delta method; equal to two-stage least squares with HC2.
  double ci_low = 0.0;     ///< Fieller's set, equal to Anderson and Rubin's: right also when
  double ci_high = 0.0;    ///< take-up differs little. See `interval_undefined`.
  std::string interval_undefined;  ///< Not empty: the set is unbounded, and this says why.
  double p_value = 1.0;            ///< Of no effect: that of the intention to treat.
  Contrast intention_to_treat;     ///< Of the outcome.
  double take_up_control = 0.0;
  double take_up_treatment = 0.0;
  double share_compliers = 0.0;  ///< Difference in take-up.
  double first_stage_f = 0.0;    ///< Squared t of the difference in take-up; below 10 is weak.
  std::vector<Note> notes;       ///< weak_take_up.
};

/// Complier average causal effect from moments of [y, d] per arm, d the take-up (0 or 1, or a
/// dose). Assumes: assignment moves the outcome only through take-up; nobody does the opposite of
/// what is offered. Fails as welch does, and with undefined_statistic when take-up is the same.
/// References: Angrist, Imbens & Rubin, JASA 91 (1996) 444-455; Anderson & Rubin, Annals of
/// Mathematical Statistics 20 (1949) 46-63; Fieller, JRSS B 16 (1954) 175-185.
Result<ComplierEffect> complier_effect(const numerics::CoMoments& control,
                                       const numerics::CoMoments& treatment,
                                       double confidence_level);

}  // namespace assay::stats
