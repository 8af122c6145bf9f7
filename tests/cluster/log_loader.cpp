#include "log_loader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "assay/base/time.hpp"
#include "assay/engine/database.hpp"
#include "assay/warehouse/duckdb_line.hpp"

namespace assay::cluster {
namespace {

using frame::Column;
using frame::Type;

bool is_wall_clock(const Log& log, const std::string& column) {
  return std::find(log.wall_clocks.begin(), log.wall_clocks.end(), column) != log.wall_clocks.end();
}

class DuckdbLoader final : public LogLoader {
 public:
  explicit DuckdbLoader(engine::Database database) : database_(std::move(database)) {}

  [[nodiscard]] std::string engine() const override { return "duckdb"; }
  [[nodiscard]] bool has_instants() const override { return true; }
  [[nodiscard]] bool has_wall_clocks() const override { return true; }

  Result<sql::TableName> load(const std::string& name, const Log& log) override {
    std::string columns;
    std::string clocks;
    for (const Column& column : log.rows.columns) {
      const char* type = column.type == Type::boolean   ? "BOOLEAN"
                         : column.type == Type::int64   ? "BIGINT"
                         : column.type == Type::float64 ? "DOUBLE"
                         : column.type == Type::time_us ? "TIMESTAMPTZ"
                                                        : "VARCHAR";
      const std::string quoted = engine::quote_identifier(column.name);
      columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", quoted, type);
      if (is_wall_clock(log, column.name)) {
        clocks += fmt::format("{}make_timestamp(epoch_us({})) AS {}", clocks.empty() ? "" : ", ",
                              quoted, quoted);
      }
    }
    ASSAY_CHECK(database_.execute(fmt::format("CREATE OR REPLACE TABLE received ({})", columns)));
    ASSAY_CHECK(engine::append_rows(database_, "received", log.rows));
    ASSAY_CHECK(database_.execute(fmt::format(
        "CREATE OR REPLACE TABLE {} AS SELECT *{} FROM received", engine::quote_identifier(name),
        clocks.empty() ? "" : " REPLACE (" + clocks + ")")));
    return sql::TableName{"", "", name};
  }

  Result<std::unique_ptr<warehouse::Connection>> connect() override {
    return warehouse::connection_over(database_);
  }

 private:
  engine::Database database_;
};

/// How an engine writes types and values; what differs between those tried.
struct Words {
  std::string boolean;
  std::string int64;
  std::string float64;
  std::string text;
  std::string instant;  ///< Empty: the engine keeps none in these tables.
  std::string wall_clock;
  std::string options;  ///< Behind CREATE TABLE (...).
};

Words words_of(std::string_view dialect) {
  if (dialect == "trino") {
    return {"BOOLEAN",      "BIGINT", "DOUBLE", "VARCHAR", "TIMESTAMP(6) WITH TIME ZONE",
            "TIMESTAMP(6)", ""};
  }
  if (dialect == "spark") {
    return {"BOOLEAN",   "BIGINT",        "DOUBLE",        "STRING",
            "TIMESTAMP", "TIMESTAMP_NTZ", " USING parquet"};
  }
  if (dialect == "clickhouse") {
    return {"Nullable(Bool)",
            "Nullable(Int64)",
            "Nullable(Float64)",
            "Nullable(String)",
            "Nullable(DateTime64(6, 'UTC'))",
            "Nullable(DateTime64(6, 'UTC'))",
            " ENGINE = MergeTree ORDER BY tuple()"};
  }
  return {"BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR", "TIMESTAMPTZ", "TIMESTAMP", ""};
}

/// A line that another one owns.
class LentLine final : public warehouse::Connection {
 public:
  explicit LentLine(warehouse::Connection& line) : line_(line) {}

  [[nodiscard]] std::string name() const override { return line_.name(); }
  Result<std::string> describe_engine() override { return line_.describe_engine(); }
  [[nodiscard]] const sql::Dialect& dialect() const override { return line_.dialect(); }
  Result<warehouse::Answer> query(const std::string& statement, const Progress& progress) override {
    return line_.query(statement, progress);
  }
  Result<std::vector<warehouse::TableColumn>> columns(const sql::TableName& table) override {
    return line_.columns(table);
  }
  Result<warehouse::Estimate> estimate(const std::string& statement) override {
    return line_.estimate(statement);
  }
  Result<std::optional<std::string>> snapshot(const sql::TableName& table) override {
    return line_.snapshot(table);
  }

 private:
  warehouse::Connection& line_;
};

class SqlLoader final : public LogLoader {
 public:
  SqlLoader(std::string url, std::unique_ptr<warehouse::Connection> line)
      : url_(std::move(url)), line_(std::move(line)), words_(words_of(line_->dialect().name())) {}

  [[nodiscard]] std::string engine() const override { return line_->name(); }

  // Tables of Hive keep no instants; one way for all of Trino's catalogs.
  [[nodiscard]] bool has_instants() const override { return line_->dialect().name() != "trino"; }

  [[nodiscard]] bool has_wall_clocks() const override {
    return line_->dialect().name() != "clickhouse";
  }

  Result<sql::TableName> load(const std::string& name, const Log& log) override {
    ASSAY_TRY(const std::string table, line_->dialect().name_text(name));
    ASSAY_CHECK(line_->query("DROP TABLE IF EXISTS " + table));
    std::string columns;
    for (const Column& column : log.rows.columns) {
      ASSAY_TRY(const std::string quoted, line_->dialect().name_text(column.name));
      columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", quoted, type_of(column, log));
    }
    ASSAY_CHECK(
        line_->query(fmt::format("CREATE TABLE {} ({}){}", table, columns, words_.options)));
    constexpr std::size_t kRowsAtOnce = 200;
    for (std::size_t begin = 0; begin < log.rows.rows(); begin += kRowsAtOnce) {
      const std::size_t end = std::min(begin + kRowsAtOnce, log.rows.rows());
      std::string values;
      for (std::size_t row = begin; row < end; ++row) {
        ASSAY_TRY(const std::string one, row_text(log, row));
        values += (values.empty() ? "" : ",\n") + one;
      }
      ASSAY_CHECK(line_->query(fmt::format("INSERT INTO {} VALUES {}", table, values)));
    }
    return sql::TableName{"", "", name};
  }

  // Sail keeps tables with the session that made them.
  Result<std::unique_ptr<warehouse::Connection>> connect() override {
    if (line_->dialect().name() == "spark") return std::make_unique<LentLine>(*line_);
    return open_line(url_);
  }

  static Result<std::unique_ptr<warehouse::Connection>> open_line(const std::string& url) {
    ASSAY_TRY(const warehouse::EngineUrl parsed, warehouse::parse_engine_url(url));
    return warehouse::connect(parsed, {});
  }

 private:
  [[nodiscard]] std::string type_of(const Column& column, const Log& log) const {
    switch (column.type) {
      case Type::boolean:
        return words_.boolean;
      case Type::int64:
        return words_.int64;
      case Type::float64:
        return words_.float64;
      case Type::text:
        return words_.text;
      case Type::time_us:
        break;
    }
    return is_wall_clock(log, column.name) ? words_.wall_clock : words_.instant;
  }

  Result<std::string> row_text(const Log& log, std::size_t row) {
    std::string text;
    for (const Column& column : log.rows.columns) {
      ASSAY_TRY(const std::string value, value_text(column, row));
      text +=
          fmt::format("{}CAST({} AS {})", text.empty() ? "" : ", ", value, type_of(column, log));
    }
    return "(" + text + ")";
  }

  Result<std::string> value_text(const Column& column, std::size_t row) {
    if (column.is_null(row)) return std::string("NULL");
    switch (column.type) {
      case Type::boolean:
        return std::string(column.ints[row] != 0 ? "true" : "false");
      case Type::int64:
        return fmt::format("{}", column.ints[row]);
      case Type::float64:
        return fmt::format("'{}'", column.doubles[row] != column.doubles[row]
                                       ? std::string("NaN")
                                       : fmt::format("{}", column.doubles[row]));
      case Type::text:
        return line_->dialect().string_text(column.dictionary[column.codes[row]]);
      case Type::time_us:
        break;
    }
    std::string time = time_text(column.ints[row]);  // 2026-05-04T17:03:09.000001Z
    time.pop_back();
    time[time.find('T')] = ' ';
    return fmt::format("'{}'", time);
  }

  std::string url_;
  std::unique_ptr<warehouse::Connection> line_;
  Words words_;
};

}  // namespace

Result<std::unique_ptr<LogLoader>> duckdb_loader() {
  engine::DatabaseOptions options;
  options.threads = 1;
  ASSAY_TRY(engine::Database database, engine::Database::open(options));
  return std::make_unique<DuckdbLoader>(std::move(database));
}

Result<std::unique_ptr<LogLoader>> sql_loader(const std::string& url) {
  ASSAY_TRY(auto line, SqlLoader::open_line(url));
  return std::make_unique<SqlLoader>(url, std::move(line));
}

Result<std::vector<std::unique_ptr<LogLoader>>> loaders() {
  std::vector<std::unique_ptr<LogLoader>> all;
  ASSAY_TRY(auto duckdb, duckdb_loader());
  all.push_back(std::move(duckdb));
  for (const char* variable : {"ASSAY_TRINO", "ASSAY_SPARK", "ASSAY_CLICKHOUSE"}) {
    const char* url = std::getenv(variable);
    if (url == nullptr || *url == '\0') continue;
    ASSAY_TRY(auto loader, sql_loader(url));
    all.push_back(std::move(loader));
  }
  return all;
}

}  // namespace assay::cluster
