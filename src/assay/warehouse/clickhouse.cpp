#include "assay/warehouse/clickhouse.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/base/time.hpp"
#include "assay/warehouse/clickhouse_values.hpp"
#include "assay/warehouse/http.hpp"

namespace assay::warehouse {
namespace {

using Clock = std::chrono::steady_clock;

/// Sent with every statement: answers that read back exactly, NULL where other engines say NULL,
/// headers while the statement runs (so that silence means that nobody is there), and errors before
/// the first row.
constexpr std::pair<const char*, const char*> kSettings[] = {
    {"default_format", "JSONCompactEachRowWithNamesAndTypes"},
    {"output_format_json_quote_64bit_integers", "1"},
    {"output_format_json_quote_denormals", "1"},
    {"output_format_json_quote_decimals", "1"},
    {"output_format_json_validate_utf8", "1"},
    {"date_time_output_format", "iso"},
    {"join_use_nulls", "1"},
    {"aggregate_functions_null_for_empty", "1"},
    {"wait_end_of_query", "1"},
    {"cancel_http_readonly_queries_on_client_close", "1"},
    {"send_progress_in_http_headers", "1"},
    {"http_headers_progress_interval_ms", "1000"},
};
constexpr std::string_view kOwnSetting = "setting.";

struct Address {
  std::string origin;               ///< "http://host:8123".
  std::string where;                ///< "clickhouse at host:8123", for messages.
  std::string query;                ///< "/?database=...&setting=...".
  std::vector<std::string> logins;  ///< Headers.
  std::int64_t silence_ms = 60'000;
};

/// 32 hexadecimal digits that no other statement has. No answer depends on them.
std::string new_query_id() {
  std::random_device source;
  std::string id = "assay-";
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", source());
  return id;
}

std::optional<std::int64_t> number_in(const nlohmann::json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return std::nullopt;
  return number;
}

/// The header X-ClickHouse-Summary: {"read_rows":"1","read_bytes":"8",...}.
void add_summary(const std::string& summary, Cost& cost) {
  const auto told = nlohmann::json::parse(summary, nullptr, false);
  if (!told.is_object()) return;
  cost.rows_read = number_in(told, "read_rows");
  cost.bytes_read = number_in(told, "read_bytes");
  cost.peak_memory = number_in(told, "memory_usage");
}

std::string text_at(const frame::Table& table, std::size_t column, std::size_t row) {
  const frame::Column& from = table.columns.at(column);
  if (from.type != frame::Type::text || from.is_null(row)) return {};
  return from.dictionary.at(from.codes.at(row));
}

std::string texts_of(const frame::Table& table) {
  std::string all;
  for (std::size_t i = 0; i < table.rows(); ++i) all += text_at(table, 0, i) + "\n";
  return all;
}

class ClickHouseLine final : public Connection {
 public:
  ClickHouseLine(HttpClient client, Address address, const sql::Dialect& dialect)
      : client_(std::move(client)), address_(std::move(address)), dialect_(&dialect) {}

  [[nodiscard]] std::string name() const override { return "clickhouse"; }
  [[nodiscard]] const sql::Dialect& dialect() const override { return *dialect_; }

  Result<std::string> describe_engine() override {
    if (version_.empty()) {
      ASSAY_TRY(const Answer version, query("SELECT version()", {}));
      if (version.rows.rows() != 1) {
        return fail(ErrorCode::unavailable, "the engine does not say its version", address_.where);
      }
      version_ = text_at(version.rows, 0, 0);
    }
    return fmt::format("ClickHouse {} {}", version_,
                       address_.where.substr(address_.where.find("at ")));
  }

  Result<Answer> query(const std::string& statement, const Progress& progress) override {
    ASSAY_CHECK(progress.check());
    if (statement.find('\0') != std::string::npos) {
      return fail(ErrorCode::invalid_spec, "the SQL holds a NUL byte", {}, "take it out");
    }
    const auto begin = Clock::now();
    Answer answer;
    answer.cost.query_id = new_query_id();
    progress.at("waiting for " + address_.where, -1.0);
    const HttpAnswer said = send(statement, answer.cost.query_id, progress);
    if (said.failure != HttpFailure::none) {
      // Nobody there to be told, when the connection was never made.
      const bool there =
          said.failure != HttpFailure::unknown_host && said.failure != HttpFailure::refused;
      if (there) kill(answer.cost.query_id);
      return tl::unexpected(http_error(said, address_.where));
    }
    if (said.status != 200) return refused(said);
    ASSAY_TRY(answer.rows, clickhouse_rows(said.body, kMaxRows, address_.where));
    answer.cost.bytes_returned = said.bytes_received;
    if (const auto summary = said.headers.find("x-clickhouse-summary");
        summary != said.headers.end()) {
      add_summary(summary->second, answer.cost);
    }
    answer.cost.wall_us =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
    return answer;
  }

  Result<std::vector<TableColumn>> columns(const sql::TableName& table) override {
    ASSAY_TRY(const std::string written, written_name(table));
    const auto described = query("DESCRIBE TABLE " + written, {});
    if (!described) {
      if (described.error().code != ErrorCode::invalid_spec) {
        return tl::unexpected(described.error());
      }
      return no_table(table, described.error());
    }
    std::vector<TableColumn> columns;
    for (std::size_t i = 0; i < described->rows.rows(); ++i) {
      TableColumn column;
      column.name = text_at(described->rows, 0, i);
      column.engine_type = text_at(described->rows, 1, i);
      column.type = clickhouse_type(column.engine_type);
      columns.push_back(std::move(column));
    }
    return columns;
  }

  Result<Estimate> estimate(const std::string& statement) override {
    Estimate estimate;
    ASSAY_TRY(const Answer plan, query("EXPLAIN indexes = 1 " + statement, {}));
    estimate.text = texts_of(plan.rows);
    // Tables of the MergeTree family alone tell: database, table, parts, rows, marks.
    const auto told = query("EXPLAIN ESTIMATE " + statement, {});
    const frame::Column* rows = told ? told->rows.find("rows") : nullptr;
    if (rows == nullptr || rows->ints.empty()) return estimate;
    std::int64_t sum = 0;
    for (const std::int64_t one : rows->ints) sum += one;
    estimate.rows = sum;
    return estimate;
  }

  Result<std::optional<std::string>> snapshot(const sql::TableName&) override {
    return std::optional<std::string>();
  }

 private:
  HttpAnswer send(const std::string& statement, const std::string& id, const Progress& progress) {
    HttpRequest request;
    request.method = "POST";
    request.url = address_.origin + address_.query + "&query_id=" + id;
    request.headers = address_.logins;
    request.body = statement;
    request.silence_ms = address_.silence_ms;
    return client_.send(request, progress);
  }

  /// Asked for, not waited for: an engine that does not answer cannot be told either.
  void kill(const std::string& id) {
    HttpRequest request;
    request.method = "POST";
    request.url = address_.origin + "/";
    request.headers = address_.logins;
    request.body = fmt::format("KILL QUERY WHERE query_id = '{}' ASYNC", id);
    request.silence_ms = 5'000;
    client_.send(request);
  }

  tl::unexpected<Error> refused(const HttpAnswer& said) {
    if (said.body.find("DB::Exception") != std::string::npos) {
      return clickhouse_error(said.body, address_.where);
    }
    Error error = http_error(said, address_.where);
    error.fix = "check that the address is ClickHouse's HTTP interface";
    error.have = said.body.substr(0, 300);
    return tl::unexpected(std::move(error));
  }

  Result<std::string> written_name(const sql::TableName& table) {
    std::string text;
    // ClickHouse has databases and no catalogs; either part may name the database.
    for (const std::string& part : {table.catalog, table.schema, table.table}) {
      if (part.empty()) continue;
      ASSAY_TRY(const std::string word, dialect().name_text(part));
      text += (text.empty() ? "" : ".") + word;
    }
    return text;
  }

  tl::unexpected<Error> no_table(const sql::TableName& table, const Error& said) {
    std::string statement = "SHOW TABLES";
    if (!table.schema.empty()) {
      if (const auto schema = written_name({{}, {}, table.schema})) statement += " FROM " + *schema;
    }
    std::vector<std::string> names;
    if (const auto tables = query(statement, {}); tables && !tables->rows.columns.empty()) {
      for (std::size_t i = 0; i < tables->rows.rows(); ++i) {
        names.push_back(text_at(tables->rows, 0, i));
      }
    }
    const std::string near = nearest(table.table, names);
    std::string have = said.have;
    if (!names.empty()) have = fmt::format("tables {}; {}", list_text(names), have);
    return fail(said.code, fmt::format("{}: {}", said.problem, sql::to_text(table)), address_.where,
                near.empty() ? said.fix : fmt::format("did you mean {}?", near), have);
  }

  HttpClient client_;
  Address address_;
  const sql::Dialect* dialect_;
  std::string version_;
};

std::string named(const EngineUrl& url, const std::string& name) {
  const auto found = url.options.find(name);
  return found == url.options.end() ? std::string() : found->second;
}

Result<void> check_options(const EngineUrl& url) {
  const std::vector<std::string> known{"password_env", "tls", "ca_file", "answer_within"};
  for (const auto& [name, value] : url.options) {
    if (name.starts_with(kOwnSetting) && name.size() > kOwnSetting.size()) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = nearest(name, known);
    return fail(ErrorCode::invalid_spec, fmt::format("clickhouse has no option {}", name), url.text,
                near.empty() ? "a setting of the engine is written setting.NAME=VALUE"
                             : fmt::format("did you mean {}?", near),
                list_text(known) + ", setting.NAME");
  }
  const std::string tls = named(url, "tls");
  if (!tls.empty() && tls != "true" && tls != "false") {
    return fail(ErrorCode::invalid_spec, fmt::format("tls is neither true nor false: {}", tls),
                url.text, "write tls=true or tls=false");
  }
  if (url.path.size() > 1) {
    return fail(ErrorCode::invalid_spec, "a clickhouse URL names one database", url.text,
                "write clickhouse://host:8123/database");
  }
  return {};
}

std::string query_text(const EngineUrl& url, const std::vector<std::string>& tags) {
  std::string text = "/?database=";
  text += url.path.empty() ? "default" : percent_encoded(url.path.front());
  for (const auto& [name, value] : kSettings) text += fmt::format("&{}={}", name, value);
  std::string comment;
  for (const std::string& tag : tags) comment += (comment.empty() ? "assay: " : ", ") + tag;
  if (!comment.empty()) text += "&log_comment=" + percent_encoded(comment);
  for (const auto& [name, value] : url.options) {
    if (!name.starts_with(kOwnSetting)) continue;
    text += fmt::format("&{}={}", percent_encoded(name.substr(kOwnSetting.size())),
                        percent_encoded(value));
  }
  return text;
}

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Result<Address> address_of(const EngineUrl& url, const std::vector<std::string>& tags) {
  ASSAY_CHECK(check_options(url));
  const bool tls = named(url, "tls") == "true";
  const int port = url.port != 0 ? url.port : tls ? 8443 : 8123;
  Address address;
  address.origin = origin_text(tls, url.host, port);
  address.where = fmt::format("clickhouse at {}:{}", url.host, port);
  address.query = query_text(url, tags);
  ASSAY_TRY(const std::string password, secret(url, "password_env"));
  if (!password.empty() && !tls && !is_this_machine(url.host)) {
    return fail(ErrorCode::invalid_spec, "a password would go over the network unencrypted",
                url.text, "add tls=true");
  }
  for (const auto& [header, value] : {std::pair<std::string, std::string>("User", url.user),
                                      std::pair<std::string, std::string>("Key", password)}) {
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return fail(ErrorCode::invalid_spec, "user or password hold a line end", url.text);
    }
    if (!value.empty()) address.logins.push_back(fmt::format("X-ClickHouse-{}: {}", header, value));
  }
  if (const std::string within = named(url, "answer_within"); !within.empty()) {
    ASSAY_TRY(const std::int64_t wait_us, parse_duration(within));
    address.silence_ms = std::max<std::int64_t>(wait_us / 1'000, 1);
  }
  return address;
}

}  // namespace

Result<std::unique_ptr<Connection>> connect_clickhouse(const EngineUrl& url,
                                                       const ConnectOptions& options) {
  ASSAY_TRY(Address address, address_of(url, options.tags));
  HttpSettings settings;
  settings.ca_file = named(url, "ca_file");
  ASSAY_TRY(HttpClient client, HttpClient::create(std::move(settings)));
  auto line = std::make_unique<ClickHouseLine>(std::move(client), std::move(address),
                                               sql::clickhouse_dialect());
  ASSAY_CHECK(line->query("SELECT 1", options.progress));
  return line;
}

}  // namespace assay::warehouse
