#include "assay/warehouse/clickhouse_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

// Bodies as ClickHouse 26.9 wrote them (JSONCompactEachRowWithNamesAndTypes with the settings that
// clickhouse.cpp sends), and as its documents say an exception after the first rows looks.

namespace assay::warehouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<frame::Table> rows(std::string_view body, std::int64_t most = 1'000) {
  return clickhouse_rows(body, most, "clickhouse at h:8123");
}

TEST(ClickHouseValues, ReadEveryTypeOfAnAnswer) {
  const auto table = rows(
      R"x(["a", "n", "i", "t", "d", "z", "b", "m", "big", "w", "s", "tk", "lc"])x"
      "\n"
      R"x(["Int8", "Float64", "Float64", "DateTime64(6, 'UTC')", "Date", "Nullable(Nothing)", )x"
      R"x("Bool", "Decimal(18, 2)", "UInt64", "Int128", "String", "DateTime('Asia\/Tokyo')", )x"
      R"x("LowCardinality(Nullable(String))"])x"
      "\n"
      R"x([1, "nan", "-inf", "2026-01-01T00:00:00.123456Z", "2026-01-01", null, true, "1.5", )x"
      R"x("9007199254740993", "5", "a\"b\\ü", "2025-12-31T15:00:00Z", "x"])x"
      "\n"
      R"x([-1, 0.25, "inf", "1969-12-31T23:59:59.999999Z", "1970-01-02", null, false, "-0.01", )x"
      R"x("0", "-5", "", "1970-01-01T00:00:00Z", null])x"
      "\n");
  ASSERT_TRUE(table) << to_text(table.error());
  const auto& c = table->columns;
  EXPECT_THAT(c[0].ints, ElementsAre(1, -1));
  EXPECT_TRUE(std::isnan(c[1].doubles[0]));
  EXPECT_EQ(c[1].doubles[1], 0.25);
  EXPECT_THAT(c[2].doubles, ElementsAre(-INFINITY, INFINITY));
  EXPECT_THAT(c[3].ints, ElementsAre(1'767'225'600'123'456, -1));
  EXPECT_THAT(c[4].ints, ElementsAre(1'767'225'600'000'000, 86'400'000'000));
  EXPECT_THAT(c[5].nulls, ElementsAre(1, 1));
  EXPECT_THAT(c[6].ints, ElementsAre(1, 0));
  EXPECT_THAT(c[7].doubles, ElementsAre(1.5, -0.01));
  EXPECT_THAT(c[8].ints, ElementsAre(9'007'199'254'740'993, 0));  // No double holds it.
  EXPECT_THAT(c[9].ints, ElementsAre(5, -5));
  EXPECT_EQ(c[10].dictionary.at(c[10].codes[0]), "a\"b\\ü");
  EXPECT_THAT(c[11].ints, ElementsAre(1'767'193'200'000'000, 0));
  EXPECT_THAT(c[12].nulls, ElementsAre(0, 1));
}

TEST(ClickHouseValues, ReadAnAnswerWithoutRowsAndWithoutColumns) {
  const auto none = rows("[\"a\"]\n[\"Int64\"]\n");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->columns.size(), 1U);
  EXPECT_EQ(none->rows(), 0U);
  EXPECT_TRUE(rows("")->columns.empty());
  EXPECT_TRUE(rows("\n")->columns.empty());
}

TEST(ClickHouseValues, FindAnExceptionBehindRowsThatWereSent) {
  const std::string begin = "[\"a\"]\n[\"Int64\"]\n[\"1\"]\n";
  for (const std::string& end :
       {std::string("Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)\n"),
        std::string("[\"2Code: 241. DB::Exception: Memory limit exceeded. "
                    "(MEMORY_LIMIT_EXCEEDED)"),
        std::string("\r\n__exception__\r\nabcdef\r\nCode: 241. DB::Exception: Memory limit "
                    "exceeded. (MEMORY_LIMIT_EXCEEDED)\r\n81 abcdef\r\n__exception__\r\n"),
        std::string("{\"exception\": \"Code: 241. DB::Exception: Memory limit exceeded.\"}\n")}) {
    const auto table = rows(begin + end);
    ASSERT_FALSE(table) << end;
    EXPECT_EQ(table.error().code, ErrorCode::unavailable) << end;
    EXPECT_THAT(table.error().problem, HasSubstr("memory")) << end;
    EXPECT_THAT(table.error().have, HasSubstr("Code: 241")) << end;
  }
}

TEST(ClickHouseValues, RefuseWhatIsNoAnswer) {
  EXPECT_EQ(rows("<html>proxy</html>").error().code, ErrorCode::unavailable);
  EXPECT_EQ(rows("[\"a\"]\n").error().code, ErrorCode::unavailable);
  EXPECT_EQ(rows("[\"a\"]\n[\"Int64\"]\n[1, 2]\n").error().code, ErrorCode::unavailable);
  EXPECT_EQ(rows("[\"a\"]\n[\"Int64\"]\n[\"1\"").error().code, ErrorCode::unavailable);
  EXPECT_EQ(rows("[1]\n[2]\n").error().code, ErrorCode::unavailable);
  EXPECT_EQ(rows("[\"a\"]\n[\"Array(Int64)\"]\n[[1]]\n").error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(rows("[\"a\"]\n[\"Int64\"]\n[\"1\"]\n[\"2\"]\n", 1).error().code,
            ErrorCode::invalid_spec);
  const auto wide = rows("[\"a\"]\n[\"UInt64\"]\n[\"9223372036854775808\"]\n");
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error().code, ErrorCode::invalid_data);
  EXPECT_EQ(wide.error().where, "column a");
}

TEST(ClickHouseValues, SeeThroughWrappersOfTypes) {
  EXPECT_EQ(clickhouse_type("LowCardinality(Nullable(String))"), ColumnType::text);
  EXPECT_EQ(clickhouse_type("Enum8('a' = 1, 'b)' = 2)"), ColumnType::text);
  EXPECT_EQ(clickhouse_type("Nullable(Decimal(38, 4))"), ColumnType::float64);
  EXPECT_EQ(clickhouse_type("DateTime64(3)"), ColumnType::instant);
  EXPECT_EQ(clickhouse_type("Date32"), ColumnType::date);
  EXPECT_EQ(clickhouse_type("Tuple(a Int64)"), ColumnType::other);
  EXPECT_EQ(clickhouse_type("AggregateFunction(sum, Int64)"), ColumnType::other);
}

TEST(ClickHouseValues, MapCodesOfErrors) {
  const auto code = [](const std::string& words) {
    const Error error = clickhouse_error(words, "clickhouse at h:1").value();
    EXPECT_EQ(error.have.find("SQLSTATE"), std::string::npos) << "ClickHouse has none";
    return error.code;
  };
  EXPECT_EQ(code("Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)"),
            ErrorCode::invalid_spec);
  EXPECT_EQ(code("Code: 47. DB::Exception: Unknown identifier. (UNKNOWN_IDENTIFIER)"),
            ErrorCode::invalid_spec);
  EXPECT_EQ(code("Code: 62. DB::Exception: Syntax error"), ErrorCode::invalid_spec);
  EXPECT_EQ(code("Code: 497. DB::Exception: Not enough privileges"), ErrorCode::invalid_spec);
  EXPECT_EQ(code("Code: 164. DB::Exception: Cannot modify setting"), ErrorCode::invalid_spec);
  EXPECT_EQ(code("Code: 516. DB::Exception: Authentication failed"), ErrorCode::unavailable);
  EXPECT_EQ(code("Code: 41. DB::Exception: Cannot parse datetime"), ErrorCode::invalid_data);
  EXPECT_EQ(code("Code: 396. DB::Exception: Limit for result"), ErrorCode::invalid_spec);
  EXPECT_EQ(code("Code: 99999. DB::Exception: Something new"), ErrorCode::unavailable);
}

}  // namespace
}  // namespace assay::warehouse
