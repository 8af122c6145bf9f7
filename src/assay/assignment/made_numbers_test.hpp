#pragma once

#include <cstddef>

#include "assay/assignment/design.hpp"

namespace assay::assignment {

/// The made-up covariates of tests/golden/assignment.py: whole numbers from 0 to 100.
inline Covariates made_columns(std::size_t n_units, std::size_t n_columns) {
  Covariates columns(n_columns, std::vector<double>(n_units));
  for (std::size_t i = 0; i < n_units; ++i)
    for (std::size_t c = 0; c < n_columns; ++c)
      columns[c][i] = static_cast<double>((i * 37 + c * 53 + i * i * (c + 3)) % 101);
  return columns;
}

}  // namespace assay::assignment
