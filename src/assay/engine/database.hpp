#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"

namespace assay::engine {

struct DatabaseOptions {
  std::filesystem::path file;         ///< Empty: in memory.
  bool read_only = false;             ///< Assumes that `file` exists.
  int threads = 0;                    ///< 0: as many as the process may run on.
  std::int64_t memory_bytes = 0;      ///< Cap of the database's own memory; 0: its default.
  std::filesystem::path temp_folder;  ///< Where it spills; empty: beside the file, else nowhere.
};

/// A column of a query's result before it is run.
struct ColumnInfo {
  std::string name;
  std::string type;  ///< As the database writes it: "BIGINT", "TIMESTAMP WITH TIME ZONE", ...
};

/// Writes a name or a text so that SQL reads exactly that, whatever it holds. The one place where
/// words from outside enter SQL text. A NUL byte is written as chr(0) in a text; no name can hold
/// one, so there it becomes U+FFFD, which finds nothing.
std::string quote_identifier(std::string_view name);
std::string quote_text(std::string_view text);

/// One connection to the SQL engine that reads files. Times are UTC throughout.
/// Not thread-safe; its queries run on threads of their own.
///
/// Every call fails with invalid_spec (SQL that does not parse or bind: unknown column with
/// candidates), invalid_data (truncated or corrupted file, a value that does not convert),
/// unavailable (missing or unreadable file, out of memory, disk full), interrupted or internal.
/// The database's own message stands behind ours.
class Database {
 public:
  using Receive = std::function<Result<void>(const frame::BatchView&)>;

  static Result<Database> open(const DatabaseOptions& options = {});

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Runs one or more statements and forgets their results.
  Result<void> execute(const std::string& sql, const Progress& progress = {});

  /// Runs one statement and keeps its whole result: for small ones.
  /// Integers come back as int64 (wider sums too, while they fit), decimals as float64, dates and
  /// timestamps as time_us, enums as text; any other type fails with invalid_spec: cast it.
  /// More than `most_rows` rows is invalid_spec, said as soon as it is seen; negative: no limit.
  Result<frame::Table> query(const std::string& sql, const Progress& progress = {},
                             std::int64_t most_rows = -1);

  /// Names and types of a statement's result, without running it.
  Result<std::vector<ColumnInfo>> describe(const std::string& sql);

  /// Runs one statement and hands its rows on in batches of at most 2,048, in the order of the
  /// source, while the next are being read: memory stays bounded whatever the size. An error of
  /// `receive`, or a stop asked for through `progress`, ends the statement.
  Result<void> scan(const std::string& sql, const Receive& receive, const Progress& progress = {});

 private:
  struct State;
  friend Result<void> append_rows(Database&, const std::string&, const frame::Table&);
  explicit Database(std::unique_ptr<State> state);
  Result<void> stream(const std::string& sql, const Receive& announce, const Receive& receive,
                      const Progress& progress);
  std::unique_ptr<State> state_;
};

/// Appends rows to the table of that name ("temp.name": a temporary one), whose columns must be of
/// the same number and types (boolean, bigint, double, timestamptz, varchar or an enum of the
/// dictionary), in order.
Result<void> append_rows(Database& database, const std::string& table, const frame::Table& rows);

/// Write a table to a file: temporary name in the same folder, then rename. Folders are made.
/// Parquet: zstd, texts dictionary-coded, times as UTC instants. CSV: header, times as ISO 8601.
/// JSON lines: one object a row, missing values as null.
/// Fails with unavailable (no permission, disk full), invalid_spec (columns of unequal length).
Result<void> write_parquet(Database& database, const frame::Table& table,
                           const std::filesystem::path& path);
Result<void> write_csv(Database& database, const frame::Table& table,
                       const std::filesystem::path& path);
Result<void> write_json_lines(Database& database, const frame::Table& table,
                              const std::filesystem::path& path);

}  // namespace assay::engine
