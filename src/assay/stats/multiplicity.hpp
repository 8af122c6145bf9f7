#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::stats {

enum class Multiplicity : std::uint8_t {
  none,
  bonferroni,
  holm,                 ///< Holm (1979): family-wise error, any dependence.
  hochberg,             ///< Hochberg (1988): family-wise error, positive dependence.
  benjamini_hochberg,   ///< Benjamini & Hochberg (1995): false discovery rate.
  benjamini_yekutieli,  ///< Benjamini & Yekutieli (2001): the same under any dependence.
};

/// "holm", "benjamini_hochberg", ...: the word of specs and results.
std::string_view to_text(Multiplicity method);

/// Adjusted p-values in the order given: reject at level a those at or below a.
/// An empty family gives an empty list. Fails with invalid_data when a p-value is outside [0, 1].
Result<std::vector<double>> adjust_p_values(std::span<const double> p_values, Multiplicity method);

}  // namespace assay::stats
