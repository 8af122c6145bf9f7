#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assay/engine/check.hpp"
#include "assay/engine/duckdb_experiment.hpp"
#include "assay/engine/metric_variables.hpp"
#include "assay/engine/sql.hpp"

namespace assay::engine {
namespace {

constexpr std::string_view kAnalysed = "FROM units WHERE anchor_us IS NOT NULL";

/// Reads columns of a table from left to right.
class Columns {
 public:
  explicit Columns(frame::Table& table) : table_(table) {}
  frame::Column& next() { return table_.columns[at_++]; }

 private:
  frame::Table& table_;
  std::size_t at_ = 0;
};

std::vector<std::uint8_t> small(const frame::Column& column) {
  std::vector<std::uint8_t> values;
  values.reserve(column.ints.size());
  for (const std::int64_t value : column.ints) values.push_back(static_cast<std::uint8_t>(value));
  return values;
}

/// Codes in the order of the texts.
UnitSegment coded(const std::string& name, const frame::Column& column) {
  UnitSegment segment{name, column.dictionary, {}};
  std::sort(segment.values.begin(), segment.values.end());
  std::vector<std::uint32_t> place;
  for (const std::string& text : column.dictionary)
    place.push_back(static_cast<std::uint32_t>(
        std::lower_bound(segment.values.begin(), segment.values.end(), text) -
        segment.values.begin()));
  segment.codes.reserve(column.codes.size());
  for (const std::uint32_t code : column.codes) segment.codes.push_back(place[code]);
  return segment;
}

std::string select_sql(const UnitTableQuery& of, const Source& source) {
  const ExperimentQuery& query = of.experiment;
  std::string columns = "unit, arm, anchor_us";
  if (query.cluster) columns += ", cluster";
  for (std::size_t i = 0; i < of.first_events.size(); ++i) columns += fmt::format(", first_{}", i);
  for (std::size_t s = 0; s < query.segments.size(); ++s) columns += fmt::format(", segment_{}", s);
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    columns += fmt::format(", mature_{}", i);
    for (const char name : variables_of(query.metrics[i]))
      columns += fmt::format(", CAST({0}_{1} AS DOUBLE) AS {0}_{1}", name, i);
  }
  const std::string firsts = of.first_events.empty() ? ""
                                                     : fmt::format(" JOIN ({}) USING (unit)",
                                                                   first_events_sql(of, source));
  return fmt::format("SELECT {} FROM units{} WHERE anchor_us IS NOT NULL ORDER BY unit", columns,
                     firsts);
}

}  // namespace

Result<std::vector<std::optional<double>>> caps_of(Database& database, const ExperimentQuery& query,
                                                   const Progress& progress) {
  std::vector<std::optional<double>> caps(query.metrics.size());
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    const ExperimentMetric& metric = query.metrics[i];
    caps[i] = metric.cap_value;
    if (!metric.cap_quantile) continue;
    const std::string values =
        fmt::format("(SELECT y_{0} AS y {1} AND mature_{0}{2})", i, kAnalysed,
                    metric.cap_ignores_zeros ? fmt::format(" AND y_{} > 0", i) : "");
    ASSAY_TRY(const frame::Table count, database.query("SELECT count(*) FROM " + values, progress));
    const std::int64_t n = count.columns[0].ints[0];
    if (n == 0) continue;
    const auto rank =
        static_cast<std::int64_t>(std::ceil(static_cast<double>(n) * *metric.cap_quantile));
    ASSAY_TRY(
        const frame::Table cap,
        database.query(fmt::format("SELECT CAST(y AS DOUBLE) FROM {} ORDER BY y LIMIT 1 OFFSET {}",
                                   values, std::clamp<std::int64_t>(rank, 1, n) - 1),
                       progress));
    caps[i] = cap.columns[0].doubles[0];
  }
  return caps;
}

Result<UnitTable> unit_table_of(Database& database, const UnitTableQuery& query,
                                const Source& source, const Progress& progress) {
  ASSAY_TRY(const frame::Table count,
            database.query(fmt::format("SELECT count(*) {}", kAnalysed), progress));
  const std::int64_t units = count.columns[0].ints[0];
  if (units > query.max_units) return tl::unexpected(too_many_units(units, query.max_units));
  const ExperimentQuery& experiment = query.experiment;
  UnitTable table;
  ASSAY_TRY(table.caps, caps_of(database, experiment, progress));
  ASSAY_TRY(frame::Table rows, database.query(select_sql(query, source), progress));
  Columns columns(rows);
  frame::Column& ids = columns.next();
  if (ids.type == frame::Type::text) {
    for (const std::uint32_t code : ids.codes) table.texts.push_back(ids.dictionary[code]);
  } else {
    table.numbers = std::move(ids.ints);
  }
  table.arms = small(columns.next());
  table.anchor_us = std::move(columns.next().ints);
  if (experiment.cluster) {
    table.cluster = coded("cluster", columns.next());
    ASSAY_CHECK(check_clusters(experiment, *table.cluster));
  }
  for (std::size_t i = 0; i < query.first_events.size(); ++i)
    table.first_us.push_back(std::move(columns.next().ints));
  table.seen_until = std::min(experiment.complete_until, experiment.period.end);
  for (const SegmentBy& segment : experiment.segments) {
    table.segments.push_back(coded(segment.name, columns.next()));
    if (table.segments.back().values.size() > kMaxSegmentValues)
      return tl::unexpected(too_many_values(segment.name, table.segments.back().values.size()));
  }
  for (const ExperimentMetric& metric : experiment.metrics) {
    UnitVariables variables;
    variables.mature = small(columns.next());
    for (const char name : variables_of(metric))
      variable(variables, name) = std::move(columns.next().doubles);
    table.metrics.push_back(std::move(variables));
  }
  return table;
}

}  // namespace assay::engine
