#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "assay/events/experiment.hpp"
#include "assay/events/scan.hpp"

namespace assay::events {

/// engine::UnitMetric with names looked up.
struct UnitOutcome {
  FoldTerm numerator;
  std::optional<FoldTerm> denominator;
  std::optional<double> cap_value;
};

/// engine::UnitTotalsQuery with names looked up; the rules are those of that query.
struct UnitTotalsPlan {
  ScanInputs inputs;
  std::vector<frame::Type> slot_types;  ///< Types of inputs.properties.
  EventSet active;
  TimeRange period;
  TimeZone timezone = TimeZone::utc();
  std::vector<UnitOutcome> metrics;
};

struct UnitTotalsCounts {
  std::int64_t units = 0;
  std::vector<numerics::CoMoments> moments;  ///< [metric]: y [, d].
};

/// What the units of a period did in it: one walk along their events for all metrics.
/// Fails with interrupted, and with invalid_spec for a period that is empty or longer than
/// 100,000 days.
Result<UnitTotalsCounts> unit_totals(const ScanContext& context, const UnitTotalsPlan& plan);

/// The same for every local day of the period on its own, in one pass: the entries from the first
/// to the last day (100,000 at most) are bit for bit those of unit_totals over that day. Assumes
/// that the period is cut at days of its zone; a day that the zone left out has no units.
Result<std::vector<UnitTotalsCounts>> daily_unit_totals(const ScanContext& context,
                                                        const UnitTotalsPlan& plan, Day first_day,
                                                        Day last_day);

}  // namespace assay::events
