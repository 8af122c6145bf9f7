// Goal: the verdict of the example experiment is the one that the planted truth calls for.
//
// The demo's 20 million events are too many for a test. These worlds have 20,000 users (4.6 million
// events), with effects made so strong that every reading is at least four standard errors from
// where it would turn: a wrong verdict is a false alarm of less than 1 in 1,000. That the demo's
// own effects suffice at the demo's own size follows from the standard errors measured here
// (TheDemo...).

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/simulation/world.hpp"
#include "world_run.hpp"

namespace assay::worlds {
namespace {

using spec::Verdict;

constexpr std::int64_t kUsers = 20'000;
constexpr std::uint64_t kSeeds = ASSAY_WORLDS >= 150 ? 2 : 1;

WorldRun run_or_fail(const simulation::WorldConfig& config, const Example& example) {
  auto run = run_world(config, example, std::min(2, numerics::default_threads()));
  if (!run) {
    ADD_FAILURE() << to_text(run.error());
    return {};
  }
  return std::move(*run);
}

/// What fired and what all rules read, for failures.
std::string why(const WorldRun& run) {
  std::string text = fmt::format("{}\n", spec::to_text(run.decision.verdict));
  if (run.decision.arms.empty()) return text;
  for (const decision::RuleReading& rule : run.decision.arms.at(0).rules) {
    for (const decision::ClauseReading& clause : rule.clauses) {
      text += fmt::format("  {}: {} {}: {}\n", spec::to_text(rule.verdict),
                          clause.holds ? "yes" : "no", clause.clause, clause.why);
    }
  }
  return text;
}

class Verdicts : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = load_example();
    ASSERT_TRUE(loaded) << to_text(loaded.error());
    example_ = std::move(*loaded);
  }

  /// Runs the world under several seeds; each has to end with this verdict. The last run.
  WorldRun expect_verdict(simulation::WorldConfig config, Verdict verdict) {
    WorldRun run;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      config.seed = seed;
      config.salt = fmt::format("world {}", seed);
      run = run_or_fail(config, example_);
      EXPECT_EQ(run.decision.verdict, verdict) << "seed " << seed << ": " << why(run);
    }
    return run;
  }

  Example example_;
};

TEST_F(Verdicts, ABetterRankerShips) {
  simulation::WorldConfig config = world_of("ship", kUsers, 1);
  config.effects.return_log_odds = 0.16;  // Four times the demo's.
  config.effects.hide_multiple = 0.87;
  config.effects.crash_multiple = 0.90;
  expect_verdict(config, Verdict::ship);
}

TEST_F(Verdicts, ARankerThatDrivesPeopleAwayDoesNotShipThoughTheyWatchMore) {
  simulation::WorldConfig config = world_of("harmful", kUsers, 1);
  config.effects.watch_time_lift = 0.45;
  config.effects.return_log_odds = -0.30;
  config.effects.hide_multiple = 1.30;
  config.effects.novelty_initial = 1.0;
  const WorldRun run = expect_verdict(config, Verdict::do_not_ship);
  ASSERT_FALSE(run.analysis.metrics.empty());
  EXPECT_EQ(run.plan.metrics[run.analysis.metrics.front().metric].name, "watch_minutes_per_user");
  EXPECT_EQ(run.analysis.metrics.front().reading, experiment::Reading::better);
}

TEST_F(Verdicts, ARankerThatDoesNothingDoesNotShip) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const WorldRun run = run_or_fail(world_of("null", kUsers, seed), example_);
    EXPECT_NE(run.decision.verdict, Verdict::ship) << why(run);
    EXPECT_NE(run.decision.verdict, Verdict::invalid) << why(run);
    for (const simulation::MetricTruth& metric : run.truth.metrics)
      EXPECT_EQ(metric.absolute, 0.0) << metric.metric;
  }
}

// The fault as planted by default: 15 % of treatment's assignments on one version are lost.
TEST_F(Verdicts, LostAssignmentsMakeTheVerdictInvalidAndTheFaultyVersionIsNamed) {
  for (const char* version : {"5.3", "5.2"}) {
    simulation::WorldConfig config = world_of("broken", kUsers, 1);
    config.sample_ratio_fault.app_version = version;
    const WorldRun run = expect_verdict(config, Verdict::invalid);
    EXPECT_GT(run.truth.counts.lost_assignments, 0);
    const auto check = std::find_if(run.integrity.checks.begin(), run.integrity.checks.end(),
                                    [](const auto& one) { return one.name == "sample ratio"; });
    ASSERT_NE(check, run.integrity.checks.end());
    EXPECT_EQ(check->status, experiment::CheckStatus::failed);
    const std::string named = fmt::format("Look at app_version = {}:", version);
    EXPECT_THAT(check->detail, testing::StartsWith(named));
    EXPECT_THAT(check->detail, testing::HasSubstr("Without it the split is as planned"));
    EXPECT_TRUE(page_json(run, example_).find(named) != std::string::npos);
    ASSERT_TRUE(run.integrity.sample_ratio);
    const std::vector<std::int64_t>& there = run.integrity.sample_ratio->segments.front().counts;
    EXPECT_LT(there.at(1), there.at(0)) << "treatment is the arm that lost users";
  }
}

TEST_F(Verdicts, TheFaultIsFoundWhateverTheRankerDoes) {
  for (const char* preset : {"harmful", "null"}) {
    simulation::WorldConfig config = world_of(preset, kUsers, 1);
    config.sample_ratio_fault.enabled = true;
    const WorldRun run = run_or_fail(config, example_);
    EXPECT_EQ(run.decision.verdict, Verdict::invalid) << why(run);
  }
}

/// The chance that an interval at this many standard errors from its limit clears it.
double chance(double distance, double std_error) {
  return numerics::normal_cdf(distance / std_error - 1.959964);
}

// Goal: the demo says what its planted truth calls for whatever the seed: with the standard errors
// that 20 million events give, every clause of the ship rule is met in all but 1 % of worlds, and
// at least one guardrail of the harmful world is harmed.
TEST_F(Verdicts, TheDemoAtTwentyMillionEventsIsNearCertain) {
  for (const char* preset : {"ship", "harmful"}) {
    SCOPED_TRACE(preset);
    const WorldRun run = run_or_fail(world_of(preset, kUsers, 1), example_);
    ASSERT_FALSE(run.analysis.metrics.empty());
    const std::int64_t users = simulation::users_for_events(run.truth.config, 20'000'000).value();
    const double shrink = std::sqrt(static_cast<double>(kUsers) / static_cast<double>(users));
    double misses = 0.0;
    double no_harm = 1.0;
    for (const experiment::MetricResult& row : run.analysis.metrics) {
      const experiment::PlannedMetric& metric = run.plan.metrics[row.metric];
      const simulation::MetricTruth& truth = *run.truth.find(metric.name);
      ASSERT_TRUE(row.contrast) << metric.name;
      const double std_error = row.contrast->std_error * shrink;
      if (metric.role == spec::MetricRole::primary)
        misses += 1.0 - chance(truth.absolute, std_error);
      if (!metric.margin) continue;
      const double margin = metric.margin->scale == stats::MarginScale::relative
                                ? metric.margin->size * truth.control
                                : metric.margin->size;
      const double good =
          metric.direction == stats::Direction::increase ? truth.absolute : -truth.absolute;
      misses += 1.0 - chance(good + margin, std_error);
      no_harm *= 1.0 - chance(-good - margin, std_error);
    }
    EXPECT_LT(std::string(preset) == "ship" ? misses : no_harm, 0.01);
  }
}

}  // namespace
}  // namespace assay::worlds
