#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/design/duration.hpp"
#include "assay/design/history.hpp"
#include "assay/engine/engine.hpp"
#include "assay/experiment/plan.hpp"
#include "assay/numerics/linear_algebra.hpp"
#include "assay/spec/experiment.hpp"

namespace assay::app {

/// The experiment's own measures, taken in days before it on everybody as one arm.
struct HistoryWindow {
  int weeks = 0;
  double units = 0.0;                                   ///< That entered.
  std::vector<Result<design::HistoryOutcome>> metrics;  ///< [planned metric]; n: of mature units.
};

struct PowerHistory {
  Day first = 0;                       ///< Of the longest window.
  int days = 0;                        ///< Of the longest window.
  int covariate_days = 0;              ///< Of data before it; at most what the analysis asks for.
  std::vector<HistoryWindow> windows;  ///< One week, two, ...
  design::Arrivals arrivals;           ///< By day of the longest window.
  engine::ExperimentQuery query;       ///< Of the longest window.
  std::vector<std::pair<std::string, std::vector<double>>> segments;  ///< Shares of the values.
};

/// The query of an experiment on `weeks` weeks from `first` on, before there were arms: a unit
/// enters with its first exposure (without an exposure in the spec: its first event of any kind).
engine::ExperimentQuery history_query(const experiment::Plan& plan, const TimeZone& zone, Day first,
                                      int weeks);

/// Asks for the windows. `data_first`, `data_end`: days that the data cover, the last not counted.
/// The windows end where the experiment begins (or the data end). With history for both, the
/// longest is `baseline_days` in whole weeks; with less, history is halved between the window and
/// the past of its covariates.
/// Fails with undefined_statistic when less than a week of history or no unit is there.
Result<PowerHistory> read_history(engine::Engine& engine, const spec::Experiment& experiment,
                                  const experiment::Plan& plan, Day data_first, Day data_end,
                                  bool every_week);

/// How metrics move together among units (what the covariate leaves of them), and the columns for
/// simulations.
numerics::SymmetricMatrix metric_correlation(const experiment::Plan& plan,
                                             const engine::UnitTable& table);

}  // namespace assay::app
