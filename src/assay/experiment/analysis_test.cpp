#include "assay/experiment/analysis.hpp"

#include <gmock/gmock.h>

#include "assay/experiment/fixture_for_tests.hpp"

namespace assay::experiment {
namespace {

using testing::cell;
using testing::kExperiment;
using testing::make_fixture;
using testing::moments_of;

// Source: scipy 1.17.1, ttest_ind_from_stats(33, 20, 1000, 30, 20, 1000, equal_var=False):
// p = 0.000811108; the same with (2.3, 3, 1000, 2.0, 3, 1000): p = 0.025457332.
TEST(Analysis, EachMetricIsComparedByWelchWithoutCovariates) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value()) << to_text(fixture.error());
  const auto analysis = analyze(
      fixture->spec, fixture->plan,
      moments_of(fixture->plan,
                 {{cell(1000, 30, 20), cell(1000, 2.0, 3), cell(1000, 1, 2), cell(1000, 0.5, 1)},
                  {cell(1000, 33, 20), cell(1000, 2.3, 3), cell(1000, 1, 2), cell(1000, 0.5, 1)}}));
  ASSERT_TRUE(analysis.has_value()) << to_text(analysis.error());
  const MetricResult& watch = analysis->metrics[0];
  EXPECT_NEAR(watch.contrast->p_value, 0.000811108, 1e-9);
  EXPECT_EQ(watch.reading, Reading::better);
  EXPECT_NEAR(analysis->metrics[1].contrast->p_value, 0.025457332, 1e-9);
}

TEST(Analysis, SecondaryMetricsAreReadAfterHolm) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  const auto analysis = analyze(
      fixture->spec, fixture->plan,
      moments_of(fixture->plan,
                 {{cell(1000, 30, 20), cell(1000, 2.0, 3), cell(1000, 1, 2), cell(1000, 0.5, 1)},
                  {cell(1000, 30, 20), cell(1000, 2.3, 3), cell(1000, 1, 2), cell(1000, 0.5, 1)}}));
  ASSERT_TRUE(analysis.has_value());
  const MetricResult& likes = analysis->metrics[1];
  // Two secondary metrics: Holm doubles the smaller p-value.
  EXPECT_NEAR(likes.p_adjusted, 2.0 * likes.contrast->p_value, 1e-15);
  EXPECT_EQ(likes.reading, Reading::undecided);
}

// R 4.2.2: p by pt(), its joint tail by integrate() over the shared control (correlation 1/2).
TEST(Analysis, DunnettCorrectsTwoTreatmentsByTheirSharedControl) {
  std::string text = kExperiment;
  const auto swap = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  swap("{control: 0.5, treatment: 0.5}", "{control: 0.4, a: 0.3, b: 0.3}");
  swap("adjustment: {method: none}",
       "adjustment: {method: none}, multiplicity: {primary: dunnett}");
  const auto fixture = make_fixture(text);
  ASSERT_TRUE(fixture.has_value()) << to_text(fixture.error());
  const auto arm = [](double watch) {
    return std::vector{cell(1000, watch, 20), cell(1000, 2, 3), cell(1000, 1, 2),
                       cell(1000, 0.5, 1)};
  };
  const auto analysis = analyze(fixture->spec, fixture->plan,
                                moments_of(fixture->plan, {arm(30.0), arm(30.5), arm(32.0)}));
  ASSERT_TRUE(analysis.has_value()) << to_text(analysis.error());
  const MetricResult& b = analysis->metrics[1];
  EXPECT_NEAR(b.contrast->p_value, 0.0254573316329, 1e-9);
  EXPECT_NEAR(b.p_adjusted, 0.0472982181902, 1e-8);
  EXPECT_EQ(b.reading, Reading::better);
}

TEST(Analysis, FewerCrashesAreBetterAndTheGuardrailHolds) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  const auto analysis = analyze(
      fixture->spec, fixture->plan,
      moments_of(fixture->plan,
                 {{cell(9000, 30, 20), cell(9000, 2, 3), cell(9000, 1, 2), cell(9000, 0.5, 1)},
                  {cell(9000, 30, 20), cell(9000, 2, 3), cell(9000, 1, 2), cell(9000, 0.4, 1)}}));
  ASSERT_TRUE(analysis.has_value());
  const MetricResult& crashes = analysis->metrics[3];
  EXPECT_EQ(crashes.reading, Reading::better);
  ASSERT_TRUE(crashes.guardrail.has_value());
  EXPECT_EQ(crashes.guardrail->status, stats::GuardrailStatus::non_inferior);
}

TEST(Analysis, AMetricWithoutSpreadIsUndefinedAndTheOthersStand) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  const auto analysis =
      analyze(fixture->spec, fixture->plan,
              moments_of(fixture->plan,
                         {{cell(100, 0, 0), cell(100, 2, 3), cell(100, 1, 2), cell(100, 0.5, 1)},
                          {cell(100, 0, 0), cell(100, 2, 3), cell(100, 1, 2), cell(100, 0.5, 1)}}));
  ASSERT_TRUE(analysis.has_value());
  EXPECT_EQ(analysis->metrics[0].reading, Reading::undefined);
  EXPECT_EQ(analysis->metrics[0].contrast.error().code, ErrorCode::undefined_statistic);
  EXPECT_TRUE(analysis->metrics[1].contrast.has_value());
}

}  // namespace
}  // namespace assay::experiment
