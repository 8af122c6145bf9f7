#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/decision/error_rates.hpp"
#include "assay/report/document.hpp"

namespace assay::readout {

/// How far an experiment gets in so many weeks.
struct PowerWeek {
  int weeks = 0;
  double n = 0.0;  ///< Units of all arms whose window is over.
  report::Number detectable;
  report::Number power;       ///< At the effect planned for.
  bool extrapolated = false;  ///< Beyond the days of history.
};

/// The check of a formula on the user's own units.
struct SimulatedRate {
  double n = 0.0;
  int replications = 0;
  double effect = 0.0;  ///< Relative change planted.
  double rate = 0.0, low = 0.0, high = 0.0;
  double formula = 0.0;
};

struct PowerMetric {
  std::string name;
  std::string role;
  bool share = false;     ///< Values are shares; changes read in points.
  bool relative = false;  ///< Effects are relative changes of the baseline.
  double baseline = 0.0;
  double correlation = 0.0;      ///< With what was known of a unit before.
  bool margin = false;           ///< A guardrail: effects are margins.
  std::optional<double> effect;  ///< Planned for: a change, or the margin.
  double test_power = 0.8;       ///< That this test is planned with.
  report::Number units_needed;   ///< For the effect.
  report::Number weeks_needed;
  report::Number power;       ///< In the planned weeks.
  report::Number detectable;  ///< In the planned weeks.
  std::vector<PowerWeek> weeks;
  std::vector<report::Curve::Point> curve;  ///< Effect and power in the planned weeks.
  std::optional<SimulatedRate> simulated;
  std::string undefined;  ///< Why nothing can be planned; empty otherwise.
};

struct PowerPage {
  std::string experiment;
  int weeks = 0;       ///< Planned.
  double n = 0.0;      ///< Units that arrive in them.
  double power = 0.8;  ///< Of the experiment.
  std::vector<PowerMetric> metrics;
  std::optional<decision::RuleRates> rule;
  report::Number units_for_rule;  ///< At which the target ships with `power`.
  std::vector<report::Fact> history;
  std::vector<std::string> notes;
};

/// What the experiment can show in the time it is given: verdict, a row a metric, error rates of
/// the rule, curves of power, weeks, the check by simulation, assumptions.
report::Document power_document(const PowerPage& page, const report::Provenance& provenance);

/// True when a primary metric with a planned effect does not reach its power.
bool too_small(const PowerPage& page);

}  // namespace assay::readout
