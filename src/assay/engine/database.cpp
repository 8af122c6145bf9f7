#include "assay/engine/database.hpp"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "assay/engine/database_decode.hpp"
#include "assay/engine/database_state.hpp"

namespace assay::engine {
namespace {

/// While it lives, a stop asked for through `progress` interrupts the running statement.
class Watch {
 public:
  Watch(duckdb_connection connection, const Progress& progress) {
    if (progress.stop == nullptr) return;
    watcher_ = std::jthread([this, connection, stop = progress.stop](const std::stop_token& done) {
      std::unique_lock lock(mutex_);
      while (!done.stop_requested()) {
        if (stop->load(std::memory_order_relaxed)) duckdb_interrupt(connection);
        wake_.wait_for(lock, done, std::chrono::milliseconds(20), [] { return false; });
      }
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread watcher_;  // Last: it is joined before what it uses goes.
};

std::string replaced(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

Result<void> run(duckdb_connection connection, const std::string& sql) {
  ResultHandle result;
  if (duckdb_query(connection, sql.c_str(), &result.result) == DuckDBError) {
    return database_error(duckdb_result_error(&result.result));
  }
  return {};
}

/// SQL text ends at a NUL byte in the C API; never run half of it.
Result<void> check_text(const std::string& sql) {
  if (sql.find('\0') == std::string::npos) return {};
  return fail(ErrorCode::invalid_spec, "the SQL holds a NUL byte", {}, "take it out");
}

std::string settings_sql(const DatabaseOptions& options) {
  std::string sql =
      "SET TimeZone = 'UTC'; SET preserve_insertion_order = true;"
      "SET streaming_buffer_size = '32MB';"
      "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;";
  if (options.threads > 0) sql += fmt::format("SET threads = {};", options.threads);
  if (options.memory_bytes > 0)
    sql += fmt::format("SET memory_limit = '{}B';", options.memory_bytes);
  if (!options.temp_folder.empty()) {
    sql += fmt::format("SET temp_directory = {};", quote_text(options.temp_folder.string()));
  } else if (options.file.empty()) {
    sql += "SET temp_directory = '';";
  }
  return sql;
}

}  // namespace

Database::State::~State() {
  if (connection != nullptr) duckdb_disconnect(&connection);
  if (database != nullptr) duckdb_close(&database);
}

std::string quote_identifier(std::string_view name) {
  std::string clean;
  for (const char c : name) {
    if (c == '\0') {
      clean += "\xEF\xBF\xBD";
    } else {
      clean += c;
    }
  }
  return replaced(clean, '"');
}

std::string quote_text(std::string_view text) {
  std::string sql;
  std::size_t pieces = 0;
  for (std::size_t begin = 0; begin <= text.size(); ++pieces) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    if (pieces > 0) sql += " || chr(0) || ";
    sql += replaced(text.substr(begin, end - begin), '\'');
    begin = end + 1;
  }
  return pieces > 1 ? "(" + sql + ")" : sql;
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const DatabaseOptions& options) {
  if (options.threads < 0 || options.memory_bytes < 0) {
    return fail(ErrorCode::invalid_spec, "threads and memory cannot be negative");
  }
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) {
    duckdb_destroy_config(&config);
    return fail(ErrorCode::unavailable, "the database does not start", {}, "free some memory");
  }
  duckdb_set_config(config, "access_mode", options.read_only ? "READ_ONLY" : "AUTOMATIC");
  auto state = std::make_unique<State>();
  const std::string file = options.file.empty() ? ":memory:" : options.file.string();
  char* message = nullptr;
  const auto opened = duckdb_open_ext(file.c_str(), &state->database, config, &message);
  duckdb_destroy_config(&config);
  if (opened == DuckDBError) {
    auto error = database_error(message);
    duckdb_free(message);
    error.value().where = file;
    return error;
  }
  if (duckdb_connect(state->database, &state->connection) == DuckDBError) {
    return fail(ErrorCode::unavailable, "the database does not let us in", file);
  }
  ASSAY_CHECK(run(state->connection, settings_sql(options)));
  return Database(std::move(state));
}

Result<void> Database::execute(const std::string& sql, const Progress& progress) {
  ASSAY_CHECK(check_text(sql));
  ASSAY_CHECK(progress.check());
  const Watch watch(state_->connection, progress);
  return run(state_->connection, sql);
}

Result<std::vector<ColumnInfo>> Database::describe(const std::string& sql) {
  ASSAY_TRY(const frame::Table table, query("DESCRIBE " + sql));
  const frame::Column& names = table.columns.at(0);
  const frame::Column& types = table.columns.at(1);
  std::vector<ColumnInfo> columns;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    columns.push_back({names.dictionary[names.codes[i]], types.dictionary[types.codes[i]]});
  }
  return columns;
}

Result<void> Database::stream(const std::string& sql, const Receive& announce,
                              const Receive& receive, const Progress& progress) {
  ASSAY_CHECK(check_text(sql));
  ASSAY_CHECK(progress.check());
  PreparedStatement statement;
  if (duckdb_prepare(state_->connection, sql.c_str(), statement.put()) == DuckDBError) {
    return database_error(duckdb_prepare_error(statement.get()));
  }
  const Watch watch(state_->connection, progress);
  Pending pending;
  if (duckdb_pending_prepared_streaming(statement.get(), pending.put()) == DuckDBError) {
    return database_error(duckdb_pending_error(pending.get()));
  }
  ResultHandle handle;
  if (duckdb_execute_pending(pending.get(), &handle.result) == DuckDBError) {
    return database_error(duckdb_result_error(&handle.result));
  }
  ASSAY_TRY(BatchDecoder decoder, BatchDecoder::of(handle.result));
  if (announce) ASSAY_CHECK(announce(decoder.empty()));
  while (true) {
    ASSAY_CHECK(progress.check());
    const Chunk chunk(duckdb_fetch_chunk(handle.result));
    if (chunk.get() == nullptr || duckdb_data_chunk_get_size(chunk.get()) == 0) {
      const char* message = duckdb_result_error(&handle.result);
      if (message != nullptr && *message != '\0') return database_error(message);
      return {};
    }
    ASSAY_TRY(const frame::BatchView view, decoder.decode(chunk.get()));
    ASSAY_CHECK(receive(view));
  }
}

Result<void> Database::scan(const std::string& sql, const Receive& receive,
                            const Progress& progress) {
  return stream(sql, {}, receive, progress);
}

Result<frame::Table> Database::query(const std::string& sql, const Progress& progress,
                                     std::int64_t most_rows) {
  TableBuilder builder;
  std::int64_t rows = 0;
  const auto announce = [&](const frame::BatchView& batch) -> Result<void> {
    builder = TableBuilder(batch);
    return {};
  };
  const auto keep = [&](const frame::BatchView& batch) -> Result<void> {
    rows += static_cast<std::int64_t>(batch.rows);
    if (most_rows >= 0 && rows > most_rows) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("the result has more rows than are taken back: {}", most_rows), {},
                  "ask for fewer, or for sums instead of rows");
    }
    builder.add(batch);
    return {};
  };
  ASSAY_CHECK(stream(sql, announce, keep, progress));
  return std::move(builder).table();
}

}  // namespace assay::engine
