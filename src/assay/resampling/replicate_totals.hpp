#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"

namespace assay::resampling {

/// Variables of the units of one sample, one span a variable, all of the same length.
using Columns = std::vector<std::span<const double>>;

/// Weighted totals of every replicate: all that the bootstrap of a statistic of means, sums,
/// ratios or moments needs. One pass over the data serves every statistic of the same columns.
struct ReplicateTotals {
  std::int64_t n = 0;  ///< Units of the sample.
  std::int64_t replicates = 0;
  std::size_t variables = 0;
  std::vector<double> observed;  ///< [n, sum x_1, ..., sum x_k].
  std::vector<double> totals;    ///< replicates x [sum of w, sum of w x_1, ..., sum of w x_k].

  [[nodiscard]] std::span<const double> of(std::size_t replicate) const {
    return {totals.data() + replicate * (variables + 1), variables + 1};
  }
};

struct ReplicateOptions {
  std::int64_t replicates = 1999;
  std::uint64_t seed = 1;
  std::uint32_t sample = 0;  ///< Two samples that are independent need two numbers.
  int threads = 1;           ///< Never changes a bit of the answer.
};

/// Poisson bootstrap: every unit of every replicate has an independent Poisson(1) weight, so a
/// replicate needs no draws of units, and parts of a sample can be done apart and added. The
/// weight of a unit is a function of (seed, sample, replicate, position) alone. Values are held to
/// 2^-43 of the largest distance from their mean; the sums of weight * value are then exact.
/// Needs 6 bytes a unit and variable beside the data.
/// Fails with invalid_spec (no column, columns of different length, fewer than one replicate),
/// undefined_statistic (fewer than two units), invalid_data (a value that is not finite) and
/// interrupted.
/// Reference: Hanley & MacGibbon, Comput. Methods Programs Biomed. 83 (2006) 57-62; Chamandy,
/// Muralidharan, Najmi & Naidu, Google technical report (2012).
Result<ReplicateTotals> poisson_totals(const Columns& columns, const ReplicateOptions& options,
                                       const Progress& progress = {});

/// Classic bootstrap: n units drawn with replacement a replicate.
/// Fails as poisson_totals does. Reference: Efron, Ann. Stat. 7 (1979) 1-26.
Result<ReplicateTotals> multinomial_totals(const Columns& columns, const ReplicateOptions& options,
                                           const Progress& progress = {});

}  // namespace assay::resampling
