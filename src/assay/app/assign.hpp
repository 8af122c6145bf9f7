#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "assay/app/context.hpp"

namespace assay::app {

struct AssignOptions {
  std::filesystem::path units;         ///< File of units; empty: made-up ids, or the project's log.
  std::filesystem::path experiment;    ///< experiments/NAME.yaml with `randomisation`.
  std::filesystem::path replay;        ///< The same, to compare a log with its hash.
  std::string unit;                    ///< Column of the ids; empty: the only one, or the first.
  std::string arm;                     ///< --replay with a file: column of the logged arm.
  std::string segment;                 ///< --replay with a file: column to split by.
  std::string table;                   ///< Of a DuckDB file.
  std::string engine;                  ///< --replay of the project's log; empty: the project's.
  std::filesystem::path out;           ///< CSV; empty: counts only.
  std::optional<std::string> explain;  ///< One id: every step of its assignment.
  bool allow_duplicates = false;
};

/// Gives units their arms as an experiment's `randomisation` says, and writes them in the order of
/// the file; explains one unit; replays a log. Experiments of the project that overlap in a layer
/// are refused first. Nothing is written when something is refused.
/// judged_bad: an uneven or dependent hash, realised weights that are no chance, a log that
/// disagrees.
/// Fails with invalid_spec (no `randomisation`, options that do not go together, a column that is
/// not there), invalid_data (ids missing or twice, a covariate that is no number) and as the
/// design does.
Result<Outcome> assign_verb(Context& context, const AssignOptions& options);

}  // namespace assay::app
