#include "assay/distributed/moment_columns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::distributed {
namespace {

frame::Column whole(const std::string& name, std::int64_t value) {
  frame::Column column;
  column.name = name;
  column.ints = {value};
  return column;
}

frame::Column real(const std::string& name, double value, bool missing = false) {
  frame::Column column;
  column.name = name;
  column.type = frame::Type::float64;
  column.doubles = {value};
  column.nulls = {static_cast<std::uint8_t>(missing ? 1 : 0)};
  return column;
}

MomentColumns two_variables(std::vector<double> shifts = {}) {
  return {"m", {sql::column("y"), sql::column("x")}, sql::column("counts"), std::move(shifts)};
}

std::vector<std::string> names_of(const sql::Select& select) {
  std::vector<std::string> names;
  for (const sql::Output& output : select.outputs) names.push_back(output.name);
  return names;
}

// y = 1, 2, 6 and x = 4, 4, 1: means 3 and 3, centred sums of products 14, -6 and 6 (by hand).
frame::Table three_units() {
  return {{whole("m_n", 3), real("m_mean_0", 3.0), real("m_mean_1", 3.0),
           real("m_cov_0_0", 14.0 / 3.0), real("m_cov_0_1", -2.0), real("m_cov_1_1", 2.0)}};
}

TEST(MomentColumns, AskForCountMeansAndTheUpperTriangle) {
  sql::Select select;
  add_moments(two_variables(), select);
  EXPECT_THAT(names_of(select), testing::ElementsAre("m_n", "m_mean_0", "m_mean_1", "m_cov_0_0",
                                                     "m_cov_0_1", "m_cov_1_1"));
  for (const sql::Output& output : select.outputs) EXPECT_NE(output.value->filter, nullptr);
}

TEST(MomentColumns, ReadCentredSumsOfProducts) {
  const auto moments = read_moments(three_units(), 0, two_variables());
  ASSERT_TRUE(moments);
  EXPECT_EQ(moments->n, 3);
  EXPECT_THAT(moments->mean, testing::ElementsAre(3.0, 3.0));
  EXPECT_THAT(moments->comoment,
              testing::ElementsAre(testing::DoubleEq(14.0), testing::DoubleEq(-6.0),
                                   testing::DoubleEq(6.0)));
}

TEST(MomentColumns, PutShiftsBackIntoTheMeansAlone) {
  const auto moments = read_moments(three_units(), 0, two_variables({100.0, -1.0}));
  ASSERT_TRUE(moments);
  EXPECT_THAT(moments->mean, testing::ElementsAre(103.0, 2.0));
  EXPECT_DOUBLE_EQ(moments->at(0, 0), 14.0);
}

TEST(MomentColumns, ReadNothingWhereNoRowCounts) {
  const frame::Table none{{whole("m_n", 0), real("m_mean_0", 0.0, true),
                           real("m_mean_1", 0.0, true), real("m_cov_0_0", 0.0, true),
                           real("m_cov_0_1", 0.0, true), real("m_cov_1_1", 0.0, true)}};
  const auto moments = read_moments(none, 0, two_variables());
  ASSERT_TRUE(moments);
  EXPECT_EQ(moments->n, 0);
  EXPECT_EQ(moments->size(), 2U);
}

TEST(MomentColumns, RefuseWhatIsNotFinite) {
  frame::Table table = three_units();
  table.columns[3].doubles[0] = std::numeric_limits<double>::infinity();
  const auto moments = read_moments(table, 0, two_variables());
  ASSERT_FALSE(moments);
  EXPECT_EQ(moments.error().code, ErrorCode::invalid_data);
}

TEST(MomentColumns, AskAgainOnlyFarFromZero) {
  numerics::CoMoments moments(1);
  moments.n = 1000;
  moments.comoment = {1000.0};  // Standard deviation 1.
  moments.mean = {50.0};
  EXPECT_FALSE(needs_shift(moments));
  moments.mean = {-50'000.0};
  EXPECT_TRUE(needs_shift(moments));
  moments.mean = {-5000.0};  // Roundings grow with the root of the rows.
  EXPECT_FALSE(needs_shift(moments));
  moments.n = 1'000'000;
  moments.comoment = {1e6};
  EXPECT_TRUE(needs_shift(moments));
  moments.comoment = {0.0};  // A constant has nothing to lose.
  EXPECT_FALSE(needs_shift(moments));
}

}  // namespace
}  // namespace assay::distributed
