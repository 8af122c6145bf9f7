#include "assay/readout/query_readout.hpp"

#include <gmock/gmock.h>

#include "assay/report/render.hpp"

namespace assay::readout {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Rates by hand. Source of the interval: Wilson (1927) worked
// through with scipy 1.17.1 norm.ppf(0.975): (0.3094, 0.4980).
TEST(FunnelReadout, EveryRateHasItsNumeratorDenominatorAndInterval) {
  const engine::FunnelQuery query{.steps = {{}, {}}, .window_us = kDayUs};
  const engine::FunnelCounts counts{.reached = {100, 40}, .time_to_convert = {40, 90.0, 10.0}};
  const auto text =
      report::render_markdown(funnel_document(query, counts, {"view", "buy"}, "Funnel", {}));
  EXPECT_THAT(text, HasSubstr("40.0 %"));
  EXPECT_THAT(text, HasSubstr("30.9"));
  EXPECT_THAT(text, HasSubstr("49.8"));
  EXPECT_THAT(text, HasSubstr("all within 1d of the first"));
}

// Two cohorts of 10; the second cohort's day 2 is not over. Day 1: (4 + 6) / 20; day 2: 3 / 10.
TEST(RetentionReadout, ImmatureCellsBelongInNoRate) {
  engine::RetentionTriangle triangle{.first_cohort = 0,
                                     .max_day = 2,
                                     .units = {10, 10},
                                     .retained = {4, 3, 6, 1},
                                     .last_complete_day = 2};
  const auto text =
      report::render_csv(retention_document({.max_day = 2}, triangle, "Retention", {}));
  EXPECT_THAT(text, HasSubstr("D1,10,20,0.5"));
  EXPECT_THAT(text, HasSubstr("D2,3,10,0.3"));
}

TEST(RetentionReadout, ADayThatNoCohortHasCompletedIsNotShown) {
  engine::RetentionTriangle triangle{
      .first_cohort = 0, .max_day = 2, .units = {10}, .retained = {4, 3}, .last_complete_day = 1};
  const auto text =
      report::render_csv(retention_document({.max_day = 2}, triangle, "Retention", {}));
  EXPECT_THAT(text, Not(HasSubstr("D2,3")));
}

}  // namespace
}  // namespace assay::readout
