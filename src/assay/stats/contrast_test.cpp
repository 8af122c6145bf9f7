#include "assay/stats/contrast.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "assay/numerics/distributions.hpp"

namespace assay::stats {
namespace {

using numerics::CoMoments;
using numerics::Moments;

const std::vector<double> kWelchA{27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6};
const std::vector<double> kWelchB{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2};

CoMoments rows(const std::vector<std::vector<double>>& units) {
  CoMoments m(units.front().size());
  for (const auto& unit : units) m.add(unit);
  return m;
}

Moments one_column(const std::vector<double>& values) { return numerics::moments(values, 1); }

/// The invariant of the room: the three readings agree.
void expect_coherent(const Contrast& c) {
  const bool significant = c.p_value < 1.0 - c.confidence_level;
  EXPECT_EQ(significant, c.ci_low > 0.0 || c.ci_high < 0.0) << c.p_value << " " << c.ci_low;
  EXPECT_LE(c.ci_low, c.difference);
  EXPECT_GE(c.ci_high, c.difference);
  if (c.lift) {
    EXPECT_EQ(significant, c.lift->ci_low > 0.0 || c.lift->ci_high < 0.0) << c.p_value;
    EXPECT_LE(c.lift->ci_low, c.lift->estimate);
    EXPECT_GE(c.lift->ci_high, c.lift->estimate);
  } else {
    EXPECT_FALSE(c.lift_undefined.empty());
  }
}

TEST(Contrast, WelchMatchesScipy) {
  const auto c = welch(one_column(kWelchA), one_column(kWelchB), 0.95);
  ASSERT_TRUE(c);
  // Source: scipy 1.17.1, ttest_ind(b, a, equal_var=False); regenerate with tests/golden/stats.py.
  EXPECT_NEAR(c->difference, 2.55, 1e-13);
  EXPECT_NEAR(c->degrees_of_freedom, 15.497898882594495, 1e-11);
  EXPECT_NEAR(c->statistic, 2.035661877068064, 1e-13);
  EXPECT_NEAR(c->p_value, 0.059253737007745146, 1e-13);
  EXPECT_NEAR(c->ci_low, -0.1125380809738794, 1e-11);
  EXPECT_NEAR(c->ci_high, 5.21253808097388, 1e-11);
  EXPECT_EQ(c->notes.at(0).code, "few_units");
}

TEST(Contrast, FiellerLimitsAreTheRatiosThatATTestDoesNotReject) {
  // By another way: t of treatment - r control at the limits equals the critical value.
  const auto a = one_column(kWelchA);
  const auto b = one_column(kWelchB);
  const auto c = *welch(a, b, 0.95);
  ASSERT_TRUE(c.lift);
  const double critical = numerics::student_t_upper_quantile(0.025, c.degrees_of_freedom);
  for (const double limit : {c.lift->ci_low, c.lift->ci_high}) {
    const double r = 1.0 + limit;
    const double variance = b.m2 / 90.0 + r * r * a.m2 / 90.0;
    EXPECT_NEAR(std::abs(b.mean - r * a.mean) / std::sqrt(variance), critical, 1e-10);
  }
}

TEST(Contrast, RatioOfSumsMatchesTheLinearisedVarianceOfNumpy) {
  const auto control = rows({{3.1, 2},
                             {4.0, 3},
                             {2.2, 1},
                             {6.3, 4},
                             {5.0, 2},
                             {1.9, 2},
                             {7.2, 5},
                             {3.3, 2},
                             {4.4, 3},
                             {2.8, 2}});
  const auto treatment = rows({{4.2, 3},
                               {5.9, 3},
                               {2.9, 1},
                               {8.8, 4},
                               {6.1, 3},
                               {3.5, 2},
                               {9.9, 5},
                               {5.2, 2},
                               {4.9, 3},
                               {7.4, 4},
                               {6.6, 3},
                               {3.8, 2}});
  const auto c = *ratio_delta(control, treatment, 0.95);
  // Source: numpy, tests/golden/stats.py, function ratio.
  EXPECT_NEAR(c.control_value, 1.546153846153846, 1e-13);
  EXPECT_NEAR(c.treatment_value, 1.9771428571428573, 1e-13);
  EXPECT_NEAR(c.std_error, 0.13343821161318603, 1e-13);
  expect_coherent(c);
}

TEST(Contrast, ARatioWithAConstantDenominatorIsAMean) {
  const auto one = [](const std::vector<double>& y) {
    CoMoments m(2);
    for (const double v : y) m.add(std::vector<double>{2.0 * v, 2.0});
    return m;
  };
  const auto ratio = *ratio_delta(one(kWelchA), one(kWelchB), 0.95);
  const auto mean = *welch(one_column(kWelchA), one_column(kWelchB), 0.95);
  EXPECT_NEAR(ratio.difference, mean.difference, 1e-12);
  EXPECT_NEAR(ratio.p_value, mean.p_value, 1e-12);
}

TEST(Contrast, CountingMoneyInCentsScalesTheIntervalAndNothingElse) {
  const auto cents = [](Moments m) { return Moments{m.n, m.mean * 100, m.m2 * 1e4}; };
  const auto a = one_column(kWelchA);
  const auto b = one_column(kWelchB);
  const auto dollars = *welch(a, b, 0.95);
  const auto in_cents = *welch(cents(a), cents(b), 0.95);
  EXPECT_NEAR(in_cents.ci_high, 100 * dollars.ci_high, 1e-9);
  EXPECT_NEAR(in_cents.p_value, dollars.p_value, 1e-13);
  EXPECT_NEAR(in_cents.lift->ci_low, dollars.lift->ci_low, 1e-13);
}

TEST(Contrast, SwappingTheArmsTurnsTheSign) {
  const auto a = one_column(kWelchA);
  const auto b = one_column(kWelchB);
  const auto forth = *welch(a, b, 0.9);
  const auto back = *welch(b, a, 0.9);
  EXPECT_NEAR(forth.ci_low, -back.ci_high, 1e-12);
  EXPECT_NEAR(forth.p_value, back.p_value, 1e-15);
  // Ratios invert: the limits of C / T are one over those of T / C.
  EXPECT_NEAR((1 + forth.lift->ci_low) * (1 + back.lift->ci_high), 1.0, 1e-12);
}

TEST(Contrast, ANegativeBaselineIsDividedByItsSize) {
  const auto c = *welch({100, -2.0, 10.0}, {100, -1.5, 10.0}, 0.95);
  EXPECT_NEAR(c.lift->estimate, 0.25, 1e-14);  // Up is up.
  EXPECT_GT(c.lift->ci_low, 0.0);
  expect_coherent(c);
}

TEST(Contrast, ABaselineWithoutAClearSignHasNoLift) {
  const auto c = *welch({50, 0.1, 100.0}, {50, 2.0, 100.0}, 0.95);
  EXPECT_FALSE(c.lift);
  EXPECT_THAT(c.lift_undefined, testing::HasSubstr("unbounded"));
  EXPECT_LT(c.p_value, 0.05);
}

TEST(Contrast, NothingToCompareIsSaidNotComputed) {
  const auto code = [](const Result<Contrast>& r) { return r.error().code; };
  EXPECT_EQ(code(welch({1, 3.0, 0.0}, {9, 3.0, 2.0}, 0.95)), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(welch({0, 0.0, 0.0}, {9, 3.0, 2.0}, 0.95)), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(welch({9, 3.0, 0.0}, {9, 3.5, 0.0}, 0.95)), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(welch({9, 3.0, 1.0}, {9, 3.5, 1.0}, 1.0)), ErrorCode::invalid_spec);
  const auto zero = rows({{1, 0}, {2, 0}, {3, 0}});
  EXPECT_EQ(code(ratio_delta(zero, zero, 0.95)), ErrorCode::undefined_statistic);
  EXPECT_EQ(code(compare({zero, {}}, {CoMoments(3), {}}, {})), ErrorCode::invalid_spec);
  auto broken = arm_of({9, std::nan(""), 1.0});
  EXPECT_EQ(code(compare(broken, broken, {})), ErrorCode::invalid_data);
  CompareOptions proportion;
  proportion.kind = MetricKind::proportion;
  EXPECT_EQ(code(compare(arm_of({9, 0.55, 1.0}), arm_of({9, 0.5, 1.0}), proportion)),
            ErrorCode::invalid_data);
}

TEST(Contrast, OneConstantArmIsEnoughSpreadFromTheOther) {
  const auto c = *welch({20, 1.0, 0.0}, {20, 1.2, 4.0}, 0.95);
  EXPECT_NEAR(c.degrees_of_freedom, 19.0, 1e-12);
}

TEST(Contrast, KnownSkewnessAsksForEnoughUnits) {
  auto control = arm_of({1000, 5.0, 900.0});
  auto treatment = arm_of({1000, 5.1, 900.0});
  control.skewness = 3.0;    // 355 * 9 = 3195 units wanted.
  treatment.skewness = 1.0;  // 355 wanted.
  const auto c = *compare(control, treatment, {});
  ASSERT_EQ(c.notes.size(), 1u);
  EXPECT_EQ(c.notes[0].code, "skewed");
  EXPECT_THAT(c.notes[0].text, testing::HasSubstr("3195"));
}

RC_GTEST_PROP(ContrastProperty, PValueIntervalAndLiftAlwaysAgree, ()) {
  const auto unit = [] { return *rc::gen::inRange(1, 1'000'000) * 1e-6; };
  const auto arm = [&](double mean) {
    const auto n = *rc::gen::inRange<std::int64_t>(2, 5000);
    return Moments{n, mean + 4.0 * (unit() - 0.5) / std::sqrt(static_cast<double>(n)),
                   unit() * 2.0 * static_cast<double>(n)};
  };
  const double mean = 3.0 * (unit() - 0.5);
  const auto c = welch(arm(mean), arm(mean), 0.5 + 0.499 * unit());
  RC_ASSERT(c.has_value());
  expect_coherent(*c);
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace assay::stats
