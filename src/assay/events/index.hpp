#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/events/schema.hpp"
#include "assay/frame/table.hpp"

namespace assay::events {

/// How a missing value stands in the arrays of the index.
inline constexpr std::int64_t kNullInt = INT64_MIN;  ///< boolean, int64, time_us.
inline constexpr std::uint32_t kNullCode = 0;        ///< text; for float64 it is NaN.

/// Distinct texts of one column. Code 0 is the missing value and reads as "".
class Dictionary {
 public:
  virtual ~Dictionary() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;  ///< Including code 0.
  [[nodiscard]] virtual std::string_view at(std::uint32_t code) const = 0;
  [[nodiscard]] virtual std::optional<std::uint32_t> find(std::string_view text) const = 0;
};

/// One property of a partition; only the span of its type is filled.
struct PropertyView {
  frame::Type type = frame::Type::int64;
  std::span<const std::int64_t> ints;    ///< boolean, int64, time_us; kNullInt: missing.
  std::span<const double> doubles;       ///< float64; NaN: missing.
  std::span<const std::uint32_t> codes;  ///< text; kNullCode: missing.
};

/// The events of some units, sorted by (unit, time, sequence, arrival).
/// Events of unit u are [offsets[u], offsets[u + 1]); a unit may have none.
struct PartitionView {
  std::span<const std::uint32_t> offsets;  ///< units + 1 entries.
  std::span<const TimeUs> time;
  std::span<const std::uint16_t> event;  ///< Code of the event name; 0: missing.
  std::vector<PropertyView> properties;  ///< In the order asked for.

  [[nodiscard]] std::size_t units() const { return offsets.size() - 1; }
};

/// Memory that a partition of several segments is merged into; one per thread, reused.
struct MergeSpace {
  std::vector<std::uint32_t> offsets;
  std::vector<TimeUs> time;
  std::vector<std::uint16_t> event;
  std::vector<std::vector<std::int64_t>> ints;
  std::vector<std::vector<double>> doubles;
  std::vector<std::vector<std::uint32_t>> codes;
};

/// The user-sorted event index: a derived, rebuildable cache beside the data.
///
/// Events are partitioned by hash of the unit and, inside a partition, sorted by (unit, time,
/// sequence, arrival); every property is one array; all of it is memory-mapped. New events come
/// as further segments that are merged on reading until `compact` merges them for good.
/// Opening checks format version, sizes, header checksums and small dictionaries; `verify` reads
/// every byte.
/// Immutable and safe to read from any number of threads.
class Index {
 public:
  /// Fails with unavailable (nothing there) or invalid_data (truncated, corrupted, or written by
  /// another format version; says which file).
  static Result<Index> open(const std::filesystem::path& folder);

  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;
  ~Index();

  [[nodiscard]] const std::vector<Property>& properties() const;
  [[nodiscard]] std::optional<std::size_t> find_property(std::string_view name) const;

  /// Names of events; code 0 is the missing name.
  [[nodiscard]] const Dictionary& event_names() const;

  /// Values of a text property. Assumes properties()[property].type is text.
  [[nodiscard]] const Dictionary& dictionary(std::size_t property) const;

  [[nodiscard]] std::size_t partitions() const;
  [[nodiscard]] std::int64_t events() const;
  [[nodiscard]] std::int64_t units() const;
  [[nodiscard]] TimeRange time_range() const;  ///< [first event, last event + 1 microsecond).

  /// What the index was built from: fingerprint of sources and policy.
  [[nodiscard]] const std::string& fingerprint() const;
  [[nodiscard]] const std::vector<Source>& sources() const;
  [[nodiscard]] const Schema& schema() const;
  [[nodiscard]] const RowCounts& counts() const;  ///< Of everything that went in.
  [[nodiscard]] std::size_t segments() const;
  [[nodiscard]] std::int64_t bytes() const;  ///< On disk.

  /// The events of a partition with the properties asked for. A single segment is viewed in
  /// place; several are merged into `space`, which must outlive the view.
  [[nodiscard]] PartitionView partition(std::size_t partition,
                                        std::span<const std::size_t> properties,
                                        MergeSpace& space) const;

  /// The key of a unit as text (integers in decimal).
  [[nodiscard]] std::string unit_key(std::size_t partition, std::size_t unit) const;

  /// Reads every byte and compares the checksums. Fails with invalid_data naming the file.
  [[nodiscard]] Result<void> verify() const;

 private:
  struct State;
  explicit Index(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay::events
