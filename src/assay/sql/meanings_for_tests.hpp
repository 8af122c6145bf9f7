#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "assay/sql/plan.hpp"

/// What plans mean, computed by hand: the same rows must come back from every engine. Used by
/// dialect_test on DuckDB and by tests/dialects/run.py on the others.
namespace assay::sql::meanings {

using Cell = std::variant<std::monostate, bool, std::int64_t, double, std::string>;
using Row = std::vector<Cell>;

struct Meaning {
  std::string what;
  Plan plan;
  std::vector<Row> rows;  ///< In order.
  bool fails = false;     ///< The engine must refuse to compute: better than a wrong number.
};

/// A row of the table that runners create as `kTable`: plans of literals alone could not show how
/// instants, dates and columns of unknown type read. Texts in the form of SQL literals.
struct Moment {
  std::int64_t id;
  const char* instant;  ///< "2026-05-04 12:34:56.123456", UTC.
  const char* date;     ///< "2026-05-04".
  std::int64_t whole;
  const char* real;  ///< "1.5", "nan", "inf".
  const char* text;
  bool truth;
  std::int64_t time_us;  ///< Of `instant`, which stands in a wall-clock column too.
  std::int64_t day;      ///< Of `date`.
};
inline constexpr const char* kTable = "assay_moments";
/// Columns: id, instant (with a zone), wall (without), date, whole (64 bits), small (32 bits),
/// real, text, truth; the last few by names that need quoting.
inline const std::string kWallName = R"(wall "clock`s' \ ;-- 🕰)";
std::vector<Moment> moments();

std::vector<Meaning> scalar_meanings();
std::vector<Meaning> text_meanings();
std::vector<Meaning> plan_meanings();
std::vector<Meaning> moment_meanings();
std::vector<Meaning> all_meanings();

}  // namespace assay::sql::meanings
