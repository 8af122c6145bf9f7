#include "assay/distributed/funnel_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "assay/numerics/philox.hpp"
#include "warehouse_fixture.hpp"

namespace assay::distributed {
namespace {

using testing::ElementsAre;

class FunnelPlan : public WarehouseTest {
 protected:
  engine::FunnelCounts ask(std::vector<engine::EventSelector> steps, std::int64_t window_s) {
    const auto engine = open();
    const auto counts = engine->funnel({std::move(steps), window_s * kSecondUs, std::nullopt});
    EXPECT_TRUE(counts) << (counts ? "" : to_text(counts.error()));
    return counts ? *counts : engine::FunnelCounts();
  }
};

TEST_F(FunnelPlan, OneEventNeverServesTwoSteps) {
  insert("(1, 0, 'a'), (1, 5, 'b'), (2, 0, 'a'), (2, 0, 'a'), (2, 0, 'b')");
  const auto counts = ask({named("a"), named("a"), named("b")}, 10);
  EXPECT_THAT(counts.reached, ElementsAre(2, 1, 1));
  EXPECT_EQ(counts.time_to_convert.n, 1);
  EXPECT_EQ(counts.time_to_convert.mean, 0.0);
}

TEST_F(FunnelPlan, EventsOfOneInstantServeInStepOrderWhateverTheirOrder) {
  insert("(1, 7, 'c'), (1, 7, 'b'), (1, 7, 'a'), (2, 7, 'c'), (2, 8, 'a'), (2, 8, 'b')");
  EXPECT_THAT(ask({named("a"), named("b"), named("c")}, 0).reached, ElementsAre(2, 2, 1));
}

TEST_F(FunnelPlan, AWindowEndsWithTheInstantThatIsItsLengthAway) {
  insert("(1, 0, 'a'), (1, 10, 'b'), (2, 0, 'a'), (2, 11, 'b')");
  EXPECT_THAT(ask({named("a"), named("b")}, 10).reached, ElementsAre(2, 1));
}

TEST_F(FunnelPlan, TheReportedAttemptIsTheEarliestToFinishThenTheLatestToStart) {
  insert("(1, 0, 'a'), (1, 6, 'a'), (1, 9, 'b'), (1, 10, 'a'), (1, 11, 'b')");
  const auto counts = ask({named("a"), named("b")}, 100);
  EXPECT_EQ(counts.time_to_convert.mean, 3.0);
}

// Steps `any event`, `paid`, `a`: one event may serve each of them. Of unit 1 two events are there
// for three steps; of unit 2 the paid one must be kept for the second step.
TEST_F(FunnelPlan, OverlappingStepsShareTheEventsOfAnInstant) {
  run("INSERT INTO log VALUES (1, 0, 'a', 'paid', 1), (1, 0, 'a', 'paid', 1), "
      "(2, 0, 'b', 'free', 1), (2, 0, 'c', 'paid', 1), (2, 0, 'a', 'free', 1), "
      "(3, 0, 'b', 'free', 1), (3, 0, 'b', 'free', 1), (3, 0, 'a', 'paid', 1)");
  const auto counts = ask({named(""), named("", "plan = 'paid'"), named("a")}, 0);
  EXPECT_THAT(counts.reached, ElementsAre(3, 3, 1));
}

TEST_F(FunnelPlan, AUnitThatOnlyMeetsLaterStepsReachesNone) {
  insert("(1, 0, 'b'), (2, 0, 'a')");
  EXPECT_THAT(ask({named("a"), named("b")}, 10).reached, ElementsAre(1, 0));
}

TEST_F(FunnelPlan, StepsWithOneSelectorAreOneClassAndDisjointStepsOneGroupEach) {
  const auto classes =
      funnel_classes({named("a"), named("b"), named("a"), named("b", "plan = 'free'"),
                      named("c", "plan = 'x'"), named("c", "plan in ('y', 'z') and amount > 1")});
  ASSERT_TRUE(classes);
  EXPECT_THAT(classes->of_step, ElementsAre(0, 1, 0, 2, 3, 4));
  EXPECT_THAT(classes->step_of, ElementsAre(0, 1, 3, 4, 5));
  EXPECT_THAT(classes->groups, testing::UnorderedElementsAre(ElementsAre(0), ElementsAre(1, 2),
                                                             ElementsAre(3), ElementsAre(4)));
}

TEST_F(FunnelPlan, FiltersThatMayHoldTogetherAreOneGroup) {
  const auto groups = [](std::string_view a, std::string_view b) {
    return funnel_classes({named("c", a), named("c", b)})->groups.size();
  };
  EXPECT_EQ(groups("plan = 'x'", "plan = 'y'"), 2U);
  EXPECT_EQ(groups("plan = 'x' or amount = 1", "plan = 'y'"), 1U);
  EXPECT_EQ(groups("plan != 'x'", "plan = 'x'"), 1U);
  EXPECT_EQ(groups("not plan = 'y'", "plan = 'y'"), 1U);
  EXPECT_EQ(groups("amount = 1.0", "amount = 2.0"), 1U);  // Known to differ, not worth the care.
  EXPECT_EQ(groups("plan = 'x' and amount > 1", "amount > 0"), 1U);
}

TEST_F(FunnelPlan, MoreThanSixOverlappingStepsAreRefused) {
  std::vector<engine::EventSelector> steps;
  for (int i = 0; i < 7; ++i) steps.push_back(named("", fmt::format("amount > {}", i)));
  const auto classes = funnel_classes(steps);
  ASSERT_FALSE(classes);
  EXPECT_EQ(classes.error().code, ErrorCode::invalid_spec);
  steps.pop_back();
  EXPECT_TRUE(funnel_classes(steps));
}

TEST_F(FunnelPlan, SixteenStepsStayASmallStatement) {
  insert("(1, 0, 'a')");
  std::vector<engine::EventSelector> steps(16, named("a"));
  const auto plans = open()->plans_of(engine::FunnelQuery{steps, kDayUs, std::nullopt});
  ASSERT_TRUE(plans);
  EXPECT_LT(plans->front().statement.size(), 60'000U);
  EXPECT_THAT(ask(steps, 10).reached, ElementsAre(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

// ---------------------------------------------------------------------------------------------
// Against all choices of distinct events, tried one by one.

struct Event {
  std::int64_t time = 0;
  unsigned meets = 0;  ///< Bit c: meets class c.
};

struct Attempt {
  std::size_t depth = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Extends an attempt by every event that may come next.
void extend(const std::vector<Event>& events, const std::vector<unsigned>& steps,
            std::int64_t window, unsigned used, const Attempt& now, std::size_t& depth,
            std::optional<Attempt>& best) {
  depth = std::max(depth, now.depth);
  if (now.depth == steps.size()) {
    const bool better =
        !best || now.end < best->end || (now.end == best->end && now.begin > best->begin);
    if (better) best = now;
    return;
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    if ((used >> i & 1U) != 0 || (event.meets >> steps[now.depth] & 1U) == 0) continue;
    if (now.depth > 0 && (event.time < now.end || event.time - now.begin > window)) continue;
    extend(events, steps, window, used | 1U << i,
           {now.depth + 1, now.depth == 0 ? event.time : now.begin, event.time}, depth, best);
  }
}

TEST_F(FunnelPlan, AgreesWithEveryChoiceOfEventsTriedOneByOne) {
  const numerics::Philox dice(7, 1);
  std::uint64_t draw = 0;
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(dice.uniform(draw++) * static_cast<double>(bound));
  };
  // Class 0: event a; 1: plan x; 2: amount 1. Every event meets any of them or none.
  const std::vector<engine::EventSelector> selectors{named("a"), named("", "plan = 'x'"),
                                                     named("", "amount = 1")};
  for (int round = 0; round < 12; ++round) {
    run("DELETE FROM log");
    std::vector<unsigned> steps;
    std::vector<engine::EventSelector> chosen;
    for (std::int64_t i = 0, n = 1 + below(4); i < n; ++i) {
      steps.push_back(static_cast<unsigned>(below(3)));
      chosen.push_back(selectors[steps.back()]);
    }
    const std::int64_t window = below(4);
    std::vector<std::int64_t> reached(steps.size(), 0);
    std::vector<std::int64_t> taken;
    std::string rows = "(0, 0, 'a', 'x', 1)";  // Both names are known in every round.
    for (int unit = 0; unit < 40; ++unit) {
      std::vector<Event> events;
      if (unit == 0) events.push_back({0, 7});
      for (std::int64_t i = 0, n = below(7); i < n; ++i) {
        const Event event{below(5), static_cast<unsigned>(below(8))};
        events.push_back(event);
        rows += fmt::format(", ({}, {}, '{}', '{}', {})", unit, event.time,
                            (event.meets & 1U) != 0 ? "a" : "b",
                            (event.meets & 2U) != 0 ? "x" : "y", (event.meets & 4U) != 0 ? 1 : 0);
      }
      std::size_t depth = 0;
      std::optional<Attempt> best;
      extend(events, steps, window, 0, {}, depth, best);
      for (std::size_t i = 0; i < depth; ++i) ++reached[i];
      if (best) taken.push_back(best->end - best->begin);
    }
    run("INSERT INTO log VALUES " + rows);
    const auto counts = ask(chosen, window);
    ASSERT_EQ(counts.reached, reached) << round;
    ASSERT_EQ(counts.time_to_convert.n, static_cast<std::int64_t>(taken.size()));
    std::int64_t sum = 0;
    for (const std::int64_t one : taken) sum += one;
    ASSERT_NEAR(counts.time_to_convert.mean * static_cast<double>(taken.size()),
                static_cast<double>(sum), 1e-9);
  }
}

}  // namespace
}  // namespace assay::distributed
