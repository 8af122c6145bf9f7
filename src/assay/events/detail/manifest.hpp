#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/events/schema.hpp"

namespace assay::events::detail {

/// Rises with every change of the files' layout; an index of another version is built again.
inline constexpr std::uint32_t kFormatVersion = 1;

/// A file of the index. `head` is the part that says where things lie: the directory of a
/// segment, the header of a dictionary. Opening checks it; `verify` checks the rest.
struct FileEntry {
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t head_offset = 0;
  std::uint64_t head_size = 0;
  std::uint64_t head_checksum = 0;
};

struct SegmentEntry {
  FileEntry file;
  std::int64_t events = 0;
  TimeRange time_range;  ///< Half-open; of its events.
};

/// The one file that makes an index: whatever it names is part of it, anything else in the
/// folder is a leftover. Replaced as a whole by rename.
struct Manifest {
  std::uint64_t generation = 0;  ///< Rises with every commit; part of the names of new files.
  Schema schema;
  std::uint32_t partitions = 1;
  std::int64_t units = 0;
  std::string fingerprint;
  std::vector<Source> sources;
  RowCounts counts;
  std::vector<SegmentEntry> segments;
  std::vector<FileEntry> dictionaries;  ///< Event names, then each text property in order.

  [[nodiscard]] std::int64_t bytes() const;
};

/// Fails with unavailable (no index in the folder) or invalid_data (corrupted, other version).
Result<Manifest> read_manifest(const std::filesystem::path& folder);

/// Puts the manifest in place of the old one, flushed to disk.
Result<void> write_manifest(const std::filesystem::path& folder, const Manifest& manifest);

/// Removes files of this format in the folder that its manifest does not name; all of them when
/// there is no manifest, none when it cannot be read.
void remove_leftovers(const std::filesystem::path& folder);

/// A number that no file in the folder has in its name and no manifest there has reached.
std::uint64_t next_generation(const std::filesystem::path& folder);

}  // namespace assay::events::detail
