#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assay/engine/sql.hpp"

/// Behind sql.hpp: the ordered funnel, alone and as a metric of an experiment.
namespace assay::engine {

struct FunnelSteps {
  std::string prefix;              ///< Of the subqueries: "step_" makes step_1, step_2, ...
  std::string events;              ///< Subquery with unit, time_us, ordinal and the properties.
  std::vector<std::string> steps;  ///< Conditions on an event.
  std::int64_t window_us = 0;
};

/// Adds one subquery a step: the states of attempts that reached it. A unit reached step i when
/// it stands in the i-th.
void append_funnel(const FunnelSteps& funnel, Statement& statement);

}  // namespace assay::engine
