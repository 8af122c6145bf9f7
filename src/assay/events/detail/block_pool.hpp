#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::events::detail {

/// Blocks of one size, cut from large mappings that ask for huge pages: gigabytes of rows are
/// then touched without a page fault every four kilobytes.
class BlockPool {
 public:
  BlockPool(std::size_t block_bytes, std::size_t limit_bytes);
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }
  [[nodiscard]] std::size_t bytes_in_use() const { return in_use_ * block_bytes_; }

  /// Blocks that may still be taken under the limit.
  [[nodiscard]] std::size_t blocks_left() const;
  void set_limit(std::size_t limit_bytes) { limit_bytes_ = limit_bytes; }

  /// A block with any content. Fails with unavailable when the system gives no memory; does not
  /// look at the limit.
  Result<std::byte*> take();
  void give_back(std::byte* block);

  /// Returns all memory to the system; every block dies.
  void clear();

 private:
  std::size_t block_bytes_;
  std::size_t limit_bytes_;
  std::size_t slab_bytes_;
  std::size_t in_use_ = 0;
  std::vector<std::span<std::byte>> slabs_;
  std::span<std::byte> uncut_;  ///< What is left of the last slab.
  std::vector<std::byte*> free_;
};

}  // namespace assay::events::detail
