#include "assay/design/duration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::design {
namespace {

// Most of the users come on the first days and return: by hand.
const Arrivals kReturning{.new_units = {500, 200, 100, 80, 60, 40, 20, 10, 10, 10, 10, 10, 10, 10}};

TEST(Duration, ReturningUsersCountOnce) {
  EXPECT_DOUBLE_EQ(*units_after(kReturning, 1), 500);
  EXPECT_DOUBLE_EQ(*units_after(kReturning, 7), 1000);
  EXPECT_DOUBLE_EQ(*units_after(kReturning, 14), 1070);
  EXPECT_DOUBLE_EQ(*units_after(kReturning, 16), 1090);  // The last week's ten a day go on.
}

TEST(Duration, IsWholeWeeksAndSaysWhenItGoesBeyondHistory) {
  EXPECT_EQ(weeks_needed(kReturning, 900)->weeks, 1);
  EXPECT_EQ(weeks_needed(kReturning, 1001)->weeks, 2);
  EXPECT_FALSE(weeks_needed(kReturning, 1001)->extrapolated);
  EXPECT_EQ(weeks_needed(kReturning, 1100)->weeks, 3);
  EXPECT_TRUE(weeks_needed(kReturning, 1100)->extrapolated);
}

TEST(Duration, AWindowOfAWeekCostsAWeekAndHalfTheTrafficHalves) {
  Arrivals late = kReturning;
  late.maturity_days = 7;
  EXPECT_EQ(weeks_needed(late, 900)->weeks, 2);
  Arrivals half = kReturning;
  half.traffic = 0.5;
  EXPECT_DOUBLE_EQ(*units_after(half, 7), 500);
}

TEST(Duration, FewerUnitsThanNeededAreSaidSo) {
  EXPECT_THAT(weeks_needed(kReturning, 1e6).error().problem,
              testing::HasSubstr("arrive within 104 weeks"));
  EXPECT_THAT(weeks_needed({.new_units = {0, 0}}, 10).error().problem,
              testing::HasSubstr("no unit arrived"));
  EXPECT_FALSE(weeks_needed({}, 10));
  EXPECT_FALSE(weeks_needed({.new_units = {5}, .traffic = 0}, 10));
  EXPECT_FALSE(weeks_needed({.new_units = {-5}}, 10));
  EXPECT_FALSE(weeks_needed({.new_units = {5}, .maturity_days = -1}, 10));
  EXPECT_FALSE(weeks_needed(kReturning, 0));
}

}  // namespace
}  // namespace assay::design
