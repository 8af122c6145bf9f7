#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/events/detail/deduplicate.hpp"
#include "assay/events/detail/index_files.hpp"
#include "assay/events/detail/row_columns.hpp"
#include "assay/events/detail/row_store.hpp"
#include "assay/events/detail/scratch.hpp"
#include "assay/events/detail/segment.hpp"
#include "assay/events/detail/unit_table.hpp"

namespace assay::events::detail {

/// What became of the rows of one partition.
struct PartitionOutcome {
  std::int64_t events = 0;
  std::int64_t duplicates = 0;
  std::int64_t out_of_order = 0;
  std::int64_t new_units = 0;
  bool displaced = false;  ///< A kept event of an older segment would have to go.
  std::int64_t first_time = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_time = std::numeric_limits<std::int64_t>::min();
};

/// Puts the rows of one partition after another into the order of the index and writes them.
/// One for each thread; its memory is reused.
class PartitionSorter {
 public:
  /// `old` is the index being extended, or nullptr; all must outlive the sorter.
  PartitionSorter(const RowStore& rows, const Layout& layout, const DedupPolicy& dedup,
                  const IndexFiles* old);

  /// Bytes that sorting a partition needs at most, beside its unit tables.
  static std::size_t memory_bytes(const RowStore& rows, std::size_t partition,
                                  const Layout& layout);

  Result<PartitionOutcome> sort_and_write(std::size_t partition, SegmentWriter& writer);

 private:
  Result<void> load_units(std::size_t partition);
  Result<void> load_text_units(std::size_t partition, std::span<const std::uint64_t> hashes);
  void know_old_units(std::size_t partition);
  void order_by_unit();
  Result<void> order_by_time(std::size_t partition, PartitionOutcome& outcome);
  void sort_unit(std::uint32_t begin, std::uint32_t end, PartitionOutcome& outcome);
  Result<void> drop_duplicates(std::size_t partition, PartitionOutcome& outcome);
  void drop_in_unit(std::size_t partition, std::size_t unit, PartitionOutcome& outcome);
  void close_gaps();
  [[nodiscard]] std::vector<std::uint64_t> sizes() const;
  Result<void> write(std::size_t partition, SegmentWriter& writer);
  Result<void> write_units(std::size_t partition, SegmentWriter& writer);

  template <class T>
  Result<std::span<T>> load(std::size_t partition, std::size_t slot);
  template <class T>
  Result<void> gather(std::size_t partition, std::size_t slot, Scratch<T>& to);
  template <class T>
  Result<void> write_gathered(std::size_t partition, std::size_t slot, SegmentWriter& writer);

  const RowStore& rows_;
  const Layout& layout_;
  const IndexFiles* old_;
  RowColumns columns_;
  Deduplicator deduplicator_;

  UnitTable table_;
  std::size_t old_units_ = 0;
  Scratch<std::uint64_t> in_;    ///< A column as it arrived.
  Scratch<std::uint64_t> out_;   ///< A column in order.
  Scratch<std::uint32_t> unit_;  ///< Unit of each row as it arrived.
  std::vector<std::uint32_t> offsets_;
  std::vector<std::uint32_t> next_;                 ///< Where the next row of a unit goes.
  Scratch<std::uint32_t> order_;                    ///< Rows in order.
  Scratch<std::int64_t> time_, sequence_, ingest_;  ///< In order.
  Scratch<std::uint64_t> key_hash_;                 ///< In order.
  Scratch<std::uint8_t> dropped_;                   ///< In order.
  Scratch<std::byte> text_bytes_;
  std::vector<std::string_view> texts_;
  std::vector<std::uint64_t> text_ends_;
  std::vector<char> new_texts_;
  std::vector<UnitEvents> kept_;
  struct Record {
    std::int64_t time;
    std::int64_t sequence;
    std::uint32_t row;
  };
  std::vector<Record> records_;
};

}  // namespace assay::events::detail
