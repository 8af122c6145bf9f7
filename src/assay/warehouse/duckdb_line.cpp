#include "assay/warehouse/duckdb_line.hpp"

#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "assay/base/text.hpp"

namespace assay::warehouse {
namespace {

using Json = nlohmann::json;

/// Types as DESCRIBE writes them.
ColumnType column_type(std::string_view type) {
  if (type == "BOOLEAN") return ColumnType::boolean;
  if (type == "DATE") return ColumnType::date;
  if (type == "VARCHAR" || type.starts_with("ENUM(")) {
    return type.ends_with("[]") ? ColumnType::other : ColumnType::text;
  }
  if (type == "TIMESTAMP WITH TIME ZONE") return ColumnType::instant;
  for (const std::string_view name : {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}) {
    if (type == name) return ColumnType::wall_clock;
  }
  for (const std::string_view name : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT",
                                      "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"}) {
    if (type == name) return ColumnType::int64;
  }
  if (type == "FLOAT" || type == "DOUBLE") return ColumnType::float64;
  if (type.starts_with("DECIMAL(") && type.ends_with(")")) return ColumnType::float64;
  return ColumnType::other;
}

std::string text_at(const frame::Table& table, std::size_t column, std::size_t row) {
  const frame::Column& from = table.columns.at(column);
  return from.is_null(row) ? std::string() : from.dictionary.at(from.codes.at(row));
}

std::string written(const sql::TableName& name) {
  std::string text;
  for (const std::string& part : {name.catalog, name.schema, name.table}) {
    if (part.empty()) continue;
    text += (text.empty() ? "" : ".") + engine::quote_identifier(part);
  }
  return text;
}

std::int64_t bytes_of(const frame::Table& table) {
  std::size_t bytes = 0;
  for (const frame::Column& column : table.columns) {
    bytes += column.ints.size() * sizeof(std::int64_t) + column.doubles.size() * sizeof(double) +
             column.codes.size() * sizeof(std::uint32_t) + column.nulls.size();
    for (const std::string& text : column.dictionary) bytes += text.size();
  }
  return static_cast<std::int64_t>(bytes);
}

/// Rows that the scans at the leaves of a plan (EXPLAIN's JSON) are expected to hand up.
void add_leaf_rows(const Json& node, std::optional<std::int64_t>& rows) {
  if (node.is_array()) {
    for (const Json& one : node) add_leaf_rows(one, rows);
    return;
  }
  if (!node.is_object()) return;
  const auto children = node.find("children");
  if (children != node.end() && children->is_array() && !children->empty()) {
    add_leaf_rows(*children, rows);
    return;
  }
  const auto extra = node.find("extra_info");
  if (extra == node.end() || !extra->is_object()) return;
  const auto expected = extra->find("Estimated Cardinality");
  if (expected == extra->end() || !expected->is_string()) return;
  const auto text = expected->get<std::string>();
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc()) rows = rows.value_or(0) + number;
}

class DuckdbLine final : public Connection {
 public:
  DuckdbLine(engine::Database& database, std::string where)
      : database_(&database), where_(std::move(where)) {}
  DuckdbLine(std::unique_ptr<engine::Database> owned, std::string where)
      : owned_(std::move(owned)), database_(owned_.get()), where_(std::move(where)) {}

  [[nodiscard]] std::string name() const override { return "duckdb"; }
  [[nodiscard]] const sql::Dialect& dialect() const override { return sql::duckdb_dialect(); }

  Result<std::string> describe_engine() override {
    ASSAY_TRY(const frame::Table version, database_->query("SELECT version()"));
    return fmt::format("DuckDB {} in {}", text_at(version, 0, 0), where_);
  }

  Result<Answer> query(const std::string& statement, const Progress& progress) override {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    Answer answer;
    ASSAY_TRY(answer.rows, database_->query(statement, progress, kMaxRows));
    answer.cost.bytes_returned = bytes_of(answer.rows);
    answer.cost.wall_us =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
    return answer;
  }

  Result<std::vector<TableColumn>> columns(const sql::TableName& table) override {
    auto described = database_->query("DESCRIBE " + written(table));
    if (!described) return no_table(table, described.error());
    std::vector<TableColumn> columns;
    for (std::size_t i = 0; i < described->rows(); ++i) {
      TableColumn column;
      column.name = text_at(*described, 0, i);
      column.engine_type = text_at(*described, 1, i);
      column.type = column_type(column.engine_type);
      columns.push_back(std::move(column));
    }
    return columns;
  }

  Result<Estimate> estimate(const std::string& statement) override {
    Estimate estimate;
    ASSAY_TRY(const frame::Table plan, database_->query("EXPLAIN " + statement));
    for (std::size_t i = 0; i < plan.rows(); ++i) estimate.text += text_at(plan, 1, i);
    ASSAY_TRY(const frame::Table numbers, database_->query("EXPLAIN (FORMAT json) " + statement));
    for (std::size_t i = 0; i < numbers.rows(); ++i) {
      const Json tree = Json::parse(text_at(numbers, 1, i), nullptr, false);
      add_leaf_rows(tree, estimate.rows);
    }
    return estimate;
  }

  Result<std::optional<std::string>> snapshot(const sql::TableName&) override {
    return std::optional<std::string>();
  }

 private:
  /// What DESCRIBE said when it is another matter, else the tables there are.
  tl::unexpected<Error> no_table(const sql::TableName& table, const Error& said) {
    if (said.code != ErrorCode::invalid_spec) return tl::unexpected(said);
    const auto tables = database_->query(
        "SELECT DISTINCT table_name FROM information_schema.tables WHERE table_catalog = " +
        (table.catalog.empty() ? "current_catalog()" : engine::quote_text(table.catalog)) +
        " AND table_schema = " +
        (table.schema.empty() ? "current_schema()" : engine::quote_text(table.schema)) +
        " ORDER BY 1");
    std::vector<std::string> names;
    for (std::size_t i = 0; tables && i < tables->rows(); ++i) {
      names.push_back(text_at(*tables, 0, i));
    }
    const std::string near = nearest(table.table, names);
    return fail(ErrorCode::invalid_spec, fmt::format("there is no table {}", sql::to_text(table)),
                where_, near.empty() ? "" : fmt::format("did you mean {}?", near),
                names.empty() ? "no tables" : list_text(names));
  }

  std::unique_ptr<engine::Database> owned_;
  engine::Database* database_;
  std::string where_;
};

Result<engine::DatabaseOptions> database_options(const EngineUrl& url) {
  engine::DatabaseOptions options;
  for (const std::string& part : url.path) options.file += "/" + part;
  options.read_only = !options.file.empty();
  for (const auto& [name, text] : url.options) {
    if (name != "threads") {
      return fail(ErrorCode::invalid_spec, fmt::format("duckdb has no option {}", name), url.text,
                  "take it out", "threads");
    }
    const auto read = std::from_chars(text.data(), text.data() + text.size(), options.threads);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || options.threads < 1) {
      return fail(ErrorCode::invalid_spec, fmt::format("threads is no number above 0: {}", text),
                  url.text, "write threads=4, say");
    }
  }
  return options;
}

}  // namespace

Result<std::unique_ptr<Connection>> connect_duckdb(const EngineUrl& url,
                                                   const ConnectOptions& options) {
  ASSAY_CHECK(options.progress.check());
  ASSAY_TRY(const engine::DatabaseOptions opening, database_options(url));
  ASSAY_TRY(engine::Database database, engine::Database::open(opening));
  const std::string where = opening.file.empty() ? "memory" : opening.file.string();
  return std::make_unique<DuckdbLine>(std::make_unique<engine::Database>(std::move(database)),
                                      where);
}

std::unique_ptr<Connection> connection_over(engine::Database& database, const std::string& where) {
  return std::make_unique<DuckdbLine>(database, where);
}

}  // namespace assay::warehouse
