#pragma once

#include <cstdint>

#include "assay/base/result.hpp"

namespace assay::design {

/// Which test the enumeration asks of every possible table.
enum class ProportionTest : std::uint8_t {
  as_analysed,  ///< What stats::two_proportion does: score test, exact where a cell is below 5.
  score,        ///< Pooled score z always.
  exact,        ///< Barnard's exact unconditional test always.
};

struct TwoShares {
  double control = 0.0;
  double treatment = 0.0;
};

/// Largest arms that are enumerated; beyond them the normal formula is right to three digits.
inline constexpr std::int64_t kMostExactUnits = 2'000;
inline constexpr std::int64_t kMostBarnardUnits = 200;

/// The power (or, at equal shares, the size) of the two-sided test, by adding the probability of
/// every table that it rejects: no approximation but the test's own. Tables of probability below
/// 1e-15 are left out.
/// Fails with invalid_spec: shares outside [0, 1], alpha outside (0, 1), an arm without units or
/// above the limits. Reference: Lydersen, Fagerland & Laake, Stat. Med. 28 (2009) 1159-1175.
Result<double> exact_power(const TwoShares& shares, std::int64_t n_control,
                           std::int64_t n_treatment, double alpha, ProportionTest test);

/// Units of each arm from which on the exact power stays at or above `power` (it rises in saw
/// teeth): searched downwards from well above the normal answer. Equal arms.
/// Fails as exact_power does, and with undefined_statistic when the limits do not reach it.
Result<std::int64_t> exact_units_needed(const TwoShares& shares, double alpha, double power,
                                        ProportionTest test);

}  // namespace assay::design
