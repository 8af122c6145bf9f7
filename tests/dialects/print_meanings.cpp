// Prints what plans mean and how each dialect writes them, as JSON lines, for run.py: first the
// table that some of them read, then one meaning a line.

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "assay/sql/dialect.hpp"
#include "assay/sql/meanings_for_tests.hpp"

namespace {

using namespace assay::sql;
using nlohmann::json;

constexpr const char* kDialects[] = {"duckdb", "trino", "spark", "clickhouse"};

json cell_json(const meanings::Cell& cell) {
  return std::visit(
      [](const auto& one) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::monostate>) {
          return nullptr;
        } else {
          return one;
        }
      },
      cell);
}

json table_json() {
  json names;
  for (const char* dialect : kDialects)
    names[dialect] = *find_dialect(dialect)->name_text(meanings::kWallName);
  json rows = json::array();
  for (const meanings::Moment& one : meanings::moments()) {
    rows.push_back({{"id", one.id},
                    {"instant", one.instant},
                    {"date", one.date},
                    {"day", one.day},
                    {"whole", one.whole},
                    {"real", one.real},
                    {"text", one.text},
                    {"truth", one.truth}});
  }
  return {{"table", meanings::kTable}, {"wall_name", names}, {"rows", rows}};
}

json meaning_json(const meanings::Meaning& meaning) {
  json statements;
  for (const char* dialect : kDialects) {
    const auto statement = find_dialect(dialect)->statement(meaning.plan, "a test");
    statements[dialect] = statement ? *statement : "error: " + statement.error().problem;
  }
  json rows = json::array();
  for (const meanings::Row& row : meaning.rows) {
    json cells = json::array();
    for (const meanings::Cell& cell : row) cells.push_back(cell_json(cell));
    rows.push_back(cells);
  }
  return {
      {"what", meaning.what}, {"statement", statements}, {"rows", rows}, {"fails", meaning.fails}};
}

}  // namespace

int main() {
  fmt::print("{}\n", table_json().dump());
  for (const meanings::Meaning& meaning : meanings::all_meanings())
    fmt::print("{}\n", meaning_json(meaning).dump());
}
