#include "assay/events/builder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>
#include <new>
#include <optional>

#include "assay/base/text.hpp"
#include "assay/events/detail/compaction.hpp"
#include "assay/events/detail/index_files.hpp"
#include "assay/events/detail/intake.hpp"
#include "assay/events/detail/partition_pool.hpp"
#include "assay/events/detail/row_store.hpp"
#include "assay/events/detail/sorter.hpp"
#include "assay/numerics/parallel.hpp"

namespace assay::events {
namespace {

namespace fs = std::filesystem;
using detail::IndexFiles;
using detail::Manifest;
using detail::PartitionOutcome;

constexpr std::size_t kMostPartitions = 4096;
constexpr std::size_t kUsualPartitions = 64;
constexpr std::int64_t kRowsOfPartition = 200'000;
constexpr std::int64_t kFewRowsOfPartition = 16'384;
constexpr std::size_t kMostSegments = 16;
const Progress kSilent;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::size_t threads_of(const BuildOptions& options) {
  return static_cast<std::size_t>(options.threads > 0 ? options.threads
                                                      : numerics::default_threads());
}

/// Few enough rows in a partition to sort it in the cache, enough to be worth the trouble.
std::size_t partitions_for(std::int64_t rows) {
  if (rows <= 0) return kUsualPartitions;
  const auto at_most = [&](std::int64_t share) {
    return std::bit_ceil(static_cast<std::uint64_t>((rows + share - 1) / share));
  };
  const std::uint64_t fewest = at_most(kRowsOfPartition);
  const std::uint64_t usual =
      std::min<std::uint64_t>(kUsualPartitions, at_most(kFewRowsOfPartition));
  return std::min<std::uint64_t>(kMostPartitions, std::max(fewest, usual));
}

Result<void> check_options(const BuildOptions& options) {
  if (options.partitions > kMostPartitions ||
      (options.partitions != 0 && !std::has_single_bit(options.partitions))) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("an index cannot have {} partitions", options.partitions), "",
                "use a power of two up to 4096");
  }
  return {};
}

}  // namespace

struct IndexBuilder::State {
  fs::path folder;
  Schema schema;
  detail::Layout layout;
  BuildOptions options;
  std::optional<detail::FolderLock> lock;
  std::optional<IndexFiles> old;  ///< The index that is extended.
  std::optional<detail::Intake> intake;
  std::optional<detail::RowStore> store;
  double add_seconds = 0.0;

  State(fs::path where, const Schema& what, const BuildOptions& how)
      : folder(std::move(where)), schema(what), layout(what), options(how) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (lock) detail::remove_leftovers(folder);
  }

  [[nodiscard]] const Progress& progress() const {
    return options.progress != nullptr ? *options.progress : kSilent;
  }
  Result<void> prepare(std::size_t partitions);
  Result<void> share_memory();
  Result<std::size_t> make_room_for_sorting();
  Result<std::vector<PartitionOutcome>> sort(detail::SegmentWriter& writer);
  Result<std::vector<detail::FileEntry>> write_dictionaries(std::uint64_t generation);
  Result<BuildReport> build(const Provenance& provenance);
  Result<void> commit(Manifest& manifest, detail::SegmentWriter& writer, BuildReport& report,
                      const PartitionOutcome& total);
};

namespace {

PartitionOutcome sum(const std::vector<PartitionOutcome>& outcomes) {
  PartitionOutcome total;
  for (const PartitionOutcome& one : outcomes) {
    total.events += one.events;
    total.duplicates += one.duplicates;
    total.out_of_order += one.out_of_order;
    total.new_units += one.new_units;
    total.displaced |= one.displaced;
    total.first_time = std::min(total.first_time, one.first_time);
    total.last_time = std::max(total.last_time, one.last_time);
  }
  return total;
}

RowCounts joined(RowCounts a, const RowCounts& b) {
  a.rows_read += b.rows_read;
  a.events += b.events;
  a.missing_unit += b.missing_unit;
  a.missing_time += b.missing_time;
  a.quarantined_future += b.quarantined_future;
  a.duplicates_removed += b.duplicates_removed;
  a.missing_event += b.missing_event;
  a.out_of_order += b.out_of_order;
  return a;
}

tl::unexpected<Error> used_up() {
  return fail(ErrorCode::internal, "a builder of the event index was used after its end");
}

std::string nothing_left(const RowCounts& counts) {
  return counts.rows_read == 0
             ? "no rows in the data"
             : fmt::format(
                   "no events in the data: of {} rows {} lack a unit, {} a time, {} are "
                   "stamped in the future",
                   count_text(counts.rows_read), count_text(counts.missing_unit),
                   count_text(counts.missing_time), count_text(counts.quarantined_future));
}

}  // namespace

Result<void> IndexBuilder::State::prepare(std::size_t partitions) {
  intake.emplace(schema, layout, partitions);
  const detail::RowStore::Options rows{folder, detail::RowColumns(layout).widths(),
                                       layout.text_units(), partitions, options.memory_bytes};
  const std::size_t least = 2 * detail::RowStore::least_memory_bytes(rows);
  if (options.memory_bytes < least) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("a build with {} partitions cannot work in {} bytes of memory", partitions,
                    count_text(static_cast<std::int64_t>(options.memory_bytes))),
        "", fmt::format("allow at least {} bytes", count_text(static_cast<std::int64_t>(least))));
  }
  store.emplace(rows);
  return {};
}

/// What the dictionaries take is not there for rows.
Result<void> IndexBuilder::State::share_memory() {
  // Writing a dictionary holds it twice; a sixteenth is left for the sorter's tables.
  const std::size_t taken = 2 * intake->dictionary_bytes() + options.memory_bytes / 16;
  const std::size_t least = 1 << 20;  // Small dictionaries are not worth an error.
  if (taken > options.memory_bytes && intake->dictionary_bytes() > least) {
    return fail(ErrorCode::unavailable,
                "the distinct texts of the properties do not fit in the memory of the build",
                "column " + intake->largest_column(),
                "leave this column out of the properties, or allow more memory");
  }
  store->set_memory(options.memory_bytes - std::min(options.memory_bytes, taken));
  return {};
}

Result<IndexBuilder> IndexBuilder::create(const fs::path& folder, const Schema& schema,
                                          const BuildOptions& options) {
  ASSAY_CHECK(check(schema));
  ASSAY_CHECK(check_options(options));
  auto state = std::make_unique<State>(folder, schema, options);
  ASSAY_TRY(state->lock, detail::FolderLock::take(folder));
  detail::remove_leftovers(folder);
  ASSAY_CHECK(state->prepare(options.partitions != 0 ? options.partitions
                                                     : partitions_for(options.expected_rows)));
  return IndexBuilder(std::move(state));
}

Result<IndexBuilder> IndexBuilder::extend(const fs::path& folder, const Schema& schema,
                                          const BuildOptions& options) {
  ASSAY_CHECK(check(schema));
  ASSAY_CHECK(check_options(options));
  ASSAY_CHECK(detail::read_manifest(folder));  // Before a lock file is made in a wrong folder.
  auto state = std::make_unique<State>(folder, schema, options);
  ASSAY_TRY(state->lock, detail::FolderLock::take(folder));
  ASSAY_TRY(state->old, IndexFiles::open(folder));
  const Manifest& manifest = state->old->manifest;
  if (manifest.schema != schema ||
      (options.partitions != 0 && options.partitions != manifest.partitions)) {
    return fail(ErrorCode::invalid_spec,
                "the event index was built with other columns, rules or partitions",
                folder.string(), "build it anew");
  }
  detail::remove_leftovers(folder);
  ASSAY_CHECK(state->prepare(manifest.partitions));
  for (std::size_t d = 0; d < state->old->dictionaries.size(); ++d) {
    const Dictionary& texts = *state->old->dictionaries[d];
    for (std::uint32_t code = 1; code < texts.size(); ++code) {
      state->intake->dictionaries()[d].code(texts.at(code));
    }
  }
  return IndexBuilder(std::move(state));
}

IndexBuilder::IndexBuilder(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexBuilder::IndexBuilder(IndexBuilder&&) noexcept = default;
IndexBuilder& IndexBuilder::operator=(IndexBuilder&&) noexcept = default;
IndexBuilder::~IndexBuilder() = default;

Result<void> IndexBuilder::add(const frame::BatchView& batch) {
  if (!state_) return used_up();
  const auto start = std::chrono::steady_clock::now();
  ASSAY_CHECK(state_->progress().check());
  ASSAY_CHECK(state_->share_memory());
  try {
    ASSAY_CHECK(state_->intake->add(batch, *state_->store));
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::unavailable, "not enough memory for the rows of the event index", "",
                "give the build a smaller memory limit");
  }
  state_->add_seconds += seconds_since(start);
  return {};
}

/// Chooses the threads that the memory allows; moves the rows to disk if they are in the way.
Result<std::size_t> IndexBuilder::State::make_room_for_sorting() {
  std::size_t largest = 0;
  for (std::size_t p = 0; p < intake->partitions(); ++p) {
    if (store->rows(p) > std::numeric_limits<std::uint32_t>::max() - 1) {
      return fail(ErrorCode::invalid_data, "a partition has more than 4 billion events", "",
                  "build the index with more partitions");
    }
    largest = std::max(largest, detail::PartitionSorter::memory_bytes(*store, p, layout));
  }
  const std::size_t threads = threads_of(options);
  const std::size_t held = intake->dictionary_bytes();
  if (held + store->memory_in_use() + threads * largest <= options.memory_bytes) return threads;
  ASSAY_CHECK(store->spill_all());
  const std::size_t room = options.memory_bytes - std::min(held, options.memory_bytes);
  const std::size_t small = 1 << 20;
  if (largest > std::max(room, small)) {
    return fail(ErrorCode::unavailable,
                fmt::format("the largest partition takes {} bytes to sort, more than the build may "
                            "use",
                            count_text(static_cast<std::int64_t>(largest))),
                "", "allow more memory, or build with more partitions");
  }
  return std::clamp<std::size_t>(room / std::max<std::size_t>(largest, 1), 1, threads);
}

Result<std::vector<PartitionOutcome>> IndexBuilder::State::sort(detail::SegmentWriter& writer) {
  ASSAY_TRY(const std::size_t threads, make_room_for_sorting());
  std::vector<std::unique_ptr<detail::PartitionSorter>> sorters;
  for (std::size_t t = 0; t < threads; ++t) {
    sorters.push_back(std::make_unique<detail::PartitionSorter>(*store, layout, schema.dedup,
                                                                old ? &*old : nullptr));
  }
  std::vector<PartitionOutcome> outcomes(intake->partitions());
  ASSAY_CHECK(detail::for_each_partition(
      intake->partitions(), threads, writer, progress(),
      [&](std::size_t partition, std::size_t worker) -> Result<void> {
        ASSAY_TRY(outcomes[partition], sorters[worker]->sort_and_write(partition, writer));
        return {};
      }));
  return outcomes;
}

Result<std::vector<detail::FileEntry>> IndexBuilder::State::write_dictionaries(
    std::uint64_t generation) {
  std::vector<detail::FileEntry> files;
  for (std::size_t d = 0; d < intake->dictionaries().size(); ++d) {
    const detail::Interner& texts = intake->dictionaries()[d];
    if (old && old->dictionaries[d]->size() == texts.size()) {
      files.push_back(old->manifest.dictionaries[d]);
      continue;
    }
    const std::string name = fmt::format("dictionary-{}-{}.dict", generation, d);
    ASSAY_TRY(detail::FileEntry file, detail::DictionaryFile::write(folder, name, texts));
    files.push_back(std::move(file));
  }
  return files;
}

Result<BuildReport> IndexBuilder::State::build(const Provenance& provenance) {
  BuildReport report;
  report.counts = intake->counts();
  report.add_seconds = add_seconds;
  report.partitions = intake->partitions();
  if (report.counts.events == 0 && !old) {
    return fail(ErrorCode::invalid_data, nothing_left(report.counts));
  }
  const auto start = std::chrono::steady_clock::now();
  Manifest manifest;
  if (old) manifest = old->manifest;
  manifest.generation = detail::next_generation(folder);
  manifest.schema = schema;
  manifest.partitions = static_cast<std::uint32_t>(intake->partitions());
  manifest.fingerprint = provenance.fingerprint;
  manifest.sources.insert(manifest.sources.end(), provenance.sources.begin(),
                          provenance.sources.end());
  const std::string name = fmt::format("segment-{}.seg", manifest.generation);
  ASSAY_TRY(auto writer, detail::SegmentWriter::create(folder, name, intake->partitions(), layout));
  ASSAY_TRY(const std::vector<PartitionOutcome> outcomes, sort(writer));
  const PartitionOutcome total = sum(outcomes);
  report.spilled_bytes = static_cast<std::int64_t>(store->spilled_bytes());
  report.sort_seconds = seconds_since(start);
  report.needs_rebuild = total.displaced;
  report.segments = old ? old->segments.size() : 0;
  if (total.displaced) {
    report.bytes = manifest.bytes();
    return report;
  }
  report.counts.events = total.events;
  report.counts.duplicates_removed = total.duplicates;
  report.counts.out_of_order = total.out_of_order;
  report.new_units = total.new_units;
  ASSAY_CHECK(commit(manifest, writer, report, total));
  return report;
}

Result<void> IndexBuilder::State::commit(Manifest& manifest, detail::SegmentWriter& writer,
                                         BuildReport& report, const PartitionOutcome& total) {
  const auto start = std::chrono::steady_clock::now();
  if (total.events > 0) {
    detail::SegmentEntry segment;
    ASSAY_TRY(segment.file, writer.finish());
    segment.events = total.events;
    segment.time_range = {total.first_time, total.last_time};
    if (segment.time_range.end < std::numeric_limits<TimeUs>::max()) ++segment.time_range.end;
    manifest.segments.push_back(segment);
  }
  ASSAY_TRY(manifest.dictionaries, write_dictionaries(manifest.generation));
  manifest.counts = joined(manifest.counts, report.counts);
  manifest.units += total.new_units;
  ASSAY_CHECK(progress().check());
  writer.keep();  // From here on a file that the manifest does not name is a leftover.
  ASSAY_CHECK(detail::write_manifest(folder, manifest));
  detail::remove_leftovers(folder);
  report.segments = manifest.segments.size();
  report.bytes = manifest.bytes();
  if (manifest.segments.size() > kMostSegments) {
    old.reset();
    ASSAY_CHECK(
        detail::compact_locked(folder, threads_of(options), options.memory_bytes, progress()));
    ASSAY_TRY(const Manifest compacted, detail::read_manifest(folder));
    report.segments = compacted.segments.size();
    report.bytes = compacted.bytes();
  }
  report.commit_seconds = seconds_since(start);
  return {};
}

Result<BuildReport> IndexBuilder::finish(const Provenance& provenance) {
  const std::unique_ptr<State> state = std::move(state_);  // Ends the build, whatever comes.
  if (!state) return used_up();
  try {
    ASSAY_CHECK(state->progress().check());
    return state->build(provenance);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::unavailable, "not enough memory to build the event index", "",
                "give the build a smaller memory limit");
  }
}

Result<BuildReport> compact(const fs::path& folder, const BuildOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  ASSAY_CHECK(detail::read_manifest(folder));  // Before a lock file is made in a wrong folder.
  ASSAY_TRY(const detail::FolderLock lock, detail::FolderLock::take(folder));
  detail::remove_leftovers(folder);
  ASSAY_CHECK(detail::compact_locked(folder, threads_of(options), options.memory_bytes,
                                     options.progress != nullptr ? *options.progress : kSilent));
  ASSAY_TRY(const Manifest manifest, detail::read_manifest(folder));
  BuildReport report;
  report.bytes = manifest.bytes();
  report.partitions = manifest.partitions;
  report.segments = manifest.segments.size();
  report.commit_seconds = seconds_since(start);
  return report;
}

}  // namespace assay::events
