#include "assay/report/format.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

// Expected texts are written by hand from the rules in format.hpp.
namespace assay::report {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Format, NumbersKeepFourSignificantDigits) {
  EXPECT_EQ(format_significant(31.4159), "31.42");
  EXPECT_EQ(format_significant(31.4), "31.4");
  EXPECT_EQ(format_significant(-0.0621234), "-0.06212");
  EXPECT_EQ(format_significant(1234567.0), "1,234,567");
  EXPECT_EQ(format_significant(999.96), "1,000");
  EXPECT_EQ(format_significant(100.0), "100");
  EXPECT_EQ(format_significant(0.0000123), "1.23e-05");
  EXPECT_EQ(format_significant(-0.0), "0");
}

TEST(Format, SharesReadAsPerCent) {
  EXPECT_EQ(format_percent(0.4184), "41.8 %");
  EXPECT_EQ(format_percent(0.5), "50.0 %");
  EXPECT_EQ(format_percent(0.0123), "1.23 %");
  EXPECT_EQ(format_percent(0.00123), "0.123 %");
  EXPECT_EQ(format_percent(0.0), "0 %");
  EXPECT_EQ(format_percent(1.0), "100 %");
  EXPECT_EQ(format_percent(1e-9), "< 0.0001 %");
}

TEST(Format, WhatIsShortOfTheWholeDoesNotReadAsTheWhole) {
  EXPECT_EQ(format_percent(0.99987), "99.99 %");
  EXPECT_EQ(format_percent(0.9999), "99.99 %");
  EXPECT_EQ(format_percent(0.999), "99.9 %");
}

TEST(Format, ChangesCarryTheirSign) {
  EXPECT_EQ(format_relative(0.009), "+0.90 %");
  EXPECT_EQ(format_relative(-0.0021), "-0.21 %");
  EXPECT_EQ(format_relative(0.123), "+12.3 %");
  EXPECT_EQ(format_relative(2.5), "+250 %");
  EXPECT_EQ(format_relative(0.000123), "+0.012 %");
  EXPECT_EQ(format_relative(-1e-9), "0.00 %");
  EXPECT_EQ(format_relative(0.0), "0.00 %");
  EXPECT_EQ(format_points(0.0036), "+0.36 pp");
}

TEST(Format, PValuesNeverReadZero) {
  EXPECT_EQ(format_p_value(0.76), "0.76");
  EXPECT_EQ(format_p_value(0.058), "0.058");
  EXPECT_EQ(format_p_value(0.0312), "0.031");
  EXPECT_EQ(format_p_value(0.0005), "0.0005");
  EXPECT_EQ(format_p_value(0.00003), "< 0.0001");
  EXPECT_EQ(format_p_value(0.0), "< 0.0001");
  EXPECT_EQ(format_p_value(1.0), "1.00");
  EXPECT_EQ(format_p_value(1.5), "—");
}

TEST(Format, APValueNearFivePerCentShowsItsSide) {
  EXPECT_EQ(format_p_value(0.0499), "0.0499");
  EXPECT_EQ(format_p_value(0.0502), "0.0502");
}

TEST(Format, MoneyIsGroupedAndKeepsSmallAmountsReadable) {
  const NumberFormat usd = NumberFormat::money("USD");
  EXPECT_EQ(format_number(0.18421, usd), "0.1842 USD");
  EXPECT_EQ(format_number(12.5, usd), "12.50 USD");
  EXPECT_EQ(format_number(-1234.567, usd), "-1,234.57 USD");
  EXPECT_EQ(format_number(12345678.9, usd), "12,345,679 USD");
}

TEST(Format, CountsAreGrouped) {
  EXPECT_EQ(format_count(12345678.0), "12,345,678");
  EXPECT_EQ(format_count(-1234.0), "-1,234");
  EXPECT_EQ(format_count(1e300), "1e+300");
}

TEST(Format, IntervalsWriteBothEndsAlikeAndTheUnitOnce) {
  EXPECT_EQ(format_interval(-0.0001, 0.0073, NumberFormat::relative()), "[-0.01, 0.73] %");
  EXPECT_EQ(format_interval(0.004, 0.014, NumberFormat::points()), "[0.40, 1.40] pp");
  EXPECT_EQ(format_interval(31.01, 31.5, NumberFormat::number("min")), "[31.01, 31.50] min");
  EXPECT_EQ(format_interval(-1e-12, 0.5, NumberFormat::number()), "[0.0000, 0.5000]");
  EXPECT_EQ(format_interval(1000.0, 20000.0, NumberFormat::count()), "[1,000, 20,000]");
  EXPECT_EQ(format_interval(Number::undefined("open"), 0.5), "[—, 0.5000]");
  EXPECT_EQ(format_interval({}, {}), "—");
}

TEST(Format, AnEstimateHasTheDecimalsOfItsInterval) {
  EXPECT_EQ(format_estimate(0.0003, -0.0062, 0.0068, NumberFormat::relative()), "+0.03 %");
  EXPECT_EQ(format_estimate(-0.0003, -0.62, 0.68, NumberFormat::points()), "0.0 pp");
  EXPECT_EQ(format_estimate(0.0003, {}, 0.0068, NumberFormat::relative()), "+0.030 %");
  EXPECT_EQ(format_estimate(kNan, 0.0, 1.0, NumberFormat::relative()), "—");
}

TEST(Format, WhatDoesNotExistIsADash) {
  for (const double value : {kNan, kInfinity, -kInfinity}) {
    for (const NumberFormat& format :
         {NumberFormat::number(), NumberFormat::count(), NumberFormat::percent(),
          NumberFormat::relative(), NumberFormat::points(), NumberFormat::money("USD"),
          NumberFormat::difference(), NumberFormat::p_value()}) {
      EXPECT_EQ(format_number(value, format), "—");
    }
    EXPECT_EQ(format_interval(value, value), "—");
    EXPECT_EQ(format_significant(value), "—");
    EXPECT_EQ(format_percent(value), "—");
    EXPECT_EQ(format_count(value), "—");
  }
}

TEST(Number, WhatIsNotFiniteDoesNotExist) {
  for (const double value : {kNan, kInfinity, -kInfinity}) {
    EXPECT_FALSE(Number(value).defined());
    EXPECT_EQ(Number(value).reason, "not a finite number");
  }
  EXPECT_EQ(Number::from(fail(ErrorCode::undefined_statistic, "the arm is empty")).reason,
            "the arm is empty");
  EXPECT_EQ(*Number::from(Result<double>(0.5)).value, 0.5);
}

TEST(Format, NoStyleEverPrintsAMinusBeforeZero) {
  for (const double value : {-0.0, -1e-300}) {
    for (const NumberFormat& format :
         {NumberFormat::count(), NumberFormat::relative(), NumberFormat::points()}) {
      EXPECT_FALSE(format_number(value, format).starts_with("-"));
    }
  }
  EXPECT_EQ(format_number(-0.0, NumberFormat::money("USD")), "0.00 USD");
  EXPECT_EQ(format_number(-0.0, NumberFormat::difference()), "0");
}

TEST(Format, LevelsReadAsPeopleSayThem) {
  EXPECT_EQ(format_level(0.95), "95 %");
  EXPECT_EQ(format_level(0.999), "99.9 %");
}

}  // namespace
}  // namespace assay::report
