#include "assay/resampling/bootstrap.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::resampling {
namespace {

// The same rows stand in tests/golden/resampling.py.
const std::vector<double> kControl{3.1, 4.0, 2.2, 6.3, 5.0, 1.9, 7.2, 3.3, 4.4, 2.8};
const std::vector<double> kTreatment{4.2, 5.9, 2.9, 8.8, 6.1, 3.5, 9.9, 5.2, 4.9, 7.4, 6.6, 3.8};
const std::vector<double> kControlD{2, 3, 1, 4, 2, 2, 5, 2, 3, 2};
const std::vector<double> kTreatmentD{3, 3, 1, 4, 3, 2, 5, 2, 3, 4, 3, 2};

constexpr std::array kKinds{IntervalKind::percentile, IntervalKind::basic, IntervalKind::bca,
                            IntervalKind::bootstrap_t};

std::vector<double> normal(std::size_t n, double mean, double sd, std::uint64_t stream) {
  const numerics::Philox philox(17, stream);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(mean + sd * numerics::normal_quantile(philox.uniform(i)));
  return out;
}

double mean_value(std::span<const double> t) { return t[1] / t[0]; }
double ratio_value(std::span<const double> t) { return t[1] / t[2]; }

TEST(Acceleration, MatchesScipyAndBoot) {
  // Source: scipy 1.17.1, stats._resampling._bca_interval; tests/golden/resampling.py, bca.
  auto c = leave_one_out({kControl}, mean_value);
  auto t = leave_one_out({kTreatment}, mean_value);
  for (double& x : c) x = -x;
  EXPECT_NEAR(acceleration(std::vector<std::span<const double>>{c, t}), 0.002017722919768206,
              1e-14);
  // Source: numpy 2.4.6 by the same formula.
  c = leave_one_out({kControl, kControlD}, ratio_value);
  t = leave_one_out({kTreatment, kTreatmentD}, ratio_value);
  EXPECT_NEAR(acceleration(std::vector<std::span<const double>>{t}),
              acceleration(std::vector<std::span<const double>>{t, t}) * std::sqrt(2.0), 1e-14);
  for (double& x : c) x = -x;
  EXPECT_NEAR(acceleration(std::vector<std::span<const double>>{c, t}), -0.028889399196660098,
              1e-13);
  // Source: R 4.2 boot 1.3-28.1, empinf(type = "jack"); tests/golden/resampling.R.
  for (double& x : c) x = -x;
  EXPECT_NEAR(acceleration(std::vector<std::span<const double>>{c}), 0.05262740654245698, 1e-13);
}

struct MadeUp {
  std::vector<double> control = std::vector<double>(999, 0.0);
  std::vector<double> treatment;
  ArmReplicates replicates;

  MadeUp() {
    for (int i = 0; i < 999; ++i) {
      const double z = numerics::normal_quantile(((i * 617) % 999 + 0.5) / 999.0);
      treatment.push_back(1.55 + 0.8 * z + 0.2 * z * z);
    }
    replicates.control_value = 0.0;
    replicates.treatment_value = 1.746666666666667;
    replicates.control = control;
    replicates.treatment = treatment;
    replicates.acceleration = 0.002017722919768206;
  }
};

TEST(ReplicateInterval, BcaAndPercentileMatchScipy) {
  const MadeUp made;
  // Source: scipy 1.17.1 levels, numpy 2.4.6 quantile(method="weibull");
  // tests/golden/resampling.py, bca.
  const auto bca = *contrast_of_replicates(made.replicates, IntervalKind::bca, 0.95);
  EXPECT_NEAR(bca.ci_low, 0.8090292406283291, 1e-12);
  EXPECT_NEAR(bca.ci_high, 4.725517076382846, 1e-11);
  const auto percentile = *contrast_of_replicates(made.replicates, IntervalKind::percentile, 0.95);
  EXPECT_NEAR(percentile.ci_low, 0.7596795237915962, 1e-12);
  EXPECT_NEAR(percentile.ci_high, 3.899266788354621, 1e-12);
  const auto basic = *contrast_of_replicates(made.replicates, IntervalKind::basic, 0.95);
  EXPECT_NEAR(basic.ci_low, 2 * 1.746666666666667 - 3.899266788354621, 1e-12);
  EXPECT_NEAR(basic.ci_high, 2 * 1.746666666666667 - 0.7596795237915962, 1e-12);
}

TEST(ReplicateInterval, PValueIsTheShareBeyondZero) {
  // Percentile: k of B replicates at or below 0 give p = 2 k / (B + 1) up to interpolation.
  MadeUp made;
  for (double& x : made.treatment) x -= 0.9;
  made.replicates.treatment_value -= 0.9;
  const auto below =
      std::count_if(made.treatment.begin(), made.treatment.end(), [](double x) { return x <= 0; });
  ASSERT_GT(below, 5);
  const auto c = *contrast_of_replicates(made.replicates, IntervalKind::percentile, 0.95);
  EXPECT_GE(c.p_value, 2.0 * static_cast<double>(below) / 1000.0);
  EXPECT_LE(c.p_value, 2.0 * static_cast<double>(below + 1) / 1000.0);
}

TEST(Bootstrap, OfARatioHasTheExactBootstrapDistribution) {
  // Source: all 5^5 resamples, numpy 2.4.6; tests/golden/resampling.py, exact_bootstrap.
  // Budget: 5 Monte-Carlo standard errors of 40,000 replicates.
  const std::vector<double> y(kControl.begin(), kControl.begin() + 5);
  const std::vector<double> d(kControlD.begin(), kControlD.begin() + 5);
  auto b = *bootstrap_ratio({y, d}, {y, d},
                            {.weights = WeightScheme::multinomial, .replicates = 40'000});
  double mean = 0.0;
  double squares = 0.0;
  for (const double x : b.control) mean += x / 40'000;
  for (const double x : b.control) squares += (x - mean) * (x - mean) / 40'000;
  EXPECT_NEAR(mean, 1.7374870677839531, 5 * 0.18993 / 200);
  EXPECT_NEAR(std::sqrt(squares), 0.18993060858692987, 5 * 0.18993 / std::sqrt(80'000));
  const auto share = [&](double limit) {
    return static_cast<double>(std::count_if(b.control.begin(), b.control.end(),
                                             [&](double x) { return x <= limit + 1e-12; })) /
           40'000;
  };
  EXPECT_GE(share(1.52), 0.1 - 5 * 0.0015);
  EXPECT_GE(share(1.7166666666666666), 0.5 - 5 * 0.0025);
  EXPECT_LE(1.0 - share(1.9888888888888887), 0.1 + 5 * 0.0015);
}

TEST(Bootstrap, StdErrorIsTheAnalyticOneUpToMonteCarloNoise) {
  const auto c = normal(4'000, 10, 3, 1);
  const auto t = normal(3'000, 11, 4, 2);
  const auto dc = normal(4'000, 5, 1, 3);
  const auto dt = normal(3'000, 5, 1, 4);
  const auto moments = [](std::span<const double> y, std::span<const double> d) {
    numerics::CoMoments m(2);
    for (std::size_t i = 0; i < y.size(); ++i) m.add(std::vector<double>{y[i], d[i]});
    return m;
  };
  const auto mc = moments(c, dc);
  const auto mt = moments(t, dt);
  const auto welch = *stats::welch(mc.marginal(0), mt.marginal(0), 0.95);
  const auto delta = *stats::ratio_delta(mc, mt, 0.95);
  for (const WeightScheme weights : {WeightScheme::poisson, WeightScheme::multinomial}) {
    for (const IntervalKind kind : kKinds) {
      const BootstrapOptions options{
          .weights = weights, .interval = kind, .replicates = 3'999, .seed = 5};
      // Budget: standard error within 5 of its Monte-Carlo errors, ends within 12 % of it.
      const auto mean = *bootstrap_mean(c, t, options);
      EXPECT_NEAR(mean.contrast.std_error, welch.std_error, 5 * mean.std_error_noise);
      EXPECT_NEAR(mean.contrast.ci_low, welch.ci_low, 0.12 * welch.std_error);
      EXPECT_NEAR(mean.contrast.ci_high, welch.ci_high, 0.12 * welch.std_error);
      EXPECT_DOUBLE_EQ(mean.contrast.difference, welch.difference);
      const auto ratio = *bootstrap_ratio({c, dc}, {t, dt}, options);
      EXPECT_NEAR(ratio.contrast.std_error, delta.std_error, 5 * ratio.std_error_noise);
      EXPECT_NEAR(ratio.contrast.ci_low, delta.ci_low, 0.12 * delta.std_error);
      EXPECT_NEAR(ratio.contrast.ci_high, delta.ci_high, 0.12 * delta.std_error);
      ASSERT_TRUE(ratio.contrast.lift);
      EXPECT_NEAR(ratio.contrast.lift->ci_low, delta.lift->ci_low,
                  0.15 * delta.std_error / delta.control_value);
      EXPECT_NEAR(ratio.contrast.lift->ci_high, delta.lift->ci_high,
                  0.15 * delta.std_error / delta.control_value);
    }
  }
}

TEST(Bootstrap, OfAMeanIsTheSameAsItsValueFunction) {
  const BootstrapOptions options{
      .weights = WeightScheme::multinomial, .interval = IntervalKind::bca, .seed = 3};
  const auto named = *bootstrap_mean(kControl, kTreatment, options);
  const auto value = *bootstrap_value({kControl}, {kTreatment}, mean_value, options);
  EXPECT_EQ(named.contrast.ci_low, value.contrast.ci_low);
  EXPECT_EQ(named.contrast.p_value, value.contrast.p_value);
  EXPECT_NEAR(named.acceleration, 0.002017722919768206, 1e-14);
}

TEST(Bootstrap, CountingMoneyInCentsScalesTheIntervalAndNothingElse) {
  auto cents_c = kControl;
  auto cents_t = kTreatment;
  for (double& x : cents_c) x *= 128;  // A power of two: exact.
  for (double& x : cents_t) x *= 128;
  for (const IntervalKind kind : kKinds) {
    const BootstrapOptions options{
        .weights = WeightScheme::multinomial, .interval = kind, .seed = 3};
    const auto a = *bootstrap_mean(kControl, kTreatment, options);
    const auto b = *bootstrap_mean(cents_c, cents_t, options);
    EXPECT_NEAR(b.contrast.ci_low, 128 * a.contrast.ci_low, 1e-9);
    EXPECT_NEAR(b.contrast.ci_high, 128 * a.contrast.ci_high, 1e-9);
    EXPECT_NEAR(b.contrast.p_value, a.contrast.p_value, 1e-9);
    EXPECT_NEAR(b.contrast.lift->ci_low, a.contrast.lift->ci_low, 1e-9);
  }
}

RC_GTEST_PROP(BootstrapProperty, PAndTheIntervalsOfDifferenceAndLiftAgree, ()) {
  const auto n = *rc::gen::inRange<std::size_t>(8, 40);
  const double shift = *rc::gen::inRange(-20, 21) / 10.0;
  const auto stream = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
  const auto kind = *rc::gen::elementOf(std::vector<IntervalKind>(kKinds.begin(), kKinds.end()));
  const double level = *rc::gen::element(0.5, 0.8, 0.9, 0.95, 0.99);
  const auto c = normal(n, 6, 1.5, stream);
  const auto t = normal(n + 3, 6 + shift, 2, stream + 5'000'000);
  const auto b = bootstrap_mean(c, t,
                                {.weights = WeightScheme::multinomial,
                                 .interval = kind,
                                 .replicates = 399,
                                 .seed = stream,
                                 .confidence_level = level});
  RC_ASSERT(b.has_value());
  const auto& x = b->contrast;
  const bool excludes = x.ci_low > 0 || x.ci_high < 0;
  RC_ASSERT((x.p_value < 1.0 - level) == excludes);
  RC_ASSERT(x.p_value >= 2.0 / 400 && x.p_value <= 1.0);
  if (x.lift) RC_ASSERT((x.lift->ci_low > 0 || x.lift->ci_high < 0) == excludes);
}

TEST(ClusterSums, MakeTheClusterBootstrapOfAMean) {
  const std::vector<double> values{1, 2, 3, 4, 5};
  const std::vector<std::int64_t> cluster{7, 7, 3, 7, 3};
  const auto sums = *cluster_sums(values, cluster);
  EXPECT_THAT(sums.sum, testing::ElementsAre(7, 8));
  EXPECT_THAT(sums.size, testing::ElementsAre(3, 2));
  EXPECT_EQ(cluster_sums(values, std::vector<std::int64_t>{1}).error().code,
            ErrorCode::invalid_spec);
}

TEST(Bootstrap, RefusesWhatItCannotTell) {
  const std::vector<double> same{2, 2, 2, 2};
  const BootstrapOptions options{.weights = WeightScheme::multinomial};
  EXPECT_EQ(bootstrap_mean(same, same, options).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(bootstrap_mean(kControl, {}, options).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(bootstrap_mean(kControl, kTreatment, {.replicates = 20}).error().code,
            ErrorCode::invalid_spec);
  EXPECT_EQ(bootstrap_mean(kControl, kTreatment, {.confidence_level = 1.0}).error().code,
            ErrorCode::invalid_spec);
  const std::vector<double> zero{0, 0, 0, 0};
  EXPECT_EQ(bootstrap_ratio({same, zero}, {same, zero}, options).error().code,
            ErrorCode::undefined_statistic);
  EXPECT_EQ(bootstrap_ratio({same, kControl}, {same, zero}, options).error().code,
            ErrorCode::invalid_spec);
  BootstrapOptions studentised = options;
  studentised.interval = IntervalKind::bootstrap_t;
  EXPECT_EQ(bootstrap_value({kControl}, {kTreatment}, mean_value, studentised).error().code,
            ErrorCode::invalid_spec);
  const auto few = *bootstrap_mean(kControl, kTreatment, {});
  ASSERT_EQ(few.contrast.notes.size(), 1U);
  EXPECT_EQ(few.contrast.notes[0].code, "few_units");
}

}  // namespace
}  // namespace assay::resampling
