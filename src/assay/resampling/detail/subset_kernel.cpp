#include "assay/resampling/detail/subset_kernel.hpp"

#include <bit>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define ASSAY_SUBSET_X86 1
#endif

namespace assay::resampling::detail {

namespace portable_subsets {
namespace {
#define ASSAY_VECTOR_BYTES 16
#include "assay/resampling/detail/subset_kernel.inc"
#undef ASSAY_VECTOR_BYTES
}  // namespace
}  // namespace portable_subsets

#ifdef ASSAY_SUBSET_X86
#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2_subsets {
namespace {
#define ASSAY_VECTOR_BYTES 32
#include "assay/resampling/detail/subset_kernel.inc"
#undef ASSAY_VECTOR_BYTES
}  // namespace
}  // namespace avx2_subsets
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
namespace avx512_subsets {
namespace {
#define ASSAY_VECTOR_BYTES 64
#include "assay/resampling/detail/subset_kernel.inc"
#undef ASSAY_VECTOR_BYTES
}  // namespace
}  // namespace avx512_subsets
#pragma GCC pop_options
#endif

SubsetKernel subset_kernel([[maybe_unused]] SimdPath path) {
#ifdef ASSAY_SUBSET_X86
  if (path == SimdPath::avx512)
    return {avx512_subsets::build, avx512_subsets::add, avx512_subsets::bits};
  if (path == SimdPath::avx2) return {avx2_subsets::build, avx2_subsets::add, avx2_subsets::bits};
#endif
  return {portable_subsets::build, portable_subsets::add, portable_subsets::bits};
}

}  // namespace assay::resampling::detail
