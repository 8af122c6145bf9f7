#include "assay/warehouse/trino_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace assay::warehouse {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// One column of a type with these values, decoded.
Result<frame::Column> decoded(const std::string& type, const std::string& values) {
  TrinoRows rows;
  const json columns = json::array({{{"name", "x"}, {"type", type}}});
  ASSAY_CHECK(rows.start(columns));
  json data = json::array();
  for (const json& value : json::parse(values)) data.push_back(json::array({value}));
  ASSAY_CHECK(rows.add(data));
  return rows.take().columns.at(0);
}

TEST(TrinoValues, WholeNumbersAreExactBeyondTheReachOfDoubles) {
  const auto column =
      decoded("bigint", "[9007199254740993, -9223372036854775808, 9223372036854775807, 0]");
  ASSERT_TRUE(column.has_value());
  EXPECT_EQ(column->type, frame::Type::int64);
  EXPECT_THAT(column->ints, ElementsAre(9007199254740993, INT64_MIN, INT64_MAX, 0));
  EXPECT_FALSE(decoded("bigint", "[9223372036854775808]").has_value());
  EXPECT_FALSE(decoded("bigint", "[1.5]").has_value());
  EXPECT_FALSE(decoded("bigint", "[\"1\"]").has_value());
}

TEST(TrinoValues, DoublesKeepNanAndInfinity) {
  const auto column = decoded("double", R"([1.5, "NaN", "Infinity", "-Infinity", 3, 1e308])");
  ASSERT_TRUE(column.has_value());
  EXPECT_EQ(column->doubles[0], 1.5);
  EXPECT_TRUE(std::isnan(column->doubles[1]));
  EXPECT_EQ(column->doubles[2], INFINITY);
  EXPECT_EQ(column->doubles[3], -INFINITY);
  EXPECT_EQ(column->doubles[4], 3.0);
  EXPECT_EQ(column->doubles[5], 1e308);
  EXPECT_FALSE(decoded("double", R"(["many"])").has_value());
}

TEST(TrinoValues, DecimalsComeAsTextAndAreRead) {
  const auto column = decoded("decimal(38,10)", R"(["0.1000000000", "-12345678901234567890.5"])");
  ASSERT_TRUE(column.has_value());
  EXPECT_THAT(column->doubles, ElementsAre(0.1, -12345678901234567890.5));
}

TEST(TrinoValues, TextsAndTruthValuesAndMissingOnes) {
  const auto text = decoded("varchar(10)", R"([null, "a", "", "a", null, "é"])");
  ASSERT_TRUE(text.has_value());
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < text->rows(); ++i)
    seen.push_back(text->is_null(i) ? "-" : text->dictionary[text->codes[i]]);
  EXPECT_THAT(seen, ElementsAre("-", "a", "", "a", "-", "é"));
  const auto truth = decoded("boolean", "[true, false, null]");
  ASSERT_TRUE(truth.has_value());
  EXPECT_EQ(truth->type, frame::Type::boolean);
  EXPECT_THAT(truth->nulls, ElementsAre(0, 0, 1));
  EXPECT_EQ(truth->ints[0], 1);
  EXPECT_EQ(decoded("unknown", "[null]")->rows(), 1U);
}

// Expected values: GNU date, `date -u -d "2026-05-04 17:03:09" +%s` = 1777914189.
TEST(TrinoValues, TimesAreMicrosecondsOfUtc) {
  constexpr std::int64_t kTime = 1777914189LL * 1000000;
  EXPECT_EQ(parse_trino_time("2026-05-04 17:03:09").value(), kTime);
  EXPECT_EQ(parse_trino_time("2026-05-04 17:03:09.1").value(), kTime + 100000);
  EXPECT_EQ(parse_trino_time("2026-05-04 17:03:09.123456").value(), kTime + 123456);
  EXPECT_EQ(parse_trino_time("2026-05-04 17:03:09.123456999999").value(), kTime + 123456);
  EXPECT_EQ(parse_trino_time("2026-05-04 17:03:09 UTC").value(), kTime);
  EXPECT_EQ(parse_trino_time("2026-05-04 22:33:09.5 +05:30").value(), kTime + 500000);
  EXPECT_EQ(parse_trino_time("2026-05-04 10:03:09 America/Los_Angeles").value(), kTime);
  EXPECT_EQ(parse_trino_time("2026-05-04").value(), 1777852800LL * 1000000);
  EXPECT_EQ(parse_trino_time("1969-12-31 23:59:59.999999").value(), -1);
  const auto column = decoded("timestamp(6) with time zone", R"(["1970-01-01 00:00:01 UTC"])");
  EXPECT_EQ(column->type, frame::Type::time_us);
  EXPECT_EQ(column->ints[0], 1000000);
}

TEST(TrinoValues, ATimeThatMayBeTwoInstantsIsRefused) {
  // Clocks went back on 1 November 2026 at 02:00 in New York: 01:30 came twice.
  const auto twice = parse_trino_time("2026-11-01 01:30:00 America/New_York");
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().code, ErrorCode::invalid_data);
  EXPECT_THAT(twice.error().fix, HasSubstr("UTC"));
}

TEST(TrinoValues, WhatIsNoTimeIsRefused) {
  for (const char* text : {"", "2026-13-01", "2026-05-04T17:03:09", "2026-05-04 24:00:00",
                           "2026-05-04 17:03", "2026-05-04 17:03:09.", "2026-05-04 17:03:09 Mars",
                           "2026-05-04 17:03:09.12x", "+12026-05-04 00:00:00"}) {
    const auto time = parse_trino_time(text);
    ASSERT_FALSE(time.has_value()) << text;
    EXPECT_EQ(time.error().code, ErrorCode::invalid_data);
  }
}

TEST(TrinoValues, TypesAreKnownByTheirName) {
  EXPECT_EQ(trino_column_type("decimal(10,2)"), ColumnType::float64);
  EXPECT_EQ(trino_column_type("real"), ColumnType::float64);
  EXPECT_EQ(trino_column_type("tinyint"), ColumnType::int64);
  EXPECT_EQ(trino_column_type("varchar(7)"), ColumnType::text);
  EXPECT_EQ(trino_column_type("date"), ColumnType::date);
  EXPECT_EQ(trino_column_type("timestamp(6)"), ColumnType::wall_clock);
  EXPECT_EQ(trino_column_type("timestamp(3) with time zone"), ColumnType::instant);
  for (const char* type : {"array(bigint)", "row(a bigint)", "map(varchar, double)", "varbinary",
                           "interval day to second", "time(3)", "hyperloglog"})
    EXPECT_EQ(trino_column_type(type), ColumnType::other) << type;
}

TEST(TrinoValues, AnArrayIsRefusedByName) {
  const auto column = decoded("array(bigint)", "[[1]]");
  ASSERT_FALSE(column.has_value());
  EXPECT_EQ(column.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(column.error().problem, HasSubstr("column x of the answer is array(bigint)"));
}

TEST(TrinoValues, ARowOfAnotherWidthIsRefused) {
  TrinoRows rows;
  ASSERT_TRUE(rows.start(json::parse(R"([{"name":"x","type":"bigint"}])")).has_value());
  EXPECT_FALSE(rows.add(json::parse("[[1,2]]")).has_value());
  EXPECT_FALSE(rows.add(json::parse("[1]")).has_value());
}

}  // namespace
}  // namespace assay::warehouse
