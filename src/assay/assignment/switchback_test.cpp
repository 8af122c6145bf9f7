#include "assay/assignment/switchback.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

namespace assay::assignment {
namespace {

constexpr std::int64_t kHour = 3'600'000'000;

SwitchbackPlan plan_of(SwitchMethod method, std::uint32_t n_regions = 4, std::int64_t days = 7) {
  SwitchbackPlan plan;
  plan.n_regions = n_regions;
  plan.start = 1'000 * kHour;
  plan.end = plan.start + days * 24 * kHour;
  plan.block_us = 2 * kHour;
  plan.method = method;
  return plan;
}

Switchback made(const SwitchbackPlan& plan) {
  auto out = switchback(plan);
  EXPECT_TRUE(out) << to_text(out.error());
  return out ? *out : Switchback{};
}

TEST(Switchback, BalancedOnesAreBalancedEveryDay) {
  SwitchbackPlan plan = plan_of(SwitchMethod::balanced);
  plan.balance_over = 12;
  const Switchback design = made(plan);
  EXPECT_EQ(design.n_blocks, 84U);
  const auto arms = draw_arms(design.design, 1, 0);
  for (std::uint32_t region = 0; region < 4; ++region) {
    for (std::uint32_t day = 0; day < 7; ++day) {
      int treated = 0;
      for (std::uint32_t block = 0; block < 12; ++block)
        treated += arms[design.unit_of(region, day * 12 + block)];
      EXPECT_EQ(treated, 6);
    }
  }
}

TEST(Switchback, MarkovOnesKeepTheirWeightsAndTheirMemory) {
  SwitchbackPlan plan = plan_of(SwitchMethod::markov, 500, 7);
  plan.stay = 0.6;
  plan.weights = {0.7, 0.3};
  const Switchback design = made(plan);
  const auto arms = draw_arms(design.design, 2, 0);
  double treated = 0;
  double last_treated = 0;
  double same = 0;
  for (std::uint32_t region = 0; region < 500; ++region) {
    for (std::uint32_t block = 0; block < 84; ++block) {
      const std::size_t unit = design.unit_of(region, block);
      treated += arms[unit];
      if (block == 83) last_treated += arms[unit];
      if (block > 0) same += arms[unit] == arms[unit - 1] ? 1 : 0;
    }
  }
  EXPECT_NEAR(last_treated / 500, 0.3, 5 * std::sqrt(0.21 / 500));
  // Variance of a mean of a chain with correlation 0.6^k: times (1 + 0.6) / (1 - 0.6) = 4.
  EXPECT_NEAR(treated / 42'000, 0.3, 5 * std::sqrt(4 * 0.21 / 42'000));
  // P(same) = stay + (1 - stay) (0.7^2 + 0.3^2) = 0.832.
  EXPECT_NEAR(same / 41'500, 0.832, 5 * std::sqrt(2 * 0.832 * 0.168 / 41'500));
}

TEST(Switchback, MinimumRunsChangeOnlyAtTheOptimalPoints) {
  // Source: Bojinov, Simchi-Levi & Zhao (2023), theorem 2: for T = 12, m = 2 the randomisation
  // points are {1, 5, 7, 9}, counted from 1; m = 1 gives {1, 3, 4, ..., T - 1}.
  SwitchbackPlan plan = plan_of(SwitchMethod::minimum_run, 400, 1);
  for (const auto& [m, points] : {std::pair<std::uint32_t, std::set<std::uint32_t>>{2, {4, 6, 8}},
                                  {1, {2, 3, 4, 5, 6, 7, 8, 9, 10}},
                                  {3, {6}}}) {
    plan.minimum_run = m;
    const Switchback design = made(plan);
    ASSERT_EQ(design.n_blocks, 12U);
    const auto arms = draw_arms(design.design, 3, 0);
    std::set<std::uint32_t> changed;
    for (std::uint32_t region = 0; region < 400; ++region) {
      for (std::uint32_t block = 1; block < 12; ++block) {
        const std::size_t unit = design.unit_of(region, block);
        if (arms[unit] != arms[unit - 1]) changed.insert(block);
      }
    }
    EXPECT_EQ(changed, points) << "m = " << m;
  }
}

TEST(Switchback, AlternatingOnesTakeTurns) {
  const Switchback design = made(plan_of(SwitchMethod::alternating, 200));
  const auto arms = draw_arms(design.design, 4, 0);
  int first = 0;
  for (std::uint32_t region = 0; region < 200; ++region) {
    first += arms[design.unit_of(region, 0)];
    for (std::uint32_t block = 1; block < design.n_blocks; ++block) {
      const std::size_t unit = design.unit_of(region, block);
      ASSERT_EQ(arms[unit], 1 - arms[unit - 1]);
    }
  }
  EXPECT_NEAR(first, 100, 5 * std::sqrt(50.0));
}

TEST(Switchback, RegionsAreIndependentOfEachOther) {
  const Switchback design = made(plan_of(SwitchMethod::independent, 2, 350));
  const auto arms = draw_arms(design.design, 5, 0);
  int equal = 0;
  for (std::uint32_t block = 0; block < design.n_blocks; ++block)
    equal += arms[design.unit_of(0, block)] == arms[design.unit_of(1, block)] ? 1 : 0;
  EXPECT_NEAR(equal, 2'100, 5 * std::sqrt(1'050.0));
}

TEST(Switchback, TheScheduleSaysWhatIsWashedOut) {
  SwitchbackPlan plan = plan_of(SwitchMethod::independent, 1, 1);
  plan.washout_us = kHour / 2;
  Switchback design = made(plan);
  const std::vector<std::uint8_t> arms{0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1};
  auto slots = schedule(design, arms);
  ASSERT_EQ(slots.size(), 12U);
  for (const Slot& slot : slots) EXPECT_EQ(slot.analysed_from, slot.time.begin + kHour / 2);
  EXPECT_EQ(slots[3].time.begin, plan.start + 6 * kHour);
  EXPECT_EQ(slots[3].time.end, plan.start + 8 * kHour);
  design.plan.washout_after_switch_only = true;
  slots = schedule(design, arms);
  std::set<std::uint32_t> washed;
  for (const Slot& slot : slots)
    if (slot.analysed_from > slot.time.begin) washed.insert(slot.block);
  EXPECT_EQ(washed, (std::set<std::uint32_t>{0, 2, 5, 11}));
}

TEST(Switchback, FindsTheBlockOfAnInstant) {
  SwitchbackPlan plan = plan_of(SwitchMethod::balanced, 1, 1);
  plan.end += kHour;  // Not a whole block.
  const Switchback design = made(plan);
  EXPECT_EQ(design.n_blocks, 12U);
  EXPECT_EQ(block_at(design, plan.start), 0U);
  EXPECT_EQ(block_at(design, plan.start + 2 * kHour - 1), 0U);
  EXPECT_EQ(block_at(design, plan.start + 2 * kHour), 1U);
  EXPECT_EQ(block_at(design, plan.start - 1), std::nullopt);
  EXPECT_EQ(block_at(design, plan.end - 1), std::nullopt);
}

TEST(Switchback, RefusesWhatCannotBeScheduled) {
  const auto refused = [](auto change) {
    SwitchbackPlan plan = plan_of(SwitchMethod::balanced);
    change(plan);
    const auto out = switchback(plan);
    return !out && out.error().code == ErrorCode::invalid_spec && !out.error().problem.empty();
  };
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.n_regions = 0; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.end = p.start; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.end = p.start - kHour; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.block_us = 0; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.block_us = 1; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.washout_us = p.block_us; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.washout_us = -1; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.balance_over = 1; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) { p.weights = {0.5, 0.6}; }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) {
    p.method = SwitchMethod::markov;
    p.stay = 1.0;
  }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) {
    p.method = SwitchMethod::minimum_run;
    p.minimum_run = 30;
  }));
  EXPECT_TRUE(refused([](SwitchbackPlan& p) {
    p.method = SwitchMethod::alternating;
    p.weights = {0.6, 0.4};
  }));
}

}  // namespace
}  // namespace assay::assignment
