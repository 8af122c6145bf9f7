#include "assay/decision/flips.hpp"

#include <gmock/gmock.h>

#include "assay/experiment/fixture_for_tests.hpp"

namespace assay::decision {
namespace {

using experiment::testing::cell;
using experiment::testing::make_fixture;
using experiment::testing::moments_of;
using ::testing::HasSubstr;

struct World {
  experiment::testing::Fixture fixture;
  engine::ExperimentMoments moments;
  experiment::Integrity integrity;
  experiment::Analysis analysis;
  Decision decision;
  FlipSearch search;
};

/// Control: watch 30 (sd 20), crashes 0.5 (sd 1), 20,000 users an arm.
World read(double watch, double crashes, std::int64_t n_treatment = 20'000) {
  World world;
  world.fixture = *make_fixture();
  const std::int64_t n = 20'000;
  const std::int64_t t = n_treatment;
  world.moments =
      moments_of(world.fixture.plan,
                 {{cell(n, 30, 20), cell(n, 2, 3), cell(n, 1, 2), cell(n, 0.5, 1)},
                  {cell(t, watch, 20), cell(t, 2, 3), cell(t, 1, 2), cell(t, crashes, 1)}});
  return world;
}

void decide(World& world) {
  const auto& [spec, plan] = std::pair{world.fixture.spec, world.fixture.plan};
  world.integrity = *experiment::check_integrity(spec, plan, world.moments);
  world.analysis = *experiment::analyze(spec, plan, world.moments);
  world.decision = *decision::decide(spec, plan, world.integrity, world.analysis);
  world.search = *search_flips(spec, plan, world.moments, world.integrity, world.decision);
}

const Flip* find(const World& world, Flip::Choice choice) {
  for (const Flip& flip : world.search.flips)
    if (flip.choice == choice) return &flip;
  return nullptr;
}

// The only primary metric turns where alpha passes its p-value; known without any search.
TEST(Flips, AlphaTurnsAtThePValue) {
  World world = read(30.6, 0.5);  // Three standard errors, lift 2 %.
  decide(world);
  ASSERT_EQ(world.decision.verdict, spec::Verdict::ship);
  const Flip* flip = find(world, Flip::Choice::alpha);
  ASSERT_NE(flip, nullptr);
  EXPECT_NEAR(flip->to / world.analysis.metrics[0].contrast->p_value, 1.0, 2e-3);
  EXPECT_EQ(flip->verdict, spec::Verdict::iterate);
}

// A guardrail is non-inferior down to the margin that its interval ends at.
TEST(Flips, AMarginTurnsAtTheEndOfTheInterval) {
  World world = read(33.0, 0.53);
  decide(world);
  ASSERT_EQ(world.decision.verdict, spec::Verdict::ship);
  const Flip* flip = find(world, Flip::Choice::margin);
  ASSERT_NE(flip, nullptr);
  EXPECT_EQ(flip->what, "crashes");
  EXPECT_EQ(flip->from, 0.1);
  const auto& crashes = world.analysis.metrics[3];
  EXPECT_NEAR(flip->to / crashes.contrast->ci_high, 1.0, 2e-3);
}

// All of the gain comes from one country: without it nothing is left to ship.
TEST(Flips, NamesTheSegmentThatCarriesTheEffect) {
  World world = read(32.0, 0.5);
  engine::SegmentMoments& country = world.moments.segments[0];
  ASSERT_EQ(country.name, "country");
  const auto control = country.moments[0][0];
  const auto treatment = country.moments[0][1];
  const auto half = [](numerics::CoMoments m, double mean) {
    m.n /= 2;
    m.comoment[0] /= 2.0;
    m.mean[0] = mean;
    return m;
  };
  country.values = {"BR", "US"};
  country.assigned = {{10'000, 10'000}, {10'000, 10'000}};
  country.moments.clear();
  for (const double watch : {34.0, 30.0}) {
    std::vector<std::vector<numerics::CoMoments>> cells(2);
    for (std::size_t m = 0; m < control.size(); ++m) {
      cells[0].push_back(half(control[m], control[m].mean[0]));
      cells[1].push_back(half(treatment[m], m == 0 ? watch : treatment[m].mean[0]));
    }
    country.moments.push_back(cells);
  }
  decide(world);
  ASSERT_EQ(world.decision.verdict, spec::Verdict::ship);
  const Flip* flip = find(world, Flip::Choice::excluded_segment);
  ASSERT_NE(flip, nullptr);
  EXPECT_EQ(flip->what, "country = BR");
  EXPECT_NEAR(flip->share, 0.5, 1e-12);
}

TEST(Flips, SaysWhatWasTriedInVain) {
  World world = read(36.0, 0.5);  // Thirty standard errors.
  decide(world);
  EXPECT_EQ(find(world, Flip::Choice::alpha), nullptr);
  ASSERT_FALSE(world.search.steadfast.empty());
  EXPECT_THAT(world.search.steadfast[0], HasSubstr("alpha from 0.001 to 0.2"));
}

TEST(Flips, AnInvalidVerdictHasNone) {
  World world = read(33.0, 0.5, 18'500);
  decide(world);
  ASSERT_EQ(world.decision.verdict, spec::Verdict::invalid);
  EXPECT_TRUE(world.search.flips.empty());
  EXPECT_TRUE(world.search.steadfast.empty());
}

}  // namespace
}  // namespace assay::decision
