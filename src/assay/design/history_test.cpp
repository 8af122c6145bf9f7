#include "assay/design/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace assay::design {
namespace {

numerics::CoMoments moments_of(const std::vector<std::vector<double>>& rows) {
  numerics::CoMoments out(rows[0].size());
  for (const auto& row : rows) out.add(row);
  return out;
}

// By hand: y = 2 x + (1, -1, -1, 1) with x = 0, 1, 2, 3: the residual is orthogonal to x.
TEST(History, TheShareThatCovariatesExplainIsThatOfRegression) {
  const auto moments = moments_of({{1, 0}, {1, 1}, {3, 2}, {7, 3}});
  const auto past = *outcome_of_moments(stats::MetricKind::mean, moments, true);
  EXPECT_NEAR(past.outcome.variance_left, 4.0 / 24.0, 1e-12);  // Residual over total squares.
  EXPECT_NEAR(past.correlation, std::sqrt(20.0 / 24.0), 1e-12);
  EXPECT_EQ(past.covariates, 1U);
  const auto plain = *outcome_of_moments(stats::MetricKind::mean, moments, false);
  EXPECT_EQ(plain.outcome.variance_left, 1.0);
  EXPECT_DOUBLE_EQ(plain.outcome.control_variance, 8.0);
}

TEST(History, ACovariateTwiceOrConstantAddsNothing) {
  const auto moments = moments_of({{1, 0, 0, 5}, {1, 1, 1, 5}, {3, 2, 2, 5}, {7, 3, 3, 5}});
  const auto past = *outcome_of_moments(stats::MetricKind::mean, moments, true);
  EXPECT_NEAR(past.outcome.variance_left, 4.0 / 24.0, 1e-12);
  EXPECT_EQ(past.covariates, 1U);
}

TEST(History, ARatiosCovariatesExplainItsLinearPart) {
  // d constant: the same as the mean of y over d.
  const auto ratio = moments_of({{1, 2, 0}, {1, 2, 1}, {3, 2, 2}, {7, 2, 3}});
  const auto past = *outcome_of_moments(stats::MetricKind::ratio, ratio, true);
  EXPECT_NEAR(past.outcome.control_variance, 8.0 / 4.0, 1e-12);
  EXPECT_NEAR(past.outcome.variance_left, 4.0 / 24.0, 1e-12);
}

// Three clusters of three: means 2, 5, 3, so MSB = 3 x 7 / 3 and MSW = 1 (Donner & Klar).
TEST(History, IntraclusterCorrelationByTheAnalysisOfVariance) {
  std::vector<numerics::Moments> clusters(3);
  const std::vector<std::vector<double>> values{{1, 2, 3}, {4, 5, 6}, {2, 3, 4}};
  for (std::size_t i = 0; i < 3; ++i)
    for (const double v : values[i]) clusters[i].add(v);
  const auto out = *clusters_of(clusters);
  EXPECT_NEAR(out.icc, (7.0 - 1.0) / (7.0 + 2.0 * 1.0), 1e-12);  // MSB 7, by hand.
  EXPECT_EQ(out.mean_size, 3.0);
  EXPECT_EQ(out.size_cv, 0.0);
}

TEST(History, ANegativeIntraclusterCorrelationReadsZero) {
  std::vector<numerics::Moments> clusters(2);
  for (const double v : {0.0, 10.0}) {
    clusters[0].add(v);
    clusters[1].add(v);
  }
  EXPECT_EQ(clusters_of(clusters)->icc, 0.0);
}

TEST(History, WithoutAPastThereIsNothingToPlanWith) {
  const auto problem = [](const auto& result) { return result ? "" : result.error().problem; };
  EXPECT_THAT(problem(outcome_of_moments(stats::MetricKind::mean, numerics::CoMoments(1), true)),
              testing::HasSubstr("two units or more"));
  EXPECT_THAT(
      problem(outcome_of_moments(stats::MetricKind::mean, moments_of({{3}, {3}, {3}}), true)),
      testing::HasSubstr("same value"));
  EXPECT_THAT(
      problem(outcome_of_moments(stats::MetricKind::ratio, moments_of({{1, 0}, {2, 0}}), true)),
      testing::HasSubstr("denominator is 0"));
  EXPECT_FALSE(outcome_of_moments(stats::MetricKind::mean, moments_of({{NAN}, {1}}), true));
  EXPECT_FALSE(clusters_of({}));
}

}  // namespace
}  // namespace assay::design
