#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "assay/events/experiment.hpp"
#include "assay/events/scan.hpp"

namespace assay::events {

/// A unit by its place in the index.
struct UnitPlace {
  std::uint32_t partition = 0;
  std::uint32_t unit = 0;
};

/// Variables of one metric by unit; those that it does not have are empty. Nothing is capped.
struct MetricRows {
  std::vector<std::uint8_t> mature;
  std::vector<double> y, d, x, z;
};

/// The analysed units of an experiment in the order of the index.
struct UnitRows {
  std::vector<UnitPlace> units;
  std::vector<std::uint8_t> arms;
  std::vector<std::uint8_t> no_history;           ///< The variable m.
  std::vector<std::vector<SegmentKey>> segments;  ///< [dimension][unit]
  std::vector<MetricRows> metrics;
  std::vector<TimeUs> anchor_us;
  std::vector<SegmentKey> clusters;                 ///< Where the plan has clusters.
  std::vector<std::vector<std::int64_t>> first_us;  ///< [plan.first_events][unit]: from the anchor.
  std::vector<std::optional<double>> caps;          ///< [metric], as in ExperimentTotals.
  std::int64_t found = 0;  ///< Analysed units; more than are here: too many.
};

inline constexpr std::int64_t kNoFirstEvent = -1;

/// The rows that experiment() makes its moments of, by the same walk; days, ages and pairs change
/// nothing.
/// Keeps no row when there are more than `max_units`: only `found` tells.
/// Fails as experiment() does.
Result<UnitRows> unit_rows(const ScanContext& context, const ExperimentPlan& plan,
                           std::int64_t max_units);

}  // namespace assay::events
