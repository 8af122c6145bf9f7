#include "assay/experiment/integrity.hpp"

#include <gmock/gmock.h>

#include "assay/experiment/fixture_for_tests.hpp"

namespace assay::experiment {
namespace {

using testing::cell;
using ::testing::HasSubstr;
using testing::make_fixture;
using testing::moments_of;

std::vector<numerics::CoMoments> arm(std::int64_t n) {
  return {cell(n, 30, 20), cell(n, 2, 3), cell(n, 1, 2), cell(n, 0.5, 1)};
}

const IntegrityCheck& check_named(const Integrity& integrity, const std::string& name) {
  for (const IntegrityCheck& check : integrity.checks) {
    if (check.name == name) return check;
  }
  static const IntegrityCheck none;
  ADD_FAILURE() << "no check " << name;
  return none;
}

TEST(Integrity, AnEvenSplitPasses) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value()) << to_text(fixture.error());
  const auto integrity = check_integrity(fixture->spec, fixture->plan,
                                         moments_of(fixture->plan, {arm(50'000), arm(50'100)}));
  ASSERT_TRUE(integrity.has_value()) << to_text(integrity.error());
  EXPECT_FALSE(integrity->any_failed());
  // Source: scipy 1.17.1, chisquare([50000, 50100]).pvalue = 0.751950.
  EXPECT_NEAR(integrity->sample_ratio->overall.p_value, 0.751950, 1e-6);
}

TEST(Integrity, AFaultyVersionIsNamed) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  auto moments = moments_of(fixture->plan, {arm(50'000), arm(48'500)});
  engine::SegmentMoments& version = moments.segments[1];
  ASSERT_EQ(version.name, "version");
  version.values = {"5.2", "5.3"};
  version.assigned = {{40'000, 40'020}, {10'000, 8'480}};
  version.moments.push_back(version.moments.front());
  const auto integrity = check_integrity(fixture->spec, fixture->plan, moments);
  ASSERT_TRUE(integrity.has_value());
  EXPECT_TRUE(integrity->any_failed());
  const IntegrityCheck& check = check_named(*integrity, "sample ratio");
  EXPECT_EQ(check.status, CheckStatus::failed);
  EXPECT_THAT(check.detail, HasSubstr("version = 5.3"));
  EXPECT_THAT(check.detail, HasSubstr("Without it the split is as planned"));
}

TEST(Integrity, OppositeFaultsThatCancelOverallAreStillFound) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  auto moments = moments_of(fixture->plan, {arm(50'000), arm(50'000)});
  engine::SegmentMoments& version = moments.segments[1];
  version.values = {"5.2", "5.3"};
  version.assigned = {{26'000, 24'000}, {24'000, 26'000}};
  version.moments.push_back(version.moments.front());
  const auto integrity = check_integrity(fixture->spec, fixture->plan, moments);
  ASSERT_TRUE(integrity.has_value());
  EXPECT_EQ(check_named(*integrity, "sample ratio").status, CheckStatus::failed);
}

TEST(Integrity, UnitsInBothArmsFailAboveTheLimitOnly) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  auto moments = moments_of(fixture->plan, {arm(50'000), arm(50'000)});
  moments.both_arms = 100;  // 100 of 100,100 is under 0.1 %.
  EXPECT_FALSE(check_integrity(fixture->spec, fixture->plan, moments)->any_failed());
  moments.both_arms = 101;  // 101 of 100,101 is above.
  EXPECT_EQ(
      check_named(*check_integrity(fixture->spec, fixture->plan, moments), "both arms").status,
      CheckStatus::failed);
}

TEST(Integrity, ASpecWithoutChecksStillHasItsSplitChecked) {
  std::string spec = testing::kExperiment;
  const auto begin = spec.find("checks:");
  spec.erase(begin, spec.find("decision:") - begin);
  const auto fixture = make_fixture(spec);
  ASSERT_TRUE(fixture.has_value()) << to_text(fixture.error());
  const auto integrity = check_integrity(fixture->spec, fixture->plan,
                                         moments_of(fixture->plan, {arm(50'000), arm(48'500)}));
  ASSERT_TRUE(integrity.has_value());
  EXPECT_EQ(check_named(*integrity, "sample ratio").status, CheckStatus::failed);
  EXPECT_EQ(check_named(*integrity, "both arms").status, CheckStatus::passed);
}

TEST(Integrity, AVariantThatIsNoArmFails) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  auto moments = moments_of(fixture->plan, {arm(50'000), arm(50'000)});
  moments.unknown_variant = 1;
  EXPECT_TRUE(check_integrity(fixture->spec, fixture->plan, moments)->any_failed());
}

TEST(Integrity, AnArmWithoutUnitsIsAnErrorThatNamesIt) {
  const auto fixture = make_fixture();
  ASSERT_TRUE(fixture.has_value());
  const auto integrity = check_integrity(fixture->spec, fixture->plan,
                                         moments_of(fixture->plan, {arm(50'000), arm(0)}));
  ASSERT_FALSE(integrity.has_value());
  EXPECT_EQ(integrity.error().code, ErrorCode::invalid_data);
  EXPECT_THAT(integrity.error().problem, HasSubstr("treatment"));
}

}  // namespace
}  // namespace assay::experiment
