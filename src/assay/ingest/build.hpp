#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/engine/source.hpp"
#include "assay/events/builder.hpp"

namespace assay::engine {
class Database;
}

namespace assay::ingest {

struct BuildRequest {
  /// Most memory of the whole process: DuckDB, the builder and what they share.
  std::size_t memory_bytes = std::size_t{4} << 30;
  int threads = 0;  ///< 0: as many as the process may run on.
  const Progress* progress = nullptr;
  bool force = false;  ///< Build anew even when the index is current.
};

enum class BuildAction : std::uint8_t {
  none,      ///< The index was current.
  built,     ///< There was none.
  extended,  ///< Files came; the old ones are as they were.
  rebuilt    ///< Something changed, or `force`.
};
std::string_view to_text(BuildAction action);

/// What was done to the index and why.
struct IndexStatus {
  BuildAction action = BuildAction::none;
  std::string summary;               ///< "extended by 1 file: dt=2026-06-29/part-0.parquet".
  std::vector<std::string> reasons;  ///< "data.parquet changed (size 1,024 -> 2,048 bytes)".
  std::vector<std::string> counts;   ///< What became of the rows read, a sentence each.
  std::string fingerprint;
  std::size_t files = 0;  ///< That the index is built from.
  std::int64_t events = 0;
  std::int64_t units = 0;
  std::int64_t bytes = 0;      ///< Of the index on disk.
  events::RowCounts rows;      ///< Of everything that went into the index.
  events::BuildReport report;  ///< Of this build; empty for `none`.
  double read_seconds = 0.0;   ///< Decoding and SQL, without the builder.
  double seconds = 0.0;
};

/// Makes the index in `folder` current: opens it when nothing changed, adds new files to it when
/// only that happened, and builds it anew otherwise. A stale index is never used silently.
///
/// Changed means: a file's path, size, modification time or content mark (the first and last
/// 64 KiB; for Parquet the footer too), a file gone, or another policy (columns, expressions,
/// zones, deduplication, skew: `policy_text`). Files are added in the order of their names.
/// The old index stays intact until the new one is complete, also when the process is killed.
/// Fails with unavailable (missing file, full disk, folder not writable), invalid_spec (a column
/// that is not there, with suggestions), invalid_data (empty, truncated, times that do not read:
/// how many, which, in which row) or interrupted.
Result<IndexStatus> ensure_index(engine::Database& database, const engine::Source& source,
                                 const std::filesystem::path& folder, const BuildRequest& request);

/// A file of a source and the mark of its content.
struct SourceFile {
  std::string path;
  std::int64_t bytes = 0;
  std::int64_t modified_us = 0;
  std::string mark;  ///< 32 hexadecimal digits over size and content mark; not over the time.
};

/// The files that a source's paths and globs name, sorted, each once.
/// Fails with unavailable when a path names nothing.
Result<std::vector<SourceFile>> source_files(const engine::Source& source);

/// Everything about a source that decides what an index of it contains, spelled in one way only;
/// not the paths.
std::string policy_text(const engine::Source& source);

/// What is the case for an index folder, without touching it: what ensure_index would do and why.
Result<IndexStatus> index_status(const engine::Source& source, const std::filesystem::path& folder);

}  // namespace assay::ingest
