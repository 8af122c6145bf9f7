#pragma once

#include <string>
#include <string_view>

#include "assay/base/result.hpp"

/// What an engine said when it refused, as an error of ours.
namespace assay::warehouse {

/// An engine's refusal before it is understood.
struct Refusal {
  std::string engine;      ///< "spark at host:port"; stands in Error::where.
  std::string said;        ///< The engine's own words.
  std::string sqlstate;    ///< Five letters; empty: not told (it is then looked for in the words).
  std::string like;        ///< The SQLSTATE of engines that have one; not shown. May be empty.
  std::string error_name;  ///< "UNKNOWN_TABLE", "IO"; empty: none.
  ErrorCode otherwise = ErrorCode::unavailable;  ///< When nothing here knows better.
};

/// Reads the SQLSTATE, then the words, and says what is wrong in ours; the engine's own (with name
/// and state) stand in Error::have.
/// Source of the classes: ISO 9075 (SQLSTATE), Spark's error conditions, and messages seen on
/// DuckDB 1.5, Spark 4.3, Sail 0.7 and ClickHouse 26.9.
tl::unexpected<Error> engine_error(const Refusal& refusal);

}  // namespace assay::warehouse
