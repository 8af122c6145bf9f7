// Goal: the same answer by every way through the program: any number of threads gives the same
// page, byte for byte; Parquet files read by DuckDB give the index that the simulator's own batches
// give; and SQL over those files gives the same moments again.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "assay/app/experiment.hpp"
#include "assay/app/simulate.hpp"
#include "world_run.hpp"

namespace assay::worlds {
namespace {

namespace fs = std::filesystem;
using engine::ExperimentMoments;
using engine::MetricMoments;

constexpr std::int64_t kUsers = 2'000;

TEST(Pipeline, OneTwoAndEightThreadsGiveTheSamePageByteForByte) {
  const auto example = load_example();
  ASSERT_TRUE(example) << to_text(example.error());
  std::string first;
  for (const int threads : {1, 2, 8}) {
    const auto run = run_world(world_of("ship", kUsers, 5), *example, threads);
    ASSERT_TRUE(run) << to_text(run.error());
    const std::string page = page_json(*run, *example);
    EXPECT_GT(page.size(), 10'000U);
    if (first.empty()) first = page;
    EXPECT_EQ(page, first) << threads << " threads";
  }
}

void expect_near(double got, double want, double scale, const std::string& what) {
  EXPECT_NEAR(got, want, 1e-9 * std::max(std::abs(want), scale)) << what;
}

void expect_same(const MetricMoments& got, const MetricMoments& want, const std::string& what) {
  ASSERT_EQ(got.n, want.n) << what;
  ASSERT_EQ(got.size(), want.size()) << what;
  for (std::size_t i = 0; i < want.size(); ++i) {
    expect_near(got.mean[i], want.mean[i], 1e-9, what);
    for (std::size_t j = i; j < want.size(); ++j) {
      // A comoment of nearly unrelated variables is a small difference of large sums.
      const double scale = std::sqrt(want.at(i, i) * want.at(j, j));
      expect_near(got.at(i, j), want.at(i, j), scale, what);
    }
  }
}

void expect_same(const std::vector<std::vector<MetricMoments>>& got,
                 const std::vector<std::vector<MetricMoments>>& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (std::size_t arm = 0; arm < want.size(); ++arm) {
    ASSERT_EQ(got[arm].size(), want[arm].size()) << what;
    for (std::size_t m = 0; m < want[arm].size(); ++m) {
      expect_same(got[arm][m], want[arm][m], fmt::format("{}, arm {}, metric {}", what, arm, m));
    }
  }
}

void expect_same(const ExperimentMoments& got, const ExperimentMoments& want) {
  ASSERT_EQ(got.arms.size(), want.arms.size());
  for (std::size_t arm = 0; arm < want.arms.size(); ++arm) {
    EXPECT_EQ(got.arms[arm].assigned, want.arms[arm].assigned);
    EXPECT_EQ(got.arms[arm].exposed, want.arms[arm].exposed);
    EXPECT_EQ(got.arms[arm].exposed_before, want.arms[arm].exposed_before);
    EXPECT_EQ(got.arms[arm].analysed, want.arms[arm].analysed);
  }
  EXPECT_EQ(got.both_arms, want.both_arms);
  EXPECT_EQ(got.unknown_variant, want.unknown_variant);
  EXPECT_EQ(got.immature, want.immature);
  EXPECT_EQ(got.assigned_by_day, want.assigned_by_day);
  expect_same(got.overall, want.overall, "overall");
  ASSERT_EQ(got.segments.size(), want.segments.size());
  for (std::size_t s = 0; s < want.segments.size(); ++s) {
    ASSERT_EQ(got.segments[s].values, want.segments[s].values);
    EXPECT_EQ(got.segments[s].assigned, want.segments[s].assigned);
    for (std::size_t v = 0; v < want.segments[s].values.size(); ++v) {
      expect_same(got.segments[s].moments[v], want.segments[s].moments[v],
                  want.segments[s].name + " = " + want.segments[s].values[v]);
    }
  }
  ASSERT_EQ(got.days.size(), want.days.size());
  for (std::size_t d = 0; d < want.days.size(); ++d) {
    expect_same(got.days[d].daily, want.days[d].daily, fmt::format("day {}", d));
    expect_same(got.days[d].cumulative, want.days[d].cumulative, fmt::format("up to day {}", d));
  }
}

class ThroughFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("assay_worlds_files_{}", ::getpid());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(ThroughFiles, ParquetAndIndexAndSqlGiveTheMomentsOfTheSimulatorsOwnBatches) {
  app::Context context;
  context.threads = 2;
  const auto simulated = app::simulate_world(context, {.folder = folder_,
                                                       .preset = "ship",
                                                       .users = kUsers,
                                                       .seed = 5,
                                                       .project = example_folder()});
  ASSERT_TRUE(simulated) << to_text(simulated.error());

  const auto example = load_example();
  ASSERT_TRUE(example) << to_text(example.error());
  simulation::WorldConfig config = simulation::preset("ship").value();
  config.users = kUsers;
  config.seed = 5;
  const auto direct = run_world(config, *example, 2);
  ASSERT_TRUE(direct) << to_text(direct.error());

  EXPECT_EQ(simulated->events, direct->truth.counts.events);
  EXPECT_EQ(simulated->expected_verdict, direct->truth.expected_verdict);
  ASSERT_EQ(simulated->effects.size(), direct->truth.metrics.size());
  for (std::size_t m = 0; m < simulated->effects.size(); ++m) {
    EXPECT_EQ(simulated->effects[m].metric, direct->truth.metrics[m].metric);
    EXPECT_DOUBLE_EQ(simulated->effects[m].absolute, direct->truth.metrics[m].absolute);
  }
  for (const char* engine : {"embedded", "duckdb"}) {
    SCOPED_TRACE(engine);
    const auto through_files =
        app::run_experiment(context, {.spec = folder_ / "experiments" / "new_feed_ranker.yaml",
                                      .engine = engine,
                                      .write_files = false});
    ASSERT_TRUE(through_files) << to_text(through_files.error());
    expect_same(through_files->moments, direct->moments);
    EXPECT_EQ(through_files->decision.verdict, direct->decision.verdict);
  }
}

}  // namespace
}  // namespace assay::worlds
