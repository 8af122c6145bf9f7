#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "assay/decision/decide.hpp"
#include "assay/engine/query.hpp"
#include "assay/engine/source.hpp"
#include "assay/experiment/analysis.hpp"
#include "assay/simulation/truth.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

/// Simulated worlds through the demo's own project, without files in between: what the simulator
/// hands out goes straight into the event index.
namespace assay::worlds {

/// examples/short_video with its experiment, read once.
struct Example {
  spec::Project project;
  spec::Experiment experiment;
  engine::Source source;
  TimeUs complete_until = 0;
};

/// Fails as the loaders do.
Result<Example> load_example();

/// Where the example lies in the source tree.
std::filesystem::path example_folder();

/// A world and all that the experiment says of it.
struct WorldRun {
  simulation::Truth truth;
  experiment::Plan plan;
  engine::ExperimentMoments moments;
  experiment::Integrity integrity;
  experiment::Analysis analysis;
  decision::Decision decision;
};

/// Simulates, indexes (with the columns, deduplication and skew policy that the project declares),
/// measures, checks, analyses and decides. The index lives in a temporary folder of its own and is
/// gone afterwards. `threads` serves every step.
Result<WorldRun> run_world(const simulation::WorldConfig& config, const Example& example,
                           int threads);

/// The whole page as JSON: every number that a reader can see, and the decision.
std::string page_json(const WorldRun& run, const Example& example);

/// A preset with so many users, a seed and an assignment of its own.
simulation::WorldConfig world_of(std::string_view preset, std::int64_t users, std::uint64_t seed);

}  // namespace assay::worlds
