#include "assay/resampling/detail/simd_path.hpp"

namespace assay::resampling::detail {

bool runs(SimdPath path) {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  __builtin_cpu_init();
  switch (path) {
    case SimdPath::portable:
      return true;
    case SimdPath::avx2:
      return __builtin_cpu_supports("avx2") != 0;
    case SimdPath::avx512:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
             __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  }
  return false;
#else
  return path == SimdPath::portable;
#endif
}

SimdPath best_simd_path() {
  static const SimdPath best = runs(SimdPath::avx512) ? SimdPath::avx512
                               : runs(SimdPath::avx2) ? SimdPath::avx2
                                                      : SimdPath::portable;
  return best;
}

}  // namespace assay::resampling::detail
