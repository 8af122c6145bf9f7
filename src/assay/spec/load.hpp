#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

namespace assay::spec {

/// Reads a project folder: assay.yaml, then metrics/*.yaml in the order of their names. The
/// path of the assay.yaml itself will do too.
/// All errors of all files are collected: the first comes back as the Error, and all of them in
/// `report` when one is passed. Fails with invalid_spec (the user's YAML) or unavailable (a
/// missing or unreadable file). Throws nothing.
Result<Project> load_project(const std::filesystem::path& folder, ParseReport* report = nullptr);

/// A file that need not exist: for tests, the web page and pipelines.
struct NamedText {
  std::string file;  ///< As it shall stand in messages.
  std::string text;
};

/// The same from texts: the first is assay.yaml, the others are read as metrics/*.yaml.
Result<Project> load_project_text(const std::vector<NamedText>& files,
                                  ParseReport* report = nullptr);

/// Reads an experiment and checks it against its project: metrics, dimensions and cohorts exist,
/// guardrails have margins, weights sum to 1.
Result<Experiment> load_experiment(const std::filesystem::path& path, const Project& project,
                                   ParseReport* report = nullptr);
Result<Experiment> load_experiment_text(const NamedText& file, const Project& project,
                                        ParseReport* report = nullptr);

}  // namespace assay::spec
