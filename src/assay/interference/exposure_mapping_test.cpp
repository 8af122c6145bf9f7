#include "assay/interference/exposure_mapping.hpp"

#include <gmock/gmock.h>

#include <cmath>

// Source of the numbers: tests/golden/interference.py, all 1,024 assignments of fair coins on a
// ring of 10 units with two chords.
namespace assay::interference {
namespace {

/// Draw number i is assignment i: with 1,024 replays the probabilities are exact.
resampling::Mechanism every_assignment(std::size_t n) {
  resampling::Mechanism out;
  out.name = "all assignments in turn";
  out.n_units = n;
  out.draw = [](std::uint64_t, std::uint64_t index, std::span<std::uint8_t> arms) {
    for (std::size_t i = 0; i < arms.size(); ++i)
      arms[i] = static_cast<std::uint8_t>(index >> i & 1U);
  };
  return out;
}

Network ring() {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (std::uint32_t i = 0; i < 10; ++i) edges.emplace_back(i, (i + 1) % 10);
  edges.emplace_back(0, 5);
  edges.emplace_back(2, 7);
  edges.emplace_back(5, 0);  // A double, counted once.
  return *network_of(10, edges);
}

const std::vector<std::uint8_t> kArms{1, 1, 0, 0, 0, 1, 1, 0, 0, 0};

std::vector<double> outcomes() {
  const int touched[] = {1, 1, 1, 0, 1, 1, 1, 1, 0, 1};
  std::vector<double> out;
  for (int i = 0; i < 10; ++i)
    out.push_back(10.0 + (i * 3 % 7) + 2.0 * kArms[static_cast<std::size_t>(i)] + touched[i]);
  return out;
}

TEST(ExposureMapping, ClassesAreArmAndTreatedNeighbours) {
  const auto map = *treated_share_map(ring(), {0.0});
  std::vector<std::uint8_t> classes(10);
  map(kArms, classes);
  EXPECT_EQ(classes, (std::vector<std::uint8_t>{3, 3, 1, 0, 1, 3, 3, 1, 0, 1}));
}

TEST(ExposureMapping, WeightsAndVarianceAgreeWithEnumeration) {
  ExposureOptions options;
  options.draws = 1024;
  const auto r = *exposure_effect(outcomes(), kArms, every_assignment(10),
                                  *treated_share_map(ring(), {0.0}), options);
  EXPECT_NEAR(r.horvitz_thompson.control_value, 20.0, 1e-12);
  EXPECT_NEAR(r.horvitz_thompson.treatment_value, 14.971428571428572, 1e-12);
  EXPECT_NEAR(std::pow(r.horvitz_thompson.std_error, 2), 496.58026798598223, 1e-9);
  EXPECT_NEAR(r.contrast.control_value, 12.5, 1e-12);
  EXPECT_NEAR(r.contrast.treatment_value, 15.115384615384615, 1e-12);
  EXPECT_NEAR(std::pow(r.contrast.std_error, 2), 1.010672656172912, 1e-9);
  EXPECT_EQ(r.n_units, 10);
}

TEST(ExposureMapping, NamesUnitsThatCanNeverBeExposed) {
  // Unit 10 has no neighbour: it is never beside a treated one.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (std::uint32_t i = 0; i < 10; ++i) edges.emplace_back(i, (i + 1) % 10);
  const auto map = *treated_share_map(*network_of(11, edges), {0.0});
  auto arms = kArms;
  arms.push_back(0);
  auto values = outcomes();
  values.push_back(3.0);
  ExposureOptions options;
  options.draws = 2048;
  const auto refused = exposure_effect(values, arms, every_assignment(11), map, options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().problem, testing::HasSubstr("not estimable"));
  EXPECT_EQ(refused.error().have, "units 11");
  options.drop_impossible = true;
  const auto r = *exposure_effect(values, arms, every_assignment(11), map, options);
  EXPECT_EQ(r.n_units, 10);
  EXPECT_EQ(r.impossible, std::vector<std::size_t>{10});
}

TEST(ExposureMapping, RefusesBadInput) {
  const std::pair<std::uint32_t, std::uint32_t> self[] = {{1, 1}};
  EXPECT_EQ(network_of(3, self).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(treated_share_map(ring(), {0.5, 0.2}).error().code, ErrorCode::invalid_spec);
  const auto map = *treated_share_map(ring(), {0.0});
  ExposureOptions same;
  same.treatment_class = 0;
  EXPECT_EQ(exposure_effect(outcomes(), kArms, every_assignment(10), map, same).error().code,
            ErrorCode::invalid_spec);
  EXPECT_EQ(exposure_effect(outcomes(), kArms, every_assignment(9), map, {}).error().code,
            ErrorCode::invalid_spec);
  const std::vector<std::uint8_t> nobody(10, 0);
  EXPECT_EQ(exposure_effect(outcomes(), nobody, every_assignment(10), map, {}).error().code,
            ErrorCode::undefined_statistic);
}

}  // namespace
}  // namespace assay::interference
