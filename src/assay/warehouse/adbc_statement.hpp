#pragma once

#include <duckdb/common/adbc/adbc.h>

#include <chrono>
#include <functional>
#include <string>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/warehouse/arrow_decode.hpp"

/// Behind adbc.hpp: the driver's objects and one statement on them.
namespace assay::warehouse {

/// An open database and a connection to it; closed when it goes.
struct AdbcSession {
  AdbcSession() = default;
  AdbcSession(const AdbcSession&) = delete;
  AdbcSession& operator=(const AdbcSession&) = delete;
  ~AdbcSession();

  /// Closes the connection and opens another to the same database.
  Result<void> reconnect();

  AdbcDriver* driver = nullptr;
  AdbcDatabase database{};
  AdbcConnection connection{};
  std::string engine;    ///< "spark at host:port", for messages.
  bool prepare = false;  ///< DuckDB's driver aborts on SQL it cannot read unless it is prepared.
  /// Spark's driver gives a stopped statement up on this side alone. Its work there ends with the
  /// connection, once it has begun: so long after a statement began.
  std::chrono::milliseconds begins_within{0};
};

/// The driver's error as one of ours; releases it.
tl::unexpected<Error> adbc_error(AdbcStatusCode status, AdbcError& error,
                                 const std::string& engine);

/// Runs a statement and hands its result to `decoder`, batch by batch. More than `most_rows` rows,
/// a stop asked for, or any other failure cancels the statement.
struct AdbcRows {
  ArrowDecoder decoder;
  std::vector<TableColumn> columns;
};
Result<AdbcRows> run_adbc(AdbcSession& session, const std::string& statement,
                          std::int64_t most_rows, const Progress& progress);

}  // namespace assay::warehouse
