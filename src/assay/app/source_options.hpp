#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "assay/app/context.hpp"
#include "assay/app/project.hpp"
#include "assay/ingest/infer.hpp"

namespace assay::app {

/// Which events a verb works on: a project folder (or a file in one), or a data file as it is.
/// Column names left empty are guessed from the data.
struct SourceOptions {
  std::filesystem::path path = ".";
  std::string source;  ///< Project: name of the source; empty: the first.
  std::string user;    ///< Data file: columns.
  std::string time;
  std::string event;
  std::string table;  ///< Data file of DuckDB.
  std::string constant_event;
  std::string timezone;  ///< Reporting zone; empty: the project's, else UTC.
  std::string engine;    ///< embedded, duckdb or a URL; empty: the project's.
};

/// A source by either way, with what the queries need to know about it. No file is opened for a
/// source of a project before somebody asks for an engine.
struct ResolvedSource {
  std::optional<spec::Project> project;
  std::string name;                ///< Of the source; empty for a data file.
  std::optional<OpenSource> file;  ///< A data file.
  EngineChoice engine;
  std::filesystem::path index;  ///< Of a data file: a folder in the user's cache.
  TimeZone timezone = TimeZone::utc();
  std::string title;

  /// Null for a data file. Belongs to `project`.
  [[nodiscard]] const spec::Source* spec() const;
};

/// The files of a resolved source; a data file can be taken once. Fails with invalid_spec for a
/// source that lies in a warehouse alone.
Result<OpenSource> take_files(Context& context, ResolvedSource& source);

/// The engine of a resolved source.
Result<OpenEngine> open_engine(Context& context, ResolvedSource& source);

/// True for a folder with an assay.yaml in it or above it, and for a YAML file.
bool names_project(const std::filesystem::path& path);

/// Fails with invalid_spec when a column named is not there, with the columns that are.
Result<ResolvedSource> resolve_source(Context& context, const SourceOptions& options);

}  // namespace assay::app
