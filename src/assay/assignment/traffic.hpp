#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assignment/hash.hpp"
#include "assay/base/time.hpp"

namespace assay::assignment {

/// Positions from low, which belongs to it, to high, which does not.
struct Range {
  double low = 0;
  double high = 1;
};

struct ArmWeight {
  std::string name;
  double weight = 0;  ///< Positive; all arms sum to 1 (to 1e-6).
};

/// Positions that an arm gets, written out instead of weights.
struct ArmRange {
  std::string arm;
  Range range;
};

/// Experiments of one layer hash with one salt and own slices of [0, 1): a unit is in one of them
/// at most. The last `holdout` of the positions belongs to nobody.
/// A layer that hashes by growthbook_v1 is a GrowthBook namespace of that name: salt "__name".
struct Layer {
  std::string name;
  HashRule hash;  ///< Salt "layer:<name>" unless written.
  double holdout = 0;
};

struct Slice {
  Layer layer;
  Range range;
};

/// Units that no experiment may touch: position below `share`.
struct Holdout {
  HashRule hash;
  double share = 0;
};

struct TrafficRequest {
  std::string experiment;
  HashRule hash;  ///< Of the arms; its salt is the experiment's name unless written.
  std::vector<ArmWeight> arms;
  std::vector<ArmRange> ranges;  ///< Empty: from the weights.
  /// Share of the units that pass holdouts and slice. For assay a hash of its own (salt
  /// "<salt>:share") must be below it; for GrowthBook and murmur3 it is GrowthBook's coverage: each
  /// arm keeps the lower part of its range. Either way a larger share keeps every unit where it is.
  /// PlanOut: 1.
  double share = 1;
  std::optional<Slice> slice;
  std::optional<Holdout> holdout;
};

/// A checked request: what decides about a unit. Steps in this order, the first that fails ends:
/// holdout (position >= share), slice (inside the range), share (position < share), arm.
struct TrafficPlan {
  struct Piece {
    Range range;
    std::uint8_t arm = 0;
  };
  TrafficRequest request;  ///< With the salts filled in.
  /// In the order written; the first that holds the position decides. Of weights: cumulative sums
  /// in double precision; for assay the last ends at 1.
  std::vector<Piece> pieces;
  HashRule share_hash;  ///< assay with share < 1.
};

/// Fails with invalid_spec: fewer than two or more than 250 arms, two of one name, a weight that is
/// not positive, weights that do not sum to 1, ranges that overlap, lie outside [0, 1] or name an
/// unknown arm, share outside (0, 1], a slice that is empty or reaches into the holdout, a salt
/// used for two steps (the one would then decide the other), PlanOut with a share.
Result<TrafficPlan> plan_traffic(TrafficRequest request);

enum class Outcome : std::uint8_t {
  assigned,
  held_out,        ///< By the global holdout.
  layer_held_out,  ///< By the holdout of its layer.
  outside_slice,   ///< Another experiment's, or nobody's.
  outside_share,   ///< Not (yet) in the ramp, or in no arm's range.
};
inline constexpr std::size_t kOutcomes = 5;
std::string_view to_text(Outcome outcome);

inline constexpr std::uint8_t kNoArm = 255;

struct Assigned {
  Outcome outcome = Outcome::assigned;
  std::uint8_t arm = kNoArm;
  bool operator==(const Assigned&) const = default;
};

Assigned assign(const TrafficPlan& plan, std::string_view unit);

/// The same of many units, in their order; any number of threads gives the same.
std::vector<Assigned> assign_all(const TrafficPlan& plan, std::span<const std::string_view> units,
                                 int threads);

/// One step of the decision about a unit.
struct Step {
  std::string name;  ///< holdout, layer, share, arm.
  HashRule rule;
  HashValue value;
  Range needs;  ///< Where the position must lie; of the arm: its piece, or empty.
  bool passed = false;
};

/// All steps up to the one that decided.
struct Explanation {
  Assigned assigned;
  std::vector<Step> steps;
};
Explanation explain(const TrafficPlan& plan, std::string_view unit);

/// A slice of a layer that an experiment uses on some days.
struct SliceUse {
  std::string experiment;
  std::string layer;
  Range range;
  Day first = 0;  ///< Both days belong to it.
  Day last = 0;
  std::string where;  ///< Place in its file, for the message.
};

/// Experiments that share positions of a layer on a day: an error a pair, in the order given.
std::vector<Error> overlaps(std::span<const SliceUse> uses);

/// What no experiment of the layer uses on these days, below 1 - layer.holdout.
std::vector<Range> free_ranges(const Layer& layer, std::span<const SliceUse> uses, Day first,
                               Day last);

/// "[0, 0.25)"
std::string to_text(const Range& range);

}  // namespace assay::assignment
