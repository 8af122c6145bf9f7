#include "assay/numerics/moments.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "assay/numerics/philox.hpp"

namespace assay::numerics {
namespace {

std::vector<double> sample(std::int64_t rows, double location) {
  const Philox rng(/*seed=*/1, /*stream=*/0);
  std::vector<double> values(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = location + rng.uniform(i);
  return values;
}

TEST(Moments, SameBitsForAnyNumberOfThreads) {
  const auto values = sample(10 * kChunkRows + 17, 0.1);
  const Moments one = moments(values, 1);
  for (const int threads : {2, 3, 8}) {
    const Moments many = moments(values, threads);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(one.mean), std::bit_cast<std::uint64_t>(many.mean));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(one.m2), std::bit_cast<std::uint64_t>(many.m2));
  }
}

TEST(Moments, AShiftOf1e9LeavesTheVarianceInPlace) {
  const Moments near_zero = moments(sample(100'000, 0.0), 2);
  const Moments far_away = moments(sample(100'000, 1e9), 2);
  EXPECT_NEAR(far_away.m2 / near_zero.m2, 1.0, 1e-6);
}

TEST(CoMoments, PackedPlacesAreAllDifferentAndSymmetric) {
  std::vector<int> seen(CoMoments(5).comoment.size());
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = i; j < 5; ++j) {
      ++seen[CoMoments::index(i, j, 5)];
      EXPECT_EQ(CoMoments::index(i, j, 5), CoMoments::index(j, i, 5));
    }
  }
  EXPECT_THAT(seen, testing::Each(1));
}

TEST(CoMoments, ZerosAddedTogetherEqualZerosAddedOneByOne) {
  CoMoments together(2);
  CoMoments one_by_one(2);
  for (CoMoments* m : {&together, &one_by_one}) {
    m->add(std::vector<double>{3.0, -1.0});
    m->add(std::vector<double>{5.0, 4.0});
  }
  together.add_zeros(7);
  for (int i = 0; i < 7; ++i) one_by_one.add(std::vector<double>{0.0, 0.0});
  EXPECT_EQ(together.n, 9);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(together.comoment[i], one_by_one.comoment[i], 1e-12);
}

TEST(CoMomentColumns, KeepTheMomentsOfEverySampleApart) {
  CoMoments pair(2);
  pair.add(std::vector<double>{1.0, 10.0});
  pair.add(std::vector<double>{3.0, 40.0});
  CoMomentColumns columns(2, 3);
  columns.set(1, pair);
  EXPECT_EQ(columns.samples(), 3U);
  for (const std::size_t empty : {std::size_t{0}, std::size_t{2}}) {
    EXPECT_EQ(columns.at(empty).n, 0);
    EXPECT_EQ(columns.at(empty).comoment, (std::vector<double>{0.0, 0.0, 0.0}));
  }
  // By hand: means 2 and 25, deviations -1, 1 and -15, 15.
  const CoMoments back = columns.at(1);
  EXPECT_EQ(back.n, 2);
  EXPECT_EQ(back.mean, (std::vector<double>{2.0, 25.0}));
  EXPECT_EQ(back.comoment, (std::vector<double>{2.0, 30.0, 450.0}));
}

}  // namespace
}  // namespace assay::numerics
