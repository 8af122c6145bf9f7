#pragma once

#include <duckdb.h>

#include <string>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/engine/database.hpp"

/// Behind database.hpp: the files database*.cpp only.
namespace assay::engine {

struct Database::State {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();
};

/// Turns the database's message ("Binder Error: ...") into an Error of ours.
tl::unexpected<Error> database_error(const char* message);

/// Owns a handle of the C API and destroys it with the function that the API has for it.
template <class Handle, void (*destroy)(Handle*)>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { destroy(&handle_); }

  [[nodiscard]] Handle get() const { return handle_; }
  [[nodiscard]] Handle* put() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using PreparedStatement = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Pending = Owned<duckdb_pending_result, duckdb_destroy_pending>;
using Chunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;

struct ResultHandle {
  duckdb_result result{};
  ResultHandle() = default;
  ResultHandle(const ResultHandle&) = delete;
  ResultHandle& operator=(const ResultHandle&) = delete;
  ~ResultHandle() { duckdb_destroy_result(&result); }
};

}  // namespace assay::engine
