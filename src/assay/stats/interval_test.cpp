#include "assay/stats/interval.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/numerics/distributions.hpp"

namespace assay::stats {
namespace {

TEST(Interval, WilsonAndClopperPearsonMatchStatsmodels) {
  struct Row {
    std::int64_t x, n;
    double wilson_low, wilson_high, exact_low, exact_high;
  };
  // Source: statsmodels 0.15.0, proportion_confint(method="wilson" and "beta"); the first rows are
  // the examples of Newcombe 1998 (Stat. Med. 17:857-872). Regenerate with tests/golden/stats.py.
  const std::vector<Row> table{
      {81, 263, 0.2552885198782742, 0.36620957698280004, 0.25273674558527126, 0.3676219226013514},
      {0, 20, 0.0, 0.1611251580528194, 0.0, 0.16843347098308534},
      {1, 29, 0.006113214292762667, 0.17175521879320294, 0.000872646883579922, 0.17764429548872293},
      {29, 29, 0.8830303015002592, 1.0, 0.8805551309304973, 1.0}};
  for (const auto& r : table) {
    const auto w = *wilson(r.x, r.n, 0.95);
    const auto e = *clopper_pearson(r.x, r.n, 0.95);
    // statsmodels' literal for 29 of 29 carries its own cancellation: 9 digits there.
    EXPECT_NEAR(w.low, r.wilson_low, r.x == r.n ? 1e-6 : 1e-13);
    EXPECT_NEAR(w.high, r.wilson_high, 1e-13);
    EXPECT_NEAR(e.low, r.exact_low, 1e-12);
    EXPECT_NEAR(e.high, r.exact_high, 1e-12);
  }
}

TEST(Interval, WilsonKeepsItsDigitsForRareEvents) {
  const auto i = *wilson(1, 1'000'000'000'000, 0.95);
  // 1 / n times the limits of one Poisson event on the score scale: 1 + z^2/2 -+ z sqrt(1 + z^2/4).
  const double z = numerics::normal_upper_quantile(0.025);
  const double half = z * std::sqrt(1.0 + z * z / 4);
  EXPECT_NEAR(i.low * 1e12, 1 + z * z / 2 - half, 1e-9);
  EXPECT_NEAR(i.high * 1e12, 1 + z * z / 2 + half, 1e-3);
}

/// Chance that an interval covers p, by summing over all counts.
template <class Interval>
double coverage(std::int64_t n, double p, const Interval& interval) {
  double total = 0.0;
  for (std::int64_t x = 0; x <= n; ++x) {
    const auto i = *interval(x, n, 0.95);
    if (i.low <= p && p <= i.high) total += std::exp(numerics::binomial_log_pmf(x, n, p));
  }
  return total;
}

TEST(Interval, CoverageIsExactAtLeastAndWilsonOnAverage) {
  double wilson_sum = 0.0;
  int count = 0;
  for (double p = 0.005; p < 1.0; p += 0.011, ++count) {
    EXPECT_GE(coverage(60, p, clopper_pearson), 0.95);
    wilson_sum += coverage(60, p, wilson);
  }
  EXPECT_NEAR(wilson_sum / count, 0.95, 0.005);
}

TEST(Interval, ImpossibleCountsAreRefused) {
  EXPECT_EQ(wilson(3, 2, 0.95).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(wilson(0, 0, 0.95).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(clopper_pearson(-1, 2, 0.95).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(clopper_pearson(1, 2, 1.5).error().code, ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::stats
