#include "assay/warehouse/adbc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "assay/warehouse/adbc_driver.hpp"
#include "assay/warehouse/engine_error.hpp"
#include "assay/warehouse/statement_tag.hpp"

// ADBC without a network: libduckdb.so is an ADBC driver itself. Spark and Flight SQL are tested
// against running engines in tests/cluster.

namespace assay::warehouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
namespace fs = std::filesystem;

EngineUrl duckdb_url() {
  EngineUrl url;
  url.scheme = "duckdb";
  url.text = "duckdb://";
  url.options["driver"] = ASSAY_LIBDUCKDB;
  return url;
}

std::unique_ptr<Connection> open_duckdb(const std::vector<std::string>& tags = {}) {
  ConnectOptions options;
  options.tags = tags;
  auto line = connect_adbc(duckdb_url(), options);
  EXPECT_TRUE(line) << (line ? "" : to_text(line.error()));
  return line ? std::move(*line) : nullptr;
}

frame::Table rows_of(Connection& line, const std::string& statement) {
  auto answer = line.query(statement);
  EXPECT_TRUE(answer) << statement << "\n" << (answer ? "" : to_text(answer.error()));
  return answer ? std::move(answer->rows) : frame::Table{};
}

TEST(Adbc, BringsBackEveryTypeOfAnAnswer) {
  const auto line = open_duckdb();
  const frame::Table rows = rows_of(
      *line,
      "SELECT true AS b, 9007199254740993::BIGINT AS i, (-7)::TINYINT AS s, 'nan'::DOUBLE AS n, "
      "'-inf'::FLOAT AS f, 12.5::DECIMAL(9, 2) AS d, DATE '2026-01-01' AS day, "
      "TIMESTAMPTZ '2026-01-01 00:00:00+02' AS z, TIMESTAMP_NS '2026-01-01 00:00:00.000001' AS w, "
      "'it''s \"q\" \\ ü' AS t, NULL::BIGINT AS none, 'b'::ENUM('a', 'b') AS e");
  ASSERT_EQ(rows.columns.size(), 12U);
  EXPECT_EQ(rows.columns[0].ints[0], 1);
  EXPECT_EQ(rows.columns[1].ints[0], 9007199254740993);  // No double holds it.
  EXPECT_EQ(rows.columns[2].ints[0], -7);
  EXPECT_TRUE(std::isnan(rows.columns[3].doubles[0]));
  EXPECT_EQ(rows.columns[4].doubles[0], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(rows.columns[5].doubles[0], 12.5);
  EXPECT_EQ(rows.columns[6].ints[0], 1'767'225'600'000'000);
  EXPECT_EQ(rows.columns[7].ints[0], 1'767'225'600'000'000 - 7'200'000'000);
  EXPECT_EQ(rows.columns[8].ints[0], 1'767'225'600'000'001);
  EXPECT_EQ(rows.columns[9].dictionary.at(rows.columns[9].codes[0]), "it's \"q\" \\ ü");
  EXPECT_TRUE(rows.columns[10].is_null(0));
  EXPECT_EQ(rows.columns[11].dictionary.at(rows.columns[11].codes[0]), "b");
}

TEST(Adbc, BringsBackManyBatchesInOrder) {
  const auto line = open_duckdb({"spec 1f2e", "*/ SELECT 1"});
  const frame::Table rows = rows_of(*line, "SELECT range AS n FROM range(10000) ORDER BY n");
  ASSERT_EQ(rows.rows(), 10'000U);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    ASSERT_EQ(rows.columns[0].ints[i], static_cast<std::int64_t>(i));
  }
  const auto answer = line->query("SELECT 1::BIGINT AS n");
  EXPECT_EQ(answer->cost.bytes_returned, 8);
  EXPECT_GT(answer->cost.wall_us, 0);
  EXPECT_EQ(rows_of(*line, "SELECT 1 AS n WHERE false").columns.size(), 1U);
}

TEST(Adbc, NamesColumnsAndTheTablesThatThereAre) {
  const auto line = open_duckdb();
  rows_of(*line, "CREATE TABLE events (user_id BIGINT, seen TIMESTAMPTZ, name VARCHAR)");
  const auto columns = line->columns({"", "", "events"});
  ASSERT_TRUE(columns) << to_text(columns.error());
  ASSERT_EQ(columns->size(), 3U);
  EXPECT_EQ((*columns)[0].type, ColumnType::int64);
  EXPECT_EQ((*columns)[1].type, ColumnType::instant);
  EXPECT_EQ((*columns)[2].type, ColumnType::text);
  const auto missing = line->columns({"", "", "event"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(missing.error().have, HasSubstr("tables events"));
  EXPECT_THAT(missing.error().fix, HasSubstr("events"));
}

TEST(Adbc, MapsRefusalsAndLivesOn) {
  const auto line = open_duckdb();
  const auto code = [&](const std::string& statement) {
    const auto answer = line->query(statement);
    EXPECT_FALSE(answer) << statement;
    EXPECT_THAT(answer.error().have, HasSubstr("Error")) << "the engine's own words stay";
    return answer ? ErrorCode::internal : answer.error().code;
  };
  EXPECT_EQ(code("SELECT nope FROM range(3)"), ErrorCode::invalid_spec);
  EXPECT_EQ(code("SELECT * FROM nope"), ErrorCode::invalid_spec);
  EXPECT_EQ(code("SELEC 1"), ErrorCode::invalid_spec);
  EXPECT_EQ(code("SELECT CAST(x AS BIGINT) FROM (VALUES ('a')) t(x)"), ErrorCode::invalid_data);
  EXPECT_EQ(line->query(std::string("SELECT 1\0 + 1", 13)).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(line->query("SELECT [1, 2] AS l").error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(rows_of(*line, "SELECT 7::BIGINT AS n").columns[0].ints[0], 7);
}

TEST(Adbc, RefusesAResultThatIsNoSufficientStatistic) {
  const auto line = open_duckdb();
  const auto answer = line->query("SELECT range FROM range(5010000)");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(rows_of(*line, "SELECT 7::BIGINT AS n").columns[0].ints[0], 7);
}

TEST(Adbc, CancelsWithinATenthOfASecondOfAStop) {
  using Clock = std::chrono::steady_clock;
  const auto line = open_duckdb();
  std::atomic<bool> stop{false};
  std::atomic<int> reports{0};
  Clock::time_point asked;
  Progress progress;
  progress.stop = &stop;
  progress.report = [&](std::string_view, double) { ++reports; };
  std::jthread hand([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    asked = Clock::now();
    stop = true;
  });
  const auto answer = line->query(
      "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", progress);
  const auto took = Clock::now() - asked;
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::interrupted);
  EXPECT_LT(took, std::chrono::seconds(2));  // 100 ms and what a loaded machine takes on top.
  EXPECT_GE(reports, 1);
  stop = false;
  EXPECT_EQ(rows_of(*line, "SELECT 7::BIGINT AS n").columns[0].ints[0], 7);
}

TEST(Adbc, ShowsTheEnginesPlan) {
  const auto line = open_duckdb();
  const auto estimate = line->estimate("SELECT count(*) FROM range(10)");
  ASSERT_TRUE(estimate) << to_text(estimate.error());
  EXPECT_THAT(estimate->text, HasSubstr("RANGE"));
  EXPECT_THAT(line->describe_engine().value_or(""), HasSubstr("v1."));
  EXPECT_EQ(line->name(), "duckdb");
}

class AdbcDriverTest : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("assay_adbc_" + std::to_string(::getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  fs::path folder;
};

TEST_F(AdbcDriverTest, SaysWhereItLookedWhenThereIsNone) {
  EngineUrl url;
  url.scheme = "spark";
  ::setenv("ASSAY_ADBC_PATH", folder.c_str(), 1);
  const auto driver = load_driver(url);
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, ErrorCode::unavailable);
  EXPECT_THAT(driver.error().have, HasSubstr((folder / "libadbc_driver_spark.so").string()));
  EXPECT_THAT(driver.error().have, HasSubstr("/usr/local/lib/libadbc_driver_spark.so"));
  EXPECT_THAT(driver.error().fix, HasSubstr("ASSAY_ADBC_SPARK"));
  ::setenv("ASSAY_ADBC_SPARK", "/nowhere/at/all.so", 1);
  EXPECT_THAT(driver_candidates(url), ElementsAre("/nowhere/at/all.so"));
  url.options["driver"] = "mine.so";
  EXPECT_THAT(driver_candidates(url), ElementsAre("mine.so"));
  ::unsetenv("ASSAY_ADBC_SPARK");
  ::unsetenv("ASSAY_ADBC_PATH");
}

TEST_F(AdbcDriverTest, RefusesAFileThatIsNoLibrary) {
  EngineUrl url = duckdb_url();
  url.options["driver"] = (folder / "text.so").string();
  std::ofstream(folder / "text.so") << "not a library\n";
  const auto driver = load_driver(url);
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, ErrorCode::unavailable);
  EXPECT_THAT(driver.error().problem, HasSubstr("no library"));
}

TEST_F(AdbcDriverTest, RefusesALibraryWithoutTheEntryPoint) {
  EngineUrl url = duckdb_url();
  url.options["entry"] = "NoSuchInit";
  const auto named = load_driver(url);
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().code, ErrorCode::unavailable);
  EXPECT_THAT(named.error().have, HasSubstr("NoSuchInit"));
  url.options.erase("entry");
  url.options["driver"] = ASSAY_NO_DRIVER;
  const auto none = load_driver(url);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().problem, HasSubstr("no entry point"));
}

TEST(Adbc, SaysWhichOptionADriverRefuses) {
  EngineUrl url = duckdb_url();
  url.options["option.no_such_option"] = "1";
  const auto line = connect_adbc(url, {});
  ASSERT_FALSE(line);
  EXPECT_THAT(to_text(line.error()), HasSubstr("no_such_option"));
}

EngineUrl url_of(const std::string& scheme, const std::string& host, int port = 0) {
  EngineUrl url;
  url.scheme = scheme;
  url.host = host;
  url.port = port;
  return url;
}

TEST(AdbcOptions, SayToEachDriverWhatItsDocumentsAskFor) {
  EngineUrl url = url_of("spark", "lake.example");
  EXPECT_THAT(*adbc_options(url), ElementsAre(Pair("uri", "sc://lake.example:15002"),
                                              Pair("adbc.spark.user_agent", "assay")));
  url = url_of("flightsql", "::1", 7);
  url.user = "ann";
  url.options = {{"tls", "true"}, {"option.adbc.flight.sql.rpc.timeout_seconds.query", "9"}};
  EXPECT_THAT(*adbc_options(url),
              ElementsAre(Pair("uri", "grpc+tls://[::1]:7"), Pair("username", "ann"),
                          Pair("adbc.flight.sql.rpc.timeout_seconds.query", "9")));
  url = url_of("postgresql", "db");
  url.user = "a@b";
  url.path = {"my db"};
  EXPECT_THAT(*adbc_options(url), ElementsAre(Pair("uri", "postgresql://a%40b@db:5432/my%20db")));
  url = url_of("snowflake", "acc");
  url.path = {"DB", "S"};
  url.options["warehouse"] = "W";
  EXPECT_THAT(*adbc_options(url), ElementsAre(Pair("adbc.snowflake.sql.account", "acc"),
                                              Pair("adbc.snowflake.sql.db", "DB"),
                                              Pair("adbc.snowflake.sql.schema", "S"),
                                              Pair("adbc.snowflake.sql.warehouse", "W")));
  url = url_of("bigquery", "proj");
  url.path = {"set"};
  EXPECT_THAT(*adbc_options(url), ElementsAre(Pair("adbc.bigquery.sql.project_id", "proj"),
                                              Pair("adbc.bigquery.sql.dataset_id", "set")));
}

TEST(AdbcOptions, TakeSecretsFromTheEnvironmentOnly) {
  ::setenv("ASSAY_TEST_SECRET", "p w/d", 1);
  EngineUrl url = url_of("postgresql", "db");
  url.user = "ann";
  url.options["password_env"] = "ASSAY_TEST_SECRET";
  EXPECT_THAT(*adbc_options(url), ElementsAre(Pair("uri", "postgresql://ann:p%20w%2Fd@db:5432")));
  url = url_of("spark", "h");
  url.options["token_env"] = "ASSAY_TEST_SECRET";
  EXPECT_THAT(adbc_options(url)->at(2), Pair("adbc.spark.token", "p w/d"));
  ::unsetenv("ASSAY_TEST_SECRET");
  const auto missing = adbc_options(url);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::unavailable);
}

TEST(AdbcOptions, RefuseWhatIsNone) {
  EngineUrl url = url_of("spark", "h");
  url.options["tokenenv"] = "X";
  const auto options = adbc_options(url);
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(options.error().fix, HasSubstr("token_env"));
  url.options = {{"tls", "yes"}};
  EXPECT_FALSE(adbc_options(url));
  EXPECT_EQ(adbc_options(url_of("oracle", "h")).error().code, ErrorCode::invalid_spec);
}

TEST(Adbc, AsksForTheDialectWhereTheSchemeDoesNotSay) {
  EngineUrl url = url_of("flightsql", "h");
  const auto line = connect_adbc(url, {});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(line.error().fix, HasSubstr("dialect="));
  url.options["dialect"] = "klingon";
  EXPECT_THAT(to_text(connect_adbc(url, {}).error()), HasSubstr("klingon"));
}

// Source of the words: seen on Spark 4.3 and Sail 0.7.2; the states are ISO 9075's.
TEST(EngineError, ReadsTheStateBeforeTheWords) {
  const auto code = [](const std::string& said, const std::string& state = {}) {
    Refusal refusal;
    refusal.said = said;
    refusal.sqlstate = state;
    return engine_error(refusal).value().code;
  };
  EXPECT_EQ(code("[Spark] [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column ... SQLSTATE: 42703"),
            ErrorCode::invalid_spec);
  EXPECT_EQ(code("[Spark] [DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012"),
            ErrorCode::invalid_data);
  EXPECT_EQ(code("overflow", "42P01"), ErrorCode::invalid_spec);
  EXPECT_EQ(code("no", "28P01"), ErrorCode::unavailable);
  EXPECT_EQ(code("rpc error: code = Unavailable desc = connection refused"),
            ErrorCode::unavailable);
  EXPECT_EQ(code("something else altogether"), ErrorCode::unavailable);
}

TEST(EngineError, KeepsTheEnginesOwnWordsOnOneShortLine) {
  Refusal refusal;
  refusal.engine = "spark at h:1";
  refusal.said = "[TABLE_OR_VIEW_NOT_FOUND] The table\n\n  `x`" + std::string(5'000, 'y');
  refusal.error_name = "INTERNAL";
  const Error error = engine_error(refusal).value();
  EXPECT_EQ(error.where, "spark at h:1");
  EXPECT_THAT(error.problem, HasSubstr("no such table"));
  EXPECT_THAT(error.have, testing::StartsWith("INTERNAL: [TABLE_OR_VIEW_NOT_FOUND] The table `x`"));
  EXPECT_LT(error.have.size(), 1'100U);
}

TEST(StatementTag, CannotEndItsComment) {
  EXPECT_EQ(tag_comment({}), "");
  EXPECT_EQ(tag_comment({"spec 1f", "*/ DROP TABLE t; --\n/*"}),
            "/* assay: spec 1f, __ DROP TABLE t_ --___ */ ");
}

}  // namespace
}  // namespace assay::warehouse
