#pragma once

#include <memory>
#include <string>

#include "assay/base/result.hpp"
#include "assay/engine/database.hpp"
#include "assay/warehouse/connection.hpp"

/// A line to DuckDB in this process: the engine that is always there. It answers the same SQL plans
/// as a warehouse, so they can be tried and tested without one.
namespace assay::warehouse {

/// Opens `duckdb:///path/to/file.duckdb` for reading, or a database in memory when the URL has no
/// path. Options: `threads=N`.
/// Fails with invalid_spec (an option that is none), unavailable (no such file, held by another
/// program), invalid_data (the file is no DuckDB database).
Result<std::unique_ptr<Connection>> connect_duckdb(const EngineUrl& url,
                                                   const ConnectOptions& options);

/// A line over a database that is open already; tests load tables through it first. The database
/// must outlive the line. `where` stands in messages.
std::unique_ptr<Connection> connection_over(engine::Database& database,
                                            const std::string& where = "memory");

}  // namespace assay::warehouse
