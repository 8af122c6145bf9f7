#include "assay/sequential/monitoring.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "assay/sequential/conditional_power.hpp"

namespace assay::sequential {
namespace {

using ::testing::HasSubstr;

MonitoringPlan plan_of(int looks, Sides sides = Sides::two, double alpha = 0.05) {
  MonitoringPlan plan;
  plan.design.information = equal_information(looks);
  plan.design.sides = sides;
  plan.design.alpha = alpha;
  plan.maximum_information = 1000.0;
  return plan;
}

/// A look of n units whose statistic is z, effect per unit of deviation 1.
ObservedLook look(double n, double z, bool final = false) {
  const double se = 2.0 / std::sqrt(n);
  return {n, z * se, se, final};
}

TEST(Monitoring, LooksAsPlannedGiveThePlannedBounds) {
  auto plan = plan_of(4);
  const auto design = *design_group_sequential(plan.design);
  const std::vector<ObservedLook> looks{look(250, 1.0), look(500, 1.5), look(750, 1.2),
                                        look(1000, 1.9)};
  const auto got = *monitor(plan, looks);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(got.looks[k].critical_value, design.critical_values[k], 1e-10);
    EXPECT_NEAR(got.looks[k].alpha_spent, design.alpha_spent[k], 1e-15);
    EXPECT_NEAR(*got.looks[k].repeated_p_value,
                *repeated_p_value(plan.design, k, got.looks[k].statistic), 1e-9);
  }
  EXPECT_EQ(got.verdict, LookDecision::no_rejection);
  EXPECT_EQ(got.stopped_at, 3U);
  EXPECT_FALSE(got.over_run || got.under_run);
  ASSERT_TRUE(got.inference);
  EXPECT_GT(got.inference->p_value, 0.05);
}

TEST(Monitoring, EveryFamilyAndFutilityRuleReadsItsOwnPlanBack) {
  for (const auto boundary : {Boundary::obrien_fleming, Boundary::pocock, Boundary::wang_tsiatis,
                              Boundary::haybittle_peto, Boundary::spending}) {
    for (const int futility : {0, 1, 2, 3}) {
      auto plan = plan_of(3, Sides::one, 0.025);
      plan.design.boundary = boundary;
      if (futility == 1) plan.design.futility = Futility{std::nullopt, {-0.5, 0.4}, 0.2, true};
      if (futility == 2) plan.design.futility = Futility{Spending{}, {}, 0.2, false};
      if (futility == 3 && boundary == Boundary::spending)
        plan.design.futility = Futility{Spending{}, {}, 0.2, true};
      const auto design = design_group_sequential(plan.design);
      ASSERT_TRUE(design) << to_text(design.error());
      const std::vector<ObservedLook> looks{look(1000.0 / 3, 1.5), look(2000.0 / 3, 1.8)};
      const auto got = monitor(plan, looks);
      ASSERT_TRUE(got) << to_text(got.error());
      for (std::size_t k = 0; k < 2; ++k) {
        EXPECT_NEAR(got->looks[k].critical_value, design->critical_values[k], 1e-7);
        EXPECT_EQ(got->looks[k].futility_bound.has_value(), !design->futility_bounds.empty());
        if (got->looks[k].futility_bound) {
          EXPECT_NEAR(*got->looks[k].futility_bound, design->futility_bounds[k], 1e-7);
        }
      }
      ASSERT_EQ(got->next_critical_values.size(), 1U);
      EXPECT_NEAR(got->next_critical_values[0], design->critical_values[2], 1e-6);
    }
  }
}

TEST(Monitoring, UnplannedInformationMatchesRpact) {
  // Source: rpact 3.3.4, getDesignGroupSequential(typeOfDesign = "asOF", alpha = .05, sided = 2,
  // informationRates = c(0.3, 0.55, 1), tolerance = 1e-10): bounds at what was reached.
  const auto plan = plan_of(4);
  const auto got = *monitor(plan, std::vector{look(300, 1.0), look(550, 1.0)});
  EXPECT_NEAR(got.looks[0].critical_value, 3.9285725426266, 1e-8);
  EXPECT_NEAR(got.looks[1].critical_value, 2.8078768564737, 1e-8);
}

TEST(Monitoring, StopsAtTheFirstCrossingAndReadsTheRestAsDescriptive) {
  const auto got =
      *monitor(plan_of(4), std::vector{look(250, 1.0), look(500, 3.4), look(750, 1.0)});
  EXPECT_EQ(got.stopped_at, 1U);
  EXPECT_EQ(got.verdict, LookDecision::reject_upper);
  EXPECT_EQ(got.looks_after_stop, 1);
  EXPECT_NEAR(got.inference->naive_estimate, got.looks[1].estimate, 1e-15);
  EXPECT_GT(got.inference->overstatement, 0.0);
  EXPECT_LT(got.looks[2].adjusted_p_value, 0.05);
  EXPECT_GT(*got.looks[2].repeated_p_value, 0.05);
}

TEST(Monitoring, RejectionIsRepeatedPBelowAlphaIsTheRepeatedIntervalExcludingTheNull) {
  auto plan = plan_of(3);
  plan.null_effect = 0.02;
  for (double z = -4.0; z <= 4.0; z += 0.23) {
    ObservedLook second = look(700, z);
    second.estimate += plan.null_effect;
    const auto got = *monitor(plan, std::vector{look(300, 0.5), second});
    const auto& read = got.looks[1];
    const bool rejects = read.decision != LookDecision::go_on;
    EXPECT_EQ(rejects, *read.repeated_p_value < 0.05) << z;
    EXPECT_EQ(rejects, read.repeated_ci_low > 0.02 || read.repeated_ci_high < 0.02) << z;
  }
}

TEST(Monitoring, OverAndUnderRunningSpendWhatIsLeft) {
  const auto plan = plan_of(2);
  const auto over = *monitor(plan, std::vector{look(500, 1.0), look(1300, 2.1, true)});
  EXPECT_TRUE(over.over_run);
  EXPECT_NEAR(over.looks[1].alpha_spent, 0.05, 1e-15);
  const auto under = *monitor(plan, std::vector{look(500, 1.0), look(700, 2.1, true)});
  EXPECT_TRUE(under.under_run);
  EXPECT_NEAR(under.looks[1].alpha_spent, 0.05, 1e-15);
  // The less the two looks share, the more the second has to clear.
  EXPECT_GT(over.looks[1].critical_value, under.looks[1].critical_value);
  EXPECT_NEAR(under.alpha_left, 0.0, 1e-15);
}

TEST(Monitoring, ImpossibleSequencesAreRefusedInTheirOwnWords) {
  const auto plan = plan_of(3);
  const auto problem = [&](const std::vector<ObservedLook>& looks) {
    const auto got = monitor(plan, looks);
    EXPECT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::invalid_data);
    return to_text(got.error());
  };
  EXPECT_THAT(problem({}), HasSubstr("no look"));
  EXPECT_THAT(problem({look(500, 1), look(300, 1)}), HasSubstr("went down from 500 to 300"));
  EXPECT_THAT(problem({look(500, 1), look(500, 1)}), HasSubstr("went nowhere"));
  EXPECT_THAT(problem({look(500, 1), look(500.01, 1)}), HasSubstr("ten-thousandth"));
  EXPECT_THAT(problem({look(500, 1), look(1200, 1)}), HasSubstr("more than the planned maximum"));
  EXPECT_THAT(problem({look(1000, 1), look(1200, 1, true)}), HasSubstr("ended the trial"));
  EXPECT_THAT(problem({{500, 0.1, 0.0, false}}), HasSubstr("standard error above 0"));
  EXPECT_THAT(problem({{500, NAN, 1.0, false}}), HasSubstr("standard error above 0"));
}

TEST(Monitoring, TheCourseAheadGivesConditionalPower) {
  // Looks as planned: the same prospects as from the plan itself.
  const auto plan = plan_of(4);
  const auto design = *design_group_sequential(plan.design);
  const auto got = *monitor(plan, std::vector{look(250, 1.0), look(500, 1.7)});
  ASSERT_TRUE(got.course);
  EXPECT_NEAR(conditional_power(*got.course, 1, 1.7, 2.9)->power,
              conditional_power(design, 1, 1.7, 2.9)->power, 1e-10);
  EXPECT_FALSE(monitor(plan, std::vector{look(1000, 1.0)})->course);
}

TEST(Monitoring, FiftyDailyLooksAreRead) {
  std::vector<ObservedLook> looks;
  for (int day = 1; day <= 50; ++day) looks.push_back(look(20.0 * day, 0.02 * day));
  const auto got = *monitor(plan_of(4), looks);
  EXPECT_EQ(got.stopped_at, 49U);
  EXPECT_EQ(got.verdict, LookDecision::no_rejection);
  EXPECT_NEAR(got.looks[49].alpha_spent, 0.05, 1e-15);
  EXPECT_FALSE(got.looks[10].repeated_p_value.has_value());
  EXPECT_TRUE(got.looks[49].repeated_p_value.has_value());
}

}  // namespace
}  // namespace assay::sequential
