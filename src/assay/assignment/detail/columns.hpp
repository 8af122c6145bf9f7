#pragma once

#include "assay/assignment/design.hpp"

namespace assay::assignment::detail {

/// Fails with invalid_data (columns of unequal length, a value that is missing or not finite) and
/// undefined_statistic (no column, fewer than two units).
Result<void> check_columns(const Covariates& columns);

/// Centred columns of sample variance 1, in order.
/// Constant ones are left out.
Covariates standardised(const Covariates& columns);

/// Centred, uncorrelated columns of sample variance 1 that span the same (Gram-Schmidt in the given
/// order). Those that the ones before explain are left out.
Covariates orthonormal(const Covariates& columns);

}  // namespace assay::assignment::detail
