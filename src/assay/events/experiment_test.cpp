#include "assay/events/experiment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "assay/events/experiment_reference.hpp"

namespace assay::events {
namespace {

using Units = MemoryLog::Units;
const Progress kSilent;
constexpr TimeUs kBegin = 1'772'400'000 * kSecondUs;  // Around a change of clocks, 2026-03-08.
constexpr std::uint16_t kAssigned = 1, kExposed = 2;

EventSet named(std::vector<std::uint16_t> codes) { return {false, std::move(codes), {}}; }

Units random_units(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<std::int64_t>(random() % n); };
  Units units(count);
  for (auto& events : units) {
    const auto arm = static_cast<std::uint32_t>(below(10) == 0 ? 3 : 1 + below(2));
    for (std::int64_t e = below(14); e > 0; --e) {
      const auto variant = below(12) == 0 ? static_cast<std::uint32_t>(below(4)) : arm;
      events.push_back({kBegin + below(20 * 12) * 2 * kHourUs,
                        static_cast<std::uint16_t>(below(7)),
                        {below(4) == 0 ? kNullInt : below(80) - 20},
                        {below(3) == 0 ? NAN : static_cast<double>(below(1000)) / 64.0 - 3.0},
                        {static_cast<std::uint32_t>(below(4)), variant}});
    }
    std::stable_sort(events.begin(), events.end(),
                     [](const auto& a, const auto& b) { return a.time < b.time; });
  }
  return units;
}

std::vector<Outcome> all_kinds() {
  std::vector<Outcome> metrics;
  const auto mean = [&](FoldTerm term, std::int64_t covariate_days = 0) -> Outcome& {
    Outcome metric;
    metric.numerator = std::move(term);
    metric.covariate_us = covariate_days * kDayUs;
    metrics.push_back(metric);
    return metrics.back();
  };
  const auto ratio = [&](FoldTerm y, FoldTerm d, std::int64_t covariate_days) -> Outcome& {
    Outcome& metric = mean(std::move(y), covariate_days);
    metric.kind = OutcomeKind::ratio;
    metric.denominator = std::move(d);
    return metric;
  };
  EventSet filtered;
  filtered.filter = 0;
  mean({named({3}), Fold::count, 0, 1.0}, 5);
  Outcome& delayed = mean({named({3, 4}), Fold::sum, kWatch, 1.0 / 60}, 3);
  delayed.delay_us = 6 * kHourUs;
  delayed.length_us = 4 * kDayUs;
  mean({filtered, Fold::any, 0, 1.0}, 5);
  mean({filtered, Fold::sum, kMoney, 2.0}, 5);
  mean({EventSet{}, Fold::distinct_days, 0, 1.0}, 4);
  mean({named({3, 4, 5}), Fold::max, kWatch, 1.0}, 3);
  mean({EventSet{}, Fold::max, kMoney, 1.0});
  ratio({named({4, 5}), Fold::sum, kMoney, 1.0}, {named({4}), Fold::count, 0, 1.0}, 5);
  ratio({EventSet{}, Fold::sum, kWatch, 1.0}, {named({3}), Fold::distinct_days, 0, 1.0}, 0)
      .length_us = 3 * kDayUs;
  ratio({named({3}), Fold::sum, kWatch, 1.0}, {named({3}), Fold::count, 0, 1.0}, 2).cap_quantile =
      0.7;
  Outcome& retained = mean({named({3, 4}), Fold::count, 0, 1.0}, 9);
  retained.kind = OutcomeKind::retention;
  retained.retention_day = 2;
  Outcome& funnel = mean({});
  funnel.kind = OutcomeKind::funnel;
  funnel.steps = {named({3, 4}), named({4}), filtered};
  funnel.funnel_window_us = 3 * kDayUs;
  funnel.length_us = 6 * kDayUs;
  mean({named({3, 5}), Fold::sum, kWatch, 1.0}, 5).cap_quantile = 0.9;
  Outcome& positive = mean({named({4}), Fold::sum, kMoney, 1.0});
  positive.cap_quantile = 0.6;
  positive.cap_ignores_zeros = true;
  mean({named({3, 4, 5}), Fold::count, 0, 1.0}, 5).cap_value = 2.0;
  return metrics;
}

ExperimentPlan full_plan() {
  ExperimentPlan plan;
  plan.inputs = {{kWatch, kMoney, kCountry, kVariant}, {country_is_one()}};
  plan.slot_types = kReferenceTypes;
  plan.assignment = named({kAssigned});
  plan.variant_slot = kVariant;
  plan.arm_codes = {1, 2};
  plan.exposure = named({kExposed});
  plan.period = {kBegin + 5 * kDayUs + kHourUs, kBegin + 17 * kDayUs};
  plan.complete_until = plan.period.end;
  plan.timezone = *TimeZone::find("America/Los_Angeles");
  plan.metrics = all_kinds();
  using Kind = SegmentRule::Kind;
  plan.segments = {{Kind::at_assignment, kCountry, 0},
                   {Kind::first_touch, kCountry, 0},
                   {Kind::first_touch, kWatch, 0},
                   {Kind::at_assignment, kMoney, 0},
                   {Kind::tenure, 0, 4 * kDayUs}};
  plan.daily = true;
  plan.ages = 9;
  plan.cluster = SegmentRule{Kind::at_assignment, kWatch, 0};
  plan.segment_pairs = true;
  return plan;
}

ExperimentTotals run(const Units& units, const ExperimentPlan& plan, int threads = 1,
                     std::size_t partitions = 5) {
  const MemoryLog log(kReferenceTypes, partitions, units);
  return *experiment({log, threads, kSilent}, plan, 10'000);
}

void expect_near(const numerics::CoMoments& got, const numerics::CoMoments& want) {
  EXPECT_EQ(got.n, want.n);
  ASSERT_EQ(got.size(), want.size());
  const auto near = [](double a, double b) {
    EXPECT_NEAR(a, b, 1e-9 * std::max(1.0, std::abs(b)));
  };
  for (std::size_t i = 0; i < want.mean.size(); ++i) near(got.mean[i], want.mean[i]);
  for (std::size_t i = 0; i < want.comoment.size(); ++i) near(got.comoment[i], want.comoment[i]);
}

void expect_near(const MomentsByArm& got, const MomentsByArm& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t a = 0; a < want.size(); ++a) {
    ASSERT_EQ(got[a].size(), want[a].size());
    for (std::size_t m = 0; m < want[a].size(); ++m) {
      SCOPED_TRACE(testing::Message() << "arm " << a << ", metric " << m);
      expect_near(got[a][m], want[a][m]);
    }
  }
}

void expect_near(const ExperimentTotals& got, const ExperimentTotals& want) {
  for (std::size_t a = 0; a < want.arms.size(); ++a) {
    EXPECT_EQ(got.arms[a].assigned, want.arms[a].assigned);
    EXPECT_EQ(got.arms[a].exposed, want.arms[a].exposed);
    EXPECT_EQ(got.arms[a].exposed_before, want.arms[a].exposed_before);
    EXPECT_EQ(got.arms[a].analysed, want.arms[a].analysed);
  }
  EXPECT_EQ(got.both_arms, want.both_arms);
  EXPECT_EQ(got.unknown_variant, want.unknown_variant);
  EXPECT_EQ(got.immature, want.immature);
  EXPECT_EQ(got.caps, want.caps);
  expect_near(got.overall, want.overall);
  ASSERT_EQ(got.segments.size(), want.segments.size());
  for (std::size_t s = 0; s < want.segments.size(); ++s) {
    ASSERT_EQ(got.segments[s].size(), want.segments[s].size());
    for (std::size_t v = 0; v < want.segments[s].size(); ++v) {
      SCOPED_TRACE(testing::Message() << "segment " << s << ", value " << v);
      EXPECT_EQ(got.segments[s][v].key, want.segments[s][v].key);
      EXPECT_EQ(got.segments[s][v].assigned, want.segments[s][v].assigned);
      expect_near(got.segments[s][v].moments, want.segments[s][v].moments);
    }
  }
  EXPECT_EQ(got.first_day, want.first_day);
  EXPECT_EQ(got.assigned_by_day, want.assigned_by_day);
  ASSERT_EQ(got.daily.size(), want.daily.size());
  for (std::size_t d = 0; d < want.daily.size(); ++d) {
    SCOPED_TRACE(testing::Message() << "day " << d);
    expect_near(got.daily[d], want.daily[d]);
    expect_near(got.cumulative[d], want.cumulative[d]);
  }
}

void expect_near(const ClusterTotals& got, const ClusterTotals& want) {
  EXPECT_EQ(got.keys, want.keys);
  EXPECT_EQ(got.arms, want.arms);
  EXPECT_EQ(got.assigned, want.assigned);
  EXPECT_EQ(got.analysed, want.analysed);
  EXPECT_EQ(got.without, want.without);
  ASSERT_EQ(got.metrics.size(), want.metrics.size());
  for (std::size_t m = 0; m < want.metrics.size(); ++m) {
    SCOPED_TRACE(testing::Message() << "metric " << m);
    ASSERT_EQ(got.metrics[m].samples(), want.metrics[m].samples());
    for (std::size_t cell = 0; cell < want.metrics[m].samples(); ++cell)
      expect_near(got.metrics[m].at(cell), want.metrics[m].at(cell));
  }
}

/// Moments by age and by cluster, and pairs of segments.
void expect_near_parts(const ExperimentTotals& got, const ExperimentTotals& want) {
  ASSERT_EQ(got.age_daily.size(), want.age_daily.size());
  ASSERT_EQ(got.age_cumulative.size(), want.age_cumulative.size());
  for (std::size_t age = 0; age < want.age_daily.size(); ++age) {
    SCOPED_TRACE(testing::Message() << "age " << age);
    expect_near(got.age_daily[age], want.age_daily[age]);
    expect_near(got.age_cumulative[age], want.age_cumulative[age]);
  }
  ASSERT_EQ(got.clusters.has_value(), want.clusters.has_value());
  if (want.clusters) expect_near(*got.clusters, *want.clusters);
  ASSERT_EQ(got.pairs.size(), want.pairs.size());
  for (std::size_t p = 0; p < want.pairs.size(); ++p) {
    EXPECT_EQ(got.pairs[p].first, want.pairs[p].first);
    EXPECT_EQ(got.pairs[p].second, want.pairs[p].second);
    EXPECT_EQ(got.pairs[p].first_keys, want.pairs[p].first_keys);
    EXPECT_EQ(got.pairs[p].second_keys, want.pairs[p].second_keys);
    EXPECT_EQ(got.pairs[p].assigned, want.pairs[p].assigned);
  }
}

TEST(Experiment, EqualsTheContractReadWordByWord) {
  for (const bool at_exposure : {false, true})
    for (const int complete_days : {9, 17})
      for (const bool eligible : {false, true}) {
        SCOPED_TRACE(testing::Message() << at_exposure << complete_days << eligible);
        ExperimentPlan plan = full_plan();
        plan.anchor_at_exposure = at_exposure;
        plan.complete_until = kBegin + complete_days * kDayUs;
        if (eligible) plan.assignment.filter = 0;
        const Units units = random_units(1200, 17U + static_cast<unsigned>(complete_days));
        const ExperimentTotals want = reference_experiment(units, plan);
        ASSERT_GT(want.arms[0].analysed, 10);
        ASSERT_GT(want.both_arms, eligible ? -1 : 0);
        ASSERT_GT(want.unknown_variant, 0);
        ASSERT_GT(want.immature[0][1], 0);
        ASSERT_GT(want.age_daily[0][0][0].n, want.age_daily[2][0][0].n);
        ASSERT_GE(want.age_daily[8][0][0].n, complete_days == 17 ? 1 : 0);
        ASSERT_GT(want.clusters->keys.size(), 20U);
        ASSERT_GT(want.clusters->without[0], 0);
        const ExperimentTotals got = run(units, plan);
        expect_near(got, want);
        expect_near_parts(got, want);
      }
}

TEST(Experiment, NeedsNoExposureSegmentsOrDays) {
  ExperimentPlan plan = full_plan();
  plan.exposure.reset();
  plan.segments.clear();
  plan.daily = false;
  plan.ages = 0;
  plan.cluster.reset();
  const Units units = random_units(200, 4);
  expect_near(run(units, plan), reference_experiment(units, plan));
}

TEST(Experiment, WithoutAVariantEveryAssignmentEventGivesTheOneArm) {
  ExperimentPlan plan = full_plan();
  plan.one_arm = true;
  plan.arm_codes = {kNullCode};
  plan.assignment = named({3, 4, kAssigned});
  const Units units = random_units(200, 6);
  const ExperimentTotals totals = run(units, plan);
  expect_near(totals, reference_experiment(units, plan));
  EXPECT_EQ(totals.both_arms + totals.unknown_variant, 0);
  EXPECT_GT(totals.arms.at(0).assigned, 100);
}

TEST(Experiment, KeepsItsBitsForAnyNumberOfThreads) {
  const ExperimentPlan plan = full_plan();
  const Units units = random_units(500, 8);
  const ExperimentTotals one = run(units, plan, 1, 16);
  for (const int threads : {2, 8}) {
    const ExperimentTotals many = run(units, plan, threads, 16);
    for (std::size_t a = 0; a < 2; ++a)
      for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
        EXPECT_EQ(many.overall[a][m].mean, one.overall[a][m].mean);
        EXPECT_EQ(many.overall[a][m].comoment, one.overall[a][m].comoment);
        EXPECT_EQ(many.segments[0][1].moments[a][m].comoment,
                  one.segments[0][1].moments[a][m].comoment);
        EXPECT_EQ(many.daily[7][a][m].comoment, one.daily[7][a][m].comoment);
        EXPECT_EQ(many.cumulative[9][a][m].comoment, one.cumulative[9][a][m].comoment);
      }
    EXPECT_EQ(many.caps, one.caps);
    for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
      EXPECT_EQ(many.age_daily[3][1][m].comoment, one.age_daily[3][1][m].comoment);
      EXPECT_EQ(many.age_cumulative[5][0][m].comoment, one.age_cumulative[5][0][m].comoment);
      EXPECT_EQ(many.clusters->metrics[m].mean, one.clusters->metrics[m].mean);
      EXPECT_EQ(many.clusters->metrics[m].comoment, one.clusters->metrics[m].comoment);
    }
  }
}

TEST(Experiment, DoublesWithItsUnitsAndIgnoresTheirOrder) {
  const ExperimentPlan plan = full_plan();
  Units units = random_units(300, 9);
  const ExperimentTotals once = run(units, plan);
  std::reverse(units.begin(), units.end());
  expect_near(run(units, plan), once);
  const Units copy = units;
  units.insert(units.end(), copy.begin(), copy.end());
  const ExperimentTotals twice = run(units, plan, 2, 7);
  for (std::size_t a = 0; a < 2; ++a)
    for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
      EXPECT_EQ(twice.overall[a][m].n, 2 * once.overall[a][m].n);
      for (std::size_t i = 0; i < once.overall[a][m].comoment.size(); ++i) {
        const double want = 2 * once.overall[a][m].comoment[i];
        EXPECT_NEAR(twice.overall[a][m].comoment[i], want, 1e-9 * std::max(1.0, std::abs(want)));
      }
    }
}

TEST(Experiment, KeepsTheVarianceOfValuesFarFromZero) {
  // Mean 1e8, standard deviation 1: raw power sums would lose the variance altogether.
  std::mt19937 random(3);
  std::normal_distribution<double> normal(1e8, 1.0);
  Units units;
  std::vector<double> values;
  for (int u = 0; u < 4000; ++u) {
    const TimeUs t = kBegin + 6 * kDayUs + u * kSecondUs;
    values.push_back(normal(random));
    units.push_back({{t, kAssigned, {0}, {values.back()}, {1, 1}}});
  }
  ExperimentPlan plan = full_plan();
  plan.metrics.clear();
  plan.metrics.push_back({});
  plan.metrics[0].numerator = {EventSet{}, Fold::sum, kMoney, 1.0};
  plan.segments.resize(1);
  const auto totals = run(units, plan);
  long double mean = 0;
  for (const double x : values) mean += x / 4000.0L;
  long double m2 = 0;
  for (const double x : values) m2 += (x - mean) * (x - mean);
  const auto want = static_cast<double>(m2);
  EXPECT_NEAR(totals.overall[0][0].comoment[0], want, 1e-6 * want);
  EXPECT_NEAR(totals.cumulative.back()[0][0].comoment[0], want, 1e-6 * want);
}

TEST(Experiment, EmptyLogsAndSingleUnitsAreAnswered) {
  const ExperimentPlan plan = full_plan();
  for (const Units& units : {Units{}, Units{{}, {}}, random_units(1, 2),
                             Units{{{kBegin + 6 * kDayUs, kAssigned, {1}, {1.0}, {1, 1}}}}}) {
    expect_near(run(units, plan), reference_experiment(units, plan));
    expect_near_parts(run(units, plan), reference_experiment(units, plan));
  }
}

TEST(Experiment, RefusesADimensionOfTooManyValues) {
  const ExperimentPlan plan = full_plan();
  const MemoryLog log(kReferenceTypes, 2, random_units(300, 1));
  const auto result = experiment({log, 1, kSilent}, plan, 3);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::invalid_spec);
}

// The first n days of age are the window of n days from the anchor: the same units, the same sums.
TEST(Experiment, CumulatesByAgeToTheMomentsOfAWindowOfAsManyDays) {
  ExperimentPlan plan = full_plan();
  plan.complete_until = kBegin + 14 * kDayUs;
  std::erase_if(plan.metrics, [](const Outcome& metric) { return !metric.additive(); });
  for (Outcome& metric : plan.metrics) {
    metric.delay_us = 0;
    metric.covariate_us = 0;
    metric.cap_quantile.reset();
    metric.cap_value.reset();
  }
  const Units units = random_units(900, 12);
  const ExperimentTotals by_age = run(units, plan);
  for (std::size_t age = 0; age < plan.ages; ++age) {
    SCOPED_TRACE(testing::Message() << "age " << age);
    for (Outcome& metric : plan.metrics)
      metric.length_us = static_cast<std::int64_t>(age + 1) * kDayUs;
    expect_near(by_age.age_cumulative[age], run(units, plan).overall);
  }
}

TEST(Experiment, ClustersAddUpToTheWholeWithoutUnitsInNoCluster) {
  ExperimentPlan plan = full_plan();
  plan.cluster = SegmentRule{SegmentRule::Kind::at_assignment, kCountry, 0};
  const Units units = random_units(700, 21);
  const ExperimentTotals totals = run(units, plan);
  for (std::size_t arm = 0; arm < 2; ++arm) {
    std::int64_t assigned = totals.clusters->without[arm];
    std::vector<numerics::CoMoments> sums;
    for (const Outcome& metric : plan.metrics) sums.emplace_back(metric.variables());
    for (std::size_t cell = 0; cell < totals.clusters->keys.size(); ++cell) {
      if (totals.clusters->arms[cell] != arm) continue;
      assigned += totals.clusters->assigned[cell];
      for (std::size_t m = 0; m < sums.size(); ++m)
        sums[m].merge(totals.clusters->metrics[m].at(cell));
    }
    EXPECT_EQ(assigned, totals.arms[arm].assigned);
    // The segment of the same property calls units in no cluster by the key of a missing value.
    ASSERT_EQ(totals.segments[0][0].key, kNullCode);
    for (std::size_t m = 0; m < sums.size(); ++m) {
      sums[m].merge(totals.segments[0][0].moments[arm][m]);
      expect_near(sums[m], totals.overall[arm][m]);
    }
  }
}

TEST(Experiment, RefusesMoreClustersOrPairsOfValuesThanItMayTell) {
  ExperimentPlan plan = full_plan();
  const Units units = random_units(300, 1);
  const auto clusters = run(units, plan).clusters->keys;
  const std::set<SegmentKey> distinct(clusters.begin(), clusters.end());
  std::size_t most = 0;
  for (const PairTotals& pair : run(units, plan).pairs)
    most = std::max(most, pair.first_keys.size());
  const auto refused = [&](std::size_t max_clusters, std::size_t max_pair_cells) {
    plan.max_clusters = max_clusters;
    plan.max_pair_cells = max_pair_cells;
    const MemoryLog log(kReferenceTypes, 3, units);
    const auto result = experiment({log, 1, kSilent}, plan, 10'000);
    return !result && result.error().code == ErrorCode::invalid_spec;
  };
  EXPECT_FALSE(refused(distinct.size(), most));
  EXPECT_TRUE(refused(distinct.size() - 1, most));
  EXPECT_TRUE(refused(1, most));
  EXPECT_TRUE(refused(distinct.size(), most - 1));
  EXPECT_TRUE(refused(distinct.size(), 1));
}

}  // namespace
}  // namespace assay::events
