#include "assay/spec/load.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <system_error>
#include <utility>

#include "assay/base/file.hpp"
#include "assay/base/text.hpp"
#include "assay/spec/detail/check.hpp"
#include "assay/spec/detail/describe.hpp"
#include "assay/spec/detail/node.hpp"
#include "assay/spec/detail/reader.hpp"

namespace assay::spec {
namespace detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 2'000;

/// The first error as a Result; the others are counted in its fix.
Error first_error(const ParseReport& report) {
  Error error = report.errors.front();
  const std::size_t more = report.errors.size() - 1 + report.n_more;
  if (more > 0)
    error.fix += fmt::format("{}({} more error{} in the spec)", error.fix.empty() ? "" : " ", more,
                             more == 1 ? "" : "s");
  return error;
}

/// Parses a file whose top must be keys with values.
std::optional<Node> parse_map(const NamedText& file, std::string_view example,
                              Diagnostics& diagnostics) {
  std::optional<Node> root = parse_document(file, diagnostics);
  if (!root || root->kind == NodeKind::map) return root;
  diagnostics.add(root->where,
                  fmt::format("the file must hold keys with values, not {}", kind_text(*root)),
                  fmt::format("begin with `{}`", example));
  return std::nullopt;
}

/// Reads a file of the project or refuses it before it costs anything.
Result<NamedText> read_named(const fs::path& path, const std::string& shown) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    return fail(ErrorCode::unavailable, fmt::format("there is no file `{}`", shown), path.string(),
                "check the path, or run `assay init` in the folder");
  if (!fs::is_regular_file(status))
    return fail(ErrorCode::unavailable, fmt::format("`{}` is not a file", shown), path.string(),
                "name a YAML file");
  const auto size = fs::file_size(path, error);
  if (!error && size > kMostBytes)
    return fail(ErrorCode::invalid_spec,
                fmt::format("the file is larger than {} bytes: {}", kMostBytes,
                            count_text(static_cast<std::int64_t>(size))),
                shown, "split it into several files of metrics/");
  ASSAY_TRY(std::string text, read_file(path));
  return NamedText{shown, std::move(text)};
}

/// The *.yaml files of a subfolder in the order of their names; none when there is no folder.
Result<std::vector<fs::path>> yaml_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error) return files;
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) break;
    const std::string extension = entry->path().extension().string();
    const bool hidden = entry->path().filename().string().starts_with(".");
    if (!hidden && (extension == ".yaml" || extension == ".yml")) files.push_back(entry->path());
    if (files.size() > kMostFiles)
      return fail(ErrorCode::invalid_spec,
                  fmt::format("more than {} files in one folder", kMostFiles), folder.string(),
                  "keep the files of one project here");
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<Project> build_project(const std::vector<NamedText>& files, Diagnostics& diagnostics) {
  Project project;
  std::deque<Node> roots;
  bool all_parsed = true;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::optional<Node> root = parse_map(files[i], i == 0 ? "version: 1" : "metrics:", diagnostics);
    if (!root) {
      all_parsed = false;
      continue;
    }
    roots.push_back(std::move(*root));
    Reader reader(roots.back(), i == 0 ? "a project" : "a metrics file", diagnostics);
    if (i == 0) {
      describe(reader, project);
    } else {
      describe_metrics_file(reader, project);
    }
    reader.finish();
  }
  // With a file missing, names that it defines would all be reported.
  if (all_parsed) check_project(project, diagnostics);
  project.notes = diagnostics.notes();
  return project;
}

template <class T>
Result<T> finish(Result<T> value, const Diagnostics& diagnostics, ParseReport* report) {
  ParseReport all = diagnostics.report();
  if (all.ok() && !value) all.errors.push_back(value.error());
  if (report != nullptr) *report = all;
  if (all.ok()) return value;
  return tl::unexpected(first_error(all));
}

template <class T>
Result<T> stop(Error error, ParseReport* report) {
  if (report != nullptr) *report = ParseReport{{error}, 0};
  return tl::unexpected(std::move(error));
}

/// Runs a loader and turns whatever it throws (memory, file system) into an Error.
template <class T, class F>
Result<T> guarded(ParseReport* report, F load) {
  try {
    return load();
  } catch (const std::exception& thrown) {
    return stop<T>(Error{ErrorCode::internal,
                         fmt::format("the spec could not be read: {}", thrown.what()), "", "", ""},
                   report);
  }
}

Result<Project> project_of_folder(const fs::path& path, ParseReport* report) {
  const bool is_file = path.filename() == "assay.yaml";
  const fs::path folder = is_file ? (path.has_parent_path() ? path.parent_path() : ".") : path;
  std::vector<NamedText> files;
  auto main_file = read_named(folder / "assay.yaml", "assay.yaml");
  if (!main_file) return stop<Project>(main_file.error(), report);
  files.push_back(std::move(*main_file));
  const auto metrics = yaml_files(folder / "metrics");
  const auto experiments = yaml_files(folder / "experiments");
  if (!metrics) return stop<Project>(metrics.error(), report);
  if (!experiments) return stop<Project>(experiments.error(), report);
  for (const fs::path& metrics_path : *metrics) {
    auto file = read_named(metrics_path, "metrics/" + metrics_path.filename().string());
    if (!file) return stop<Project>(file.error(), report);
    files.push_back(std::move(*file));
  }
  ASSAY_TRY(Project project, load_project_text(files, report));
  std::error_code error;
  project.folder = fs::weakly_canonical(folder, error);
  if (error) project.folder = folder;
  if (project.name.empty()) {
    project.name = project.folder.filename().string();
    if (project.name.empty()) project.name = project.folder.parent_path().filename().string();
  }
  project.experiment_files = *experiments;
  return project;
}

}  // namespace
}  // namespace detail

Result<Project> load_project(const std::filesystem::path& folder, ParseReport* report) {
  return detail::guarded<Project>(report,
                                  [&] { return detail::project_of_folder(folder, report); });
}

Result<Project> load_project_text(const std::vector<NamedText>& files, ParseReport* report) {
  return detail::guarded<Project>(report, [&]() -> Result<Project> {
    if (files.empty())
      return detail::stop<Project>(Error{ErrorCode::invalid_spec, "there is no assay.yaml", "",
                                         "write one with `assay init`", ""},
                                   report);
    detail::Diagnostics diagnostics;
    Result<Project> project = detail::build_project(files, diagnostics);
    return detail::finish(std::move(project), diagnostics, report);
  });
}

Result<Experiment> load_experiment_text(const NamedText& file, const Project& project,
                                        ParseReport* report) {
  return detail::guarded<Experiment>(report, [&]() -> Result<Experiment> {
    detail::Diagnostics diagnostics;
    Experiment experiment;
    if (const auto root = detail::parse_map(file, "experiment: name", diagnostics)) {
      detail::Reader reader(*root, "an experiment", diagnostics);
      detail::describe(reader, experiment);
      reader.finish();
      detail::check_experiment(experiment, project, diagnostics);
    }
    experiment.notes = diagnostics.notes();
    return detail::finish(Result<Experiment>(std::move(experiment)), diagnostics, report);
  });
}

Result<Experiment> load_experiment(const std::filesystem::path& path, const Project& project,
                                   ParseReport* report) {
  return detail::guarded<Experiment>(report, [&]() -> Result<Experiment> {
    std::filesystem::path shown = path;
    if (!project.folder.empty()) {
      const auto relative =
          std::filesystem::absolute(path).lexically_normal().lexically_relative(project.folder);
      if (!relative.empty() && !relative.string().starts_with("..")) shown = relative;
    }
    auto file = detail::read_named(path, shown.string());
    if (!file) return detail::stop<Experiment>(file.error(), report);
    return load_experiment_text(*file, project, report);
  });
}

}  // namespace assay::spec
