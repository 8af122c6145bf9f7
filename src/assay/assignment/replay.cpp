#include "assay/assignment/replay.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/numerics/parallel.hpp"

namespace assay::assignment {
namespace {

constexpr std::size_t kBuckets = 20;
constexpr double kAlpha = 0.001;
constexpr std::size_t kUnitsPerChunk = 16'384;

std::size_t bucket_of(double position) {
  return std::min(static_cast<std::size_t>(position * static_cast<double>(kBuckets) + 1e-9),
                  kBuckets - 1);
}

/// Positions of the arms' hash of all units.
std::vector<double> positions_of(const TrafficPlan& plan, std::span<const std::string_view> units,
                                 int threads) {
  std::vector<double> out(units.size());
  const std::size_t chunks = (units.size() + kUnitsPerChunk - 1) / kUnitsPerChunk;
  numerics::for_each_chunk(chunks, threads, [&](std::size_t chunk) {
    const std::size_t end = std::min(units.size(), (chunk + 1) * kUnitsPerChunk);
    for (std::size_t i = chunk * kUnitsPerChunk; i < end; ++i)
      out[i] = hash_unit(plan.request.hash, units[i]).position;
  });
  return out;
}

void count(const Assigned& expected, std::uint8_t logged, std::size_t n_arms,
           ReplayCounts& counts) {
  ++counts.n;
  if (logged >= n_arms) {
    ++counts.unknown_arm;
  } else if (expected.outcome != Outcome::assigned) {
    ++counts.not_admitted;
  } else if (expected.arm == logged) {
    ++counts.agree;
  } else {
    ++counts.wrong_arm;
  }
}

/// Pearson's test of (disagree, agree) by part.
template <class Parts, class Of>
CountTest parts_test(const Parts& parts, Of of) {
  std::vector<std::int64_t> table;
  for (const auto& part : parts) {
    const auto [n, disagree] = of(part);
    if (n == 0) continue;
    table.push_back(disagree);
    table.push_back(n - disagree);
  }
  if (table.size() < 4) return {};
  return table_test(table, table.size() / 2, 2);
}

/// Whether nine in ten agree once the logged arms are named otherwise.
bool exchanged(std::span<const std::int64_t> table, std::size_t n_arms) {
  std::int64_t total = 0;
  std::int64_t agree = 0;
  std::vector<std::uint8_t> taken(n_arms, 0);
  bool same_names = true;
  for (std::size_t logged = 0; logged < n_arms; ++logged) {
    const auto row = table.subspan(logged * n_arms, n_arms);
    const auto most =
        static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    for (const std::int64_t count : row) total += count;
    if (row[most] == 0) continue;
    if (taken[most] != 0) return false;
    taken[most] = 1;
    agree += row[most];
    same_names = same_names && most == logged;
  }
  return !same_names && 10 * agree >= 9 * total;
}

ReplayPattern pattern_of(const Replay& replay, std::size_t n_arms) {
  if (replay.disagree() == 0) return ReplayPattern::agrees;
  const std::int64_t both = replay.total.agree + replay.total.wrong_arm;
  if (exchanged(replay.logged_by_expected, n_arms)) return ReplayPattern::arms_exchanged;
  // A hundred units show a dependence that agreement of three in four would make.
  if (both >= 100 && replay.total.wrong_arm > 0 && replay.arm_test.p_value >= kAlpha)
    return ReplayPattern::other_hash;
  const bool buckets = replay.bucket_test.p_value < kAlpha;
  const bool segments = replay.segment_test.p_value < kAlpha;
  const bool more_by_bucket = replay.bucket_test.chi_squared >= replay.segment_test.chi_squared;
  if (segments && !(buckets && more_by_bucket)) return ReplayPattern::some_segments;
  if (2 * replay.total.not_admitted > replay.disagree()) return ReplayPattern::other_traffic;
  return buckets ? ReplayPattern::other_ranges : ReplayPattern::scattered;
}

Result<void> check_logged(const LoggedUnits& logged) {
  if (logged.units.empty()) return fail(ErrorCode::invalid_data, "no unit was logged", "log");
  if (logged.arms.size() != logged.units.size() ||
      (!logged.segments.empty() && logged.segments.size() != logged.units.size()))
    return fail(ErrorCode::invalid_data, "units, arms and segments are not of one length", "log");
  for (const std::uint32_t segment : logged.segments) {
    if (segment >= logged.segment_names.size())
      return fail(ErrorCode::invalid_data, fmt::format("segment {} has no name", segment), "log");
  }
  return {};
}

}  // namespace

std::string_view to_text(ReplayPattern pattern) {
  switch (pattern) {
    case ReplayPattern::agrees:
      return "agrees";
    case ReplayPattern::other_hash:
      return "other_hash";
    case ReplayPattern::arms_exchanged:
      return "arms_exchanged";
    case ReplayPattern::other_traffic:
      return "other_traffic";
    case ReplayPattern::other_ranges:
      return "other_ranges";
    case ReplayPattern::some_segments:
      return "some_segments";
    case ReplayPattern::scattered:
      return "scattered";
  }
  return "agrees";
}

std::string_view meaning(ReplayPattern pattern) {
  switch (pattern) {
    case ReplayPattern::agrees:
      return "every logged unit is in the arm that the hash gives";
    case ReplayPattern::other_hash:
      return "logged and expected arms are independent: another salt, hash or id was used";
    case ReplayPattern::arms_exchanged:
      return "the arms agree under other names: their order or names were exchanged";
    case ReplayPattern::other_traffic:
      return "most of them should be in no arm: another share, slice or holdout was used";
    case ReplayPattern::other_ranges:
      return "some positions disagree more than others: other weights or ranges were used";
    case ReplayPattern::some_segments:
      return "disagreement is concentrated in segments: look at that client or version";
    case ReplayPattern::scattered:
      return "few units disagree, over all positions and segments: overrides, changed ids or "
             "caches";
  }
  return "";
}

Result<Replay> replay(const TrafficPlan& plan, const LoggedUnits& logged, int threads) {
  ASSAY_CHECK(check_logged(logged));
  const std::size_t n_arms = plan.request.arms.size();
  const auto expected = assign_all(plan, logged.units, threads);
  const auto positions = positions_of(plan, logged.units, threads);
  Replay out;
  out.logged_by_expected.assign(n_arms * n_arms, 0);
  for (const std::string& name : logged.segment_names) out.segments.push_back({name, {}});
  for (std::size_t k = 0; k < kBuckets; ++k) {
    const auto width = static_cast<double>(kBuckets);
    out.buckets.push_back(
        {{static_cast<double>(k) / width, static_cast<double>(k + 1) / width}, 0, 0});
  }
  for (std::size_t i = 0; i < logged.units.size(); ++i) {
    const std::uint8_t arm = logged.arms[i];
    const bool both = arm < n_arms && expected[i].outcome == Outcome::assigned;
    if (both) ++out.logged_by_expected[arm * n_arms + expected[i].arm];
    count(expected[i], arm, n_arms, out.total);
    if (!logged.segments.empty())
      count(expected[i], arm, n_arms, out.segments[logged.segments[i]].counts);
    BucketReplay& bucket = out.buckets[bucket_of(positions[i])];
    ++bucket.n;
    bucket.disagree += both && expected[i].arm == arm ? 0 : 1;
  }
  out.segment_test = parts_test(out.segments, [](const SegmentReplay& part) {
    return std::pair{part.counts.n, part.counts.n - part.counts.agree};
  });
  out.bucket_test = parts_test(out.buckets, [](const BucketReplay& part) {
    return std::pair{part.n, part.disagree};
  });
  out.arm_test = table_test(out.logged_by_expected, n_arms, n_arms);
  out.pattern = pattern_of(out, n_arms);
  return out;
}

Result<LostLogging> lost_logging(const TrafficPlan& plan,
                                 std::span<const std::string_view> eligible,
                                 std::span<const std::uint8_t> logged, int threads) {
  if (eligible.empty() || eligible.size() != logged.size())
    return fail(
        ErrorCode::invalid_data,
        fmt::format("{} eligible units and {} marks of the log", eligible.size(), logged.size()),
        "eligible", "give one mark a unit, and one unit or more");
  const auto expected = assign_all(plan, eligible, threads);
  LostLogging out;
  out.arms.resize(plan.request.arms.size());
  for (std::size_t i = 0; i < eligible.size(); ++i) {
    if (expected[i].outcome != Outcome::assigned) {
      ++out.not_admitted;
      continue;
    }
    LostLogging::Arm& arm = out.arms[expected[i].arm];
    ++arm.eligible;
    arm.logged += logged[i] != 0 ? 1 : 0;
  }
  out.test = parts_test(out.arms, [](const LostLogging::Arm& arm) {
    return std::pair{arm.eligible, arm.eligible - arm.logged};
  });
  return out;
}

}  // namespace assay::assignment
