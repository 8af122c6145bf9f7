#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "assay/events/experiment.hpp"
#include "assay/events/memory_log.hpp"

namespace assay::events {

/// Goal: the contract of the experiment query, word by word, without any of the kernel's ideas:
/// every unit, metric, segment and day is computed afresh from lists of events, moments in two
/// passes over all values.
/// Logs have the properties of kReferenceTypes; the only filter there is (number 0) keeps events
/// whose country is code 1.
inline const std::vector<frame::Type> kReferenceTypes = {frame::Type::int64, frame::Type::float64,
                                                         frame::Type::text, frame::Type::text};
inline constexpr std::size_t kWatch = 0, kMoney = 1, kCountry = 2, kVariant = 3;

RowFilter country_is_one();

/// Units are sorted by time.
ExperimentTotals reference_experiment(const MemoryLog::Units& units, const ExperimentPlan& plan);

}  // namespace assay::events
