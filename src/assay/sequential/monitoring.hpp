#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/sequential/group_sequential.hpp"
#include "assay/sequential/stagewise.hpp"

/// Reads the looks of a running trial against its plan, whatever information they turn out to have.
namespace assay::sequential {

struct MonitoringPlan {
  GroupSequentialSpec design;        ///< With the planned fractions of the maximum.
  double maximum_information = 1.0;  ///< In the unit of the looks: units, or 1 / std_error^2.
  double null_effect = 0.0;
};

/// The data as they stood at a look.
struct ObservedLook {
  double information = 0.0;  ///< Cumulative, in the unit of the plan.
  double estimate = 0.0;     ///< Cumulative effect.
  double std_error = 0.0;
  bool final = false;  ///< The trial ends here whatever comes: what is left of alpha is spent.
};

enum class LookDecision : std::uint8_t {
  go_on,
  reject_upper,   ///< Effect above null_effect.
  reject_lower,   ///< Below; two-sided tests.
  stop_futility,  ///< Binding or not, the futility bound was met.
  no_rejection,   ///< The final look, without crossing.
};
std::string_view to_text(LookDecision decision);

struct LookReading {
  double information = 0.0;
  double fraction = 0.0;  ///< Of the planned maximum; alpha is spent by it.
  double estimate = 0.0;
  double std_error = 0.0;
  double statistic = 0.0;
  double critical_value = 0.0;           ///< +infinity: nothing to spend yet.
  std::optional<double> futility_bound;  ///< z; |z| of a two-sided test.
  double alpha_spent = 0.0;              ///< Cumulative.
  bool final = false;
  LookDecision decision = LookDecision::go_on;
  double naive_p_value = 1.0;  ///< As if this were the only look; not to be acted upon.
  /// The smallest alpha at which this look would reject; of more than 20 looks only for the look
  /// that stopped the trial and the last one.
  std::optional<double> repeated_p_value;
  double adjusted_p_value = 1.0;  ///< Smallest repeated p so far: valid at any of the looks.
  double repeated_ci_low = 0.0;   ///< estimate -+ critical value * std_error: all looks together
  double repeated_ci_high = 0.0;  ///< cover at 1 - alpha (one-sided: 1 - alpha each end).
};

struct Monitoring {
  std::vector<LookReading> looks;
  std::optional<std::size_t> stopped_at;  ///< The first look that ended the trial.
  LookDecision verdict = LookDecision::go_on;
  std::optional<StagewiseInference> inference;  ///< At stopped_at.
  double alpha_left = 0.0;                      ///< After the last look made.
  /// Critical values of the planned looks still to come, at the planned fractions.
  std::vector<double> next_information;
  std::vector<double> next_critical_values;
  /// While the trial can go on: the design of the looks made and those to come, for
  /// conditional_power and interim_prospects after the last look made.
  std::optional<GroupSequentialDesign> course;
  bool over_run = false;              ///< The final look has more information than planned,
  bool under_run = false;             ///< or less.
  std::int64_t looks_after_stop = 0;  ///< Readings beyond stopped_at are descriptive.
};

/// Recomputes the bounds at the information actually reached, spends alpha (and beta) accordingly
/// and decides look by look. A look at or beyond the maximum is the final one. A boundary family
/// that is not a spending function spends what its plan would have, straight between planned
/// looks; futility bounds given by hand are read straight between planned looks too, none before
/// the first. Over-running and ending early are both paid for: the final look gets all alpha left.
/// Fails with what design_group_sequential and stagewise_inference fail with, and with
/// invalid_data: no look, looks out of order, information going down or standing still, more than
/// the maximum without `final`, a look after the final one, estimate or std_error not finite or
/// std_error not above 0.
/// Reference: Lan & DeMets, Biometrika 70 (1983) 659-663; repeated intervals: Jennison &
/// Turnbull, JRSS B 51 (1989) 305-361; over-running: Jennison & Turnbull (2000) ch. 8.2, 7.2.
Result<Monitoring> monitor(const MonitoringPlan& plan, std::span<const ObservedLook> looks);

/// The smallest alpha at which a design of this kind rejects at its look `index` (from 0) with
/// this statistic: the repeated p-value. Reference: Jennison & Turnbull (2000) ch. 9.
Result<double> repeated_p_value(const GroupSequentialSpec& spec, std::size_t index,
                                double statistic);

}  // namespace assay::sequential
