#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/frame/table.hpp"

namespace assay::engine {

enum class SourceFormat : std::uint8_t { parquet, csv, jsonl, duckdb };

/// How a time is written in a source column.
enum class TimeUnit : std::uint8_t { timestamp, seconds, milliseconds, microseconds, nanoseconds };

/// A column (or SQL expression over columns) that holds an instant.
struct TimeColumn {
  std::string expression;
  TimeUnit unit = TimeUnit::timestamp;
  /// For timestamps without a zone: the zone whose wall clock they show.
  TimeZone timezone = TimeZone::utc();
};

/// A property kept beside unit, time and event name.
struct SourceProperty {
  std::string name;        ///< The word that metrics and filters use.
  std::string expression;  ///< Column or SQL expression; usually the name itself.
  frame::Type type = frame::Type::int64;
};

/// Events with equal keys of one unit are one event; the first received stays.
struct DedupPolicy {
  std::vector<std::string> keys;          ///< Columns.
  std::optional<std::int64_t> within_us;  ///< Only when that near in event time; none: always.
};

/// Where events lie and how they read: the contract between ingest, index and SQL.
/// An event without unit or time, or received more than `max_skew_us` before it happened, is left
/// out of every answer and counted by the audit.
struct Source {
  std::string name;
  SourceFormat format = SourceFormat::parquet;
  std::vector<std::string> paths;  ///< Files or globs; duckdb: the one database file.
  std::string table;               ///< duckdb: table or view.
  SourceProperty unit;             ///< int64 or text.
  std::string event_expression;    ///< Event name as text; empty: `constant_event`.
  std::string constant_event;      ///< Tables without an event column ("purchase").
  TimeColumn event_time;
  std::optional<TimeColumn> ingest_time;
  std::string sequence_expression;  ///< Tie-breaker inside one instant; empty: none.
  std::optional<DedupPolicy> dedup;
  std::optional<std::int64_t> max_skew_us;  ///< Set: events further in the future are quarantined.
  std::vector<SourceProperty> properties;
};

}  // namespace assay::engine
