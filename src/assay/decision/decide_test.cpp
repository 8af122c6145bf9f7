#include "assay/decision/decide.hpp"

#include <gmock/gmock.h>

#include "assay/experiment/fixture_for_tests.hpp"

namespace assay::decision {
namespace {

using experiment::testing::cell;
using experiment::testing::kExperiment;
using experiment::testing::make_fixture;
using experiment::testing::moments_of;
using ::testing::HasSubstr;

/// What the treatment does to the two metrics that the rules look at, and the state of the log.
struct World {
  double watch = 30.0;   ///< Control: 30.
  double crashes = 0.5;  ///< Control: 0.5; margin 0.1.
  std::int64_t n_treatment = 20'000;
  std::string complete_until = "2026-05-18";
  std::string spec = kExperiment;
};

Result<Decision> decide_world(const World& world) {
  experiment::testing::Fixture fixture;
  ASSAY_TRY(fixture, make_fixture(world.spec, world.complete_until));
  const std::int64_t n = 20'000;
  const std::int64_t t = world.n_treatment;
  const auto moments = moments_of(
      fixture.plan,
      {{cell(n, 30, 20), cell(n, 2, 3), cell(n, 1, 2), cell(n, 0.5, 1)},
       {cell(t, world.watch, 20), cell(t, 2, 3), cell(t, 1, 2), cell(t, world.crashes, 1)}});
  experiment::Integrity integrity;
  ASSAY_TRY(integrity, experiment::check_integrity(fixture.spec, fixture.plan, moments));
  experiment::Analysis analysis;
  ASSAY_TRY(analysis, experiment::analyze(fixture.spec, fixture.plan, moments));
  return decide(fixture.spec, fixture.plan, integrity, analysis);
}

// Standard errors at n = 20,000 an arm: watch 0.2, crashes 0.01. The planted values stand many
// standard errors from every threshold, so each verdict is the one that the rules call for.
TEST(Decide, ALargeGainWithQuietGuardrailsShips) {
  const auto decision = decide_world({.watch = 32.0});
  ASSERT_TRUE(decision.has_value()) << to_text(decision.error());
  EXPECT_EQ(decision->verdict, spec::Verdict::ship);
  EXPECT_EQ(decision->arms[0].rule, 2U);
  EXPECT_THAT(decision->arms[0].fired, HasSubstr("all guardrails non_inferior"));
}

TEST(Decide, AHarmedGuardrailStopsEvenALargeGain) {
  const auto decision = decide_world({.watch = 33.0, .crashes = 0.7});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->verdict, spec::Verdict::do_not_ship);
  EXPECT_EQ(decision->arms[0].rule, 1U);
}

TEST(Decide, AGainBelowTheThresholdIterates) {
  EXPECT_EQ(decide_world({.watch = 30.25})->verdict, spec::Verdict::iterate);
}

TEST(Decide, AnUndecidedPrimaryExtendsOnlyWhileThePeriodLasts) {
  EXPECT_EQ(decide_world({.complete_until = "2026-05-11"})->verdict, spec::Verdict::extend);
  EXPECT_EQ(decide_world({})->verdict, spec::Verdict::iterate);
}

TEST(Decide, ABrokenSplitIsInvalidWhateverTheEffect) {
  const auto decision = decide_world({.watch = 33.0, .n_treatment = 18'500});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->verdict, spec::Verdict::invalid);
}

TEST(Decide, ABrokenSplitIsInvalidEvenWhenNoRuleSaysSo) {
  std::string spec = kExperiment;
  const std::string rule = "  - {verdict: invalid, when: {any_check_failed: true}}\n";
  spec.erase(spec.find(rule), rule.size());
  const auto decision = decide_world({.watch = 33.0, .n_treatment = 18'500, .spec = spec});
  ASSERT_TRUE(decision.has_value()) << to_text(decision.error());
  EXPECT_EQ(decision->verdict, spec::Verdict::invalid);
  EXPECT_THAT(decision->arms[0].fired, HasSubstr("built in"));
}

TEST(Decide, TheHashFollowsTheRulesAndNotTheComments) {
  const auto original = decide_world({});
  const auto commented = decide_world({.spec = std::string("# a remark\n") + kExperiment});
  std::string changed = kExperiment;
  changed.replace(changed.find("0.01}"), 5, "0.02}");
  ASSERT_TRUE(original.has_value());
  EXPECT_EQ(original->rules_hash, commented->rules_hash);
  EXPECT_NE(original->rules_hash, decide_world({.spec = changed})->rules_hash);
}

}  // namespace
}  // namespace assay::decision
