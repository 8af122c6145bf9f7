#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/sql/plan.hpp"

/// How an engine writes a plan.
namespace assay::sql {

class Writer;

/// One engine's SQL. The base writes what the engines share; a dialect changes what differs. Each
/// stands in a file of its own (dialect_trino.cpp, ...), with what was seen on which version.
///
/// Safety: every name goes through `name_text`, every text through `string_text`, and nothing else
/// from outside reaches SQL. What a dialect cannot write exactly is an error, never nearly right.
///
/// Assumes that the session's time zone is UTC, where an engine has one that wall clocks are read
/// in: Trino (header X-Trino-Time-Zone: UTC) and Spark (SET TIME ZONE 'UTC').
class Dialect {
 public:
  virtual ~Dialect() = default;

  /// "duckdb", "trino", "spark", "clickhouse".
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// A name or a text so that the engine reads exactly that, whatever it holds. Fails with
  /// invalid_spec on what the engine has no way to write (a NUL in a name). As the SQL standard
  /// has it unless a dialect says otherwise: "name", 'text', with the mark inside doubled.
  [[nodiscard]] virtual Result<std::string> name_text(std::string_view name) const;
  [[nodiscard]] virtual Result<std::string> string_text(std::string_view text) const;

  /// The whole statement, ready to be sent. `comment` stands in front as a comment of one line
  /// (spec hash, kind of query); characters that could end it are left out.
  [[nodiscard]] Result<std::string> statement(const Plan& plan,
                                              std::string_view comment = {}) const;

  /// One expression alone, for tests and messages.
  [[nodiscard]] Result<std::string> expression_text(const Expression& expression) const;

 protected:
  /// What dialects change is declared beside the writer: see detail/writer.hpp.
  [[nodiscard]] virtual std::unique_ptr<Writer> writer() const = 0;
};

const Dialect& duckdb_dialect();
const Dialect& trino_dialect();
const Dialect& spark_dialect();
const Dialect& clickhouse_dialect();

/// By name; nullptr when there is none.
const Dialect* find_dialect(std::string_view name);

}  // namespace assay::sql
