#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/distributed/engine.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/engine.hpp"
#include "assay/ingest/build.hpp"
#include "assay/spec/load.hpp"
#include "assay/warehouse/url.hpp"

namespace assay::app {

/// The project folder that a path belongs to: the path itself or the nearest folder above it that
/// holds an assay.yaml. Fails with unavailable when there is none.
Result<std::filesystem::path> find_project(const std::filesystem::path& path);

/// Loads a project; every error of the spec lands in context.errors.
Result<spec::Project> load(Context& context, const std::filesystem::path& folder);

/// The source of this name; empty: the first. Fails with invalid_spec, with the names there are.
Result<const spec::Source*> choose_source(const spec::Project& project, const std::string& name);

/// Files of a source, ready to be queried.
struct OpenSource {
  const spec::Source* spec = nullptr;
  engine::Source source;
  engine::Database database;
};

/// Connects the files of a source: paths, and the type of its unit from the data where the spec
/// leaves it open.
Result<OpenSource> open_files(Context& context, const spec::Project& project,
                              const spec::Source& source);

/// Who answers: the event index, SQL over the files, or a warehouse.
struct EngineChoice {
  enum class Kind : std::uint8_t { embedded, duckdb, warehouse } kind = Kind::embedded;
  warehouse::EngineUrl url;  ///< warehouse only.
};

/// The engine that `option` (--engine) names, else the project's. Fails with invalid_spec: no such
/// engine, a URL that does not read; the error says where it was written.
Result<EngineChoice> choose_engine(const std::string& option, const spec::Project* project);

/// An engine over a source: with a current index (embedded), over the files by SQL (duckdb), or
/// over a table of a warehouse.
struct OpenEngine {
  std::unique_ptr<engine::Engine> engine;
  ingest::IndexStatus index;  ///< embedded only.
  std::string data_fingerprint;
  TimeUs complete_until = 0;
  std::optional<TimeRange> span;  ///< Of a warehouse: from the first to just after the last event.
  distributed::DistributedEngine* warehouse = nullptr;  ///< `engine`, when it is one.
  std::vector<warehouse::Cost> costs;                   ///< Of statements beside its own: audits.
  std::vector<report::Fact> facts;                      ///< Of a warehouse, for the provenance.
};

/// An engine of this machine, embedded or duckdb.
Result<OpenEngine> open_engine(Context& context, OpenSource source,
                               const std::filesystem::path& index_folder, EngineChoice::Kind kind);

/// The engine that was chosen, whichever it is. `spec_hash`: of what is asked; empty: the
/// project's.
Result<OpenEngine> open_engine(Context& context, const spec::Project& project,
                               const spec::Source& source, const EngineChoice& choice,
                               const std::string& spec_hash = {});

/// Puts what a result owes to its engine into its provenance: who answered, from which data, and of
/// a warehouse what was asked and what that cost. Warns when the warehouse's table has changed
/// since the engine was opened.
void say_engine(Context& context, const OpenEngine& engine, report::Provenance& provenance);

/// Where the index of a source lies inside its project.
std::filesystem::path index_folder(const spec::Project& project, const spec::Source& source);

}  // namespace assay::app
