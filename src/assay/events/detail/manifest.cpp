#include "assay/events/detail/manifest.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>
#include <span>
#include <string_view>

#include "assay/base/file.hpp"
#include "assay/base/hash.hpp"
#include "assay/events/detail/file_io.hpp"

namespace assay::events::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "manifest";
constexpr std::string_view kMagic = "ASSAYIDX";
constexpr std::size_t kHeadBytes = 8 + 4 + 4 + 8 + 8;  // magic, version, 0, size, checksum

/// Writes and reads the same fields in the same order, so that the two cannot part.
class Writer {
 public:
  template <class T>
  void number(const T& value) {
    content.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(const std::string& value) {
    number(static_cast<std::uint64_t>(value.size()));
    content += value;
  }
  template <class T, class Item>
  void list(const std::vector<T>& values, Item item) {
    number(static_cast<std::uint64_t>(values.size()));
    for (const T& value : values) item(value);
  }
  std::string content;
};

class Reader {
 public:
  explicit Reader(std::string_view content) : rest_(content) {}
  template <class T>
  void number(T& value) {
    if (rest_.size() < sizeof value) {
      good_ = false;
      return;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
  }
  void text(std::string& value) {
    std::uint64_t size = 0;
    number(size);
    if (size > rest_.size()) {
      good_ = false;
      return;
    }
    value = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  template <class T, class Item>
  void list(std::vector<T>& values, Item item) {
    std::uint64_t size = 0;
    number(size);
    for (std::uint64_t i = 0; i < size && good_; ++i) item(values.emplace_back());
  }
  [[nodiscard]] bool all_read() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

template <class Codec, class P>
void code_property(Codec& codec, P& property) {
  codec.text(property.name);
  codec.number(property.type);
}

template <class Codec, class F>
void code_file(Codec& codec, F& file) {
  codec.text(file.name);
  codec.number(file.size);
  codec.number(file.head_offset);
  codec.number(file.head_size);
  codec.number(file.head_checksum);
}

template <class Codec, class S>
void code_schema(Codec& codec, S& schema) {
  const auto property = [&](auto& value) { code_property(codec, value); };
  property(schema.unit);
  codec.text(schema.time);
  codec.text(schema.event);
  codec.text(schema.sequence);
  codec.text(schema.ingest_time);
  codec.list(schema.dedup.keys, property);
  codec.number(schema.dedup.within_us);
  codec.number(schema.quarantine_future);
  codec.number(schema.max_skew_us);
  codec.list(schema.properties, property);
}

template <class Codec, class M>
void code_manifest(Codec& codec, M& manifest) {
  codec.number(manifest.generation);
  code_schema(codec, manifest.schema);
  codec.number(manifest.partitions);
  codec.number(manifest.units);
  codec.text(manifest.fingerprint);
  codec.list(manifest.sources, [&](auto& source) {
    codec.text(source.name);
    codec.text(source.fingerprint);
  });
  codec.number(manifest.counts);
  codec.list(manifest.segments, [&](auto& segment) {
    code_file(codec, segment.file);
    codec.number(segment.events);
    codec.number(segment.time_range);
  });
  codec.list(manifest.dictionaries, [&](auto& file) { code_file(codec, file); });
}

tl::unexpected<Error> broken(const fs::path& path, std::string problem) {
  return fail(ErrorCode::invalid_data, std::move(problem), path.string(), "build the index again");
}

/// True for the names that builds give to their files.
bool is_ours(const std::string& name) {
  const auto spelled = [&](std::string_view begin, std::string_view end) {
    return name.starts_with(begin) && name.ends_with(end);
  };
  return spelled("segment-", ".seg") || spelled("dictionary-", ".dict") ||
         spelled("manifest.", ".tmp") || spelled("rows.", ".tmp");
}

}  // namespace

std::int64_t Manifest::bytes() const {
  std::uint64_t total = 0;
  for (const SegmentEntry& segment : segments) total += segment.file.size;
  for (const FileEntry& file : dictionaries) total += file.size;
  return static_cast<std::int64_t>(total);
}

Result<Manifest> read_manifest(const fs::path& folder) {
  const fs::path path = folder / kName;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return fail(ErrorCode::unavailable, "there is no event index in the folder", folder.string(),
                "build the index first");
  }
  ASSAY_TRY(const std::string content, read_file(path));
  if (content.size() < kHeadBytes || !content.starts_with(kMagic)) {
    return broken(path, "the manifest of the event index is not one");
  }
  std::uint32_t version = 0;
  std::uint32_t zero = 0;
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;
  Reader head(std::string_view(content).substr(kMagic.size(), kHeadBytes - kMagic.size()));
  head.number(version);
  head.number(zero);
  head.number(size);
  head.number(checksum);
  if (version != kFormatVersion) {
    return broken(path, fmt::format("the event index has format version {}; this program reads {}",
                                    version, kFormatVersion));
  }
  const std::string_view payload = std::string_view(content).substr(kHeadBytes);
  if (zero != 0 || size != payload.size() || checksum != hash_text(payload)) {
    return broken(path, "the manifest of the event index is corrupted");
  }
  Manifest manifest;
  Reader reader(payload);
  code_manifest(reader, manifest);
  if (!reader.all_read()) return broken(path, "the manifest of the event index is corrupted");
  return manifest;
}

Result<void> write_manifest(const fs::path& folder, const Manifest& manifest) {
  Writer payload;
  code_manifest(payload, manifest);
  Writer file;
  file.content = kMagic;
  file.number(kFormatVersion);
  file.number(std::uint32_t{0});
  file.number(static_cast<std::uint64_t>(payload.content.size()));
  file.number(hash_text(payload.content));
  file.content += payload.content;
  ASSAY_CHECK(sync_folder(folder));  // The files that it names must be there before it is.
  ASSAY_CHECK(write_file(folder / kName, file.content));
  return sync_folder(folder);
}

void remove_leftovers(const fs::path& folder) {
  const Result<Manifest> manifest = read_manifest(folder);
  std::error_code unsure;
  if (!manifest && (fs::exists(folder / kName, unsure) || unsure)) return;
  std::set<std::string> named;
  if (manifest) {
    for (const SegmentEntry& segment : manifest->segments) named.insert(segment.file.name);
    for (const FileEntry& file : manifest->dictionaries) named.insert(file.name);
  }
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (is_ours(name) && !named.contains(name)) fs::remove(entry.path(), ignored);
  }
}

std::uint64_t next_generation(const fs::path& folder) {
  const Result<Manifest> manifest = read_manifest(folder);
  std::uint64_t reached = manifest ? manifest->generation : 0;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    unsigned long long number = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "segment-%llu", &number) == 1 ||
        std::sscanf(name.c_str(), "dictionary-%llu", &number) == 1) {
      reached = std::max<std::uint64_t>(reached, number);
    }
  }
  return reached + 1;
}

}  // namespace assay::events::detail
