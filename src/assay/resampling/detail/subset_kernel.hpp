#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "assay/resampling/detail/lanes.hpp"
#include "assay/resampling/detail/simd_path.hpp"

namespace assay::resampling::detail {

/// Units of one word of an assignment mask, and variables of one panel of columns.
inline constexpr std::size_t kWordUnits = 64;
inline constexpr std::size_t kPanel = 16;

/// 64 units x 16 columns, unit by unit.
struct alignas(64) Tile {
  std::array<double, kWordUnits * kPanel> value;
};

/// The sums of all 16 subsets of each of 16 groups of 4 units, 16 columns each: what a mask word
/// adds to a total is then one row a group, whatever the draw. ("Method of four Russians".)
struct alignas(64) SubsetTable {
  std::array<double, (kWordUnits / 4) * 16 * kPanel> sum;
};

struct SubsetKernel {
  void (*build)(const Tile& tile, SubsetTable& table);
  /// Adds to totals[d] (16 doubles) the sums over the units set in words[d], d below n.
  void (*add)(const SubsetTable& table, const std::uint64_t* words, std::size_t n, double* totals);
  /// Eight words of independent bits, each set with probability threshold / 2^32.
  void (*bits)(Lanes& lanes, std::uint32_t threshold, std::uint64_t* eight_words);
};

/// Assumes runs(path). Every path gives the same bits: the same additions in the same order.
SubsetKernel subset_kernel(SimdPath path);

}  // namespace assay::resampling::detail
