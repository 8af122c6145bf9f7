#include "assay/warehouse/connection.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/warehouse/adbc.hpp"
#include "assay/warehouse/clickhouse.hpp"
#include "assay/warehouse/duckdb_line.hpp"
#include "assay/warehouse/trino.hpp"

namespace assay::warehouse {
namespace {

using Factory = Result<std::unique_ptr<Connection>> (*)(const EngineUrl&, const ConnectOptions&);

struct Line {
  std::string_view scheme;
  Factory open;
};

/// One row a transport, declared in its own header.
const std::vector<Line>& lines() {
  static const std::vector<Line> kLines = {
      {"trino", connect_trino},    {"clickhouse", connect_clickhouse}, {"duckdb", connect_duckdb},
      {"spark", connect_adbc},     {"flightsql", connect_adbc},        {"postgresql", connect_adbc},
      {"snowflake", connect_adbc}, {"bigquery", connect_adbc},
  };
  return kLines;
}

void add_told(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& part) {
  sum = sum && part ? std::optional(*sum + *part) : std::nullopt;
}

}  // namespace

std::string_view to_text(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return "boolean";
    case ColumnType::int64:
      return "int64";
    case ColumnType::float64:
      return "float64";
    case ColumnType::text:
      return "text";
    case ColumnType::date:
      return "date";
    case ColumnType::instant:
      return "instant";
    case ColumnType::wall_clock:
      return "wall_clock";
    case ColumnType::other:
      return "other";
  }
  return "other";
}

std::optional<frame::Type> frame_type(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return frame::Type::boolean;
    case ColumnType::int64:
      return frame::Type::int64;
    case ColumnType::float64:
      return frame::Type::float64;
    case ColumnType::text:
      return frame::Type::text;
    case ColumnType::date:
    case ColumnType::instant:
    case ColumnType::wall_clock:
      return frame::Type::time_us;
    case ColumnType::other:
      break;
  }
  return std::nullopt;
}

void Cost::add(const Cost& other) {
  if (query_id.empty() && wall_us == 0 && bytes_returned == 0) {  // nothing added yet
    *this = other;
    return;
  }
  if (query_id.empty()) {
    query_id = other.query_id;
  } else if (!other.query_id.empty()) {
    query_id += ", " + other.query_id;
  }
  add_told(bytes_read, other.bytes_read);
  add_told(rows_read, other.rows_read);
  add_told(cpu_us, other.cpu_us);
  peak_memory = peak_memory && other.peak_memory
                    ? std::optional(std::max(*peak_memory, *other.peak_memory))
                    : std::nullopt;
  bytes_returned += other.bytes_returned;
  wall_us += other.wall_us;
}

Result<std::unique_ptr<Connection>> connect(const EngineUrl& url, const ConnectOptions& options) {
  for (const Line& line : lines())
    if (line.scheme == url.scheme) return line.open(url, options);
  return fail(ErrorCode::invalid_spec, fmt::format("there is no line to `{}`", url.scheme),
              url.text);
}

}  // namespace assay::warehouse
