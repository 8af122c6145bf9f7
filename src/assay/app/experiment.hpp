#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/app/project.hpp"
#include "assay/decision/decide.hpp"
#include "assay/decision/flips.hpp"
#include "assay/decision/registration.hpp"
#include "assay/experiment/analysis.hpp"
#include "assay/readout/experiment_readout.hpp"

namespace assay::app {

struct ExperimentOptions {
  std::filesystem::path spec;  ///< experiments/new_feed_ranker.yaml
  std::string engine;          ///< Empty: the project's.
  std::filesystem::path out;   ///< Folder of the pages; empty: <project>/out.
  bool write_files = true;
  bool keep_look = false;  ///< Remember this look even if the experiment is not registered.
  std::vector<readout::PlantedEffect> planted;  ///< Known truth of simulated data.
};

/// An experiment from its spec to its decision, with everything in between.
struct ExperimentRun {
  spec::Project project;
  spec::Experiment spec;
  experiment::Plan plan;
  engine::ExperimentMoments moments;
  experiment::Integrity integrity;
  experiment::Analysis analysis;
  decision::Decision decision;
  decision::FlipSearch flips;
  decision::Registration registration;  ///< With this look, when it is kept.
  std::filesystem::path folder;         ///< Of the project.
  Outcome outcome;
  ingest::IndexStatus index;
  std::vector<Stage> stages;
};

/// Fails with invalid_spec for a folder, with the experiments in it.
Result<void> check_is_file(const std::filesystem::path& path);

/// Loads an experiment of a project; every error of the spec lands in context.errors.
Result<spec::Experiment> load_experiment(Context& context, const std::filesystem::path& path,
                                         const spec::Project& project);

/// Loads, plans, measures, checks, analyses, decides, and writes the readout as HTML, Markdown
/// and JSON. A look at a registered experiment is remembered in PROJECT/registry, and looks
/// remembered there make this one stricter. judged_bad: the verdict is not ship.
Result<ExperimentRun> run_experiment(Context& context, const ExperimentOptions& options);

/// What a user calls: run_experiment's outcome alone.
Result<Outcome> experiment_verb(Context& context, const ExperimentOptions& options);

}  // namespace assay::app
