#include "assay/app/project.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/engine/duckdb_engine.hpp"
#include "assay/engine/embedded.hpp"
#include "assay/engine/relation.hpp"
#include "assay/events/index.hpp"
#include "assay/metrics/source.hpp"
#include "assay/numerics/parallel.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;

int threads_of(const Context& context) {
  return context.threads > 0 ? context.threads : numerics::default_threads();
}

bool is_integer_type(const std::string& sql_type) {
  static const std::vector<std::string> kIntegers{"TINYINT",  "SMALLINT",  "INTEGER",  "BIGINT",
                                                  "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"};
  return std::find(kIntegers.begin(), kIntegers.end(), sql_type) != kIntegers.end();
}

/// A unit whose type the spec does not say has the type of its column.
Result<void> settle_unit_type(engine::Database& database, engine::Source& source) {
  std::vector<engine::ColumnInfo> columns;
  ASSAY_TRY(columns, engine::source_columns(database, source));
  for (const engine::ColumnInfo& column : columns) {
    if (column.name == source.unit.expression && is_integer_type(column.type))
      source.unit.type = frame::Type::int64;
  }
  return {};
}

/// The last event among all rows that count, for sources that do not say where they end.
Result<TimeUs> last_event(engine::Database& database, const engine::Source& source) {
  engine::Relation relation;
  ASSAY_TRY(relation, engine::connect(database, source));
  frame::Table table;
  ASSAY_TRY(table,
            database.query("SELECT max(time_us) FROM (" + engine::clean_sql(relation) + ")"));
  if (table.rows() == 0 || table.columns.front().is_null(0))
    return fail(ErrorCode::invalid_data, "the source has no event", source.name);
  return table.columns.front().ints.front();
}

Result<OpenEngine> open_embedded(Context& context, OpenSource source, const fs::path& folder) {
  OpenEngine out;
  ingest::BuildRequest request;
  request.memory_bytes = context.memory_bytes;
  request.threads = threads_of(context);
  request.progress = &context.progress;
  ASSAY_TRY(out.index, ingest::ensure_index(source.database, source.source, folder, request));
  auto index = events::Index::open(folder);
  if (!index) return tl::unexpected(std::move(index.error()));
  const TimeUs last = index->time_range().end - 1;
  out.complete_until = source.spec != nullptr ? metrics::complete_until(*source.spec, last) : last;
  out.data_fingerprint = index->fingerprint();
  out.engine = std::make_unique<engine::EmbeddedEngine>(std::move(*index), threads_of(context),
                                                        context.progress);
  return out;
}

Result<OpenEngine> open_duckdb(Context& context, OpenSource source) {
  OpenEngine out;
  if (source.spec != nullptr && source.spec->complete_until) {
    out.complete_until = *source.spec->complete_until;
  } else {
    ASSAY_TRY(out.complete_until, last_event(source.database, source.source));
  }
  std::unique_ptr<engine::DuckdbEngine> engine;
  ASSAY_TRY(engine, engine::DuckdbEngine::open(std::move(source.database), source.source,
                                               {.progress = &context.progress}));
  out.engine = std::move(engine);
  return out;
}

}  // namespace

Result<fs::path> find_project(const fs::path& path) {
  std::error_code failed;
  fs::path at = fs::absolute(path, failed).lexically_normal();
  if (!fs::exists(at, failed))
    return fail(ErrorCode::unavailable, "there is no such file or folder", path.string());
  if (!fs::is_directory(at, failed)) at = at.parent_path();
  for (fs::path folder = at;; folder = folder.parent_path()) {
    if (fs::exists(folder / "assay.yaml", failed)) return folder;
    if (folder == folder.parent_path()) break;
  }
  return fail(ErrorCode::unavailable, "no assay.yaml here or in a folder above", at.string(),
              "run `assay init DATA.parquet` to write a first one");
}

Result<spec::Project> load(Context& context, const fs::path& folder) {
  spec::ParseReport report;
  auto project = spec::load_project(folder, &report);
  if (!project) context.errors = report.errors;
  return project;
}

Result<OpenSource> open_source(Context& context, const spec::Project& project,
                               const std::string& name) {
  if (project.sources.empty()) {
    return fail(ErrorCode::invalid_spec, "the project declares no source",
                (project.folder / "assay.yaml").string(), "add `sources:`");
  }
  const spec::Source* found =
      name.empty() ? &project.sources.front() : spec::find_source(project, name);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const spec::Source& source : project.sources) names.push_back(source.name.value);
    return fail(ErrorCode::invalid_spec, fmt::format("there is no source `{}`", name), "",
                spec::did_you_mean(name, names), list_text(names));
  }
  engine::Source source;
  ASSAY_TRY(source, metrics::to_engine_source(project, *found));
  auto database = engine::Database::open({.threads = threads_of(context)});
  if (!database) return tl::unexpected(std::move(database.error()));
  if (source.unit.type == frame::Type::text) ASSAY_CHECK(settle_unit_type(*database, source));
  return OpenSource{found, std::move(source), std::move(*database)};
}

Result<EngineChoice> parse_engine(const std::string& word) {
  if (word.empty() || word == "embedded") return EngineChoice::embedded;
  if (word == "duckdb") return EngineChoice::duckdb;
  return fail(ErrorCode::invalid_spec, fmt::format("there is no engine `{}`", word), "",
              "write one of these", "embedded, duckdb");
}

Result<OpenEngine> open_engine(Context& context, OpenSource source, const fs::path& folder,
                               EngineChoice choice) {
  if (choice == EngineChoice::duckdb) return open_duckdb(context, std::move(source));
  return open_embedded(context, std::move(source), folder);
}

fs::path index_folder(const spec::Project& project, const spec::Source& source) {
  return project.folder / ".assay" / "index" / source.name.value;
}

}  // namespace assay::app
