#include "assay/design/outcome.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "assay/design/plan.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::design {
namespace {

std::vector<double> exponential_sample(std::size_t n) {
  std::vector<double> values;
  const numerics::Philox random(7, 1);
  for (std::size_t i = 0; i < n; ++i)
    values.push_back(numerics::exponential_quantile(random.uniform(i), 2.0));
  std::sort(values.begin(), values.end());
  return values;
}

// An exponential of mean 2 has density (1 - q) / 2 at its q-quantile. Budget: the bandwidth leaves
// a few percent; 10 % is more than ten standard errors.
TEST(Outcome, TheDensityAtAQuantileOfKnownData) {
  const auto values = exponential_sample(20'000);
  for (const double q : {0.5, 0.9}) {
    EXPECT_NEAR(*quantile_density(values, q) / ((1.0 - q) / 2.0), 1.0, 0.1);
  }
}

TEST(Outcome, AQuantileVariesAsMostellerSays) {
  const auto outcome = *quantile_outcome(0.5, 1.4, 0.25);
  EXPECT_DOUBLE_EQ(outcome.control_variance, 0.25 / 0.0625);
}

TEST(Outcome, ARatioWithAConstantDenominatorIsAMean) {
  const auto ratio = *ratio_outcome({6.0, 2.0, 9.0, 0.0, 0.0});
  const auto mean = *mean_outcome(3.0, 1.5, 1.5);
  EXPECT_DOUBLE_EQ(ratio.baseline, mean.baseline);
  EXPECT_DOUBLE_EQ(ratio.control_variance, mean.control_variance);
}

TEST(Outcome, DataWithoutADensityAreRefused) {
  EXPECT_FALSE(quantile_density(std::vector<double>(50, 3.0), 0.5));
  EXPECT_FALSE(quantile_density(std::vector<double>(5, 3.0), 0.5));
  EXPECT_FALSE(quantile_density(exponential_sample(100), 0.0));
  EXPECT_FALSE(quantile_outcome(0.5, 1.0, 0.0));
  EXPECT_FALSE(ratio_outcome({2.0, 1.0, 4.0, 1.0, 2.0}));  // y is 2 d: no variance.
}

}  // namespace
}  // namespace assay::design
