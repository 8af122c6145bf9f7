// Goal: on a real Trino, a table that changes between two questions is told, a column whose type
// changed between partitions is summed rightly or refused in words, names and values of any kind do
// no harm, and a token that expires costs no answer that had begun.
// Expected values: planted, worked out by hand beside each table.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "assay/distributed/engine.hpp"
#include "assay/engine/database.hpp"
#include "assay/sql/dialect.hpp"
#include "hive_files.hpp"
#include "trino_cluster.hpp"

namespace assay::cluster {
namespace {

using distributed::DistributedEngine;
using distributed::EventTableSpec;
using engine::quote_text;
using frame::Type;
using ::testing::HasSubstr;

constexpr Day kFirstDay = 20'514;  // date -u -d @$((20514 * 86400)): 2026-03-02

class TrinoTables : public ::testing::Test {
 protected:
  void SetUp() override {
    if (variable("ASSAY_TRINO").empty() || variable("ASSAY_TRINO_DATA").empty())
      GTEST_SKIP() << "ASSAY_TRINO is not set: `make test-cluster` brings a Trino up";
    line = open_line(trino_url());
  }

  std::unique_ptr<warehouse::Connection> line;
};

EventTableSpec plain_spec(const sql::TableName& table) {
  EventTableSpec spec;
  spec.source.unit = {"user_id", "user_id", Type::int64};
  spec.source.event_expression = "event";
  spec.source.event_time.expression = "ts";
  spec.source.properties = {{"amount", "amount", Type::int64}};
  spec.table = table;
  return spec;
}

Result<std::unique_ptr<DistributedEngine>> open_over(const EventTableSpec& spec) {
  return DistributedEngine::open(open_line(trino_url()), spec);
}

/// The sum of `amount` over the units that were active, of all events of these days.
engine::UnitTotalsQuery total(Day first, Day last) {
  engine::UnitTotalsQuery query;
  query.period = {first * kDayUs, (last + 1) * kDayUs};
  query.metrics = {{"amount", {{{"buy"}, {}}, engine::Aggregation::sum, "amount"}, {}, {}}};
  return query;
}

double sum_of(const engine::UnitTotals& totals) {
  return totals.moments[0].mean[0] * static_cast<double>(totals.moments[0].n);
}

// Two events of 3 and 4; a third of 5 is written while the table is open.
TEST_F(TrinoTables, ATableThatChangesBetweenTwoQuestionsIsTold) {
  ask(*line, "CREATE SCHEMA IF NOT EXISTS iceberg.assay");
  ask(*line, "DROP TABLE IF EXISTS iceberg.assay.changing");
  ask(*line,
      "CREATE TABLE iceberg.assay.changing AS SELECT * FROM (VALUES (BIGINT '1', 'buy', TIMESTAMP "
      "'2026-03-02 10:00:00.000000', BIGINT '3'), (2, 'buy', TIMESTAMP '2026-03-03 "
      "10:00:00.000000', 4)) AS t (user_id, event, ts, amount)");
  const auto far = open_over(plain_spec({"iceberg", "assay", "changing"}));
  ASSERT_TRUE(far) << to_text(far.error());
  ASSERT_TRUE((*far)->table().snapshot.has_value());
  const auto before = (*far)->unit_totals(total(kFirstDay, kFirstDay + 9));
  ASSERT_TRUE(before) << to_text(before.error());
  EXPECT_EQ(sum_of(*before), 7.0);
  const auto same = (*far)->changed();
  ASSERT_TRUE(same) << to_text(same.error());
  EXPECT_FALSE(same->has_value()) << **same;
  ask(*line,
      "INSERT INTO iceberg.assay.changing VALUES (3, 'buy', TIMESTAMP '2026-03-04 "
      "10:00:00.000000', 5)");
  const auto after = (*far)->changed();
  ASSERT_TRUE(after) << to_text(after.error());
  ASSERT_TRUE(after->has_value());
  EXPECT_THAT(**after, HasSubstr("changed while it was asked (snapshot " +
                                 *(*far)->table().snapshot + ", now "));
  ask(*line, "DROP TABLE iceberg.assay.changing");
}

/// A day's file with `amount` in a type of its own.
void write_day(const Shared& shared, int day, const std::string& type, int amount) {
  const auto folder = shared.folder() / fmt::format("ds=2026-03-{:02}", day);
  std::filesystem::create_directories(folder);
  execute(
      fmt::format("COPY (SELECT {}::BIGINT AS user_id, 'buy' AS event, TIMESTAMP '2026-03-{:02} "
                  "12:00:00' AS ts, CAST({} AS {}) AS amount) TO {} (FORMAT parquet)",
                  day, day, amount, type, quote_text((folder / "day.parquet").string())));
}

TEST_F(TrinoTables, AColumnOfMixedTypesIsSummedRightlyOrRefusedInWords) {
  const Shared shared("mixed");
  write_day(shared, 2, "INTEGER", 3);
  write_day(shared, 3, "BIGINT", 40);
  write_day(shared, 4, "VARCHAR", 500);
  shared.declare(*line, "mixed",
                 "user_id BIGINT, event VARCHAR, ts TIMESTAMP(6), amount BIGINT, "
                 "ds VARCHAR",
                 "ds");
  EventTableSpec spec = plain_spec({"", "", "mixed"});
  spec.partition = distributed::Partition{"ds", 0};
  const auto far = open_over(spec);
  ASSERT_TRUE(far) << to_text(far.error());
  // A day on each side is read too, for other time zones: the first period ends before the texts.
  const auto numbers = (*far)->unit_totals(total(kFirstDay - 1, kFirstDay));
  ASSERT_TRUE(numbers) << to_text(numbers.error());
  EXPECT_EQ(sum_of(*numbers), 3.0);
  const auto mixed = (*far)->unit_totals(total(kFirstDay, kFirstDay + 2));
  ASSERT_FALSE(mixed) << sum_of(*mixed);
  EXPECT_THAT(mixed.error().have, HasSubstr("amount"));
  EXPECT_THAT(mixed.error().have, HasSubstr("bigint"));
  EXPECT_THAT(mixed.error().code, testing::AnyOf(ErrorCode::invalid_data, ErrorCode::invalid_spec));
  fmt::print("  {}\n", to_text(mixed.error()));
  ask(*line, "DROP TABLE mixed");
}

// Each hostile text is the name of an event of one unit, worth 1, 2, 4, ... in a column, of a table
// with names no better; the unit's id is the text as well.
TEST_F(TrinoTables, NamesAndValuesOfAnyKindDoNoHarm) {
  make_numbers(*line);
  const std::vector<std::string> texts{"it's",
                                       "\"quoted\"",
                                       "back\\slash",
                                       "'; DROP TABLE numbers; --",
                                       "x' OR '1'='1",
                                       "`t` ${x} {} %s ?",
                                       "line\nend\ttab",
                                       "/* */ -- #",
                                       "日本語 🙂",
                                       "\\'",
                                       "a;b",
                                       "ünï"};
  const sql::Dialect& dialect = sql::trino_dialect();
  const auto name = [&](const std::string& word) { return *dialect.name_text(word); };
  const std::string table = "ev\"il'; drop table numbers; --";
  const std::string user = "us\"er'; --";
  const std::string event = "e/*v*/ent \\";
  const std::string when = "t;s ü";
  const std::string amount = "am'ou\"nt";
  const std::string written = "memory.default." + name(table);
  ask(*line, "DROP TABLE IF EXISTS " + written);
  ask(*line, fmt::format("CREATE TABLE {} ({} VARCHAR, {} VARCHAR, {} TIMESTAMP(6), {} BIGINT)",
                         written, name(user), name(event), name(when), name(amount)));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = *dialect.string_text(texts[i]);
    ask(*line, fmt::format("INSERT INTO {} VALUES ({}, {}, TIMESTAMP '2026-03-02 10:00:00', {})",
                           written, text, text, 1U << i));
  }
  EventTableSpec spec;
  spec.source.unit = {user, engine::quote_identifier(user), Type::text};
  spec.source.event_expression = engine::quote_identifier(event);
  spec.source.event_time.expression = engine::quote_identifier(when);
  spec.source.properties = {{"amount", engine::quote_identifier(amount), Type::int64},
                            {"who", engine::quote_identifier(user), Type::text}};
  spec.table = {"memory", "default", table};
  const auto far = open_over(spec);
  ASSERT_TRUE(far) << to_text(far.error());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    SCOPED_TRACE(texts[i]);
    frame::Predicate same;
    same.kind = frame::Predicate::Kind::compare;
    same.column = "who";
    same.comparison = frame::Comparison::equal;
    same.literals = {texts[i]};
    engine::UnitTotalsQuery query = total(kFirstDay, kFirstDay);
    query.active.names = {texts[i]};
    query.metrics[0].numerator.event.names = {texts[i]};
    query.metrics[0].numerator.event.where = same;
    const auto totals = (*far)->unit_totals(query);
    ASSERT_TRUE(totals) << to_text(totals.error());
    EXPECT_EQ(totals->units, 1);
    EXPECT_EQ(sum_of(*totals), static_cast<double>(1U << i));
  }
  EXPECT_EQ(number(*line, "SELECT count(*) FROM numbers"), 1'000'000);
  ask(*line, "DROP TABLE " + written);
}

/// A token for `ann`, signed with the cluster's key, that holds so many seconds.
std::string token_for(int seconds) {
  std::string token;
  std::array<char, 512> part{};
  const std::string command = fmt::format("python3 {} {} ann {}", ASSAY_MAKE_TOKEN,
                                          variable("ASSAY_TRINO_JWT_KEY"), seconds);
  FILE* made = ::popen(command.c_str(), "r");
  if (made == nullptr) return {};
  while (::fgets(part.data(), static_cast<int>(part.size()), made) != nullptr) token += part.data();
  ::pclose(made);
  while (!token.empty() && token.back() == '\n') token.pop_back();
  return token;
}

TEST_F(TrinoTables, ATokenThatExpiresIsAClearErrorOfTheNextStatement) {
  if (variable("ASSAY_TRINO_JWT_KEY").empty()) GTEST_SKIP() << "ASSAY_TRINO_JWT_KEY is not set";
  make_numbers(*line);
  constexpr int kSeconds = 30;
  const auto begin = std::chrono::steady_clock::now();
  ::setenv("ASSAY_TRINO_TOKEN", token_for(kSeconds).c_str(), 1);
  std::string url = variable("ASSAY_TRINO_TLS") + "&token_env=ASSAY_TRINO_TOKEN";
  if (const auto at = url.find("ann@"); at != std::string::npos) url.erase(at, 4);
  const auto opened = warehouse::connect(warehouse::parse_engine_url(url).value(), {});
  ASSERT_TRUE(opened) << to_text(opened.error());
  const auto early = (*opened)->query("SELECT 1 AS n");
  ASSERT_TRUE(early) << to_text(early.error());
  std::this_thread::sleep_until(begin + std::chrono::seconds(kSeconds + 1));
  const auto late = (*opened)->query("SELECT 1 AS n");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::unavailable);
  EXPECT_THAT(late.error().problem, HasSubstr("the token: it is wrong, or has expired"));
  EXPECT_THAT(late.error().have, HasSubstr("401"));
  fmt::print("  {}\n", to_text(late.error()));
}

}  // namespace
}  // namespace assay::cluster
