#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"
#include "assay/warehouse/connection.hpp"

struct ArrowSchema;
struct ArrowArray;

/// Batches of the Arrow C data interface as a table of ours. No Arrow library is needed.
/// Source: https://arrow.apache.org/docs/format/CDataInterface.html
namespace assay::warehouse {

/// Collects the batches of one result. Whole numbers of every width become int64, floats and
/// decimals float64 (NaN and infinities stay), dates and timestamps of every unit time_us (a wall
/// clock is read as UTC; nanoseconds are rounded down), texts of every layout and dictionaries of
/// them text; a column of type null is int64 without values.
class ArrowDecoder {
 public:
  /// Fails with invalid_spec when a column has another type (lists, structs, bytes, intervals,
  /// half floats, decimals wider than 128 bits): cast it in the statement. The schema is not kept.
  static Result<ArrowDecoder> of(const ArrowSchema& schema);

  ArrowDecoder(ArrowDecoder&&) noexcept;
  ArrowDecoder& operator=(ArrowDecoder&&) noexcept;
  ~ArrowDecoder();

  /// Copies the rows of a batch; it may be released afterwards. Fails with invalid_data: a whole
  /// number above 2^63 - 1, a time outside 64-bit microseconds, buffers that the schema does not
  /// lead one to expect.
  Result<void> add(const ArrowArray& batch);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Of values, offsets and texts as they came.
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  [[nodiscard]] frame::Table table() &&;

 private:
  struct Field;
  ArrowDecoder();
  std::vector<std::unique_ptr<Field>> fields_;
  std::int64_t rows_ = 0;
  std::int64_t bytes_ = 0;
};

/// The columns that a schema names; types that no table can hold are `other`.
std::vector<TableColumn> columns_of(const ArrowSchema& schema);

}  // namespace assay::warehouse
