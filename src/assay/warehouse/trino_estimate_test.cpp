#include "assay/warehouse/trino_estimate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::warehouse {
namespace {

std::string range(const std::string& low, const std::string& high) {
  return R"({"low":{"value":")" + low + R"(","bound":"EXACTLY"},"high":{"value":")" + high +
         R"(","bound":"EXACTLY"}})";
}

/// One scan of hive.a.p as Trino 476 writes it.
std::string scan(const std::string& ranges, const std::string& rows, const std::string& none) {
  return R"({"table":{"catalog":"hive","schemaTable":{"schema":"a","table":"p"}},
    "constraint":{"none":)" +
         none + R"(,"columnConstraints":[{"columnName":"ds","type":"varchar","domain":{
      "nullsAllowed":false,"ranges":[)" +
         ranges + R"(]}},{"columnName":"u","type":"bigint","domain":{"nullsAllowed":false,
      "ranges":[{"low":{"bound":"ABOVE"},"high":{"value":"100","bound":"BELOW"}}]}}]},
    "estimate":{"outputRowCount":)" +
         rows + R"(,"outputSizeInBytes":36000.0}})";
}

std::string plan_of(const std::string& scans) {
  return R"({"inputTableColumnInfos":[)" + scans + "]}";
}

TEST(TrinoEstimate, RowsBytesAndPartitionsAreRead) {
  const auto plan =
      read_io_plan(plan_of(scan(range("1", "1") + "," + range("2", "2"), "4000.0", "false")));
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->rows, 4000);
  EXPECT_EQ(plan->bytes, 36000);
  ASSERT_EQ(plan->tables.size(), 1U);
  EXPECT_EQ(plan->tables[0].table.schema, "a");
  EXPECT_EQ(partitions_touched(plan->tables[0], {"ds"}), 2);
  EXPECT_EQ(partitions_touched(plan->tables[0], {}), std::nullopt);
  EXPECT_EQ(partitions_touched(plan->tables[0], {"u"}), std::nullopt) << "a range lists nothing";
  EXPECT_EQ(partitions_touched(plan->tables[0], {"ds", "hour"}), std::nullopt);
}

TEST(TrinoEstimate, ScansOfOneTableShareTheirPartitions) {
  const auto plan =
      read_io_plan(plan_of(scan(range("1", "1") + "," + range("2", "2"), "10", "false") + "," +
                           scan(range("2", "2") + "," + range("3", "3"), "5", "false")));
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->rows, 15);
  ASSERT_EQ(plan->tables.size(), 1U);
  EXPECT_EQ(partitions_touched(plan->tables[0], {"ds"}), 3);
}

TEST(TrinoEstimate, WhatTrinoDoesNotKnowIsNone) {
  const auto unknown = read_io_plan(plan_of(scan(range("1", "5"), R"("NaN")", "false")));
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(unknown->rows, std::nullopt);
  EXPECT_EQ(partitions_touched(unknown->tables[0], {"ds"}), std::nullopt);
  const auto nothing = read_io_plan(plan_of(scan("", "0", "true")));
  EXPECT_EQ(partitions_touched(nothing->tables.at(0), {"ds"}), 0);
  EXPECT_TRUE(read_io_plan(plan_of(""))->tables.empty());
}

TEST(TrinoEstimate, AnythingElseIsRefused) {
  for (const char* text : {"", "plan", "{}", "[]", R"({"inputTableColumnInfos":[{}]})"})
    EXPECT_FALSE(read_io_plan(text).has_value()) << text;
}

}  // namespace
}  // namespace assay::warehouse
