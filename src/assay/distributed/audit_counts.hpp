#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/query.hpp"
#include "assay/frame/table.hpp"
#include "assay/warehouse/connection.hpp"

/// What a data audit asks of the raw rows of a table (no row left out, no copy removed), answered
/// with counts. Examples are never fetched: a warehouse hands out no rows.
namespace assay::distributed {

/// The table and the line over which it is asked.
struct AuditScope {
  warehouse::Connection& connection;
  const EventTable& table;
  TimeZone timezone = TimeZone::utc();  ///< Of local days.
  const Progress& progress;
  std::vector<warehouse::Cost>* costs = nullptr;  ///< One entry a statement, when asked for.
};

/// A column whose missing values are counted.
struct AuditColumn {
  std::string column;                   ///< Of the table.
  std::optional<frame::Type> reads_as;  ///< Declared property: values that do not read are bad.
  bool ranged = false;                  ///< A number whose sum, extremes and sign are wanted.
};

struct AuditCellsQuery {
  TimeUs now = 0;
  std::int64_t watermark_us = 0;
  std::int64_t max_skew_us = 0;
  std::vector<std::int64_t> late_over_us;  ///< Declared limits.
  std::vector<AuditColumn> columns;
};

/// Counts by event name and local day, one row a cell: event, day, rows, first_us, last_us,
/// no_unit, no_time, bad_time, no_event, usable, after_now; where there is an ingest time
/// late_hour, late_day, late_watermark, late_rule_<i>, ahead, ahead_beyond, quarantined, no_ingest,
/// both_times, latest_us, most_ahead_us; for column i present_<i>, bad_<i> (declared ones) and,
/// ranged, negative_<i>, negative_sum_<i>, sum_<i>, min_<i>, max_<i>.
Result<frame::Table> audit_cells(const AuditScope& scope, const AuditCellsQuery& query);

/// Events that the source's deduplication removes. Assumes that there is a policy. An event counts
/// under the smallest name among its copies.
struct CopyCounts {
  std::int64_t total = 0;
  std::map<std::string, std::int64_t> by_event;
};
Result<CopyCounts> audit_copies(const AuditScope& scope);

/// By time of arrival (ties in order of time), or by the declared sequence.
enum class RowOrder : std::uint8_t { arrival, sequence };

struct OrderCounts {
  std::int64_t rows = 0;      ///< With unit and time.
  std::int64_t inverted = 0;  ///< Earlier than the row of the same unit before it.
  std::int64_t ties = 0;      ///< sequence: same number as the row before it.
};
Result<OrderCounts> audit_order(const AuditScope& scope, RowOrder order);

/// Rows at most gap_us after one of the same unit and event.
struct RepeatCounts {
  std::int64_t rows = 0;
  std::int64_t repeats = 0;
};
Result<RepeatCounts> audit_repeats(const AuditScope& scope, std::int64_t gap_us);

/// How many units have so many events on so many active days.
struct UnitLoad {
  std::int64_t events = 0;
  std::int64_t days = 0;
  std::int64_t units = 0;
};
Result<std::vector<UnitLoad>> audit_unit_loads(const AuditScope& scope);

/// Units with more than `per_day` events an active day, and their events. Even: gaps below six
/// hours vary by less than `even_cv` of their mean, or `sleepless_hours` hours of the average
/// active UTC day have events.
struct BusyUnits {
  std::int64_t units = 0;
  std::int64_t events = 0;
};
struct BusyQuery {
  double per_day = 0.0;
  double even_cv = 0.5;
  double sleepless_hours = 20.0;
};
struct Busy {
  BusyUnits even;
  BusyUnits uneven;
};
Result<Busy> audit_busy_units(const AuditScope& scope, const BusyQuery& query);

/// Local days of units, and those with more than `most` events.
struct UnitDays {
  std::int64_t days = 0;
  std::int64_t over = 0;
};
Result<UnitDays> audit_unit_days(const AuditScope& scope, double most);

/// Values of a column below the smallest or above the largest allowed.
Result<std::int64_t> audit_outside(const AuditScope& scope, const std::string& column,
                                   std::optional<double> minimum, std::optional<double> maximum);

/// Every `if` event should have a `then` event of its unit at or after it (before: at or before),
/// within so long.
struct Implication {
  engine::EventSelector if_event;
  engine::EventSelector then_event;
  std::optional<std::int64_t> within_us;
  bool before = false;
};
struct Compliance {
  std::int64_t events = 0;  ///< `if` events.
  std::int64_t broken = 0;
};
Result<Compliance> audit_implication(const AuditScope& scope, const Implication& rule);

}  // namespace assay::distributed
