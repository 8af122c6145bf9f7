#pragma once

#include <cstddef>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/resampling/detail/arm_masks.hpp"

namespace assay::resampling::detail {

/// Columns whose sums per arm are wanted: variables of the rows and products of two of them.
struct PackedColumns {
  struct Column {
    std::size_t a = 0;
    std::size_t b = 0;
    bool product = false;  ///< a * b; a alone otherwise.
  };
  std::size_t n_rows = 0;
  std::vector<std::vector<double>> variables;
  std::vector<Column> columns;
};

/// Sums of every column over the rows of every treatment arm of every draw.
struct ArmTotals {
  std::size_t n_draws = 0;
  std::size_t n_columns = 0;
  /// Per arm - 1: panels of 16 columns x draws x 16.
  std::vector<std::vector<double>> sums;
  std::vector<std::vector<double>> rows;  ///< Per arm - 1, per draw: rows of the arm.

  [[nodiscard]] double at(std::size_t arm, std::size_t draw, std::size_t column) const {
    return sums[arm - 1][((column / 16) * n_draws + draw) * 16 + column % 16];
  }
};

/// One pass over the rows for all draws of the masks. Fails with interrupted.
Result<ArmTotals> arm_totals(const PackedColumns& data, const ArmMasks& masks,
                             const Progress& progress);

/// The same over all rows: one value a column.
std::vector<double> column_totals(const PackedColumns& data);

}  // namespace assay::resampling::detail
