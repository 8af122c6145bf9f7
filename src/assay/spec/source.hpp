#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/spec/location.hpp"

namespace assay::spec {

enum class SourceType : std::uint8_t {
  parquet,
  csv,
  jsonl,
  duckdb,
  warehouse,  ///< A table of whatever warehouse `engine:` names.
  clickhouse,
  trino,
  bigquery
};
enum class EntityType : std::uint8_t { primary, foreign, unique, natural };
enum class TimeUnit : std::uint8_t { automatic, s, ms, us, ns, timestamp };  ///< YAML: auto, s, ...
enum class DedupKeep : std::uint8_t { first_ingest, last_ingest, first, last };
enum class OnFuture : std::uint8_t { quarantine, drop, keep, fail };
enum class PropertyType : std::uint8_t {
  int64,
  float64,  ///< YAML: double
  decimal,  ///< YAML: decimal(precision,scale)
  boolean,  ///< YAML: bool
  dict,     ///< Text with few distinct values.
  string,
  timestamp
};
enum class AuditKind : std::uint8_t {
  volume,          ///< Breaks in the number of events: by, grain, method, alpha.
  null_rate,       ///< column, max.
  duplicates,      ///< max.
  late_share,      ///< over, max.
  implies,         ///< if, then, min.
  reconcile,       ///< with, metric, tolerance.
  range,           ///< column, min and/or max.
  unknown_events,  ///< max; the known names are Source::known_events.
  future_share,    ///< max.
  out_of_order,    ///< max.
  unit_volume      ///< max events of a unit a day (bots).
};
enum class Grain : std::uint8_t { hour, day, week, month };
enum class AuditMethod : std::uint8_t { conformal, robust_z };

std::string_view to_text(SourceType type);
std::string_view to_text(EntityType type);
std::string_view to_text(TimeUnit unit);
std::string_view to_text(DedupKeep keep);
std::string_view to_text(OnFuture policy);
std::string_view to_text(PropertyType type);
std::string_view to_text(AuditKind kind);
std::string_view to_text(Grain grain);
std::string_view to_text(AuditMethod method);

/// Someone or something that events are about: a user, session, item, advertiser.
struct Entity {
  Text name;
  EntityType type = EntityType::primary;
  Text expr;  ///< SQL over the columns of the source; default: the name.
};

/// A column that holds time.
struct TimeColumn {
  Text expr;
  TimeUnit unit = TimeUnit::automatic;
  Text timezone;  ///< Zone of a wall-clock column; default UTC. Always a zone that exists.
};

struct Dedup {
  std::vector<Text> keys;                 ///< Columns or entity names.
  DedupKeep keep = DedupKeep::first;      ///< first_ingest and last_ingest need ingest_time.
  std::optional<std::int64_t> within_us;  ///< None: over all time.
};

struct Late {
  std::optional<std::int64_t> watermark_us;  ///< Days younger than this may still change.
  std::optional<std::int64_t> max_skew_us;   ///< Event time may be ahead of ingest by so much.
  OnFuture on_future = OnFuture::quarantine;
};

/// A property column. decimal(18,4) has precision 18 and scale 4; both 0 for other types.
struct Property {
  Text name;
  PropertyType type = PropertyType::string;
  int precision = 0;
  int scale = 0;
  Text expr;  ///< SQL over the columns of the source; default: the name.
};

/// A table that says which device belongs to which user from when on.
struct Identity {
  Text table, from, to, valid_from, valid_to;
};

/// The column by which a warehouse keeps the table in parts.
struct Partition {
  Text column;  ///< A date, or text of the form 2026-05-04.
  /// An event of day d lies in a part from d - slack to d + slack.
  std::int64_t slack_us = kDayUs;
};

/// One side of an `implies` check.
struct AuditEvent {
  std::vector<Text> events;
  Text filter;  ///< YAML: where.
  std::optional<std::int64_t> within_us;
  bool before = false;  ///< The second event must come before the first.
};

/// One data check. AuditKind says which fields count; the loader refuses the others.
struct AuditCheck {
  Located<AuditKind> kind;  ///< YAML: check.
  std::vector<Text> by;     ///< `event`, dimensions, properties or columns.
  Grain grain = Grain::day;
  AuditMethod method = AuditMethod::robust_z;
  std::optional<double> alpha;
  Text column;
  std::optional<double> min, max;
  std::optional<std::int64_t> over_us;
  std::optional<AuditEvent> if_event, then_event;  ///< YAML: if, then.
  Text with_sql;                                   ///< YAML: with.
  Text metric;
  double tolerance = 0;  ///< Relative.
};

/// A stream of events as it lies in files or a warehouse.
struct Source {
  Text name;
  SourceType type = SourceType::parquet;
  Text path;   ///< Glob, relative to the project folder; or absolute. Read by engines of files.
  Text table;  ///< Of a database file, or what a warehouse reads: its name unless written.
  std::optional<Partition> partition;
  std::vector<Entity> entities;
  Text event_name;  ///< Expression that gives the event's name.
  TimeColumn event_time;
  std::optional<TimeColumn> ingest_time;
  Text sequence;  ///< Tie-breaker inside one timestamp.
  std::optional<Dedup> dedup;
  std::optional<Late> late;
  std::vector<Property> properties;  ///< In the order written.
  std::optional<Identity> identity;
  std::vector<AuditCheck> audit;
  /// Events before this instant are complete, later ones may be missing. A date in YAML means
  /// its midnight in the project's time zone: complete_until 2026-06-01 covers all of May.
  std::optional<TimeUs> complete_until;
  Text complete_until_written;
  std::vector<Text> known_events;  ///< YAML: events.
  Location where;
};

}  // namespace assay::spec
