#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/engine/query.hpp"
#include "assay/metrics/words.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/stats/non_inferiority.hpp"

namespace assay::experiment {

/// A metric with its part in the experiment and its place in the query.
struct PlannedMetric {
  std::string name;
  std::string description;
  spec::MetricRole role = spec::MetricRole::none;
  stats::MetricKind kind = stats::MetricKind::mean;
  stats::Direction direction = stats::Direction::increase;
  std::optional<stats::Margin> margin;  ///< Guardrails.
  std::size_t index = 0;                ///< In query.metrics and in the moments.
  bool has_covariates = false;          ///< Pre-period variables stand in its moments.
};

/// A further quantity that the readout draws: day k of the retention curve, step k of the funnel.
struct CurvePoint {
  int k = 0;
  std::string name;
  std::size_t index = 0;  ///< In query.metrics.
};

/// A dimension of the query and why it is there.
struct PlannedSegment {
  std::string name;
  bool pre_registered = false;
  bool exploratory = false;  ///< Neither: it serves a check only.
};

/// Everything that is decided before the data: the query and how its answer will be read.
struct Plan {
  engine::ExperimentQuery query;
  std::vector<PlannedMetric> metrics;
  std::vector<PlannedSegment> segments;     ///< As in query.segments.
  std::vector<CurvePoint> retention_curve;  ///< Empty without a retention metric.
  std::string funnel;                       ///< Name of the funnel drawn; empty: none.
  std::vector<CurvePoint> funnel_steps;
  std::vector<double> weights;  ///< As in query.arms.
  metrics::Words words;         ///< Of the specs, that the engine may refuse: see at_word.
};

/// Lays out the analysis of an experiment. `complete_until`: the data is complete before it.
/// The retention curve follows the first retention metric for days 1..14 (within the period), the
/// funnel is that of the first funnel metric, else the first declared funnel that can be computed.
/// Fails with invalid_spec on what this version does not analyse (clusters, pooled CUPED,
/// Dunnett over segments), with file, line and column.
Result<Plan> plan_experiment(const spec::Project& project, const spec::Experiment& experiment,
                             TimeUs complete_until);

}  // namespace assay::experiment
