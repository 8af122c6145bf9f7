#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/experiment/integrity.hpp"
#include "assay/experiment/looks.hpp"
#include "assay/experiment/plan.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/stats/interval.hpp"
#include "assay/stats/non_inferiority.hpp"

namespace assay::experiment {

/// What a metric says about one arm, in the direction that is good for the metric.
enum class Reading : std::uint8_t {
  better,  ///< p below alpha in the good direction, after the family's correction.
  worse,   ///< The same in the bad direction.
  undecided,
  undefined  ///< The number does not exist; see MetricResult::contrast.error().
};
std::string_view to_text(Reading reading);

/// One metric of one treatment arm against the baseline.
struct MetricResult {
  std::size_t metric = 0;  ///< In Plan::metrics.
  std::size_t arm = 1;     ///< In Plan::query.arms.
  Result<stats::Contrast> contrast;
  std::optional<stats::NonInferiority> guardrail;
  double p_valid = 1.0;     ///< That may be acted on at this look: see valid_p_value.
  double p_adjusted = 1.0;  ///< p_valid within its family (role).
  std::optional<MetricMonitoring> monitoring;  ///< Primary metrics, group sequential plan.
  Reading reading = Reading::undecided;
  std::int64_t immature_control = 0;
  std::int64_t immature_treatment = 0;
};

/// A metric within one value of a segment.
struct SegmentResult {
  std::size_t segment = 0;  ///< In Plan::segments.
  std::string value;
  std::size_t metric = 0;
  std::size_t arm = 1;
  Result<stats::Contrast> contrast;
  double p_valid = 1.0;
  double p_adjusted = 1.0;  ///< Holm for pre-registered, Benjamini-Hochberg for exploratory ones.
  Reading reading = Reading::undecided;
};

/// The effect on one day and up to the end of that day, unadjusted; absent before there is one.
struct DayEffect {
  Day day = 0;
  std::optional<stats::Contrast> daily;
  std::optional<stats::Contrast> cumulative;
};
struct DailySeries {
  std::size_t metric = 0;
  std::size_t arm = 1;
  std::vector<DayEffect> days;
};

/// A share with its Wilson interval, for the retention curve and the funnel.
struct ShareOfArm {
  std::size_t arm = 0;
  int k = 0;
  std::int64_t count = 0;
  std::int64_t n = 0;  ///< Mature units.
  std::optional<stats::ProportionInterval> interval;
};

/// Everything the data say, before any rule is applied.
struct Analysis {
  LookReading look;                     ///< How strictly all of the below is read.
  std::vector<MetricResult> metrics;    ///< Arms within metrics, in the plan's order.
  std::vector<SegmentResult> segments;  ///< Primary and secondary metrics only.
  std::vector<DailySeries> daily;       ///< Primary metrics, means and ratios.
  std::vector<ShareOfArm> retention_curve;
  std::vector<ShareOfArm> funnel;
};

/// Reads the moments with the plan: one contrast per metric and arm at the level of this look,
/// families corrected as the spec says, guardrails against their margins with half of what the
/// level leaves. `progress`: earlier looks; without, this is the only one.
/// A metric that is undefined stays in the result as undefined, with its reason.
Result<Analysis> analyze(const spec::Experiment& experiment, const Plan& plan,
                         const engine::ExperimentMoments& moments,
                         const LookProgress& progress = {});

}  // namespace assay::experiment
