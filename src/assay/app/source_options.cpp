#include "assay/app/source_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "assay/base/hash.hpp"
#include "assay/base/text.hpp"
#include "assay/metrics/source.hpp"
#include "assay/numerics/parallel.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;

/// Where indexes of plain data files are kept.
fs::path cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return fs::path(cache) / "assay";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".cache" / "assay";
  return fs::temp_directory_path() / "assay";
}

/// An option that says nothing about this kind of source is a mistake, not a thing to pass over.
Result<void> check_fits(const SourceOptions& options, bool project) {
  const std::vector<std::pair<const char*, const std::string*>> of_files{
      {"--user", &options.user},
      {"--time", &options.time},
      {"--event", &options.event},
      {"--constant-event", &options.constant_event},
      {"--table", &options.table}};
  if (!project && !options.source.empty()) {
    return fail(ErrorCode::invalid_spec, "a data file has no sources to choose from", "--source",
                "name a project folder, or leave the option out");
  }
  for (const auto& [name, value] : of_files) {
    if (project && !value->empty()) {
      return fail(ErrorCode::invalid_spec, "a project declares its columns itself", name,
                  "change the source in assay.yaml, or name the data file instead of the project");
    }
  }
  return {};
}

Result<ResolvedSource> resolve_file(Context& context, const SourceOptions& options) {
  ResolvedSource out;
  ASSAY_TRY(out.engine, choose_engine(options.engine, nullptr));
  if (out.engine.kind == EngineChoice::Kind::warehouse) {
    return fail(ErrorCode::invalid_spec, "a warehouse does not read a file of this machine",
                "--engine",
                "write a project whose source names the `table`: see `assay init --help`");
  }
  const int threads = context.threads > 0 ? context.threads : numerics::default_threads();
  auto database = engine::Database::open({.threads = threads});
  if (!database) return tl::unexpected(std::move(database.error()));
  ingest::InferredSource inferred;
  ASSAY_TRY(inferred, ingest::infer_source(*database, {.paths = {options.path.string()},
                                                       .table = options.table,
                                                       .constant_event = options.constant_event,
                                                       .unit = options.user,
                                                       .event_time = options.time,
                                                       .event_name = options.event}));
  for (const ingest::Guess& guess : inferred.guesses) {
    const bool named = guess.column == options.user || guess.column == options.time ||
                       guess.column == options.event;
    if (named || guess.column.empty() || guess.role == ingest::Role::entity) continue;
    context.warnings.push_back(fmt::format("took `{}` as the {}: {}", guess.column,
                                           ingest::to_text(guess.role), guess.reason));
  }
  const std::string key =
      fingerprint(fs::absolute(options.path).string() + "\n" + inferred.source.unit.expression +
                  "\n" + inferred.source.event_time.expression);
  out.file = OpenSource{nullptr, std::move(inferred.source), std::move(*database)};
  out.index = cache_folder() / key.substr(0, 16);
  out.title = options.path.filename().string();
  return out;
}

Result<ResolvedSource> resolve_project(Context& context, const SourceOptions& options) {
  ResolvedSource out;
  fs::path folder;
  ASSAY_TRY(folder, find_project(options.path));
  spec::Project project;
  ASSAY_TRY(project, load(context, folder));
  const spec::Source* source = nullptr;
  ASSAY_TRY(source, choose_source(project, options.source));
  ASSAY_TRY(out.engine, choose_engine(options.engine, &project));
  out.name = source->name.value;
  out.title = out.name;
  out.index = index_folder(project, *source);
  ASSAY_TRY(out.timezone, TimeZone::find(project.defaults.timezone.value));
  out.project = std::move(project);
  return out;
}

}  // namespace

bool names_project(const fs::path& path) {
  std::error_code failed;
  if (path.extension() == ".yaml" || path.extension() == ".yml") return true;
  return fs::is_directory(path, failed) && fs::exists(path / "assay.yaml", failed);
}

const spec::Source* ResolvedSource::spec() const {
  return project ? spec::find_source(*project, name) : nullptr;
}

Result<ResolvedSource> resolve_source(Context& context, const SourceOptions& options) {
  const bool project = names_project(options.path);
  ASSAY_CHECK(check_fits(options, project));
  TimeZone timezone = TimeZone::utc();
  if (!options.timezone.empty()) {
    auto found = TimeZone::find(options.timezone);
    if (!found) {
      found.error().where = "--timezone";
      return tl::unexpected(std::move(found.error()));
    }
    timezone = std::move(*found);
  }
  auto out = project ? resolve_project(context, options) : resolve_file(context, options);
  if (out && !options.timezone.empty()) out->timezone = timezone;
  return out;
}

Result<OpenSource> take_files(Context& context, ResolvedSource& source) {
  if (source.project) {
    if (source.engine.kind == EngineChoice::Kind::warehouse && metrics::has_files(*source.spec()))
      context.warnings.push_back("this reads the files of `path`, not the table of the warehouse");
    return open_files(context, *source.project, *source.spec());
  }
  OpenSource file = std::move(*source.file);
  source.file.reset();
  return file;
}

Result<OpenEngine> open_engine(Context& context, ResolvedSource& source) {
  if (source.project) return open_engine(context, *source.project, *source.spec(), source.engine);
  auto file = take_files(context, source);
  if (!file) return tl::unexpected(std::move(file.error()));
  return open_engine(context, std::move(*file), source.index, source.engine.kind);
}

}  // namespace assay::app
