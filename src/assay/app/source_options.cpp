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

const ingest::ColumnProfile* find_column(const ingest::InferredSource& inferred,
                                         const std::string& name) {
  for (const ingest::ColumnProfile& column : inferred.columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

Result<const ingest::ColumnProfile*> named_column(const ingest::InferredSource& inferred,
                                                  const std::string& option,
                                                  const std::string& name) {
  if (const auto* column = find_column(inferred, name)) return column;
  std::vector<std::string> names;
  for (const ingest::ColumnProfile& column : inferred.columns) names.push_back(column.name);
  const std::string near = nearest(name, names);
  return fail(ErrorCode::invalid_spec, fmt::format("there is no column `{}`", name), "--" + option,
              near.empty() ? "" : fmt::format("did you mean `{}`?", near), list_text(names));
}

/// Puts the columns that the user named in place of the guesses.
Result<void> apply_named(const SourceOptions& options, ingest::InferredSource& inferred) {
  engine::Source& source = inferred.source;
  const ingest::ColumnProfile* column = nullptr;
  if (!options.user.empty()) {
    ASSAY_TRY(column, named_column(inferred, "user", options.user));
    const bool whole = column->sql_type.find("INT") != std::string::npos;
    source.unit = {"user", options.user, whole ? frame::Type::int64 : frame::Type::text};
  }
  if (!options.time.empty()) {
    ASSAY_TRY(column, named_column(inferred, "time", options.time));
    source.event_time.expression = options.time;
    source.event_time.unit = column->epoch.value_or(engine::TimeUnit::timestamp);
  }
  if (!options.event.empty()) {
    ASSAY_TRY(column, named_column(inferred, "event", options.event));
    source.event_expression = options.event;
    source.constant_event.clear();
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
                                                       .constant_event = options.constant_event}));
  ASSAY_CHECK(apply_named(options, inferred));
  for (const ingest::Guess& guess : inferred.guesses) {
    const bool named = (guess.role == ingest::Role::unit && !options.user.empty()) ||
                       (guess.role == ingest::Role::event_time && !options.time.empty()) ||
                       (guess.role == ingest::Role::event_name && !options.event.empty());
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
  if (!options.timezone.empty()) {
    ASSAY_TRY(out->timezone, TimeZone::find(options.timezone));
  }
  return std::move(*out);
}

}  // namespace assay::app
