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
#include "engine_pair.hpp"
#include "real_log.hpp"
#include "same_answers.hpp"
#include "trino_cluster.hpp"

namespace assay::cluster {
namespace {

namespace fs = std::filesystem;
using distributed::DistributedEngine;
using distributed::EventTableSpec;
using engine::quote_text;
using frame::Type;

/// A folder that Trino sees as local:///NAME, empty, and gone with the object.
class Shared {
 public:
  explicit Shared(std::string name)
      : name_(std::move(name)), folder_(fs::path(variable("ASSAY_TRINO_DATA")) / name_) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Shared() { fs::remove_all(folder_); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  [[nodiscard]] const fs::path& folder() const { return folder_; }

  /// Makes a table of that name over the files; `partition`: a column, or none.
  void declare(warehouse::Connection& line, const std::string& table, const std::string& columns,
               const std::string& partition) const {
    ask(line, fmt::format("DROP TABLE IF EXISTS {}", table));
    ask(line,
        fmt::format(
            "CREATE TABLE {} ({}) WITH (external_location = 'local:///{}', format = "
            "'PARQUET'{})",
            table, columns, name_,
            partition.empty() ? "" : fmt::format(", partitioned_by = ARRAY['{}']", partition)));
    if (partition.empty()) return;
    ask(line, fmt::format("CALL system.sync_partition_metadata('assay', '{}', 'FULL')", table));
  }

 private:
  std::string name_;
  fs::path folder_;
};

void execute(const std::string& statement) {
  auto database = engine::Database::open({.threads = 1});
  ASSERT_TRUE(database) << to_text(database.error());
  const auto done = database->execute(statement);
  ASSERT_TRUE(done) << statement << "\n" << to_text(done.error());
}

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

/// One question to all three, the warehouse last.
template <class Query, class Ask>
void agree(const char* name, differential::Pair& near, DistributedEngine& far, const Query& query,
           const Ask& ask) {
  SCOPED_TRACE(name);
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = ask(far, query);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  {
    SCOPED_TRACE("index");
    EXPECT_EQ(differential::compare(ask(*near.index, query), answer), 1) << "says nothing";
  }
  SCOPED_TRACE("twin");
  differential::compare(ask(*near.sql, query), answer);
  if (far.asked().empty()) return;
  const warehouse::Cost& cost = far.asked().back().cost;
  std::printf("  %-14s %6.2f s, %9lld rows and %9lld bytes read, %7lld bytes returned\n", name,
              took.count(), static_cast<long long>(cost.rows_read.value_or(-1)),
              static_cast<long long>(cost.bytes_read.value_or(-1)),
              static_cast<long long>(cost.bytes_returned));
  if (testing::Test::HasFailure()) ADD_FAILURE() << far.asked().back().statement;
}

void expect_equal_answers(RealLog log) {
  const fs::path file = real_data() / log.file;
  if (!fs::exists(file)) GTEST_SKIP() << "the public data are not here";
  const Shared shared("answers_" + log.name);
  const std::string parquet = (shared.folder() / "log.parquet").string();
  execute(fmt::format("COPY ({}) TO {} (FORMAT parquet)",
                      fmt::format(fmt::runtime(log.select), quote_text(file.string())),
                      quote_text(parquet)));
  const auto line = open_line(trino_url());
  const std::string table = "answers_" + log.name;
  shared.declare(*line, table, log.columns, "");
  EventTableSpec spec;
  spec.source = log.source;
  spec.table = {"", "", table};
  const auto far = open_engine(spec);
  log.source.paths = {parquet};
  const auto near = differential::make_pair_over(log.source);
  ASSERT_NE(near, nullptr);
  const Questions& of = log.ask;
  agree("active users", *near, *far, of.active_users,
        [](auto& at, const auto& query) { return at.active_users(query); });
  agree("retention", *near, *far, of.retention,
        [](auto& at, const auto& query) { return at.retention(query); });
  agree("funnel", *near, *far, of.funnel,
        [](auto& at, const auto& query) { return at.funnel(query); });
  agree("sessions", *near, *far, of.sessions,
        [](auto& at, const auto& query) { return at.sessions(query); });
  agree("unit totals", *near, *far, of.totals,
        [](auto& at, const auto& query) { return at.unit_totals(query); });
  agree("series", *near, *far, of.series,
        [](auto& at, const auto& query) { return at.series(query); });
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
