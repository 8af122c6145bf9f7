#include "assay/warehouse/adbc_statement.hpp"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "assay/warehouse/engine_error.hpp"

namespace assay::warehouse {
namespace {

constexpr auto kLook = std::chrono::milliseconds(20);
constexpr int kLooksBetweenReports = 25;

struct Status {
  AdbcStatusCode code;
  std::string_view name;
  ErrorCode meaning;  ///< When the engine's words say no more.
};

constexpr Status kStatuses[] = {
    {ADBC_STATUS_NOT_IMPLEMENTED, "NOT_IMPLEMENTED", ErrorCode::invalid_spec},
    {ADBC_STATUS_NOT_FOUND, "NOT_FOUND", ErrorCode::invalid_spec},
    {ADBC_STATUS_ALREADY_EXISTS, "ALREADY_EXISTS", ErrorCode::invalid_spec},
    {ADBC_STATUS_INVALID_ARGUMENT, "INVALID_ARGUMENT", ErrorCode::invalid_spec},
    {ADBC_STATUS_INVALID_STATE, "INVALID_STATE", ErrorCode::unavailable},
    {ADBC_STATUS_INVALID_DATA, "INVALID_DATA", ErrorCode::invalid_data},
    {ADBC_STATUS_INTEGRITY, "INTEGRITY", ErrorCode::invalid_data},
    {ADBC_STATUS_INTERNAL, "INTERNAL", ErrorCode::unavailable},
    {ADBC_STATUS_IO, "IO", ErrorCode::unavailable},
    {ADBC_STATUS_CANCELLED, "CANCELLED", ErrorCode::unavailable},
    {ADBC_STATUS_TIMEOUT, "TIMEOUT", ErrorCode::unavailable},
    {ADBC_STATUS_UNAUTHENTICATED, "UNAUTHENTICATED", ErrorCode::unavailable},
    {ADBC_STATUS_UNAUTHORIZED, "UNAUTHORIZED", ErrorCode::invalid_spec},
};

tl::unexpected<Error> refusal(AdbcStatusCode status, std::string_view words,
                              std::string_view sqlstate, const std::string& engine) {
  Refusal refusal;
  refusal.engine = engine;
  refusal.said = std::string(words);
  refusal.sqlstate = std::string(sqlstate);
  for (const Status& one : kStatuses) {
    if (one.code != status) continue;
    refusal.error_name = std::string(one.name);
    refusal.otherwise = one.meaning;
  }
  return engine_error(refusal);
}

std::string_view state_of(const AdbcError& error) {
  const std::string_view state(error.sqlstate, sizeof(error.sqlstate));
  return state.find('\0') == std::string_view::npos ? state : std::string_view();
}

class Statement {
 public:
  explicit Statement(AdbcSession& session) : session_(session) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() {
    if (stream.release != nullptr) stream.release(&stream);
    if (!made_) return;
    AdbcError error{};
    session_.driver->StatementRelease(&handle, &error);
    if (error.release != nullptr) error.release(&error);
  }

  Result<void> open(const std::string& sql) {
    AdbcDriver& driver = *session_.driver;
    handle.private_driver = &driver;
    ASSAY_CHECK(checked(
        [&](AdbcError* e) { return driver.StatementNew(&session_.connection, &handle, e); }));
    made_ = true;
    handle.private_driver = &driver;
    ASSAY_CHECK(checked(
        [&](AdbcError* e) { return driver.StatementSetSqlQuery(&handle, sql.c_str(), e); }));
    if (!session_.prepare) return {};
    return checked([&](AdbcError* e) { return driver.StatementPrepare(&handle, e); });
  }

  Result<void> execute() {
    return checked([&](AdbcError* e) {
      return session_.driver->StatementExecuteQuery(&handle, &stream, nullptr, e);
    });
  }

  /// From any thread.
  void cancel() {
    if (session_.driver->StatementCancel == nullptr) return;
    AdbcError error{};
    session_.driver->StatementCancel(&handle, &error);
    if (error.release != nullptr) error.release(&error);
  }

  /// What the stream says after a call on it failed.
  tl::unexpected<Error> stream_error() {
    AdbcStatusCode status = ADBC_STATUS_UNKNOWN;
    std::string_view state;
    if (session_.driver->ErrorFromArrayStream != nullptr) {
      const AdbcError* error = session_.driver->ErrorFromArrayStream(&stream, &status);
      if (error != nullptr) state = state_of(*error);
    }
    const char* words = stream.get_last_error == nullptr ? nullptr : stream.get_last_error(&stream);
    return refusal(status, words == nullptr ? "no message" : words, state, session_.engine);
  }

  AdbcStatement handle{};
  ArrowArrayStream stream{};

 private:
  template <class Call>
  Result<void> checked(Call&& call) {
    AdbcError error{};
    const AdbcStatusCode status = call(&error);
    if (status != ADBC_STATUS_OK) return adbc_error(status, error, session_.engine);
    if (error.release != nullptr) error.release(&error);
    return {};
  }

  AdbcSession& session_;
  bool made_ = false;
};

/// While it lives, says that the statement is waited for, and cancels it once a stop was asked for:
/// again and again, since a cancel that comes before the engine has begun is lost.
class Watch {
 public:
  Watch(Statement& statement, const std::string& engine, const Progress& progress) {
    if (progress.stop == nullptr && !progress.report) return;
    watcher_ = std::jthread([this, &statement, &engine, &progress](std::stop_token done) {
      std::unique_lock lock(mutex_);
      for (int looks = 1; !done.stop_requested(); ++looks) {
        if (!progress.check()) statement.cancel();
        if (looks % kLooksBetweenReports == 0) progress.at("waiting for " + engine, -1.0);
        wake_.wait_for(lock, done, kLook, [] { return false; });
      }
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread watcher_;  // Last: it is joined before what it uses goes.
};

struct Schema {
  Schema() = default;
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  ~Schema() {
    if (value.release != nullptr) value.release(&value);
  }
  ArrowSchema value{};
};

struct Batch {
  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    if (value.release != nullptr) value.release(&value);
  }
  ArrowArray value{};
};

Result<AdbcRows> read_all(Statement& statement, std::int64_t most_rows, const Progress& progress) {
  ASSAY_CHECK(statement.execute());
  if (statement.stream.get_schema == nullptr) {
    Schema none;
    ASSAY_TRY(ArrowDecoder decoder, ArrowDecoder::of(none.value));
    return AdbcRows{std::move(decoder), {}};
  }
  Schema schema;
  if (statement.stream.get_schema(&statement.stream, &schema.value) != 0) {
    return statement.stream_error();
  }
  std::vector<TableColumn> columns = columns_of(schema.value);
  if (most_rows == 0) {
    ASSAY_TRY(ArrowDecoder decoder, ArrowDecoder::of(ArrowSchema{}));
    return AdbcRows{std::move(decoder), std::move(columns)};
  }
  ASSAY_TRY(ArrowDecoder decoder, ArrowDecoder::of(schema.value));
  while (true) {
    ASSAY_CHECK(progress.check());
    Batch batch;
    if (statement.stream.get_next(&statement.stream, &batch.value) != 0) {
      return statement.stream_error();
    }
    if (batch.value.release == nullptr) return AdbcRows{std::move(decoder), std::move(columns)};
    if (decoder.rows() + batch.value.length > most_rows) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("the result has more rows than are taken back: {}", most_rows), {},
                  "ask for fewer, or for sums instead of rows");
    }
    ASSAY_CHECK(decoder.add(batch.value));
  }
}

}  // namespace

AdbcSession::~AdbcSession() {
  AdbcError error{};
  if (connection.private_data != nullptr) driver->ConnectionRelease(&connection, &error);
  if (error.release != nullptr) error.release(&error);
  error = AdbcError{};
  if (database.private_data != nullptr) driver->DatabaseRelease(&database, &error);
  if (error.release != nullptr) error.release(&error);
}

Result<void> AdbcSession::reconnect() {
  AdbcError error{};
  if (connection.private_data != nullptr) driver->ConnectionRelease(&connection, &error);
  if (error.release != nullptr) error.release(&error);
  error = AdbcError{};
  connection = AdbcConnection{};
  connection.private_driver = driver;
  AdbcStatusCode status = driver->ConnectionNew(&connection, &error);
  if (status != ADBC_STATUS_OK) return adbc_error(status, error, engine);
  connection.private_driver = driver;
  status = driver->ConnectionInit(&connection, &database, &error);
  if (status != ADBC_STATUS_OK) return adbc_error(status, error, engine);
  return {};
}

tl::unexpected<Error> adbc_error(AdbcStatusCode status, AdbcError& error,
                                 const std::string& engine) {
  auto failed = refusal(status, error.message == nullptr ? "no message" : error.message,
                        state_of(error), engine);
  if (error.release != nullptr) error.release(&error);
  return failed;
}

Result<AdbcRows> run_adbc(AdbcSession& session, const std::string& sql, std::int64_t most_rows,
                          const Progress& progress) {
  if (sql.find('\0') != std::string::npos) {
    return fail(ErrorCode::invalid_spec, "the SQL holds a NUL byte", {}, "take it out");
  }
  ASSAY_CHECK(progress.check());
  Statement statement(session);
  ASSAY_CHECK(statement.open(sql));
  const Watch watch(statement, session.engine, progress);
  auto rows = read_all(statement, most_rows, progress);
  if (rows) return rows;
  statement.cancel();
  // Whatever the driver says about a statement that was stopped: it was stopped.
  ASSAY_CHECK(progress.check());
  return rows;
}

}  // namespace assay::warehouse
