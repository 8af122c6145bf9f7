#include "assay/app/project.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/app/warehouse_engine.hpp"
#include "assay/base/text.hpp"
#include "assay/engine/duckdb_engine.hpp"
#include "assay/engine/embedded.hpp"
#include "assay/engine/relation.hpp"
#include "assay/events/index.hpp"
#include "assay/metrics/source.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/spec/fingerprint.hpp"

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

Result<warehouse::EngineUrl> no_engine(const std::string& word) {
  const std::string near = nearest(word, {"embedded", "duckdb"});
  return fail(ErrorCode::invalid_spec, fmt::format("there is no engine `{}`", word), "",
              near.empty() ? "write one of these" : fmt::format("did you mean `{}`?", near),
              "embedded, duckdb, or the URL of a warehouse: trino://host:8080/catalog/schema");
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

Result<const spec::Source*> choose_source(const spec::Project& project, const std::string& name) {
  if (project.sources.empty()) {
    return fail(ErrorCode::invalid_spec, "the project declares no source",
                (project.folder / "assay.yaml").string(), "add `sources:`");
  }
  const spec::Source* found =
      name.empty() ? &project.sources.front() : spec::find_source(project, name);
  if (found != nullptr) return found;
  std::vector<std::string> names;
  for (const spec::Source& source : project.sources) names.push_back(source.name.value);
  return fail(ErrorCode::invalid_spec, fmt::format("there is no source `{}`", name), "",
              spec::did_you_mean(name, names, "name one of the project's sources"),
              list_text(names));
}

Result<OpenSource> open_files(Context& context, const spec::Project& project,
                              const spec::Source& spec) {
  engine::Source source;
  ASSAY_TRY(source, metrics::to_engine_source(project, spec));
  auto database = engine::Database::open({.threads = threads_of(context)});
  if (!database) return tl::unexpected(std::move(database.error()));
  if (source.unit.type == frame::Type::text) ASSAY_CHECK(settle_unit_type(*database, source));
  return OpenSource{&spec, std::move(source), std::move(*database)};
}

Result<EngineChoice> choose_engine(const std::string& option, const spec::Project* project) {
  if (option.empty() && project == nullptr) return EngineChoice{};
  const std::string& word = option.empty() ? project->engine.value : option;
  EngineChoice choice;
  if (word.empty() || word == "embedded") return choice;
  choice.kind = EngineChoice::Kind::duckdb;
  if (word == "duckdb") return choice;
  choice.kind = EngineChoice::Kind::warehouse;
  const bool is_url = warehouse::is_engine_url(word);
  auto url = is_url ? warehouse::parse_engine_url(word) : no_engine(word);
  if (url) {
    choice.url = std::move(*url);
    return choice;
  }
  // A part that the message hides (a password) is not shown by quoting the line either.
  Error error = std::move(url.error());
  const bool hidden = is_url && error.where != word;
  const std::string at = !option.empty() ? "--engine"
                         : hidden        ? spec::position_text(project->engine.where)
                                         : spec::where_text(project->engine.where);
  error.where = hidden ? at + ", " + error.where : at;
  return tl::unexpected(std::move(error));
}

Result<OpenEngine> open_engine(Context& context, OpenSource source, const fs::path& folder,
                               EngineChoice::Kind kind) {
  if (kind == EngineChoice::Kind::duckdb) return open_duckdb(context, std::move(source));
  return open_embedded(context, std::move(source), folder);
}

Result<OpenEngine> open_engine(Context& context, const spec::Project& project,
                               const spec::Source& source, const EngineChoice& choice,
                               const std::string& spec_hash) {
  if (choice.kind == EngineChoice::Kind::warehouse) {
    return open_warehouse(context, source, choice.url,
                          spec_hash.empty() ? spec::spec_hash(project) : spec_hash);
  }
  auto files = open_files(context, project, source);
  if (!files) return tl::unexpected(std::move(files.error()));
  return open_engine(context, std::move(*files), index_folder(project, source), choice.kind);
}

void say_engine(Context& context, const OpenEngine& engine, report::Provenance& provenance) {
  provenance.engine = engine.engine->name();
  provenance.data_fingerprint = engine.data_fingerprint;
  provenance.more.insert(provenance.more.end(), engine.facts.begin(), engine.facts.end());
  if (engine.warehouse != nullptr) say_cost(context, *engine.warehouse, engine.costs, provenance);
}

fs::path index_folder(const spec::Project& project, const spec::Source& source) {
  return project.folder / ".assay" / "index" / source.name.value;
}

}  // namespace assay::app
