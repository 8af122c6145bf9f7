#include "assay/sql/dialect.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "assay/engine/database.hpp"

namespace assay::sql {
namespace {

using testing::ElementsAre;

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

}  // namespace
}  // namespace assay::sql
