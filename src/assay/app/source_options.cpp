#include "assay/app/source_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "assay/base/hash.hpp"
#include "assay/base/text.hpp"
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
  if (options.engine.empty()) return {};
  auto engine = parse_engine(options.engine);
  if (!engine) {
    engine.error().where = "--engine";
    return tl::unexpected(std::move(engine.error()));
  }
  return {};
}

Result<ResolvedSource> resolve_file(Context& context, const SourceOptions& options) {
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
  return ResolvedSource{
      std::nullopt, OpenSource{nullptr, std::move(inferred.source), std::move(*database)},
      cache_folder() / key.substr(0, 16), TimeZone::utc(), options.path.filename().string()};
}

}  // namespace

bool names_project(const fs::path& path) {
  std::error_code failed;
  if (path.extension() == ".yaml" || path.extension() == ".yml") return true;
  return fs::is_directory(path, failed) && fs::exists(path / "assay.yaml", failed);
}

Result<ResolvedSource> resolve_source(Context& context, const SourceOptions& options) {
  std::optional<ResolvedSource> out;
  ASSAY_CHECK(check_fits(options, names_project(options.path)));
  TimeZone timezone = TimeZone::utc();
  if (!options.timezone.empty()) {
    auto found = TimeZone::find(options.timezone);
    if (!found) {
      found.error().where = "--timezone";
      return tl::unexpected(std::move(found.error()));
    }
    timezone = std::move(*found);
  }
  if (names_project(options.path)) {
    fs::path folder;
    ASSAY_TRY(folder, find_project(options.path));
    spec::Project project;
    ASSAY_TRY(project, load(context, folder));
    auto open = open_source(context, project, options.source);
    if (!open) return tl::unexpected(std::move(open.error()));
    const std::string source_name = open->spec->name.value;
    out = ResolvedSource{std::move(project), std::move(*open), {}, TimeZone::utc(), source_name};
    // The source's spec lives in the project that has just moved.
    out->open.spec = spec::find_source(*out->project, source_name);
    out->index = index_folder(*out->project, *out->open.spec);
    ASSAY_TRY(out->timezone, TimeZone::find(out->project->defaults.timezone.value));
  } else {
    auto resolved = resolve_file(context, options);
    if (!resolved) return tl::unexpected(std::move(resolved.error()));
    out = std::move(*resolved);
  }
  if (!options.timezone.empty()) out->timezone = timezone;
  return std::move(*out);
}

}  // namespace assay::app
