#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "assay/resampling/detail/lanes.hpp"
#include "assay/resampling/detail/simd_path.hpp"

namespace assay::resampling::detail {

/// Units of one call of the kernel: weights and one variable's limbs fit the first-level cache.
inline constexpr std::size_t kBlockUnits = 4096;

/// One variable of one block: 45-bit integers cut into three 15-bit limbs,
/// value = high * 2^30 + middle * 2^15 + low, so that sums of weight * value are exact integers
/// and need only 16-bit multiplications.
struct alignas(64) LimbBlock {
  std::array<std::int16_t, kBlockUnits> low;
  std::array<std::int16_t, kBlockUnits> middle;
  std::array<std::int16_t, kBlockUnits> high;
};

struct alignas(64) WeightBlock {
  std::array<std::int16_t, kBlockUnits> weight;
};

/// Cuts |value| < 2^44 into the limbs of unit i.
void set_limbs(LimbBlock& block, std::size_t i, std::int64_t value);

/// The two loops of the Poisson bootstrap, for one instruction set.
struct PoissonKernel {
  /// Draws kBlockUnits independent Poisson(1) weights and moves the lanes on. Distribution: exact
  /// to 2^-64 (a random byte decides 253 times of 256, 64 more bits decide the rest; weights
  /// above 21, probability 3e-22, count as 21).
  void (*weights)(Lanes& lanes, WeightBlock& out);
  /// Sum over the block of weight * value.
  std::int64_t (*weighted_sum)(const WeightBlock& weights, const LimbBlock& values);
  /// Sum of the weights.
  std::int64_t (*total)(const WeightBlock& weights);
};

/// Assumes runs(path).
PoissonKernel poisson_kernel(SimdPath path);

}  // namespace assay::resampling::detail
