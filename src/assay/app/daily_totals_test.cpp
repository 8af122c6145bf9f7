#include "assay/app/daily_totals.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "assay/base/file.hpp"
#include "assay/distributed/engine.hpp"
#include "assay/engine/duckdb_engine.hpp"
#include "assay/warehouse/duckdb_line.hpp"

namespace assay::app {
namespace {

using distributed::DistributedEngine;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A table of plays that grows, one of unit 1 at noon (UTC) of every day of June 2026.
class DailyTotalsOfAWarehouse : public testing::Test {
 protected:
  void SetUp() override {
    request.project = std::filesystem::temp_directory_path() /
                      ("assay_daily_totals_" + std::to_string(::getpid()) + "_" +
                       testing::UnitTest::GetInstance()->current_test_info()->name());
    request.engine = "trino://host/lake/app";
    request.source = &source;
    source.late.emplace().watermark_us = 2 * kDayUs;
    execute("CREATE TABLE plays (unit BIGINT, ts TIMESTAMPTZ, event VARCHAR)");
    for (int day = 1; day <= 10; ++day) play(1, day);
  }
  void TearDown() override { std::filesystem::remove_all(request.project); }

  void execute(const std::string& sql) {
    const auto done = database->execute(sql);
    ASSERT_TRUE(done) << to_text(done.error());
  }
  void play(int unit, int day) {
    execute(
        fmt::format("INSERT INTO plays VALUES ({}, '2026-06-{:02} 12:00:00Z', 'play')", unit, day));
  }

  /// Days of June; what the engine was asked is kept in `statements`.
  DailyTotals ask(int last_day) {
    distributed::EventTableSpec spec;
    spec.table.table = "plays";
    spec.source.unit = {"unit", "unit", frame::Type::int64};
    spec.source.event_expression = "event";
    spec.source.event_time.expression = "ts";
    auto engine = DistributedEngine::open(warehouse::connection_over(*database), spec);
    EXPECT_TRUE(engine) << (engine ? "" : to_text(engine.error()));
    engine::SeriesQuery query;
    query.first_day = *parse_day("2026-06-01");
    query.last_day = query.first_day + last_day - 1;
    query.metrics = {{"plays", {{}, engine::Aggregation::count, "", 1.0}, {}, {}}};
    context.warnings.clear();
    OpenEngine open;
    open.warehouse = engine->get();
    open.engine = std::move(*engine);
    auto totals = daily_totals(context, open, query, request);
    EXPECT_TRUE(totals) << (totals ? "" : to_text(totals.error()));
    statements = open.warehouse->asked().size();
    return totals ? std::move(*totals) : DailyTotals();
  }

  std::unique_ptr<engine::Database> database =
      std::make_unique<engine::Database>(std::move(*engine::Database::open()));
  spec::Source source;
  DailyRequest request;
  Context context;
  std::size_t statements = 0;
};

TEST_F(DailyTotalsOfAWarehouse, AsksForNewDaysAndTheHorizonAndSaysSo) {
  EXPECT_THAT(ask(10).origin,
              StartsWith("0 of 10 days came from the project's daily store, 10 were asked "
                         "(2026-06-01 to 2026-06-10). A day is kept for good once the data goes "
                         "2d past its end"));
  // The last event is at noon of the 10th: days up to the 7th ended two days before.
  play(1, 11);
  const DailyTotals next = ask(11);
  EXPECT_THAT(next.origin, StartsWith("7 of 11 days came from the project's daily store, 4 were "
                                      "asked (2026-06-08 to 2026-06-11)"));
  EXPECT_EQ(statements, 1U);
  for (const engine::UnitTotals& day : next.series.days) EXPECT_EQ(day.units, 1);
  ask(5);
  EXPECT_EQ(statements, 0U);  // Nothing was asked at all.
  EXPECT_THAT(context.warnings, IsEmpty());
}

TEST_F(DailyTotalsOfAWarehouse, LateEventsBeyondTheHorizonComeWithRefreshAndAWarning) {
  ask(10);
  play(2, 3);
  EXPECT_EQ(ask(10).series.days[2].units, 1);
  request.refresh = true;
  EXPECT_EQ(ask(10).series.days[2].units, 2);
  EXPECT_THAT(context.warnings,
              ElementsAre(HasSubstr("kept days had changed since: 1, from 2026-06-03 on")));
  request.refresh = false;
  EXPECT_EQ(ask(10).series.days[2].units, 2);
}

TEST_F(DailyTotalsOfAWarehouse, DaysThatTheSpecCallsCompleteAreSettled) {
  source.complete_until = *parse_day("2026-06-11") * kDayUs;
  ask(10);
  EXPECT_THAT(ask(10).origin, StartsWith("10 of 10 days"));
  EXPECT_EQ(statements, 0U);
}

TEST_F(DailyTotalsOfAWarehouse, AnotherEngineKeepsDaysOfItsOwn) {
  ask(10);
  request.engine = "trino://other/lake/app";
  EXPECT_THAT(ask(10).origin, StartsWith("0 of 10 days"));
  request.engine = "trino://host/lake/app";
  EXPECT_THAT(ask(10).origin, StartsWith("7 of 10 days"));
}

TEST_F(DailyTotalsOfAWarehouse, AnEngineOfThisMachineKeepsNothing) {
  engine::Source plays;
  plays.format = engine::SourceFormat::csv;
  plays.paths = {(request.project / "plays.csv").string()};
  ASSERT_TRUE(write_file(plays.paths.front(), "unit,ts,event\n1,2026-06-01 12:00:00,play\n"));
  plays.unit = {"unit", "unit", frame::Type::int64};
  plays.event_expression = "event";
  plays.event_time.expression = "ts";
  auto engine = engine::DuckdbEngine::open(std::move(*engine::Database::open()), plays);
  ASSERT_TRUE(engine) << to_text(engine.error());
  engine::SeriesQuery query;
  query.first_day = query.last_day = *parse_day("2026-06-01");
  OpenEngine open;
  open.engine = std::move(*engine);
  const auto totals = daily_totals(context, open, query, request);
  ASSERT_TRUE(totals) << to_text(totals.error());
  EXPECT_EQ(totals->series.days.front().units, 1);
  EXPECT_EQ(totals->origin, "");
  EXPECT_FALSE(std::filesystem::exists(request.project / ".assay"));
}

}  // namespace
}  // namespace assay::app
