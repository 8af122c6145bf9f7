#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/engine/check.hpp"
#include "assay/engine/source.hpp"
#include "assay/sql/plan.hpp"
#include "assay/warehouse/connection.hpp"

namespace assay::distributed {

/// A column by which the engine keeps the table in parts, so that a query of some days reads those
/// days alone.
struct Partition {
  std::string column;  ///< A date, or text of the form 2026-05-04.
  /// An event of local or UTC day d lies in a part from d - slack to d + slack.
  std::int64_t slack_us = kDayUs;
};

/// Events in a table of a warehouse. Expressions of the source are names of columns: SQL of one
/// engine in a spec would not run on another, so it is refused; a view says it better.
struct EventTableSpec {
  engine::Source source;  ///< format and paths are not used.
  sql::TableName table;
  std::optional<Partition> partition;
};

/// The table, looked at and understood.
///
/// How values read: as in engine::Relation, as far as types allow: a number that is not finite is
/// missing, a text that does not read as the declared number is missing. Times are instants, wall
/// clocks of the TimeColumn's zone, or whole numbers of its unit; text is refused (cast it in a
/// view). Rules of `events_step` apply to all queries.
struct EventTable {
  EventTableSpec spec;
  std::vector<warehouse::TableColumn> columns;
  engine::Vocabulary words;  ///< Properties of the spec, event names of the table.
  TimeRange span;            ///< From the first to just after the last event; empty: no events.
  std::optional<std::string> snapshot;
  warehouse::Cost looked;  ///< What finding names and span cost.
};

/// Looks at the table: columns by metadata, event names and span by one query of two columns.
/// Fails with invalid_spec: no such table, no such column (with near ones), a column whose type
/// does not fit its role, an expression that is no column.
Result<EventTable> open_table(warehouse::Connection& connection, const EventTableSpec& spec,
                              const Progress& progress);

/// Units of which some event, a copy or not, is meant.
struct UnitsMeant {
  TimeRange range;
  std::vector<std::string> properties;  ///< Words that the condition names.
  sql::Expression where;
};

/// Which events a query reads.
struct Scan {
  std::optional<TimeRange> range;  ///< Event times; none: all. Partitions outside are not touched.
  std::vector<std::string> properties;   ///< Words of the source that the query names.
  std::optional<sql::Expression> where;  ///< Over the columns below, to read fewer rows.
  /// What is wanted of event and properties, in their place: worked out as rows are read, so that
  /// taking out copies has less to carry. Empty: event and properties as they are.
  std::vector<sql::Output> told;
  /// Events of other units are left out before copies are looked for. The units themselves are
  /// found by a reading of their own, of few columns. None: all units.
  std::optional<UnitsMeant> units;
};

/// Adds the step `events`: the events that answers count (unit and time known, none from the
/// future, each once by the dedup policy). Columns: unit (int64 or text), time_us, event, `order_1`
/// (the sequence; where there is none, 0), and each property under property_name(i); or `told`.
///
/// A warehouse has no order of arrival. Of copies with equal keys the one received first stays,
/// ties by the smallest values of the columns of the step. Events at one instant are ordered by
/// their sequence; without one they have no order: those at the instant of an assignment count as
/// before it, the assignment event's own value is the last of them, and other ties go by the
/// smallest value. The same on every engine, but where a project without a sequence has such ties
/// its answers may differ from the embedded engine's. Copies are told by one order of each unit's
/// events, which steps that partition by unit use again on engines that know how.
sql::Input events_step(const EventTable& table, const Scan& scan, sql::Plan& plan);

/// The column of `events` that holds a property of the source, by its word.
std::string property_name(const EventTable& table, const std::string& word);

/// A filter or selector over the columns of `events`. Assumes that it went through `checked`.
sql::Expression condition(const frame::Predicate& predicate, const EventTable& table);
sql::Expression condition(const engine::EventSelector& selector, const EventTable& table);

/// The local day (days since 1970-01-01) of microseconds UTC, for instants inside `span`: plain
/// arithmetic with the zone's offsets, so that every engine tells the same day.
sql::Expression local_day(sql::Expression time_us, const TimeZone& timezone, TimeRange span);

}  // namespace assay::distributed
