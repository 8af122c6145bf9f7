#include "assay/stats/non_inferiority.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "assay/stats/two_proportion.hpp"

namespace assay::stats {
namespace {

using Status = GuardrailStatus;
constexpr auto kUp = Direction::increase;
constexpr auto kDown = Direction::decrease;
constexpr auto kAbsolute = MarginScale::absolute;
constexpr auto kRelative = MarginScale::relative;

TEST(NonInferiority, FarringtonManningMatchesScipyAndStatsmodels) {
  const auto c = *two_proportion({48, 80, 56, 70}, 0.95);
  // Source: absolute by numeric constrained likelihood, scipy 1.17.1; relative by statsmodels
  // 0.15.0, test_proportions_2indep(56, 70, 48, 80, value=0.9, method="score", compare="ratio",
  // alternative="larger", correction=False); regenerate with tests/golden/stats.py.
  EXPECT_NEAR(*non_inferiority(c, {0.01, kAbsolute}, kUp)->p_value, 0.0027280122488990252, 1e-13);
  const auto relative = *non_inferiority(c, {0.1, kRelative}, kUp);
  EXPECT_NEAR(*relative.p_value, 0.00019305517973266443, 1e-13);
  EXPECT_NEAR(relative.statistic, 3.549399812363111, 1e-11);
  EXPECT_EQ(relative.status, Status::non_inferior);
}

TEST(NonInferiority, ARelativeMarginCountsTheNoiseOfTheControl) {
  // By hand: treatment - 0.98 control = 0, so z = 0 and p = one half.
  const auto c = *welch({1'000'000, 10.0, 4e6}, {1'000'000, 9.8, 4e6}, 0.95);
  const auto n = *non_inferiority(c, {0.02, kRelative}, kUp);
  EXPECT_NEAR(*n.p_value, 0.5, 1e-9);
  EXPECT_EQ(n.status, Status::undecided);
  EXPECT_EQ(n.margin, -0.02);
  // One standard error better: sqrt(4e-6 + 0.98^2 4e-6).
  const auto better = *welch({1'000'000, 10.0, 4e6}, {1'000'000, 9.8 + 0.0028002857, 4e6}, 0.95);
  EXPECT_NEAR(non_inferiority(better, {0.02, kRelative}, kUp)->statistic, 1.0, 1e-6);
}

TEST(NonInferiority, WhereDownIsGoodTheMarginLiesAbove) {
  const auto worse = *welch({5000, 1.0, 5000.0}, {5000, 1.2, 5000.0}, 0.95);
  EXPECT_EQ(non_inferiority(worse, {0.05, kAbsolute}, kDown)->status, Status::harmed);
  EXPECT_EQ(non_inferiority(worse, {0.05, kAbsolute}, kUp)->status, Status::non_inferior);
  EXPECT_EQ(non_inferiority(worse, {0.2, kAbsolute}, kDown)->status, Status::undecided);
  EXPECT_EQ(non_inferiority(worse, {0.3, kAbsolute}, kDown)->margin, 0.3);
}

TEST(NonInferiority, TurningTheMetricAndTheDirectionChangesNothing) {
  const auto up = *welch({300, 5.0, 600.0}, {280, 4.9, 700.0}, 0.95);
  const auto down = *welch({300, -5.0, 600.0}, {280, -4.9, 700.0}, 0.95);
  for (const auto scale : {kAbsolute, kRelative}) {
    const auto a = *non_inferiority(up, {0.05, scale}, kUp);
    const auto b = *non_inferiority(down, {0.05, scale}, kDown);
    EXPECT_NEAR(*a.p_value, *b.p_value, 1e-14);
    EXPECT_NEAR(a.statistic, b.statistic, 1e-12);
  }
}

TEST(NonInferiority, ABaselineWithoutASignLeavesARelativeMarginUndecided) {
  const auto c = *welch({50, 0.1, 100.0}, {50, 2.0, 100.0}, 0.95);
  const auto n = *non_inferiority(c, {0.05, kRelative}, kUp);
  EXPECT_EQ(n.status, Status::undecided);
  EXPECT_FALSE(n.p_value);
  EXPECT_FALSE(n.reason.empty());
}

TEST(NonInferiority, NonsenseMarginsAreRefused) {
  const auto c = *welch({50, 5.0, 100.0}, {50, 5.0, 100.0}, 0.95);
  for (const Margin m : {Margin{0.0, kAbsolute}, {-0.1, kAbsolute}, {1.5, kRelative}})
    EXPECT_EQ(non_inferiority(c, m, kUp).error().code, ErrorCode::invalid_spec);
  EXPECT_FALSE(non_inferiority(c, {0.1, kAbsolute}, kUp, 0.7));
  const auto p = *two_proportion({48, 80, 56, 70}, 0.95);
  EXPECT_FALSE(non_inferiority(p, {1.5, kAbsolute}, kUp));
}

void expect_agrees(const Contrast& c, Margin margin, Direction direction) {
  const auto n = *non_inferiority(c, margin, direction, (1.0 - c.confidence_level) / 2.0);
  if (!n.p_value) return;
  const double low = margin.scale == kRelative ? c.lift->ci_low : c.ci_low;
  const double high = margin.scale == kRelative ? c.lift->ci_high : c.ci_high;
  const bool inside = direction == kUp ? low > n.margin : high < n.margin;
  const bool beyond = direction == kUp ? high < n.margin : low > n.margin;
  const double edge = std::min(std::abs(low - n.margin), std::abs(high - n.margin));
  if (edge < 1e-7) return;  // On the limit itself rounding decides.
  EXPECT_EQ(n.status == Status::non_inferior, inside) << low << " " << high << " " << n.margin;
  EXPECT_EQ(n.status == Status::harmed, beyond) << low << " " << high << " " << n.margin;
}

RC_GTEST_PROP(NonInferiorityProperty, TheStatusIsWhatTheIntervalSays, ()) {
  const auto unit = [] { return *rc::gen::inRange(1, 1000) * 1e-3; };
  const auto margin = Margin{0.3 * unit(), *rc::gen::element(kAbsolute, kRelative)};
  const auto direction = *rc::gen::element(kUp, kDown);
  const auto n = *rc::gen::inRange<std::int64_t>(20, 2000);
  const auto x = [&] { return *rc::gen::inRange<std::int64_t>(0, n + 1); };
  expect_agrees(*two_proportion({x(), n, x(), n}, 0.95), margin, direction);
  const auto count = static_cast<double>(n);
  expect_agrees(*welch({n, 2.0 * unit() - 1.0, unit() * count}, {n, unit(), unit() * count}, 0.9),
                margin, direction);
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace assay::stats
