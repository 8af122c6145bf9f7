#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/engine/source.hpp"

namespace assay::engine {
class Database;
}

namespace assay::ingest {

/// What a column seems to be for.
enum class Role : std::uint8_t {
  unit,         ///< Who the events are about.
  event_name,   ///< What happened.
  event_time,   ///< When it happened.
  ingest_time,  ///< When it reached the system that stores it.
  sequence,     ///< Order inside one instant.
  dedup_key,    ///< Names an event uniquely, so that a second copy is known as one.
  entity        ///< Another id: session, item, creator, order.
};

/// "unit", "event_name", ...
std::string_view to_text(Role role);

/// A candidate that was not taken, and why it lost.
struct RunnerUp {
  std::string column;
  std::string reason;
};

/// What was taken for a role and why, in one sentence each. `column` is empty when the data have
/// nothing for the role; `reason` then says what that means for the source.
struct Guess {
  Role role = Role::unit;
  std::string column;
  std::string entity;  ///< entity: the word for it ("session" for session_id).
  std::string reason;
  std::vector<RunnerUp> runners_up;  ///< Best first; at most three.
};

/// What one column holds. Counts are over the rows looked at (InferredSource::profiled_rows).
struct ColumnProfile {
  std::string name;
  std::string sql_type;  ///< As DuckDB calls it: "BIGINT", "TIMESTAMP", "VARCHAR".
  std::int64_t rows = 0;
  std::int64_t present = 0;  ///< Not missing.
  std::int64_t distinct = 0;
  std::int64_t as_time = 0;    ///< Texts that read as a time.
  std::int64_t as_number = 0;  ///< Texts that read as a number.
  std::int64_t whole = 0;      ///< Numbers without a fraction.
  std::int64_t ascending = 0;  ///< Values not below that of the row before.
  double mean_length = 0.0;    ///< Characters of a text.
  std::string smallest;        ///< As text; empty when all are missing.
  std::string largest;
  std::optional<engine::TimeUnit> epoch;  ///< Whole numbers of the size of an epoch: in which unit.
};

struct InferRequest {
  std::vector<std::string> paths;              ///< Files, folders or globs.
  std::optional<engine::SourceFormat> format;  ///< None: by extension, else by content.
  std::string table;           ///< duckdb: table or view; empty: the only one there.
  std::string timezone;        ///< Zone of wall-clock times without one; empty: UTC.
  std::string constant_event;  ///< Word for tables without event names; empty: proposed.
  std::string unit;            ///< Columns that the caller names; empty: guessed.
  std::string event_time;
  std::string event_name;
};

/// A first declaration of a source, ready to use and to be looked over by a person.
struct InferredSource {
  engine::Source source;
  std::vector<Guess> guesses;  ///< One a role in order of Role; then one an entity.
  std::vector<ColumnProfile> columns;
  std::int64_t rows = 0;           ///< Rows of the source (Parquet, duckdb: exact).
  std::int64_t profiled_rows = 0;  ///< Rows looked at: all, or the first million.
  std::vector<std::string> notes;  ///< What a person should know or decide, a sentence each.
};

/// Guesses from names, types and the data themselves what the columns of a source are for.
///
/// Names weigh most, then what the data allow: a unit repeats and is rarely missing, event names
/// are few and words, an event time reads as an instant in 1990 to 2100, an ingest time is rarely
/// before it, a key is nearly unique. Guesses are never silent: each has its reason.
/// Fails with unavailable (no such file), invalid_data (empty, unreadable, truncated; no column
/// that could be a unit or a time, naming the columns there are) and invalid_spec (format,
/// table, zone or named column unknown, with suggestions).
Result<InferredSource> infer_source(engine::Database& database, const InferRequest& request);

/// The format by extension (.parquet, .csv, .tsv, .jsonl, .ndjson, .json, .duckdb, .db, and .gz or
/// .zst behind a text format), else by the first bytes of the file.
/// Fails with unavailable (not there) or invalid_data (not one of these).
Result<engine::SourceFormat> detect_format(const std::string& path);

}  // namespace assay::ingest
