#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/source.hpp"

/// Behind relation.hpp: finding and opening what a source names.
namespace assay::engine {

/// A table expression and the columns that it gives.
struct Reader {
  std::string from;
  std::vector<ColumnInfo> columns;
  /// CSV: formats of times as the file's reader guessed them, for columns read as text.
  std::vector<std::string> time_formats;
};

/// Opens a source and looks at its columns. A CSV or JSON column that some expression of the
/// source names alone is read as text, so that a value which does not convert is missing and the
/// rest of the file still reads.
Result<Reader> open_reader(Database& database, const Source& source);

/// Where an expression is nothing but a column's name, that column; else nullptr. Letter case
/// counts only when two columns differ by nothing else.
const ColumnInfo* named_column(const std::vector<ColumnInfo>& columns, std::string_view name);

/// Every expression over columns that the source holds.
std::vector<std::string> expressions_of(const Source& source);

}  // namespace assay::engine
