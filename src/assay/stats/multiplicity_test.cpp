#include "assay/stats/multiplicity.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace assay::stats {
namespace {

constexpr Multiplicity kAll[] = {Multiplicity::bonferroni, Multiplicity::holm,
                                 Multiplicity::hochberg, Multiplicity::benjamini_hochberg,
                                 Multiplicity::benjamini_yekutieli};

TEST(Multiplicity, AdjustedValuesMatchStatsmodels) {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005, 0.2, 0.03};
  // Source: statsmodels 0.15.0, multipletests; regenerate with tests/golden/stats.py.
  const std::vector<std::vector<double>> want{{0.06, 0.24, 0.18, 0.03, 1.0, 0.18},
                                              {0.05, 0.12, 0.12, 0.03, 0.2, 0.12},
                                              {0.05, 0.08, 0.08, 0.03, 0.2, 0.08},
                                              {0.03, 0.048, 0.045, 0.03, 0.2, 0.045},
                                              {0.0735, 0.1176, 0.11025, 0.0735, 0.49, 0.11025}};
  for (std::size_t m = 0; m < want.size(); ++m) {
    const auto got = *adjust_p_values(p, kAll[m]);
    for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(got[i], want[m][i], 1e-14);
  }
  EXPECT_EQ(*adjust_p_values(p, Multiplicity::none), p);
}

TEST(Multiplicity, BenjaminiHochbergRejectsFourInTheirOwnExample) {
  // Source: Benjamini & Hochberg 1995 (JRSS B 57:289-300), section 3.2: 15 endpoints, four
  // rejected at 0.05 by their procedure, three by Bonferroni.
  const std::vector<double> p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                              0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0};
  const auto rejected = [&](Multiplicity m) {
    const auto adjusted = *adjust_p_values(p, m);
    return std::count_if(adjusted.begin(), adjusted.end(), [](double v) { return v <= 0.05; });
  };
  EXPECT_EQ(rejected(Multiplicity::benjamini_hochberg), 4);
  EXPECT_EQ(rejected(Multiplicity::bonferroni), 3);
}

TEST(Multiplicity, NothingInNothingOut) {
  for (const auto m : kAll) EXPECT_TRUE(adjust_p_values({}, m)->empty());
}

TEST(Multiplicity, WhatIsNoProbabilityIsRefused) {
  for (const double bad : {-0.1, 1.1, std::nan("")}) {
    const auto r = adjust_p_values(std::vector<double>{0.5, bad}, Multiplicity::holm);
    EXPECT_EQ(r.error().code, ErrorCode::invalid_data);
    EXPECT_EQ(r.error().where, "entry 2 of the family");
  }
}

RC_GTEST_PROP(MultiplicityProperty, OrderIsKeptAndTheMethodsAreNested, ()) {
  const auto raw = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1001));
  std::vector<double> p;
  for (const int i : raw) p.push_back(i * 1e-3);
  std::vector<std::vector<double>> adjusted;
  for (const auto m : kAll) adjusted.push_back(*adjust_p_values(p, m));
  for (std::size_t i = 0; i < p.size(); ++i) {
    RC_ASSERT(adjusted[0][i] >= adjusted[1][i]);  // Bonferroni >= Holm >= Hochberg >= BH >= p.
    RC_ASSERT(adjusted[1][i] >= adjusted[2][i]);
    RC_ASSERT(adjusted[2][i] >= adjusted[3][i]);
    RC_ASSERT(adjusted[3][i] >= p[i]);
    RC_ASSERT(adjusted[4][i] >= adjusted[3][i]);
    for (std::size_t j = 0; j < p.size(); ++j) {
      for (const auto& a : adjusted) RC_ASSERT(p[i] > p[j] || a[i] <= a[j]);
    }
  }
}

}  // namespace
}  // namespace assay::stats
