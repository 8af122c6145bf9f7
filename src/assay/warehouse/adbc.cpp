#include "assay/warehouse/adbc.hpp"

#include <duckdb/common/adbc/adbc.h>
#include <fmt/core.h>

#include <chrono>
#include <thread>

#include "assay/base/text.hpp"
#include "assay/warehouse/adbc_driver.hpp"
#include "assay/warehouse/adbc_statement.hpp"
#include "assay/warehouse/statement_tag.hpp"

namespace assay::warehouse {
namespace {

/// Longer than Spark plans a statement of ours, on a busy machine too.
constexpr auto kSparkPlans = std::chrono::seconds(5);

std::string text_at(const frame::Table& table, std::size_t column, std::size_t row) {
  const frame::Column& from = table.columns.at(column);
  if (from.type != frame::Type::text || from.is_null(row)) return {};
  return from.dictionary.at(from.codes.at(row));
}

/// Every text of the first column, joined by line ends.
std::string first_texts(const frame::Table& table) {
  std::string all;
  // An engine that answers in two columns (DuckDB) says in the first what the second shows.
  const std::size_t column = table.columns.size() > 1 ? 1 : 0;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (!all.empty() && all.back() != '\n') all += '\n';
    all += text_at(table, column, i);
  }
  return all;
}

/// Makes a schema the one where names are looked for.
Result<void> step_in(AdbcSession& session, const std::string& schema, const std::string& tag,
                     const Progress& progress) {
  if (schema.empty()) return {};
  ASSAY_CHECK(run_adbc(session, tag + "USE " + schema, kMaxRows, progress));
  return {};
}

class AdbcLine final : public Connection {
 public:
  AdbcLine(std::unique_ptr<AdbcSession> session, std::string scheme, const sql::Dialect* dialect,
           std::string tag, std::string schema)
      : session_(std::move(session)),
        scheme_(std::move(scheme)),
        dialect_(dialect),
        tag_(std::move(tag)),
        schema_(std::move(schema)) {}

  [[nodiscard]] std::string name() const override { return scheme_; }
  [[nodiscard]] const sql::Dialect& dialect() const override { return *dialect_; }

  Result<std::string> describe_engine() override {
    if (described_.empty()) {
      // The one name for it that DuckDB, Spark and PostgreSQL share; others say no version.
      const auto version = run("SELECT version()", {});
      const bool told = version && version->rows.rows() == 1;
      const std::string text = told ? text_at(version->rows, 0, 0) : std::string();
      described_ =
          text.empty() ? session_->engine : fmt::format("{} (version {})", session_->engine, text);
    }
    return described_;
  }

  Result<Answer> query(const std::string& statement, const Progress& progress) override {
    return run(statement, progress);
  }

  Result<std::vector<TableColumn>> columns(const sql::TableName& table) override {
    ASSAY_TRY(const std::string written, written_name(table));
    auto rows = run_adbc(*session_, tag_ + "SELECT * FROM " + written + " WHERE 1 = 0", 0, {});
    if (rows) return std::move(rows->columns);
    if (rows.error().code != ErrorCode::invalid_spec) return tl::unexpected(rows.error());
    return no_table(table, rows.error());
  }

  Result<Estimate> estimate(const std::string& statement) override {
    ASSAY_TRY(const Answer plan, run("EXPLAIN " + statement, {}));
    Estimate estimate;
    estimate.text = first_texts(plan.rows);
    return estimate;
  }

  Result<std::optional<std::string>> snapshot(const sql::TableName&) override {
    return std::optional<std::string>();
  }

 private:
  Result<Answer> run(const std::string& statement, const Progress& progress) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    auto rows = run_adbc(*session_, tag_ + statement, kMaxRows, progress);
    if (!rows && rows.error().code == ErrorCode::interrupted &&
        session_->begins_within.count() > 0) {
      std::this_thread::sleep_until(begin + session_->begins_within);
      ASSAY_CHECK(session_->reconnect());
      ASSAY_CHECK(step_in(*session_, schema_, tag_, {}));
    }
    if (!rows) return tl::unexpected(std::move(rows.error()));
    Answer answer;
    answer.cost.bytes_returned = rows->decoder.bytes();
    answer.rows = std::move(rows->decoder).table();
    answer.cost.wall_us =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
    return answer;
  }

  Result<std::string> written_name(const sql::TableName& table) {
    std::string text;
    for (const std::string& part : {table.catalog, table.schema, table.table}) {
      if (part.empty()) continue;
      ASSAY_TRY(const std::string word, dialect_->name_text(part));
      text += (text.empty() ? "" : ".") + word;
    }
    return text;
  }

  /// Names of the tables beside the one asked for; none when the engine does not say.
  std::vector<std::string> table_names(const sql::TableName& table) {
    std::string statement = "SHOW TABLES";
    if (!table.schema.empty()) {
      const auto schema = written_name({table.catalog, {}, table.schema});
      if (schema) statement += (scheme_ == "duckdb" ? " FROM " : " IN ") + *schema;
    }
    std::vector<std::string> names;
    const auto tables = run(statement, {});
    if (!tables || tables->rows.columns.empty()) return names;
    // Spark answers namespace, tableName, isTemporary; DuckDB and others the name first.
    const std::size_t column = tables->rows.columns.size() > 1 ? 1 : 0;
    for (std::size_t i = 0; i < tables->rows.rows(); ++i) {
      names.push_back(text_at(tables->rows, column, i));
    }
    return names;
  }

  tl::unexpected<Error> no_table(const sql::TableName& table, const Error& said) {
    const std::vector<std::string> names = table_names(table);
    const std::string near = nearest(table.table, names);
    std::string have = said.have;
    if (!names.empty()) have = fmt::format("tables {}; {}", list_text(names), have);
    return fail(
        said.code, fmt::format("{}: {}", said.problem, sql::to_text(table)), session_->engine,
        near.empty() || near == table.table ? said.fix : fmt::format("did you mean {}?", near),
        have);
  }

  std::unique_ptr<AdbcSession> session_;
  std::string scheme_;
  const sql::Dialect* dialect_;
  std::string tag_;
  std::string schema_;  ///< As written in SQL; empty: the engine's own.
  std::string described_;
};

Result<const sql::Dialect*> dialect_of(const EngineUrl& url) {
  std::string name = url.scheme;
  if (const auto named = url.options.find("dialect"); named != url.options.end()) {
    name = named->second;
  }
  if (const sql::Dialect* dialect = sql::find_dialect(name)) return dialect;
  const std::string have = "duckdb, trino, spark, clickhouse";
  if (name != url.scheme) {
    return fail(ErrorCode::invalid_spec, fmt::format("no SQL dialect is called {}", name), url.text,
                "name the one whose SQL the engine speaks", have);
  }
  return fail(ErrorCode::invalid_spec,
              fmt::format("a {} URL does not say which SQL the engine speaks", url.scheme),
              url.text, "add dialect=NAME to the URL", have);
}

Result<std::unique_ptr<AdbcSession>> open_session(const EngineUrl& url) {
  ASSAY_TRY(const auto options, adbc_options(url));
  ASSAY_TRY(AdbcDriver * driver, load_driver(url));
  auto session = std::make_unique<AdbcSession>();
  session->driver = driver;
  session->engine = url.host.empty() ? url.scheme : fmt::format("{} at {}", url.scheme, url.host);
  if (url.port != 0) session->engine += fmt::format(":{}", url.port);
  session->prepare = url.scheme == "duckdb";
  if (url.scheme == "spark") session->begins_within = kSparkPlans;
  AdbcError error{};
  AdbcStatusCode status = ADBC_STATUS_OK;
  session->database.private_driver = driver;
  status = driver->DatabaseNew(&session->database, &error);
  if (status != ADBC_STATUS_OK) return adbc_error(status, error, session->engine);
  session->database.private_driver = driver;
  for (const auto& [key, value] : options) {
    status = driver->DatabaseSetOption(&session->database, key.c_str(), value.c_str(), &error);
    if (status == ADBC_STATUS_OK) continue;
    auto failed = adbc_error(status, error, session->engine);
    failed.value().code = ErrorCode::invalid_spec;
    failed.value().problem = fmt::format("the driver refuses its option {}", key);
    failed.value().fix = "check the options in the URL";
    return failed;
  }
  status = driver->DatabaseInit(&session->database, &error);
  if (status != ADBC_STATUS_OK) return adbc_error(status, error, session->engine);
  ASSAY_CHECK(session->reconnect());
  return session;
}

/// The schema that the URL names, where the driver has no option for it.
Result<std::string> schema_of(const EngineUrl& url, const sql::Dialect& dialect) {
  std::string schema;
  if (url.scheme != "spark") return schema;
  for (const std::string& part : url.path) {
    ASSAY_TRY(const std::string word, dialect.name_text(part));
    schema += (schema.empty() ? "" : ".") + word;
  }
  return schema;
}

}  // namespace

Result<std::unique_ptr<Connection>> connect_adbc(const EngineUrl& url,
                                                 const ConnectOptions& options) {
  ASSAY_TRY(const sql::Dialect* dialect, dialect_of(url));
  ASSAY_TRY(auto session, open_session(url));
  const std::string tag = tag_comment(options.tags);
  ASSAY_TRY(std::string schema, schema_of(url, *dialect));
  ASSAY_CHECK(run_adbc(*session, tag + "SELECT 1", 1, options.progress));
  ASSAY_CHECK(step_in(*session, schema, tag, options.progress));
  return std::make_unique<AdbcLine>(std::move(session), url.scheme, dialect, tag,
                                    std::move(schema));
}

}  // namespace assay::warehouse
