#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "assay/base/result.hpp"

/// Time to an event when some units have not had it yet.
namespace assay::survival {

/// One row a unit: how long it was watched, and whether the watch ended with the event (1) or
/// because the data end, the unit left or the window closed (0, censored on the right).
///
/// `entry`, when given, is the time from which a unit was watched (left truncation): it stands at
/// risk in (entry, time]. Units that had the event before they could be seen are not in the data.
///
/// Assumes censoring has nothing to do with the event once the arm (and covariates, where a method
/// takes them) is known; times count from the exposure of each unit, not from a calendar date.
struct Observations {
  std::span<const double> time;         ///< In any one unit, >= 0.
  std::span<const std::uint8_t> event;  ///< 1 = event, 0 = censored.
  std::span<const double> entry = {};   ///< Empty: everyone is watched from time 0.

  [[nodiscard]] std::size_t size() const { return time.size(); }
};

/// Fails with invalid_data (lengths differ, a time negative or not finite, an event other than 0
/// or 1, an entry that is not before its time) and undefined_statistic (no units).
Result<void> check_observations(const Observations& data);

/// Owned rows of some of the units.
struct ObservationRows {
  std::vector<double> time;
  std::vector<std::uint8_t> event;
  std::vector<double> entry;

  [[nodiscard]] Observations view() const { return {time, event, entry}; }
};

/// The rows named by their places.
ObservationRows rows_of(const Observations& data, std::span<const std::size_t> places);

/// What happened at one distinct time.
struct RiskRow {
  double time = 0.0;
  std::int64_t at_risk = 0;  ///< Watched just before: entry < time <= own time.
  std::int64_t events = 0;
  std::int64_t censored = 0;
};

/// All distinct times in ascending order. Assumes check_observations holds.
std::vector<RiskRow> risk_table(const Observations& data);

}  // namespace assay::survival
