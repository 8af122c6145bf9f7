#include "assay/distributed/detail/column_reading.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "assay/base/text.hpp"

namespace assay::distributed {
namespace {

using engine::TimeUnit;
using warehouse::ColumnType;
using warehouse::TableColumn;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// The name inside double quotes ("" stands for one "), or the text as it is.
std::string unquoted(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string::npos) return {};
  const std::string bare = text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
  if (bare.size() < 2 || bare.front() != '"' || bare.back() != '"') return bare;
  std::string name;
  for (std::size_t i = 1; i + 1 < bare.size(); ++i) {
    if (bare[i] == '"' && bare[i + 1] == '"' && i + 2 < bare.size()) ++i;
    name += bare[i];
  }
  return name;
}

std::vector<std::string> names_of(const EventTable& table) {
  std::vector<std::string> names;
  for (const TableColumn& column : table.columns) names.push_back(column.name);
  return names;
}

const TableColumn* find(const EventTable& table, const std::string& name) {
  for (const TableColumn& column : table.columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

tl::unexpected<Error> kind_error(const TableColumn& column, const std::string& role,
                                 std::string_view wanted, std::string fix) {
  return fail(ErrorCode::invalid_spec,
              fmt::format("{} is {}: column `{}` does not read as {}", role, column.engine_type,
                          column.name, wanted),
              {}, std::move(fix));
}

Result<TableColumn> known(const EventTable& table, const std::string& name,
                          const std::string& role) {
  const TableColumn* column = find(table, name);
  if (column != nullptr) return *column;
  return fail(ErrorCode::internal, fmt::format("{}: the table has no column `{}`", role, name));
}

sql::Expression text_of_truth(const sql::Expression& truth) {
  return sql::when({{truth, sql::value(std::string("true"))},
                    {sql::negate(truth), sql::value(std::string("false"))}},
                   sql::missing(sql::Type::text));
}

sql::Expression number_of_truth(const sql::Expression& truth) {
  return sql::cast(truth, sql::Type::int64);
}

/// A count of units since 1970 in microseconds; missing where that does not fit.
sql::Expression scaled(const sql::Expression& count, TimeUnit unit) {
  if (unit == TimeUnit::nanoseconds) return sql::floor_divide(count, 1000);
  if (unit == TimeUnit::microseconds || unit == TimeUnit::timestamp) return count;
  const std::int64_t factor = unit == TimeUnit::seconds ? kSecondUs : 1000;
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() / factor;
  return sql::when({{sql::both({sql::compare(sql::Op::greater_or_equal, count, sql::value(-most)),
                                sql::compare(sql::Op::less_or_equal, count, sql::value(most))}),
                     sql::multiply(count, sql::value(factor))}},
                   sql::missing(sql::Type::int64));
}

sql::Expression clock_of(const TableColumn& column) {
  const sql::Expression raw = sql::column(column.name);
  if (column.type != ColumnType::date) return sql::time_us(raw);
  return sql::multiply(sql::date_day(raw), sql::value(kDayUs));
}

bool is_clock(ColumnType type) {
  return type == ColumnType::date || type == ColumnType::instant || type == ColumnType::wall_clock;
}

/// ClickHouse has one type for instants and for wall clocks (a timestamp without a zone in a
/// Parquet file becomes one, too): with a declared zone nothing tells which of the two is meant.
Result<void> check_zone_has_meaning(const TableColumn& column, const TimeZone& zone,
                                    const std::string& role) {
  if (column.engine_type.find("DateTime") == std::string::npos || zone.name() == "UTC") return {};
  return fail(
      ErrorCode::invalid_spec,
      fmt::format("{} is {}, which ClickHouse keeps as an instant: whether column `{}` shows "
                  "wall clocks of {} cannot be told",
                  role, column.engine_type, column.name, zone.name()),
      {},
      fmt::format("leave `timezone` out where the column holds instants; else make them "
                  "instants in a view: toDateTime64(toString({}), 6, '{}')",
                  column.name, zone.name()));
}

Result<sql::Expression> text_of(const TableColumn& column, const std::string& role) {
  const sql::Expression raw = sql::column(column.name);
  if (column.type == ColumnType::text) return raw;
  if (column.type == ColumnType::int64) return sql::cast(raw, sql::Type::text);
  if (column.type == ColumnType::boolean) return text_of_truth(raw);
  return kind_error(column, role, "text the same on every engine",
                    "declare its own type, or make it text in a view");
}

Result<sql::Expression> whole_of(const TableColumn& column, const std::string& role) {
  const sql::Expression raw = sql::column(column.name);
  if (column.type == ColumnType::int64) return raw;
  if (column.type == ColumnType::boolean) return number_of_truth(raw);
  if (column.type == ColumnType::text) return sql::cast(raw, sql::Type::int64);
  return kind_error(column, role, "a whole number the same on every engine",
                    "declare float64, or round it in a view");
}

Result<sql::Expression> real_of(const TableColumn& column, const std::string& role) {
  const sql::Expression raw = sql::column(column.name);
  switch (column.type) {
    case ColumnType::int64:
      return sql::cast(raw, sql::Type::float64);
    case ColumnType::boolean:
      return sql::cast(number_of_truth(raw), sql::Type::float64);
    case ColumnType::float64:
    case ColumnType::text:
      return sql::finite(sql::cast(raw, sql::Type::float64));
    default:
      return kind_error(column, role, "a number", "declare another type or cast it in a view");
  }
}

Result<sql::Expression> truth_of(const TableColumn& column, const std::string& role) {
  const sql::Expression raw = sql::column(column.name);
  if (column.type == ColumnType::boolean) return raw;
  if (column.type == ColumnType::int64)
    return sql::compare(sql::Op::not_equal, raw, sql::value(std::int64_t{0}));
  return kind_error(column, role, "a truth value the same on every engine",
                    "declare its own type, or make it boolean in a view");
}

}  // namespace

Result<std::string> column_named(const EventTable& table, const std::string& expression,
                                 const std::string& role) {
  const std::string name = unquoted(expression);
  if (find(table, name) != nullptr) return name;
  for (const TableColumn& column : table.columns) {
    if (lower(column.name) == lower(name)) return column.name;
  }
  const std::vector<std::string> names = names_of(table);
  const std::string near = nearest(name, names);
  return fail(
      ErrorCode::invalid_spec,
      fmt::format("table `{}` has no column `{}` for {}", to_text(table.spec.table), name, role),
      {},
      near.empty() ? "name a column of the table; SQL belongs into a view of the warehouse"
                   : fmt::format("did you mean `{}`?", near),
      list_text(names, 40));
}

Result<sql::Expression> value_of(const EventTable& table, const std::string& column,
                                 frame::Type type, const std::string& role) {
  ASSAY_TRY(const TableColumn of, known(table, column, role));
  switch (type) {
    case frame::Type::text:
      return text_of(of, role);
    case frame::Type::int64:
      return whole_of(of, role);
    case frame::Type::float64:
      return real_of(of, role);
    case frame::Type::boolean:
      return truth_of(of, role);
    case frame::Type::time_us:
      break;
  }
  if (is_clock(of.type)) return clock_of(of);
  if (of.type == ColumnType::int64) return sql::column(of.name);
  return kind_error(of, role, "a time", "cast it to a timestamp in a view");
}

Result<sql::Expression> instant_of(const EventTable& table, const engine::TimeColumn& time,
                                   TimeRange span, const std::string& role) {
  ASSAY_TRY(const TableColumn column, known(table, time.expression, role));
  if (column.type == ColumnType::instant) {
    ASSAY_CHECK(check_zone_has_meaning(column, time.timezone, role));
    return clock_of(column);
  }
  if (is_clock(column.type)) return wall_clock_utc(clock_of(column), time.timezone, span);
  if (column.type != ColumnType::int64) {
    return kind_error(column, role, "a time", "cast it to a timestamp in a view");
  }
  if (time.unit == TimeUnit::timestamp) {
    return kind_error(column, role, "a time", "say its unit: s, ms, us or ns since 1970");
  }
  return scaled(sql::column(column.name), time.unit);
}

Result<sql::Expression> sequence_of(const EventTable& table) {
  const std::string role = "the sequence";
  ASSAY_TRY(const TableColumn column, known(table, table.spec.source.sequence_expression, role));
  if (is_clock(column.type)) return clock_of(column);
  return whole_of(column, role);
}

Result<sql::Expression> key_of(const EventTable& table, const std::string& key) {
  const engine::Source& source = table.spec.source;
  const std::string role = fmt::format("deduplication key `{}`", key);
  if (key == source.unit.expression) return value_of(table, key, source.unit.type, role);
  if (key == source.event_time.expression)
    return instant_of(table, source.event_time, table.span, role);
  for (const engine::SourceProperty& property : source.properties) {
    if (property.expression == key) return value_of(table, key, property.type, role);
  }
  ASSAY_TRY(const TableColumn column, known(table, key, role));
  if (is_clock(column.type)) return clock_of(column);
  if (column.type == ColumnType::float64) return real_of(column, role);
  if (column.type != ColumnType::other) return sql::column(column.name);
  return kind_error(column, role, "a value to compare", "make it text in a view");
}

}  // namespace assay::distributed
