#include "assay/engine/metric_variables.hpp"

namespace assay::engine {

bool is_additive(const ExperimentMetric& metric) {
  return metric.kind == MetricKind::mean || metric.kind == MetricKind::ratio;
}

bool has_covariate(const ExperimentMetric& metric) {
  return is_additive(metric) && metric.covariate_us > 0;
}

std::vector<char> variables_of(const ExperimentMetric& metric) {
  const bool ratio = metric.kind == MetricKind::ratio;
  std::vector<char> names{'y'};
  if (ratio) names.push_back('d');
  if (!has_covariate(metric)) return names;
  names.push_back('x');
  if (ratio) names.push_back('z');
  names.push_back('m');
  return names;
}

std::vector<double>& variable(UnitVariables& metric, char name) {
  switch (name) {
    case 'd':
      return metric.d;
    case 'x':
      return metric.x;
    case 'z':
      return metric.z;
    case 'm':
      return metric.m;
    default:
      return metric.y;
  }
}

SegmentBy cluster_segment(const ExperimentQuery& query) {
  SegmentBy segment;
  segment.name = "cluster";
  segment.property = query.cluster.value_or("");
  return segment;
}

std::vector<MetricMoments> no_moments(const ExperimentQuery& query) {
  std::vector<MetricMoments> metrics;
  for (const ExperimentMetric& metric : query.metrics)
    metrics.emplace_back(variables_of(metric).size());
  return metrics;
}

std::vector<std::vector<MetricMoments>> no_moments_by_arm(const ExperimentQuery& query) {
  return std::vector<std::vector<MetricMoments>>(query.arms.size(), no_moments(query));
}

DayMoments no_day_moments(const ExperimentQuery& query) {
  std::vector<MetricMoments> metrics;
  for (const ExperimentMetric& metric : query.metrics) {
    const std::size_t size = metric.kind == MetricKind::ratio ? 2 : 1;
    metrics.push_back(is_additive(metric) ? MetricMoments(size) : MetricMoments());
  }
  DayMoments day;
  day.daily.assign(query.arms.size(), metrics);
  day.cumulative = day.daily;
  return day;
}

}  // namespace assay::engine
