#include "assay/experiment/looks.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/experiment/analysis.hpp"
#include "assay/experiment/fixture_for_tests.hpp"
#include "assay/numerics/distributions.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::experiment {
namespace {

using testing::cell;
using ::testing::HasSubstr;
using testing::kExperiment;
using testing::make_fixture;
using testing::moments_of;

std::string with_looks(const std::string& looks) {
  std::string text = kExperiment;
  const std::string before = "adjustment: {method: none}";
  return text.replace(text.find(before), before.size(), before + ", looks: " + looks);
}

const std::string kFour =
    "{method: group_sequential, information: [0.25, 0.5, 0.75, 1.0], spending: obrien_fleming}";

testing::Fixture fixture_of(const std::string& text) {
  auto fixture = make_fixture(text);
  EXPECT_TRUE(fixture.has_value()) << to_text(fixture.error());
  return *fixture;
}

LookProgress at(double information, std::vector<double> past, std::int64_t analysed = 10'000) {
  LookProgress progress;
  for (const double fraction : past)
    progress.past.push_back({fraction, static_cast<std::int64_t>(fraction * 10'000), {}});
  progress.information = information;
  progress.analysed = analysed;
  progress.final = information >= 1.0;
  return progress;
}

// Two-sided 5 %, O'Brien-Fleming spending at four equal looks: rpact 3.3.4,
// getDesignGroupSequential(typeOfDesign = "asOF", sided = 2, alpha = 0.05, kMax = 4).
TEST(Looks, GroupSequentialCriticalValuesAreThoseOfRpact) {
  const auto fixture = fixture_of(with_looks(kFour));
  const double expected[] = {4.332633646, 2.963131599, 2.359044291, 2.01409014};
  std::vector<double> past;
  for (int k = 0; k < 4; ++k) {
    const auto look = read_look(fixture.spec, at(0.25 * (k + 1), past));
    ASSERT_TRUE(look.has_value()) << to_text(look.error());
    EXPECT_EQ(look->number, static_cast<std::size_t>(k + 1));
    EXPECT_NEAR(look->critical_value, expected[k], 1e-8);
    past.push_back(0.25 * (k + 1));
  }
}

TEST(Looks, WithoutAPlanTheFinalLookIsAFixedHorizonOnlyOnce) {
  const auto fixture = fixture_of(kExperiment);
  const auto once = *read_look(fixture.spec, at(1.0, {}));
  EXPECT_EQ(once.mode, ReadingMode::fixed_horizon);
  EXPECT_DOUBLE_EQ(once.level, 0.95);
  const auto peeked = *read_look(fixture.spec, at(1.0, {0.5}));
  EXPECT_EQ(peeked.mode, ReadingMode::confidence_sequence);
  EXPECT_TRUE(peeked.unplanned);
  EXPECT_GT(peeked.critical_value, 2.5);
  EXPECT_THAT(peeked.words, HasSubstr("refused"));
  const auto early = *read_look(fixture.spec, at(0.5, {}));
  EXPECT_EQ(early.mode, ReadingMode::early);
  EXPECT_THAT(early.words, HasSubstr("exploratory"));
}

// The one statistic of a contrast gives the same answer as p-value and as interval, whatever the
// reading.
TEST(Looks, ThePValueAndTheIntervalNeverDisagree) {
  for (const std::string& text :
       {std::string(kExperiment), with_looks(kFour),
        with_looks("{method: group_sequential, information: [0.5, 1.0], spending: "
                   "hwang_shih_decani, spending_parameter: -2}"),
        with_looks("{method: group_sequential, information: [0.3, 1.0], spending: user, "
                   "spending_table: [0.2, 1.0]}"),
        with_looks("{method: confidence_sequence, planned_n: 20000}")}) {
    const auto fixture = fixture_of(text);
    for (const auto& progress : {at(0.3, {}), at(0.6, {0.3}), at(1.0, {0.3, 0.6}), at(1.0, {})}) {
      const auto look = read_look(fixture.spec, progress);
      ASSERT_TRUE(look.has_value()) << text << to_text(look.error());
      for (double z = -6.0; z <= 6.0; z += 0.37) {
        const auto contrast =
            *stats::welch({5000, 10.0, 5000.0}, {5000, 10.0 + 0.02 * z, 5000.0}, look->level);
        const auto p = valid_p_value(fixture.spec, *look, progress, contrast);
        ASSERT_TRUE(p.has_value()) << to_text(p.error());
        if (std::abs(*p - 0.05) < 1e-6) continue;
        EXPECT_EQ(*p<0.05, contrast.ci_low> 0.0 || contrast.ci_high < 0.0)
            << text << " z " << z << " p " << *p;
      }
    }
  }
}

// 2,000 experiments without effect, looked at five times: the plan and the sequence hold 5 %
// (tolerance: 1 in 10,000 for the test to fail by chance), naive peeking does not.
TEST(Looks, LookingOftenKeepsTheErrorRate) {
  constexpr int kRuns = 2000;
  const auto planned = fixture_of(with_looks(
      "{method: group_sequential, information: [0.2, 0.4, 0.6, 0.8, 1.0], spending: pocock}"));
  const auto unplanned = fixture_of(kExperiment);
  // The bounds depend on the information alone. The first unplanned look is the one that nobody can
  // undo: it is read as early, and acting on it is what the readout calls exploratory; from the
  // second on the sequence holds.
  std::vector<double> plan_bounds;
  std::vector<double> sequence_bounds;
  std::vector<double> past;
  for (int k = 1; k <= 5; ++k) {
    const auto progress = at(0.2 * k, past, 2000 * k);
    plan_bounds.push_back(read_look(planned.spec, progress)->critical_value);
    sequence_bounds.push_back(k == 1 ? HUGE_VAL
                                     : read_look(unplanned.spec, progress)->critical_value);
    past.push_back(0.2 * k);
  }
  int planned_errors = 0;
  int unplanned_errors = 0;
  int naive_errors = 0;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    const numerics::Philox random(17, run);
    double sum = 0.0;
    bool hit[3] = {false, false, false};
    for (std::size_t k = 0; k < 5; ++k) {
      sum += numerics::normal_quantile(random.uniform(k));
      const double z = std::abs(sum) / std::sqrt(static_cast<double>(k + 1));
      hit[0] = hit[0] || z >= plan_bounds[k];
      hit[1] = hit[1] || z >= sequence_bounds[k];
      hit[2] = hit[2] || z >= 1.959964;
    }
    planned_errors += hit[0] ? 1 : 0;
    unplanned_errors += hit[1] ? 1 : 0;
    naive_errors += hit[2] ? 1 : 0;
  }
  const auto most = numerics::binomial_quantile(1.0 - 1e-4, kRuns, 0.05);
  EXPECT_LE(planned_errors, most);
  EXPECT_GE(planned_errors, numerics::binomial_quantile(1e-4, kRuns, 0.05));
  EXPECT_LE(unplanned_errors, most);
  EXPECT_GT(naive_errors, most);  // Expected 14.2 %.
}

TEST(Looks, TheAnalysisReadsEveryMetricByTheLook) {
  const auto fixture = fixture_of(with_looks(kFour));
  const std::int64_t n = 20'000;
  const auto moments = moments_of(
      fixture.plan, {{cell(n, 30, 20), cell(n, 2, 3), cell(n, 1, 2), cell(n, 0.5, 1)},
                     {cell(n, 30.5, 20), cell(n, 2, 3), cell(n, 1, 2), cell(n, 0.5, 1)}});
  // z = 2.5: enough at the end, far too little at a quarter.
  const auto early = *analyze(fixture.spec, fixture.plan, moments, at(0.25, {}));
  EXPECT_EQ(early.metrics[0].reading, Reading::undecided);
  ASSERT_TRUE(early.metrics[0].monitoring.has_value());
  EXPECT_EQ(early.metrics[0].monitoring->looks.verdict, sequential::LookDecision::go_on);
  // z = 2.5 at a quarter: the trend alone would carry it far beyond the last bound.
  EXPECT_GT(early.metrics[0].monitoring->prospects->under_trend, 0.95);
  EXPECT_LT(early.metrics[0].monitoring->prospects->under_null, 0.5);
  const auto late = *analyze(fixture.spec, fixture.plan, moments, at(1.0, {0.25, 0.5, 0.75}));
  EXPECT_EQ(late.metrics[0].reading, Reading::better);
  EXPECT_GT(late.metrics[0].contrast->ci_low, 0.0);
  EXPECT_LT(early.metrics[0].contrast->ci_low, 0.0);
  EXPECT_FALSE(late.metrics[1].monitoring.has_value());  // Secondary.
}

TEST(Looks, FallingInformationIsRefused) {
  const auto fixture = fixture_of(with_looks(kFour));
  EXPECT_FALSE(read_look(fixture.spec, at(0.4, {0.5})).has_value());
  EXPECT_FALSE(read_look(fixture.spec, at(0.5, {0.5})).has_value());
}

TEST(Looks, InformationIsUnitsOverPlannedOrDaysOfThePeriod) {
  const auto days = fixture_of(kExperiment);
  EXPECT_DOUBLE_EQ(information_of(days.spec, days.plan, 123), 1.0);
  const auto half = *make_fixture(kExperiment, "2026-05-11");
  EXPECT_DOUBLE_EQ(information_of(half.spec, half.plan, 123), 0.5);
  const auto units = fixture_of(with_looks("{method: confidence_sequence, planned_n: 20000}"));
  EXPECT_DOUBLE_EQ(information_of(units.spec, units.plan, 5000), 0.25);
}

}  // namespace
}  // namespace assay::experiment
