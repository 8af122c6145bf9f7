#include "assay/experiment/randomisation.hpp"

#include <gmock/gmock.h>

#include <set>

#include "assay/spec/load.hpp"

namespace assay::experiment {
namespace {

using testing::HasSubstr;

constexpr const char* kProject = R"yaml(version: 1
sources:
  - name: events
    type: parquet
    path: "data/*.parquet"
    entities: [{name: user, type: primary, expr: user_id}]
    event_name: event
    event_time: {expr: ts, unit: ms}
layers:
  - {name: feed, holdout: 0.1}
  - {name: legacy, hash: growthbook_v1}
holdout: {share: 0.05}
metrics:
  - {name: opens, type: mean, numerator: {event: open, agg: count}}
)yaml";

constexpr const char* kExperiment = R"yaml(version: 1
experiment: ranker
assignment: {event: assigned, variant: variant}
arms: {control: 0.5, treatment: 0.5}
period: {start: 2026-05-04, end: 2026-05-31}
metrics: {primary: [opens]}
decision: [{verdict: iterate}]
)yaml";

spec::Project project() {
  auto loaded = spec::load_project_text({{"assay.yaml", kProject}});
  EXPECT_TRUE(loaded) << to_text(loaded.error());
  return *loaded;
}

spec::Experiment experiment(const std::string& randomisation) {
  auto loaded = spec::load_experiment_text({"e.yaml", kExperiment + randomisation}, project());
  EXPECT_TRUE(loaded) << to_text(loaded.error());
  return loaded ? *loaded : spec::Experiment{};
}

TEST(Randomisation, AHashGetsItsLayerItsHoldoutAndItsSalts) {
  const auto plan = traffic_plan(
      project(),
      experiment("randomisation: {method: hash, layer: feed, range: [0.2, 0.6], share: 0.5}\n"));
  ASSERT_TRUE(plan) << to_text(plan.error());
  EXPECT_EQ(plan->request.hash.salt, "ranker");
  EXPECT_EQ(plan->share_hash.salt, "ranker:share");
  ASSERT_TRUE(plan->request.slice);
  EXPECT_EQ(plan->request.slice->layer.hash.salt, "layer:feed");
  EXPECT_EQ(plan->request.slice->range.low, 0.2);
  EXPECT_EQ(plan->request.slice->layer.holdout, 0.1);
  ASSERT_TRUE(plan->request.holdout);
  EXPECT_EQ(plan->request.holdout->hash.salt, "holdout");
  EXPECT_EQ(plan->request.arms[1].name, "treatment");
}

TEST(Randomisation, AGrowthBookNamespaceKeepsItsName) {
  const auto plan = traffic_plan(
      project(), experiment("randomisation: {method: hash, hash: growthbook_v2, salt: key, layer: "
                            "legacy, range: [0, 0.4]}\n"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->request.slice->layer.hash.salt, "__legacy");
  EXPECT_EQ(plan->request.slice->layer.hash.method, assignment::HashMethod::growthbook_v1);
  EXPECT_EQ(plan->request.hash.method, assignment::HashMethod::growthbook_v2);
}

TEST(Randomisation, WhatIsNotSaidIsAskedForWithItsPlace) {
  const auto none = traffic_plan(project(), experiment(""));
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().problem, HasSubstr("does not say how arms are given"));
  EXPECT_THAT(none.error().where, HasSubstr("e.yaml:2:"));
  const auto drawn =
      traffic_plan(project(), experiment("randomisation: {method: complete, seed: 1}\n"));
  ASSERT_FALSE(drawn);
  EXPECT_THAT(drawn.error().problem, HasSubstr("drawn from a seed"));
  EXPECT_FALSE(slice_use(experiment("")));
}

TEST(Randomisation, SlicesOfTheSameDaysOverlap) {
  const std::string slice = "randomisation: {method: hash, layer: feed, range: ";
  const auto a = slice_use(experiment(slice + "[0, 0.5]}\n"));
  const auto b = slice_use(experiment(slice + "[0.4, 0.9]}\n"));
  ASSERT_TRUE(a && b);
  const std::vector<assignment::SliceUse> uses{*a, *b};
  const auto errors = assignment::overlaps(uses);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].where, HasSubstr("e.yaml:8:"));
}

TEST(Randomisation, ClustersAreDrawnWithTheirMeansAndStrata) {
  DesignUnits units;
  units.n_units = 40;
  for (std::uint32_t i = 0; i < 40; ++i) {
    units.clusters.push_back(i / 4);
    units.strata.push_back(i / 20);
  }
  const std::string words =
      "randomisation: {method: stratified, seed: 7, strata: region, clusters: city}\n";
  const auto made = unit_design(experiment(words), units);
  ASSERT_TRUE(made) << to_text(made.error());
  EXPECT_EQ(made->seed, 7U);
  const auto arms = assignment::draw_arms(made->design, made->seed, 0);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(arms[i], arms[i / 4 * 4]);
  units.strata[1] = 1;
  const auto torn = unit_design(experiment(words), units);
  ASSERT_FALSE(torn);
  EXPECT_THAT(torn.error().problem, HasSubstr("a cluster lies in two strata"));
}

TEST(Randomisation, DesignsSayWhatWasKept) {
  DesignUnits units;
  units.n_units = 30;
  units.covariates.resize(1);
  for (int i = 0; i < 30; ++i) units.covariates[0].push_back(i * i % 17);
  const auto again = unit_design(
      experiment(
          "randomisation: {method: rerandomised, seed: 7, covariates: x, acceptance: 0.1}\n"),
      units);
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->criterion);
  EXPECT_EQ(again->criterion->acceptance, 0.1);
  const auto pairs =
      unit_design(experiment("randomisation: {method: pairs, seed: 7, covariates: x}\n"), units);
  ASSERT_TRUE(pairs);
  EXPECT_EQ(pairs->pairs->pairs.size(), 15U);
  const auto best = unit_design(
      experiment("randomisation: {method: best_of, seed: 7, covariates: x, log2_tries: 3}\n"),
      units);
  EXPECT_EQ(best->design.method, "best of 8 complete");
}

TEST(Randomisation, ASwitchbackFillsThePeriod) {
  const auto blocks = switchback_of(
      experiment("randomisation: {method: switchback, seed: 7, switchback: {block: 2h, washout: "
                 "30m, schedule: minimum_run, minimum_run: 2}}\n"),
      3);
  ASSERT_TRUE(blocks) << to_text(blocks.error());
  EXPECT_EQ(blocks->n_blocks, 28U * 12);
  EXPECT_EQ(blocks->plan.washout_us, 1'800'000'000);
  EXPECT_EQ(blocks->plan.method, assignment::SwitchMethod::minimum_run);
  EXPECT_FALSE(switchback_of(experiment("randomisation: hash\n"), 3));
}

}  // namespace
}  // namespace assay::experiment
