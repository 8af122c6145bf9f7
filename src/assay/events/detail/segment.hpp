#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/events/detail/file_io.hpp"
#include "assay/events/detail/manifest.hpp"
#include "assay/events/schema.hpp"

namespace assay::events::detail {

/// The arrays that a segment keeps for every partition, in this order; properties follow from
/// kFirstProperty on. An array that the schema does not call for is empty.
enum Slot : std::size_t {
  kOffsets,    ///< uint32, units known so far + 1: events of each unit in this segment.
  kUnitKeys,   ///< New units only: int64 keys; text: uint64 end of each key in kUnitTexts.
  kUnitTexts,  ///< New units only: the keys one after the other.
  kTime,       ///< int64.
  kEvent,      ///< uint16.
  kSequence,   ///< int64.
  kIngest,     ///< int64; kept for deduplication against later events.
  kKeyHash,    ///< uint64; 0: all keys missing.
  kFirstProperty
};

/// What a schema asks of a segment.
class Layout {
 public:
  explicit Layout(const Schema& schema);

  [[nodiscard]] std::size_t slots() const { return widths_.size(); }
  /// Bytes of one value of the slot.
  [[nodiscard]] std::size_t width(std::size_t slot) const { return widths_[slot]; }
  /// True when the slot holds one value an event.
  [[nodiscard]] bool per_event(std::size_t slot) const { return per_event_[slot]; }
  [[nodiscard]] bool text_units() const { return text_units_; }
  [[nodiscard]] bool sequence() const { return per_event_[kSequence]; }
  [[nodiscard]] bool ingest() const { return per_event_[kIngest]; }
  [[nodiscard]] bool dedup() const { return per_event_[kKeyHash]; }

 private:
  std::vector<std::size_t> widths_;
  std::vector<bool> per_event_;
  bool text_units_ = false;
};

/// Where one array of one partition lies in the file.
struct ArrayEntry {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
};

/// One immutable file of events, memory-mapped.
class Segment {
 public:
  /// Checks the directory and the offsets arrays against their checksums and each other, so that
  /// no reader can be led out of an array. Fails with unavailable or invalid_data.
  static Result<Segment> open(const std::filesystem::path& folder, const SegmentEntry& entry,
                              std::size_t partitions, const Layout& layout);

  template <class T>
  [[nodiscard]] std::span<const T> array(std::size_t partition, std::size_t slot) const {
    const Bytes raw = bytes(partition, slot);
    return {reinterpret_cast<const T*>(raw.data()), raw.size() / sizeof(T)};
  }
  [[nodiscard]] Bytes bytes(std::size_t partition, std::size_t slot) const;

  /// Units of the partition known when the segment was written; their events in it.
  [[nodiscard]] std::size_t units(std::size_t partition) const;
  [[nodiscard]] std::size_t events(std::size_t partition) const;

  /// Reads every byte. Fails with invalid_data naming the file.
  [[nodiscard]] Result<void> verify() const;

 private:
  Segment(std::filesystem::path path, MappedFile file);
  [[nodiscard]] Result<void> check_directory(const SegmentEntry& entry, std::size_t partitions,
                                             const Layout& layout) const;
  [[nodiscard]] Result<void> check_partition(std::size_t partition, const Layout& layout) const;
  [[nodiscard]] tl::unexpected<Error> corrupted() const;

  std::filesystem::path path_;
  MappedFile file_;
  std::span<const ArrayEntry> directory_;
  std::size_t slots_ = 0;
};

/// Writes a segment from several threads at once, with the same bytes for any number of them:
/// partitions get their places in the file in order. A worker that takes partitions in order
/// calls `reserve` once for each, then `write` for every array.
class SegmentWriter {
 public:
  static Result<SegmentWriter> create(const std::filesystem::path& folder, const std::string& name,
                                      std::size_t partitions, const Layout& layout);

  /// Waits until all partitions before it are placed. Fails with interrupted once `abandon` was
  /// called.
  Result<void> reserve(std::size_t partition, std::span<const std::uint64_t> bytes_of_slot);

  /// Fails with unavailable (disk full).
  Result<void> write(std::size_t partition, std::size_t slot, Bytes bytes);

  /// Lets no one wait any longer: a partition failed.
  void abandon();

  /// Writes the directory and flushes everything. The file is removed unless `keep` follows.
  Result<FileEntry> finish();
  void keep() { file_.keep(); }

 private:
  struct Turn {
    std::mutex mutex;
    std::condition_variable moved;
    std::size_t next_partition = 0;
    std::uint64_t end = 0;  ///< Of the file so far.
    bool abandoned = false;
  };

  SegmentWriter(OutputFile file, std::string name, std::size_t partitions, std::size_t slots);
  OutputFile file_;
  std::string name_;
  std::size_t slots_;
  std::vector<ArrayEntry> directory_;
  std::unique_ptr<Turn> turn_;
};

}  // namespace assay::events::detail
