#pragma once

#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/engine/query.hpp"
#include "assay/spec/project.hpp"

/// From the words of a spec to the query structs of the engine. Every failure is invalid_spec and
/// points at file, line and column; what a spec may say but no kernel computes yet is refused by
/// name, never approximated.
namespace assay::metrics {

/// Events by name and filter. `where` is parsed here; a syntax error points into the filter.
Result<engine::EventSelector> compile_selector(const std::vector<spec::Text>& events,
                                               const spec::Text& where);

/// A filter as written in `where:` or `eligible:`. Assumes text is not empty.
Result<frame::Predicate> compile_filter(const spec::Text& text);

/// A metric of the catalogue as experiments measure it: mean, proportion, ratio, retention (day N
/// exactly, calendar clock, from exposure or assignment), funnel (ordered, any entry) and
/// daily_participation (needs a window). `covariate_days` is used where the metric has none.
Result<engine::ExperimentMetric> compile_metric(const spec::Project& project,
                                                const spec::Metric& metric, int covariate_days);

/// A metric of the catalogue over a period, without an experiment: mean, proportion and ratio. A
/// window, or a cap at a percentile, needs an experiment and is refused.
Result<engine::UnitMetric> compile_unit_metric(const spec::Project& project,
                                               const spec::Metric& metric);

/// Whether all that the metric measures stands in the source of this name.
bool reads_source(const spec::Metric& metric, const std::string& source);

/// The steps of a declared funnel. Fails unless it is ordered, any entry, ties in step order,
/// one window from the entry, unique counting, and without optional steps, exclusions, grace or a
/// held property: what the kernel answers exactly.
Result<engine::FunnelQuery> compile_funnel(const spec::Funnel& funnel);

/// A dimension as a segment that is fixed before treatment: a property by `attribution: event`
/// (its value on the assignment event) or `first_touch`, or
/// `{type: entity, expr: "days_since(first())", buckets: [0, N]}`: new below N days, else existing.
Result<engine::SegmentBy> compile_segment(const spec::Project& project, const spec::Text& name);

}  // namespace assay::metrics
