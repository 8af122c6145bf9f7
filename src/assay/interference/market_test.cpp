#include <gmock/gmock.h>

#include <cmath>

#include "assay/interference/budget_split.hpp"
#include "assay/interference/geo.hpp"
#include "assay/interference/saturation.hpp"
#include "assay/interference/two_sided.hpp"

// Source of the numbers: scipy 1.17.1 (ttest_rel, ttest_ind) and written-out formulas in
// tests/golden/interference.py.
namespace assay::interference {
namespace {

numerics::Moments one(double mean) { return {1, mean, 0.0}; }

std::vector<Geo> geo_pairs() {
  const double control[] = {10.2, 8.1, 12.4, 9.9, 11.0, 7.5};
  const double gain[] = {0.9, 0.4, 1.3, -0.2, 0.8, 0.6};
  std::vector<Geo> out;
  for (int i = 0; i < 6; ++i) {
    out.push_back({one(control[i]), 0, 2.0 * i, i});
    out.push_back({one(control[i] + gain[i]), 1, 2.0 * i, i});
  }
  return out;
}

TEST(Geo, PairsAgreeWithScipyAndEnumeration) {
  const auto r = *geo_effect(geo_pairs());
  EXPECT_NEAR(r.contrast.p_value, 0.02841568413767593, 1e-12);
  EXPECT_NEAR(r.contrast.ci_low, 0.0995978913984421, 1e-11);
  EXPECT_NEAR(r.contrast.ci_high, 1.1670687752682254, 1e-11);
  EXPECT_TRUE(r.randomisation.exact);
  EXPECT_NEAR(r.randomisation.contrast.p_value, 0.0625, 1e-12);
  EXPECT_NEAR(r.smallest_p_value, 2.0 / 64.0, 1e-15);
  EXPECT_FALSE(r.naive.has_value());
}

TEST(Geo, FewRegionsSaySoAndLeaveTheIntervalOpen) {
  auto few = geo_pairs();
  few.resize(6);
  const auto r = *geo_effect(few);
  EXPECT_NEAR(r.smallest_p_value, 0.25, 1e-12);
  ASSERT_FALSE(r.contrast.notes.empty());
  EXPECT_EQ(r.contrast.notes.back().code, "few_regions");
  EXPECT_TRUE(std::isinf(r.randomisation.contrast.ci_high));
}

TEST(Geo, ValuesBeforeTakeOutWhatRegionsAlwaysWere) {
  auto geos = geo_pairs();
  for (auto& g : geos) g.before = g.users.mean - (g.treated == 1 ? 0.6 : 0.0) + 0.01 * g.users.mean;
  GeoOptions did;
  did.difference_in_differences = true;
  const auto r = *geo_effect(geos, did);
  EXPECT_NEAR(r.contrast.difference, 0.6 - 0.01 * 0.63333333333, 1e-6);
  EXPECT_LT(*r.spread_change_from_before, -0.9);
  geos[3].before.reset();
  EXPECT_EQ(geo_effect(geos, did).error().where, "region 4");
}

TEST(Geo, NaiveReadsUsersAsIndependentAndIsTooSure) {
  std::vector<Geo> geos;
  for (int i = 0; i < 12; ++i)
    geos.push_back({{5'000, 10.0 + (i * 5 % 7) + 0.4 * (i % 2), 5'000.0},
                    static_cast<std::uint8_t>(i % 2),
                    {},
                    {}});
  const auto r = *geo_effect(geos);
  ASSERT_TRUE(r.naive.has_value());
  EXPECT_LT(r.naive->std_error, 0.1 * r.contrast.std_error);
}

TEST(Geo, RefusesBrokenPairsAndSingleRegions) {
  auto geos = geo_pairs();
  geos[0].pair = 5;
  EXPECT_EQ(geo_effect(geos).error().code, ErrorCode::invalid_data);
  geos = geo_pairs();
  geos[0].pair.reset();
  EXPECT_EQ(geo_effect(geos).error().code, ErrorCode::invalid_data);
  geos.resize(2);
  geos[0].pair = 0;
  EXPECT_EQ(geo_effect(geos).error().code, ErrorCode::undefined_statistic);
}

std::vector<SaturationCluster> saturation_design() {
  std::vector<SaturationCluster> out;
  for (const double c : {5.0, 5.6, 4.8, 5.3}) out.push_back({0.0, {100, c, 100.0}, {}});
  const double untreated[] = {5.9, 6.1, 5.2};
  const double treated[] = {7.4, 7.0, 6.8};
  for (int i = 0; i < 3; ++i)
    out.push_back({0.5, {50, untreated[i], 50.0}, {50, treated[i], 50.0}});
  return out;
}

TEST(Saturation, EffectsAgreeWithScipyOnClusterMeans) {
  const auto r = *saturation_effects(saturation_design(), 0.95);
  ASSERT_EQ(r.levels.size(), 1U);
  const auto& half = r.levels[0];
  EXPECT_NEAR(half.spillover->difference, 0.5583333333333336, 1e-12);
  EXPECT_NEAR(half.spillover->p_value, 0.1684223426053767, 1e-12);
  EXPECT_NEAR(half.total->p_value, 0.0007542690923847459, 1e-13);
  EXPECT_NEAR(half.direct->p_value, 0.02583795171303391, 1e-12);
  EXPECT_NEAR(half.total->difference, half.direct->difference + half.spillover->difference, 1e-12);
  EXPECT_NEAR(half.overall->difference, 0.5 * (half.total->difference + half.spillover->difference),
              1e-12);
}

TEST(Saturation, SaysWhatCannotBeEstimated) {
  auto clusters = saturation_design();
  clusters.erase(clusters.begin(), clusters.begin() + 3);
  const auto r = *saturation_effects(clusters, 0.95);
  EXPECT_TRUE(r.levels[0].direct.has_value());
  EXPECT_FALSE(r.levels[0].total.has_value());
  EXPECT_THAT(r.levels[0].reason, testing::HasSubstr("saturation 0"));
  clusters[0].treatment = {3, 1.0, 1.0};
  EXPECT_EQ(saturation_effects(clusters, 0.95).error().where, "cluster 1");
  EXPECT_EQ(saturation_effects({}, 0.95).error().code, ErrorCode::undefined_statistic);
}

std::vector<AdvertiserSplit> advertisers() {
  std::vector<AdvertiserSplit> out;
  for (int i = 0; i < 12; ++i) {
    AdvertiserSplit a;
    a.control = 3.0 + i * 5 % 7;
    a.treatment = 3.4 + i * 5 % 7 + (i * 3 % 4) / 3.0;
    a.control_denominator = 10.0 + i % 5;
    a.treatment_denominator = 10.5 + i % 5;
    out.push_back(a);
  }
  return out;
}

TEST(BudgetSplit, PairsAdvertisersWithThemselves) {
  BudgetSplitOptions options;
  options.treatment_share = 0.4;
  const auto r = *budget_split_effect(advertisers(), options);
  EXPECT_NEAR(r.contrast.p_value, 1.3094360868890001e-07, 1e-17);
  EXPECT_GT(r.naive.std_error, 2.0 * r.contrast.std_error);
  EXPECT_GT(r.correlation, 0.9);
  options.ratio = true;
  const auto ratio = *budget_split_effect(advertisers(), options);
  EXPECT_NEAR(ratio.contrast.difference, 0.052627008250108576, 1e-13);
  EXPECT_NEAR(ratio.contrast.std_error, 0.009737559327262505, 1e-13);
}

TEST(BudgetSplit, NoticesAMarketThatSpentMoreThanItsShare) {
  auto all = advertisers();
  for (auto& a : all) {
    a.control_spend = 40.0;
    a.treatment_spend = 60.0;
  }
  const auto r = *budget_split_effect(all);
  EXPECT_NEAR(*r.treatment_spend_share, 0.6, 1e-12);
  EXPECT_EQ(r.contrast.notes.back().code, "spend_share");
  BudgetSplitOptions wrong;
  wrong.treatment_share = 1.0;
  EXPECT_EQ(budget_split_effect(all, wrong).error().code, ErrorCode::invalid_spec);
  all[4].treatment = INFINITY;
  EXPECT_EQ(budget_split_effect(all).error().where, "advertiser 5");
}

struct Market {
  std::vector<std::uint8_t> user_arm;
  std::vector<std::uint8_t> creator_arm;
  std::vector<std::uint32_t> user;
  std::vector<std::uint32_t> creator;
  std::vector<double> value;

  [[nodiscard]] TwoSidedData view() const { return {user_arm, creator_arm, user, creator, value}; }
};

Market market() {
  Market out;
  for (std::uint32_t u = 0; u < 12; ++u) out.user_arm.push_back(u % 2);
  for (std::uint32_t c = 0; c < 8; ++c) out.creator_arm.push_back(c % 2);
  for (std::uint32_t u = 0; u < 12; ++u) {
    for (std::uint32_t c = 0; c < 8; ++c) {
      const double v =
          ((u + 2 * c) % 3 == 0 ? (u * 5 + c * 3) % 7 : 0) + 0.5 * (u % 2) + 0.25 * (c % 2);
      if (v == 0.0) continue;
      out.user.push_back(u);
      out.creator.push_back(c);
      out.value.push_back(v);
    }
  }
  return out;
}

TEST(TwoSided, CellsAndVarianceAgreeWithWrittenOutFormulas) {
  const auto r = *two_sided_effects(market().view());
  EXPECT_NEAR(r.cells.control_control, 9.333333333333334, 1e-12);
  EXPECT_NEAR(r.cells.control_treated, 11.666666666666666, 1e-12);
  EXPECT_NEAR(r.cells.treated_control, 12.333333333333334, 1e-12);
  EXPECT_NEAR(r.cells.treated_treated, 13.333333333333334, 1e-12);
  EXPECT_NEAR(r.corner.difference, 4.0, 1e-12);
  // users + creators - pairs is negative here; the larger one-way variance stands in.
  EXPECT_NEAR(std::pow(r.corner.std_error, 2), 7.851851851851853, 1e-11);
  EXPECT_NEAR(r.interaction.difference,
              13.3333333333 - 12.3333333333 - 11.6666666667 + 9.3333333333, 1e-8);
  EXPECT_NEAR(r.naive.difference,
              0.5 * (12.3333333333 - 9.3333333333) + 0.5 * (13.3333333333 - 11.6666666667), 1e-8);
  EXPECT_NEAR(r.naive_creators.difference,
              0.5 * (11.6666666667 - 9.3333333333) + 0.5 * (13.3333333333 - 12.3333333333), 1e-8);
}

TEST(TwoSided, WeightsLeadFromOneSideToTheOther) {
  const auto m = market();
  TwoSidedOptions users_only;
  users_only.user_weight = 1.0;
  users_only.competition = 0.0;
  // q_11 - q_01: users' side within treated creators.
  EXPECT_NEAR(two_sided_effects(m.view(), users_only)->contrast.difference,
              13.3333333333 - 11.6666666667, 1e-8);
  TwoSidedOptions creators_only;
  creators_only.user_weight = 0.0;
  creators_only.competition = 0.0;
  EXPECT_NEAR(two_sided_effects(m.view(), creators_only)->contrast.difference,
              13.3333333333 - 12.3333333333, 1e-8);
  EXPECT_NEAR(two_sided_effects(m.view())->contrast.difference, 4.0, 1e-12);
}

TEST(TwoSided, RefusesRowsOutsideTheLists) {
  auto m = market();
  m.user[3] = 99;
  EXPECT_EQ(two_sided_effects(m.view()).error().where, "row 4");
  m = market();
  TwoSidedOptions wrong;
  wrong.competition = 2.0;
  EXPECT_EQ(two_sided_effects(m.view(), wrong).error().code, ErrorCode::invalid_spec);
  for (auto& arm : m.creator_arm) arm = 0;
  EXPECT_EQ(two_sided_effects(m.view()).error().code, ErrorCode::undefined_statistic);
}

}  // namespace
}  // namespace assay::interference
