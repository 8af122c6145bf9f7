// The line to Trino on a real cluster. ASSAY_TRINO names it; `make test-cluster` brings one up.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "trino_cluster.hpp"

namespace assay::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using warehouse::Answer;
using warehouse::ColumnType;
using warehouse::Connection;

class TrinoLine : public ::testing::Test {
 protected:
  void SetUp() override {
    if (variable("ASSAY_TRINO").empty())
      GTEST_SKIP() << "ASSAY_TRINO is not set: `make test-cluster` brings a Trino up";
    line_ = open_line(trino_url());
  }

  std::unique_ptr<Connection> line_;
};

TEST_F(TrinoLine, SaysWhichServerAnswers) {
  EXPECT_THAT(line_->describe_engine().value(), HasSubstr("Trino 476 at "));
}

TEST_F(TrinoLine, BringsEveryTypeOverExactly) {
  const Answer answer = ask(
      *line_,
      "SELECT * FROM (VALUES (BIGINT '9007199254740993', CAST(-5 AS tinyint), nan(), "
      "DECIMAL '0.1', true, U&'h\\00e9', DATE '2026-05-04', TIMESTAMP '2026-05-04 "
      "17:03:09.123456', TIMESTAMP '2026-05-04 17:03:09.000001 +02:00', REAL '1.5'), "
      "(-9223372036854775807 - 1, NULL, -infinity(), NULL, NULL, NULL, NULL, NULL, NULL, NULL)) "
      "t(big, tiny, dbl, dec, yes, txt, day, wall, at, flt)");
  ASSERT_EQ(answer.rows.columns.size(), 10U);
  const auto column = [&](const char* name) { return *answer.rows.find(name); };
  EXPECT_THAT(column("big").ints, ElementsAre(9007199254740993, INT64_MIN));
  EXPECT_EQ(column("tiny").ints[0], -5);
  EXPECT_THAT(column("tiny").nulls, ElementsAre(0, 1));
  EXPECT_TRUE(std::isnan(column("dbl").doubles[0]));
  EXPECT_EQ(column("dbl").doubles[1], -INFINITY);
  EXPECT_EQ(column("dec").doubles[0], 0.1);
  EXPECT_EQ(column("flt").doubles[0], 1.5);
  EXPECT_EQ(column("yes").ints[0], 1);
  EXPECT_EQ(column("txt").dictionary[column("txt").codes[0]], "hé");
  // GNU date: date -u -d "2026-05-04 17:03:09" +%s = 1777914189
  EXPECT_EQ(column("day").ints[0], 1777852800LL * 1000000);
  EXPECT_EQ(column("wall").ints[0], 1777914189LL * 1000000 + 123456);
  EXPECT_EQ(column("at").ints[0], (1777914189LL - 7200) * 1000000 + 1);
  EXPECT_THAT(refusal(*line_, "SELECT ARRAY[1]").problem, HasSubstr("array(integer)"));
}

TEST_F(TrinoLine, KeepsMicrosecondsOfAParquetTable) {
  ask(*line_, "DROP TABLE IF EXISTS instants");
  ask(*line_, "CREATE TABLE instants AS SELECT TIMESTAMP '2026-05-04 17:03:09.123456' AS t");
  const Answer answer = ask(*line_, "SELECT t FROM instants");
  EXPECT_THAT(answer.rows.columns.at(0).ints, ElementsAre(1777914189LL * 1000000 + 123456));
  ask(*line_, "DROP TABLE instants");
}

TEST_F(TrinoLine, DescribesColumnsAndNamesWhatThereIs) {
  make_numbers(*line_);
  const auto columns = line_->columns({"", "", "Numbers"});
  ASSERT_TRUE(columns.has_value()) << to_text(columns.error());
  ASSERT_EQ(columns->size(), 2U);
  EXPECT_EQ(columns->at(0).name, "n");
  EXPECT_EQ(columns->at(0).type, ColumnType::int64);
  const auto table = line_->columns({"", "", "nmubers"});
  ASSERT_FALSE(table.has_value());
  EXPECT_EQ(table.error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(table.error().fix, "did you mean numbers?");
  EXPECT_THAT(table.error().have, HasSubstr("TABLE_NOT_FOUND"));
  const auto schema = line_->columns({"", "asay", "numbers"});
  EXPECT_THAT(schema.error().have, HasSubstr("SCHEMA_NOT_FOUND"));
  EXPECT_EQ(schema.error().fix, "did you mean assay?");
  const auto catalog = line_->columns({"hvie", "assay", "numbers"});
  EXPECT_THAT(catalog.error().have, HasSubstr("CATALOG_NOT_FOUND"));
  EXPECT_EQ(catalog.error().fix, "did you mean hive?");
  const auto hostile = line_->columns({"", "", "x\" ; DROP TABLE numbers --'é"});
  EXPECT_THAT(hostile.error().have, HasSubstr("TABLE_NOT_FOUND"));
  EXPECT_EQ(line_->snapshot({"", "", "numbers"}).value(), std::nullopt);
}

TEST_F(TrinoLine, SaysWhatAStatementReadsAndWhatItCost) {
  make_numbers(*line_);
  ask(*line_, "DROP TABLE IF EXISTS days");
  ask(*line_,
      "CREATE TABLE days WITH (partitioned_by = ARRAY['ds']) AS SELECT n, 'd' || "
      "CAST(n % 5 AS varchar) AS ds FROM numbers WHERE n < 10000");
  const std::string two = "SELECT sum(n) FROM days WHERE ds IN ('d1', 'd2') AND n <> 7";
  const auto estimate = line_->estimate(two);
  ASSERT_TRUE(estimate.has_value()) << to_text(estimate.error());
  EXPECT_EQ(estimate->partitions, 2);
  EXPECT_EQ(estimate->rows, 4000);
  EXPECT_GT(estimate->bytes.value(), 0);
  EXPECT_THAT(estimate->text, HasSubstr("hive:assay:days"));
  const Answer some = ask(*line_, two);
  const Answer all = ask(*line_, "SELECT sum(n) FROM days");
  EXPECT_EQ(some.cost.rows_read, 4000);
  EXPECT_EQ(all.cost.rows_read, 10000);
  EXPECT_LT(some.cost.bytes_read.value(), all.cost.bytes_read.value());
  EXPECT_FALSE(some.cost.query_id.empty());
  EXPECT_GT(some.cost.peak_memory.value(), 0);
  ask(*line_, "DROP TABLE days");
}

TEST_F(TrinoLine, TellsRefusalsApart) {
  make_numbers(*line_);
  const auto expect = [&](const char* statement, ErrorCode code, const char* name) {
    const Error error = refusal(*line_, statement);
    EXPECT_EQ(error.code, code) << statement;
    EXPECT_THAT(error.have, HasSubstr(name)) << statement;
  };
  expect("SELECT nope FROM numbers", ErrorCode::invalid_spec, "COLUMN_NOT_FOUND");
  expect("SELECT n FROM nope", ErrorCode::invalid_spec, "TABLE_NOT_FOUND");
  expect("SELEC 1", ErrorCode::internal, "SYNTAX_ERROR");
  expect("SELECT 1 / (n - n) FROM numbers", ErrorCode::invalid_data, "DIVISION_BY_ZERO");
  expect("SELECT sum(n + 9223372036854000000) FROM numbers", ErrorCode::invalid_data,
         "NUMERIC_VALUE_OUT_OF_RANGE");
  expect("SELECT CAST('x' AS bigint)", ErrorCode::invalid_data, "INVALID_CAST_ARGUMENT");
  const auto stranger = open_line(trino_url("", "stranger"));
  const Error denied = refusal(*stranger, "SELECT n FROM numbers");
  EXPECT_EQ(denied.code, ErrorCode::invalid_spec);
  EXPECT_THAT(denied.have, HasSubstr("PERMISSION_DENIED"));
  EXPECT_THAT(
      refusal(*open_line(trino_url("session.query_max_memory=1MB")), kSlowStatement).problem,
      HasSubstr("more memory"));
  const auto odd = open_line(trino_url("session.query_max_run_time=3s"));
  EXPECT_THAT(refusal(*odd, kSlowStatement).problem, HasSubstr("time limit"));
}

TEST_F(TrinoLine, LeavesNoQueryRunningAfterAStop) {
  make_numbers(*line_);
  std::atomic<bool> stop{false};
  std::chrono::steady_clock::time_point asked;
  const Progress progress{.report =
                              [&](std::string_view step, double) {
                                if (step.starts_with("running") && !stop) {
                                  asked = std::chrono::steady_clock::now();
                                  stop = true;
                                }
                              },
                          .stop = &stop};
  const auto answer = line_->query(kSlowStatement, progress);
  const auto took = std::chrono::steady_clock::now() - asked;
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::interrupted);
  EXPECT_LT(took, std::chrono::milliseconds(2500));
  EXPECT_EQ(slow_statements_running(*line_), 0);
}

TEST_F(TrinoLine, TellsWhenSomebodyElseStopsTheQuery) {
  make_numbers(*line_);
  std::atomic<bool> runs{false};
  std::thread owner([&] {
    while (!runs) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto line = open_line(trino_url());
    const Answer found = ask(*line,
                             "SELECT query_id FROM system.runtime.queries WHERE state = 'RUNNING' "
                             "AND query LIKE '%/* slow */%' AND query NOT LIKE '%runtime%'");
    ASSERT_EQ(found.rows.rows(), 1U);
    ask(*line, fmt::format("CALL system.runtime.kill_query('{}', 'enough')",
                           found.rows.columns[0].dictionary[found.rows.columns[0].codes[0]]));
  });
  const Progress progress{
      .report = [&](std::string_view step, double) { runs = runs || step.starts_with("running"); }};
  const auto answer = line_->query(kSlowStatement, progress);
  runs = true;
  owner.join();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_THAT(answer.error().have, HasSubstr("ADMINISTRATIVELY_KILLED"));
  EXPECT_THAT(answer.error().have, HasSubstr("enough"));
}

TEST_F(TrinoLine, SpeaksTlsWithAPassword) {
  const std::string url = variable("ASSAY_TRINO_TLS");
  if (url.empty()) GTEST_SKIP() << "ASSAY_TRINO_TLS is not set";
  const auto line = open_line(url + "&password_env=ASSAY_TRINO_PASSWORD");
  EXPECT_EQ(number(*line, "SELECT count(*) FROM UNNEST(sequence(1, 7))"), 7);
  const auto failure = [](const std::string& text) {
    const auto refused = warehouse::connect(warehouse::parse_engine_url(text).value(), {});
    EXPECT_FALSE(refused.has_value());
    return refused ? Error{} : refused.error();
  };
  ::setenv("ASSAY_TRINO_WRONG", "battery staple", 1);
  const Error wrong = failure(url + "&password_env=ASSAY_TRINO_WRONG");
  EXPECT_EQ(wrong.code, ErrorCode::unavailable);
  EXPECT_EQ(wrong.problem, "the engine refuses user and password");
  EXPECT_THAT(wrong.have, HasSubstr("HTTP 401"));
  EXPECT_THAT(failure(url + "&token_env=ASSAY_TRINO_WRONG").problem, HasSubstr("the token"));
  EXPECT_THAT(failure(url).problem, HasSubstr("who asks"));
  const std::string untrusted = url.substr(0, url.find("&ca_file"));
  EXPECT_THAT(failure(untrusted + "&password_env=ASSAY_TRINO_PASSWORD").problem,
              HasSubstr("not trusted"));
  EXPECT_THAT(failure(trino_url("tls=true")).code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace assay::cluster
