#pragma once

#include <duckdb.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"

/// Behind database.hpp: vectors of the database as columns of ours.
namespace assay::engine {

/// Turns chunks of one result into views. BIGINT, DOUBLE and timestamps are not copied; texts
/// stay where they are, behind an array of string_views.
class BatchDecoder {
 public:
  /// Fails with invalid_spec when a column has a type that no column of ours can hold.
  static Result<BatchDecoder> of(duckdb_result& result);

  /// The view is valid until the chunk is destroyed or the next call.
  /// Fails with invalid_data when a wide integer does not fit into 64 bits.
  Result<frame::BatchView> decode(duckdb_data_chunk chunk);

  /// A batch of no rows that names the columns.
  [[nodiscard]] frame::BatchView empty() const;

 private:
  struct Source {
    std::string name;
    duckdb_type stored = DUCKDB_TYPE_INVALID;  ///< As it lies in memory (of enums and decimals).
    duckdb_type type = DUCKDB_TYPE_INVALID;
    frame::Type as = frame::Type::int64;
    double divisor = 1.0;                 ///< decimal: 10^scale.
    std::vector<std::string> dictionary;  ///< enum.
    std::vector<std::int64_t> ints;
    std::vector<double> doubles;
    std::vector<std::string_view> texts;
    std::vector<std::uint64_t> no_values;  ///< A column of type NULL.
  };

  static Result<Source> source_of(duckdb_result& result, idx_t column);
  static Result<void> fill(Source& source, duckdb_vector vector, std::size_t rows,
                           frame::ColumnView& view);
  static Result<void> fill_whole(Source& source, const void* data, const std::uint64_t* validity,
                                 std::size_t rows, frame::ColumnView& view);
  static void fill_real(Source& source, const void* data, std::size_t rows,
                        frame::ColumnView& view);
  static void fill_text(Source& source, const void* data, const std::uint64_t* validity,
                        std::size_t rows, frame::ColumnView& view);

  std::vector<Source> sources_;
};

/// Collects batches into a table that owns its values.
class TableBuilder {
 public:
  TableBuilder() = default;
  explicit TableBuilder(const frame::BatchView& first);
  void add(const frame::BatchView& batch);
  [[nodiscard]] frame::Table table() &&;

 private:
  frame::Table table_;
  std::vector<std::unordered_map<std::string, std::uint32_t>> codes_;
};

}  // namespace assay::engine
