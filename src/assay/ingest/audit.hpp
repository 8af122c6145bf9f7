#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/engine/source.hpp"

namespace assay::engine {
class Database;
}
namespace assay::warehouse {
class Connection;
struct Cost;
}  // namespace assay::warehouse
namespace assay::distributed {
struct EventTable;
}

namespace assay::ingest {

/// How bad a finding is for the numbers made from the data.
enum class Severity : std::uint8_t {
  critical,  ///< Numbers that use it are wrong until it is dealt with.
  warning,   ///< It moves numbers by more than their usual error, or breaks a declared rule.
  info,      ///< Worth knowing; numbers stand.
  ok         ///< The check ran and found nothing.
};

/// What a check is about. `to_text` gives the word used in reports and JSON.
enum class Check : std::uint8_t {
  readable,      ///< Rows without a unit, a readable time or an event name.
  volume,        ///< Breaks and gaps in the number of events a day.
  missing,       ///< Missing values.
  duplicates,    ///< Exact copies, equal keys, or the same event again within a short time.
  late,          ///< Received long after it happened.
  future,        ///< Stamped after it was received, or after now.
  clock_skew,    ///< Stamped slightly after it was received: clocks that run ahead.
  out_of_order,  ///< Earlier than the event of the same unit that came in before it.
  event_names,   ///< Names that nobody declared, or that look like misspellings.
  value_range,   ///< Negative amounts, outliers, values outside a declared range.
  sequence,      ///< Events whose declared predecessor or successor is not there.
  unit_volume,   ///< Units with more events a day than people have.
  schema_drift,  ///< Columns that come, go or change their type between files or days.
  reconcile      ///< Totals against an outside ledger (declared only).
};
std::string_view to_text(Severity severity);
std::string_view to_text(Check check);

/// One row that shows what is meant.
struct Example {
  std::string unit;
  std::optional<TimeUs> time;
  std::string values;  ///< "event = purchase, revenue = -12.5".
};

/// One thing found, or the word that a check found nothing (`severity` ok).
struct Finding {
  Check check = Check::readable;
  std::string kind;  ///< What exactly: "exact_copies", "negative_values", "gap", ...; snake_case.
  Severity severity = Severity::ok;
  std::int64_t count = 0;  ///< Rows (units for unit_volume; days for volume; files for drift).
  std::int64_t base = 0;   ///< Out of how many; share = count / base.
  double share = 0.0;      ///< 0 when base is 0.
  std::string summary;     ///< What it says, one sentence.
  std::string column;      ///< Where: empty when it is not about one.
  std::string event;
  std::optional<Day> first_day;  ///< Local days of AuditOptions::timezone.
  std::optional<Day> last_day;
  std::vector<Example> examples;  ///< At most AuditOptions::examples.
  std::string effect;             ///< What it does to metrics, with numbers; empty when ok.
  bool declared = false;          ///< Judged by an AuditRule.
  bool sampled = false;  ///< Counted on a sample of units and scaled up; the summary says so.
};

/// A check that could not run, and why ("no ingest time is declared").
struct NotRun {
  Check check = Check::readable;
  std::string kind;
  std::string reason;
};

/// Volume of one event name. `by_day` starts at Audit::first_day.
struct EventVolume {
  std::string event;
  std::int64_t rows = 0;
  TimeUs first = 0;
  TimeUs last = 0;
  std::vector<std::int64_t> by_day;
};

/// Missing values of one column, over all rows and by event where it is normally filled.
struct ColumnHealth {
  std::string column;
  std::string sql_type;
  std::int64_t missing = 0;
  std::vector<std::int64_t> missing_by_event;  ///< In the order of Audit::events.
  std::optional<double> smallest;              ///< Numbers only.
  std::optional<double> largest;
};

/// What deduplication under the source's policy does (A3). Without a policy both are equal.
struct DedupCounts {
  std::int64_t before = 0;
  std::int64_t after = 0;
};

/// One side of an `implies` rule. The filter is SQL over the columns of the source.
struct AuditEvent {
  std::vector<std::string> events;
  std::string where;
};

/// A check that the user declared, with its limit. Which fields count depends on `check`:
/// volume (false_alarms) · missing (column, max) · duplicates (max) · late (over_us,
/// max) · sequence (if_event, then_event, within_us, before, min) · value_range (column, minimum,
/// maximum, max) · event_names (max) · future (max) · out_of_order (max) · unit_volume (max
/// events a unit and day) · reconcile (with_sql: rows of day and value; value_sql: an aggregate
/// over the columns of the source; tolerance, relative).
struct AuditRule {
  Check check = Check::volume;
  std::string column;
  std::optional<double> max;  ///< Largest share allowed.
  std::optional<double> min;  ///< sequence: smallest share of `if` events that comply.
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::int64_t over_us = kDayUs;
  AuditEvent if_event;
  AuditEvent then_event;
  std::optional<std::int64_t> within_us;  ///< None: any distance.
  bool before = false;                    ///< The `then` event must come before the `if` event.
  std::optional<double> false_alarms;     ///< volume: chance that an audit of clean data alarms.
  std::string with_sql;
  std::string value_sql;
  double tolerance = 0.0;
  std::string where;  ///< "assay.yaml:26:9", for the report.
};

struct AuditOptions {
  TimeZone timezone = TimeZone::utc();     ///< Of the local days in the findings.
  std::optional<TimeUs> now;               ///< For timestamps in the future; none: the clock.
  std::int64_t watermark_us = 2 * kDayUs;  ///< Later than this is late beyond repair.
  std::int64_t repeat_gap_us = kSecondUs;  ///< Same unit and event again within: a repeat.
  std::vector<std::string> known_events;   ///< Empty: rare names are compared with frequent.
  std::vector<AuditRule> rules;
  /// Chance that an audit of clean data reports a break in volume (all events and days together).
  double volume_false_alarms = 0.01;
  std::size_t examples = 5;
  /// Units are sampled (by hash, whole units) in checks that must sort, so that about this many
  /// rows are sorted. Everything else reads all rows.
  std::int64_t sort_rows = 2'000'000;
  const Progress* progress = nullptr;
  std::vector<warehouse::Cost>* costs = nullptr;  ///< Of a warehouse: one entry a statement.
};

/// What an audit saw. Findings stand by severity, worst first, then by Check and count.
struct Audit {
  std::string source;
  std::int64_t rows = 0;    ///< Of the source, before any policy.
  std::int64_t usable = 0;  ///< With a unit and a readable time.
  std::int64_t units = 0;
  TimeRange range;    ///< [first event, last event + 1 microsecond).
  Day first_day = 0;  ///< Local day of the first event.
  int days = 0;       ///< Local days from the first to the last event.
  std::vector<std::int64_t> by_day;
  std::vector<EventVolume> events;  ///< Most frequent first; past 200 names the rest is "(other)".
  std::vector<ColumnHealth> columns;
  DedupCounts dedup;
  std::vector<Finding> findings;
  std::vector<NotRun> not_run;
  double seconds = 0.0;

  /// The worst severity among the findings.
  [[nodiscard]] Severity worst() const;
};

/// Reads the raw rows of a source (no row left out, no duplicate removed) and reports what is
/// wrong with them, how often, with examples, and what it does to metrics.
///
/// One scan counts most things by event and day; one each finds duplicates, unit volumes and
/// order. Thresholds that make a finding a warning stand in docs/capabilities/audit.md.
/// Fails with invalid_spec (a column that is not there, with suggestions; a rule without what it
/// needs), invalid_data (no rows, unreadable or truncated file), unavailable or interrupted.
Result<Audit> audit(engine::Database& database, const engine::Source& source,
                    const AuditOptions& options);

/// The same of a table in a warehouse, which answers with counts alone: no examples, nothing
/// sampled. What would need more is NotRun with the reason: copies in every column, extreme values,
/// ledgers, and order of arrival without an ingest time.
Result<Audit> audit(warehouse::Connection& connection, const distributed::EventTable& table,
                    const AuditOptions& options);

}  // namespace assay::ingest
