#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "assay/app/context.hpp"

namespace assay::app {

struct DemoOptions {
  std::filesystem::path folder = "demo";
  std::filesystem::path project = "examples/short_video";  ///< YAML files to work with.
  std::string preset = "ship";
  std::int64_t events = 20'000'000;
  std::uint64_t seed = 1;
  bool sample_ratio_fault = false;
};

/// The main job end to end on a simulated world: simulate, audit, index, metrics, experiment,
/// decision, readout. Hands back where the time went, each estimate beside its planted truth, and
/// the path of the page. judged_bad: the verdict is not the one that the planted truth calls for.
Result<Outcome> demo_verb(Context& context, const DemoOptions& options);

}  // namespace assay::app
