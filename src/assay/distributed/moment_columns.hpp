#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/sql/plan.hpp"

/// Moments as an engine computes them: counts, means and centred sums of products of some
/// variables, in one pass of a grouped select.
namespace assay::distributed {

struct MomentColumns {
  std::string prefix;                      ///< Of the output columns; unique in its select.
  std::vector<sql::Expression> variables;  ///< float64, known wherever `filter` holds.
  sql::Expression filter;                  ///< Which rows count; empty: all.
  std::vector<double> shifts;              ///< Taken off before; empty: nothing.
};

/// Adds PREFIX_n, PREFIX_mean_i and PREFIX_cov_i_j (i <= j) to the outputs of a grouped select.
void add_moments(const MomentColumns& columns, sql::Select& select);

/// Reads them back from one row, shifts put back. A group without rows that count has n = 0.
Result<numerics::CoMoments> read_moments(const frame::Table& table, std::size_t row,
                                         const MomentColumns& columns);

/// True when a mean is so far from zero, measured in standard deviations, that an engine's doubles
/// may not carry 1e-9 of the second moments: ask again with the means as shifts.
bool needs_shift(const numerics::CoMoments& moments);

}  // namespace assay::distributed
