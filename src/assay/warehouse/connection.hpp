#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"
#include "assay/sql/dialect.hpp"
#include "assay/sql/plan.hpp"
#include "assay/warehouse/url.hpp"

namespace assay::warehouse {

/// What a column of a table holds, whatever the engine calls it.
enum class ColumnType : std::uint8_t {
  boolean,
  int64,    ///< Any whole number that fits.
  float64,  ///< Real and decimal.
  text,
  date,
  instant,     ///< A timestamp with a zone.
  wall_clock,  ///< A timestamp without one.
  other        ///< Anything else: arrays, rows, maps, bytes, intervals.
};
std::string_view to_text(ColumnType type);
/// What holds it in an answer; none for `other`.
std::optional<frame::Type> frame_type(ColumnType type);

struct TableColumn {
  std::string name;
  ColumnType type = ColumnType::other;
  std::string engine_type;  ///< "timestamp(6) with time zone", as the engine writes it.
};

/// What a statement cost on the engine, as the engine tells it. None: it does not tell.
struct Cost {
  std::string query_id;
  std::optional<std::int64_t> bytes_read;   ///< From storage.
  std::optional<std::int64_t> rows_read;    ///< From storage.
  std::optional<std::int64_t> cpu_us;       ///< All workers.
  std::optional<std::int64_t> peak_memory;  ///< Bytes, all workers.
  std::int64_t bytes_returned = 0;          ///< Through the wire to us, before decoding.
  std::int64_t wall_us = 0;

  void add(const Cost& other);  ///< Sums; the largest peak; what one side does not tell is none.
};

struct Answer {
  frame::Table rows;  ///< Dates as time_us; decimals as float64; NaN and infinities stay.
  Cost cost;
};

/// What the engine says about a statement before it is run.
struct Estimate {
  std::optional<std::int64_t> rows;        ///< To be read.
  std::optional<std::int64_t> bytes;       ///< To be read.
  std::optional<std::int64_t> partitions;  ///< Touched.
  std::string text;                        ///< The engine's own plan.
};

/// A line to an engine that runs SQL: connect once, ask one statement at a time. Not thread-safe.
///
/// Every call fails with invalid_spec (the engine refuses the statement: missing table or column,
/// permission denied), invalid_data (a value that the engine cannot compute with), unavailable (no
/// one answers, wrong password, expired token, out of memory, a worker lost), or interrupted. Our
/// words come first, the engine's own (with its error name) behind them in Error::have. A statement
/// that is given up for any reason is cancelled on the engine before the call returns.
class Connection {
 public:
  virtual ~Connection() = default;

  /// "trino", "spark", "clickhouse", ...; stands in every result.
  [[nodiscard]] virtual std::string name() const = 0;
  /// "Trino 476 at localhost:8080", once asked.
  virtual Result<std::string> describe_engine() = 0;
  [[nodiscard]] virtual const sql::Dialect& dialect() const = 0;

  /// Runs one statement and keeps its whole result: for small ones. More than kMaxRows rows is
  /// invalid_spec: sufficient statistics are small.
  virtual Result<Answer> query(const std::string& statement, const Progress& progress = {}) = 0;

  /// The columns of a table in order. Fails with invalid_spec when there is no such table, with
  /// the names of those there are.
  virtual Result<std::vector<TableColumn>> columns(const sql::TableName& table) = 0;

  /// What the engine expects a statement to read, without running it.
  virtual Result<Estimate> estimate(const std::string& statement) = 0;

  /// A word that changes whenever the table's content does (an Iceberg snapshot id); none when the
  /// engine cannot tell.
  virtual Result<std::optional<std::string>> snapshot(const sql::TableName& table) = 0;
};

inline constexpr std::int64_t kMaxRows = 5'000'000;

/// Opens a line by the scheme of the URL. Asks the engine something small, so that a wrong host,
/// port, user or password shows here. `tags` go with every statement as the client's tag or in a
/// comment (spec hash), so that the warehouse's owner can see what sent it.
struct ConnectOptions {
  std::vector<std::string> tags;
  Progress progress;
};
Result<std::unique_ptr<Connection>> connect(const EngineUrl& url, const ConnectOptions& options);

}  // namespace assay::warehouse
