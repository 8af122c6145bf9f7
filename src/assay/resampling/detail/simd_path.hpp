#pragma once

#include <cstdint>

namespace assay::resampling::detail {

/// Which instructions a kernel uses. All paths give the same bits: integer arithmetic, or the
/// same additions of doubles in the same order.
enum class SimdPath : std::uint8_t { portable, avx2, avx512 };

/// The best path of this processor, found at run time.
SimdPath best_simd_path();

/// True when this processor can run the path.
bool runs(SimdPath path);

}  // namespace assay::resampling::detail
