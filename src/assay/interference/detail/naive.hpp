#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::interference::detail {

/// Welch's test of the rows of arm 1 against those of arm 0, as if rows were independent units that
/// do not disturb each other. Fails as stats::welch does.
Result<stats::Contrast> naive_contrast(std::span<const double> values,
                                       std::span<const std::uint8_t> arms, double confidence_level);

/// Lengths agree, arms are 0 or 1, values are finite; names the row otherwise.
Result<void> check_rows(std::span<const double> values, std::span<const std::uint8_t> arms);

}  // namespace assay::interference::detail
