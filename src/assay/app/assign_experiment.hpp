#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/assignment/traffic.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

/// What the parts of `assay assign` share: the experiment, and what runs beside it.
namespace assay::app {

/// Another experiment whose days overlap and whose arms come from a hash.
struct Neighbour {
  std::string name;
  assignment::TrafficPlan plan;
};

struct AssignedExperiment {
  spec::Project project;
  spec::Experiment spec;
  std::vector<Neighbour> neighbours;  ///< In the order of their files.
};

/// Loads an experiment, and the others of its project. Experiments that overlap in a layer are all
/// reported in context.errors, the first comes back; one that does not read is a warning.
Result<AssignedExperiment> load_assigned(Context& context, const std::filesystem::path& path);

/// True for `randomisation: hash`.
bool by_hash(const spec::Experiment& experiment);

}  // namespace assay::app
