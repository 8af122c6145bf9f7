#pragma once

#include <optional>
#include <vector>

#include "assay/events/detail/experiment_program.hpp"
#include "assay/events/detail/experiment_units.hpp"
#include "assay/events/scan.hpp"

namespace assay::events::detail {

/// What the partitions need to know of a plan. `plan`, `program` and `days` must outlive it.
/// Fails with invalid_spec for a period that is empty or, with its pre-period, longer than
/// 100,000 days.
Result<ExperimentFrame> frame_of(const ExperimentPlan& plan, const ExperimentProgram& program,
                                 const DayProgram* days);

/// The values to cap at. [metric] Quantiles need a pass of their own over the metrics that use
/// them.
Result<std::vector<std::optional<double>>> find_caps(const ScanContext& context,
                                                     const ExperimentPlan& plan);

}  // namespace assay::events::detail
