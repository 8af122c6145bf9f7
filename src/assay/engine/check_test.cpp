#include "assay/engine/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace assay::engine {
namespace {

using frame::Type;

Vocabulary words() {
  return {{{"watch_ms", Type::int64},
           {"amount", Type::float64},
           {"is_ad", Type::boolean},
           {"country", Type::text},
           {"seen_at", Type::time_us}},
          {"play", "like", "assign"}};
}

EventSelector where(std::string_view filter) { return {{}, *frame::parse_predicate(filter)}; }

ExperimentQuery valid_experiment() {
  ExperimentQuery query;
  query.assignment.names = {"assign"};
  query.variant_property = "country";
  query.arms = {"control", "treatment"};
  query.period = {0, kDayUs};
  ExperimentMetric metric;
  metric.name = "m";
  metric.numerator = {{{"play"}, std::nullopt}, Aggregation::sum, "amount", 1.0};
  query.metrics = {metric};
  return query;
}

TEST(Checked, PutsLiteralsIntoTheTypeOfTheirColumn) {
  SessionsQuery query;
  query.event = where("amount > 3 and is_ad = true and watch_ms < 2.5 and seen_at >= 7");
  const auto checked_query = checked(query, words());
  ASSERT_TRUE(checked_query);
  const auto& parts = checked_query->event.where->children;
  EXPECT_EQ(parts[0].literals[0], frame::Literal{3.0});
  EXPECT_EQ(parts[1].literals[0], frame::Literal{std::int64_t{1}});
  EXPECT_EQ(parts[2].literals[0], frame::Literal{2.5});
  EXPECT_EQ(parts[3].literals[0], frame::Literal{std::int64_t{7}});
}

TEST(Checked, RefusesAValueOfAnotherKindThanItsColumn) {
  for (const char* filter : {"amount = 'x'", "country = 1", "country = true", "watch_ms = true",
                             "is_ad = 'yes'", "seen_at > '2026-05-04'", "country in ('a', 2)",
                             "not (amount is null or watch_ms = 'x')", "nothing = 1"}) {
    SessionsQuery query;
    query.event = where(filter);
    const auto refused = checked(query, words());
    ASSERT_FALSE(refused) << filter;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec);
    EXPECT_FALSE(refused.error().fix.empty()) << filter;
  }
}

TEST(Checked, RefusesEveryBrokenExperiment) {
  ASSERT_TRUE(checked(valid_experiment(), words()));
  using Change = std::function<void(ExperimentQuery&)>;
  const std::vector<Change> changes{
      [](ExperimentQuery& q) { q.arms.clear(); },
      [](ExperimentQuery& q) {
        q.arms = {"control", "control"};
      },
      [](ExperimentQuery& q) { q.variant_property = "amount"; },
      [](ExperimentQuery& q) { q.variant_property.clear(); },
      [](ExperimentQuery& q) { q.variant_property = "contry"; },
      [](ExperimentQuery& q) {
        q.period = {5, 5};
      },
      [](ExperimentQuery& q) { q.assignment.names = {"asign"}; },
      [](ExperimentQuery& q) {
        q.exposure = EventSelector{{"seen"}, std::nullopt};
      },
      [](ExperimentQuery& q) { q.eligible = *frame::parse_predicate("age > 3"); },
      [](ExperimentQuery& q) { q.metrics[0].numerator.column = "country"; },
      [](ExperimentQuery& q) { q.metrics[0].numerator.column = "seen_at"; },
      [](ExperimentQuery& q) { q.metrics[0].kind = MetricKind::ratio; },
      [](ExperimentQuery& q) { q.metrics[0].kind = MetricKind::retention; },
      [](ExperimentQuery& q) { q.metrics[0].kind = MetricKind::funnel; },
      [](ExperimentQuery& q) { q.metrics[0].delay_us = -1; },
      [](ExperimentQuery& q) { q.metrics[0].length_us = -1; },
      [](ExperimentQuery& q) { q.metrics[0].covariate_us = -1; },
      [](ExperimentQuery& q) { q.metrics[0].cap_quantile = 1.0; },
      [](ExperimentQuery& q) { q.metrics[0].cap_quantile = 0.0; },
      [](ExperimentQuery& q) {
        q.metrics[0].cap_quantile = 0.9;
        q.metrics[0].cap_value = 3.0;
      },
      [](ExperimentQuery& q) {
        q.segments = {{"s", SegmentBy::Kind::first_touch, "nothing", 0}};
      },
      [](ExperimentQuery& q) {
        q.segments = {{"s", SegmentBy::Kind::tenure, "", -1}};
      },
      [](ExperimentQuery& q) { q.max_age = -1; },
      [](ExperimentQuery& q) { q.max_age = kMaxAge + 1; },
      [](ExperimentQuery& q) { q.cluster = "contry"; },
      [](ExperimentQuery& q) {
        q.cluster = "country";
        q.max_clusters = 0;
      }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ExperimentQuery query = valid_experiment();
    changes[i](query);
    const auto refused = checked(query, words());
    ASSERT_FALSE(refused) << i;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec) << i;
  }
}

TEST(Checked, BoundsTheStepsOfAFunnelAndTheDaysOfTheRest) {
  FunnelQuery funnel;
  EXPECT_FALSE(checked(funnel, words()));
  funnel.steps.resize(16);
  EXPECT_TRUE(checked(funnel, words()));
  funnel.window_us = -1;
  EXPECT_FALSE(checked(funnel, words()));
  funnel.window_us = 0;
  funnel.steps.resize(17);
  EXPECT_FALSE(checked(funnel, words()));
  ActiveUsersQuery active;
  active.trailing_days = 0;
  EXPECT_FALSE(checked(active, words()));
  RetentionQuery retention;
  retention.max_day = 0;
  EXPECT_FALSE(checked(retention, words()));
}

TEST(Checked, BoundsTheDaysOfASeriesAndTheUnitsOfATable) {
  SeriesQuery series;
  EXPECT_TRUE(checked(series, words()));
  series.first_day = 1;
  EXPECT_FALSE(checked(series, words()));
  series.last_day = static_cast<Day>(kMaxSeriesDays);
  EXPECT_TRUE(checked(series, words()));
  series.first_day = 0;
  const auto long_one = checked(series, words());
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().problem, "the series has 36601 days; at most 36600");
  for (const Day far : {-2'147'483'647 - 1, 2'147'483'647}) {
    series.first_day = series.last_day = far;
    EXPECT_FALSE(checked(series, words()));
  }
  UnitTableQuery table{valid_experiment()};
  EXPECT_TRUE(checked(table, words()));
  table.max_units = 0;
  EXPECT_FALSE(checked(table, words()));
  table = {valid_experiment()};
  table.first_events.assign(kMaxFirstEvents, {{"play"}, std::nullopt});
  EXPECT_TRUE(checked(table, words()));
  table.first_events.push_back({{"play"}, std::nullopt});
  EXPECT_FALSE(checked(table, words()));
  table.first_events = {{{"plai"}, std::nullopt}};
  EXPECT_FALSE(checked(table, words()));
  table = {valid_experiment()};
  table.experiment.arms.clear();
  EXPECT_FALSE(checked(table, words()));
}

}  // namespace
}  // namespace assay::engine
