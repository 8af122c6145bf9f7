#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/frame/table.hpp"
#include "assay/warehouse/connection.hpp"

/// Trino's values in JSON -> columns.
namespace assay::warehouse {

/// The kind of a Trino type by its text: "decimal(10,2)" -> float64.
ColumnType trino_column_type(std::string_view engine_type);

/// "2026-05-04 17:03:09.123456 UTC" -> microseconds UTC. Without a zone: as if UTC. Digits past
/// the sixth are cut. A named zone is read except within three hours of a change of its clocks,
/// where the text is not sure to name one instant.
/// Fails with invalid_data.
Result<TimeUs> parse_trino_time(std::string_view text);

/// Takes a result page by page.
class TrinoRows {
 public:
  /// `columns` as Trino lists them. Fails with invalid_spec on a type that no column can hold.
  Result<void> start(const nlohmann::json& columns);
  [[nodiscard]] bool started() const { return started_; }

  /// Adds the rows of one page. Fails with invalid_data on a value that its type does not have,
  /// invalid_spec past kMaxRows rows.
  Result<void> add(const nlohmann::json& data);

  frame::Table take() { return std::move(table_); }

 private:
  Result<void> add_value(std::size_t column, const nlohmann::json& value);

  bool started_ = false;
  std::int64_t rows_ = 0;
  frame::Table table_;
  std::vector<std::string> types_;
  std::vector<std::unordered_map<std::string, std::uint32_t>> codes_;  ///< Text columns.
};

}  // namespace assay::warehouse
