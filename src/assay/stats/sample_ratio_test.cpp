#include "assay/stats/sample_ratio.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace assay::stats {
namespace {

using Counts = std::vector<std::int64_t>;
using Weights = std::vector<double>;

TEST(SampleRatio, AnArmOfZeroWeightLeavesTheDegreesOfFreedom) {
  // Source: scipy 1.17.1, chisquare([5000, 5200]); regenerate with tests/golden/stats.py.
  const auto r = *sample_ratio(Counts{5000, 5200, 0}, Weights{0.5, 0.5, 0.0});
  EXPECT_NEAR(r.p_value, 0.0476703806561615, 1e-14);
  EXPECT_EQ(r.degrees_of_freedom, 1.0);
  EXPECT_FALSE(r.leak);
  EXPECT_FALSE(r.mismatch);
}

TEST(SampleRatio, TrafficInAnArmOfZeroWeightIsALeak) {
  const auto r = *sample_ratio(Counts{5000, 5000, 3}, Weights{1, 1, 0});
  EXPECT_TRUE(r.leak);
  EXPECT_TRUE(r.mismatch);
  EXPECT_EQ(r.leaked, 3);
  EXPECT_EQ(r.n, 10000);
  EXPECT_EQ(r.p_value, 1.0);
}

TEST(SampleRatio, ThreeArmsMatchScipy) {
  // Source: scipy 1.17.1, chisquare([100000, 101000, 99000]).
  const auto r = *sample_ratio(Counts{100000, 101000, 99000}, Weights{2, 2, 2});
  EXPECT_NEAR(r.p_value / 4.539992976248486e-05, 1.0, 1e-11);
  EXPECT_TRUE(r.mismatch);
}

TEST(SampleRatio, HugeMismatchesKeepTheirSizeInLogSpace) {
  const auto r = *sample_ratio(Counts{1'000'000, 1'200'000}, Weights{1, 1});
  EXPECT_EQ(r.p_value, 0.0);
  // By the normal tail bound: z^2 = 2e5^2 / 2.2e6 = 18181.8; log10 p = about -z^2 / 2 / ln 10 -
  // log10(z sqrt(pi / 2)).
  const double z2 = 4e10 / 2.2e6;
  const double want = -z2 / 2 / std::log(10.0) - std::log10(std::sqrt(z2 * std::acos(-1.0) / 2));
  EXPECT_NEAR(r.log10_p, want, 1e-3);
}

TEST(SampleRatio, SmallExpectedCountsAreJudgedExactly) {
  // Source: scipy 1.17.1, binomtest(6, 7, .5) and binomtest(9, 400, .01); tests/golden/stats.py.
  const auto six = *sample_ratio(Counts{6, 1}, Weights{1, 1});
  EXPECT_TRUE(six.exact);
  EXPECT_NEAR(six.p_value, 0.125, 1e-14);
  const auto nine = *sample_ratio(Counts{9, 391}, Weights{1, 99});
  EXPECT_NEAR(nine.p_value, 0.02076855965843683, 1e-13);
  const auto far = *sample_ratio(Counts{400, 3600}, Weights{1, 999});
  EXPECT_NEAR(far.log10_p, -1470.2342204249971 / std::log(10.0), 0.06);  // The point mass leads.
  EXPECT_TRUE(far.mismatch);
}

TEST(SampleRatio, NonsenseIsRefused) {
  EXPECT_EQ(sample_ratio(Counts{0, 0}, Weights{1, 1}).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(sample_ratio(Counts{1, -1}, Weights{1, 1}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(sample_ratio(Counts{1, 1}, Weights{1}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(sample_ratio(Counts{1, 1}, Weights{1, 0}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(sample_ratio(Counts{1, 1}, Weights{1, std::nan("")}).error().code,
            ErrorCode::invalid_spec);
  EXPECT_EQ(sample_ratio(Counts{1, 1}, Weights{1, 1}, 0.0).error().code, ErrorCode::invalid_spec);
}

TEST(SampleRatio, TheFaultyVersionIsNamedAndItsRemovalHealsTheSplit) {
  // Planted: version 5.2 loses 10 % of treated units; everything else is fair.
  const std::vector<SegmentCounts> segments{
      {"app_version", "5.1", {40'020, 39'980}}, {"app_version", "5.2", {10'050, 9'020}},
      {"app_version", "5.3", {30'010, 30'090}}, {"country", "US", {40'500, 39'990}},
      {"country", "DE", {39'580, 39'100}},      {"country", "XX", {0, 0}}};
  const auto found = *search_sample_ratio(Counts{80'080, 79'090}, segments, Weights{1, 1});
  EXPECT_EQ(found.untested, 1);
  ASSERT_EQ(found.segments.size(), 5u);
  const auto& top = found.segments.front();
  EXPECT_EQ(top.value, "5.2");
  EXPECT_TRUE(top.localises);
  EXPECT_GT(top.p_without, 0.5);
  EXPECT_GT(top.share_of_dimension, 0.99);
  EXPECT_GT(top.share_explained, 0.99);
  EXPECT_NEAR(top.largest_excess, 10'050.0 / 19'070 - 0.5, 1e-12);
  EXPECT_LT(top.holm_p_value, 1e-10);
  EXPECT_NEAR(top.log10_holm_p, top.log10_p + std::log10(5.0), 1e-12);
  for (std::size_t i = 1; i < found.segments.size(); ++i) EXPECT_FALSE(found.segments[i].localises);
}

TEST(SampleRatio, ASegmentLargerThanTheWholeIsRefused) {
  const std::vector<SegmentCounts> segments{{"country", "US", {90, 10}}};
  EXPECT_EQ(search_sample_ratio(Counts{80, 80}, segments, Weights{1, 1}).error().code,
            ErrorCode::invalid_data);
}

}  // namespace
}  // namespace assay::stats
