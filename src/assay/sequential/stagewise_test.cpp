#include "assay/sequential/stagewise.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/sequential/group_sequential.hpp"
#include "assay/sequential/monitoring.hpp"

namespace assay::sequential {
namespace {

GroupSequentialSpec three_looks(double alpha, Sides sides, SpendingFamily family) {
  GroupSequentialSpec spec;
  spec.information = equal_information(3);
  spec.alpha = alpha;
  spec.sides = sides;
  spec.alpha_spending.family = family;
  return spec;
}

/// The trial as it stood at a look, on the scale where its standard error is 1.
StoppedTrial stopped(const GroupSequentialSpec& spec, std::size_t looks, double z) {
  const auto design = design_group_sequential(spec).value();
  StoppedTrial trial;
  trial.information.assign(design.information.begin(),
                           design.information.begin() + static_cast<std::ptrdiff_t>(looks));
  trial.critical_values = design.critical_values;
  if (spec.futility && spec.futility->binding) trial.futility_bounds = design.futility_bounds;
  trial.sides = spec.sides;
  trial.estimate = z;
  trial.std_error = 1.0;
  trial.alpha = spec.alpha;
  return trial;
}

// Source of the rpact values: rpact 3.3.4, getFinalPValue and getFinalConfidenceInterval(...,
// tolerance = 1e-12) on one-sample means with normalApproximation; its general interval times
// sqrt(n) is on the z scale. Regenerate with tests/golden/sequential.R.
TEST(Stagewise, AStopAtTheSecondLookMatchesRpact) {
  const auto spec = three_looks(0.025, Sides::one, SpendingFamily::obrien_fleming);
  const auto got = *stagewise_inference(stopped(spec, 2, 3.0344652035059));
  EXPECT_NEAR(got.p_value, 0.0012701717657646, 1e-9);
  EXPECT_NEAR(got.ci_low, 1.0656490008867, 1e-7);
  EXPECT_NEAR(got.ci_high, 4.9916668749377, 1e-7);
  EXPECT_NEAR(got.median_unbiased, 3.0301211901678, 1e-7);
  EXPECT_NEAR(got.confidence_level, 0.95, 1e-15);
  EXPECT_GT(got.overstatement, 0.0);
}

TEST(Stagewise, TheLastLookMatchesRpact) {
  auto spec = three_looks(0.025, Sides::one, SpendingFamily::obrien_fleming);
  auto got = *stagewise_inference(stopped(spec, 3, 2.2283057543016));
  EXPECT_NEAR(got.p_value, 0.015672659438323, 1e-8);
  EXPECT_NEAR(got.ci_low, 0.19826992640497, 1e-7);
  EXPECT_NEAR(got.ci_high, 4.1636777688792, 1e-7);
  EXPECT_NEAR(got.median_unbiased, 2.1906925208391, 1e-7);
  spec.futility = Futility{std::nullopt, {0.0, 0.5}, 0.2, true};
  got = *stagewise_inference(stopped(spec, 3, 2.2283057543016));
  EXPECT_NEAR(got.p_value, 0.015156236650022, 1e-8);
  EXPECT_NEAR(got.ci_low, 0.21305812224898, 1e-7);
  EXPECT_NEAR(got.ci_high, 4.257551427098, 1e-7);
  EXPECT_NEAR(got.median_unbiased, 2.2212137788675, 1e-7);
}

TEST(Stagewise, AWangTsiatisStopMatchesRpact) {
  auto spec = three_looks(0.025, Sides::one, SpendingFamily::obrien_fleming);
  spec.boundary = Boundary::wang_tsiatis;
  spec.shape = 0.3;
  const auto got = *stagewise_inference(stopped(spec, 2, 3.0344652035059));
  EXPECT_NEAR(got.p_value, 0.0050602378603692, 1e-8);
  EXPECT_NEAR(got.ci_low, 0.75134119635203, 1e-7);
  EXPECT_NEAR(got.ci_high, 4.9212274354094, 1e-7);
  EXPECT_NEAR(got.median_unbiased, 2.9048014627713, 1e-7);
}

TEST(Stagewise, ATwoSidedTrialDiffersFromRpactByTheFarBoundaryOnly) {
  // rpact counts paths that crossed the lower boundary first as still running.
  const auto spec = three_looks(0.05, Sides::two, SpendingFamily::pocock);
  const auto got = *stagewise_inference(stopped(spec, 3, 2.2283057543016));
  EXPECT_NEAR(got.p_value, 0.053036499045482, 1e-5);
  EXPECT_LT(got.p_value, 0.053036499045482);
  EXPECT_NEAR(got.ci_low, -0.029926796307736, 1e-3);
  EXPECT_NEAR(got.ci_high, 4.1171165938325, 1e-3);
  EXPECT_NEAR(got.median_unbiased, 2.1071631593037, 1e-3);
}

TEST(Stagewise, OneLookIsTheOrdinaryAnalysis) {
  auto trial = stopped(three_looks(0.05, Sides::two, SpendingFamily::pocock), 1, 2.4);
  trial.std_error = 0.5;
  trial.estimate = 1.2;
  const auto got = *stagewise_inference(trial);
  EXPECT_NEAR(got.p_value, got.naive_p_value, 1e-15);
  EXPECT_NEAR(got.ci_low, got.naive_ci_low, 1e-11);
  EXPECT_NEAR(got.ci_high, got.naive_ci_high, 1e-11);
  EXPECT_NEAR(got.overstatement, 0.0, 1e-11);
}

TEST(Stagewise, PAndIntervalAndDecisionAgreeAtTheLastLook) {
  for (const auto family : {SpendingFamily::pocock, SpendingFamily::obrien_fleming}) {
    for (const bool wedge : {false, true}) {
      auto spec = three_looks(0.05, Sides::two, family);
      if (wedge) spec.futility = Futility{std::nullopt, {0.2, 0.6}, 0.2, true};
      const double bound = design_group_sequential(spec)->critical_values.back();
      for (const double sign : {1.0, -1.0}) {
        for (const double step : {-0.3, -1e-6, 1e-6, 0.3}) {
          const auto got = *stagewise_inference(stopped(spec, 3, sign * (bound + step)));
          EXPECT_EQ(got.p_value<0.05, step> 0) << step;
          EXPECT_EQ(got.ci_low > 0.0 || got.ci_high<0.0, step> 0) << step;
        }
      }
    }
  }
}

TEST(Stagewise, MirroredDataGiveMirroredAnswers) {
  const auto spec = three_looks(0.05, Sides::two, SpendingFamily::pocock);
  const auto up = *stagewise_inference(stopped(spec, 2, 2.9));
  const auto down = *stagewise_inference(stopped(spec, 2, -2.9));
  EXPECT_NEAR(up.p_value, down.p_value, 1e-12);
  EXPECT_NEAR(up.median_unbiased, -down.median_unbiased, 1e-9);
  EXPECT_NEAR(up.ci_low, -down.ci_high, 1e-9);
}

TEST(Stagewise, UnitsDoNotMatter) {
  auto trial = stopped(three_looks(0.05, Sides::two, SpendingFamily::pocock), 2, 2.9);
  const auto plain = *stagewise_inference(trial);
  for (double& information : trial.information) information *= 12'345.0;
  trial.estimate *= 100.0;
  trial.std_error *= 100.0;
  const auto scaled = *stagewise_inference(trial);
  EXPECT_NEAR(scaled.p_value, plain.p_value, 1e-12);
  EXPECT_NEAR(scaled.median_unbiased, 100.0 * plain.median_unbiased, 1e-8);
  EXPECT_NEAR(scaled.ci_high, 100.0 * plain.ci_high, 1e-8);
}

TEST(Stagewise, NonsenseIsRefused) {
  auto trial = stopped(three_looks(0.05, Sides::two, SpendingFamily::pocock), 3, 1.0);
  trial.information[1] = 0.1;
  EXPECT_EQ(stagewise_inference(trial).error().code, ErrorCode::invalid_data);
  trial = stopped(three_looks(0.05, Sides::two, SpendingFamily::pocock), 3, 1.0);
  trial.std_error = 0.0;
  EXPECT_EQ(stagewise_inference(trial).error().code, ErrorCode::undefined_statistic);
  trial.std_error = 1.0;
  trial.critical_values.clear();
  EXPECT_EQ(stagewise_inference(trial).error().code, ErrorCode::invalid_data);
  trial = stopped(three_looks(0.05, Sides::two, SpendingFamily::pocock), 3, NAN);
  EXPECT_EQ(stagewise_inference(trial).error().code, ErrorCode::invalid_data);
}

TEST(RepeatedP, MatchesRpact) {
  // Source: rpact 3.3.4, getRepeatedPValues(stageResults, tolerance = 1e-10).
  const auto one = three_looks(0.025, Sides::one, SpendingFamily::obrien_fleming);
  EXPECT_NEAR(*repeated_p_value(one, 0, 1.7888543819998), 0.22806008637035, 1e-8);
  EXPECT_NEAR(*repeated_p_value(one, 1, 3.0344652035059), 0.008210970245405, 1e-8);
  EXPECT_NEAR(*repeated_p_value(one, 2, 2.2283057543016), 0.013734877381404, 1e-8);
  const auto two = three_looks(0.05, Sides::two, SpendingFamily::pocock);
  EXPECT_NEAR(*repeated_p_value(two, 1, -1.5997046971583), 0.21830800804123, 1e-7);
  EXPECT_NEAR(*repeated_p_value(two, 2, 2.2283057543016), 0.058475302562413, 1e-7);
  auto shape = one;
  shape.boundary = Boundary::wang_tsiatis;
  shape.shape = 0.3;
  EXPECT_NEAR(*repeated_p_value(shape, 0, 1.7888543819998), 0.1146723303434, 1e-8);
  EXPECT_NEAR(*repeated_p_value(shape, 1, 3.0344652035059), 0.0034064395997139, 1e-8);
}

}  // namespace
}  // namespace assay::sequential
