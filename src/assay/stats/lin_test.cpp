#include "assay/stats/lin.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace assay::stats {
namespace {

using numerics::CoMoments;
using testing::ElementsAre;

using Rows = std::vector<std::vector<double>>;

// Columns y, d, x1, x2; the same rows stand in tests/golden/stats.py.
const Rows kControl{{3.1, 2, 1.0, 0.2}, {4.0, 3, 2.1, 0.1}, {2.2, 1, 0.4, 0.9}, {6.3, 4, 3.2, 0.3},
                    {5.0, 2, 2.6, 0.8}, {1.9, 2, 0.3, 0.4}, {7.2, 5, 3.9, 0.6}, {3.3, 2, 1.5, 0.5},
                    {4.4, 3, 1.8, 0.7}, {2.8, 2, 1.2, 0.2}};
const Rows kTreatment{{4.2, 3, 1.1, 0.3}, {5.9, 3, 2.4, 0.6}, {2.9, 1, 0.2, 0.4},
                      {8.8, 4, 3.6, 0.1}, {6.1, 3, 2.2, 0.9}, {3.5, 2, 0.9, 0.5},
                      {9.9, 5, 4.1, 0.2}, {5.2, 2, 1.9, 0.8}, {4.9, 3, 1.4, 0.3},
                      {7.4, 4, 3.0, 0.7}, {6.6, 3, 2.7, 0.4}, {3.8, 2, 0.8, 0.6}};

/// Moments of chosen columns, the rows taken `times` times.
CoMoments columns(const Rows& rows, const std::vector<std::size_t>& chosen, int times) {
  CoMoments m(chosen.size());
  for (int i = 0; i < times; ++i) {
    for (const auto& row : rows) {
      std::vector<double> unit;
      for (const std::size_t c : chosen) unit.push_back(row[c]);
      m.add(unit);
    }
  }
  return m;
}

CompareOptions options(MetricKind kind) {
  CompareOptions o;
  o.kind = kind;
  o.adjustment = Adjustment::lin;
  return o;
}

TEST(Lin, MeanMatchesRegressionOfEachArmAtThePooledMean) {
  const auto c = *lin(columns(kControl, {0, 2, 3}, 7), columns(kTreatment, {0, 2, 3}, 7),
                      options(MetricKind::mean));
  // Source: statsmodels 0.15.0 OLS; regenerate with tests/golden/stats.py, function lin.
  EXPECT_EQ(c.method, Method::lin_mean);
  EXPECT_NEAR(c.control_value, 4.201479986817275, 1e-11);
  EXPECT_NEAR(c.treatment_value, 5.592798795377253, 1e-11);
  EXPECT_NEAR(c.difference, 1.3913188085599733, 1e-11);  // The one regression's coefficient.
  EXPECT_NEAR(c.std_error, 0.056129306488428905, 1e-12);
  EXPECT_NEAR(c.degrees_of_freedom, 143.45113188157165, 1e-8);
  ASSERT_TRUE(c.adjustment);
  const auto& facts = *c.adjustment;
  EXPECT_FALSE(facts.pooled_slope);
  EXPECT_NEAR(facts.theta_control[0], 1.4544711401762855, 1e-11);
  EXPECT_NEAR(facts.theta_control[1], 0.409297696900773, 1e-11);
  EXPECT_NEAR(facts.theta_treatment[0], 1.7418676741421213, 1e-11);
  EXPECT_NEAR(facts.theta_treatment[1], -0.7058182383948939, 1e-11);
  EXPECT_GT(facts.variance_reduction, 0.9);
  EXPECT_GT(facts.correlation, 0.95);
}

TEST(Lin, RatioMatchesTheLinearisedRegression) {
  const auto c = *lin(columns(kControl, {0, 1, 2, 3}, 7), columns(kTreatment, {0, 1, 2, 3}, 7),
                      options(MetricKind::ratio));
  // Source: statsmodels 0.15.0 OLS of y - R d; regenerate with tests/golden/stats.py.
  EXPECT_EQ(c.method, Method::lin_ratio);
  EXPECT_NEAR(c.control_value, 1.555368240459024, 1e-12);
  EXPECT_NEAR(c.treatment_value, 1.9686546820388566, 1e-12);
  EXPECT_NEAR(c.std_error, 0.043790832979803664, 1e-12);
  EXPECT_NEAR(c.degrees_of_freedom, 147.47660447588862, 1e-7);
}

TEST(Lin, SmallArmsShareOneSlope) {
  const auto c = *lin(columns(kControl, {0, 2, 3}, 1), columns(kTreatment, {0, 2, 3}, 1),
                      options(MetricKind::mean));
  // Source: statsmodels 0.15.0 OLS y ~ treatment + x1 + x2; regenerate with tests/golden/stats.py.
  EXPECT_TRUE(c.adjustment->pooled_slope);
  EXPECT_NEAR(c.difference, 1.382932138250144, 1e-12);
  EXPECT_NEAR(c.adjustment->theta_control[0], 1.6286804743941325, 1e-12);
  EXPECT_NEAR(c.adjustment->theta_treatment[1], -0.20389337416172873, 1e-12);
}

TEST(Lin, AUselessCovariateIsDroppedWithANoteAndChangesNothing) {
  const auto with_extra = [](const Rows& rows, bool extra) {
    CoMoments m(extra ? 5 : 3);
    for (int i = 0; i < 9; ++i) {
      for (const auto& r : rows) {
        if (extra) {  // A constant indicator and 2 x1 + 1, which repeats x1.
          m.add(std::vector<double>{r[0], r[2], 0.0, r[3], 2.0 * r[2] + 1.0});
        } else {
          m.add(std::vector<double>{r[0], r[2], r[3]});
        }
      }
    }
    return m;
  };
  auto o = options(MetricKind::mean);
  const auto plain = *lin(with_extra(kControl, false), with_extra(kTreatment, false), o);
  o.covariates = {"pre_watch", "no_history", "tenure", "pre_watch_again"};
  const auto extra = *lin(with_extra(kControl, true), with_extra(kTreatment, true), o);
  EXPECT_NEAR(extra.difference, plain.difference, 1e-12);
  EXPECT_NEAR(extra.std_error, plain.std_error, 1e-12);
  EXPECT_THAT(extra.adjustment->covariates, ElementsAre("pre_watch", "tenure"));
  EXPECT_THAT(extra.adjustment->dropped, ElementsAre("no_history", "pre_watch_again"));
  EXPECT_EQ(extra.notes.at(0).code, "covariate_dropped");
}

TEST(Lin, WithoutAUsableCovariateTheContrastIsTheUnadjustedOne) {
  CoMoments control(2);
  CoMoments treatment(2);
  for (const auto& r : kControl) control.add(std::vector<double>{r[0], 0.0});
  for (const auto& r : kTreatment) treatment.add(std::vector<double>{r[0], 0.0});
  const auto c = *lin(control, treatment, options(MetricKind::mean));
  const auto want = *welch(control.marginal(0), treatment.marginal(0), 0.95);
  EXPECT_EQ(c.method, Method::welch);
  EXPECT_EQ(c.p_value, want.p_value);
  EXPECT_EQ(c.notes.back().code, "unadjusted");
}

TEST(Lin, TheUnadjustedContrastStandsBeside) {
  const auto control = columns(kControl, {0, 1, 2}, 7);
  const auto treatment = columns(kTreatment, {0, 1, 2}, 7);
  const auto c = *lin(control, treatment, options(MetricKind::ratio));
  const auto want = *ratio_delta(control, treatment, 0.95);
  EXPECT_EQ(c.adjustment->unadjusted.p_value, want.p_value);
  EXPECT_EQ(c.adjustment->unadjusted.ci_low, want.ci_low);
  const double left = 1.0 - c.adjustment->variance_reduction;
  EXPECT_NEAR(left, std::pow(c.std_error / want.std_error, 2), 1e-12);
}

TEST(Lin, UnitsAndOriginOfACovariateDoNotMatter) {
  const auto shifted = [](const Rows& rows, double scale, double origin) {
    CoMoments m(3);
    for (int i = 0; i < 7; ++i)
      for (const auto& r : rows) m.add(std::vector<double>{r[0], r[2] * scale + origin, r[3]});
    return m;
  };
  const auto o = options(MetricKind::mean);
  const auto a = *lin(shifted(kControl, 1, 0), shifted(kTreatment, 1, 0), o);
  const auto b = *lin(shifted(kControl, 1e-6, 50), shifted(kTreatment, 1e-6, 50), o);
  EXPECT_NEAR(a.difference, b.difference, 1e-6);  // 50 over 1e-6 costs 8 digits.
  EXPECT_NEAR(a.std_error, b.std_error, 1e-6);
}

TEST(Lin, ADenominatorOfOneMakesTheRatioAMean) {
  const auto as_ratio = [](const Rows& rows) {
    CoMoments m(3);
    for (int i = 0; i < 7; ++i)
      for (const auto& r : rows) m.add(std::vector<double>{r[0], 1.0, r[2]});
    return m;
  };
  const auto ratio = *lin(as_ratio(kControl), as_ratio(kTreatment), options(MetricKind::ratio));
  const auto mean =
      *lin(columns(kControl, {0, 2}, 7), columns(kTreatment, {0, 2}, 7), options(MetricKind::mean));
  EXPECT_NEAR(ratio.difference, mean.difference, 1e-12);
  EXPECT_NEAR(ratio.std_error, mean.std_error, 1e-12);
  EXPECT_NEAR(ratio.lift->ci_high, mean.lift->ci_high, 1e-12);
}

TEST(Lin, AZeroDenominatorAndTooFewUnitsAreRefused) {
  CoMoments zero(3);
  for (int i = 0; i < 50; ++i) zero.add(std::vector<double>{1.0 + i, 0.0, 1.0 * i * i});
  EXPECT_EQ(lin(zero, zero, options(MetricKind::ratio)).error().code,
            ErrorCode::undefined_statistic);
  CoMoments one(2);
  one.add(std::vector<double>{1.0, 2.0});
  EXPECT_EQ(lin(one, one, options(MetricKind::mean)).error().code, ErrorCode::undefined_statistic);
}

RC_GTEST_PROP(LinProperty, PValueIntervalAndLiftAlwaysAgree, ()) {
  const auto unit = [] { return *rc::gen::inRange(0, 1000) * 1e-3; };
  const auto arm = [&](double effect) {
    const auto n = *rc::gen::inRange(8, 80);
    CoMoments m(3);
    for (int i = 0; i < n; ++i) {
      const double x = unit();
      m.add(std::vector<double>{2.0 * x + unit() + effect, 0.2 + unit() + x, x});
    }
    return m;
  };
  const auto c = lin(arm(0.0), arm(0.4 * unit()),
                     options(*rc::gen::element(MetricKind::mean, MetricKind::ratio)));
  RC_PRE(c.has_value());
  const bool significant = c->p_value < 0.05;
  RC_ASSERT(significant == (c->ci_low > 0.0 || c->ci_high < 0.0));
  if (c->lift) RC_ASSERT(significant == (c->lift->ci_low > 0.0 || c->lift->ci_high < 0.0));
}

}  // namespace
}  // namespace assay::stats
