#include "assay/warehouse/connection.hpp"

#include <gtest/gtest.h>

namespace assay::warehouse {
namespace {

TEST(Cost, SumsAreTakenAndTheLargestPeak) {
  Cost total;
  total.add({.query_id = "a",
             .bytes_read = 10,
             .rows_read = 1,
             .cpu_us = 5,
             .peak_memory = 7,
             .bytes_returned = 3,
             .wall_us = 100});
  total.add({.query_id = "b",
             .bytes_read = 20,
             .rows_read = 2,
             .cpu_us = 6,
             .peak_memory = 4,
             .bytes_returned = 4,
             .wall_us = 50});
  EXPECT_EQ(total.query_id, "a, b");
  EXPECT_EQ(total.bytes_read, 30);
  EXPECT_EQ(total.rows_read, 3);
  EXPECT_EQ(total.cpu_us, 11);
  EXPECT_EQ(total.peak_memory, 7);
  EXPECT_EQ(total.bytes_returned, 7);
  EXPECT_EQ(total.wall_us, 150);
}

TEST(Cost, WhatOneSideDoesNotTellIsNone) {
  Cost total{.query_id = "a", .bytes_read = 10, .peak_memory = 7, .wall_us = 1};
  total.add({.query_id = "b", .rows_read = 2, .wall_us = 1});
  EXPECT_EQ(total.bytes_read, std::nullopt);
  EXPECT_EQ(total.rows_read, std::nullopt);
  EXPECT_EQ(total.peak_memory, std::nullopt);
}

}  // namespace
}  // namespace assay::warehouse
