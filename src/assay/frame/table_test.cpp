#include "assay/frame/table.hpp"

#include <gtest/gtest.h>

#include <array>

namespace assay::frame {
namespace {

TEST(Table, CountsTheRowsOfTheVectorThatItsTypeFills) {
  Column text;
  text.name = "country";
  text.type = Type::text;
  text.codes = {0, 1, 0};
  text.dictionary = {"DE", "FR"};
  text.nulls = {0, 0, 1};
  Column real;
  real.name = "watch";
  real.type = Type::float64;
  real.doubles = {1.0, 2.0, 3.0};
  const Table table{{text, real}};
  EXPECT_EQ(table.rows(), 3U);
  EXPECT_EQ(table.find("watch")->rows(), 3U);
  EXPECT_EQ(table.find("Watch"), nullptr);
  EXPECT_FALSE(table.columns[0].is_null(1));
  EXPECT_TRUE(table.columns[0].is_null(2));
  EXPECT_FALSE(table.columns[1].is_null(2));
  EXPECT_EQ(Table{}.rows(), 0U);
}

TEST(ColumnView, ReadsMissingValuesFromTheBitsOfTheRightWord) {
  const std::array<std::uint64_t, 2> bits{~std::uint64_t{0}, ~std::uint64_t{2}};
  ColumnView view;
  EXPECT_FALSE(view.is_null(1'000));
  view.validity = bits;
  EXPECT_FALSE(view.is_null(63));
  EXPECT_FALSE(view.is_null(64));
  EXPECT_TRUE(view.is_null(65));
}

}  // namespace
}  // namespace assay::frame
