#include "assay/assignment/traffic.hpp"

#include <gmock/gmock.h>

#include <array>
#include <map>
#include <string>

namespace assay::assignment {
namespace {

using testing::HasSubstr;

TrafficRequest request_of(HashMethod method = HashMethod::assay) {
  TrafficRequest request;
  request.experiment = "new_feed_ranker";
  request.hash.method = method;
  request.arms = {{"control", 0.5}, {"treatment", 0.5}};
  return request;
}

TrafficPlan plan_of(const TrafficRequest& request) {
  auto plan = plan_traffic(request);
  EXPECT_TRUE(plan) << to_text(plan.error());
  return plan ? *plan : TrafficPlan{};
}

std::vector<std::string> made_ids(int n) {
  std::vector<std::string> ids;
  for (int i = 0; i < n; ++i) ids.push_back("user_" + std::to_string(i));
  return ids;
}

std::vector<Assigned> assign_made(const TrafficPlan& plan, const std::vector<std::string>& ids,
                                  int threads = 1) {
  const std::vector<std::string_view> views(ids.begin(), ids.end());
  return assign_all(plan, views, threads);
}

void expect_refused(const TrafficRequest& request, const char* problem) {
  const auto plan = plan_traffic(request);
  ASSERT_FALSE(plan) << problem;
  EXPECT_EQ(plan.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(plan.error().problem, HasSubstr(problem));
  EXPECT_FALSE(plan.error().fix.empty());
}

TEST(Traffic, PositionsFallIntoCumulativeWeights) {
  // Positions from tests/golden/assignment.py: 0.2449, 0.0983, 0.9055.
  TrafficRequest request = request_of();
  request.arms = {{"a", 0.2}, {"b", 0.3}, {"c", 0.5}};
  const TrafficPlan plan = plan_of(request);
  EXPECT_EQ(assign(plan, "1").arm, 1);
  EXPECT_EQ(assign(plan, "2").arm, 0);
  EXPECT_EQ(assign(plan, "user_000042").arm, 2);
  EXPECT_EQ(plan.pieces.back().range.high, 1.0);
}

TEST(Traffic, ALargerShareKeepsEveryUnitWhereItIs) {
  const auto ids = made_ids(20'000);
  for (const auto method : {HashMethod::assay, HashMethod::growthbook_v2, HashMethod::murmur3}) {
    TrafficRequest request = request_of(method);
    std::vector<Assigned> before(ids.size(), Assigned{Outcome::outside_share, kNoArm});
    for (const double share : {0.1, 0.5, 1.0}) {
      request.share = share;
      const auto now = assign_made(plan_of(request), ids);
      int n_in = 0;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        n_in += now[i].outcome == Outcome::assigned ? 1 : 0;
        if (before[i].outcome == Outcome::assigned) {
          ASSERT_EQ(before[i], now[i]) << ids[i];
        }
      }
      // 5 standard deviations of a binomial: false alarm below 1e-6.
      EXPECT_NEAR(n_in, share * 20'000, 5 * std::sqrt(20'000 * share * (1 - share)) + 0.5);
      before = now;
    }
  }
}

TEST(Traffic, AnyNumberOfThreadsGivesTheSame) {
  const auto ids = made_ids(50'000);
  const TrafficPlan plan = plan_of(request_of());
  EXPECT_EQ(assign_made(plan, ids, 1), assign_made(plan, ids, 3));
}

TEST(Traffic, ExperimentsOfOneLayerShareNoUnit) {
  TrafficRequest first = request_of();
  first.slice = Slice{{"feed", {}, 0.1}, {0, 0.5}};
  TrafficRequest second = request_of();
  second.experiment = "other";
  second.slice = Slice{{"feed", {}, 0.1}, {0.5, 0.9}};
  const auto ids = made_ids(20'000);
  const auto a = assign_made(plan_of(first), ids);
  const auto b = assign_made(plan_of(second), ids);
  std::array<int, kOutcomes> seen{};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ++seen[static_cast<std::size_t>(a[i].outcome)];
    ASSERT_FALSE(a[i].outcome == Outcome::assigned && b[i].outcome == Outcome::assigned);
    ASSERT_EQ(a[i].outcome == Outcome::layer_held_out, b[i].outcome == Outcome::layer_held_out);
  }
  const auto share = [&](Outcome outcome) {
    return seen[static_cast<std::size_t>(outcome)] / 20'000.0;
  };
  EXPECT_NEAR(share(Outcome::assigned), 0.5, 0.018);  // 5 standard deviations.
  EXPECT_NEAR(share(Outcome::layer_held_out), 0.1, 0.011);
  EXPECT_NEAR(share(Outcome::outside_slice), 0.4, 0.018);
}

TEST(Traffic, TheGlobalHoldoutComesFirstAndIsIndependentOfTheArm) {
  TrafficRequest request = request_of();
  request.holdout = Holdout{{}, 0.2};
  const auto ids = made_ids(20'000);
  const auto held = assign_made(plan_of(request), ids);
  const auto all = assign_made(plan_of(request_of()), ids);
  std::array<int, 2> held_by_arm{};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (held[i].outcome == Outcome::held_out) {
      ++held_by_arm[all[i].arm];
    } else {
      ASSERT_EQ(held[i], all[i]);
    }
  }
  EXPECT_NEAR(held_by_arm[0], 2'000, 212);  // 5 standard deviations of binomial(20000, 0.1).
  EXPECT_NEAR(held_by_arm[1], 2'000, 212);
}

TEST(Traffic, RangesAreThoseOfGrowthBook) {
  // Source: growthbook/growthbook 8f1db445, cases.json, "getBucketRange" (those it does not
  // repair).
  struct Case {
    std::vector<double> weights;
    double coverage;
    std::vector<Range> ranges;
  };
  const Case kCases[] = {
      {{0.5, 0.5}, 1, {{0, 0.5}, {0.5, 1}}},
      {{0.5, 0.5}, 0.5, {{0, 0.25}, {0.5, 0.75}}},
      {{0.25, 0.25, 0.25, 0.25}, 1, {{0, 0.25}, {0.25, 0.5}, {0.5, 0.75}, {0.75, 1}}},
      {{0.4, 0.6}, 1, {{0, 0.4}, {0.4, 1}}},
      {{0.2, 0.3, 0.5}, 1, {{0, 0.2}, {0.2, 0.5}, {0.5, 1}}},
      {{0.2, 0.3, 0.5}, 0.2, {{0, 0.04}, {0.2, 0.26}, {0.5, 0.6}}}};
  for (const Case& each : kCases) {
    TrafficRequest request = request_of(HashMethod::growthbook_v2);
    request.arms.clear();
    for (std::size_t i = 0; i < each.weights.size(); ++i)
      request.arms.push_back({"arm" + std::to_string(i), each.weights[i]});
    request.share = each.coverage;
    const TrafficPlan plan = plan_of(request);
    ASSERT_EQ(plan.pieces.size(), each.ranges.size());
    for (std::size_t i = 0; i < each.ranges.size(); ++i) {
      EXPECT_NEAR(plan.pieces[i].range.low, each.ranges[i].low, 1e-15);
      EXPECT_NEAR(plan.pieces[i].range.high, each.ranges[i].high, 1e-15);
    }
  }
}

TEST(Traffic, AGrowthBookNamespaceIsALayer) {
  // Source: growthbook/growthbook 8f1db445, cases.json, "inNamespace".
  struct Case {
    const char* user;
    const char* name;
    Range range;
    bool inside;
  };
  const Case kCases[] = {
      {"1", "namespace1", {0, 0.4}, false}, {"1", "namespace1", {0.4, 1}, true},
      {"1", "namespace2", {0, 0.4}, false}, {"1", "namespace2", {0.4, 1}, true},
      {"2", "namespace1", {0, 0.4}, false}, {"2", "namespace1", {0.4, 1}, true},
      {"2", "namespace2", {0, 0.4}, false}, {"2", "namespace2", {0.4, 1}, true},
      {"3", "namespace1", {0, 0.4}, false}, {"3", "namespace1", {0.4, 1}, true},
      {"3", "namespace2", {0, 0.4}, true},  {"3", "namespace2", {0.4, 1}, false},
      {"4", "namespace1", {0, 0.4}, false}, {"4", "namespace1", {0.4, 1}, true},
      {"4", "namespace2", {0, 0.4}, true},  {"4", "namespace2", {0.4, 1}, false}};
  for (const Case& each : kCases) {
    TrafficRequest request = request_of(HashMethod::growthbook_v2);
    request.slice = Slice{{each.name, {HashMethod::growthbook_v1, "", {}}, 0}, each.range};
    EXPECT_EQ(assign(plan_of(request), each.user).outcome == Outcome::assigned, each.inside)
        << each.user << " " << each.name << " " << to_text(each.range);
  }
}

TEST(Traffic, PlanOutChoosesLikeItsOperators) {
  // Source: PlanOut 0.6.0, WeightedChoice(weights = [0.2, 0.3, 0.5]) and UniformChoice of three;
  // tests/golden/assignment.py.
  struct Case {
    const char* salt;
    const char* unit;
    int weighted, uniform;
  };
  const Case kCases[] = {{"new_feed_ranker.arm", "1", 2, 1},
                         {"new_feed_ranker.arm", "2", 0, 1},
                         {"new_feed_ranker.arm", "user_000042", 2, 1},
                         {"a.arm", "bc", 2, 2},
                         {"ab.arm", "c", 1, 0},
                         {"layer:feed.arm", "6f1c2e9a-9d7b-4a53-8a5e-2f6d1f2b7c11", 1, 1}};
  for (const Case& each : kCases) {
    TrafficRequest request = request_of(HashMethod::planout);
    request.hash.salt = each.salt;
    request.arms = {{"a", 0.2}, {"b", 0.3}, {"c", 0.5}};
    EXPECT_EQ(assign(plan_of(request), each.unit).arm, each.weighted) << each.unit;
    request.hash.method = HashMethod::planout_uniform;
    request.arms = {{"a", 1.0 / 3}, {"b", 1.0 / 3}, {"c", 1.0 / 3}};
    EXPECT_EQ(assign(plan_of(request), each.unit).arm, each.uniform) << each.unit;
  }
}

TEST(Traffic, WrittenRangesDecideInsteadOfWeights) {
  TrafficRequest request = request_of(HashMethod::growthbook_v2);
  request.ranges = {{"control", {0, 0.2}}, {"treatment", {0.6, 0.7}}};
  const TrafficPlan plan = plan_of(request);
  // GrowthBook v2 positions of tests/golden/assignment.py: 0.159, 0.6723, 0.0327, 0.5312.
  EXPECT_EQ(assign(plan, "user_000042").arm, 0);
  EXPECT_EQ(assign(plan, "2").arm, 1);
  EXPECT_EQ(assign(plan, "1").arm, 0);
  EXPECT_EQ(assign(plan, "").outcome, Outcome::outside_share);
}

TEST(Traffic, ExplanationsEndInTheSameAssignment) {
  TrafficRequest request = request_of();
  request.share = 0.7;
  request.slice = Slice{{"feed", {}, 0.1}, {0.1, 0.6}};
  request.holdout = Holdout{{}, 0.1};
  const TrafficPlan plan = plan_of(request);
  std::map<std::string, int> deciding;
  for (const std::string& id : made_ids(500)) {
    const Explanation told = explain(plan, id);
    EXPECT_EQ(told.assigned, assign(plan, id));
    ASSERT_FALSE(told.steps.empty());
    for (std::size_t i = 0; i + 1 < told.steps.size(); ++i) EXPECT_TRUE(told.steps[i].passed);
    EXPECT_EQ(told.steps.back().passed, told.assigned.outcome == Outcome::assigned);
    ++deciding[told.steps.back().name];
  }
  EXPECT_EQ(deciding.size(), 4U);
}

TEST(Traffic, RefusesWhatCannotBeMeant) {
  TrafficRequest request = request_of();
  request.arms = {{"control", 0.5}, {"treatment", 0.4}};
  expect_refused(request, "sum to 0.9");
  request.arms = {{"control", 1.0}};
  expect_refused(request, "this one 1");
  request.arms = {{"a", 0.5}, {"a", 0.5}};
  expect_refused(request, "two arms are named `a`");
  request.arms = {{"a", 1.5}, {"b", -0.5}};
  expect_refused(request, "is not positive");
  request.arms = {{"a", 0.5}, {"b", std::nan("")}};
  expect_refused(request, "is not positive");
  request = request_of();
  for (const double share : {0.0, -0.1, 1.1}) {
    request.share = share;
    expect_refused(request, "above 0 and at most 1");
  }
  request = request_of();
  request.ranges = {{"control", {0, 0.5}}, {"treatment", {0.4, 1}}};
  expect_refused(request, "overlap");
  request.ranges = {{"control", {0, 0.5}}, {"treatmnt", {0.5, 1}}};
  expect_refused(request, "there is no arm `treatmnt`");
  request.ranges = {{"control", {0.5, 0.5}}};
  expect_refused(request, "no part of [0, 1]");
  request = request_of();
  request.slice = Slice{{"feed", {}, 0.2}, {0.5, 0.9}};
  expect_refused(request, "reaches into the holdout");
  request.slice = Slice{{"feed", {HashMethod::assay, "new_feed_ranker", {}}, 0}, {0, 1}};
  expect_refused(request, "hash with one salt");
  request = request_of();
  request.holdout = Holdout{{}, 1.0};
  expect_refused(request, "no share below 1");
  request = request_of(HashMethod::planout);
  request.share = 0.5;
  expect_refused(request, "PlanOut has no share");
  request = request_of(HashMethod::planout_uniform);
  request.arms = {{"a", 0.4}, {"b", 0.6}};
  expect_refused(request, "unequal weights");
  request = request_of();
  request.experiment.clear();
  expect_refused(request, "no salt");
}

TEST(Traffic, OverlapsNameBothExperimentsAndTheDays) {
  const std::vector<SliceUse> uses{{"a", "feed", {0, 0.5}, 10, 20, "experiments/a.yaml:4:5"},
                                   {"b", "feed", {0.5, 0.8}, 10, 20, "experiments/b.yaml:4:5"},
                                   {"c", "feed", {0.4, 0.6}, 20, 30, "experiments/c.yaml:4:5"},
                                   {"d", "ads", {0, 1}, 10, 20, "experiments/d.yaml:4:5"},
                                   {"e", "feed", {0, 0.4}, 21, 30, "experiments/e.yaml:4:5"}};
  const auto errors = overlaps(uses);
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_THAT(errors[0].problem, HasSubstr("`a` and `c` of layer `feed` overlap on [0.4, 0.5)"));
  EXPECT_THAT(errors[0].problem, HasSubstr(day_text(20)));
  EXPECT_EQ(errors[0].where, "experiments/c.yaml:4:5");
  EXPECT_THAT(errors[0].have, HasSubstr("experiments/a.yaml:4:5"));
  EXPECT_THAT(errors[1].problem, HasSubstr("`b` and `c`"));
}

TEST(Traffic, TellsWhatIsFreeInALayer) {
  const std::vector<SliceUse> uses{{"a", "feed", {0.1, 0.5}, 10, 20, ""},
                                   {"b", "feed", {0.6, 0.8}, 10, 20, ""},
                                   {"c", "feed", {0, 1}, 30, 40, ""}};
  const auto free = free_ranges({"feed", {}, 0.05}, uses, 15, 25);
  ASSERT_EQ(free.size(), 3U);
  EXPECT_EQ(to_text(free[0]), "[0, 0.1)");
  EXPECT_EQ(to_text(free[1]), "[0.5, 0.6)");
  EXPECT_EQ(to_text(free[2]), "[0.8, 0.95)");
}

}  // namespace
}  // namespace assay::assignment
