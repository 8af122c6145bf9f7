#include "assay/ingest/detail/cube.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "assay/engine/sql.hpp"

namespace assay::ingest::detail {
namespace {

using engine::quote_identifier;

// Names that say that a number counts or orders things rather than measuring them.
bool names_an_id(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto ends = [&](std::string_view tail) {
    return lower.size() >= tail.size() && lower.ends_with(tail);
  };
  return lower == "id" || ends("_id") || ends("id_") || name.ends_with("ID") ||
         name.ends_with("Id") || ends("_no") || ends("_key") || ends("index") || ends("seq") ||
         ends("_version") || ends("zip") || ends("postcode");
}

bool plays_a_role(const engine::Relation& relation, const std::string& column) {
  const engine::Source& source = relation.source;
  const auto is = [&](const std::string& expression) {
    return expression == column || expression == quote_identifier(column);
  };
  if (is(source.unit.expression) || is(source.event_time.expression)) return true;
  if (is(source.event_expression) || is(source.sequence_expression)) return true;
  if (source.ingest_time && is(source.ingest_time->expression)) return true;
  if (!source.dedup) return false;
  return std::any_of(source.dedup->keys.begin(), source.dedup->keys.end(), is);
}

void add_lateness(std::string& sql, const CubeQuery& query) {
  const auto share = [&](std::string_view name, std::string_view condition) {
    sql += fmt::format(", count_if({}) AS {}", condition, name);
  };
  share("late_hour", fmt::format("assay_ingest - assay_time > {}", kHourUs));
  share("late_day", fmt::format("assay_ingest - assay_time > {}", kDayUs));
  share("late_watermark", fmt::format("assay_ingest - assay_time > {}", query.watermark_us));
  for (std::size_t i = 0; i < query.late_rules.size(); ++i) {
    share(fmt::format("late_rule_{}", i),
          fmt::format("assay_ingest - assay_time > {}", query.late_rules[i]));
  }
  share("ahead", "assay_time > assay_ingest");
  share("ahead_beyond", fmt::format("assay_time - assay_ingest > {}", query.max_skew_us));
  share("quarantined", fmt::format("assay_unit IS NOT NULL AND assay_time - assay_ingest > {}",
                                   query.max_skew_us));
  share("no_ingest", "assay_ingest IS NULL");
  share("both_times", "assay_ingest IS NOT NULL AND assay_time IS NOT NULL");
  sql +=
      ", max(assay_ingest - assay_time) AS latest_us, max(assay_time - assay_ingest) AS "
      "most_ahead_us";
}

void add_measures(std::string& sql, const std::vector<Measured>& columns,
                  const std::set<std::string>& full) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Measured& column = columns[i];
    const bool known = !column.converts && full.contains(column.name);
    sql += fmt::format(", count({}) AS present_{}", known ? "*" : column.sql, i);
    if (column.converts) {
      sql += fmt::format(", count_if(({}) IS NOT NULL AND ({}) IS NULL) AS bad_{}", column.raw,
                         column.sql, i);
    }
    if (!column.ranged) continue;
    const std::string value = fmt::format("CAST({} AS DOUBLE)", column.sql);
    const std::string finite = is_floating(column.sql_type)
                                   ? fmt::format("CASE WHEN isfinite({0}) THEN {0} END", value)
                                   : value;
    sql += fmt::format(
        ", count_if({0} < 0) AS negative_{1}, coalesce(sum(least({0}, 0)), 0) AS negative_sum_{1}, "
        "coalesce(sum({0}), 0) AS sum_{1}, min({0}) AS min_{1}, max({0}) AS max_{1}",
        finite, i);
  }
}

// Columns that the footers of Parquet files vouch for: no value missing in any row. They need not
// be read to be counted.
std::set<std::string> full_columns(engine::Database& database, const engine::Relation& relation) {
  if (relation.source.format != engine::SourceFormat::parquet) return {};
  std::string list;
  for (const std::string& path : relation.source.paths) {
    list += (list.empty() ? "" : ", ") + engine::quote_text(path);
  }
  const auto found = database.query(
      fmt::format("SELECT path_in_schema AS name FROM parquet_metadata([{0}]) GROUP BY 1 HAVING "
                  "bool_and(stats_null_count IS NOT NULL AND stats_null_count = 0) AND "
                  "sum(num_values) = (SELECT "
                  "sum(num_rows) FROM parquet_file_metadata([{0}]))",
                  list));
  std::set<std::string> names;
  for (std::size_t row = 0; found && row < found->rows(); ++row) {
    names.insert(text_at(*found, "name", row));
  }
  return names;
}

void order_events(Cube& cube) {
  std::map<std::string, std::int64_t> rows;
  for (std::size_t cell = 0; cell < cube.cells.rows(); ++cell) {
    if (null_at(cube.cells, "event", cell)) continue;
    rows[text_at(cube.cells, "event", cell)] += int_at(cube.cells, "rows", cell);
  }
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [event, count] : rows) order.emplace_back(-count, event);
  std::sort(order.begin(), order.end());
  std::map<std::string, int> position;
  for (const auto& [count, event] : order) {
    position[event] = static_cast<int>(cube.events.size());
    cube.events.push_back(event);
  }
  for (std::size_t cell = 0; cell < cube.cells.rows(); ++cell) {
    cube.event_of.push_back(
        null_at(cube.cells, "event", cell) ? -1 : position[text_at(cube.cells, "event", cell)]);
  }
}

void order_days(Cube& cube) {
  std::optional<std::int64_t> first;
  std::optional<std::int64_t> last;
  for (std::size_t cell = 0; cell < cube.cells.rows(); ++cell) {
    if (null_at(cube.cells, "day", cell)) continue;
    const std::int64_t day = int_at(cube.cells, "day", cell);
    first = std::min(first.value_or(day), day);
    last = std::max(last.value_or(day), day);
    const std::int64_t begin = int_at(cube.cells, "first_us", cell);
    const std::int64_t end = int_at(cube.cells, "last_us", cell) + 1;
    if (cube.range.end == 0 && cube.range.begin == 0) cube.range = {begin, end};
    cube.range = {std::min(cube.range.begin, begin), std::max(cube.range.end, end)};
  }
  cube.first_day = static_cast<Day>(first.value_or(0));
  cube.days = first ? static_cast<int>(*last - *first + 1) : 0;
  for (std::size_t cell = 0; cell < cube.cells.rows(); ++cell) {
    cube.day_of.push_back(null_at(cube.cells, "day", cell)
                              ? -1
                              : static_cast<int>(int_at(cube.cells, "day", cell) - cube.first_day));
  }
}

}  // namespace

std::int64_t int_at(const frame::Table& table, std::string_view column, std::size_t row) {
  const frame::Column* found = table.find(column);
  if (found == nullptr || found->is_null(row)) return 0;
  if (found->type == frame::Type::float64) return static_cast<std::int64_t>(found->doubles[row]);
  return found->type == frame::Type::text ? 0 : found->ints[row];
}

double number_at(const frame::Table& table, std::string_view column, std::size_t row) {
  const frame::Column* found = table.find(column);
  if (found == nullptr || found->is_null(row)) return 0.0;
  if (found->type == frame::Type::float64) return found->doubles[row];
  return found->type == frame::Type::text ? 0.0 : static_cast<double>(found->ints[row]);
}

std::string text_at(const frame::Table& table, std::string_view column, std::size_t row) {
  const frame::Column* found = table.find(column);
  if (found == nullptr || found->type != frame::Type::text || found->is_null(row)) return {};
  return found->dictionary[found->codes[row]];
}

bool null_at(const frame::Table& table, std::string_view column, std::size_t row) {
  const frame::Column* found = table.find(column);
  return found == nullptr || found->is_null(row);
}

bool is_floating(std::string_view sql_type) { return sql_type == "DOUBLE" || sql_type == "FLOAT"; }

bool is_number(std::string_view sql_type) {
  static constexpr std::array<std::string_view, 10> kIntegers = {
      "TINYINT",  "SMALLINT",  "INTEGER",  "BIGINT",  "HUGEINT",
      "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"};
  return is_floating(sql_type) || sql_type.starts_with("DECIMAL") ||
         std::find(kIntegers.begin(), kIntegers.end(), sql_type) != kIntegers.end();
}

std::string rows_sql(const engine::Relation& relation) {
  return fmt::format(
      "SELECT ({}) AS assay_unit, ({}) AS assay_time, ({}) AS assay_event, ({}) AS assay_ingest, * "
      "FROM {}",
      relation.unit, relation.time, relation.event,
      relation.ingest.empty() ? "CAST(NULL AS BIGINT)" : relation.ingest, relation.from);
}

std::vector<Measured> measured_columns(const engine::Relation& relation) {
  std::vector<Measured> columns;
  for (const engine::ColumnInfo& column : relation.columns) {
    Measured measured{column.name, quote_identifier(column.name), column.type, false, {}, false};
    measured.ranged =
        is_number(column.type) && !names_an_id(column.name) && !plays_a_role(relation, column.name);
    columns.push_back(std::move(measured));
  }
  for (std::size_t i = 0; i < relation.source.properties.size(); ++i) {
    const engine::SourceProperty& property = relation.source.properties[i];
    const auto plain = std::find_if(columns.begin(), columns.end(), [&](const Measured& column) {
      return column.name == property.expression || column.sql == property.expression;
    });
    const bool number =
        property.type == frame::Type::int64 || property.type == frame::Type::float64;
    if (plain != columns.end()) {
      const bool text = plain->sql_type == "VARCHAR";
      if (!(text && property.type != frame::Type::text) && !is_floating(plain->sql_type)) continue;
      plain->raw = plain->sql;
      plain->sql = fmt::format("({})", relation.properties[i]);
      plain->converts = true;
      if (text && number && !names_an_id(plain->name)) plain->ranged = true;
      continue;
    }
    columns.push_back({property.name, fmt::format("({})", relation.properties[i]),
                       number ? "DOUBLE" : std::string(frame::to_text(property.type)), true,
                       property.expression, number && !names_an_id(property.name)});
  }
  return columns;
}

Result<Cube> count_cells(engine::Database& database, const engine::Relation& relation,
                         const CubeQuery& query, const Progress& progress) {
  Cube cube;
  cube.columns = measured_columns(relation);
  std::string sql = fmt::format(
      "SELECT assay_event AS event, {} AS day, count(*) AS rows, min(assay_time) AS first_us, "
      "max(assay_time) AS last_us, count_if(assay_unit IS NULL) AS no_unit, "
      "count_if(assay_time IS NULL) AS no_time, "
      "count_if(assay_time IS NULL AND ({}) IS NOT NULL) AS bad_time, "
      "count_if(assay_event IS NULL) AS no_event, "
      "count_if(assay_unit IS NOT NULL AND assay_time IS NOT NULL) AS usable, "
      "count_if(assay_time > {}) AS after_now",
      engine::local_day_sql("assay_time", query.timezone), relation.source.event_time.expression,
      query.now);
  if (!relation.ingest.empty()) add_lateness(sql, query);
  add_measures(sql, cube.columns, full_columns(database, relation));
  sql += fmt::format(" FROM ({}) GROUP BY 1, 2", rows_sql(relation));
  ASSAY_TRY(cube.cells, database.query(sql, progress));
  order_cells(cube);
  return cube;
}

void order_cells(Cube& cube) {
  order_events(cube);
  order_days(cube);
}

std::int64_t Cube::total(std::string_view measure) const {
  std::int64_t sum = 0;
  for (std::size_t cell = 0; cell < cells.rows(); ++cell) sum += int_at(cells, measure, cell);
  return sum;
}

double Cube::sum(std::string_view measure) const {
  double sum = 0.0;
  for (std::size_t cell = 0; cell < cells.rows(); ++cell) sum += number_at(cells, measure, cell);
  return sum;
}

std::vector<std::int64_t> Cube::by_event(std::string_view measure) const {
  std::vector<std::int64_t> sums(events.size());
  for (std::size_t cell = 0; cell < cells.rows(); ++cell) {
    if (event_of[cell] < 0) continue;
    sums[static_cast<std::size_t>(event_of[cell])] += int_at(cells, measure, cell);
  }
  return sums;
}

std::vector<std::int64_t> Cube::by_day(std::string_view measure) const {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(days));
  for (std::size_t cell = 0; cell < cells.rows(); ++cell) {
    if (day_of[cell] < 0) continue;
    sums[static_cast<std::size_t>(day_of[cell])] += int_at(cells, measure, cell);
  }
  return sums;
}

std::vector<std::int64_t> Cube::by_day_of(int event, std::string_view measure) const {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(days));
  for (std::size_t cell = 0; cell < cells.rows(); ++cell) {
    if (day_of[cell] < 0 || event_of[cell] != event) continue;
    sums[static_cast<std::size_t>(day_of[cell])] += int_at(cells, measure, cell);
  }
  return sums;
}

std::optional<double> Cube::smallest(std::string_view measure) const {
  std::optional<double> least;
  for (std::size_t cell = 0; cell < cells.rows(); ++cell) {
    if (null_at(cells, measure, cell)) continue;
    const double value = number_at(cells, measure, cell);
    least = std::min(least.value_or(value), value);
  }
  return least;
}

std::optional<double> Cube::largest(std::string_view measure) const {
  std::optional<double> most;
  for (std::size_t cell = 0; cell < cells.rows(); ++cell) {
    if (null_at(cells, measure, cell)) continue;
    const double value = number_at(cells, measure, cell);
    most = std::max(most.value_or(value), value);
  }
  return most;
}

}  // namespace assay::ingest::detail
