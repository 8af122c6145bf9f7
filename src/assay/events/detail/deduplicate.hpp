#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace assay::events::detail {

/// The events of one unit in order of time, as deduplication sees them. `ingest` is empty when
/// there is no ingest time. A key of 0 is never a duplicate.
struct UnitEvents {
  std::span<const std::int64_t> time;
  std::span<const std::uint64_t> key;
  std::span<const std::int64_t> ingest;
  std::span<const std::uint32_t> arrival;
};

/// Applies DedupPolicy to one unit after the other. Not thread-safe.
class Deduplicator {
 public:
  explicit Deduplicator(std::int64_t within_us) : within_us_(within_us) {}

  /// Marks with 1 in `dropped` (as long as the events) what is a duplicate; returns how many.
  std::size_t unit(const UnitEvents& events, std::span<std::uint8_t> dropped);

  /// The same when events already kept are there, each before every new one in arrival.
  /// `displaced` is set when a new event would have displaced a kept one.
  std::size_t unit(const UnitEvents& events, std::span<const UnitEvents> kept,
                   std::span<std::uint8_t> dropped, bool& displaced);

 private:
  struct Slot {
    std::uint32_t epoch = 0;  ///< Of the unit that filled it.
    std::uint32_t last = 0;   ///< Latest event in time with this key.
    std::uint32_t kept = 0;   ///< Latest such event that stays.
  };
  struct Record {
    std::uint64_t key;
    std::int64_t ingest;
    std::uint64_t arrival;
    std::int64_t time;
    std::uint32_t position;
    bool kept_before;
  };

  bool in_one_pass(const UnitEvents& events, std::span<std::uint8_t> dropped,
                   std::size_t& duplicates);
  std::size_t by_groups(std::span<std::uint8_t> dropped, bool& displaced);
  std::size_t one_group(std::span<const Record> group, std::span<std::uint8_t> dropped,
                        bool& displaced);
  [[nodiscard]] bool near(std::int64_t a, std::int64_t b) const;

  std::int64_t within_us_;
  std::vector<Slot> slots_;
  std::uint32_t epoch_ = 0;
  std::vector<Record> records_;
};

}  // namespace assay::events::detail
