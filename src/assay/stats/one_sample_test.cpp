#include "assay/stats/one_sample.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/stats/cluster_test_world.hpp"
#include "assay/stats/non_inferiority.hpp"

namespace assay::stats {
namespace {

using testing::HasSubstr;

std::vector<double> arm(const ClusterWorld& w, Arm which) {
  std::vector<double> out;
  for (std::size_t i = 0; i < w.y.size(); ++i)
    if (w.arm[i] == which) out.push_back(w.y[i]);
  return out;
}

numerics::Moments moments_of(const std::vector<double>& values) {
  numerics::Moments m;
  for (const double v : values) m.add(v);
  return m;
}

TEST(OneSample, AMeanAgainstABenchmarkEqualsScipy) {
  const ClusterWorld w;
  const auto o = *mean_against(moments_of(arm(w, Arm::control)), 11.0, 0.95);
  // Source: scipy 1.17.1, ttest_1samp(control, 11); tests/golden/clusters.py.
  EXPECT_NEAR(o.p_value, 0.12463719229924392, 1e-12);
  EXPECT_NEAR(o.ci_low, 10.928031113335235, 1e-11);
  EXPECT_NEAR(o.ci_high, 11.577594047078383, 1e-11);
  EXPECT_NEAR(o.p_greater + o.p_less, 1.0, 1e-14);
}

TEST(OneSample, AProportionAgainstABenchmarkEqualsScipy) {
  // Source: scipy 1.17.1, binomtest(15, 200, 0.05).
  const auto exact = *proportion_against(15, 200, 0.05, ProportionTest::exact, 0.95);
  EXPECT_NEAR(exact.p_greater, 0.07813441567325656, 1e-13);
  EXPECT_NEAR(exact.p_less, 0.9556443708329387, 1e-13);
  EXPECT_NEAR(exact.p_value, 2.0 * 0.07813441567325656, 1e-13);
  const auto score = *proportion_against(15, 200, 0.05, ProportionTest::score, 0.95);
  EXPECT_NEAR(score.ci_low, 0.045974917184382014, 1e-13);
  EXPECT_NEAR(score.ci_high, 0.12004361023629459, 1e-13);
  EXPECT_NEAR(score.p_greater, 0.052378744924865314, 1e-13);
}

TEST(OneSample, TheTestRejectsExactlyWhatTheIntervalExcludes) {
  int rejected = 0;
  for (const auto test : {ProportionTest::exact, ProportionTest::score}) {
    for (std::int64_t n : {7, 40, 300}) {
      for (std::int64_t x = 0; x <= n; ++x) {
        for (const double benchmark : {0.03, 0.2, 0.5, 0.81}) {
          const auto o = *proportion_against(x, n, benchmark, test, 0.9);
          EXPECT_EQ(o.p_value < 0.1, benchmark < o.ci_low || benchmark > o.ci_high)
              << x << " of " << n << " against " << benchmark;
          rejected += o.p_value < 0.1 ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(rejected, 1000);
}

TEST(OneSample, GeometricMeansEqualScipyOnLogarithms) {
  const ClusterWorld w;
  const auto c = *compare_log_means(*log_moments(arm(w, Arm::control)),
                                    *log_moments(arm(w, Arm::treatment)), 0.95);
  // Source: scipy 1.17.1, ttest_ind of the logarithms, equal_var=False.
  EXPECT_NEAR(c.p_value, 0.00016489296373569604, 1e-14);
  EXPECT_NEAR(c.lift->estimate, 0.08108102898428338, 1e-12);
  EXPECT_NEAR(c.lift->ci_low, 0.03936199592507136, 1e-12);
  EXPECT_NEAR(c.lift->ci_high, 0.12447462559904149, 1e-12);
  EXPECT_EQ(c.method, Method::log_mean);
  // A guardrail on the lift is read at the logarithm of its margin: the interval's own limit.
  const double edge = -c.lift->ci_low;
  for (const double nudge : {-1e-6, 1e-6}) {
    Contrast turned = c;
    turned.difference = -c.difference;
    turned.ci_low = -c.ci_high;
    turned.ci_high = -c.ci_low;
    turned.lift = Lift{std::expm1(-c.difference), std::expm1(-c.ci_high), std::expm1(-c.ci_low)};
    const double margin = -turned.lift->ci_low + nudge;
    const auto guard =
        *non_inferiority(turned, {margin, MarginScale::relative}, Direction::increase);
    EXPECT_EQ(guard.status == GuardrailStatus::non_inferior, nudge > 0.0);
  }
  EXPECT_LT(edge, 0.0);
}

TEST(OneSample, MeansAndLogarithmsAgreeWithTheirIntervals) {
  const ClusterWorld w;
  const auto control = arm(w, Arm::control);
  const auto treatment = arm(w, Arm::treatment);
  int rejected = 0;
  for (int step = -40; step <= 40; ++step) {
    const double benchmark = 11.25 + 0.02 * step;
    const auto o = *mean_against(moments_of(control), benchmark, 0.95);
    EXPECT_EQ(o.p_value < 0.05, benchmark < o.ci_low || benchmark > o.ci_high);
    std::vector<double> scaled;
    for (const double x : treatment) scaled.push_back(x * std::exp(0.004 * step));
    const auto c = *compare_log_means(*log_moments(control), *log_moments(scaled), 0.95);
    const bool wins = c.p_value < 0.05;
    EXPECT_EQ(wins, c.ci_low > 0.0 || c.ci_high < 0.0);
    EXPECT_EQ(wins, c.lift->ci_low > 0.0 || c.lift->ci_high < 0.0);
    rejected += wins ? 1 : 0;
  }
  EXPECT_GT(rejected, 10);
  EXPECT_LT(rejected, 75);
}

TEST(OneSample, BadInputIsRefusedInItsOwnWords) {
  EXPECT_THAT(log_moments(std::vector<double>{1.0, 0.0, -2.0}).error().problem,
              HasSubstr("2 of 3"));
  EXPECT_EQ(proportion_against(5, 10, 1.0, ProportionTest::exact, 0.95).error().code,
            ErrorCode::invalid_spec);
  EXPECT_EQ(proportion_against(11, 10, 0.5, ProportionTest::score, 0.95).error().code,
            ErrorCode::invalid_data);
  EXPECT_EQ(mean_against({1, 2.0, 0.0}, 0.0, 0.95).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(mean_against({5, 2.0, 1.0}, std::nan(""), 0.95).error().code, ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::stats
