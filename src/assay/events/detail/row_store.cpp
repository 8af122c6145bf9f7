#include "assay/events/detail/row_store.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace assay::events::detail {
namespace {

constexpr std::size_t kFewestRows = 64;  ///< Keeps every column of a block aligned.
constexpr std::size_t kMostRows = 4096;

}  // namespace

std::size_t RowStore::row_bytes(const Options& options) {
  return std::accumulate(options.widths.begin(), options.widths.end(), std::size_t{0});
}

std::size_t RowStore::least_memory_bytes(const Options& options) {
  const std::size_t kinds = options.texts ? 2 : 1;
  return 4 * options.partitions * kinds * kFewestRows * row_bytes(options);
}

RowStore::RowStore(Options options) : options_(std::move(options)) {
  // A quarter of the memory may stand in blocks that are not yet full.
  const std::size_t kinds = options_.texts ? 2 : 1;
  const std::size_t share = options_.memory_bytes / (4 * options_.partitions * kinds);
  const std::size_t bytes = std::max<std::size_t>(1, row_bytes(options_));
  const std::size_t rows = share / bytes / kFewestRows * kFewestRows;
  rows_per_block_ = std::clamp(rows, kFewestRows, kMostRows);
  std::size_t start = 0;
  for (const std::size_t width : options_.widths) {
    column_starts_.push_back(start);
    start += width;
  }
  pool_ = std::make_unique<BlockPool>(rows_per_block_ * start, options_.memory_bytes);
  partitions_.resize(options_.partitions);
}

Result<RowStore::Block*> RowStore::open_block(std::vector<Block>& blocks, std::uint32_t capacity) {
  if (blocks.empty() || blocks.back().memory == nullptr || blocks.back().used == capacity) {
    ASSAY_TRY(std::byte * memory, pool_->take());
    blocks.push_back({memory, 0, 0});
  }
  return &blocks.back();
}

Result<void> RowStore::place(std::span<const std::uint32_t> counts, std::size_t text_bytes,
                             std::vector<Burst>& bursts) {
  // Room first: a block must not be spilled between its place being given and it being written.
  std::size_t wanted = options_.texts ? counts.size() + text_bytes / pool_->block_bytes() : 0;
  for (const std::uint32_t count : counts)
    wanted += (count + rows_per_block_ - 1) / rows_per_block_;
  if (pool_->blocks_left() < wanted) ASSAY_CHECK(spill(false));

  bursts.clear();
  const auto capacity = static_cast<std::uint32_t>(rows_per_block_);
  std::uint32_t first = 0;
  for (std::size_t p = 0; p < counts.size(); ++p) {
    partitions_[p].rows += counts[p];
    for (std::uint32_t left = counts[p]; left > 0;) {
      ASSAY_TRY(Block * block, open_block(partitions_[p].blocks, capacity));
      const std::uint32_t count = std::min(left, capacity - block->used);
      bursts.push_back({block->memory, block->used, first, count});
      block->used += count;
      first += count;
      left -= count;
    }
  }
  return {};
}

Result<void> RowStore::append_text(std::size_t partition, std::string_view text) {
  const auto capacity = static_cast<std::uint32_t>(pool_->block_bytes());
  partitions_[partition].text_bytes += text.size();
  while (!text.empty()) {
    ASSAY_TRY(Block * block, open_block(partitions_[partition].text_blocks, capacity));
    const std::size_t size = std::min<std::size_t>(text.size(), capacity - block->used);
    std::memcpy(block->memory + block->used, text.data(), size);
    block->used += static_cast<std::uint32_t>(size);
    text.remove_prefix(size);
  }
  return {};
}

Result<void> RowStore::spill_block(Block& block) {
  if (!file_) {
    ASSAY_TRY(file_, OutputFile::create_unnamed(options_.folder));
  }
  const std::size_t size = pool_->block_bytes();
  ASSAY_CHECK(file_->write(spilled_bytes_, Bytes(block.memory, size)));
  block.offset = spilled_bytes_;
  spilled_bytes_ += size;
  pool_->give_back(block.memory);
  block.memory = nullptr;
  return {};
}

Result<void> RowStore::spill(bool also_partly_filled) {
  const auto spill_list = [&](std::vector<Block>& blocks, std::size_t capacity) -> Result<void> {
    // The last block is the only one that may be partly filled; spilled ones come first.
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      if (block->memory == nullptr) break;
      if (!also_partly_filled && block->used < capacity) continue;
      ASSAY_CHECK(spill_block(*block));
    }
    return {};
  };
  for (Partition& partition : partitions_) {
    ASSAY_CHECK(spill_list(partition.blocks, rows_per_block_));
    ASSAY_CHECK(spill_list(partition.text_blocks, pool_->block_bytes()));
  }
  return {};
}

Result<void> RowStore::spill_all() {
  ASSAY_CHECK(spill(true));
  pool_->clear();
  return {};
}

Result<void> RowStore::load(std::size_t partition, std::size_t column,
                            std::span<std::byte> to) const {
  const std::size_t start = rows_per_block_ * column_starts_[column];
  for (const Block& block : partitions_[partition].blocks) {
    const std::size_t size = block.used * options_.widths[column];
    if (block.memory != nullptr) {
      std::memcpy(to.data(), block.memory + start, size);
    } else {
      ASSAY_CHECK(file_->read(block.offset + start, to.first(size)));
    }
    to = to.subspan(size);
  }
  return {};
}

Result<void> RowStore::load_texts(std::size_t partition, std::span<std::byte> to) const {
  for (const Block& block : partitions_[partition].text_blocks) {
    if (block.memory != nullptr) {
      std::memcpy(to.data(), block.memory, block.used);
    } else {
      ASSAY_CHECK(file_->read(block.offset, to.first(block.used)));
    }
    to = to.subspan(block.used);
  }
  return {};
}

}  // namespace assay::events::detail
