#pragma once

#include <memory>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"
#include "assay/sql/plan.hpp"
#include "assay/warehouse/connection.hpp"

/// For tests that ask the same of every engine: puts small logs where an engine keeps its tables.
namespace assay::cluster {

/// Rows for a table. Columns of type time_us become instants, those named here wall clocks: their
/// microseconds since 1970-01-01 00:00 as a timestamp without a zone.
struct Log {
  const frame::Table& rows;
  std::vector<std::string> wall_clocks;
};

class LogLoader {
 public:
  virtual ~LogLoader() = default;

  [[nodiscard]] virtual std::string engine() const = 0;

  /// True when the engine keeps instants; else a test has all its times as wall clocks of UTC.
  [[nodiscard]] virtual bool has_instants() const = 0;

  /// False when the engine has instants alone: wall clocks of UTC are kept as such, and no others.
  [[nodiscard]] virtual bool has_wall_clocks() const = 0;

  /// Makes a table of that name hold exactly these rows.
  virtual Result<sql::TableName> load(const std::string& name, const Log& log) = 0;

  /// A line that reads what was loaded; the loader must outlive it.
  virtual Result<std::unique_ptr<warehouse::Connection>> connect() = 0;
};

/// DuckDB in this process.
Result<std::unique_ptr<LogLoader>> duckdb_loader();

/// The engine behind a URL, by CREATE TABLE and INSERT in its catalog and schema, which must be
/// there for scratch.
Result<std::unique_ptr<LogLoader>> sql_loader(const std::string& url);

/// DuckDB and the engines that ASSAY_TRINO, ASSAY_SPARK and ASSAY_CLICKHOUSE name by a URL. An
/// engine that is named and does not answer is an error.
Result<std::vector<std::unique_ptr<LogLoader>>> loaders();

}  // namespace assay::cluster
