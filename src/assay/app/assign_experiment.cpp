#include "assay/app/assign_experiment.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/app/experiment.hpp"
#include "assay/app/project.hpp"
#include "assay/experiment/randomisation.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code failed;
  return fs::weakly_canonical(a, failed) == fs::weakly_canonical(b, failed);
}

bool same_days(const spec::Experiment& a, const spec::Experiment& b) {
  return a.period.first <= b.period.last && b.period.first <= a.period.last;
}

}  // namespace

bool by_hash(const spec::Experiment& experiment) {
  return experiment.randomisation &&
         experiment.randomisation->method == spec::RandomisationMethod::hash;
}

Result<AssignedExperiment> load_assigned(Context& context, const fs::path& path) {
  AssignedExperiment out;
  ASSAY_CHECK(check_is_file(path));
  fs::path folder;
  ASSAY_TRY(folder, find_project(path));
  ASSAY_TRY(out.project, load(context, folder));
  ASSAY_TRY(out.spec, load_experiment(context, path, out.project));
  std::vector<assignment::SliceUse> uses;
  for (const fs::path& file : out.project.experiment_files) {
    if (same_file(file, path)) continue;
    auto other = spec::load_experiment(file, out.project);
    if (!other) {
      context.warnings.push_back(fmt::format("{} does not read, and is not checked for overlaps",
                                             file.filename().string()));
      continue;
    }
    if (const auto use = experiment::slice_use(*other)) uses.push_back(*use);
    if (!by_hash(*other) || !same_days(*other, out.spec)) continue;
    auto plan = experiment::traffic_plan(out.project, *other);
    if (plan) out.neighbours.push_back({other->name.value, std::move(*plan)});
  }
  if (const auto use = experiment::slice_use(out.spec)) uses.push_back(*use);
  const auto errors = assignment::overlaps(uses);
  if (errors.empty()) return out;
  context.errors = errors;
  return tl::unexpected(errors.front());
}

}  // namespace assay::app
