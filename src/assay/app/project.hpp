#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/engine.hpp"
#include "assay/ingest/build.hpp"
#include "assay/spec/load.hpp"

namespace assay::app {

/// The project folder that a path belongs to: the path itself or the nearest folder above it that
/// holds an assay.yaml. Fails with unavailable when there is none.
Result<std::filesystem::path> find_project(const std::filesystem::path& path);

/// Loads a project; every error of the spec lands in context.errors.
Result<spec::Project> load(Context& context, const std::filesystem::path& folder);

/// One source of a project, ready to be queried.
struct OpenSource {
  const spec::Source* spec = nullptr;
  engine::Source source;
  engine::Database database;
};

/// Connects a source: paths, and the type of its unit from the data where the spec leaves it open.
/// `name` empty: the first source.
Result<OpenSource> open_source(Context& context, const spec::Project& project,
                               const std::string& name = {});

enum class EngineChoice : std::uint8_t { embedded, duckdb };
Result<EngineChoice> parse_engine(const std::string& word);

/// An engine over a source with a current index (embedded), or over the files by SQL (duckdb).
struct OpenEngine {
  std::unique_ptr<engine::Engine> engine;
  ingest::IndexStatus index;  ///< embedded only.
  std::string data_fingerprint;
  TimeUs complete_until = 0;
};
Result<OpenEngine> open_engine(Context& context, OpenSource source,
                               const std::filesystem::path& index_folder, EngineChoice choice);

/// Where the index of a source lies inside its project.
std::filesystem::path index_folder(const spec::Project& project, const spec::Source& source);

}  // namespace assay::app
