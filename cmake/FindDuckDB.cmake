# Finds libduckdb and its C header where `make setup` puts them: deps/duckdb/node_modules.
find_library(DuckDB_LIBRARY duckdb
  PATHS ${PROJECT_SOURCE_DIR}/deps/duckdb/node_modules/@duckdb/node-bindings-linux-x64
  NO_DEFAULT_PATH)
find_path(DuckDB_INCLUDE_DIR duckdb.h
  PATHS ${PROJECT_SOURCE_DIR}/deps/duckdb/node_modules/duckdb/src/duckdb/src/include
  NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB
  REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run `make setup` first: it installs libduckdb into deps/duckdb")
if(DuckDB_FOUND AND NOT TARGET DuckDB::DuckDB)
  add_library(DuckDB::DuckDB SHARED IMPORTED)
  set_target_properties(DuckDB::DuckDB PROPERTIES
    IMPORTED_LOCATION ${DuckDB_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${DuckDB_INCLUDE_DIR})
endif()
