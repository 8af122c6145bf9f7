#include "assay/sql/plan.hpp"

#include <gmock/gmock.h>

namespace assay::sql {
namespace {

using testing::ElementsAre;

Input table(std::string name, std::string alias) {
  Input input;
  input.table = TableName{"", "lake", std::move(name)};
  input.alias = std::move(alias);
  return input;
}

TEST(Plan, AStepThatIsAddedCanBeReadByItsName) {
  Plan plan;
  const Input input = plan.add("days", {.outputs = {{"one", value(std::int64_t{1})}}});
  EXPECT_EQ(input.step, "days");
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].name, "days");
}

TEST(Plan, ATableNameReadsWithDotsAndWithoutItsEmptyParts) {
  EXPECT_EQ(to_text(TableName{"hive", "lake", "events"}), "hive.lake.events");
  EXPECT_EQ(to_text(TableName{"", "", "events"}), "events");
}

// What a plan reads decides what a warehouse scans, so every place that can hold a column counts.
TEST(TablesOf, FindsColumnsInEveryClauseInOrderOfFirstUseWithoutRepeats) {
  Plan plan;
  Select clean;
  clean.from = {table("events", "e"), table("users", "u")};
  clean.from[1].join = JoinKind::left;
  clean.from[1].on = compare(Op::equal, column("e", "user"), column("u", "id"));
  Window window;
  window.partition = {column("e", "user")};
  window.order = {{column("e", "at")}, {column("e", "sequence")}};
  clean.outputs = {
      {"unit", column("e", "user")},
      {"rank", row_number(window)},
      {"amount", aggregate(Op::sum, column("e", "amount"),
                           compare(Op::equal, column("e", "name"), value(std::string("buy"))))}};
  clean.where = is_known(column("u", "country"));
  clean.group_by = {column("e", "day")};
  clean.having =
      compare(Op::greater, aggregate(Op::count, column("e", "id")), value(std::int64_t{1}));
  plan.result = {{.outputs = {{"n", count_rows()}, {"m", aggregate(Op::maximum, column("amount"))}},
                  .from = {plan.add("clean", clean)}}};
  const std::vector<TableUse> uses = tables_of(plan);
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].table.table, "events");
  EXPECT_THAT(uses[0].columns,
              ElementsAre("user", "at", "sequence", "amount", "name", "day", "id"));
  EXPECT_EQ(uses[1].table.table, "users");
  EXPECT_THAT(uses[1].columns, ElementsAre("id", "country"));
}

TEST(TablesOf, AColumnWithoutAnInputBelongsToTheStepThatMakesItElseToTheTable) {
  Plan plan;
  Select days;
  days.outputs = {{"day", value(std::int64_t{1})}};
  Select joined;
  joined.from = {plan.add("days", days), table("events", "")};
  joined.from[1].join = JoinKind::cross;
  joined.outputs = {{"a", column("day")}, {"b", column("amount")}, {"c", column("events", "at")}};
  plan.result = {joined};
  const std::vector<TableUse> uses = tables_of(plan);
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_THAT(uses[0].columns, ElementsAre("amount", "at"));
}

TEST(TablesOf, ATableReadTwiceIsNamedOnceWithAllItsColumns) {
  Plan plan;
  plan.add("a", {.outputs = {{"x", column("x")}}, .from = {table("events", "")}});
  plan.add("b",
           {.outputs = {{"y", column("y")}, {"x", column("x")}}, .from = {table("events", "e")}});
  plan.result = {{.outputs = {{"n", count_rows()}}, .from = {table("other", "")}}};
  const std::vector<TableUse> uses = tables_of(plan);
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_THAT(uses[0].columns, ElementsAre("x", "y"));
  EXPECT_THAT(uses[1].columns, ElementsAre());
}

}  // namespace
}  // namespace assay::sql
