#include "assay/events/detail/block_pool.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "assay/base/file.hpp"

namespace assay::events::detail {
namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21;
constexpr std::size_t kLargestSlab = std::size_t{1} << 25;

std::size_t slab_size(std::size_t block_bytes, std::size_t limit_bytes) {
  const std::size_t wanted = std::clamp(limit_bytes / 16, block_bytes, kLargestSlab);
  const std::size_t page = wanted >= kHugePage ? kHugePage : 4096;
  return (std::max(wanted, block_bytes) + page - 1) / page * page;
}

}  // namespace

BlockPool::BlockPool(std::size_t block_bytes, std::size_t limit_bytes)
    : block_bytes_(block_bytes),
      limit_bytes_(limit_bytes),
      slab_bytes_(slab_size(block_bytes, limit_bytes)) {}

BlockPool::~BlockPool() { clear(); }

std::size_t BlockPool::blocks_left() const {
  const std::size_t used = bytes_in_use();
  return used >= limit_bytes_ ? 0 : (limit_bytes_ - used) / block_bytes_;
}

Result<std::byte*> BlockPool::take() {
  if (free_.empty() && uncut_.size() < block_bytes_) {
    void* place =
        ::mmap(nullptr, slab_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) {
      return fail(ErrorCode::unavailable, "cannot get memory for the build: " + system_message(),
                  "", "give the build a smaller memory limit");
    }
    if (slab_bytes_ >= kHugePage) ::madvise(place, slab_bytes_, MADV_HUGEPAGE);
    uncut_ = {static_cast<std::byte*>(place), slab_bytes_};
    slabs_.push_back(uncut_);
  }
  ++in_use_;
  if (!free_.empty()) {
    std::byte* block = free_.back();
    free_.pop_back();
    return block;
  }
  std::byte* block = uncut_.data();
  uncut_ = uncut_.subspan(block_bytes_);
  return block;
}

void BlockPool::give_back(std::byte* block) {
  free_.push_back(block);
  --in_use_;
}

void BlockPool::clear() {
  for (const std::span<std::byte> slab : slabs_) ::munmap(slab.data(), slab.size());
  slabs_.clear();
  free_.clear();
  uncut_ = {};
  in_use_ = 0;
}

}  // namespace assay::events::detail
