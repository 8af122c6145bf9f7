#include "assay/events/detail/segment.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "assay/base/hash.hpp"

namespace assay::events::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kAlignment = 64;  ///< A cache line.

struct Header {
  std::array<char, 8> magic{'A', 'S', 'S', 'A', 'Y', 'S', 'E', 'G'};
  std::uint64_t version = kFormatVersion;
  std::uint64_t partitions = 0;
  std::uint64_t slots = 0;
  std::array<std::uint64_t, 4> zero{};
};
static_assert(sizeof(Header) == kAlignment);

std::uint64_t aligned(std::uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

Layout::Layout(const Schema& schema) : text_units_(schema.unit.type == frame::Type::text) {
  const bool dedup = !schema.dedup.keys.empty();
  widths_ = {4, 8, 1, 8, 2, 8, 8, 8};
  per_event_ = {false,
                false,
                false,
                true,
                true,
                !schema.sequence.empty(),
                dedup && !schema.ingest_time.empty(),
                dedup};
  for (const Property& property : schema.properties) {
    widths_.push_back(property.type == frame::Type::text ? 4 : 8);
    per_event_.push_back(true);
  }
}

Segment::Segment(fs::path path, MappedFile file) : path_(std::move(path)), file_(std::move(file)) {}

tl::unexpected<Error> Segment::corrupted() const {
  return fail(ErrorCode::invalid_data, "a segment of the event index is corrupted", path_.string(),
              "build the index again");
}

Result<Segment> Segment::open(const fs::path& folder, const SegmentEntry& entry,
                              std::size_t partitions, const Layout& layout) {
  const fs::path path = folder / entry.file.name;
  ASSAY_TRY(MappedFile file, MappedFile::open(path, entry.file.size));
  Segment segment(path, std::move(file));
  ASSAY_CHECK(segment.check_directory(entry, partitions, layout));
  const std::byte* start = segment.file_.bytes().data() + entry.file.head_offset;
  segment.directory_ = {reinterpret_cast<const ArrayEntry*>(start), partitions * layout.slots()};
  segment.slots_ = layout.slots();
  std::int64_t events = 0;
  for (std::size_t p = 0; p < partitions; ++p) {
    ASSAY_CHECK(segment.check_partition(p, layout));
    events += static_cast<std::int64_t>(segment.events(p));
  }
  if (events != entry.events) return segment.corrupted();
  return segment;
}

Result<void> Segment::check_directory(const SegmentEntry& entry, std::size_t partitions,
                                      const Layout& layout) const {
  const FileEntry& at = entry.file;
  Header header;
  header.partitions = partitions;
  header.slots = layout.slots();
  const bool fits = at.head_size == partitions * layout.slots() * sizeof(ArrayEntry) &&
                    at.head_offset % kAlignment == 0 && at.head_offset >= sizeof header &&
                    at.head_offset <= at.size && at.head_size == at.size - at.head_offset;
  const Bytes all = file_.bytes();
  if (!fits || std::memcmp(all.data(), &header, sizeof header) != 0 ||
      hash_bytes(all.subspan(at.head_offset, at.head_size)) != at.head_checksum) {
    return corrupted();
  }
  return {};
}

Result<void> Segment::check_partition(std::size_t partition, const Layout& layout) const {
  const std::uint64_t rows = directory_[partition * slots_ + kTime].bytes / 8;
  for (std::size_t slot = 0; slot < slots_; ++slot) {
    const ArrayEntry& at = directory_[partition * slots_ + slot];
    const std::uint64_t size = file_.bytes().size();
    if (at.offset % kAlignment != 0 || at.offset > size || at.bytes > size - at.offset ||
        at.bytes % layout.width(slot) != 0) {
      return corrupted();
    }
    const std::uint64_t wanted = layout.per_event(slot) ? rows * layout.width(slot) : 0;
    if (slot >= kTime && at.bytes != wanted) return corrupted();
  }
  const ArrayEntry& at = directory_[partition * slots_ + kOffsets];
  const auto offsets = array<std::uint32_t>(partition, kOffsets);
  if (offsets.empty() || hash_bytes(bytes(partition, kOffsets)) != at.checksum ||
      offsets.front() != 0 || offsets.back() != rows ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    return corrupted();
  }
  return {};
}

Bytes Segment::bytes(std::size_t partition, std::size_t slot) const {
  const ArrayEntry& at = directory_[partition * slots_ + slot];
  return file_.bytes().subspan(at.offset, at.bytes);
}

std::size_t Segment::units(std::size_t partition) const {
  return directory_[partition * slots_ + kOffsets].bytes / sizeof(std::uint32_t) - 1;
}

std::size_t Segment::events(std::size_t partition) const {
  return directory_[partition * slots_ + kTime].bytes / sizeof(std::int64_t);
}

Result<void> Segment::verify() const {
  std::uint64_t end = sizeof(Header);
  for (const ArrayEntry& at : directory_) {
    const Bytes content = file_.bytes().subspan(at.offset, at.bytes);
    if (at.offset < end || !all_zero(file_.bytes().subspan(end, at.offset - end)) ||
        hash_bytes(content) != at.checksum) {
      return corrupted();
    }
    end = at.offset + at.bytes;
  }
  const auto* directory = reinterpret_cast<const std::byte*>(directory_.data());
  const auto rest = static_cast<std::uint64_t>(directory - file_.bytes().data());
  if (!all_zero(file_.bytes().subspan(end, rest - end))) return corrupted();
  return {};
}

SegmentWriter::SegmentWriter(OutputFile file, std::string name, std::size_t partitions,
                             std::size_t slots)
    : file_(std::move(file)),
      name_(std::move(name)),
      slots_(slots),
      directory_(partitions * slots),
      turn_(std::make_unique<Turn>()) {
  turn_->end = sizeof(Header);
}

Result<SegmentWriter> SegmentWriter::create(const fs::path& folder, const std::string& name,
                                            std::size_t partitions, const Layout& layout) {
  ASSAY_TRY(OutputFile file, OutputFile::create(folder / name));
  return SegmentWriter(std::move(file), name, partitions, layout.slots());
}

Result<void> SegmentWriter::reserve(std::size_t partition,
                                    std::span<const std::uint64_t> bytes_of_slot) {
  std::unique_lock hold(turn_->mutex);
  turn_->moved.wait(hold, [&] { return turn_->abandoned || turn_->next_partition == partition; });
  if (turn_->abandoned) {
    return fail(ErrorCode::interrupted, "another part of the build failed");
  }
  for (std::size_t slot = 0; slot < slots_; ++slot) {
    ArrayEntry& at = directory_[partition * slots_ + slot];
    at.offset = aligned(turn_->end);
    at.bytes = bytes_of_slot[slot];
    at.checksum = hash_bytes({});
    turn_->end = at.offset + at.bytes;
  }
  ++turn_->next_partition;
  turn_->moved.notify_all();
  return {};
}

Result<void> SegmentWriter::write(std::size_t partition, std::size_t slot, Bytes bytes) {
  ArrayEntry& at = directory_[partition * slots_ + slot];
  at.checksum = hash_bytes(bytes);
  return file_.write(at.offset, bytes);
}

void SegmentWriter::abandon() {
  const std::scoped_lock hold(turn_->mutex);
  turn_->abandoned = true;
  turn_->moved.notify_all();
}

Result<FileEntry> SegmentWriter::finish() {
  Header header;
  header.partitions = directory_.size() / slots_;
  header.slots = slots_;
  const Bytes directory = std::as_bytes(std::span(directory_));
  const std::uint64_t offset = aligned(turn_->end);
  ASSAY_CHECK(file_.write(0, std::as_bytes(std::span(&header, 1))));
  ASSAY_CHECK(file_.write(offset, directory));
  ASSAY_CHECK(file_.finish(offset + directory.size()));
  return FileEntry{name_, offset + directory.size(), offset, directory.size(),
                   hash_bytes(directory)};
}

}  // namespace assay::events::detail
