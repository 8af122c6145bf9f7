#include "assay/sql/dialect.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "assay/engine/database.hpp"
#include "assay/sql/meanings_for_tests.hpp"

namespace assay::sql {
namespace {

// ---------------------------------------------------------------------------------------------
// What plans mean: rows worked out by hand. tests/dialects/run.py does the same on other engines.

meanings::Cell cell_of(const frame::Column& column, std::size_t row) {
  if (column.is_null(row)) return {};
  switch (column.type) {
    case frame::Type::boolean:
      return column.ints[row] != 0;
    case frame::Type::float64:
      return column.doubles[row];
    case frame::Type::text:
      return column.dictionary[column.codes[row]];
    default:
      return column.ints[row];
  }
}

std::string shown(const meanings::Row& row) {
  std::string text;
  for (const meanings::Cell& cell : row) {
    text += std::visit(
                [](const auto& one) -> std::string {
                  using Kind = std::decay_t<decltype(one)>;
                  if constexpr (std::is_same_v<Kind, std::monostate>)
                    return "missing";
                  else
                    return fmt::format("{}", one);
                },
                cell) +
            " | ";
  }
  return text;
}

bool same(const meanings::Cell& a, const meanings::Cell& b) {
  if (a.index() != b.index()) return false;
  const auto* x = std::get_if<double>(&a);
  if (x == nullptr) return a == b;
  const double y = std::get<double>(b);
  return *x == y || std::abs(*x - y) <= 1e-12 * std::abs(*x);  // Averages and covariances round.
}

void expect_rows(const std::vector<meanings::Row>& expected, const frame::Table& table,
                 const std::string& what) {
  ASSERT_EQ(expected.size(), table.rows()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    meanings::Row row;
    for (const frame::Column& column : table.columns) row.push_back(cell_of(column, i));
    EXPECT_TRUE(std::equal(expected[i].begin(), expected[i].end(), row.begin(), row.end(), same))
        << what << "\n  expected " << shown(expected[i]) << "\n  got      " << shown(row);
  }
}

Result<void> create_moments(engine::Database& database) {
  const std::string wall = *duckdb_dialect().name_text(meanings::kWallName);
  std::string rows;
  for (const meanings::Moment& one : meanings::moments()) {
    rows += fmt::format(
        "{}({}, TIMESTAMPTZ '{}+00', TIMESTAMP '{}', DATE '{}', {}::BIGINT, {}, "
        "'{}'::DOUBLE, {}, {})",
        rows.empty() ? "" : ", ", one.id, one.instant, one.instant, one.date, one.whole, one.day,
        one.real, *duckdb_dialect().string_text(one.text), one.truth);
  }
  return database.execute(fmt::format(
      "CREATE TABLE {} AS SELECT * FROM (VALUES {}) AS t(id, instant, {}, date, whole, small, "
      "\"real\", text, truth)",
      meanings::kTable, rows, wall));
}

TEST(DuckDb, EveryPlanMeansWhatWasWorkedOutByHand) {
  auto database = engine::Database::open();
  ASSERT_TRUE(database);
  const auto created = create_moments(*database);
  ASSERT_TRUE(created) << to_text(created.error());
  for (const meanings::Meaning& meaning : meanings::all_meanings()) {
    const auto statement = duckdb_dialect().statement(meaning.plan, "a test");
    ASSERT_TRUE(statement) << meaning.what << to_text(statement.error());
    const auto rows = database->query(*statement);
    ASSERT_EQ(rows.has_value(), !meaning.fails) << meaning.what << "\n"
                                                << *statement << "\n"
                                                << (rows ? "" : to_text(rows.error()));
    if (rows) expect_rows(meaning.rows, *rows, meaning.what + "\n" + *statement);
  }
}

}  // namespace
}  // namespace assay::sql
