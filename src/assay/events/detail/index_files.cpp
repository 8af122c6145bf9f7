#include "assay/events/detail/index_files.hpp"

#include <string>
#include <utility>

namespace assay::events::detail {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 5;

Result<IndexFiles> open_once(const fs::path& folder, Manifest manifest) {
  IndexFiles files;
  files.manifest = std::move(manifest);
  files.layout = Layout(files.manifest.schema);
  const std::size_t texts = files.dictionary_of_property().size();
  if (files.manifest.segments.empty() || files.manifest.dictionaries.empty() ||
      files.manifest.partitions == 0 || texts != files.manifest.schema.properties.size()) {
    return fail(ErrorCode::invalid_data, "the manifest of the event index names no events",
                folder.string(), "build the index again");
  }
  for (const SegmentEntry& entry : files.manifest.segments) {
    ASSAY_TRY(Segment segment,
              Segment::open(folder, entry, files.manifest.partitions, files.layout));
    files.segments.push_back(std::move(segment));
  }
  for (const FileEntry& entry : files.manifest.dictionaries) {
    ASSAY_TRY(auto dictionary, DictionaryFile::open(folder, entry));
    files.dictionaries.push_back(std::move(dictionary));
  }
  return files;
}

}  // namespace

Result<IndexFiles> IndexFiles::open(const fs::path& folder) {
  ASSAY_TRY(Manifest manifest, read_manifest(folder));
  for (int attempt = 1;; ++attempt) {
    const std::uint64_t generation = manifest.generation;
    Result<IndexFiles> files = open_once(folder, std::move(manifest));
    if (files || files.error().code != ErrorCode::unavailable || attempt == kAttempts) {
      return files;
    }
    ASSAY_TRY(manifest, read_manifest(folder));
    if (manifest.generation == generation) return files;
  }
}

std::vector<std::size_t> IndexFiles::dictionary_of_property() const {
  std::vector<std::size_t> positions;
  std::size_t next = 1;
  for (const Property& property : manifest.schema.properties) {
    positions.push_back(property.type == frame::Type::text ? next++ : 0);
  }
  return positions;
}

std::size_t IndexFiles::units(std::size_t partition) const {
  return segments.back().units(partition);
}

std::string_view text_key(std::span<const std::uint64_t> ends, Bytes texts, std::size_t position) {
  if (position >= ends.size()) return {};
  const std::uint64_t begin = position == 0 ? 0 : ends[position - 1];
  const std::uint64_t end = ends[position];
  if (begin > end || end > texts.size()) return {};  // A flipped bit that verify() would find.
  return {reinterpret_cast<const char*>(texts.data()) + begin, end - begin};
}

std::string IndexFiles::unit_key(std::size_t partition, std::size_t unit) const {
  std::size_t known = 0;  // Units before the segment at hand.
  for (const Segment& segment : segments) {
    const std::size_t units = segment.units(partition);
    if (unit < units) {
      if (layout.text_units()) {
        return std::string(text_key(segment.array<std::uint64_t>(partition, kUnitKeys),
                                    segment.bytes(partition, kUnitTexts), unit - known));
      }
      const auto keys = segment.array<std::int64_t>(partition, kUnitKeys);
      return unit - known < keys.size() ? std::to_string(keys[unit - known]) : std::string();
    }
    known = units;
  }
  return {};
}

}  // namespace assay::events::detail
