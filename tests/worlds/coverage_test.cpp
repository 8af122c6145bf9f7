// Goal: over many worlds with planted truth the 95 % intervals of the example experiment cover the
// truth in 95 % of the worlds, for every metric, and a world without an effect is read as one.
//
// The truth is the mean effect over the exposed users of that very world, both of whose lives are
// known; the intervals are for the population that such users come from. They are a little
// conservative for the first (Neyman 1923), by the spread of the effect between users, which is
// small here beside the spread of the users themselves.
//
// Budgets: every check allows 4 standard errors of its count over ASSAY_WORLDS worlds, a false
// alarm of 1 in 16,000 for each of about sixty checks; the seeds are fixed.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "assay/numerics/moments.hpp"
#include "assay/numerics/parallel.hpp"
#include "world_run.hpp"

namespace assay::worlds {
namespace {

constexpr int kWorlds = ASSAY_WORLDS;
constexpr std::int64_t kUsers = 2'000;  // About 460,000 events, 1,830 exposed users.

/// Smaller segments are left out: t intervals of so skewed a metric need some users.
constexpr std::int64_t kSegmentUsers = 200;

/// Once in some hundred worlds a single user pays so much that the control arm's revenue is not
/// clearly above 0; then there is no bounded lift (Fieller 1954) and the contrast says so.
constexpr double kLeastRevenueLifts = 0.97;

/// How the intervals of one metric did over all worlds.
struct Tally {
  std::string name;
  int worlds = 0;
  int below = 0;  ///< The whole interval lies below the truth.
  int above = 0;
  int lifts = 0;  ///< Worlds with a lift interval.
  int lifts_missed = 0;
  double sum_z = 0.0;
  double sum_z2 = 0.0;

  [[nodiscard]] double covered() const { return 1.0 - share(below + above, worlds); }
  [[nodiscard]] double lift_covered() const { return 1.0 - share(lifts_missed, lifts); }
  [[nodiscard]] double mean_z() const { return sum_z / worlds; }
  [[nodiscard]] double sd_z() const {
    return std::sqrt((sum_z2 - worlds * mean_z() * mean_z()) / (worlds - 1));
  }
  static double share(int part, int whole) { return static_cast<double>(part) / whole; }
};

double standard_error(double share, double n) { return std::sqrt(share * (1.0 - share) / n); }

/// Runs worlds of a preset, two at a time, with seeds from `first_seed` on. Errors are reported.
std::vector<WorldRun> run_worlds(std::string_view preset, std::uint64_t first_seed) {
  const auto example = load_example();
  if (!example) {
    ADD_FAILURE() << to_text(example.error());
    return {};
  }
  std::vector<WorldRun> runs(kWorlds);
  std::vector<std::string> errors(kWorlds);
  numerics::for_each_chunk(kWorlds, std::min(2, numerics::default_threads()), [&](std::size_t i) {
    auto run = run_world(world_of(preset, kUsers, first_seed + i), *example, 1);
    if (!run) {
      errors[i] = to_text(run.error());
      return;
    }
    runs[i] = std::move(*run);
    runs[i].moments = {};  // The largest part, not needed any more.
  });
  for (const std::string& error : errors) {
    if (error.empty()) continue;
    ADD_FAILURE() << error;
    return {};
  }
  return runs;
}

bool covers(const stats::Contrast& contrast, const simulation::MetricTruth& truth) {
  return contrast.ci_low <= truth.absolute && truth.absolute <= contrast.ci_high;
}

std::vector<Tally> tally(const std::vector<WorldRun>& runs) {
  std::vector<Tally> tallies;
  for (const experiment::PlannedMetric& metric : runs.front().plan.metrics)
    tallies.push_back({.name = metric.name});
  for (const WorldRun& run : runs) {
    for (const experiment::MetricResult& row : run.analysis.metrics) {
      Tally& t = tallies[row.metric];
      const simulation::MetricTruth* truth = run.truth.find(t.name);
      if (truth == nullptr || !row.contrast) {
        ADD_FAILURE() << t.name << (truth == nullptr ? " has no truth" : " is undefined");
        continue;
      }
      const stats::Contrast& c = *row.contrast;
      ++t.worlds;
      t.below += c.ci_high < truth->absolute ? 1 : 0;
      t.above += c.ci_low > truth->absolute ? 1 : 0;
      const double z = (c.difference - truth->absolute) / c.std_error;
      t.sum_z += z;
      t.sum_z2 += z * z;
      if (!c.lift) continue;
      ++t.lifts;
      t.lifts_missed +=
          c.lift->ci_low > truth->relative || c.lift->ci_high < truth->relative ? 1 : 0;
    }
  }
  return tallies;
}

std::string table_of(const std::vector<Tally>& tallies) {
  std::string text;
  for (const Tally& t : tallies) {
    text += fmt::format(
        "{:26} {} worlds, covered {:.3f} (below {}, above {}), lift {:.3f} of {}, "
        "z {:+.3f} sd {:.3f}\n",
        t.name, t.worlds, t.covered(), t.below, t.above, t.lift_covered(), t.lifts, t.mean_z(),
        t.sd_z());
  }
  return text;
}

void expect_nominal(const std::vector<Tally>& tallies) {
  for (const Tally& t : tallies) {
    SCOPED_TRACE(t.name);
    const double budget = 4.0 * standard_error(0.95, kWorlds);
    EXPECT_EQ(t.worlds, kWorlds);
    EXPECT_NEAR(t.covered(), 0.95, budget);
    EXPECT_GE(t.lifts, t.name == "revenue_per_user" ? kLeastRevenueLifts * kWorlds : kWorlds);
    EXPECT_NEAR(t.lift_covered(), 0.95, budget);
    EXPECT_NEAR(t.mean_z(), 0.0, 4.0 / std::sqrt(kWorlds));
    // The spread of z says the same as coverage, more sharply: neither too narrow nor too wide.
    EXPECT_NEAR(t.sd_z(), 1.0, 4.0 / std::sqrt(2.0 * (kWorlds - 1)));
  }
}

/// Coverage of many intervals a world. They lean on the same users, so the budget is 4 standard
/// errors of the mean over worlds, each world one draw.
struct Pooled {
  numerics::Moments shares;

  void add_world(int covered, int intervals) {
    shares.add(static_cast<double>(covered) / static_cast<double>(intervals));
  }
  [[nodiscard]] double budget() const {
    const auto n = static_cast<double>(shares.n);
    return 4.0 * std::sqrt(shares.m2 / (n - 1.0) / n);
  }
};

Pooled pooled_over_metrics(const std::vector<WorldRun>& runs) {
  Pooled pooled;
  for (const WorldRun& run : runs) {
    int covered = 0;
    int intervals = 0;
    for (const experiment::MetricResult& row : run.analysis.metrics) {
      if (!row.contrast) continue;
      ++intervals;
      covered += covers(*row.contrast, *run.truth.find(run.plan.metrics[row.metric].name)) ? 1 : 0;
    }
    pooled.add_world(covered, intervals);
  }
  return pooled;
}

/// The same over the values of country, new_user and device, primary and secondary metrics.
Pooled pooled_over_segments(const std::vector<WorldRun>& runs) {
  Pooled pooled;
  for (const WorldRun& run : runs) {
    int covered = 0;
    int intervals = 0;
    for (const experiment::SegmentResult& row : run.analysis.segments) {
      for (const simulation::SegmentTruth& segment : run.truth.segments) {
        if (segment.dimension != run.plan.segments[row.segment].name ||
            segment.value != row.value || segment.users < kSegmentUsers || !row.contrast) {
          continue;
        }
        for (const simulation::MetricTruth& truth : segment.metrics) {
          if (truth.metric != run.plan.metrics[row.metric].name) continue;
          ++intervals;
          covered += covers(*row.contrast, truth) ? 1 : 0;
        }
      }
    }
    if (intervals > 0) pooled.add_world(covered, intervals);
  }
  return pooled;
}

int worlds_with_a_failed_check(const std::vector<WorldRun>& runs) {
  return static_cast<int>(std::count_if(
      runs.begin(), runs.end(), [](const WorldRun& run) { return run.integrity.any_failed(); }));
}

TEST(Worlds, IntervalsCoverWhatARankerReallyDidAsOftenAsTheySay) {
  const std::vector<WorldRun> runs = run_worlds("ship", 1);
  ASSERT_FALSE(runs.empty());
  const std::vector<Tally> tallies = tally(runs);
  SCOPED_TRACE(table_of(tallies));
  ASSERT_EQ(tallies.size(), 10U);
  expect_nominal(tallies);
  const Pooled metrics = pooled_over_metrics(runs);
  EXPECT_NEAR(metrics.shares.mean, 0.95, metrics.budget());
  const Pooled segments = pooled_over_segments(runs);
  EXPECT_EQ(segments.shares.n, kWorlds);
  EXPECT_NEAR(segments.shares.mean, 0.95, segments.budget());
}

// A right experiment fails its checks with probability at most 0.003: sample ratio overall 0.001,
// its segments 0.001 together, balance 0.001 together.
TEST(Worlds, ARankerThatDoesNothingIsCalledBetterOrWorseAsRarelyAsAlphaSays) {
  const std::vector<WorldRun> runs = run_worlds("null", 100'001);
  ASSERT_FALSE(runs.empty());
  const std::vector<Tally> tallies = tally(runs);
  SCOPED_TRACE(table_of(tallies));
  expect_nominal(tallies);
  const Pooled metrics = pooled_over_metrics(runs);
  EXPECT_NEAR(metrics.shares.mean, 0.95, metrics.budget());

  int better = 0;
  int worse = 0;
  int shipped = 0;
  for (const WorldRun& run : runs) {
    const experiment::MetricResult& primary = run.analysis.metrics.front();
    ASSERT_EQ(run.plan.metrics[primary.metric].role, spec::MetricRole::primary);
    EXPECT_EQ(run.truth.find("watch_minutes_per_user")->absolute, 0.0);
    better += primary.reading == experiment::Reading::better ? 1 : 0;
    worse += primary.reading == experiment::Reading::worse ? 1 : 0;
    shipped += run.decision.verdict == spec::Verdict::ship ? 1 : 0;
  }
  const double tail = kWorlds * (0.025 + 4.0 * standard_error(0.025, kWorlds));
  EXPECT_LE(better, tail);
  EXPECT_LE(worse, tail);
  EXPECT_LE(shipped, better);
  EXPECT_LE(worlds_with_a_failed_check(runs),
            kWorlds * (0.003 + 4.0 * standard_error(0.003, kWorlds)));
}

}  // namespace
}  // namespace assay::worlds
