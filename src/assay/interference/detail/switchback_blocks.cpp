#include "assay/interference/detail/switchback_blocks.hpp"

#include <fmt/core.h>

#include <set>

#include "assay/interference/detail/naive.hpp"

namespace assay::interference::detail {

Result<std::vector<Block>> blocks_of(const SwitchbackData& data) {
  ASSAY_CHECK(check_rows(data.value, data.arm));
  const std::size_t n = data.value.size();
  if (data.block.size() != n || (!data.region.empty() && data.region.size() != n))
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} periods need as many blocks (and regions, if any); got {} and {}",
                            n, data.block.size(), data.region.size()));
  std::vector<Block> out;
  std::set<std::int64_t> numbers;
  std::set<std::int32_t> regions;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t region = data.region.empty() ? 0 : data.region[i];
    const bool new_region = i == 0 || region != out.back().region;
    if (new_region && !regions.insert(region).second)
      return fail(ErrorCode::invalid_data, "periods must be ordered by region, then time",
                  fmt::format("row {}", i + 1));
    if (i > 0 && !new_region && data.block[i] == data.block[i - 1]) {
      if (data.arm[i] != out.back().arm)
        return fail(ErrorCode::invalid_data, fmt::format("block {} has both arms", data.block[i]),
                    fmt::format("row {}", i + 1), "a block is what shared one coin");
      ++out.back().size;
      continue;
    }
    if (!numbers.insert(data.block[i]).second)
      return fail(ErrorCode::invalid_data,
                  fmt::format("block {} comes back or crosses regions", data.block[i]),
                  fmt::format("row {}", i + 1), "number the blocks of all regions apart");
    out.push_back({i, 1, region, data.arm[i], !new_region});
  }
  if (out.size() < 4)
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("{} blocks are too few: each is one coin, and four is the least", out.size()),
        "", "switch more often or run longer");
  return out;
}

std::vector<Window> windows_of(const std::vector<Block>& blocks, int carry_over) {
  std::vector<Window> out;
  const auto m = static_cast<std::size_t>(carry_over);
  std::size_t region_start = 0;
  std::size_t oldest = 0;  // Block of the row m before the one at hand.
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    if (!blocks[b].follows) {
      region_start = blocks[b].first;
      oldest = b;
    }
    for (std::size_t row = blocks[b].first; row < blocks[b].first + blocks[b].size; ++row) {
      if (row < region_start + m) continue;
      while (blocks[oldest].first + blocks[oldest].size <= row - m) ++oldest;
      out.push_back({row, oldest, b});
    }
  }
  return out;
}

}  // namespace assay::interference::detail
