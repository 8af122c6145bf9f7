#include "assay/survival/kaplan_meier.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/survival/published_data_test.hpp"
#include "assay/survival/restricted_mean.hpp"

namespace assay::survival {
namespace {

using published::flags;

constexpr double kClose = 1e-12;

/// Rows of a data set whose `column` equals a value.
ObservationRows where(const std::vector<double>& time, const std::vector<double>& event,
                      const std::vector<double>& column, double value) {
  ObservationRows out;
  for (std::size_t i = 0; i < time.size(); ++i) {
    if (column[i] != value) continue;
    out.time.push_back(time[i]);
    out.event.push_back(event[i] == 1.0 ? 1 : 0);
  }
  return out;
}

const CurvePoint& point_at(const KaplanMeier& curve, double time) {
  for (const auto& point : curve.points)
    if (point.time == time) return point;
  return curve.points.front();
}

// Source: R 4.2, survival 3.5-3, survfit(Surv(futime, fustat) ~ 1, ovarian, conf.type =);
// tests/golden/survival.R.
TEST(KaplanMeier, AgreesWithSurvivalOnTheOvarianTrial) {
  const auto event = flags(published::ovarian_event);
  const auto curve = *kaplan_meier({published::ovarian_time, event}, 0.95);
  const auto& first = point_at(curve, 59);
  EXPECT_EQ(first.at_risk, 26);
  EXPECT_NEAR(first.survival, 0.961538461538462, kClose);
  EXPECT_NEAR(first.std_error, 0.0377146413727277, kClose);
  EXPECT_NEAR(*first.ci_low, 0.756944289177586, kClose);
  EXPECT_NEAR(*first.ci_high, 0.994491156943218, kClose);
  const auto& late = point_at(curve, 638);
  EXPECT_EQ(late.at_risk, 11);
  EXPECT_NEAR(late.survival, 0.496732026143791, kClose);
  EXPECT_NEAR(late.std_error, 0.1051026606695948, kClose);
  EXPECT_NEAR(*late.ci_low, 0.282054664292128, kClose);
  EXPECT_NEAR(*late.ci_high, 0.679210083341876, kClose);
  const auto by_log = *kaplan_meier({published::ovarian_time, event}, 0.95, CurveInterval::log);
  EXPECT_NEAR(*point_at(by_log, 59).ci_high, 1.0, kClose);
  EXPECT_NEAR(*point_at(by_log, 638).ci_low, 0.328108828053112, kClose);
  EXPECT_NEAR(*point_at(by_log, 638).ci_high, 0.752014833800737, kClose);
}

TEST(KaplanMeier, AgreesWithSurvivalOnQuantiles) {
  // quantile(survfit(..., conf.type = "log-log"), c(.25, .5, .75)).
  const auto event = flags(published::veteran_status);
  const auto curve = *kaplan_meier({published::veteran_time, event}, 0.95);
  const double shares[] = {0.25, 0.5, 0.75};
  const double times[] = {25, 80, 162};
  const double lows[] = {18, 52, 132};
  const double highs[] = {33, 100, 231};
  for (int i = 0; i < 3; ++i) {
    const auto q = time_quantile(curve, shares[i]);
    EXPECT_EQ(q.time, times[i]);
    EXPECT_EQ(q.ci_low, lows[i]);
    EXPECT_EQ(q.ci_high, highs[i]);
  }
  EXPECT_EQ(curve.median.time, 80.0);
}

TEST(KaplanMeier, CountsUnitsFromTheirLateEntry) {
  // survfit(Surv(entry, time, event) ~ 1, lung2), entry = floor(time * ((row %% 5) / 10)).
  const auto event = flags(published::lung_event);
  std::vector<double> entry;
  for (std::size_t i = 0; i < published::lung_time.size(); ++i)
    entry.push_back(
        std::floor(published::lung_time[i] * (static_cast<double>((i + 1) % 5) / 10.0)));
  const auto curve = *kaplan_meier({published::lung_time, event, entry}, 0.95);
  const double times[] = {95, 310, 705};
  const std::int64_t at_risk[] = {150, 84, 16};
  const double survival[] = {0.720156159265160, 0.393503778084882, 0.107425302749580};
  const double std_error[] = {0.0465093848914044, 0.0377649578022837, 0.0248627522237266};
  for (int i = 0; i < 3; ++i) {
    const auto& point = point_at(curve, times[i]);
    EXPECT_EQ(point.at_risk, at_risk[i]);
    EXPECT_NEAR(point.survival, survival[i], kClose);
    EXPECT_NEAR(point.std_error, std_error[i], kClose);
  }
}

TEST(KaplanMeier, WithoutCensoringIsTheShareOfUnitsLeft) {
  const std::vector<double> time{1, 2, 2, 3, 5, 8, 8, 9};
  const std::vector<std::uint8_t> event(8, 1);
  const auto curve = *kaplan_meier({time, event}, 0.95);
  EXPECT_NEAR(point_at(curve, 2).survival, 5.0 / 8.0, kClose);
  EXPECT_NEAR(point_at(curve, 2).std_error, std::sqrt(5.0 / 8 * 3 / 8 / 8), kClose);
  EXPECT_EQ(curve.points.back().survival, 0.0);
  EXPECT_FALSE(curve.points.back().ci_low.has_value());
  EXPECT_NEAR(restricted_mean({time, event}, 20.0, 0.95)->mean, 38.0 / 8.0, kClose);
}

TEST(KaplanMeier, ComparesShareOfUnitsWithTheEventAtOneTime) {
  // summary(survfit(Surv(time, status) ~ trt, veteran), times = 100).
  using namespace published;
  const auto control = where(veteran_time, veteran_status, veteran_treatment, 1);
  const auto treatment = where(veteran_time, veteran_status, veteran_treatment, 2);
  const auto c = *compare_event_share(control.view(), treatment.view(), 100, 0.95);
  EXPECT_NEAR(c.difference, 0.5019808434882904 - 0.3326470588235291, kClose);
  EXPECT_NEAR(c.std_error, std::hypot(0.0606397567872004, 0.0577534851675236), kClose);
  EXPECT_EQ(c.p_value<0.05, c.ci_low> 0.0 || c.ci_high < 0.0);
  const auto beyond = compare_event_share(control.view(), treatment.view(), 5000, 0.95);
  ASSERT_FALSE(beyond.has_value());  // Both curves reached 0: no spread is left to judge by.
  EXPECT_EQ(beyond.error().code, ErrorCode::undefined_statistic);
}

// Source: R, summary(survfit(...), rmean =)$table; and the same by tests/golden/survival.py.
TEST(RestrictedMean, AgreesWithSurvivalAndAnOwnFormula) {
  using namespace published;
  const auto control = where(veteran_time, veteran_status, veteran_treatment, 1);
  const auto treatment = where(veteran_time, veteran_status, veteran_treatment, 2);
  const auto r = *compare_restricted_means(control.view(), treatment.view(), 300, 0.95);
  EXPECT_NEAR(r.control.mean, 114.1211298917745, 1e-10);
  EXPECT_NEAR(r.control.std_error, 11.6734248308910, 1e-10);
  EXPECT_NEAR(r.treatment.mean, 103.4941817226890, 1e-10);
  EXPECT_NEAR(r.treatment.std_error, 12.6024033154181, 1e-10);
  EXPECT_NEAR(r.contrast.difference, 103.4941817226890 - 114.1211298917745, 1e-10);
  EXPECT_NEAR(r.contrast.std_error, std::hypot(11.6734248308910, 12.6024033154181), 1e-10);
  EXPECT_NEAR(r.ratio, 0.9068801003007648, 1e-10);
  EXPECT_NEAR(r.ratio_ci_low, 0.6640216430950969, 1e-10);
  EXPECT_NEAR(r.ratio_ci_high, 1.2385613102730477, 1e-10);
  EXPECT_NEAR(*r.lost_ratio, 1.0571713619891172, 1e-10);
  EXPECT_NEAR(*r.lost_ratio_ci_low, 0.8866271080013145, 1e-10);
  EXPECT_NEAR(*r.lost_ratio_ci_high, 1.2605200974841706, 1e-10);
  const auto one = where(ovarian_time, ovarian_event, ovarian_treatment, 1);
  EXPECT_NEAR(restricted_mean(one.view(), 600, 0.95)->mean, 427.5384615384615, 1e-10);
  EXPECT_NEAR(restricted_mean(one.view(), 600, 0.95)->std_error, 57.0792675637727, 1e-10);
}

TEST(RestrictedMean, RefusesAHorizonThatNobodyReached) {
  const std::vector<double> time{3, 4, 5};
  const std::vector<std::uint8_t> event{1, 0, 0};
  const auto r = restricted_mean({time, event}, 6, 0.95);
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().code, ErrorCode::undefined_statistic);
  EXPECT_THAT(r.error().have, testing::HasSubstr("5"));
}

TEST(Observations, AreRefusedWithTheRowThatIsWrong) {
  const std::vector<double> time{3, -4};
  const std::vector<std::uint8_t> event{1, 0};
  EXPECT_EQ(kaplan_meier({time, event}, 0.95).error().where, "row 2");
  const std::vector<double> fine{3, 4};
  const std::vector<std::uint8_t> odd{1, 2};
  EXPECT_EQ(kaplan_meier({fine, odd}, 0.95).error().code, ErrorCode::invalid_data);
  const std::vector<double> entry{0, 4};
  EXPECT_EQ(kaplan_meier({fine, event, entry}, 0.95).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(kaplan_meier({}, 0.95).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(kaplan_meier({fine, event}, 1.0).error().code, ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::survival
