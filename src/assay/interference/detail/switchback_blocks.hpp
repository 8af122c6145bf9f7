#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/interference/switchback.hpp"

namespace assay::interference::detail {

/// A run of periods that shared a coin.
struct Block {
  std::size_t first = 0;  ///< Row.
  std::size_t size = 0;
  std::int32_t region = 0;
  std::uint8_t arm = 0;
  bool follows = false;  ///< Another block of its region stands right before it.
};

/// The blocks in order; checks all that a switchback's rows promise.
Result<std::vector<Block>> blocks_of(const SwitchbackData& data);

/// The window of a period: the blocks that its own and the m periods before it lie in.
struct Window {
  std::size_t row = 0;
  std::size_t first_block = 0;
  std::size_t last_block = 0;
};
std::vector<Window> windows_of(const std::vector<Block>& blocks, int carry_over);

}  // namespace assay::interference::detail
