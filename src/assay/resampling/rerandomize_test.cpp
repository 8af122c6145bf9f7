#include "assay/resampling/rerandomize.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/resampling/detail/arm_masks.hpp"
#include "assay/resampling/detail/subset_kernel.hpp"

namespace assay::resampling {
namespace {

using detail::SimdPath;

/// Users with a pre-period value, a metric that follows it, rare conversion and skewed revenue.
struct Users {
  std::vector<double> x, y, visits, converted, revenue;

  explicit Users(std::size_t n, std::uint64_t seed = 1) {
    for (std::size_t i = 0; i < n; ++i) {
      const numerics::Philox philox(seed, i);
      const auto u = [&](std::uint64_t k) { return philox.uniform(k); };
      x.push_back(1000.0 + numerics::normal_quantile(u(0)));
      y.push_back(5.0 + x[i] + 0.7 * numerics::normal_quantile(u(1)));
      visits.push_back(1.0 + numerics::geometric_quantile(u(2), 3.0));
      converted.push_back(u(3) < 0.2 ? 1.0 : 0.0);
      revenue.push_back(u(4) < 0.2 ? numerics::lognormal_quantile(u(5), 3.0, 1.2) : 0.0);
    }
  }

  [[nodiscard]] std::vector<AaMetric> metrics() const {
    return {{.name = "plain", .y = y, .family = "goals"},
            {.name = "cuped",
             .adjustment = stats::Adjustment::lin,
             .y = y,
             .covariates = {x},
             .family = "goals"},
            {.name = "conversion", .kind = stats::MetricKind::proportion, .y = converted},
            {.name = "revenue_per_visit",
             .kind = stats::MetricKind::ratio,
             .adjustment = stats::Adjustment::lin,
             .y = revenue,
             .d = visits,
             .covariates = {x, visits},
             .cap_quantile = 0.99,
             .family = "goals"}};
  }
};

/// The contrast of a metric on units split by arms: the long way, unit by unit.
Result<stats::Contrast> long_way(const AaMetric& metric, std::span<const std::uint8_t> arms,
                                 std::uint8_t arm) {
  std::vector<double> y(metric.y.begin(), metric.y.end());
  if (metric.cap_quantile < 1.0) {
    std::vector<double> sorted = y;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(
        std::ceil(metric.cap_quantile * static_cast<double>(y.size()) - 1e-9));
    for (double& v : y) v = std::min(v, sorted[rank - 1]);
  }
  std::vector<std::span<const double>> columns{y};
  if (metric.kind == stats::MetricKind::ratio) columns.push_back(metric.d);
  for (const auto& x : metric.covariates) columns.push_back(x);
  stats::ArmSummary summary[2]{{numerics::CoMoments(columns.size()), {}},
                               {numerics::CoMoments(columns.size()), {}}};
  std::vector<double> unit(columns.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (arms[i] != 0 && arms[i] != arm) continue;
    for (std::size_t v = 0; v < columns.size(); ++v) unit[v] = columns[v][i];
    summary[arms[i] == arm ? 1 : 0].moments.add(unit);
  }
  stats::CompareOptions how;
  how.kind = metric.kind;
  how.adjustment = metric.adjustment;
  return stats::compare(summary[0], summary[1], how);
}

void expect_same(const stats::Contrast& a, const stats::Contrast& b) {
  const double scale = b.std_error;
  EXPECT_EQ(a.n_control, b.n_control);
  EXPECT_EQ(a.n_treatment, b.n_treatment);
  EXPECT_NEAR(a.control_value, b.control_value, 1e-9 * std::abs(b.control_value));
  EXPECT_NEAR(a.difference, b.difference, 1e-9 * scale);
  EXPECT_NEAR(a.std_error, b.std_error, 1e-9 * scale);
  EXPECT_NEAR(a.ci_low, b.ci_low, 1e-8 * scale);
  EXPECT_NEAR(a.p_value, b.p_value, 1e-9);
  EXPECT_NEAR(1.0 / a.degrees_of_freedom, 1.0 / b.degrees_of_freedom, 1e-9);
  EXPECT_EQ(a.method, b.method);
}

TEST(Rerandomize, GivesTheContrastsOfTheSplitData) {
  const Users users(3'001);
  const auto metrics = users.metrics();
  std::vector<std::int64_t> strata;
  for (std::size_t i = 0; i < users.y.size(); ++i) strata.push_back(static_cast<int>(i * 7 % 5));
  AaOptions coin;
  AaOptions uneven;
  uneven.weights = {9, 1};
  AaOptions three;
  three.weights = {0.5, 0.3, 0.2};
  AaOptions stratified;
  stratified.assignment = AaAssignment::complete;
  stratified.strata = strata;
  for (const AaOptions& options : {coin, uneven, three, stratified}) {
    for (const std::int64_t draw : {0, 77}) {
      const auto one = *replay_draw(metrics, options, draw);
      ASSERT_EQ(one.contrasts.size(), metrics.size() * (options.weights.size() - 1));
      for (std::size_t arm = 1; arm < options.weights.size(); ++arm)
        for (std::size_t m = 0; m < metrics.size(); ++m) {
          SCOPED_TRACE(metrics[m].name);
          expect_same(*one.contrasts[(arm - 1) * metrics.size() + m],
                      *long_way(metrics[m], one.arms, static_cast<std::uint8_t>(arm)));
        }
    }
  }
}

TEST(Rerandomize, AssignsClustersWholeAndAnalysesUnits) {
  const Users users(2'000);
  std::vector<std::int64_t> clusters;
  for (std::size_t i = 0; i < 2'000; ++i) clusters.push_back(static_cast<int>(i * i % 97));
  AaOptions options;
  options.clusters = clusters;
  const auto metrics = users.metrics();
  const auto one = *replay_draw(metrics, options, 5);
  for (std::size_t i = 0; i < 2'000; ++i)
    for (std::size_t j = i + 1; j < std::min<std::size_t>(2'000, i + 200); ++j) {
      const bool apart = clusters[i] == clusters[j] && one.arms[i] != one.arms[j];
      ASSERT_FALSE(apart);
    }
  for (std::size_t m = 0; m < metrics.size(); ++m)
    expect_same(*one.contrasts[m], *long_way(metrics[m], one.arms, 1));
}

TEST(Rerandomize, ReplaysAGivenMechanism) {
  const Users users(400);
  std::vector<std::int64_t> blocks;
  for (std::size_t i = 0; i < 400; ++i) blocks.push_back(static_cast<int>(i / 10));
  const auto mechanism = *switchback_randomisation(blocks);
  AaOptions options;
  options.mechanism = &mechanism;
  options.seed = 6;
  const auto metrics = users.metrics();
  const auto one = *replay_draw(metrics, options, 3);
  std::vector<std::uint8_t> arms(400);
  mechanism.draw(6, 3, arms);
  EXPECT_EQ(one.arms, arms);
  expect_same(*one.contrasts[0], *long_way(metrics[0], arms, 1));
}

TEST(Rerandomize, AchievesItsNominalRatesOnEasyUnits) {
  // Budget: 5 binomial standard errors of 4,000 draws; uniformity at 1e-4.
  const Users users(4'000);
  AaOptions options;
  options.draws = 4'000;
  const auto certificate = *rerandomize(users.metrics(), options);
  ASSERT_EQ(certificate.metrics.size(), 4U);
  for (const auto& metric : certificate.metrics) {
    SCOPED_TRACE(metric.name);
    EXPECT_EQ(metric.rejected.draws, 4'000);
    EXPECT_NEAR(metric.rejected.rate, 0.05, 5 * std::sqrt(0.05 * 0.95 / 4'000));
    EXPECT_NEAR(metric.rejected_above.rate, 0.025, 5 * std::sqrt(0.025 * 0.975 / 4'000));
    EXPECT_EQ(metric.rejected.events, metric.rejected_above.events + metric.rejected_below.events);
    EXPECT_GT(metric.p_values->anderson_darling_p_value, 1e-4);
    EXPECT_NEAR(metric.sd_of_differences / metric.mean_std_error, 1.0, 0.06);
    EXPECT_EQ(metric.n_undefined, 0);
  }
  EXPECT_LT(certificate.metrics[1].mean_std_error, 0.8 * certificate.metrics[0].mean_std_error);
  ASSERT_EQ(certificate.families.size(), 1U);
  EXPECT_EQ(certificate.families[0].n_metrics, 3U);
  EXPECT_LT(certificate.families[0].any_rejected.rate, 0.05 + 5 * 0.00345);
  EXPECT_GT(certificate.families[0].any_rejected.rate, 0.02);
}

TEST(Rerandomize, CountsVerdictsAndPlantedEffects) {
  // Welch's power of a shift of about 2.8 standard errors is 0.8 (Cohen 1988).
  const Users users(2'000);
  std::vector<double> y;
  for (std::size_t i = 0; i < 2'000; ++i) y.push_back(100.0 + (users.x[i] - 1000.0) * 10.0);
  numerics::Moments moments;
  for (const double v : y) moments.add(v);
  const double se = 2.0 * std::sqrt(moments.m2 / 1'999.0 / 2'000.0);
  AaOptions options;
  options.draws = 3'000;
  options.verdicts = {"keep", "ship", "stop"};
  options.decision = [](const AaReading& reading) -> std::size_t {
    if (reading.adjusted_p_values[0] >= 0.05) return 0;
    return reading.contrasts[0]->difference > 0 ? 1 : 2;
  };
  const auto run =
      *rerandomize({{.name = "m", .y = y, .planted_lift = 2.8016 * se / moments.mean}}, options);
  EXPECT_NEAR(run.metrics[0].rejected.rate, 0.8, 5 * std::sqrt(0.16 / 3'000));
  ASSERT_EQ(run.verdicts.size(), 3U);
  EXPECT_EQ(run.verdicts[1].rate.events, run.metrics[0].rejected_above.events);
  EXPECT_EQ(run.verdicts[2].rate.events, run.metrics[0].rejected_below.events);
  EXPECT_EQ(run.verdicts[0].rate.events + run.metrics[0].rejected.events, 3'000);
}

TEST(Rerandomize, ShowsThatUnitsAnalysedInsideClustersMislead) {
  std::vector<double> y;
  std::vector<std::int64_t> clusters;
  for (std::size_t i = 0; i < 3'000; ++i) {
    const numerics::Philox own(3, i);
    const numerics::Philox shared(4, i / 30);
    clusters.push_back(static_cast<std::int64_t>(i / 30));
    y.push_back(numerics::normal_quantile(own.uniform(0)) +
                numerics::normal_quantile(shared.uniform(0)));
  }
  AaOptions options;
  options.draws = 500;
  options.clusters = clusters;
  const auto run = *rerandomize({{.name = "m", .y = y}}, options);
  EXPECT_GT(run.metrics[0].rejected.rate, 0.4);
  EXPECT_GT(run.metrics[0].sd_of_differences / run.metrics[0].mean_std_error, 2.5);
}

TEST(Rerandomize, IsTheSameForAnyNumberOfThreads) {
  const Users users(70'000);
  AaOptions options;
  options.draws = 1'100;
  const std::vector<AaMetric> metrics{users.metrics()[1]};
  const auto one = *rerandomize(metrics, options);
  for (const int threads : {2, 3}) {
    options.threads = threads;
    const auto many = *rerandomize(metrics, options);
    EXPECT_EQ(many.metrics[0].rejected.events, one.metrics[0].rejected.events);
    EXPECT_EQ(many.metrics[0].p_values->anderson_darling,
              one.metrics[0].p_values->anderson_darling);
    EXPECT_EQ(many.metrics[0].sd_of_differences, one.metrics[0].sd_of_differences);
  }
}

TEST(Rerandomize, TestsRareEventsExactlyAndOnce) {
  // Five events of 60 units: every draw needs the exact test, which never errs too often. Without
  // memory the 3,000 draws would be 3,000 enumerations.
  std::vector<double> y(60, 0.0);
  for (std::size_t i = 0; i < 5; ++i) y[i * 11] = 1.0;
  AaOptions options;
  options.draws = 3'000;
  const AaMetric metric{.name = "m", .kind = stats::MetricKind::proportion, .y = y};
  const auto run = *rerandomize({metric}, options);
  EXPECT_EQ(run.metrics[0].n_undefined, 0);
  EXPECT_LT(run.metrics[0].rejected.rate, 0.05 + 5 * 0.004);
  const auto one = *replay_draw({metric}, options, 4);
  EXPECT_EQ(one.contrasts[0]->method, stats::Method::two_proportion_exact);
  expect_same(*one.contrasts[0], *long_way(metric, one.arms, 1));
}

TEST(Rerandomize, SaysWhyADrawHadNoContrast) {
  const std::vector<double> y{1, 2, 3, 4};
  AaOptions options;
  options.draws = 400;
  const auto run = *rerandomize({{.name = "m", .y = y}}, options);
  EXPECT_GT(run.metrics[0].n_undefined, 100);
  EXPECT_THAT(run.metrics[0].undefined_reason, testing::HasSubstr("two units in each arm"));
  EXPECT_EQ(run.metrics[0].rejected.draws + run.metrics[0].n_undefined, 400);
}

TEST(Rerandomize, RefusesBadInput) {
  const Users users(50);
  const auto code = [&](const AaMetric& metric, const AaOptions& options) {
    return rerandomize({metric}, options).error().code;
  };
  const AaMetric good{.name = "m", .y = users.y};
  AaOptions options;
  options.draws = 10;
  EXPECT_EQ(rerandomize({}, options).error().code, ErrorCode::invalid_spec);
  const std::vector<double> bad{1, 2, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(code({.name = "m", .y = bad}, options), ErrorCode::invalid_data);
  EXPECT_EQ(code({.name = "m", .kind = stats::MetricKind::proportion, .y = users.y}, options),
            ErrorCode::invalid_data);
  EXPECT_EQ(code({.name = "m", .kind = stats::MetricKind::ratio, .y = users.y}, options),
            ErrorCode::invalid_spec);
  EXPECT_EQ(code({.name = "m", .y = users.y, .cap_quantile = 99}, options),
            ErrorCode::invalid_spec);
  EXPECT_EQ(code({.name = "m",
                  .kind = stats::MetricKind::proportion,
                  .y = users.converted,
                  .planted_lift = 0.1},
                 options),
            ErrorCode::invalid_spec);
  AaOptions weights = options;
  weights.weights = {1.0, 0.0};
  EXPECT_EQ(code(good, weights), ErrorCode::invalid_spec);
  AaOptions none = options;
  none.draws = 0;
  EXPECT_EQ(code(good, none), ErrorCode::invalid_spec);
  AaOptions strata = options;
  const std::vector<std::int64_t> labels(50, 1);
  strata.strata = labels;
  EXPECT_EQ(code(good, strata), ErrorCode::invalid_spec);
  AaOptions words = options;
  words.verdicts = {"ship"};
  EXPECT_EQ(code(good, words), ErrorCode::invalid_spec);
  const std::atomic<bool> stop{true};
  Progress progress;
  progress.stop = &stop;
  EXPECT_EQ(rerandomize({good}, options, progress).error().code, ErrorCode::interrupted);
}

TEST(ArmMasks, AreIndependentCoinsWithTheSharesOfTheArms) {
  // Budget: 5 binomial standard errors a share; neighbours of one draw and of the next.
  const detail::AssignmentRule rule{.n_rows = 100'000, .shares = {0.6, 0.1, 0.3}, .seed = 4};
  const auto masks = detail::draw_masks(rule, 0, 20);
  double count[3] = {0, 0, 0};
  double both_neighbours = 0;
  double both_draws = 0;
  for (std::size_t d = 0; d + 1 < 20; ++d) {
    for (std::size_t row = 0; row + 1 < 100'000; ++row) {
      const bool one = masks.has(1, d, row);
      const bool two = masks.has(2, d, row);
      ASSERT_FALSE(one && two);
      count[one ? 1 : two ? 2 : 0] += 1;
      both_neighbours += two && masks.has(2, d, row + 1) ? 1 : 0;
      both_draws += two && masks.has(2, d + 1, row) ? 1 : 0;
    }
  }
  const double n = count[0] + count[1] + count[2];
  EXPECT_NEAR(count[1] / n, 0.1, 5 * std::sqrt(0.09 / n));
  EXPECT_NEAR(count[2] / n, 0.3, 5 * std::sqrt(0.21 / n));
  EXPECT_NEAR(both_neighbours / n, 0.09, 6 * std::sqrt(0.09 / n));
  EXPECT_NEAR(both_draws / n, 0.09, 6 * std::sqrt(0.09 / n));
}

TEST(ArmMasks, MeetSharesExactlyInEveryStratumAndTreatEveryRowAlike) {
  const detail::AssignmentRule rule{
      .n_rows = 110, .shares = {0.5, 0.2, 0.3}, .complete = true, .stratum_ends = {10, 90, 110}};
  constexpr std::size_t kDraws = 20'000;
  const auto masks = detail::draw_masks(rule, 7, kDraws);
  std::vector<double> seen(110, 0.0);
  for (std::size_t d = 0; d < kDraws; ++d) {
    std::size_t begin = 0;
    for (const std::size_t end : rule.stratum_ends) {
      std::size_t in[2] = {0, 0};
      for (std::size_t row = begin; row < end; ++row)
        for (const std::size_t arm : {1, 2}) in[arm - 1] += masks.has(arm, d, row) ? 1 : 0;
      ASSERT_EQ(in[0] * 10, (end - begin) * 2);
      ASSERT_EQ(in[1] * 10, (end - begin) * 3);
      begin = end;
    }
    for (std::size_t row = 0; row < 110; ++row) seen[row] += masks.has(2, d, row) ? 1.0 : 0.0;
  }
  for (const double count : seen) EXPECT_NEAR(count / kDraws, 0.3, 5 * std::sqrt(0.21 / kDraws));
}

TEST(SubsetKernel, IsTheSameBitsOnEveryInstructionSet) {
  auto tile = std::make_unique<detail::Tile>();
  const numerics::Philox philox(2, 2);
  for (std::size_t i = 0; i < tile->value.size(); ++i) tile->value[i] = philox.uniform(i) - 0.4;
  constexpr std::size_t kDraws = 33;
  const auto portable = detail::subset_kernel(SimdPath::portable);
  std::vector<double> expected;
  for (const SimdPath path : {SimdPath::portable, SimdPath::avx2, SimdPath::avx512}) {
    if (!detail::runs(path)) continue;
    const auto kernel = detail::subset_kernel(path);
    auto lanes = detail::lanes_at({.seed = 8}, 0);
    auto other_lanes = lanes;
    std::vector<std::uint64_t> words(40);
    std::vector<std::uint64_t> other_words(40);
    for (const std::uint32_t threshold : {1U << 31, 429'496'730U, 1U, 4'294'967'295U}) {
      for (std::size_t i = 0; i < 40; i += 8) {
        kernel.bits(lanes, threshold, words.data() + i);
        portable.bits(other_lanes, threshold, other_words.data() + i);
      }
      ASSERT_EQ(words, other_words);
    }
    for (std::size_t i = 0; i < 40; ++i) words[i] = 0x9E3779B97F4A7C15ULL * (i + 1);
    const auto table = std::make_unique<detail::SubsetTable>();
    kernel.build(*tile, *table);
    std::vector<double> totals(kDraws * detail::kPanel, 0.25);
    kernel.add(*table, words.data(), kDraws, totals.data());
    if (expected.empty()) expected = totals;
    ASSERT_EQ(totals, expected);
    for (std::size_t d = 0; d < kDraws; ++d) {
      for (std::size_t c = 0; c < detail::kPanel; ++c) {
        double sum = 0.25;
        for (std::size_t u = 0; u < 64; ++u)
          if (((words[d] >> u) & 1U) != 0) sum += tile->value[u * detail::kPanel + c];
        ASSERT_NEAR(totals[d * detail::kPanel + c], sum, 1e-13);
      }
    }
  }
}

}  // namespace
}  // namespace assay::resampling
