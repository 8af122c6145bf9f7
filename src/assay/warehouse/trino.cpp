#include "assay/warehouse/trino.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/base/text.hpp"
#include "assay/sql/dialect.hpp"
#include "assay/warehouse/trino_client.hpp"
#include "assay/warehouse/trino_estimate.hpp"

namespace assay::warehouse {
namespace {

/// The texts of a column of a small answer; missing ones are empty.
std::vector<std::string> texts(const Answer& answer, std::size_t index) {
  std::vector<std::string> out;
  if (index >= answer.rows.columns.size()) return out;
  const frame::Column& column = answer.rows.columns[index];
  if (column.type != frame::Type::text) return out;
  for (std::size_t row = 0; row < column.rows(); ++row)
    out.push_back(column.is_null(row) ? std::string{} : column.dictionary[column.codes[row]]);
  return out;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// What stands in front of ": " in Error::have.
bool engine_says(const Error& error, std::string_view name) {
  return error.have.starts_with(name) && error.have.substr(name.size(), 1) == ":";
}

class TrinoConnection : public Connection {
 public:
  explicit TrinoConnection(TrinoClient client) : client_(std::move(client)) {}

  [[nodiscard]] std::string name() const override { return "trino"; }
  [[nodiscard]] const sql::Dialect& dialect() const override { return sql::trino_dialect(); }

  Result<std::string> describe_engine() override {
    if (version_.empty()) ASSAY_CHECK(ask_version({}));
    const std::string& origin = client_.settings().origin;
    return fmt::format("Trino {} at {}", version_, origin.substr(origin.find("://") + 3));
  }

  Result<void> ask_version(const Progress& progress) {
    ASSAY_TRY(const Answer answer, client_.run("SELECT version()", progress));
    const std::vector<std::string> words = texts(answer, 0);
    version_ = words.empty() ? "of unknown version" : words.front();
    return {};
  }

  Result<Answer> query(const std::string& statement, const Progress& progress) override {
    return client_.run(statement, progress);
  }

  Result<std::vector<TableColumn>> columns(const sql::TableName& table) override {
    ASSAY_TRY(const std::string name, quoted(table, {}));
    auto answer = client_.run("DESCRIBE " + name, {});
    if (!answer) return tl::unexpected(with_names(std::move(answer.error()), table));
    const std::vector<std::string> names = texts(*answer, 0);
    const std::vector<std::string> types = texts(*answer, 1);
    std::vector<TableColumn> out;
    for (std::size_t i = 0; i < std::min(names.size(), types.size()); ++i)
      out.push_back({names[i], trino_column_type(types[i]), types[i]});
    return out;
  }

  Result<Estimate> estimate(const std::string& statement) override {
    ASSAY_TRY(const Answer io, client_.run("EXPLAIN (TYPE IO, FORMAT JSON) " + statement, {}));
    ASSAY_TRY(const Answer text, client_.run("EXPLAIN " + statement, {}));
    const std::vector<std::string> lines = texts(text, 0);
    const std::vector<std::string> io_lines = texts(io, 0);
    ASSAY_TRY(const IoPlan plan, read_io_plan(io_lines.empty() ? std::string{} : io_lines.front()));
    Estimate out{plan.rows, plan.bytes, std::nullopt,
                 lines.empty() ? std::string{} : lines.front()};
    for (const IoTable& table : plan.tables) {
      ASSAY_TRY(const auto keys, partition_columns(table.table));
      if (const auto touched = partitions_touched(table, keys))
        out.partitions = out.partitions.value_or(0) + *touched;
    }
    return out;
  }

  Result<std::optional<std::string>> snapshot(const sql::TableName& table) override {
    // Iceberg alone has this table; every other connector knows no such name.
    ASSAY_TRY(const std::string name, quoted(table, "$snapshots"));
    const auto answer =
        client_.run("SELECT CAST(snapshot_id AS varchar) FROM " + name +
                        " ORDER BY committed_at DESC NULLS LAST, snapshot_id LIMIT 1",
                    {});
    if (!answer && answer.error().code == ErrorCode::invalid_spec) return std::nullopt;
    if (!answer) return tl::unexpected(answer.error());
    const std::vector<std::string> ids = texts(*answer, 0);
    if (ids.empty()) return std::nullopt;
    return ids.front();
  }

 private:
  /// Those that DESCRIBE marks so.
  Result<std::vector<std::string>> partition_columns(const sql::TableName& table) {
    ASSAY_TRY(const std::string name, quoted(table, {}));
    ASSAY_TRY(const Answer answer, client_.run("DESCRIBE " + name, {}));
    const std::vector<std::string> names = texts(answer, 0);
    const std::vector<std::string> extras = texts(answer, 2);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < std::min(names.size(), extras.size()); ++i)
      if (extras[i] == "partition key") out.push_back(names[i]);
    return out;
  }

  /// Every part that is known, quoted; a table may carry a suffix like "$snapshots".
  Result<std::string> quoted(const sql::TableName& table, std::string_view suffix) const {
    const TrinoSettings& settings = client_.settings();
    const std::string& schema = table.schema.empty() ? settings.schema : table.schema;
    const std::string& catalog = table.catalog.empty() ? settings.catalog : table.catalog;
    std::string out;
    if (!schema.empty()) {
      ASSAY_TRY(const std::string schema_text, dialect().name_text(schema));
      if (!catalog.empty()) {
        ASSAY_TRY(out, dialect().name_text(catalog));
        out += ".";
      }
      out += schema_text + ".";
    }
    ASSAY_TRY(const std::string table_text, dialect().name_text(table.table + std::string(suffix)));
    return out + table_text;
  }

  /// Says what there is instead of a table, schema or catalog that there is not.
  Error with_names(Error error, const sql::TableName& table) {
    const TrinoSettings& settings = client_.settings();
    const std::string schema = table.schema.empty() ? settings.schema : table.schema;
    const std::string catalog = table.catalog.empty() ? settings.catalog : table.catalog;
    std::string word;
    std::string list;
    const auto quote = [this](const std::string& name) {
      return dialect().name_text(name).value_or(std::string{});
    };
    if (engine_says(error, "TABLE_NOT_FOUND")) {
      word = table.table;
      list = fmt::format("SHOW TABLES FROM {}{}{}", catalog.empty() ? "" : quote(catalog),
                         catalog.empty() ? "" : ".", quote(schema));
    } else if (engine_says(error, "SCHEMA_NOT_FOUND")) {
      word = schema;
      list = catalog.empty() ? "SHOW SCHEMAS" : "SHOW SCHEMAS FROM " + quote(catalog);
    } else if (engine_says(error, "CATALOG_NOT_FOUND")) {
      word = catalog;
      list = "SHOW CATALOGS";
    } else {
      return error;
    }
    const auto answer = client_.run(list, {});
    if (!answer) return error;
    const std::vector<std::string> names = texts(*answer, 0);
    error.problem += fmt::format(": {}", word);
    error.have += names.empty() ? "; there is none" : "; there are " + list_text(names);
    if (const std::string near = nearest(lower(word), names); !near.empty())
      error.fix = fmt::format("did you mean {}?", near);
    return error;
  }

  TrinoClient client_;
  std::string version_;
};

}  // namespace

Result<std::unique_ptr<Connection>> connect_trino(const EngineUrl& url,
                                                  const ConnectOptions& options) {
  ASSAY_TRY(TrinoSettings settings, trino_settings(url, options.tags));
  ASSAY_TRY(TrinoClient client, TrinoClient::create(std::move(settings)));
  auto connection = std::make_unique<TrinoConnection>(std::move(client));
  ASSAY_CHECK(connection->ask_version(options.progress));
  return connection;
}

}  // namespace assay::warehouse
