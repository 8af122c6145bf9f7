#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::frame {

/// What a column holds. Booleans are 0 and 1; times are microseconds UTC.
enum class Type : std::uint8_t { boolean, int64, float64, time_us, text };

/// "boolean", "int64", "float64", "time_us", "text".
std::string_view to_text(Type type);

/// A column that owns its values. Only the vector of its type is filled.
struct Column {
  std::string name;
  Type type = Type::int64;
  std::vector<std::int64_t> ints;       ///< boolean, int64, time_us.
  std::vector<double> doubles;          ///< float64.
  std::vector<std::uint32_t> codes;     ///< text: positions in `dictionary`.
  std::vector<std::string> dictionary;  ///< text: the distinct values, any order.
  std::vector<std::uint8_t> nulls;      ///< 1 where there is no value; empty: none missing.

  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] bool is_null(std::size_t row) const { return !nulls.empty() && nulls[row] != 0; }
};

/// Columns of equal length.
struct Table {
  std::vector<Column> columns;

  [[nodiscard]] std::size_t rows() const { return columns.empty() ? 0 : columns.front().rows(); }

  /// The column of that name, or nullptr.
  [[nodiscard]] const Column* find(std::string_view name) const;
};

/// One column of a batch that somebody else owns; valid only during the call that hands it out.
struct ColumnView {
  std::string_view name;
  Type type = Type::int64;
  std::span<const std::int64_t> ints;       ///< boolean, int64, time_us.
  std::span<const double> doubles;          ///< float64.
  std::span<const std::string_view> texts;  ///< text.
  std::span<const std::uint64_t> validity;  ///< Bit i of word i / 64 set: a value; empty: all.

  [[nodiscard]] bool is_null(std::size_t row) const {
    return !validity.empty() && ((validity[row / 64] >> (row % 64)) & 1U) == 0;
  }
};

/// Some rows of a result, in the order of the source. The views die when the callback returns.
struct BatchView {
  std::size_t rows = 0;
  std::vector<ColumnView> columns;
};

}  // namespace assay::frame
