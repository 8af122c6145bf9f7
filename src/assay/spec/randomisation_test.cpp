#include "assay/spec/randomisation.hpp"

#include "assay/spec/detail/good_spec_test.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::spec {
namespace {

using detail::Complaint;
using detail::kGoodExperiment;
using detail::kGoodProject;
using detail::with;

constexpr std::string_view kLayers = R"yaml(layers:
  - {name: feed, holdout: 0.1, description: what the feed shows}
  - {name: legacy, salt: old-layer, hash: growthbook_v1}
  - name: ads
    hash: murmur3
    murmur3: {order: salt_first, separator: ":", seed: 7, buckets: 1000, reduce: multiply}
holdout: {share: 0.02, salt: h-2026}
dimensions:
)yaml";

std::string project_text() { return with(kGoodProject, "dimensions:\n", kLayers); }

const Project& project() {
  static const Project kProject = [] {
    auto loaded = load_project_text({{"assay.yaml", project_text()}});
    EXPECT_TRUE(loaded) << (loaded ? "" : to_text(loaded.error()));
    return loaded ? *loaded : Project{};
  }();
  return kProject;
}

std::string experiment_text(std::string_view randomisation) {
  return with(kGoodExperiment, "eligible:", std::string(randomisation) + "\neligible:");
}

Experiment load(std::string_view randomisation) {
  auto loaded = load_experiment_text({"e.yaml", experiment_text(randomisation)}, project());
  EXPECT_TRUE(loaded) << (loaded ? "" : to_text(loaded.error())) << randomisation;
  return loaded ? *loaded : Experiment{};
}

TEST(Randomisation, LayersAndTheHoldoutArriveInTheirFields) {
  const Project& p = project();
  ASSERT_EQ(p.layers.size(), 3U);
  EXPECT_EQ(p.layers[0].name.value, "feed");
  EXPECT_EQ(p.layers[0].holdout, 0.1);
  EXPECT_EQ(p.layers[0].hash, UnitHash::assay);
  EXPECT_EQ(p.layers[1].salt.value, "old-layer");
  EXPECT_EQ(p.layers[1].hash, UnitHash::growthbook_v1);
  ASSERT_TRUE(p.layers[2].murmur3);
  EXPECT_EQ(p.layers[2].murmur3->order, Murmur3Order::salt_first);
  EXPECT_EQ(p.layers[2].murmur3->separator, ":");
  EXPECT_EQ(p.layers[2].murmur3->seed, 7);
  EXPECT_EQ(p.layers[2].murmur3->buckets, 1'000);
  EXPECT_EQ(p.layers[2].murmur3->reduce, Murmur3Reduce::multiply);
  ASSERT_TRUE(p.holdout);
  EXPECT_EQ(p.holdout->share, 0.02);
  EXPECT_EQ(find_layer(p, "feed"), &p.layers[0]);
}

TEST(Randomisation, EveryKeyOfAHashArrivesInItsField) {
  const Experiment e = load(
      "randomisation: {method: hash, hash: growthbook_v2, salt: s, layer: feed, range: [0, 0.5], "
      "share: 0.2, "
      "ranges: [{arm: control, range: [0, 0.4]}, {arm: treatment, range: [0.5, 0.9]}]}");
  ASSERT_TRUE(e.randomisation);
  const Randomisation& r = *e.randomisation;
  EXPECT_EQ(r.method, RandomisationMethod::hash);
  EXPECT_EQ(r.hash, UnitHash::growthbook_v2);
  EXPECT_EQ(r.salt.value, "s");
  EXPECT_EQ(r.layer.value, "feed");
  EXPECT_EQ(r.range, (std::vector<double>{0, 0.5}));
  EXPECT_EQ(r.share, 0.2);
  ASSERT_EQ(r.ranges.size(), 2U);
  EXPECT_EQ(r.ranges[1].arm.value, "treatment");
  EXPECT_EQ(r.ranges[1].range, (std::vector<double>{0.5, 0.9}));
}

TEST(Randomisation, EveryDesignLoads) {
  EXPECT_EQ(load("randomisation: hash").randomisation->method, RandomisationMethod::hash);
  const auto complete = load("randomisation: {method: complete, seed: 7, clusters: city}");
  EXPECT_EQ(complete.randomisation->seed, 7);
  EXPECT_EQ(complete.randomisation->clusters.value, "city");
  const auto strata =
      load("randomisation: {method: stratified, seed: 7, strata: [a, b], block: 8}");
  EXPECT_EQ(strata.randomisation->strata.size(), 2U);
  EXPECT_EQ(strata.randomisation->block, 8);
  const auto again =
      load("randomisation: {method: rerandomised, seed: 7, covariates: [x, y], acceptance: 0.001}");
  EXPECT_EQ(again.randomisation->covariates.size(), 2U);
  EXPECT_EQ(again.randomisation->acceptance, 0.001);
  EXPECT_EQ(load("randomisation: {method: best_of, seed: 7, covariates: x, log2_tries: 4}")
                .randomisation->log2_tries,
            4);
  EXPECT_EQ(load("randomisation: {method: pairs, seed: 7, covariates: [w1, w2], distance: raw}")
                .randomisation->distance,
            PairDistance::raw);
  const auto blocks = load(
      "randomisation: {method: switchback, seed: 7, switchback: {block: 2h, washout: 30m, "
      "washout_after: every_switch, schedule: balanced, balance_over: 12}}");
  const SwitchbackBlocks& s = *blocks.randomisation->switchback;
  EXPECT_EQ(s.block_us, 7'200'000'000);
  EXPECT_EQ(s.washout_us, 1'800'000'000);
  EXPECT_EQ(s.washout_after, WashoutAfter::every_switch);
  EXPECT_EQ(s.balance_over, 12);
}

TEST(Randomisation, ARampChangesNoRuleAndAnotherSaltDoes) {
  const Experiment ten = load("randomisation: {method: hash, salt: a, share: 0.1}");
  const Experiment fifty = load("randomisation: {method: hash, salt: a, share: 0.5}");
  const Experiment other = load("randomisation: {method: hash, salt: b, share: 0.1}");
  EXPECT_EQ(decision_hash(ten), decision_hash(fifty));
  EXPECT_NE(decision_hash(ten), decision_hash(other));
  EXPECT_NE(spec_hash(ten), spec_hash(fifty));
}

TEST(Randomisation, MistakesAreTakenUpWhereTheyStand) {
  const Complaint kComplaints[] = {
      {"no such layer",
       "eligible:", "randomisation: {method: hash, layer: fed, range: [0, 0.5]}\neligible:", "fed",
       "", "no layer `fed`", "feed"},
      {"a range without a layer",
       "eligible:", "randomisation: {method: hash, range: [0, 0.5]}\neligible:", "{method", "",
       "no layer is named", "add `layer`"},
      {"a layer without a range",
       "eligible:", "randomisation: {method: hash, layer: feed}\neligible:", "feed",
       "randomisation", "`range` is no range", "write `range: [0, 0.5]`"},
      {"a range the wrong way round", "eligible:",
       "randomisation: {method: hash, layer: feed, range: [0.5, 0.2]}\neligible:", "feed",
       "randomisation", "the smaller first", "write"},
      {"into the holdout", "eligible:",
       "randomisation: {method: hash, layer: feed, range: [0.5, 1]}\neligible:", "feed",
       "randomisation", "reaches into the holdout of layer `feed`, which begins at 0.9",
       "end it at 0.9"},
      {"an unknown arm", "eligible:",
       "randomisation: {method: hash, ranges: [{arm: contrl, range: [0, 0.5]}]}\neligible:",
       "contrl", "", "no arm `contrl`", "control"},
      {"ranges that overlap", "eligible:",
       "randomisation: {method: hash, ranges: [{arm: control, range: [0, 0.5]}, {arm: treatment, "
       "range: [0.4, "
       "1]}]}\neligible:",
       "treatment", "ranges", "overlap: [0, 0.5] and [0.4, 1]", "one arm"},
      {"a share of nothing", "eligible:", "randomisation: {method: hash, share: 0}\neligible:", "0",
       "share", "", ""},
      {"PlanOut with a share", "eligible:",
       "randomisation: {method: hash, hash: planout, share: 0.5}\neligible:", "{method", "",
       "PlanOut has neither", "leave them out"},
      {"a design without a seed", "eligible:", "randomisation: {method: complete}\neligible:",
       "{method: complete", "", "`seed`, which `method: complete` needs", "add `seed`"},
      {"strata for a hash", "eligible:", "randomisation: {method: hash, strata: [a]}\neligible:",
       "strata", "randomisation", "strata", ""},
      {"the layer's salt", "eligible:",
       "randomisation: {method: hash, hash: growthbook_v1, salt: old-layer, layer: legacy, range: "
       "[0, "
       "1]}\neligible:",
       "old-layer", "", "the slice would decide the arm", "salt of its own"},
      {"a washout as long as its block", "eligible:",
       "randomisation: {method: switchback, seed: 1, switchback: {block: 1h, washout: "
       "1h}}\neligible:",
       "{method: switchback", "", "as long as its block", "shorten the washout"}};
  for (const Complaint& wanted : kComplaints) {
    const std::string text = with(kGoodExperiment, wanted.old_part, wanted.new_part);
    ParseReport report;
    EXPECT_FALSE(load_experiment_text({"e.yaml", text}, project(), &report)) << wanted.title;
    expect_complaint(wanted, "e.yaml", text, report);
  }
}

TEST(Randomisation, MistakesOfLayersAreTakenUpWhereTheyStand) {
  const Complaint kComplaints[] = {
      {"two of a name", "name: legacy", "name: feed", "feed, salt", "", "two layers named `feed`",
       "rename one"},
      {"one salt twice", "hash: murmur3\n", "hash: murmur3\n    salt: old-layer\n", "old-layer",
       "name: ads", "hash with one salt", "a salt of its own"},
      {"all held out", "holdout: 0.1", "holdout: 1", "1, description", "holdout", "", ""},
      {"a form without its hash", "hash: murmur3\n", "hash: assay\n", "ads", "name: ads",
       "`murmur3` says nothing", "leave it out"}};
  for (const Complaint& wanted : kComplaints) {
    const std::string text = with(project_text(), wanted.old_part, wanted.new_part);
    ParseReport report;
    EXPECT_FALSE(load_project_text({{"assay.yaml", text}}, &report)) << wanted.title;
    expect_complaint(wanted, "assay.yaml", text, report);
  }
}

}  // namespace
}  // namespace assay::spec
