#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "assay/app/context.hpp"

namespace assay::app {

/// What an experiment can show in the time it is given, estimated from the user's own history.
struct PowerOptions {
  std::filesystem::path spec;  ///< experiments/new_feed_ranker.yaml
  std::string engine;          ///< Empty: the project's.
  std::filesystem::path out;   ///< Folder of the pages; empty: <project>/out.
  bool write_files = true;
  std::optional<double> effect;      ///< Relative change of the primary metrics; else the spec's.
  std::optional<double> power;       ///< Else the spec's, else 0.8.
  std::optional<int> weeks;          ///< Else the period's.
  double traffic = 1.0;              ///< Share of arriving units that the experiment is given.
  int simulations = 400;             ///< Re-randomisations a primary metric; 0: none.
  int rule_simulations = 1000;       ///< Experiments a world; 0: none.
  std::int64_t max_units = 200'000;  ///< Of the table that both checks read; 0: no table.
  std::uint64_t seed = 1;
};

/// Reads baselines, variances, correlations with the past, arrivals and how metrics move together
/// from the days before the experiment, and writes the page NAME_power. judged_bad: a primary
/// metric does not reach its power in the planned time.
/// Fails with invalid_spec (power, effect, weeks or traffic out of range; what plan_experiment
/// refuses), and with undefined_statistic when there is no history before the experiment.
Result<Outcome> power_verb(Context& context, const PowerOptions& options);

}  // namespace assay::app
