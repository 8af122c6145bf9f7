#include "assay/assignment/replay.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include <string>

namespace assay::assignment {
namespace {

/// A log of a plan, for tests to spoil.
struct Log {
  std::vector<std::string> ids;
  std::vector<std::string_view> views;
  std::vector<std::uint8_t> arms;
  std::vector<std::uint32_t> segments;

  [[nodiscard]] LoggedUnits logged() const {
    return {views, arms, segments, {"ios", "android", "web"}};
  }
};

TrafficRequest request_of(double treatment = 0.5, double share = 1.0) {
  TrafficRequest request;
  request.experiment = "ranker";
  request.arms = {{"control", 1 - treatment}, {"treatment", treatment}};
  request.share = share;
  return request;
}

TrafficRequest with_salt(TrafficRequest request, std::string salt) {
  request.hash.salt = std::move(salt);
  return request;
}

TrafficPlan plan_of(const TrafficRequest& request) { return *plan_traffic(request); }

/// Units that the plan admits, with the arms that it gives.
Log log_of(const TrafficPlan& plan, int n) {
  Log log;
  for (int i = 0; i < n; ++i) {
    std::string id = fmt::format("u{}", i);
    const Assigned assigned = assign(plan, id);
    if (assigned.outcome != Outcome::assigned) continue;
    log.segments.push_back(static_cast<std::uint32_t>(i % 3));
    log.ids.push_back(std::move(id));
    log.arms.push_back(assigned.arm);
  }
  log.views.assign(log.ids.begin(), log.ids.end());
  return log;
}

Replay replayed(const TrafficPlan& plan, const Log& log, int threads = 1) {
  auto out = replay(plan, log.logged(), threads);
  EXPECT_TRUE(out) << to_text(out.error());
  return out ? *out : Replay{};
}

TEST(Replay, AnHonestLogAgrees) {
  const TrafficPlan plan = plan_of(request_of());
  const Replay out = replayed(plan, log_of(plan, 10'000));
  EXPECT_EQ(out.total.n, 10'000);
  EXPECT_EQ(out.total.agree, 10'000);
  EXPECT_EQ(out.disagree(), 0);
  EXPECT_EQ(out.pattern, ReplayPattern::agrees);
}

TEST(Replay, FindsTheSegmentWhoseClientAssignsWrongly) {
  const TrafficPlan plan = plan_of(request_of());
  Log log = log_of(plan, 10'000);
  std::int64_t planted = 0;
  for (std::size_t i = 0; i < log.arms.size(); ++i) {
    if (log.segments[i] != 1 || i % 5 != 0) continue;
    log.arms[i] = static_cast<std::uint8_t>(1 - log.arms[i]);
    ++planted;
  }
  const Replay out = replayed(plan, log);
  EXPECT_EQ(out.total.wrong_arm, planted);
  EXPECT_EQ(out.segments[1].counts.wrong_arm, planted);
  EXPECT_EQ(out.segments[0].counts.wrong_arm, 0);
  EXPECT_EQ(out.pattern, ReplayPattern::some_segments);
}

TEST(Replay, TellsOtherWeightsByTheBucketsThatMoved) {
  const TrafficPlan plan = plan_of(request_of(0.5));
  const Log log = log_of(plan_of(request_of(0.4)), 10'000);  // The product ran 60/40.
  const Replay out = replayed(plan, log);
  EXPECT_EQ(out.pattern, ReplayPattern::other_ranges);
  for (const BucketReplay& bucket : out.buckets) {
    const bool moved = bucket.positions.low > 0.495 && bucket.positions.high < 0.605;
    EXPECT_EQ(bucket.disagree, moved ? bucket.n : 0) << to_text(bucket.positions);
  }
}

TEST(Replay, TellsAnotherSalt) {
  for (const double treatment : {0.5, 0.1}) {
    const TrafficPlan other = plan_of(with_salt(request_of(treatment), "ranker-v2"));
    const Replay out = replayed(plan_of(request_of(treatment)), log_of(other, 10'000));
    EXPECT_EQ(out.pattern, ReplayPattern::other_hash) << treatment;
  }
}

TEST(Replay, TellsExchangedArms) {
  const TrafficPlan plan = plan_of(request_of());
  Log log = log_of(plan, 2'000);
  for (std::uint8_t& arm : log.arms) arm = static_cast<std::uint8_t>(1 - arm);
  EXPECT_EQ(replayed(plan, log).pattern, ReplayPattern::arms_exchanged);
}

TEST(Replay, TellsALargerShareThanPlanned) {
  const Log log = log_of(plan_of(request_of(0.5, 0.5)), 10'000);
  const Replay out = replayed(plan_of(request_of(0.5, 0.2)), log);
  EXPECT_EQ(out.pattern, ReplayPattern::other_traffic);
  EXPECT_EQ(out.total.wrong_arm, 0);
  EXPECT_GT(out.total.not_admitted, 0);
}

TEST(Replay, CallsAFewOverridesScattered) {
  const TrafficPlan plan = plan_of(request_of());
  Log log = log_of(plan, 10'000);
  for (std::size_t i = 0; i < log.arms.size(); i += 97)
    log.arms[i] = static_cast<std::uint8_t>(1 - log.arms[i]);
  log.arms[1] = kNoArm;
  const Replay out = replayed(plan, log);
  EXPECT_EQ(out.pattern, ReplayPattern::scattered);
  EXPECT_EQ(out.total.unknown_arm, 1);
}

TEST(Replay, AnyNumberOfThreadsGivesTheSame) {
  const TrafficPlan plan = plan_of(request_of());
  Log log = log_of(plan, 40'000);
  for (std::size_t i = 0; i < log.arms.size(); i += 31) log.arms[i] = 0;
  const Replay one = replayed(plan, log, 1);
  const Replay three = replayed(plan, log, 3);
  EXPECT_EQ(one.total.wrong_arm, three.total.wrong_arm);
  EXPECT_EQ(one.bucket_test.chi_squared, three.bucket_test.chi_squared);
  EXPECT_EQ(one.segment_test.chi_squared, three.segment_test.chi_squared);
}

TEST(LostLogging, IsSeparateFromWrongAssignment) {
  const TrafficPlan plan = plan_of(request_of(0.5, 0.8));
  std::vector<std::string> ids;
  std::vector<std::uint8_t> logged;
  std::int64_t dropped = 0;
  for (int i = 0; i < 10'000; ++i) {
    ids.push_back(fmt::format("u{}", i));
    const bool treated = assign(plan, ids.back()).arm == 1;
    const bool drop = treated && i % 20 == 0;  // Treatment's client crashes before it logs.
    logged.push_back(drop ? 0 : 1);
    dropped += drop ? 1 : 0;
  }
  const std::vector<std::string_view> views(ids.begin(), ids.end());
  const auto out = lost_logging(plan, views, logged, 2);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->arms[0].logged, out->arms[0].eligible);
  EXPECT_EQ(out->arms[1].eligible - out->arms[1].logged, dropped);
  EXPECT_EQ(out->arms[0].eligible + out->arms[1].eligible + out->not_admitted, 10'000);
  EXPECT_LT(out->test.p_value, 1e-10);
  const std::vector<std::uint8_t> all(ids.size(), 1);
  EXPECT_EQ(lost_logging(plan, views, all, 2)->test.p_value, 1.0);
}

TEST(Replay, RefusesALogThatIsNone) {
  const TrafficPlan plan = plan_of(request_of());
  Log log = log_of(plan, 10);
  EXPECT_FALSE(replay(plan, {}, 1));
  log.segments[3] = 9;
  EXPECT_FALSE(replay(plan, log.logged(), 1));
  log.arms.pop_back();
  EXPECT_FALSE(replay(plan, log.logged(), 1));
  EXPECT_FALSE(lost_logging(plan, {}, {}, 1));
}

}  // namespace
}  // namespace assay::assignment
