#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/engine/database.hpp"

namespace assay::app {

/// A file of units (CSV, Parquet, JSON lines or a DuckDB table), whose columns are read as text,
/// exactly as they stand: "007" stays "007".
struct UnitFile {
  engine::Database database;
  std::string from;                  ///< Table expression.
  std::string unit;                  ///< Column of the ids.
  std::vector<std::string> columns;  ///< Those there are.
  std::int64_t rows = 0;
  std::int64_t distinct = 0;  ///< Different ids.
};

/// Opens a file whose ids stand in `unit` (empty: the first column) and whose `others` are there.
/// Fails with invalid_spec (a column that is not there, with the nearest), invalid_data (no row, a
/// row without an id) and as the file does.
Result<UnitFile> open_units(Context& context, const std::filesystem::path& path,
                            const std::string& table, const std::string& unit,
                            const std::vector<std::string>& others);

/// Fails with invalid_data when an id stands twice, with some of them.
Result<void> refuse_duplicates(Context& context, UnitFile& file);

/// One row: the id, then the other columns asked for ("" and null both come as empty).
using UnitRow = std::span<const std::string_view>;

/// Hands on all rows in the order of the file.
Result<void> each_unit(Context& context, UnitFile& file, const std::vector<std::string>& others,
                       const std::function<Result<void>(UnitRow)>& receive);

/// A field of a CSV line, quoted where it must be (RFC 4180).
std::string csv_field(std::string_view text);

}  // namespace assay::app
