#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/events/detail/block_pool.hpp"
#include "assay/events/detail/file_io.hpp"

namespace assay::events::detail {

/// Where some rows of a chunk go: `count` rows, from position `first` of the chunk's order on,
/// to row `row` of a block.
struct Burst {
  std::byte* block = nullptr;
  std::uint32_t row = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// Rows in order of arrival, split by partition, column by column in blocks; what does not fit
/// in memory waits in an unnamed file. Beside its columns of fixed width a row may have a text.
class RowStore {
 public:
  struct Options {
    std::filesystem::path folder;     ///< For the temporary file.
    std::vector<std::size_t> widths;  ///< Bytes of each column: 2, 4 or 8.
    bool texts = false;
    std::size_t partitions = 1;
    std::size_t memory_bytes = 0;
  };

  /// The least memory that such a store can work with.
  static std::size_t least_memory_bytes(const Options& options);

  explicit RowStore(Options options);

  /// Makes room for counts[p] more rows of each partition (in order of partition) and fills
  /// `bursts` with the places. `text_bytes` is the size of all their texts.
  /// Fails with unavailable (disk full, no memory).
  Result<void> place(std::span<const std::uint32_t> counts, std::size_t text_bytes,
                     std::vector<Burst>& bursts);

  /// The column of a block, to be written at Burst::row.
  template <class T>
  T* column(std::byte* block, std::size_t column) const {
    return reinterpret_cast<T*>(block + rows_per_block_ * column_starts_[column]);
  }

  /// Appends the text of the partition's next row.
  Result<void> append_text(std::size_t partition, std::string_view text);

  /// Memory that something else took out of this store's share.
  void set_memory(std::size_t memory_bytes) { pool_->set_limit(memory_bytes); }

  /// Moves everything to the temporary file and returns the memory.
  Result<void> spill_all();

  [[nodiscard]] std::uint64_t rows(std::size_t partition) const {
    return partitions_[partition].rows;
  }
  [[nodiscard]] std::uint64_t text_bytes(std::size_t partition) const {
    return partitions_[partition].text_bytes;
  }
  [[nodiscard]] std::size_t memory_in_use() const { return pool_->bytes_in_use(); }
  [[nodiscard]] std::uint64_t spilled_bytes() const { return spilled_bytes_; }

  /// Copies a column or the texts of a partition, in order of arrival. Thread-safe.
  [[nodiscard]] Result<void> load(std::size_t partition, std::size_t column,
                                  std::span<std::byte> to) const;
  [[nodiscard]] Result<void> load_texts(std::size_t partition, std::span<std::byte> to) const;

 private:
  struct Block {
    std::byte* memory = nullptr;  ///< nullptr: at `offset` of the temporary file.
    std::uint64_t offset = 0;
    std::uint32_t used = 0;  ///< Rows, or bytes of texts.
  };
  struct Partition {
    std::vector<Block> blocks;
    std::vector<Block> text_blocks;
    std::uint64_t rows = 0;
    std::uint64_t text_bytes = 0;
  };

  static std::size_t row_bytes(const Options& options);
  Result<void> spill(bool also_partly_filled);
  Result<void> spill_block(Block& block);
  Result<Block*> open_block(std::vector<Block>& blocks, std::uint32_t capacity);

  Options options_;
  std::size_t rows_per_block_;
  std::vector<std::size_t> column_starts_;  ///< Bytes of a row before the column.
  std::unique_ptr<BlockPool> pool_;
  std::vector<Partition> partitions_;
  std::optional<OutputFile> file_;
  std::uint64_t spilled_bytes_ = 0;
};

}  // namespace assay::events::detail
