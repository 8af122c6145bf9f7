#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/events/event_masks.hpp"
#include "assay/events/scan.hpp"
#include "assay/numerics/moments.hpp"

namespace assay::events {

/// How the events of one term become one number; the words are those of engine::Aggregation.
enum class Fold : std::uint8_t { count, any, sum, distinct_days, max };

struct FoldTerm {
  EventSet events;
  Fold fold = Fold::count;
  std::size_t slot = 0;  ///< sum, max: an int64, boolean or float64 property.
  double scale = 1.0;
};

enum class OutcomeKind : std::uint8_t { mean, ratio, retention, funnel };

/// engine::ExperimentMetric with names looked up.
struct Outcome {
  OutcomeKind kind = OutcomeKind::mean;
  FoldTerm numerator;    ///< retention: only its events.
  FoldTerm denominator;  ///< ratio.
  std::int64_t delay_us = 0;
  std::optional<std::int64_t> length_us;
  int retention_day = 0;
  std::vector<EventSet> steps;
  std::int64_t funnel_window_us = 0;
  std::optional<double> cap_quantile;
  bool cap_ignores_zeros = false;
  std::optional<double> cap_value;
  std::int64_t covariate_us = 0;

  /// y [, x, m]; ratio: y, d [, x, z, m].
  [[nodiscard]] bool additive() const {
    return kind == OutcomeKind::mean || kind == OutcomeKind::ratio;
  }
  [[nodiscard]] bool with_covariate() const { return additive() && covariate_us > 0; }
  [[nodiscard]] std::size_t variables() const {
    const std::size_t outcomes = kind == OutcomeKind::ratio ? 2 : 1;
    return with_covariate() ? 2 * outcomes + 1 : outcomes;
  }
};

inline constexpr std::size_t kMaxArms = 255;

struct SegmentRule {
  enum class Kind : std::uint8_t { at_assignment, first_touch, tenure } kind = Kind::at_assignment;
  std::size_t slot = 0;
  std::int64_t tenure_us = 0;
};

/// The value of a segment as it stands in the index: a code, a whole number, the bits of a
/// double; tenure: kTenureNew or kTenureExisting. Missing: kNullCode, kNullInt, kMissingReal.
using SegmentKey = std::uint64_t;
inline constexpr SegmentKey kMissingReal = 0x7FF8000000000000U;
inline constexpr SegmentKey kTenureNew = 0;
inline constexpr SegmentKey kTenureExisting = 1;

/// engine::ExperimentQuery with names looked up; the rules are those of that query.
struct ExperimentPlan {
  ScanInputs inputs;
  std::vector<frame::Type> slot_types;  ///< Types of inputs.properties.
  EventSet assignment;                  ///< Eligibility is part of its filter.
  std::size_t variant_slot = 0;         ///< A text property.
  bool one_arm = false;                 ///< Every assignment event gives arm 0; no variant is read.
  std::vector<std::uint32_t>
      arm_codes;  ///< Of each arm (at most kMaxArms); kNullCode: in no event.
  std::optional<EventSet> exposure;
  bool anchor_at_exposure = false;  ///< Assumes an exposure.
  TimeRange period;
  TimeUs complete_until = 0;
  TimeZone timezone = TimeZone::utc();
  std::vector<Outcome> metrics;
  std::vector<SegmentRule> segments;
  bool daily = false;
  std::size_t ages = 0;                     ///< By age 0 ... ages - 1; 0: not by age.
  std::optional<SegmentRule> cluster;       ///< at_assignment.
  std::optional<SegmentKey> empty_cluster;  ///< Stands for no cluster beside a missing value.
  std::size_t max_clusters = 200'000;
  bool segment_pairs = false;
  std::size_t max_pair_cells = 20'000;  ///< Of two segments.
  std::vector<EventSet> first_events;   ///< Of unit_rows; at most 16.
};

struct ArmTotals {
  std::int64_t assigned = 0;
  std::int64_t exposed = 0;
  std::int64_t exposed_before = 0;
  std::int64_t analysed = 0;
};

using MomentsByArm = std::vector<std::vector<numerics::CoMoments>>;  ///< [arm][metric].

struct SegmentTotals {
  SegmentKey key = 0;
  std::vector<std::int64_t> assigned;  ///< [arm]
  MomentsByArm moments;
};

/// A cell is a cluster and arm with assigned units; by key, then arm.
struct ClusterTotals {
  std::vector<SegmentKey> keys;        ///< [cell]
  std::vector<std::uint8_t> arms;      ///< [cell]
  std::vector<std::int64_t> assigned;  ///< [cell]
  std::vector<std::int64_t> analysed;  ///< [cell]
  std::vector<numerics::CoMomentColumns> metrics;
  std::vector<std::int64_t> without;  ///< [arm]: assigned units in no cluster.
};

/// A cell is two values that assigned units have together; by the first, then the second key.
struct PairTotals {
  std::size_t first = 0;  ///< Dimensions.
  std::size_t second = 0;
  std::vector<SegmentKey> first_keys;               ///< [cell]
  std::vector<SegmentKey> second_keys;              ///< [cell]
  std::vector<std::vector<std::int64_t>> assigned;  ///< [cell][arm]
};

/// As engine::ExperimentMoments, segments by key in ascending order.
struct ExperimentTotals {
  std::vector<ArmTotals> arms;
  std::int64_t both_arms = 0;
  std::int64_t unknown_variant = 0;
  MomentsByArm overall;
  std::vector<std::vector<std::int64_t>> immature;  ///< [arm][metric].
  std::vector<std::optional<double>> caps;
  std::vector<std::vector<SegmentTotals>> segments;  ///< [dimension]
  Day first_day = 0;
  std::vector<MomentsByArm> daily;                         ///< [day]; empty unless asked for.
  std::vector<MomentsByArm> cumulative;                    ///< [day]
  std::vector<std::vector<std::int64_t>> assigned_by_day;  ///< [day][arm].
  std::vector<MomentsByArm> age_daily;                     ///< [age]
  std::vector<MomentsByArm> age_cumulative;                ///< [age]
  std::optional<ClusterTotals> clusters;
  std::vector<PairTotals> pairs;  ///< (0, 1), (0, 2), ..., (1, 2), ...
};

/// Everything about the units of an experiment in one pass (two when a metric is capped at a
/// quantile: the first gathers only the values of those metrics).
/// Cost per analysed unit: its events once for every distinct window, then one centred update of
/// all variables in the finest cell (arm, segment values, maturity); cells are merged to the
/// margins once a partition. By day: one update a (unit, active day) and, for the cumulative
/// moments, one a (unit, day since its first activity); by age the same. By cluster: one more
/// update a unit. Pairs of segments are counted from the finest cells. Fails with interrupted, and
/// with invalid_spec for more than 48 distinct windows, a dimension of more than
/// `max_segment_values` values, more clusters than `max_clusters` or more cells of a pair than
/// `max_pair_cells`.
Result<ExperimentTotals> experiment(const ScanContext& context, const ExperimentPlan& plan,
                                    std::size_t max_segment_values);

}  // namespace assay::events
