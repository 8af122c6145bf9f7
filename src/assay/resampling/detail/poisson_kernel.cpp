#include "assay/resampling/detail/poisson_kernel.hpp"

#include <bit>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define ASSAY_POISSON_X86 1
#endif

namespace assay::resampling::detail {
namespace {

/// A byte below the first of these means weight 0, below the second 1, ...: 94, 94, 47, 15 and 3
/// bytes of 256, the whole parts of 256 times the Poisson(1) probabilities.
constexpr std::array<std::uint8_t, 4> kFirstByte{94, 188, 235, 250};

/// Bytes from here on leave the weight open.
constexpr std::uint8_t kFirstOpen = 253;

/// An open weight is the number of these at or below 64 random bits: the distribution function, at
/// 0 to 19 and times 2^64, of the fractional parts of 256 times the Poisson(1) probabilities,
/// scaled to sum 1. Computed with 60 decimal digits.
constexpr std::array<std::uint64_t, 20> kOpenLimit{
    0x0F1D9D913EF508E9ULL, 0x1E3B3B227DEA11D2ULL, 0x25CA09EB1D649646ULL, 0x613287BC361BA5FBULL,
    0xB00CA7307C4969E9ULL, 0xF30513E1571F5DE5ULL, 0xFE2E7B542643068FULL, 0xFFC6AEADB191433AULL,
    0xFFF9B518E2FB0ACFULL, 0xFFFF607A215C20FCULL, 0xFFFFF19D7465D667ULL, 0xFFFFFECF3620E6E5ULL,
    0xFFFFFFE8B0F07D9AULL, 0xFFFFFFFE57ECC446ULL, 0xFFFFFFFFE3DA3709ULL, 0xFFFFFFFFFE3F60D1ULL,
    0xFFFFFFFFFFE5B36EULL, 0xFFFFFFFFFFFE8B1DULL, 0xFFFFFFFFFFFFEC6EULL, 0xFFFFFFFFFFFFFF06ULL,
};

}  // namespace

namespace portable_kernel {
namespace {
#define ASSAY_VECTOR_BYTES 16
#include "assay/resampling/detail/poisson_kernel.inc"
#undef ASSAY_VECTOR_BYTES
}  // namespace
}  // namespace portable_kernel

#ifdef ASSAY_POISSON_X86
#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2_kernel {
namespace {
#define ASSAY_VECTOR_BYTES 32
#include "assay/resampling/detail/poisson_kernel.inc"
#undef ASSAY_VECTOR_BYTES
}  // namespace
}  // namespace avx2_kernel
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
namespace avx512_kernel {
namespace {
#define ASSAY_VECTOR_BYTES 64
#include "assay/resampling/detail/poisson_kernel.inc"
#undef ASSAY_VECTOR_BYTES
}  // namespace
}  // namespace avx512_kernel
#pragma GCC pop_options
#endif

void set_limbs(LimbBlock& block, std::size_t i, std::int64_t value) {
  block.low[i] = static_cast<std::int16_t>(value & 0x7FFF);
  block.middle[i] = static_cast<std::int16_t>((value >> 15) & 0x7FFF);
  block.high[i] = static_cast<std::int16_t>(value >> 30);
}

PoissonKernel poisson_kernel([[maybe_unused]] SimdPath path) {
#ifdef ASSAY_POISSON_X86
  if (path == SimdPath::avx512)
    return {avx512_kernel::weights, avx512_kernel::weighted_sum, avx512_kernel::total};
  if (path == SimdPath::avx2)
    return {avx2_kernel::weights, avx2_kernel::weighted_sum, avx2_kernel::total};
#endif
  return {portable_kernel::weights, portable_kernel::weighted_sum, portable_kernel::total};
}

}  // namespace assay::resampling::detail
