#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/sql/plan.hpp"

/// What EXPLAIN (TYPE IO, FORMAT JSON) says about a statement.
/// Source: seen on Trino 476, Hive connector.
namespace assay::warehouse {

/// One table as a statement reads it; scans of the same table are taken together.
struct IoTable {
  sql::TableName table;
  bool nothing = false;  ///< The filters leave nothing to be read.
  /// Of every column that the scan is limited by to single values: these values. Trino lists the
  /// partitions to be read in this way.
  std::map<std::string, std::set<std::string>> values;
};

struct IoPlan {
  std::optional<std::int64_t> rows;   ///< All scans together; none when one has no estimate.
  std::optional<std::int64_t> bytes;  ///< Decoded, of the columns read.
  std::vector<IoTable> tables;
};

/// Fails with unavailable when the text is not such a plan.
Result<IoPlan> read_io_plan(const std::string& io_json);

/// Partitions of a table that a scan touches, given the columns that it is partitioned by: exact
/// with one such column, at most that many with several. None without such a column, or when the
/// plan does not list the values of each.
std::optional<std::int64_t> partitions_touched(const IoTable& table,
                                               const std::vector<std::string>& partition_columns);

}  // namespace assay::warehouse
