#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/readout/experiment_readout.hpp"

namespace assay::app {

struct SimulateOptions {
  std::filesystem::path folder;      ///< Gets data/events/dt=DAY/part-0.parquet and truth.json.
  std::string preset = "ship";       ///< ship | harmful | null | broken.
  std::int64_t events = 20'000'000;  ///< About so many; 0: `users` decides.
  std::int64_t users = 0;
  std::uint64_t seed = 1;
  bool sample_ratio_fault = false;  ///< Switches the planted fault on in any preset.
  std::filesystem::path project;    ///< Folder whose YAML files are copied in; empty: none.
};

/// What was simulated, and what is true of it.
struct Simulated {
  bool reused = false;  ///< The same world was there already.
  std::int64_t events = 0;
  std::int64_t users = 0;
  std::string expected_verdict;  ///< Empty when the preset calls for none.
  std::vector<readout::PlantedEffect> effects;
  std::filesystem::path truth;
};

/// "20M", "500k", "1,000,000", "2e6" -> a number of events. Fails with invalid_spec.
Result<std::int64_t> parse_count(std::string_view text);

/// Simulates the short-video world into a folder; does nothing when the same world is there.
/// A new world is written beside the old one and takes its place at the end: interrupted, the
/// folder is as it was. It needs the disk space of both for that time.
/// truth.json is written last, so a folder without it holds an unfinished world and is refilled.
/// Fails with unavailable when the folder's data were not written by assay.
Result<Simulated> simulate_world(Context& context, const SimulateOptions& options);

/// The verb: the same with a page of what is true.
Result<Outcome> simulate_verb(Context& context, const SimulateOptions& options);

}  // namespace assay::app
