#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "assay/resampling/detail/packed_columns.hpp"
#include "assay/resampling/rerandomize.hpp"

namespace assay::resampling::detail {

/// Where a metric's sums stand and what they are centred at.
struct AaColumns {
  std::size_t first = 0;       ///< Of its columns: variables, then products (packed triangle).
  std::vector<double> centre;  ///< Per variable: [y, (d,) x_1, ..., x_q].
  std::optional<double> cap;
};

/// Units made ready for re-randomisation: capped, centred, in stratum order, summed by cluster.
struct AaUnits {
  PackedColumns data;
  std::vector<double> totals;  ///< Per column, over all rows.
  std::vector<AaColumns> metrics;
  std::optional<std::size_t> n_column;  ///< Units a row, when rows are clusters.
  std::vector<std::size_t> row_of;      ///< Of a unit.
  std::size_t n_units = 0;
  AssignmentRule rule;
};

/// Checks everything that rerandomize() promises to check.
Result<AaUnits> prepare_units(const std::vector<AaMetric>& metrics, const AaOptions& options);

/// Exact tests of proportions that were made before: slow, and few tables come again and again.
class ExactContrasts {
 public:
  Result<stats::Contrast> of(const stats::TwoCounts& counts, double confidence_level);

 private:
  using Table = std::array<std::int64_t, 4>;
  std::mutex mutex_;
  std::map<Table, Result<stats::Contrast>> known_;
};

/// The contrast of treatment arm `arm` with control in one draw, by stats::compare.
Result<stats::Contrast> contrast_of(const AaUnits& units, const AaMetric& metric,
                                    const AaColumns& columns, const ArmTotals& totals,
                                    std::size_t arm, std::size_t draw, double confidence_level,
                                    ExactContrasts& exact);

}  // namespace assay::resampling::detail
