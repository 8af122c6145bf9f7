#include "assay/portfolio/interaction_screen.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "assay/stats/contrast.hpp"
#include "assay/stats/heterogeneity.hpp"

namespace assay::portfolio {
namespace {

ExperimentPair pair(double both) {
  ExperimentPair p{"ranker", "button"};
  p.cells[0][0] = {1000, 2.0, 1200.0};
  p.cells[0][1] = {1010, 2.1, 1300.0};
  p.cells[1][0] = {990, 2.2, 1250.0};
  p.cells[1][1] = {1005, both, 1280.0};
  return p;
}

// Another way to the same number: the difference of two Welch contrasts.
TEST(InteractionScreen, IsTheDifferenceOfTwoContrasts) {
  const auto p = pair(2.6);
  const auto reading = (*screen_interactions(std::vector{p}))[0];
  const auto with = *stats::welch(p.cells[0][1], p.cells[1][1], 0.95);
  const auto without = *stats::welch(p.cells[0][0], p.cells[1][0], 0.95);
  const auto difference = *stats::interaction(with, without);
  EXPECT_NEAR(reading.interaction, difference.difference, 1e-12);
  EXPECT_NEAR(reading.std_error, difference.std_error, 1e-12);
  EXPECT_NEAR(reading.p_value, difference.p_value, 1e-4);
  EXPECT_FALSE(reading.assignments_depend);
}

TEST(InteractionScreen, CorrectsOverThePairsTested) {
  auto broken = pair(2.3);
  broken.cells[1][1].n = 1;
  const auto all = *screen_interactions(std::vector{pair(2.6), broken, pair(2.3)});
  EXPECT_FALSE(all[1].tested);
  EXPECT_EQ(all[1].p_adjusted, 1.0);
  EXPECT_NEAR(all[0].p_adjusted, std::min(2.0 * all[0].p_value, all[2].p_value), 1e-12);
  EXPECT_GE(all[2].p_adjusted, all[2].p_value);
}

TEST(InteractionScreen, SeesAssignmentsThatLeanOnEachOther) {
  auto p = pair(2.3);
  p.cells[0][0].n = 1500;
  p.cells[1][1].n = 1500;
  EXPECT_TRUE((*screen_interactions(std::vector{p}))[0].assignments_depend);
  p.cells[0][0].mean = NAN;
  EXPECT_FALSE(screen_interactions(std::vector{p}));
}

}  // namespace
}  // namespace assay::portfolio
