#include "assay/decision/error_rates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "assay/experiment/fixture_for_tests.hpp"
#include "assay/numerics/distributions.hpp"

namespace assay::decision {
namespace {

using experiment::testing::make_fixture;

/// One primary metric and two guardrails; the rule of the closed form.
const char* const kRule = R"(version: 1
experiment: tiny_test
unit: user
assignment: {event: assigned, variant: variant}
arms: {control: 0.5, treatment: 0.5}
period: {start: 2026-05-04, end: 2026-05-17, timezone: UTC}
metrics:
  primary: [watch]
  guardrails:
    - {metric: crashes, margin: 0.04, scale: absolute}
    - {metric: likes, margin: 0.02, scale: relative}
analysis: {alpha: 0.05, adjustment: {method: none}}
checks: {sample_ratio: {alpha: 0.001}}
decision:
  - {verdict: do_not_ship, when: {any_guardrail: harmed}}
  - {verdict: ship, when: {all_primary: {significant: true}, all_guardrails: non_inferior}}
  - {verdict: iterate}
)";

/// watch 30 (sd 20), crashes 0.5 (sd 1), likes 2 (sd 1).
RuleQuestion question(double n) {
  RuleQuestion out;
  out.metrics = {{30.0, 400.0}, {0.5, 1.0}, {2.0, 1.0}};
  out.n_total = n;
  out.replications = 4'000;
  out.threads = 2;
  return out;
}

double phi(double z) { return numerics::normal_cdf(z); }

/// P(ship) in closed form for independent metrics: the sample ratio passes 99.9 %.
double closed_form(double n, double effect, double crashes, double likes_margin) {
  const double z = 1.959963984540054;
  const double se = std::sqrt(4.0 / n);
  const double watch = phi(effect / (20.0 * se) - z);
  const double crash = phi((0.04 - crashes) / se - z);
  const double contrast = std::sqrt((1.0 + 0.98 * 0.98) / (n / 2.0));
  return 0.999 * watch * crash * phi(likes_margin / contrast - z);
}

double shipped(const RuleRates& rates, std::size_t world) {
  return rates.worlds[world].ship.estimate;
}

double budget(double rate, double runs) {
  return 4.0 * std::sqrt(rate * (1.0 - rate) / runs) + 0.002;
}

// Budget: four binomial standard errors each.
TEST(ErrorRates, OnePrimaryAndIndependentGuardrailsHaveAClosedForm) {
  const auto fixture = *make_fixture(kRule);
  RuleQuestion ask = question(30'000);
  ask.worlds = usual_worlds(fixture.plan, ask.metrics, 0.02);
  const auto rates = *rule_error_rates(fixture.spec, fixture.plan, ask);
  ASSERT_EQ(rates.worlds.size(), 5U);  // null, target, two harms, worse
  const double runs = ask.replications;
  const double null = closed_form(ask.n_total, 0.0, 0.0, 0.04);
  EXPECT_NEAR(shipped(rates, 0), null, budget(null, runs));
  const double target = closed_form(ask.n_total, 0.6, 0.0, 0.04);
  EXPECT_GT(target, 0.4);
  EXPECT_NEAR(shipped(rates, 1), target, budget(target, runs));
  const double crashes = closed_form(ask.n_total, 0.6, 0.04, 0.04);
  EXPECT_NEAR(shipped(rates, 2), crashes, budget(crashes, runs));
  EXPECT_LT(shipped(rates, 2), 0.025 + budget(0.025, runs));
  EXPECT_LT(shipped(rates, 4), 0.001 + budget(0.001, runs));
  EXPECT_EQ(rates.worlds[1].world, "target");
  EXPECT_NEAR(rates.worlds[1].favourable[0], phi(0.6 / (20.0 * std::sqrt(4.0 / 30'000)) - 1.96),
              budget(0.7, runs));
}

TEST(ErrorRates, UnitsForARuleAreThoseOfTheClosedForm) {
  const auto fixture = *make_fixture(kRule);
  RuleQuestion ask = question(0);
  ask.replications = 2'000;
  ask.worlds = usual_worlds(fixture.plan, ask.metrics, 0.02);
  const auto n = *units_for_rule(fixture.spec, fixture.plan, ask, 1, 0.8);
  const double power = closed_form(static_cast<double>(n), 0.6, 0.0, 0.04);
  EXPECT_NEAR(power, 0.8, budget(0.8, ask.replications));
}

TEST(ErrorRates, GuardrailsThatMoveTogetherCostLessThanIndependentOnes) {
  const auto fixture = *make_fixture(kRule);
  RuleQuestion ask = question(20'000);
  ask.metrics[2] = {2.0, 1.0};
  ask.worlds = {{"target", {2.0, 0.0, 0.0}}};
  const auto apart = *rule_error_rates(fixture.spec, fixture.plan, ask);
  ask.correlation = numerics::SymmetricMatrix(3);
  for (std::size_t i = 0; i < 3; ++i) ask.correlation.set(i, i, 1.0);
  ask.correlation.set(1, 2, -1.0);  // Crashes down is good, likes up is good.
  const auto together = *rule_error_rates(fixture.spec, fixture.plan, ask);
  const double z = 1.959963984540054;
  const double one = phi(0.04 / std::sqrt(4.0 / 20'000) - z);
  EXPECT_NEAR(shipped(apart, 0), one * one, 0.05);
  EXPECT_NEAR(shipped(together, 0), one, 0.05);
  EXPECT_GT(shipped(together, 0), shipped(apart, 0) + 0.05);
}

TEST(ErrorRates, PeekingUncorrectedShipsNothingMoreOftenThanOneLook) {
  const auto fixture = *make_fixture(kRule);
  RuleQuestion ask = question(400'000);  // Guardrails are sure to pass.
  ask.worlds = usual_worlds(fixture.plan, ask.metrics, 0.02);
  ask.worlds.resize(1);
  const double once = shipped(*rule_error_rates(fixture.spec, fixture.plan, ask), 0);
  ask.looks = {0.2, 0.4, 0.6, 0.8, 1.0};
  const auto peeked = *rule_error_rates(fixture.spec, fixture.plan, ask);
  // Source: Armitage, McPherson & Rowe, JRSS A 132 (1969): five looks at 5 % reject 14.2 %, half of
  // them upwards.
  EXPECT_NEAR(once, 0.025, budget(0.025, ask.replications));
  EXPECT_NEAR(shipped(peeked, 0), 0.071, budget(0.071, ask.replications) + 0.004);
  EXPECT_LT(peeked.worlds[0].mean_share_of_units, 1.0);
}

TEST(ErrorRates, ASegmentThatMustNotBeHarmedIsReadAsTheRealOneIs) {
  const auto fixture = *make_fixture();
  RuleQuestion ask;
  ask.metrics = {{30.0, 400.0}, {2.0, 9.0}, {1.0, 4.0}, {0.5, 1.0}};
  ask.n_total = 40'000;
  ask.segments = {{"country", {0.5, 0.3, 0.2}}};
  ask.replications = 300;
  ask.worlds = {{"gain", {3.0, 0, 0, 0}}, {"harm", {-3.0, 0, 0, 0}}};
  const auto rates = *rule_error_rates(fixture.spec, fixture.plan, ask);
  EXPECT_GT(shipped(rates, 0), 0.97);
  EXPECT_EQ(shipped(rates, 1), 0.0);
  std::int64_t all = 0;
  for (const std::int64_t verdict : rates.worlds[0].verdicts) all += verdict;
  EXPECT_EQ(all, 300);
}

TEST(ErrorRates, KeepTheirBitsForAnyNumberOfThreads) {
  const auto fixture = *make_fixture(kRule);
  RuleQuestion ask = question(10'000);
  ask.replications = 200;
  ask.worlds = usual_worlds(fixture.plan, ask.metrics, 0.02);
  const auto two = *rule_error_rates(fixture.spec, fixture.plan, ask);
  ask.threads = 1;
  const auto one = *rule_error_rates(fixture.spec, fixture.plan, ask);
  for (std::size_t w = 0; w < ask.worlds.size(); ++w)
    EXPECT_EQ(one.worlds[w].verdicts, two.worlds[w].verdicts);
}

TEST(ErrorRates, BadQuestionsAreRefusedInTheirOwnWords) {
  const auto fixture = *make_fixture(kRule);
  const auto problem = [&](const RuleQuestion& ask) {
    const auto rates = rule_error_rates(fixture.spec, fixture.plan, ask);
    return rates ? std::string() : rates.error().problem;
  };
  RuleQuestion ask = question(1'000);
  ask.worlds = {{"null", {0, 0, 0}}};
  ask.replications = 2;
  EXPECT_EQ(problem(ask), "");
  RuleQuestion bad = ask;
  bad.metrics.pop_back();
  EXPECT_THAT(problem(bad), testing::HasSubstr("the plan has 3 metrics"));
  bad = ask;
  bad.metrics[0].unit_variance = -1;
  EXPECT_THAT(problem(bad), testing::HasSubstr("variances must be positive"));
  bad = ask;
  bad.worlds[0].effects = {1};
  EXPECT_THAT(problem(bad), testing::HasSubstr("has 1 effects for 3 metrics"));
  bad = ask;
  bad.n_total = 3;
  EXPECT_THAT(problem(bad), testing::HasSubstr("two units in each arm"));
  bad = ask;
  bad.looks = {0.5, 0.4, 1.0};
  EXPECT_THAT(problem(bad), testing::HasSubstr("increasing fractions"));
  bad = ask;
  bad.correlation = numerics::SymmetricMatrix(3);
  EXPECT_THAT(problem(bad), testing::HasSubstr("ones on its diagonal"));
  for (std::size_t i = 0; i < 3; ++i) bad.correlation.set(i, i, 1.0);
  bad.correlation.set(0, 1, 0.9);
  bad.correlation.set(1, 2, 0.9);
  bad.correlation.set(0, 2, -0.9);
  EXPECT_THAT(problem(bad), testing::HasSubstr("contradict each other"));
  EXPECT_THAT(units_for_rule(fixture.spec, fixture.plan, ask, 0, 0.8).error().problem,
              testing::HasSubstr("however many units"));
  EXPECT_FALSE(units_for_rule(fixture.spec, fixture.plan, ask, 0, 1.0));
  EXPECT_FALSE(units_for_rule(fixture.spec, fixture.plan, ask, 7, 0.8));
}

}  // namespace
}  // namespace assay::decision
