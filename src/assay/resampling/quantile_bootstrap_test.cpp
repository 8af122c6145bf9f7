#include "assay/resampling/quantile_bootstrap.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::resampling {
namespace {

// The same rows stand in tests/golden/resampling.py.
const std::vector<double> kControl{3.1, 4.0, 2.2, 6.3, 5.0, 1.9, 7.2, 3.3, 4.4, 2.8};
const std::vector<double> kTreatment{4.2, 5.9, 2.9, 8.8, 6.1, 3.5, 9.9, 5.2, 4.9, 7.4, 6.6, 3.8};

std::vector<double> lognormal(std::size_t n, double shift, std::uint64_t stream) {
  const numerics::Philox philox(23, stream);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(shift + numerics::lognormal_quantile(philox.uniform(i), 1.0, 1.0));
  return out;
}

TEST(QuantileBootstrap, MatchesTheSumOverAllPairsOfRanks) {
  // Source: numpy 2.4.6 and scipy 1.17.1 stats.binom over all pairs; tests/golden/resampling.py,
  // quantile.
  const auto median = *quantile_bootstrap(kControl, kTreatment, {.quantile = 0.5});
  EXPECT_NEAR(median.control_value, 3.3, 0.0);
  EXPECT_NEAR(median.treatment_value, 5.2, 0.0);
  EXPECT_NEAR(median.ci_low, -0.2, 1e-12);
  EXPECT_NEAR(median.ci_high, 3.7, 1e-12);
  EXPECT_NEAR(median.std_error, 1.0374221515705937, 1e-10);
  EXPECT_NEAR(median.p_value, 0.10840650907186312, 1e-10);
  const auto upper = *quantile_bootstrap(kControl, kTreatment, {.quantile = 0.8});
  EXPECT_NEAR(upper.ci_low, -0.6, 1e-12);
  EXPECT_NEAR(upper.ci_high, 5.5, 1e-12);
  EXPECT_NEAR(upper.std_error, 1.6034812028469356, 1e-10);
  EXPECT_NEAR(upper.p_value, 0.1487533140805657, 1e-10);
}

TEST(QuantileBootstrap, IsTheLimitOfResampling) {
  // Budget: 4,000 resamples of 400 and 300 units; standard error within 5 of its own Monte-Carlo
  // errors, p within 5 binomial standard errors.
  const auto c = lognormal(400, 0.0, 1);
  const auto t = lognormal(300, 0.12, 2);
  const auto exact = *quantile_bootstrap(c, t, {.quantile = 0.9});
  const numerics::Philox philox(5, 9);
  std::uint64_t index = 0;
  const auto resampled = [&](const std::vector<double>& x) {
    std::vector<double> out(x.size());
    for (double& v : out)
      v = x[static_cast<std::size_t>(philox.uniform(index++) * static_cast<double>(x.size()))];
    const auto k = static_cast<std::size_t>(std::ceil(0.9 * static_cast<double>(x.size()))) - 1;
    std::nth_element(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(k), out.end());
    return out[k];
  };
  double sum = 0.0;
  double squares = 0.0;
  double below = 0.0;
  for (int r = 0; r < 4'000; ++r) {
    const double d = resampled(t) - resampled(c);
    sum += d / 4'000;
    squares += d * d / 4'000;
    below += d <= 0.0 ? 1.0 : 0.0;
  }
  EXPECT_NEAR(exact.std_error / std::sqrt(squares - sum * sum), 1.0, 5 / std::sqrt(8'000.0));
  EXPECT_NEAR(0.5 * exact.p_value, below / 4'000, 5 * std::sqrt(below) / 4'000);
}

TEST(QuantileBootstrap, IgnoresTheOrderOfUnitsAndFollowsTheUnitOfMeasure) {
  auto c = lognormal(5'000, 0.0, 3);
  auto t = lognormal(4'000, 0.2, 4);
  const auto before = *quantile_bootstrap(c, t, {.quantile = 0.75});
  std::reverse(c.begin(), c.end());
  for (double& x : c) x *= 4.0;
  for (double& x : t) x *= 4.0;
  const auto after = *quantile_bootstrap(c, t, {.quantile = 0.75});
  EXPECT_EQ(after.ci_low, 4.0 * before.ci_low);
  EXPECT_EQ(after.ci_high, 4.0 * before.ci_high);
  EXPECT_EQ(after.p_value, before.p_value);
  EXPECT_EQ(after.lift->ci_low, before.lift->ci_low);
}

RC_GTEST_PROP(QuantileBootstrapProperty, PAndTheIntervalsOfDifferenceAndLiftAgree, ()) {
  const auto value = rc::gen::map(rc::gen::inRange(1, 60), [](int x) { return x / 4.0; });
  const auto c = *rc::gen::container<std::vector<double>>(*rc::gen::inRange(5, 40), value);
  auto t = *rc::gen::container<std::vector<double>>(*rc::gen::inRange(5, 40), value);
  const double shift = *rc::gen::inRange(-8, 20) / 2.0;
  for (double& x : t) x += shift;
  const double level = *rc::gen::element(0.5, 0.8, 0.9, 0.95, 0.99);
  const double q = *rc::gen::element(0.1, 0.5, 0.75, 0.9);
  const auto x = quantile_bootstrap(c, t, {.quantile = q, .confidence_level = level});
  if (!x) return;
  const bool excludes = x->ci_low > 0 || x->ci_high < 0;
  RC_ASSERT((x->p_value < 1.0 - level) == excludes);
  RC_ASSERT(x->ci_low <= x->ci_high);
  if (x->lift) RC_ASSERT((x->lift->ci_low > 0 || x->lift->ci_high < 0) == excludes);
}

TEST(QuantileBootstrap, RefusesBadInput) {
  const std::vector<double> one{1.0};
  const std::vector<double> same{2, 2, 2};
  const std::vector<double> bad{1.0, std::numeric_limits<double>::quiet_NaN(), 2.0};
  EXPECT_EQ(quantile_bootstrap(kControl, one, {}).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(quantile_bootstrap(same, same, {}).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(quantile_bootstrap(kControl, bad, {}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(quantile_bootstrap(kControl, kTreatment, {.quantile = 90}).error().code,
            ErrorCode::invalid_spec);
  EXPECT_EQ(quantile_bootstrap(kControl, kTreatment, {.quantile = 0.9})->notes[0].code,
            "few_tail_units");
}

}  // namespace
}  // namespace assay::resampling
