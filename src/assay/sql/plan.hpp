#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/sql/expression.hpp"

/// A dialect-neutral query: named steps and a last one, each selecting from tables and from steps
/// before it.
namespace assay::sql {

/// A table of the engine. Empty parts: the connection's own catalog or schema.
struct TableName {
  std::string catalog;
  std::string schema;
  std::string table;
};

/// "catalog.schema.table", for messages; never for SQL.
std::string to_text(const TableName& name);

enum class JoinKind : std::uint8_t { inner, left, cross };

/// One input of a select: a table, or a step by its name. The first input of a select has no join.
struct Input {
  std::optional<TableName> table;
  std::string step;   ///< When there is no table.
  std::string alias;  ///< What columns say; empty: the step's or the table's name.
  JoinKind join = JoinKind::inner;
  Expression on;  ///< inner, left: an equality of columns, or several under `both`.
};

/// The name by which columns say an input.
const std::string& alias_of(const Input& input);

struct Output {
  std::string name;
  Expression value;
};

/// Rows of `from` that pass `where`, grouped by `group_by` when it holds anything or an output
/// aggregates, then those that pass `having`. Without inputs: one row.
struct Select {
  bool distinct = false;
  std::vector<Output> outputs;
  std::vector<Input> from;
  Expression where;
  std::vector<Expression> group_by;
  Expression having;
};

/// A step is the rows of all its selects, one after the other (UNION ALL); their outputs have the
/// same names and types.
struct Step {
  std::string name;
  std::vector<Select> selects;
};

struct Plan {
  std::vector<Step> steps;  ///< Each may read those before it.
  std::vector<Select> result;
  std::vector<OrderKey> order;        ///< By output columns of the result.
  std::optional<std::int64_t> limit;  ///< Rows of the result.

  /// Adds a step of one select and gives back an input that reads it.
  Input add(std::string name, Select select);
};

/// Tables and the columns of each that a plan reads, without repeats, in order of first use.
struct TableUse {
  TableName table;
  std::vector<std::string> columns;
};
std::vector<TableUse> tables_of(const Plan& plan);

}  // namespace assay::sql
