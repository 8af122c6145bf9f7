#include "assay/stats/balance.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace assay::stats {
namespace {

using numerics::CoMoments;

CoMoments rows(const std::vector<std::vector<double>>& units) {
  CoMoments m(units.front().size());
  for (const auto& unit : units) m.add(unit);
  return m;
}

const auto kControl = rows({{1.0, 0.2},
                            {2.1, 0.1},
                            {0.4, 0.9},
                            {3.2, 0.3},
                            {2.6, 0.8},
                            {0.3, 0.4},
                            {3.9, 0.6},
                            {1.5, 0.5},
                            {1.8, 0.7},
                            {1.2, 0.2}});
const auto kTreatment = rows({{1.1, 0.3},
                              {2.4, 0.6},
                              {0.2, 0.4},
                              {3.6, 0.1},
                              {2.2, 0.9},
                              {0.9, 0.5},
                              {4.1, 0.2},
                              {1.9, 0.8},
                              {1.4, 0.3},
                              {3.0, 0.7},
                              {2.7, 0.4},
                              {0.8, 0.6}});

TEST(Balance, JointTestMatchesStatsmodels) {
  const auto b = *balance(kControl, kTreatment, {"pre_watch", "tenure"});
  // Source: statsmodels 0.15.0, test_mvmean_2indep; regenerate with tests/golden/stats.py.
  EXPECT_NEAR(b.hotelling_t2, 0.2240809673491162, 1e-12);
  EXPECT_NEAR(b.f_statistic, 0.1064384594908302, 1e-12);
  EXPECT_NEAR(b.p_value, 0.8995626255974586, 1e-12);
  EXPECT_EQ(b.covariates[1].name, "tenure");
  // By hand: (2.025 - 1.8) / sqrt((s1^2 + s2^2) / 2).
  const double s1 = kControl.covariance(0, 0);
  const double s2 = kTreatment.covariance(0, 0);
  EXPECT_NEAR(b.covariates[0].std_difference, 0.225 / std::sqrt((s1 + s2) / 2), 1e-12);
  EXPECT_NEAR(b.covariates[0].variance_ratio, s2 / s1, 1e-14);
}

TEST(Balance, AConstantCovariateIsShownAndLeftOutOfTheTest) {
  const auto with_constant = [](const CoMoments& m) {
    CoMoments out(3);
    out.n = m.n;
    out.mean = {m.mean[0], 1.0, m.mean[1]};
    out.comoment = {m.at(0, 0), 0, m.at(0, 1), 0, 0, m.at(1, 1)};
    return out;
  };
  const auto b = *balance(with_constant(kControl), with_constant(kTreatment), {});
  EXPECT_FALSE(b.covariates[1].tested);
  EXPECT_EQ(b.covariates[1].name, "x2");
  EXPECT_EQ(b.covariates[1].std_difference, 0.0);
  EXPECT_NEAR(b.p_value, 0.8995626255974586, 1e-12);
}

TEST(Balance, NothingToTestIsSaid) {
  EXPECT_EQ(balance(CoMoments(0), CoMoments(0), {}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(balance(CoMoments(1), CoMoments(1), {}).error().code, ErrorCode::undefined_statistic);
  const auto constant = rows({{1.0}, {1.0}, {1.0}});
  EXPECT_EQ(balance(constant, constant, {}).error().code, ErrorCode::undefined_statistic);
}

}  // namespace
}  // namespace assay::stats
