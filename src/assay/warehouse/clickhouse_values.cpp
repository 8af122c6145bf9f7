#include "assay/warehouse/clickhouse_values.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/warehouse/engine_error.hpp"

namespace assay::warehouse {
namespace {

using Json = nlohmann::json;

/// "Nullable(X)" and "LowCardinality(X)" -> X.
std::string_view bare_type(std::string_view type) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view wrapper : {"Nullable(", "LowCardinality("}) {
      if (!type.starts_with(wrapper) || !type.ends_with(')')) continue;
      type = type.substr(wrapper.size(), type.size() - wrapper.size() - 1);
      again = true;
    }
  }
  return type;
}

/// None: a type that no answer can hold.
std::optional<frame::Type> type_in_answer(std::string_view type) {
  if (bare_type(type) == "Nothing") return frame::Type::int64;
  return frame_type(clickhouse_type(type));
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z"; finer than a microsecond
/// is rounded down.
std::optional<TimeUs> time_of(std::string_view text) {
  const auto day = parse_day(text.substr(0, std::min<std::size_t>(10, text.size())));
  if (!day) return std::nullopt;
  TimeUs time = static_cast<TimeUs>(*day) * kDayUs;
  if (text.size() == 10) return time;
  if (text.size() < 20 || text[10] != 'T' || text.back() != 'Z') return std::nullopt;
  const auto hours = number_of<int>(text.substr(11, 2));
  const auto minutes = number_of<int>(text.substr(14, 2));
  const auto seconds = number_of<int>(text.substr(17, 2));
  if (!hours || !minutes || !seconds) return std::nullopt;
  time += *hours * kHourUs + *minutes * kMinuteUs + *seconds * kSecondUs;
  TimeUs unit = kSecondUs;
  for (const char digit : text.substr(19, text.size() - 20)) {
    if (digit == '.') continue;
    if (digit < '0' || digit > '9') return std::nullopt;
    unit /= 10;
    time += (digit - '0') * unit;
  }
  return time;
}

std::optional<std::int64_t> whole_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return std::nullopt;
    }
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) return number_of<std::int64_t>(value.get_ref<const std::string&>());
  return std::nullopt;
}

std::optional<double> real_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return number_of<double>(value.get_ref<const std::string&>());
  return std::nullopt;
}

/// A column while it grows.
struct Growing {
  frame::Column column;
  std::string type;
  std::unordered_map<std::string, std::uint32_t> codes;

  std::uint32_t code(const std::string& text) {
    const auto [found, is_new] =
        codes.emplace(text, static_cast<std::uint32_t>(column.dictionary.size()));
    if (is_new) column.dictionary.push_back(text);
    return found->second;
  }

  void add_missing() {
    column.nulls.resize(column.rows(), 0);
    column.nulls.push_back(1);
    if (column.type == frame::Type::text) {
      column.codes.push_back(column.dictionary.empty() ? code("") : 0);
    } else if (column.type == frame::Type::float64) {
      column.doubles.push_back(0.0);
    } else {
      column.ints.push_back(0);
    }
  }

  /// False when the value is none of the column's type.
  bool add(const Json& value) {
    if (value.is_null()) {
      add_missing();
      return true;
    }
    if (column.type == frame::Type::text) {
      if (!value.is_string()) return false;
      column.codes.push_back(code(value.get_ref<const std::string&>()));
    } else if (column.type == frame::Type::float64) {
      const auto number = real_of(value);
      if (!number) return false;
      column.doubles.push_back(*number);
    } else if (column.type == frame::Type::time_us) {
      const auto time =
          value.is_string() ? time_of(value.get_ref<const std::string&>()) : std::nullopt;
      if (!time) return false;
      column.ints.push_back(*time);
    } else {
      const auto number = whole_of(value);
      if (!number) return false;
      column.ints.push_back(*number);
    }
    if (!column.nulls.empty()) column.nulls.push_back(0);
    return true;
  }
};

/// The next line of the body that holds anything.
std::string_view take_line(std::string_view& body) {
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) return line;
  }
  return {};
}

std::optional<Json> row_of(std::string_view line) {
  if (!line.starts_with('[')) return std::nullopt;
  Json row = Json::parse(line.begin(), line.end(), nullptr, false);
  if (!row.is_array()) return std::nullopt;
  return row;
}

tl::unexpected<Error> not_understood(std::string_view line, const std::string& engine) {
  return fail(ErrorCode::unavailable, "the answer is not what ClickHouse writes", engine,
              "check that the address is ClickHouse's HTTP interface",
              std::string(line.substr(0, 200)));
}

/// The words of an exception behind `line`, which is no row; else what stands there instead.
tl::unexpected<Error> broken_off(std::string_view line, std::string_view rest,
                                 const std::string& engine) {
  const std::string all = std::string(line) + "\n" + std::string(rest);
  const std::size_t at = all.find("Code: ");
  if (at == std::string::npos) return not_understood(line, engine);
  return clickhouse_error(std::string_view(all).substr(at), engine);
}

Result<std::vector<Growing>> columns_of(std::string_view& body, const std::string& engine) {
  std::vector<Growing> columns;
  const std::string_view first = take_line(body);
  const auto names = row_of(first);
  if (!names) return broken_off(first, body, engine);
  const std::string_view second = take_line(body);
  const auto types = row_of(second);
  if (!types) return broken_off(second, body, engine);
  if (types->size() != names->size()) return not_understood(second, engine);
  for (std::size_t i = 0; i < names->size(); ++i) {
    if (!(*names)[i].is_string() || !(*types)[i].is_string()) return not_understood(first, engine);
    Growing one;
    one.column.name = (*names)[i].get<std::string>();
    one.type = (*types)[i].get<std::string>();
    const auto type = type_in_answer(one.type);
    if (!type) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("a column has a type that no answer can hold: {}", one.type),
                  fmt::format("column {}", one.column.name), "cast it to a number, text or time");
    }
    one.column.type = *type;
    columns.push_back(std::move(one));
  }
  return columns;
}

/// Codes that other engines say by SQLSTATE. Source: ClickHouse src/Common/ErrorCodes.cpp.
struct Code {
  int code;
  std::string_view like;
};
constexpr std::array kCodes{
    Code{60, "42P01"},   // UNKNOWN_TABLE
    Code{81, "3D000"},   // UNKNOWN_DATABASE
    Code{47, "42703"},   // UNKNOWN_IDENTIFIER
    Code{16, "42703"},   // NO_SUCH_COLUMN_IN_TABLE
    Code{62, "42601"},   // SYNTAX_ERROR
    Code{46, "42883"},   // UNKNOWN_FUNCTION
    Code{42, "42000"},   // NUMBER_OF_ARGUMENTS_DOESNT_MATCH
    Code{43, "42000"},   // ILLEGAL_TYPE_OF_ARGUMENT
    Code{53, "42000"},   // TYPE_MISMATCH
    Code{115, "42000"},  // UNKNOWN_SETTING
    Code{386, "42000"},  // NO_COMMON_TYPE
    Code{497, "42501"},  // ACCESS_DENIED
    Code{164, "42501"},  // READONLY
    Code{516, "28000"},  // AUTHENTICATION_FAILED
    Code{192, "28000"},  // UNKNOWN_USER
    Code{193, "28000"},  // WRONG_PASSWORD
    Code{194, "28000"},  // REQUIRED_PASSWORD
    Code{241, "53200"},  // MEMORY_LIMIT_EXCEEDED
    Code{173, "53200"},  // CANNOT_ALLOCATE_MEMORY
    Code{394, "57014"},  // QUERY_WAS_CANCELLED
    Code{202, "53300"},  // TOO_MANY_SIMULTANEOUS_QUERIES
    Code{209, "58030"},  // SOCKET_TIMEOUT
    Code{210, "58030"},  // NETWORK_ERROR
    Code{279, "58030"},  // ALL_CONNECTION_TRIES_FAILED
    Code{407, "22003"},  // DECIMAL_OVERFLOW
    Code{321, "22003"},  // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
    Code{6, "22000"},    // CANNOT_PARSE_TEXT
    Code{27, "22000"},   // CANNOT_PARSE_INPUT_ASSERTION_FAILED
    Code{38, "22000"},   // CANNOT_PARSE_DATE
    Code{41, "22000"},   // CANNOT_PARSE_DATETIME
    Code{70, "22000"},   // CANNOT_CONVERT_TYPE
    Code{72, "22000"},   // CANNOT_PARSE_NUMBER
    Code{153, "22012"},  // ILLEGAL_DIVISION
    Code{395, "22000"},  // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
};

}  // namespace

ColumnType clickhouse_type(std::string_view type) {
  const std::string_view bare = bare_type(type);
  if (bare == "Bool") return ColumnType::boolean;
  for (const std::string_view name :
       {"Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Int128",
        "UInt128", "Int256", "UInt256"}) {
    if (bare == name) return ColumnType::int64;
  }
  if (bare == "Float32" || bare == "Float64" || bare == "BFloat16" ||
      bare.starts_with("Decimal(")) {
    return ColumnType::float64;
  }
  if (bare == "String" || bare.starts_with("FixedString(") || bare.starts_with("Enum8(") ||
      bare.starts_with("Enum16(") || bare == "UUID") {
    return ColumnType::text;
  }
  if (bare == "Date" || bare == "Date32") return ColumnType::date;
  // Stored in UTC; the zone says only how it is shown.
  if (bare == "DateTime" || bare.starts_with("DateTime(") || bare.starts_with("DateTime64(")) {
    return ColumnType::instant;
  }
  return ColumnType::other;
}

Result<frame::Table> clickhouse_rows(std::string_view body, std::int64_t most_rows,
                                     const std::string& engine) {
  frame::Table table;
  // A statement without a result (SET, CREATE) has an empty body.
  if (body.find_first_not_of("\r\n ") == std::string_view::npos) return table;
  ASSAY_TRY(std::vector<Growing> columns, columns_of(body, engine));
  std::int64_t rows = 0;
  for (std::string_view line = take_line(body); !line.empty(); line = take_line(body)) {
    const auto row = row_of(line);
    if (!row) return broken_off(line, body, engine);
    if (row->size() != columns.size()) return not_understood(line, engine);
    if (++rows > most_rows) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("the result has more rows than are taken back: {}", most_rows), {},
                  "ask for fewer, or for sums instead of rows");
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].add((*row)[i])) continue;
      return fail(
          ErrorCode::invalid_data,
          fmt::format("a value of type {} does not fit: {}", columns[i].type, (*row)[i].dump()),
          fmt::format("column {}", columns[i].column.name), "read it as float64 or text");
    }
  }
  for (Growing& one : columns) table.columns.push_back(std::move(one.column));
  return table;
}

tl::unexpected<Error> clickhouse_error(std::string_view words, const std::string& engine) {
  Refusal refusal;
  refusal.engine = engine;
  refusal.said = std::string(words);
  constexpr std::string_view kSign = "Code: ";
  int code = 0;
  if (const std::size_t at = words.find(kSign); at != std::string_view::npos) {
    const char* begin = words.data() + at + kSign.size();
    std::from_chars(begin, words.data() + words.size(), code);
  }
  for (const Code& one : kCodes) {
    if (one.code == code) refusal.like = std::string(one.like);
  }
  auto error = engine_error(refusal);
  constexpr int kReadOnly = 164;
  constexpr int kTooManyRows = 396;
  if (code == kReadOnly) {
    error.value().problem = "the user may not set what every statement is sent with";
    error.value().fix = "give the user readonly = 2: it may read and set, and change nothing";
  }
  if (code == kTooManyRows) {
    error.value().code = ErrorCode::invalid_spec;
    error.value().problem = "the result has more rows than are taken back";
    error.value().fix = "ask for fewer, or for sums instead of rows";
  }
  return error;
}

}  // namespace assay::warehouse
