#include "assay/stats/sparse_counts.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

namespace assay::stats {
namespace {

using Scale = ProportionNull::Scale;

TEST(SparseCounts, PoissonRatesEqualR) {
  const auto r = *rate_ratio({7, 100.0, 18, 120.0}, 0.95);
  // Source: R 4.2.2, poisson.test(c(18, 7), c(120, 100)); tests/golden/clusters.R.
  EXPECT_NEAR(r.p_greater, 0.058378378151564325, 1e-13);
  EXPECT_NEAR(r.p_less, 0.97682379950904263, 1e-13);
  EXPECT_NEAR(*r.ratio, 2.14285714285714279, 1e-13);
  EXPECT_NEAR(r.ci_low, 0.85399698171482719, 1e-11);
  EXPECT_NEAR(*r.ci_high, 6.06988231696393310, 1e-10);
  EXPECT_LT(r.mid_p_value, r.p_value);
}

TEST(SparseCounts, TheRateIntervalExcludesOneExactlyWhenTheTestRejects) {
  int rejected = 0;
  for (std::int64_t a = 0; a < 25; ++a) {
    for (std::int64_t b = 0; b < 25; ++b) {
      if (a + b == 0) continue;
      const auto r = *rate_ratio({a, 50.0, b, 70.0}, 0.9);
      const bool excludes = r.ci_low > 1.0 || (r.ci_high && *r.ci_high < 1.0);
      EXPECT_EQ(r.p_value < 0.1, excludes) << a << " " << b;
      EXPECT_EQ(r.ratio.has_value(), a > 0);
      rejected += excludes ? 1 : 0;
    }
  }
  EXPECT_GT(rejected, 200);
}

TEST(SparseCounts, FisherEqualsScipy) {
  const auto f = *fisher_exact({2, 30, 9, 30});
  // Source: scipy 1.17.1, fisher_exact([[9, 21], [2, 28]]) and hypergeom; tests/golden/clusters.py.
  EXPECT_NEAR(*f.odds_ratio, 6.0, 1e-12);
  EXPECT_NEAR(f.p_value, 0.04190011890841873, 1e-12);
  EXPECT_NEAR(f.p_greater, 0.020950059454209365, 1e-12);
  EXPECT_NEAR(f.mid_p_value, 0.02373960541414486, 1e-12);
  EXPECT_NEAR(fisher_exact({0, 5, 0, 7})->p_value, 1.0, 1e-14);
  EXPECT_FALSE(fisher_exact({0, 5, 3, 7})->odds_ratio);
}

TEST(SparseCounts, BoschlooEqualsScipyAndIsNeverAboveFisher) {
  const auto b = *boschloo({2, 30, 9, 30});
  // Source: scipy 1.17.1, boschloo_exact([[9, 2], [21, 28]], n=256).
  EXPECT_NEAR(b.greater, 0.013674598101399633, 1e-7);
  EXPECT_NEAR(b.less, 0.9934531923854606, 1e-6);
  for (std::int64_t x = 0; x <= 12; ++x) {
    for (std::int64_t y = 0; y <= 9; ++y) {
      const TwoCounts counts{x, 12, y, 9};
      const auto f = *fisher_exact(counts);
      const auto p = *boschloo(counts);
      EXPECT_LE(p.greater, f.p_greater + 1e-9);
      EXPECT_LE(p.less, f.p_less + 1e-9);
    }
  }
}

TEST(SparseCounts, BoschlooHoldsItsLevelByExactSums) {
  // The chance of p <= 0.05 at any common proportion, summed over all tables.
  const auto mass = [](std::int64_t k, std::int64_t n, double q) {
    return std::exp(std::lgamma(static_cast<double>(n) + 1.0) -
                    std::lgamma(static_cast<double>(k) + 1.0) -
                    std::lgamma(static_cast<double>(n - k) + 1.0)) *
           std::pow(q, static_cast<double>(k)) * std::pow(1.0 - q, static_cast<double>(n - k));
  };
  const std::vector<double> proportions{0.05, 0.2, 0.5};
  std::vector<double> size(proportions.size(), 0.0);
  for (std::int64_t x = 0; x <= 10; ++x) {
    for (std::int64_t y = 0; y <= 8; ++y) {
      if (boschloo({x, 10, y, 8})->greater > 0.05) continue;
      for (std::size_t i = 0; i < size.size(); ++i)
        size[i] += mass(x, 10, proportions[i]) * mass(y, 8, proportions[i]);
    }
  }
  for (const double s : size) EXPECT_LE(s, 0.05 + 1e-6);
  EXPECT_GT(size[2], 0.01);
}

TEST(SparseCounts, MiettinenNurminenEqualsNewcombesTable) {
  const TwoCounts counts{48, 80, 56, 70};
  // Source: Newcombe, Stat. Med. 17 (1998) table II, method 5: 0.0528 to 0.3382; and
  // tests/golden/clusters.py, constrained likelihood maximised by search.
  const auto d = *miettinen_nurminen(counts, Scale::difference, 0.95);
  EXPECT_NEAR(d.low, 0.052829713235123296, 1e-8);
  EXPECT_NEAR(d.high, 0.3381729400482067, 1e-8);
  const auto r = *miettinen_nurminen(counts, Scale::ratio, 0.95);
  EXPECT_NEAR(r.low, 1.0790471195384592, 1e-7);
  EXPECT_NEAR(r.high, 1.6721453598605018, 1e-7);
  const auto open = *miettinen_nurminen({0, 40, 5, 40}, Scale::ratio, 0.95);
  EXPECT_TRUE(std::isinf(open.high));
  EXPECT_GT(open.low, 1.0);
}

TEST(SparseCounts, BadInputIsRefusedInItsOwnWords) {
  EXPECT_EQ(rate_ratio({0, 10.0, 0, 10.0}, 0.95).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(rate_ratio({1, 0.0, 0, 10.0}, 0.95).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(rate_ratio({-1, 5.0, 0, 10.0}, 0.95).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(fisher_exact({5, 3, 1, 2}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(boschloo({5, 3000, 1, 2000}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(miettinen_nurminen({0, 0, 1, 5}, Scale::ratio, 0.95).error().code,
            ErrorCode::undefined_statistic);
}

}  // namespace
}  // namespace assay::stats
