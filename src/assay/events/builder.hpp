#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/events/schema.hpp"
#include "assay/frame/table.hpp"

namespace assay::events {

/// How a build goes about its work. None of it changes a byte of the index, except `partitions`
/// and, where that is 0, `expected_rows`.
struct BuildOptions {
  std::size_t memory_bytes = std::size_t{1} << 30;  ///< Most memory the build allocates itself.
  int threads = 0;                                  ///< 0: as many as the process may run on.
  std::size_t partitions = 0;      ///< A power of two up to 4,096; 0: chosen from expected_rows.
  std::int64_t expected_rows = 0;  ///< An estimate; 0: not known.
  const Progress* progress = nullptr;  ///< Told where the build is; may stop it.
};

/// What the index is said to be built from.
struct Provenance {
  std::string fingerprint;      ///< Of all sources and the policy, as Index::fingerprint says.
  std::vector<Source> sources;  ///< Those of this build; `extend` appends them to the list.
};

/// What a build did. Counts are of this build; Index::counts has the sums of all builds.
struct BuildReport {
  RowCounts counts;
  std::int64_t new_units = 0;      ///< Units not in the index before.
  std::int64_t bytes = 0;          ///< Size of the whole index afterwards.
  std::int64_t spilled_bytes = 0;  ///< Written to temporary files for want of memory.
  double add_seconds = 0.0;        ///< Wall time inside add().
  double sort_seconds = 0.0;       ///< Wall time of sorting and writing.
  double commit_seconds = 0.0;     ///< Wall time of flushing to disk and renaming.
  std::size_t partitions = 0;
  std::size_t segments = 0;  ///< Afterwards.

  /// Only from `extend`: a new event arrived in its system before one that is already kept and
  /// equals it, so a build from all sources would keep the new one. Nothing was changed; build
  /// anew with `create`.
  bool needs_rebuild = false;
};

/// Builds the event index, or adds a segment to one, from batches in the order of arrival.
///
///   ASSAY_TRY(auto builder, IndexBuilder::create(folder, schema, options));
///   for each batch: ASSAY_CHECK(builder.add(batch));
///   ASSAY_TRY(const BuildReport report, builder.finish(provenance));
///
/// Until `finish` succeeds the folder's old index stays as it is; a builder that is destroyed
/// (or killed) before that leaves it intact. One builder a folder at a time, held by a lock.
/// Memory: rows are kept up to memory_bytes, then written to an unnamed temporary file in the
/// folder. The dictionaries of text columns must fit in memory_bytes.
/// The same rows in the same order give the same bytes for any number of threads, any memory and
/// any batch sizes. Not thread-safe; `finish` uses `threads` threads.
class IndexBuilder {
 public:
  /// Starts a new index in place of what is in `folder` (made if missing).
  /// Fails with invalid_spec (schema, options) or unavailable (folder, lock).
  static Result<IndexBuilder> create(const std::filesystem::path& folder, const Schema& schema,
                                     const BuildOptions& options);

  /// Adds to the index in `folder` events from sources that it has not seen. The result equals
  /// an index built from the old sources and then the new ones, in every array. Past sixteen
  /// segments they are merged into one.
  /// Fails as Index::open does, and with invalid_spec when schema or partitions differ from
  /// those of the index.
  static Result<IndexBuilder> extend(const std::filesystem::path& folder, const Schema& schema,
                                     const BuildOptions& options);

  IndexBuilder(IndexBuilder&&) noexcept;
  IndexBuilder& operator=(IndexBuilder&&) noexcept;
  ~IndexBuilder();

  /// Takes rows in; the columns must be Schema::columns() in that order (checked by name where
  /// the batch names them, and by type).
  /// Fails with invalid_data (missing column, wrong type, more than 65,535 event names),
  /// unavailable (disk full, too little memory) or interrupted; the builder is then of no use.
  Result<void> add(const frame::BatchView& batch);

  /// Sorts, writes and puts the index in its place.
  /// Fails with invalid_data when no event is left, unavailable (disk full, no permission, too
  /// little memory) or interrupted; the old index then stays, without leftovers.
  Result<BuildReport> finish(const Provenance& provenance);

 private:
  struct State;
  explicit IndexBuilder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Merges the segments of an index into one, so that reading need not. What the index says does
/// not change. `options.partitions` and `expected_rows` are not used.
/// Fails as `finish` does.
Result<BuildReport> compact(const std::filesystem::path& folder, const BuildOptions& options);

}  // namespace assay::events
