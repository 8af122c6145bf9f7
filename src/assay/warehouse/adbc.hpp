#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/warehouse/connection.hpp"

/// Lines by ADBC: any engine that has a driver for it (Spark Connect, Flight SQL, PostgreSQL,
/// Snowflake, BigQuery), through one C interface.
namespace assay::warehouse {

/// What a URL says to the driver of its scheme, as keys and values of AdbcDatabaseSetOption, in
/// order. `option.KEY=value` in the URL is handed on as it stands, last.
///
///   spark://host[:15002][/[catalog/]schema]   token_env, tls=true
///   flightsql://[user@]host[:32010]           password_env, token_env, tls=true; dialect= is
///   needed postgresql://[user@]host[:5432]/database  password_env, tls=true; dialect= is needed
///   snowflake://[user@]account[/db[/schema]]  password_env, token_env, warehouse=, role=; dialect=
///   bigquery://project[/dataset]              dialect= is needed
///   duckdb:///file?driver=libduckdb.so        DuckDB's own driver, for trying this line
///
/// Fails with invalid_spec on an option that is none, unavailable on a secret that is not set.
Result<std::vector<std::pair<std::string, std::string>>> adbc_options(const EngineUrl& url);

/// Opens a line through the driver of the URL's scheme (see adbc_driver.hpp for where it is looked
/// for). `dialect=` (duckdb, trino, spark, clickhouse) says which SQL the engine speaks where the
/// scheme does not. Statements are cancelled on the engine within 100 ms of a stop when the driver
/// can (ADBC 1.1). Costs hold only bytes and time: ADBC tells no more.
/// Drivers run in tests: DuckDB, Spark, Flight SQL. The others are written from their documents.
Result<std::unique_ptr<Connection>> connect_adbc(const EngineUrl& url,
                                                 const ConnectOptions& options);

}  // namespace assay::warehouse
