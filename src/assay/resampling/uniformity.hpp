#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"

namespace assay::resampling {

/// Are these p-values uniform on (0, 1), as they are when there is no effect?
struct Uniformity {
  std::int64_t n = 0;
  double kolmogorov_smirnov = 0.0;          ///< Largest distance from the diagonal.
  double kolmogorov_smirnov_p_value = 1.0;  ///< Two-sided; Stephens (1970), good to 0.015.
  double anderson_darling = 0.0;            ///< A^2, which weighs the tails.
  double anderson_darling_p_value = 1.0;    ///< Good to 0.0005 from n = 10 on.
};

/// Fails with undefined_statistic (no value) and invalid_data (a value outside [0, 1]).
/// Values of exactly 0 or 1 count as 1e-300 away from it. Discrete p-values (tests of few counts)
/// are never uniform, and conservative ones are not wrong: read the tails.
/// References: Stephens, JRSS B 32 (1970) 115-122; Marsaglia & Marsaglia, J. Stat. Software 9
/// (2004) issue 2.
Result<Uniformity> uniformity(std::span<const double> p_values);

}  // namespace assay::resampling
