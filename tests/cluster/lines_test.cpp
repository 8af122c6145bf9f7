// The lines against engines that run: ASSAY_SPARK, ASSAY_FLIGHTSQL and ASSAY_CLICKHOUSE hold their
// URLs (tools/cluster/engines.sh env, tools/cluster/spark.sh env). What is not set is skipped.
// Goal: values arrive as they are, errors are told apart, a stop ends the work on the engine.

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "assay/warehouse/connection.hpp"

namespace assay::warehouse {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

struct EngineCase {
  std::string variable;  ///< Holds the URL.
  std::string values;   ///< One row: int64, NaN, -inf, decimal, date, instant, text, missing, bool.
  std::string numbers;  ///< A table function of the whole numbers below {}.
  std::string number;   ///< Its column.
  std::string many;     ///< So many that counting their distinct remainders takes seconds.
  int pause_ms = 800;   ///< From the start of that statement to the stop.
};

std::vector<EngineCase> engine_cases() {
  const std::string spark =
      "SELECT CAST(9007199254740993 AS BIGINT) AS i, CAST('NaN' AS DOUBLE) AS n, "
      "CAST('-Infinity' AS DOUBLE) AS f, CAST(1.25 AS DECIMAL(9, 2)) AS d, DATE'2026-01-01' AS day,"
      " TIMESTAMP'2026-01-01 00:00:00.000001' AS at, 'ü' AS t, CAST(NULL AS BIGINT) AS z, true AS "
      "b";
  const std::string clickhouse =
      "SELECT toInt64(9007199254740993) AS i, nan AS n, -inf AS f, toDecimal64('1.25', 2) AS d, "
      "toDate('2026-01-01') AS day, toDateTime64('2026-01-01 00:00:00.000001', 6, 'UTC') AS at, "
      "'ü' AS t, CAST(NULL AS Nullable(Int64)) AS z, true AS b";
  return {{"ASSAY_SPARK", spark, "range({})", "id", "40000000000", 5000},
          {"ASSAY_FLIGHTSQL", spark, "range({})", "id", "4000000000"},
          {"ASSAY_CLICKHOUSE", clickhouse, "numbers({})", "number", "400000000"}};
}

class Lines : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    const char* text = std::getenv(GetParam().variable.c_str());
    if (text == nullptr) GTEST_SKIP() << GetParam().variable << " is not set";
    const auto parsed = parse_engine_url(text);
    ASSERT_TRUE(parsed) << to_text(parsed.error());
    url = *parsed;
    ConnectOptions options;
    options.tags = {"lines test", "*/ nothing ends this --"};
    auto opened = connect(url, options);
    ASSERT_TRUE(opened) << to_text(opened.error());
    line = std::move(*opened);
  }

  frame::Table rows_of(const std::string& statement) {
    auto answer = line->query(statement);
    EXPECT_TRUE(answer) << statement << "\n" << (answer ? "" : to_text(answer.error()));
    return answer ? std::move(answer->rows) : frame::Table{};
  }

  Error error_of(const std::string& statement) {
    const auto answer = line->query(statement);
    EXPECT_FALSE(answer) << statement;
    if (answer) return {};
    EXPECT_FALSE(answer.error().have.empty()) << "the engine's own words stand behind ours";
    EXPECT_THAT(answer.error().where, HasSubstr(url.host));
    return answer.error();
  }

  static std::string numbers(const std::string& count) {
    return fmt::format(fmt::runtime(GetParam().numbers), count);
  }

  std::string quoted(const std::string& text) {
    const auto written = line->dialect().string_text(text);
    EXPECT_TRUE(written) << to_text(written.error());
    return written.value_or("''");
  }

  EngineUrl url;
  std::unique_ptr<Connection> line;
};

TEST_P(Lines, BringValuesBackAsTheyAre) {
  const frame::Table rows = rows_of(GetParam().values);
  ASSERT_EQ(rows.columns.size(), 9U);
  const auto& c = rows.columns;
  EXPECT_EQ(c[0].ints.at(0), 9'007'199'254'740'993);  // No double holds it.
  EXPECT_TRUE(std::isnan(c[1].doubles.at(0)));
  EXPECT_EQ(c[2].doubles.at(0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(c[3].doubles.at(0), 1.25);
  EXPECT_EQ(c[4].ints.at(0), 1'767'225'600'000'000);
  EXPECT_EQ(c[5].ints.at(0), 1'767'225'600'000'001);
  EXPECT_EQ(c[5].type, frame::Type::time_us);
  EXPECT_EQ(c[6].dictionary.at(c[6].codes.at(0)), "ü");
  EXPECT_TRUE(c[7].is_null(0));
  EXPECT_EQ(c[7].type, frame::Type::int64);
  EXPECT_EQ(c[8].ints.at(0), 1);
  EXPECT_EQ(c[8].type, frame::Type::boolean);
}

TEST_P(Lines, BringHostileTextsBackAsTheyAre) {
  for (const std::string& text :
       {std::string("it's"), std::string("\"quoted\""), std::string("back\\slash"),
        std::string("'; DROP TABLE events; --"), std::string("`tick` ${x} {{y}} %s ?"),
        std::string("line\nend\ttab"), std::string("/* */ -- #"), std::string("\\'"),
        std::string("日本語 🙂"), std::string("")}) {
    const frame::Table rows = rows_of("SELECT " + quoted(text) + " AS t");
    ASSERT_EQ(rows.rows(), 1U) << text;
    EXPECT_EQ(rows.columns[0].dictionary.at(rows.columns[0].codes.at(0)), text);
  }
}

TEST_P(Lines, BringHostileNamesBackAsTheyAre) {
  for (const char* name : {"a b", "sel\"ect", "tick`", "semi;colon", "it's", "ünï"}) {
    const auto written = line->dialect().name_text(name);
    ASSERT_TRUE(written) << to_text(written.error());
    const frame::Table rows = rows_of("SELECT 1 AS " + *written);
    ASSERT_EQ(rows.columns.size(), 1U);
    EXPECT_EQ(rows.columns[0].name, name);
  }
}

TEST_P(Lines, BringManyRowsBack) {
  const auto answer = line->query("SELECT CAST(" + GetParam().number + " AS BIGINT) AS n FROM " +
                                  numbers("100000") + " ORDER BY n");
  ASSERT_TRUE(answer) << to_text(answer.error());
  ASSERT_EQ(answer->rows.rows(), 100'000U);
  for (std::size_t i = 0; i < answer->rows.rows(); ++i) {
    ASSERT_EQ(answer->rows.columns[0].ints[i], static_cast<std::int64_t>(i));
  }
  EXPECT_GT(answer->cost.bytes_returned, 100'000);
  EXPECT_GT(answer->cost.wall_us, 0);
  EXPECT_EQ(rows_of("SELECT 1 AS n FROM " + numbers("5") + " WHERE 1 = 0").columns.size(), 1U);
}

TEST_P(Lines, TellRefusalsApart) {
  EXPECT_EQ(error_of("SELECT nope FROM " + numbers("3")).code, ErrorCode::invalid_spec);
  EXPECT_THAT(error_of("SELECT nope FROM " + numbers("3")).problem, HasSubstr("column"));
  EXPECT_EQ(error_of("SELECT * FROM no_such_table").code, ErrorCode::invalid_spec);
  EXPECT_THAT(error_of("SELECT * FROM no_such_table").problem, HasSubstr("table"));
  EXPECT_EQ(error_of("SELEC 1").code, ErrorCode::invalid_spec);
  EXPECT_EQ(error_of("SELECT no_such_function(1)").code, ErrorCode::invalid_spec);
  EXPECT_EQ(rows_of("SELECT 7 AS n").columns.at(0).ints.at(0), 7);  // The line lives on.
}

TEST_P(Lines, RefuseAColumnThatNoAnswerHolds) {
  const auto answer = line->query("SELECT array(1, 2) AS l");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(answer.error().where, HasSubstr("column l"));
}

TEST_P(Lines, SayThatATableIsMissing) {
  const auto columns = line->columns({"", "", "no_such_table"});
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(columns.error().problem, HasSubstr("no_such_table"));
}

TEST_P(Lines, ShowTheEnginesPlanAndVersion) {
  const auto estimate =
      line->estimate("SELECT sum(" + GetParam().number + ") AS s FROM " + numbers("10"));
  ASSERT_TRUE(estimate) << to_text(estimate.error());
  EXPECT_GT(estimate->text.size(), 20U);
  const auto engine = line->describe_engine();
  ASSERT_TRUE(engine);
  EXPECT_THAT(*engine, HasSubstr("."));
  RecordProperty("engine", *engine);
}

// Spark hears of no stop while it plans; a job that ran on would hold every core.
TEST_P(Lines, LeaveNothingRunningAfterAnEarlyStop) {
  std::atomic<bool> stop{false};
  Progress progress;
  progress.stop = &stop;
  std::jthread hand([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    stop = true;
  });
  const auto answer = line->query("SELECT count(DISTINCT " + GetParam().number +
                                      " % 1000003) AS n FROM " + numbers(GetParam().many),
                                  progress);
  ASSERT_FALSE(answer) << "the engine was faster than the stop";
  EXPECT_EQ(answer.error().code, ErrorCode::interrupted);
  stop = false;
  const auto begin = Clock::now();
  EXPECT_EQ(rows_of("SELECT count(*) AS n FROM " + numbers("1000")).columns.at(0).ints.at(0), 1000);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(20));
}

TEST_P(Lines, StopSoonAfterAStop) {
  std::atomic<bool> stop{false};
  Progress progress;
  progress.stop = &stop;
  Clock::time_point asked;
  std::jthread hand([&] {
    // On Spark a stop of the first 5 s is answered after them.
    std::this_thread::sleep_for(std::chrono::milliseconds(GetParam().pause_ms));
    asked = Clock::now();
    stop = true;
  });
  const auto answer = line->query("SELECT count(DISTINCT " + GetParam().number +
                                      " % 1000003) AS n FROM " + numbers(GetParam().many),
                                  progress);
  const auto took = Clock::now() - asked;
  ASSERT_FALSE(answer) << "the engine was faster than the stop";
  EXPECT_EQ(answer.error().code, ErrorCode::interrupted);
  // Source of the number: 100 ms to ask, and time for the driver on a loaded machine.
  EXPECT_LT(took, std::chrono::seconds(3));
  stop = false;
  EXPECT_EQ(rows_of("SELECT 7 AS n").columns.at(0).ints.at(0), 7);
}

TEST_P(Lines, SayThatNobodyAnswers) {
  EngineUrl nobody = url;
  nobody.port = 1;
  const auto begin = Clock::now();
  const auto opened = connect(nobody, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_THAT(opened.error().where, HasSubstr(":1"));
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(30));
}

INSTANTIATE_TEST_SUITE_P(Engines, Lines, testing::ValuesIn(engine_cases()),
                         [](const auto& one) { return one.param.variable; });

TEST(ClickHouseLine, SaysThatALoginIsWrong) {
  const char* text = std::getenv("ASSAY_CLICKHOUSE");
  if (text == nullptr) GTEST_SKIP() << "ASSAY_CLICKHOUSE is not set";
  auto url = parse_engine_url(text);
  ASSERT_TRUE(url);
  url->user = "stranger";
  const auto opened = connect(*url, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_THAT(opened.error().problem, HasSubstr("does not let us in"));
}

TEST(ClickHouseLine, SaysWhatAStatementRead) {
  const char* text = std::getenv("ASSAY_CLICKHOUSE");
  if (text == nullptr) GTEST_SKIP() << "ASSAY_CLICKHOUSE is not set";
  const auto line = connect(*parse_engine_url(text), {});
  ASSERT_TRUE(line) << to_text(line.error());
  const auto answer = (*line)->query("SELECT sum(number) AS n FROM numbers(1000)");
  ASSERT_TRUE(answer) << to_text(answer.error());
  EXPECT_EQ(answer->cost.rows_read, 1'000);
  EXPECT_FALSE(answer->cost.query_id.empty());
  // The settings that make it answer as the other engines do.
  const auto missed = (*line)->query(
      "SELECT b.x AS x, sum(b.x) AS s FROM (SELECT 1 AS k) a LEFT JOIN (SELECT 2 AS k, 5 AS x) b "
      "ON a.k = b.k GROUP BY b.x");
  ASSERT_TRUE(missed) << to_text(missed.error());
  EXPECT_TRUE(missed->rows.columns.at(0).is_null(0));
  EXPECT_TRUE(missed->rows.columns.at(1).is_null(0));
}

}  // namespace
}  // namespace assay::warehouse
