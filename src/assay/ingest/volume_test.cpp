#include "assay/ingest/detail/volume.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace assay::ingest::detail {
namespace {

// 2026-01-05, a Monday.
constexpr Day kMonday = 20458;

// Days of a clean product: weekly pattern, growth, noise of its own beyond Poisson.
std::vector<std::int64_t> clean_series(std::uint64_t seed, double level, int days, double growth,
                                       double noise) {
  std::mt19937_64 random(seed);  // Only the test's own worlds; the engine is fully specified.
  const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1.0p-53; };
  const auto normal = [&] {
    return std::sqrt(-2.0 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
  };
  std::vector<std::int64_t> counts;
  for (int day = 0; day < days; ++day) {
    const double weekly = day % 7 == 5 || day % 7 == 6 ? 1.3 : 1.0 - 0.02 * (day % 7);
    const double mean =
        level * weekly * std::exp(growth * day / 7.0 + noise * normal() - noise * noise / 2.0);
    // Poisson by its normal limit when large, else by counting arrivals.
    if (mean > 1000.0) {
      counts.push_back(std::llround(std::max(0.0, mean + std::sqrt(mean) * normal())));
      continue;
    }
    std::int64_t count = 0;
    for (double left = mean + std::log(uniform()); left > 0.0; left += std::log(uniform())) ++count;
    counts.push_back(count);
  }
  return counts;
}

TEST(Volume, ReadsTheStudentTable) {
  // Source: table of Student's t, two-sided (Abramowitz & Stegun 26.10).
  EXPECT_NEAR(student_critical(0.05, 10), 2.228, 0.03 * 2.228);
  EXPECT_NEAR(student_critical(0.01, 5), 4.032, 0.03 * 4.032);
  EXPECT_NEAR(student_critical(0.001, 30), 3.646, 0.03 * 3.646);
  EXPECT_NEAR(student_critical(0.05, 1e6), 1.960, 0.001);
}

TEST(Volume, KeepsItsFalseAlarmRateOnCleanSeries) {
  // Planted: nothing. 2,000 series at 1 % each: expected 20 or fewer. The budget of this test is a
  // binomial tail of 1e-4: P(X > 39 | n = 2000, p = 0.01) = 5e-5.
  int alarms = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const double level = std::vector<double>{12, 60, 900, 40'000, 700'000}[seed % 5];
    const int days = std::vector<int>{28, 56, 120, 15}[seed % 4];
    const double growth = std::vector<double>{0.0, 0.03, -0.04}[seed % 3];
    const double noise = std::vector<double>{0.0, 0.05, 0.02}[(seed / 7) % 3];
    const auto counts = clean_series(seed, level, days, growth, noise);
    alarms += volume_breaks(kMonday, counts, 0.01).empty() ? 0 : 1;
  }
  EXPECT_LE(alarms, 39);
  RecordProperty("alarms", alarms);
}

TEST(Volume, FindsALostDayAndNothingElse) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto counts = clean_series(seed, 900, 56, 0.01, 0.03);
    counts[30] = 0;
    const auto breaks = volume_breaks(kMonday, counts, 0.01);
    ASSERT_EQ(breaks.size(), 1U) << seed;
    EXPECT_EQ(breaks[0].kind, BreakKind::gap);
    EXPECT_EQ(breaks[0].first, 30);
    EXPECT_EQ(breaks[0].last, 30);
    EXPECT_EQ(breaks[0].observed, 0.0);
  }
}

TEST(Volume, JoinsNeighbouringDaysIntoOneBreak) {
  auto counts = clean_series(3, 40'000, 84, 0.0, 0.02);
  for (std::size_t day = 40; day < 43; ++day) counts[day] /= 3;
  const auto breaks = volume_breaks(kMonday, counts, 0.01);
  ASSERT_EQ(breaks.size(), 1U);
  EXPECT_EQ(breaks[0].kind, BreakKind::drop);
  EXPECT_EQ(breaks[0].first, 40);
  EXPECT_EQ(breaks[0].last, 42);
  EXPECT_NEAR(breaks[0].observed / breaks[0].expected, 1.0 / 3.0, 0.05);
}

TEST(Volume, TellsANewLevelFromABadDay) {
  auto counts = clean_series(5, 40'000, 98, 0.0, 0.02);
  for (std::size_t day = 50; day < counts.size(); ++day) counts[day] = counts[day] * 6 / 10;
  const auto breaks = volume_breaks(kMonday, counts, 0.01);
  ASSERT_EQ(breaks.size(), 1U);
  EXPECT_EQ(breaks[0].kind, BreakKind::shift_down);
  EXPECT_NEAR(breaks[0].first, 50, 1);
  EXPECT_NEAR(breaks[0].observed / breaks[0].expected, 0.6, 0.05);
}

TEST(Volume, DoesNotCallGrowthABreak) {
  EXPECT_TRUE(volume_breaks(kMonday, clean_series(1, 5'000, 112, 0.10, 0.02), 0.01).empty());
  EXPECT_TRUE(volume_breaks(kMonday, clean_series(2, 5'000, 112, -0.08, 0.02), 0.01).empty());
}

TEST(Volume, DoesNotJudgeTheEdgesOrThinOrShortSeries) {
  auto counts = clean_series(1, 900, 56, 0.0, 0.0);
  counts.front() = 3;
  counts.back() = 7;
  EXPECT_TRUE(volume_breaks(kMonday, counts, 0.01).empty());
  EXPECT_TRUE(volume_breaks(kMonday, std::vector<std::int64_t>(60, 2), 0.01).empty());
  EXPECT_TRUE(
      volume_breaks(kMonday, {std::vector<std::int64_t>{9, 9, 0, 9, 9, 9, 9}}, 0.01).empty());
  EXPECT_TRUE(volume_breaks(kMonday, {}, 0.01).empty());
}

}  // namespace
}  // namespace assay::ingest::detail
