#include "assay/design/unit_power.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "assay/design/history.hpp"
#include "assay/design/plan.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::design {
namespace {

using Kind = PlantedEffect::Kind;

/// Units with a past: y = 0.7 x + noise, skewed; d a positive denominator.
struct World {
  std::vector<double> y, d, x, bought;
};

World world(std::size_t n) {
  World out;
  const numerics::Philox random(5, 2);
  for (std::size_t i = 0; i < n; ++i) {
    const auto u = random.uniform_pair(2 * i);
    const auto v = random.uniform_pair(2 * i + 1);
    const double x = numerics::exponential_quantile(u[0], 10.0);
    out.x.push_back(x);
    out.y.push_back(0.7 * x + numerics::exponential_quantile(u[1], 7.0));
    out.d.push_back(1.0 + numerics::exponential_quantile(v[0], 2.0));
    out.bought.push_back(v[1] < 0.2 ? 1.0 : 0.0);
  }
  return out;
}

numerics::CoMoments moments_of(const std::vector<std::vector<double>>& columns) {
  numerics::CoMoments out(columns.size());
  std::vector<double> row(columns.size());
  for (std::size_t i = 0; i < columns[0].size(); ++i) {
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = columns[j][i];
    out.add(row);
  }
  return out;
}

/// Four binomial standard errors of a simulated rate.
double budget(double rate, int runs) { return 4.0 * std::sqrt(rate * (1.0 - rate) / runs) + 0.005; }

TEST(UnitPower, AgreesWithTheFormulaFromTheSameUnits) {
  const World w = world(2'000);
  const int runs = 1'000;
  const double lift = 0.08;
  for (const bool lin : {false, true}) {
    const UnitColumns units{.y = w.y, .covariates = {w.x}};
    const auto simulated = *simulate_power(
        units, {.n_total = 1'500,
                .effect = {Kind::multiplicative, lift},
                .adjustment = lin ? stats::Adjustment::lin : stats::Adjustment::none,
                .replications = runs,
                .threads = 2});
    const auto past = *outcome_of_moments(stats::MetricKind::mean, moments_of({w.y, w.x}), lin);
    Design design{.outcome = past.outcome};
    design.outcome.treatment_variance *= (1 + lift) * (1 + lift);
    const double formula = *power_of(design, lift * past.outcome.baseline, 1'500);
    const double rate = simulated.power.estimate;
    // Drawing 1,500 of 2,000 units without replacement changes nothing within a draw: both arms
    // are random parts of one finite population, whose difference varies as the formula says.
    EXPECT_NEAR(rate, formula, budget(formula, runs)) << lin;
    EXPECT_NEAR(simulated.mean_std_error / simulated.sd_of_differences, 1.0, 0.1) << lin;
    EXPECT_NEAR(simulated.mean_difference, lift * past.outcome.baseline,
                4.0 * simulated.sd_of_differences / std::sqrt(runs) + 0.01);
  }
}

TEST(UnitPower, WithoutAnEffectRejectsAtAlpha) {
  const World w = world(800);
  const auto ratio = *simulate_power({.kind = stats::MetricKind::ratio, .y = w.y, .d = w.d},
                                     {.treatment_share = 0.3, .replications = 1'500});
  EXPECT_NEAR(ratio.power.estimate, 0.05, budget(0.05, 1'500));
  EXPECT_EQ(ratio.undefined, 0);
  EXPECT_GT(ratio.found, 10);
  EXPECT_GT(ratio.wrong_way, 10);
}

TEST(UnitPower, SharesTurnUpAndDownAsAsked) {
  const World w = world(2'000);
  const UnitColumns units{.kind = stats::MetricKind::proportion, .y = w.bought};
  const auto up = *simulate_power(units, {.effect = {Kind::additive, 0.05}, .replications = 200});
  EXPECT_NEAR(up.mean_difference, 0.05, 4.0 * up.sd_of_differences / std::sqrt(200.0));
  const auto down =
      *simulate_power(units, {.effect = {Kind::multiplicative, -0.25}, .replications = 200});
  EXPECT_NEAR(down.mean_difference, -0.25 * 0.2, 0.005);
  EXPECT_GT(down.found, 100);
  EXPECT_EQ(down.wrong_way, 0);
}

TEST(UnitPower, AnEffectOnFewUnitsIsHarderToFindWhenTailsAreCapped) {
  const World w = world(2'000);
  const UnitColumns units{.y = w.y, .cap_quantile = 0.95};
  const auto spread =
      *simulate_power(units, {.effect = {Kind::additive, 1.5}, .replications = 300, .threads = 2});
  const auto few = *simulate_power(
      units, {.effect = {Kind::additive, 1.5, 0.02}, .replications = 300, .threads = 2});
  EXPECT_LT(few.mean_difference, 0.8 * spread.mean_difference);  // The cap eats much of it.
  EXPECT_LT(few.power.estimate, spread.power.estimate);
}

TEST(UnitPower, KeepsItsBitsForAnyNumberOfThreads) {
  const World w = world(300);
  const UnitColumns units{.y = w.y, .covariates = {w.x}, .cap_quantile = 0.99};
  UnitPowerPlan plan{.effect = {Kind::additive, 1.0}, .replications = 100};
  const auto one = *simulate_power(units, plan);
  plan.threads = 3;
  const auto three = *simulate_power(units, plan);
  EXPECT_EQ(one.mean_difference, three.mean_difference);
  EXPECT_EQ(one.found, three.found);
  EXPECT_EQ(one.sd_of_differences, three.sd_of_differences);
}

TEST(UnitPower, BadInputIsRefusedInItsOwnWords) {
  const World w = world(100);
  const UnitColumns units{.y = w.y};
  const auto problem = [](const auto& result) { return result ? "" : result.error().problem; };
  EXPECT_THAT(problem(simulate_power(units, {.n_total = 1'000})),
              testing::HasSubstr("1,000 units are asked and the history has 100"));
  EXPECT_THAT(problem(simulate_power(units, {.alpha = 0})), testing::HasSubstr("alpha"));
  EXPECT_THAT(problem(simulate_power(units, {.replications = 0})),
              testing::HasSubstr("replications"));
  EXPECT_THAT(problem(simulate_power(units, {.effect = {Kind::additive, 1, 0}})),
              testing::HasSubstr("felt by a share"));
  EXPECT_THAT(problem(simulate_power({.kind = stats::MetricKind::ratio, .y = w.y}, {})),
              testing::HasSubstr("differ in length"));
  EXPECT_THAT(problem(simulate_power({.y = {w.y.data(), 5}}, {})),
              testing::HasSubstr("20 units or more"));
  EXPECT_THAT(problem(simulate_power({.kind = stats::MetricKind::proportion, .y = w.bought},
                                     {.effect = {Kind::additive, 0.95}})),
              testing::HasSubstr("out of 0 to 1"));
}

}  // namespace
}  // namespace assay::design
