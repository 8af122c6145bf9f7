#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/distributed/audit_counts.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/relation.hpp"
#include "assay/frame/table.hpp"
#include "assay/ingest/audit.hpp"

namespace assay::ingest::detail {

/// Readings of a query's result; a missing value reads as 0 or "".
std::int64_t int_at(const frame::Table& table, std::string_view column, std::size_t row);
double number_at(const frame::Table& table, std::string_view column, std::size_t row);
std::string text_at(const frame::Table& table, std::string_view column, std::size_t row);
bool null_at(const frame::Table& table, std::string_view column, std::size_t row);

/// True for columns whose SQL type holds numbers (or floating ones).
bool is_number(std::string_view sql_type);
bool is_floating(std::string_view sql_type);

/// The columns of a source under fixed names for the audit's statements: assay_unit, assay_time
/// (micro- seconds UTC), assay_event, assay_ingest, and everything of the source by its own name.
std::string rows_sql(const engine::Relation& relation);

/// A column whose missing values are counted, and whose values are summed when they are numbers.
struct Measured {
  std::string name;  ///< Of the column in the source, or of the property.
  std::string sql;   ///< What is counted: the quoted column, or the property's expression.
  std::string sql_type;
  bool converts = false;  ///< `sql` is missing where the value did not convert ...
  std::string raw;        ///< ... though this is there.
  bool ranged = false;    ///< A number that is no id, time or order: its values mean something.
};

/// The columns to measure: all columns of the source, and properties that convert or compute.
std::vector<Measured> measured_columns(const engine::Relation& relation);

/// Counts of one pass over the rows by event name and local day.
///
/// Columns of `cells`: event, day, rows, no_unit, no_time, bad_time, no_event, usable; with an
/// ingest time late_hour, late_day, late_watermark, late_rule_<i>, latest_us, ahead,
/// ahead_beyond, most_ahead_us, no_ingest; after_now; present_<i>, bad_<i> of Measured i, and
/// for ranged ones negative_<i>, negative_sum_<i>, sum_<i>, min_<i>, max_<i>.
struct Cube {
  std::vector<Measured> columns;
  frame::Table cells;
  std::vector<std::string> events;  ///< Most frequent first.
  std::vector<int> event_of;        ///< [cell]: position in `events`; -1: no name.
  std::vector<int> day_of;          ///< [cell]: days since first_day; -1: no time.
  Day first_day = 0;
  int days = 0;
  TimeRange range;

  [[nodiscard]] std::int64_t total(std::string_view measure) const;
  [[nodiscard]] double sum(std::string_view measure) const;
  [[nodiscard]] std::vector<std::int64_t> by_event(std::string_view measure) const;
  [[nodiscard]] std::vector<std::int64_t> by_day(std::string_view measure) const;
  [[nodiscard]] std::vector<std::int64_t> by_day_of(int event, std::string_view measure) const;
  [[nodiscard]] std::optional<double> smallest(std::string_view measure) const;
  [[nodiscard]] std::optional<double> largest(std::string_view measure) const;
};

/// What later statements ask about rows received late or early.
struct CubeQuery {
  TimeZone timezone = TimeZone::utc();
  TimeUs now = 0;
  std::int64_t watermark_us = 0;
  std::int64_t max_skew_us = 0;
  std::vector<std::int64_t> late_rules;  ///< One count each.
};

/// Makes the pass. Fails as Database::query does.
Result<Cube> count_cells(engine::Database& database, const engine::Relation& relation,
                         const CubeQuery& query, const Progress& progress);
Result<Cube> count_cells(const distributed::AuditScope& scope, const engine::Relation& relation,
                         const CubeQuery& query);

/// Fills in events, days and range from the cells.
void order_cells(Cube& cube);

/// A table of a warehouse as checks know a source: its columns under DuckDB's type names, and which
/// roles there are. Its pieces of SQL are never sent.
engine::Relation relation_of(const distributed::EventTable& table);

}  // namespace assay::ingest::detail
