#pragma once

#include <optional>

#include "assay/app/power.hpp"
#include "assay/app/power_history.hpp"
#include "assay/design/plan.hpp"
#include "assay/spec/project.hpp"

namespace assay::app {

/// Everything that the page of `assay power` is made from.
struct PowerJob {
  spec::Project project;
  spec::Experiment spec;
  experiment::Plan plan;
  PowerHistory history;
  double power = 0.8;
  double test_power = 0.8;       ///< Of each test that a ship needs.
  int weeks = 1;                 ///< Planned.
  std::optional<double> effect;  ///< Relative, of primary metrics.
  double traffic = 1.0;
  double inflation = 1.0;  ///< Of the spec's looks.
};

/// The relative effect that the spec plans for: of its metric, over the baseline when absolute.
std::optional<double> stated_effect(const PowerJob& job, const PowerOptions& options);

/// What the spec's looks cost. A plan is laid out as if it were read once.
Result<double> inflation_of(const spec::Analysis& analysis, double power);

/// The test that the analysis will make of a metric, on what a window says.
design::Design design_of(const PowerJob& job, std::size_t m, const design::HistoryOutcome& outcome);

/// Mature units of a metric after so many weeks, and the window that says how they vary.
struct Reach {
  double n = 0.0;
  const design::HistoryOutcome* outcome = nullptr;
  bool extrapolated = false;
};

/// None where history says nothing of so few weeks, or of the metric at all.
std::optional<Reach> reach_of(const PowerJob& job, std::size_t m, int weeks);

/// The change to plan for, in the units of the metric: in the good direction; of a guardrail none.
double change_of(const PowerJob& job, std::size_t m, const design::Design& design);

}  // namespace assay::app
