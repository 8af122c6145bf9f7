#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "assay/engine/database.hpp"
#include "assay/sql/dialect.hpp"

// How statements look, what is refused, and that quoting gives back what went in. That they mean
// the same on every engine is shown by dialect_test and tests/dialects/run.py.

namespace assay::sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A plan with most of what plans have: what users see in `assay plan`.
Plan golden_plan() {
  Plan plan;
  Input events;
  events.table = TableName{"", "lake", "events"};
  events.alias = "e";
  Select clean;
  clean.from = {events};
  clean.outputs = {{"unit", column("e", "user")},
                   {"time_us", time_us(column("e", "at"))},
                   {"amount", finite(cast(column("e", "amount"), Type::float64))}};
  clean.where =
      both({is_known(column("e", "user")),
            one_of(column("e", "name"), {value(std::string("buy")), value(std::string("it's"))})});
  const Input step = plan.add("clean", clean);
  Select days;
  days.from = {step};
  const Expression day = floor_divide(column("time_us"), 86'400'000'000);
  days.outputs = {{"day", day},
                  {"buyers", aggregate(Op::count_distinct, column("unit"))},
                  {"large", count_rows(compare(Op::greater, column("amount"), value(99.5)))}};
  days.group_by = {day};
  plan.result = {days};
  plan.order = {{column("day")}};
  plan.limit = 1000;
  return plan;
}

TEST(DuckDb, APlanReadsLikeThis) {
  EXPECT_EQ(*duckdb_dialect().statement(golden_plan(), "assay, spec 1f2e"), R"(-- assay, spec 1f2e
WITH "clean" AS (
  SELECT
    "e"."user" AS "unit",
    epoch_us("e"."at") AS "time_us",
    CASE
      WHEN ABS(TRY_CAST("e"."amount" AS DOUBLE)) <= 1.7976931348623157e+308
      THEN TRY_CAST("e"."amount" AS DOUBLE)
    END AS "amount"
  FROM "lake"."events" AS "e"
  WHERE "e"."user" IS NOT NULL AND "e"."name" IN ('buy', 'it''s')
)
SELECT
  "time_us" // 86400000000 - CASE WHEN "time_us" % 86400000000 < 0 THEN 1 ELSE 0 END AS "day",
  COUNT(DISTINCT "unit") AS "buyers",
  COUNT(*) FILTER (WHERE "amount" > 99.5e0) AS "large"
FROM "clean" AS "clean"
GROUP BY 1
ORDER BY 1 ASC NULLS FIRST
LIMIT 1000)");
}

TEST(DuckDb, RunsAPlan) {
  auto database = engine::Database::open();
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->execute(
      "CREATE SCHEMA lake; CREATE TABLE lake.events AS SELECT * FROM (VALUES "
      "('a', TIMESTAMP '2026-05-04 00:00:00', 'buy', '100'), "
      "('b', TIMESTAMP '2026-05-04 23:59:59.999999', 'it''s', '2.5'), "
      "('b', TIMESTAMP '1969-12-31 23:59:59', 'buy', 'nan')) AS t(\"user\", \"at\", "
      "name, amount)"));
  auto rows = database->query(*duckdb_dialect().statement(golden_plan()));
  ASSERT_TRUE(rows) << to_text(rows.error());
  const frame::Table& days = *rows;
  EXPECT_THAT(days.find("day")->ints, ElementsAre(-1, 20577));
  EXPECT_THAT(days.find("buyers")->ints, ElementsAre(1, 2));
  EXPECT_THAT(days.find("large")->ints, ElementsAre(0, 1));
}

TEST(Trino, APlanReadsLikeThis) {
  EXPECT_EQ(*trino_dialect().statement(golden_plan()), R"(WITH "clean" AS (
  SELECT
    "e"."user" AS "unit",
    CAST(round(to_unixtime("e"."at") * 1e6) AS BIGINT) AS "time_us",
    CASE
      WHEN ABS(TRY_CAST("e"."amount" AS DOUBLE)) <= 1.7976931348623157e+308
      THEN TRY_CAST("e"."amount" AS DOUBLE)
    END AS "amount"
  FROM "lake"."events" AS "e"
  WHERE "e"."user" IS NOT NULL AND "e"."name" IN ('buy', 'it''s')
)
SELECT
  "time_us" / 86400000000 - CASE WHEN "time_us" % 86400000000 < 0 THEN 1 ELSE 0 END AS "day",
  COUNT(DISTINCT "unit") AS "buyers",
  COUNT(*) FILTER (WHERE "amount" > 99.5e0) AS "large"
FROM "clean" AS "clean"
GROUP BY 1
ORDER BY 1 ASC NULLS FIRST
LIMIT 1000)");
}

TEST(Spark, APlanReadsLikeThis) {
  EXPECT_EQ(*spark_dialect().statement(golden_plan()), R"(WITH `clean` AS (
  SELECT
    `e`.`user` AS `unit`,
    unix_micros(CAST(`e`.`at` AS TIMESTAMP)) AS `time_us`,
    CASE
      WHEN ABS(TRY_CAST(`e`.`amount` AS DOUBLE)) <= 1.7976931348623157e+308
      THEN TRY_CAST(`e`.`amount` AS DOUBLE)
    END AS `amount`
  FROM `lake`.`events` AS `e`
  WHERE `e`.`user` IS NOT NULL AND `e`.`name` IN ('buy', 'it\'s')
)
SELECT
  `time_us` DIV 86400000000 - CASE WHEN `time_us` % 86400000000 < 0 THEN 1 ELSE 0 END AS `day`,
  COUNT(DISTINCT `unit`) AS `buyers`,
  COUNT(*) FILTER (WHERE `amount` > 99.5e0) AS `large`
FROM `clean` AS `clean`
GROUP BY 1
ORDER BY 1 ASC NULLS FIRST
LIMIT 1000)");
}

TEST(ClickHouse, APlanReadsLikeThis) {
  EXPECT_EQ(*clickhouse_dialect().statement(golden_plan()), R"(WITH "clean" AS (
  SELECT
    "e"."user" AS "unit",
    toUnixTimestamp64Micro(toDateTime64("e"."at", 6, 'UTC')) AS "time_us",
    CASE
      WHEN ABS(toFloat64OrNull(toString("e"."amount"))) <= 1.7976931348623157e+308
      THEN toFloat64OrNull(toString("e"."amount"))
    END AS "amount"
  FROM "lake"."events" AS "e"
  WHERE "e"."user" IS NOT NULL AND "e"."name" IN ('buy', 'it\'s')
)
SELECT
  intDiv("time_us", 86400000000) - CASE WHEN "time_us" % 86400000000 < 0 THEN 1 ELSE 0 END AS "day",
  toInt64(uniqExact("unit")) AS "buyers",
  toInt64(COUNT(*) FILTER (WHERE "amount" > 99.5e0)) AS "large"
FROM "clean" AS "clean"
GROUP BY 1
ORDER BY 1 ASC NULLS FIRST
LIMIT 1000
SETTINGS join_use_nulls = 1, aggregate_functions_null_for_empty = 1,
  prefer_column_name_to_alias = 1, precise_float_parsing = 1)");
}

TEST(FindDialect, KnowsTheFourByName) {
  for (const char* name : {"duckdb", "trino", "spark", "clickhouse"})
    EXPECT_EQ(find_dialect(name)->name(), name);
  EXPECT_EQ(find_dialect("oracle"), nullptr);
}

// ---------------------------------------------------------------------------------------------

std::vector<const Dialect*> all_dialects() {
  return {&duckdb_dialect(), &trino_dialect(), &spark_dialect(), &clickhouse_dialect()};
}

TEST(Quoting, WhatNoEngineReadsBackIsRefusedByEveryDialect) {
  for (const Dialect* dialect : all_dialects()) {
    for (const std::string bad :
         {"\xFF", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
      for (const auto& refused : {dialect->string_text(bad), dialect->name_text(bad)}) {
        ASSERT_FALSE(refused) << dialect->name();
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec);
        EXPECT_THAT(refused.error().problem, HasSubstr("not valid UTF-8"));
      }
    }
    for (const std::string& bad : {std::string(), std::string("a\0b", 3)}) {
      const auto refused = dialect->name_text(bad);
      ASSERT_FALSE(refused) << dialect->name();
      EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec);
    }
  }
}

TEST(Quoting, SparkGetsNoDollarSignThatItWouldReplace) {
  const auto refused = spark_dialect().name_text("${env:HOME}");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().problem, HasSubstr("${env:HOME}"));
  EXPECT_EQ(*spark_dialect().string_text("${env:HOME}"), R"('\u0024{env:HOME}')");
}

TEST(Quoting, AWordThatCannotBeQuotedFailsTheWholeStatement) {
  Plan plan;
  plan.result = {{.outputs = {{"x", value(std::string("\xFF"))}}}};
  for (const Dialect* dialect : all_dialects()) EXPECT_FALSE(dialect->statement(plan));
}

/// Any bytes that are UTF-8, the awkward ones often.
rc::Gen<std::string> any_text() {
  const auto piece = rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange(1, 128),
                   [](int c) { return std::string(1, static_cast<char>(c)); }),
      rc::gen::element(std::string("'"), std::string("\""), std::string("\\"), std::string("''"),
                       std::string("é"), std::string("😀"), std::string("--"), std::string("\n")));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        return fmt::format("{}", fmt::join(pieces, ""));
                      });
}

RC_GTEST_PROP(Quoting, DuckDbReadsBackEveryTextAndName, ()) {
  static auto database = engine::Database::open();
  const std::string text = *any_text();
  const std::string name = "n" + *any_text();
  Plan plan;
  plan.result = {{.outputs = {{name, value(text + std::string(1, '\0') + text)}}}};
  const auto rows = database->query(*duckdb_dialect().statement(plan, text));
  RC_ASSERT(rows.has_value());
  RC_ASSERT(rows->columns[0].name == name);
  RC_ASSERT(rows->columns[0].dictionary[rows->columns[0].codes[0]] ==
            text + std::string(1, '\0') + text);
}

/// What a lexer that ends comments at any line end, and texts at their mark, makes of a statement.
RC_GTEST_PROP(Comment, StaysOneLineWhateverItSays, ()) {
  Plan plan;
  plan.result = {{.outputs = {{"x", value(std::int64_t{1})}}}};
  const std::string comment = *any_text() + "\r\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\xFF\\";
  for (const Dialect* dialect : all_dialects()) {
    const std::string bare = *dialect->statement(plan);
    const std::string with = *dialect->statement(plan, comment);
    RC_ASSERT(with.size() > bare.size());
    const std::string line = with.substr(0, with.size() - bare.size());
    RC_ASSERT(with.substr(line.size()) == bare);
    RC_ASSERT(line.substr(0, 3) == "-- ");
    RC_ASSERT(line.find('\n') == line.size() - 1);
    for (const char* end : {"\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9", "\\", "\xFF", "$"})
      RC_ASSERT(line.find(end) == std::string::npos);
  }
}

// ---------------------------------------------------------------------------------------------

TEST(Statement, AStepWithTheNameOfATableIsCalledOtherwise) {
  Plan plan;
  Input table;
  table.table = TableName{.table = "Events"};
  const Input events = plan.add("events", {.outputs = {{"x", column("x")}}, .from = {table}});
  plan.result = {
      {.outputs = {{"n", count_rows(is_known(column("events", "x")))}}, .from = {events}}};
  for (const Dialect* dialect : all_dialects())
    EXPECT_THAT(*dialect->statement(plan), HasSubstr("events_step")) << dialect->name();
  auto database = engine::Database::open();
  ASSERT_TRUE(database->execute("CREATE TABLE events AS SELECT 5 AS x"));
  const auto rows = database->query(*duckdb_dialect().statement(plan));
  ASSERT_TRUE(rows) << to_text(rows.error());
  EXPECT_THAT(rows->columns[0].ints, ElementsAre(1));
}

TEST(Statement, ATableOfACatalogIsReadWhereTheEngineHasCatalogs) {
  Plan plan;
  Input table;
  table.table = TableName{"hive", "lake", "a.b"};
  plan.result = {{.outputs = {{"n", count_rows()}}, .from = {table}}};
  EXPECT_THAT(*trino_dialect().statement(plan), HasSubstr(R"("hive"."lake"."a.b" AS "a.b")"));
  EXPECT_THAT(*spark_dialect().statement(plan), HasSubstr("`hive`.`lake`.`a.b` AS `a.b`"));
  const auto refused = clickhouse_dialect().statement(plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec);
  plan.result[0].from[0].table->schema.clear();
  EXPECT_FALSE(trino_dialect().statement(plan));
}

TEST(Statement, NestingPastWhatParsersTakeIsRefusedAndDoesNotCrash) {
  Expression deep = value(std::int64_t{0});
  for (int i = 0; i < 5'000; ++i) deep = add(deep, value(std::int64_t{1}));
  for (const Dialect* dialect : all_dialects()) {
    const auto refused = dialect->expression_text(deep);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec);
  }
}

TEST(Statement, MistakesInAPlanAreErrorsAndNotOddSql) {
  const Expression one = value(std::int64_t{1});
  Input unknown;
  unknown.step = "unknown";
  Input unjoined;
  unjoined.table = TableName{.table = "t"};
  std::vector<Plan> wrong(8);
  wrong[1].result = {{}};
  wrong[2].result = {{.outputs = {{"x", one}}, .from = {unknown}}};
  wrong[3].result = {{.outputs = {{"x", nullptr}}}};
  wrong[4].result = {{.outputs = {{"x", one}, {"X", one}}}};
  wrong[5].result = {{.outputs = {{"x", one}}}, {.outputs = {{"x", one}, {"y", one}}}};
  wrong[6].result = {{.outputs = {{"x", one}}, .from = {unjoined, unjoined}}};
  wrong[7].result = {{.outputs = {{"x", one}}}};
  wrong[7].order = {{column("y")}};
  for (const Dialect* dialect : all_dialects()) {
    for (std::size_t i = 0; i < wrong.size(); ++i) {
      const auto refused = dialect->statement(wrong[i]);
      ASSERT_FALSE(refused) << i;
      EXPECT_EQ(refused.error().code, ErrorCode::internal) << i;
    }
    EXPECT_FALSE(dialect->expression_text(value(std::nan(""))));
    EXPECT_FALSE(dialect->expression_text(floor_divide(one, 0)));
    EXPECT_FALSE(dialect->expression_text(previous(one, {})));
    EXPECT_FALSE(dialect->expression_text(over(aggregate(Op::count_distinct, one), {})));
  }
}

}  // namespace
}  // namespace assay::sql
