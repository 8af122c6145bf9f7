#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/events/partitions.hpp"

namespace assay::events {

/// Texts in memory. Code 0 is the missing value.
class MemoryDictionary final : public Dictionary {
 public:
  explicit MemoryDictionary(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  [[nodiscard]] std::size_t size() const override { return texts_.size() + 1; }
  [[nodiscard]] std::string_view at(std::uint32_t code) const override {
    return code == 0 ? std::string_view() : texts_[code - 1];
  }
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const override;

 private:
  std::vector<std::string> texts_;
};

/// One event of a log as tests write it.
struct LoggedEvent {
  TimeUs time = 0;
  std::uint16_t event = 0;
  std::vector<std::int64_t> ints;    ///< Of the int64 and boolean properties, in order.
  std::vector<double> doubles;       ///< Of the float64 properties.
  std::vector<std::uint32_t> codes;  ///< Of the text properties.
};

/// Events of some units in memory, for tests and benchmarks: what an index would hand out.
/// Units are dealt to the partitions in turn; the events of a unit are sorted by time, equal
/// times in the order given.
class MemoryLog final : public Partitions {
 public:
  using Units = std::vector<std::vector<LoggedEvent>>;

  MemoryLog(std::vector<frame::Type> types, std::size_t partitions);
  MemoryLog(std::vector<frame::Type> types, std::size_t partitions, const Units& units);

  /// Adds a unit to partition (number of units so far) % partitions.
  void add(std::vector<LoggedEvent> events);

  [[nodiscard]] std::size_t count() const override { return parts_.size(); }
  [[nodiscard]] PartitionView view(std::size_t partition, std::span<const std::size_t> properties,
                                   MergeSpace& space) const override;

  [[nodiscard]] TimeRange time_range() const { return range_; }

 private:
  struct Part {
    std::vector<std::uint32_t> offsets{0};
    std::vector<TimeUs> time;
    std::vector<std::uint16_t> event;
    std::vector<std::vector<std::int64_t>> ints;  ///< [property]; those of other types are empty.
    std::vector<std::vector<double>> doubles;
    std::vector<std::vector<std::uint32_t>> codes;
  };
  std::vector<frame::Type> types_;
  std::vector<Part> parts_;
  std::size_t units_ = 0;
  TimeRange range_;
};

}  // namespace assay::events
