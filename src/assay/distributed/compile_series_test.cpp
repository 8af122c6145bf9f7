#include <fmt/core.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "assay/distributed/compile.hpp"
#include "assay/engine/check.hpp"
#include "assay/engine/database.hpp"
#include "assay/warehouse/duckdb_line.hpp"

namespace assay::distributed {
namespace {

// Answers in this file are worked out by hand.
class CompileSeries : public testing::Test {
 protected:
  void SetUp() override {
    database_ = std::make_unique<engine::Database>(std::move(*engine::Database::open()));
    line_ = warehouse::connection_over(*database_);
    ASSERT_TRUE(database_->execute(
        "CREATE TABLE log AS SELECT * FROM (VALUES "
        "(1, TIMESTAMPTZ '2026-05-01 05:00:00Z', 'play', 10.0), "  // 30 April in Los Angeles.
        "(1, TIMESTAMPTZ '2026-05-01 08:00:00Z', 'play', 1.0), "
        "(1, TIMESTAMPTZ '2026-05-02 06:59:59Z', 'play', 3.0), "  // Still 1 May there.
        "(2, TIMESTAMPTZ '2026-05-01 09:00:00Z', 'open', NULL), "
        "(2, TIMESTAMPTZ '2026-05-03 20:00:00Z', 'play', 5.0)) AS t(unit, ts, event, value)"));
  }

  Result<engine::Series> ask(const engine::SeriesQuery& asked, const Shifts& shifts = {}) {
    EventTableSpec spec;
    spec.table.table = "log";
    spec.source.unit = {"unit", "unit", frame::Type::int64};
    spec.source.event_expression = "event";
    spec.source.event_time.expression = "ts";
    spec.source.properties = {{"value", "value", frame::Type::float64}};
    ASSAY_TRY(const EventTable table, open_table(*line_, spec, {}));
    ASSAY_TRY(const engine::SeriesQuery query, engine::checked(asked, table.words));
    ASSAY_TRY(const sql::Plan plan, compile(query, table, shifts));
    ASSAY_TRY(const std::string statement, line_->dialect().statement(plan));
    ASSAY_TRY(const warehouse::Answer answer, line_->query(statement));
    rows_ = answer.rows.rows();
    return decode(query, answer.rows, shifts);
  }

  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<warehouse::Connection> line_;
  std::size_t rows_ = 0;
};

engine::SeriesQuery of_may() {
  engine::SeriesQuery query;
  query.first_day = *parse_day("2026-05-01");
  query.last_day = *parse_day("2026-05-04");
  query.timezone = *TimeZone::find("America/Los_Angeles");
  const engine::EventSelector play{{"play"}, std::nullopt};
  const engine::Term value{play, engine::Aggregation::sum, "value", 1.0};
  query.metrics = {{"value", value, {}, {}},
                   {"a_play", value, engine::Term{play, engine::Aggregation::count, "", 1.0}, {}},
                   {"days", {{}, engine::Aggregation::distinct_days, "", 1.0}, {}, {}},
                   {"capped", value, {}, 2.5}};
  return query;
}

TEST_F(CompileSeries, GivesEveryLocalDayOnItsOwnAndARowADay) {
  for (const Shifts& shifts : {Shifts(), Shifts{{2.0}, {2.0, 1.0}, {1.0}, {0.5}}}) {
    const auto series = ask(of_may(), shifts);
    ASSERT_TRUE(series) << to_text(series.error());
    EXPECT_EQ(rows_, 2U);  // Days without a unit come from us.
    ASSERT_EQ(series->days.size(), 4U);
    const engine::UnitTotals& first = series->days[0];
    EXPECT_EQ(first.units, 2);  // Values 4 and 0.
    EXPECT_DOUBLE_EQ(first.moments[0].mean[0], 2.0);
    EXPECT_DOUBLE_EQ(first.moments[0].at(0, 0), 8.0);
    EXPECT_DOUBLE_EQ(first.moments[1].mean[1], 1.0);  // Plays 2 and 0.
    EXPECT_DOUBLE_EQ(first.moments[1].at(0, 1), 4.0);
    EXPECT_DOUBLE_EQ(first.moments[2].mean[0], 1.0);
    EXPECT_DOUBLE_EQ(first.moments[3].mean[0], 1.25);  // 4 cut to 2.5, and 0.
    EXPECT_EQ(series->days[1].units, 0);
    EXPECT_EQ(series->days[1].moments[1].size(), 2U);
    EXPECT_EQ(series->days[2].units, 1);
    EXPECT_DOUBLE_EQ(series->days[2].moments[0].mean[0], 5.0);
    EXPECT_EQ(series->days[3].units, 0);
  }
}

TEST_F(CompileSeries, ActiveEventsDecideWhoCounts) {
  engine::SeriesQuery query = of_may();
  query.active.names = {"open"};
  const auto series = ask(query);
  ASSERT_TRUE(series) << to_text(series.error());
  EXPECT_EQ(series->days[0].units, 1);
  EXPECT_EQ(series->days[0].moments[0].mean[0], 0.0);
  EXPECT_EQ(series->days[2].units, 0);
}

TEST_F(CompileSeries, ValuesFarFromZeroAreAskedAgainWithOneShiftAMetric) {
  engine::MetricMoments far(1);
  far.n = 100;
  far.mean = {1e6};
  far.comoment = {100.0};
  engine::MetricMoments near(1);
  near.n = 300;
  near.mean = {1e6 + 4.0};
  near.comoment = {300.0};
  engine::Series series;
  series.days = {{100, {far}}, {300, {near}}};
  ASSERT_EQ(shifts_for(series).size(), 1U);
  EXPECT_DOUBLE_EQ(shifts_for(series)[0][0], 1e6 + 3.0);  // Of all units of all days.
  series.days[0].moments[0].mean = series.days[1].moments[0].mean = {1.0};
  EXPECT_TRUE(shifts_for(series).empty());
}

}  // namespace
}  // namespace assay::distributed
