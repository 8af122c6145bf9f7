// Goal: on a real Trino, real event logs give the answers that one machine gives, a query of a few
// days reads those days and the named columns alone, and nothing is left running.
// Method: the same Parquet files behind the event index, the SQL twin and an external table of
// Trino's Hive catalog; rows and bytes read are those that Trino counts.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include "assay/distributed/engine.hpp"
#include "assay/engine/database.hpp"
#include "hive_files.hpp"
#include "real_answers.hpp"
#include "trino_cluster.hpp"

namespace assay::cluster {
namespace {

namespace fs = std::filesystem;
using distributed::DistributedEngine;
using distributed::EventTableSpec;
using engine::quote_text;
using frame::Type;

std::unique_ptr<DistributedEngine> open_engine(const EventTableSpec& spec,
                                               const std::string& options = {}) {
  auto opened = DistributedEngine::open(open_line(trino_url(options)), spec);
  if (!opened) throw std::runtime_error(to_text(opened.error()));
  return std::move(*opened);
}

class TrinoAnswers : public ::testing::Test {
 protected:
  void SetUp() override {
    if (variable("ASSAY_TRINO").empty() || variable("ASSAY_TRINO_DATA").empty())
      GTEST_SKIP() << "ASSAY_TRINO is not set: `make test-cluster` brings a Trino up";
    if (began_.empty())
      began_ = first_text(*open_line(trino_url()), "SELECT CAST(now() AS varchar)");
  }

  static std::string first_text(warehouse::Connection& line, const std::string& statement) {
    const warehouse::Answer answer = ask(line, statement);
    if (answer.rows.rows() == 0) return {};
    const frame::Column& column = answer.rows.columns[0];
    return column.dictionary[column.codes[0]];
  }

  static inline std::string began_;  ///< By the clock of the engine.
};

void expect_equal_answers(RealLog log) {
  if (!fs::exists(real_data() / log.file)) GTEST_SKIP() << "the public data are not here";
  const Shared shared("answers_" + log.name);
  const fs::path parquet = shared.folder() / "log.parquet";
  const auto written = write_log(log, parquet);
  ASSERT_TRUE(written) << to_text(written.error());
  const auto line = open_line(trino_url());
  const std::string table = "answers_" + log.name;
  shared.declare(*line, table, log.columns, "");
  EventTableSpec spec;
  spec.source = log.source;
  spec.table = {"", "", table};
  const auto far = open_engine(spec);
  log.source.paths = {parquet.string()};
  const auto near = differential::make_pair_over(log.source);
  ASSERT_NE(near, nullptr);
  expect_equal_answers(log.ask, *near, *far);
  ask(*line, "DROP TABLE " + table);
}

TEST_F(TrinoAnswers, AreThoseOfOneMachineOnTheHistoryOfRails) { expect_equal_answers(rails()); }

TEST_F(TrinoAnswers, AreThoseOfOneMachineOnTheVisitsOfAShop) { expect_equal_answers(shop()); }

/// Thirty days of 10,000 events, a folder a day; 64 bytes a row in a column that no query names.
constexpr Day kFirstDay = 20'514;  // date -u -d @$((20514 * 86400)): 2026-03-02
constexpr std::int64_t kDays = 30;
constexpr std::int64_t kEventsADay = 10'000;
constexpr const char* kParts =
    "COPY (SELECT CAST(hash(i) % 5000 AS BIGINT) AS user_id, CASE i % 3 WHEN 0 THEN 'view' WHEN 1 "
    "THEN 'cart' ELSE 'buy' END AS event, make_timestamp((({0} + i // {1}) * 86400 + "
    "CAST(hash(i, 1) % 86400 AS BIGINT)) * 1000000) AS ts, i % 97 AS amount, md5(i::VARCHAR) || "
    "md5((i + 1)::VARCHAR) AS payload, DATE '1970-01-01' + CAST({0} + i // {1} AS INTEGER) AS ds "
    "FROM range({1} * {2}) days(i)) TO {3} (FORMAT parquet, PARTITION_BY (ds), "
    "OVERWRITE_OR_IGNORE)";

/// Trino reads files below 3 MB as a whole; those of a real table are larger.
const char* const kByColumns = "session.hive.parquet_small_file_threshold=0B";

/// What three days cost in a table kept by days of this type.
void expect_three_days_read(const std::string& type) {
  SCOPED_TRACE(type);
  const Shared shared("parts");
  execute(fmt::format(fmt::runtime(kParts), kFirstDay, kEventsADay, kDays,
                      quote_text(shared.folder().string())));
  const auto line = open_line(trino_url(kByColumns));
  const std::string columns =
      "user_id BIGINT, event VARCHAR, ts TIMESTAMP(6), amount BIGINT, payload VARCHAR, ds " + type;
  shared.declare(*line, "parts", columns, "ds");
  EventTableSpec spec;
  spec.source.unit = {"user_id", "user_id", Type::int64};
  spec.source.event_expression = "event";
  spec.source.event_time.expression = "ts";
  spec.source.properties = {{"amount", "amount", Type::int64}, {"payload", "payload", Type::text}};
  spec.table = {"", "", "parts"};
  spec.partition = distributed::Partition{"ds", 0};
  const auto far = open_engine(spec, kByColumns);
  engine::UnitTotalsQuery query;
  query.period = {(kFirstDay + 10) * kDayUs, (kFirstDay + 13) * kDayUs};
  query.metrics = {{"amount", {{{"buy"}, {}}, engine::Aggregation::sum, "amount"}, {}, {}}};
  const auto answer = far->unit_totals(query);
  ASSERT_TRUE(answer) << to_text(answer.error());
  // The columns are read from no more than the days and one on each side, for other time zones.
  ASSERT_EQ(far->asked().size(), 1U);
  const warehouse::Cost three = far->asked().back().cost;
  const warehouse::Cost whole =
      ask(*line,
          "SELECT count(user_id), count(event), count(ts), count(amount), count(payload) "
          "FROM parts")
          .cost;
  const warehouse::Cost wide =
      ask(*line, fmt::format("SELECT max(user_id), max(event), max(ts), max(amount), max(payload) "
                             "FROM parts WHERE CAST(ds AS DATE) BETWEEN DATE '{}' AND DATE '{}'",
                             day_text(kFirstDay + 9), day_text(kFirstDay + 13)))
          .cost;
  EXPECT_EQ(whole.rows_read, kDays * kEventsADay);
  EXPECT_EQ(wide.rows_read, 5 * kEventsADay);
  EXPECT_EQ(three.rows_read, 5 * kEventsADay);
  EXPECT_LT(three.bytes_read.value() * 3, wide.bytes_read.value());
  EXPECT_LT(three.bytes_read.value() * 18, whole.bytes_read.value());
  std::printf("  three days read %lld rows, %lld bytes; with every column %lld; the whole %lld\n",
              static_cast<long long>(three.rows_read.value_or(-1)),
              static_cast<long long>(three.bytes_read.value_or(-1)),
              static_cast<long long>(wide.bytes_read.value_or(-1)),
              static_cast<long long>(whole.bytes_read.value_or(-1)));
  ask(*line, "DROP TABLE parts");
}

TEST_F(TrinoAnswers, ReadOnlyTheDaysAndColumnsOfTheQuestion) {
  expect_three_days_read("DATE");
  expect_three_days_read("VARCHAR");
}

TEST_F(TrinoAnswers, LeaveNoQueryRunning) {
  const auto line = open_line(trino_url());
  const std::string ours = fmt::format(
      "FROM system.runtime.queries WHERE created >= TIMESTAMP '{}' AND source = 'assay' AND query "
      "NOT LIKE '%system.runtime.queries%'",
      began_);
  const std::string unfinished = ours + " AND state NOT IN ('FINISHED', 'FAILED')";
  std::int64_t running = -1;
  for (int half_second = 0; half_second < 20 && running != 0; ++half_second) {
    running = number(*line, "SELECT count(*) " + unfinished);
    if (running != 0) std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  EXPECT_EQ(running, 0) << first_text(*line, "SELECT state || ': ' || query " + unfinished);
  EXPECT_GT(number(*line, "SELECT count(*) " + ours), 0);
}

}  // namespace
}  // namespace assay::cluster
