#include "assay/events/funnel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "assay/events/memory_log.hpp"

namespace assay::events {
namespace {

using Units = MemoryLog::Units;
const Progress kSilent;

EventSet named(std::vector<std::uint16_t> codes) { return {false, std::move(codes), {}}; }

LoggedEvent at(std::int64_t seconds, std::uint16_t event, std::int64_t property = 0) {
  return {seconds * kSecondUs, event, {property}, {}, {}};
}

MemoryLog log_of(const Units& units, std::size_t partitions = 3) {
  return {{frame::Type::int64}, partitions, units};
}

FunnelTotals run(const Units& units, const FunnelPlan& plan, int threads = 1) {
  const MemoryLog log = log_of(units);
  return *funnel({log, threads, kSilent}, plan);
}

FunnelPlan plan_of(std::vector<EventSet> steps, std::int64_t window_seconds) {
  return {{}, std::move(steps), window_seconds * kSecondUs, {}};
}

/// Goal: the definition itself. Tries every injective assignment of events to steps at
/// non-decreasing times; exponential, and unlike the kernel in every respect.
struct BruteForce {
  const std::vector<LoggedEvent>& events;
  const FunnelPlan& plan;
  std::vector<bool> used = std::vector<bool>(events.size(), false);
  std::size_t depth = 0;
  TimeUs finish = std::numeric_limits<TimeUs>::max();  // Of complete attempts: the earliest ...
  TimeUs start = 0;                                    // ... and of those the latest start.

  bool meets(const LoggedEvent& event, const EventSet& step) const {
    const bool name =
        step.any_name || std::count(step.codes.begin(), step.codes.end(), event.event);
    // The only filter of these tests is "property = 1".
    const bool period =
        !plan.period || (event.time >= plan.period->begin && event.time < plan.period->end);
    return name && period && (!step.filter || event.ints[0] == 1);
  }
  void extend(std::size_t step, TimeUs first, TimeUs last) {
    depth = std::max(depth, step);
    if (step == plan.steps.size()) {
      if (last < finish || (last == finish && first > start)) start = first;
      finish = std::min(finish, last);
      return;
    }
    for (std::size_t e = 0; e < events.size(); ++e) {
      const TimeUs t = events[e].time;
      if (used[e] || !meets(events[e], plan.steps[step])) continue;
      if (step > 0 && (t < last || t - first > plan.window_us)) continue;
      used[e] = true;
      extend(step + 1, step == 0 ? t : first, t);
      used[e] = false;
    }
  }
};

FunnelTotals brute_force(const Units& units, const FunnelPlan& plan) {
  FunnelTotals totals;
  totals.reached.assign(plan.steps.size(), 0);
  for (const auto& events : units) {
    BruteForce search{events, plan};
    search.extend(0, 0, 0);
    for (std::size_t s = 0; s < search.depth; ++s) totals.reached[s] += 1;
    if (search.depth == plan.steps.size())
      totals.time_to_convert.add(static_cast<double>(search.finish - search.start) / 1e6);
  }
  return totals;
}

RowFilter property_is_one() {
  frame::Predicate predicate;
  predicate.column = "p";
  predicate.literals = {std::int64_t{1}};
  return *RowFilter::compile(predicate, [](const std::string&) -> Result<ColumnRef> {
    return ColumnRef{0, frame::Type::int64, nullptr};
  });
}

void expect_equal(const FunnelTotals& got, const FunnelTotals& want) {
  EXPECT_EQ(got.reached, want.reached);
  EXPECT_EQ(got.time_to_convert.n, want.time_to_convert.n);
  EXPECT_NEAR(got.time_to_convert.mean, want.time_to_convert.mean, 1e-9);
  EXPECT_NEAR(got.time_to_convert.m2, want.time_to_convert.m2, 1e-7);
}

TEST(Funnel, EqualsBruteForceOverAllInjectiveAssignments) {
  constexpr std::uint16_t a = 1, b = 2, c = 3;
  FunnelPlan filtered = plan_of({named({a, b}), EventSet{}, named({b, c})}, 4);
  filtered.inputs = {{0}, {property_is_one()}};
  filtered.steps[1].filter = 0;
  FunnelPlan overlapping = plan_of({named({a}), named({a, b}), named({b, c}), named({a, c})}, 5);
  FunnelPlan within = plan_of({named({a}), named({b}), named({c})}, 6);
  within.period = TimeRange{2 * kSecondUs, 8 * kSecondUs};
  const std::vector<FunnelPlan> plans = {
      plan_of({named({a}), named({b}), named({c})}, 5),
      plan_of({named({a}), named({a}), named({b})}, 5),
      plan_of({named({a}), named({b}), named({a}), named({c})}, 6),
      plan_of({EventSet{}, EventSet{}, EventSet{}}, 0),
      plan_of({named({a}), named({b}), named({c})}, 0),
      plan_of({named({a})}, 3),
      overlapping,
      filtered,
      within};
  std::mt19937 random(20260101);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (std::size_t p = 0; p < plans.size(); ++p)
    for (const int span : {3, 10, 30}) {  // Few instants: nearly all tied; many: few ties.
      SCOPED_TRACE(testing::Message() << "plan " << p << ", span " << span);
      Units units;
      for (int u = 0; u < 400; ++u) {
        units.emplace_back();
        for (int e = below(8); e > 0; --e)
          units.back().push_back(at(below(span), static_cast<std::uint16_t>(below(5)), below(2)));
      }
      expect_equal(run(units, plans[p]), brute_force(units, plans[p]));
    }
}

TEST(Funnel, ManyEventsAtOneInstantAreMatchedLikeFewOfThem) {
  // Sixteen steps, a thousand events at one instant; the last step has a single candidate.
  std::vector<EventSet> steps(15, named({1, 2}));
  steps.push_back(named({2}));
  Units units(1);
  for (int e = 0; e < 1000; ++e) units[0].push_back(at(5, 1));
  EXPECT_EQ(run(units, plan_of(steps, 0)).reached[15], 0);
  EXPECT_EQ(run(units, plan_of(steps, 0)).reached[14], 1);
  units[0].insert(units[0].begin() + 500, at(5, 2));
  EXPECT_EQ(run(units, plan_of(steps, 0)).reached[15], 1);
}

// Source: worked log of funnel semantics (minutes): any entry A0 A30 B45 C75 within 60 reaches 3;
// A0 A10 A20 B30 reports ten minutes, the latest start of the earliest finish.
TEST(Funnel, ReportsTheAttemptThatFinishesFirstAndStartedLast) {
  const FunnelPlan three = plan_of({named({1}), named({2}), named({3})}, 3600);
  const Units retry = {{at(0, 1), at(1800, 1), at(2700, 2), at(4500, 3)}};
  EXPECT_EQ(run(retry, three).reached, (std::vector<std::int64_t>{1, 1, 1}));
  const FunnelPlan two = plan_of({named({1}), named({2})}, 3600);
  const Units late = {{at(0, 1), at(600, 1), at(1200, 1), at(1800, 2)}};
  EXPECT_EQ(run(late, two).time_to_convert.mean, 600.0);
}

TEST(Funnel, TheWindowIsInclusiveToTheMicrosecond) {
  const FunnelPlan plan = plan_of({named({1}), named({2})}, 60);
  Units units = {{at(0, 1), at(60, 2)}};
  EXPECT_EQ(run(units, plan).reached[1], 1);
  units[0][1].time += 1;
  EXPECT_EQ(run(units, plan).reached[1], 0);
}

Units random_units(std::size_t count) {
  std::mt19937 random(7);
  Units units(count);
  for (auto& events : units)
    for (auto e = random() % 12; e > 0; --e)
      events.push_back(
          at(static_cast<std::int64_t>(random() % 40), static_cast<std::uint16_t>(random() % 5)));
  return units;
}

TEST(Funnel, KeepsItsBitsForAnyNumberOfThreadsAndItsCountsWhenUnitsMove) {
  const FunnelPlan plan = plan_of({named({1}), named({2}), named({1})}, 10);
  Units units = random_units(500);
  const FunnelTotals one = run(units, plan, 1);
  for (const int threads : {2, 8}) {
    const FunnelTotals many = run(units, plan, threads);
    EXPECT_EQ(many.reached, one.reached);
    EXPECT_EQ(many.time_to_convert.mean, one.time_to_convert.mean);
    EXPECT_EQ(many.time_to_convert.m2, one.time_to_convert.m2);
  }
  std::reverse(units.begin(), units.end());  // Other partitions.
  expect_equal(run(units, plan), one);
  for (auto& events : units) {
    for (auto& event : events) event.time += kDayUs;
    events.push_back(at(86'400 + 11, 9));  // Meets no step.
  }
  expect_equal(run(units, plan), one);
  const auto copy = units;
  units.insert(units.end(), copy.begin(), copy.end());
  const FunnelTotals twice = run(units, plan);
  for (std::size_t s = 0; s < 3; ++s) EXPECT_EQ(twice.reached[s], 2 * one.reached[s]);
  EXPECT_NEAR(twice.time_to_convert.m2, 2 * one.time_to_convert.m2, 1e-7);
}

TEST(Funnel, NoUnitsAndNoEventsGiveZeros) {
  const FunnelPlan plan = plan_of({named({1}), named({2})}, 10);
  EXPECT_EQ(run({}, plan).reached, (std::vector<std::int64_t>{0, 0}));
  EXPECT_EQ(run({{}, {}}, plan).reached, (std::vector<std::int64_t>{0, 0}));
  EXPECT_EQ(run({{at(1, 1)}}, plan).reached, (std::vector<std::int64_t>{1, 0}));
}

TEST(Funnel, StopsBetweenPartitionsWhenAsked) {
  const std::atomic<bool> stop = true;
  const Progress progress{{}, &stop};
  const MemoryLog log = log_of(random_units(9));
  const auto result = funnel({log, 2, progress}, plan_of({named({1})}, 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::interrupted);
}

}  // namespace
}  // namespace assay::events
