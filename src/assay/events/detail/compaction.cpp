#include "assay/events/detail/compaction.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "assay/events/detail/index_files.hpp"
#include "assay/events/detail/merge.hpp"
#include "assay/events/detail/partition_pool.hpp"
#include "assay/events/detail/segment.hpp"

namespace assay::events::detail {
namespace {

/// Writes the merged arrays of one partition after another; one for each thread.
class PartitionMerger {
 public:
  PartitionMerger(const IndexFiles& files, SegmentWriter& writer)
      : files_(files), writer_(writer) {}

  Result<void> merge(std::size_t partition) {
    const std::vector<Run> runs = merge_order(files_, partition, offsets_);
    ASSAY_CHECK(merge_units(partition));
    for (std::size_t slot = kTime; slot < files_.layout.slots(); ++slot) {
      if (!files_.layout.per_event(slot)) continue;
      switch (files_.layout.width(slot)) {
        case 2:
          ASSAY_CHECK(merge_slot(partition, slot, runs, two_));
          break;
        case 4:
          ASSAY_CHECK(merge_slot(partition, slot, runs, four_));
          break;
        default:
          ASSAY_CHECK(merge_slot(partition, slot, runs, eight_));
          break;
      }
    }
    return {};
  }

 private:
  Result<void> merge_units(std::size_t partition) {
    keys_.clear();
    texts_.clear();
    for (const Segment& segment : files_.segments) {
      const std::uint64_t before = files_.layout.text_units() ? texts_.size() : 0;
      for (const std::uint64_t key : segment.array<std::uint64_t>(partition, kUnitKeys)) {
        keys_.push_back(key + before);
      }
      const Bytes texts = segment.bytes(partition, kUnitTexts);
      texts_.insert(texts_.end(), texts.begin(), texts.end());
    }
    std::vector<std::uint64_t> sizes(files_.layout.slots());
    for (std::size_t slot = kTime; slot < sizes.size(); ++slot) {
      for (const Segment& segment : files_.segments) {
        sizes[slot] += segment.bytes(partition, slot).size();
      }
    }
    sizes[kOffsets] = offsets_.size() * sizeof(std::uint32_t);
    sizes[kUnitKeys] = keys_.size() * sizeof(std::uint64_t);
    sizes[kUnitTexts] = texts_.size();
    ASSAY_CHECK(writer_.reserve(partition, sizes));
    ASSAY_CHECK(writer_.write(partition, kOffsets, std::as_bytes(std::span(offsets_))));
    ASSAY_CHECK(writer_.write(partition, kUnitKeys, std::as_bytes(std::span(keys_))));
    return writer_.write(partition, kUnitTexts, texts_);
  }

  template <class T>
  Result<void> merge_slot(std::size_t partition, std::size_t slot, std::span<const Run> runs,
                          std::vector<T>& merged) {
    merge_array(files_, partition, slot, runs, merged);
    return writer_.write(partition, slot, std::as_bytes(std::span(merged)));
  }

  const IndexFiles& files_;
  SegmentWriter& writer_;
  std::vector<std::uint32_t> offsets_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::byte> texts_;
  std::vector<std::uint16_t> two_;
  std::vector<std::uint32_t> four_;
  std::vector<std::uint64_t> eight_;
};

/// Bytes that merging the largest partition takes: a column of each width, and runs.
std::size_t largest_merge_bytes(const IndexFiles& files) {
  std::size_t largest = 1;
  for (std::size_t p = 0; p < files.manifest.partitions; ++p) {
    std::size_t events = 0;
    for (const Segment& segment : files.segments) events += segment.events(p);
    largest = std::max(largest, events);
  }
  return largest * (2 + 4 + 8 + sizeof(Run));
}

}  // namespace

Result<void> compact_locked(const std::filesystem::path& folder, std::size_t threads,
                            std::size_t memory_bytes, const Progress& progress) {
  ASSAY_TRY(const IndexFiles files, IndexFiles::open(folder));
  if (files.segments.size() < 2) return {};
  Manifest manifest = files.manifest;
  manifest.generation = next_generation(folder);
  const std::size_t fitting = std::max<std::size_t>(1, memory_bytes / largest_merge_bytes(files));
  const std::size_t workers = std::min(threads, fitting);
  const std::string name = fmt::format("segment-{}.seg", manifest.generation);
  ASSAY_TRY(SegmentWriter writer,
            SegmentWriter::create(folder, name, manifest.partitions, files.layout));
  std::vector<PartitionMerger> mergers(workers, PartitionMerger(files, writer));
  ASSAY_CHECK(for_each_partition(
      manifest.partitions, workers, writer, progress,
      [&](std::size_t partition, std::size_t worker) { return mergers[worker].merge(partition); }));
  SegmentEntry merged;
  ASSAY_TRY(merged.file, writer.finish());
  merged.time_range = manifest.segments.front().time_range;
  for (const SegmentEntry& segment : manifest.segments) {
    merged.events += segment.events;
    merged.time_range.begin = std::min(merged.time_range.begin, segment.time_range.begin);
    merged.time_range.end = std::max(merged.time_range.end, segment.time_range.end);
  }
  manifest.segments = {merged};
  writer.keep();  // From here on a file that the manifest does not name is a leftover.
  Result<void> committed = write_manifest(folder, manifest);
  remove_leftovers(folder);
  return committed;
}

}  // namespace assay::events::detail
