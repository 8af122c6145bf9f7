#include "assay/warehouse/duckdb_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

namespace assay::warehouse {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

engine::Database memory() { return std::move(*engine::Database::open()); }

TEST(DuckdbLine, AnswersOverADatabaseThatIsOpen) {
  engine::Database database = memory();
  ASSERT_TRUE(database.execute("CREATE TABLE t AS SELECT range AS n FROM range(5)"));
  const auto line = connection_over(database);
  const auto answer = line->query("SELECT sum(n)::BIGINT AS s, 'nan'::DOUBLE AS d FROM t");
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_EQ(answer->rows.columns[0].ints, std::vector<std::int64_t>{10});
  EXPECT_TRUE(std::isnan(answer->rows.columns[1].doubles[0]));
  EXPECT_GT(answer->cost.wall_us, 0);
  EXPECT_GT(answer->cost.bytes_returned, 0);
  EXPECT_EQ(line->name(), "duckdb");
  EXPECT_THAT(line->describe_engine().value_or(""), HasSubstr("DuckDB v"));
  EXPECT_FALSE(line->snapshot({"", "", "t"})->has_value());
}

TEST(DuckdbLine, NamesTheColumnsOfATableWithTheirTypes) {
  engine::Database database = memory();
  ASSERT_TRUE(database.execute(
      "CREATE TYPE side AS ENUM ('a', 'b'); CREATE SCHEMA \"odd \"\"name\";"
      "CREATE TABLE \"odd \"\"name\".\"ta.ble\" (b BOOLEAN, i SMALLINT, u UBIGINT, f FLOAT, "
      "m DECIMAL(12, 2), t VARCHAR, e side, d DATE, z TIMESTAMPTZ, w TIMESTAMP, l VARCHAR[], "
      "y BLOB, \"na\"\"me\" TIMESTAMP_NS)"));
  const auto line = connection_over(database);
  const auto columns = line->columns({"", "odd \"name", "ta.ble"});
  ASSERT_TRUE(columns) << to_text(columns.error());
  std::vector<ColumnType> types;
  for (const TableColumn& column : *columns) types.push_back(column.type);
  using T = ColumnType;
  EXPECT_EQ(types, (std::vector<T>{T::boolean, T::int64, T::int64, T::float64, T::float64, T::text,
                                   T::text, T::date, T::instant, T::wall_clock, T::other, T::other,
                                   T::wall_clock}));
  EXPECT_EQ(columns->back().name, "na\"me");
  EXPECT_EQ((*columns)[8].engine_type, "TIMESTAMP WITH TIME ZONE");
}

TEST(DuckdbLine, SaysWhichTablesThereAreWhenOneIsMissing) {
  engine::Database database = memory();
  ASSERT_TRUE(database.execute("CREATE TABLE events (n INTEGER); CREATE TABLE users (n INTEGER)"));
  const auto missing = connection_over(database)->columns({"", "", "event"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(missing.error().have, "events, users");
  EXPECT_THAT(missing.error().fix, HasSubstr("events"));
}

TEST(DuckdbLine, MapsErrorsOfStatements) {
  engine::Database database = memory();
  const auto line = connection_over(database);
  for (const char* statement : {"SELECT nope FROM range(3)", "SELECT * FROM nope", "SELEC 1"}) {
    const auto answer = line->query(statement);
    ASSERT_FALSE(answer) << statement;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_spec) << statement;
  }
  const auto overflow = line->query("SELECT CAST('x' AS BIGINT)");
  ASSERT_FALSE(overflow);
  EXPECT_EQ(overflow.error().code, ErrorCode::invalid_data);
}

TEST(DuckdbLine, RefusesAResultThatIsNoSufficientStatistic) {
  engine::Database database = memory();
  const auto line = connection_over(database);
  const auto answer = line->query("SELECT range FROM range(5000001)");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(answer.error().problem, HasSubstr("5000000"));
}

TEST(DuckdbLine, EstimatesWhatAStatementReads) {
  engine::Database database = memory();
  ASSERT_TRUE(database.execute("CREATE TABLE t AS SELECT range AS n FROM range(1000)"));
  const auto estimate = connection_over(database)->estimate(
      "SELECT count(n) FROM t a JOIN t b "
      "USING (n)");
  ASSERT_TRUE(estimate) << to_text(estimate.error());
  EXPECT_EQ(estimate->rows, 2000);  // Both inputs are whole tables of 1,000 rows.
  EXPECT_THAT(estimate->text, HasSubstr("SCAN"));
  EXPECT_FALSE(connection_over(database)->estimate("SELECT nope FROM t"));
}

TEST(DuckdbLine, StopsOnRequest) {
  engine::Database database = memory();
  const auto line = connection_over(database);
  std::atomic<bool> stop{false};
  Progress progress;
  progress.stop = &stop;
  std::jthread hand([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop = true;
  });
  const auto answer = line->query(
      "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", progress);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::interrupted);
}

TEST(DuckdbLine, OpensAFileForReadingOnly) {
  const fs::path folder = fs::temp_directory_path() / ("assay_line_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const fs::path file = folder / "a.duckdb";
  {
    engine::DatabaseOptions options;
    options.file = file;
    auto database = engine::Database::open(options);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("CREATE TABLE t AS SELECT 7 AS n"));
  }
  EngineUrl url;
  url.scheme = "duckdb";
  for (const fs::path& part : file.relative_path()) url.path.push_back(part.string());
  {
    const auto line = connect_duckdb(url, {});
    ASSERT_TRUE(line) << to_text(line.error());
    EXPECT_EQ((*line)->query("SELECT n FROM t")->rows.columns[0].ints[0], 7);
    const auto written = (*line)->query("CREATE TABLE u AS SELECT 1 AS n");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::invalid_spec);
  }
  url.options["thread"] = "2";
  EXPECT_EQ(connect_duckdb(url, {}).error().code, ErrorCode::invalid_spec);
  url.options.clear();
  url.path.back() = "b.duckdb";
  EXPECT_EQ(connect_duckdb(url, {}).error().code, ErrorCode::unavailable);
  fs::remove_all(folder);
}

TEST(DuckdbLine, OpensADatabaseInMemoryWithoutAPath) {
  EngineUrl url;
  url.scheme = "duckdb";
  const auto line = connect_duckdb(url, {});
  ASSERT_TRUE(line) << to_text(line.error());
  EXPECT_EQ((*line)->query("SELECT 1 AS n")->rows.columns[0].ints[0], 1);
}

}  // namespace
}  // namespace assay::warehouse
