#pragma once

#include <vector>

#include "assay/engine/query.hpp"

/// Which variables a metric of an experiment has, said once for all engines. See MetricMoments.
namespace assay::engine {

/// mean and ratio: those that have a value a day and a pre-period.
bool is_additive(const ExperimentMetric& metric);
bool has_covariate(const ExperimentMetric& metric);

/// 'y', 'd', 'x', 'z', 'm': the variables of a metric in their order.
std::vector<char> variables_of(const ExperimentMetric& metric);

/// The variable of a unit table by its letter.
std::vector<double>& variable(UnitVariables& metric, char name);

/// Moments of no unit. [metric], [arm][metric]
std::vector<MetricMoments> no_moments(const ExperimentQuery& query);
std::vector<std::vector<MetricMoments>> no_moments_by_arm(const ExperimentQuery& query);

/// A day (or age) without units: y, or y and d, of means and ratios.
DayMoments no_day_moments(const ExperimentQuery& query);

/// The cluster of a query that has one, read as the segment that it is.
SegmentBy cluster_segment(const ExperimentQuery& query);

}  // namespace assay::engine
