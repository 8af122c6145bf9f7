#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/events/detail/interner.hpp"
#include "assay/events/detail/row_columns.hpp"
#include "assay/events/detail/row_store.hpp"
#include "assay/events/schema.hpp"
#include "assay/frame/table.hpp"

namespace assay::events::detail {

/// Takes batches apart: checks them, counts what is left out, replaces texts by codes and hands
/// each row to its partition, in bursts that keep the caches warm.
class Intake {
 public:
  Intake(const Schema& schema, const Layout& layout, std::size_t partitions);

  /// The dictionaries, event names first; to be filled before the first batch when extending.
  [[nodiscard]] std::vector<Interner>& dictionaries() { return dictionaries_; }
  [[nodiscard]] const std::vector<Interner>& dictionaries() const { return dictionaries_; }
  [[nodiscard]] std::size_t partitions() const { return partitions_; }
  [[nodiscard]] std::size_t dictionary_bytes() const;

  /// The text column with the most distinct values.
  [[nodiscard]] const std::string& largest_column() const;

  /// Rows read and left out so far; `events` are those stored.
  [[nodiscard]] const RowCounts& counts() const { return counts_; }

  Result<void> add(const frame::BatchView& batch, RowStore& store);

 private:
  /// Rows of a batch that are handled together.
  struct Chunk {
    const frame::BatchView* batch;
    std::size_t begin;
    std::size_t rows;
    [[nodiscard]] const frame::ColumnView& column(std::size_t position) const {
      return batch->columns[position];
    }
  };
  /// Where the values of a slot come from.
  struct Origin {
    std::size_t slot;
    std::size_t column;  ///< Of the batch.
    frame::Type type;
    std::size_t dictionary;  ///< Of a text.
  };

  [[nodiscard]] Result<void> check_batch(const frame::BatchView& batch) const;
  Result<void> add_chunk(const Chunk& chunk, RowStore& store);
  void choose_partitions(const Chunk& chunk);
  void leave_out(const Chunk& chunk);
  void order_by_partition(std::size_t rows);
  Result<void> store_units(const Chunk& chunk, RowStore& store);
  void store_key_hashes(const Chunk& chunk, const RowStore& store);
  Result<void> store_texts(const Chunk& chunk, const Origin& origin, const RowStore& store);
  void store_numbers(const Chunk& chunk, const Origin& origin, const RowStore& store);
  void mix_key(const Chunk& chunk, const Property& key, std::size_t column);

  template <class To, class From>
  void scatter(const From* from, std::size_t slot, const RowStore& store) const;

  Schema schema_;
  std::vector<Property> expected_;  ///< Columns of a batch.
  RowColumns columns_;
  std::size_t partitions_;
  bool text_units_;
  std::vector<Origin> origins_;  ///< All slots but units and key hashes.
  std::size_t ingest_column_ = 0;
  std::vector<std::size_t> key_columns_;
  std::vector<Interner> dictionaries_;
  std::vector<std::string> dictionary_names_;
  RowCounts counts_;

  // One value a row of the chunk.
  std::vector<std::uint64_t> hash_;
  std::vector<std::uint16_t> partition_;  ///< partitions_: left out.
  std::vector<std::uint64_t> words_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::uint8_t> missing_;
  std::vector<std::uint16_t> order_;  ///< Rows by partition.
  std::vector<std::uint32_t> rows_of_partition_;
  std::vector<std::uint32_t> next_;
  std::vector<Burst> bursts_;
};

}  // namespace assay::events::detail
