#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assignment/checks.hpp"
#include "assay/assignment/traffic.hpp"

namespace assay::assignment {

/// What was logged, an entry a unit. A unit stands once; those logged in two arms are the caller's
/// to leave out (and to count).
struct LoggedUnits {
  std::span<const std::string_view> units;
  std::span<const std::uint8_t>
      arms;  ///< Of the plan; kNoArm: logged with an arm it does not have.
  /// Segment of each unit, as a position in `segment_names`; both empty: no segments.
  std::span<const std::uint32_t> segments;
  std::vector<std::string> segment_names;
};

/// Units of one part of the log.
struct ReplayCounts {
  std::int64_t n = 0;
  std::int64_t agree = 0;
  std::int64_t wrong_arm = 0;     ///< The hash gives another arm.
  std::int64_t not_admitted = 0;  ///< The hash gives none: holdout, slice or share.
  std::int64_t unknown_arm = 0;   ///< Logged with an arm that the plan does not have.
};

struct SegmentReplay {
  std::string name;
  ReplayCounts counts;
};

/// Logged units by where the arm's hash puts them.
struct BucketReplay {
  Range positions;
  std::int64_t n = 0;
  std::int64_t disagree = 0;
};

/// What a disagreement looks like, the first that fits; tests at 0.001. Named by the pattern, not
/// proven by it.
enum class ReplayPattern : std::uint8_t {
  agrees,          ///< No unit disagrees.
  other_hash,      ///< Logged and expected arms are independent: another salt, method or unit.
  arms_exchanged,  ///< Under other names of the arms nine in ten agree.
  other_traffic,   ///< Most that disagree should have been in no arm: another share, slice or
                   ///< holdout.
  other_ranges,   ///< Disagreements are concentrated in buckets of the arms' hash: other weights or
                  ///< ranges than the plan's, perhaps for part of the time.
  some_segments,  ///< Disagreements are concentrated in segments: one client or version.
  scattered       ///< Few, over all buckets and segments: overrides, id changes, stale caches.
};
std::string_view to_text(ReplayPattern pattern);
/// The pattern as a sentence that says where to look.
std::string_view meaning(ReplayPattern pattern);

struct Replay {
  ReplayCounts total;
  /// [logged arm * n_arms + expected arm] over units where both exist.
  std::vector<std::int64_t> logged_by_expected;
  std::vector<SegmentReplay> segments;  ///< In the order of segment_names.
  std::vector<BucketReplay> buckets;    ///< 20 of equal width.
  CountTest segment_test;               ///< Disagreement against segments.
  CountTest bucket_test;                ///< Disagreement against buckets.
  CountTest arm_test;                   ///< Logged against expected arm: independent?
  ReplayPattern pattern = ReplayPattern::agrees;

  [[nodiscard]] std::int64_t disagree() const { return total.n - total.agree; }
};

/// Hashes every logged unit again and compares.
/// Any number of threads gives the same. Fails with invalid_data: spans of unequal length, a
/// segment without a name, no unit.
Result<Replay> replay(const TrafficPlan& plan, const LoggedUnits& logged, int threads);

/// Assignments that should have been logged, by arm.
struct LostLogging {
  struct Arm {
    std::int64_t eligible = 0;  ///< Seen units that the hash gives this arm.
    std::int64_t logged = 0;    ///< Of those.
  };
  std::vector<Arm> arms;
  std::int64_t not_admitted = 0;  ///< Seen units that the hash gives no arm.
  /// Whether the arms lose alike. A difference is a sample ratio mismatch made by logging, not by
  /// assignment: the units are where they belong and are missing from the log.
  CountTest test;
};

/// Counts eligible units (all that were seen and should have been assigned) that the log lacks.
/// `logged[i]` is 1 when eligible unit i is in the log.
/// Fails with invalid_data: spans of unequal length, no unit.
Result<LostLogging> lost_logging(const TrafficPlan& plan,
                                 std::span<const std::string_view> eligible,
                                 std::span<const std::uint8_t> logged, int threads);

}  // namespace assay::assignment
