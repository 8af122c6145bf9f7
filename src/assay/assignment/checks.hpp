#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::assignment {

/// A chi-squared test of counts.
struct CountTest {
  double chi_squared = 0;
  double degrees_of_freedom = 0;
  double p_value = 1;  ///< 0 when below 1e-308; log10_p still tells.
  double log10_p = 0;
};

struct Uniformity {
  std::vector<std::int64_t> counts;  ///< Positions in [k / n, (k + 1) / n).
  CountTest test;
};

/// Whether positions fall evenly into buckets of equal width. A position of 1 or more counts in the
/// last. Use numbers of buckets that divide the hash's own (10,000 or 1,000), or the edges cut
/// through one.
/// Fails with invalid_spec (fewer than two buckets) and undefined_statistic (fewer than 5 positions
/// a bucket: chi-squared does not hold).
Result<Uniformity> uniformity(std::span<const double> positions, std::uint32_t n_buckets);

struct Independence {
  std::vector<std::int64_t> counts;  ///< [arm of a * arms of b + arm of b].
  std::int64_t n = 0;                ///< Units in both.
  CountTest test;
  double cramers_v = 0;  ///< 0: independent, 1: one decides the other.
};

/// Whether the arms of two experiments are independent over the same units, in the same order;
/// kNoArm (traffic.hpp) counts in neither. Hashes of one salt, or of a weak method, are not.
/// Fails with invalid_spec (spans of unequal length, fewer than two arms) and undefined_statistic
/// (an arm without units in common, or an expected count below 5).
Result<Independence> independence(std::span<const std::uint8_t> a, std::size_t n_arms_a,
                                  std::span<const std::uint8_t> b, std::size_t n_arms_b);

/// Pearson's test of counts against expectations, all positive; degrees of freedom counts - 1.
CountTest count_test(std::span<const std::int64_t> counts, std::span<const double> expected);

/// Pearson's test of a table of `rows` times `columns` counts, by rows; rows and columns without
/// counts are left out.
CountTest table_test(std::span<const std::int64_t> counts, std::size_t rows, std::size_t columns);

}  // namespace assay::assignment
