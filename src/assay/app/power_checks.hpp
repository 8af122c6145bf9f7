#pragma once

#include <optional>

#include "assay/app/power_job.hpp"
#include "assay/app/project.hpp"
#include "assay/readout/power_readout.hpp"

namespace assay::app {

/// Units of the history behind two checks; none from a warehouse, where they would be rows.
std::optional<engine::UnitTable> unit_table(const OpenEngine& engine, const PowerOptions& options,
                                            const PowerJob& job, readout::PowerPage& page);

/// Plants the effect in re-randomised units of the history, and sets the formula beside it.
Result<readout::SimulatedRate> simulated_rate(const Context& context, const PowerOptions& options,
                                              const PowerJob& job, std::size_t m,
                                              const engine::UnitTable& table,
                                              const readout::PowerMetric& metric);

/// The written rules in the usual worlds, at the planned weeks.
Result<void> add_rule(const Context& context, const PowerOptions& options, const PowerJob& job,
                      const numerics::SymmetricMatrix& correlation, readout::PowerPage& page);

}  // namespace assay::app
