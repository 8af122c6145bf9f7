#include "assay/warehouse/trino_values.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "assay/base/text.hpp"

namespace assay::warehouse {
namespace {

using nlohmann::json;

tl::unexpected<Error> bad_time(std::string_view text) {
  return fail(ErrorCode::invalid_data, fmt::format("`{}` is no time that can be read", text));
}

bool digits(std::string_view text, std::int64_t& value) {
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return !text.empty() && text.size() < 10;
}

/// "17:03:09.123456789" -> microseconds since midnight.
std::optional<std::int64_t> clock_us(std::string_view text) {
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  const bool shaped = text.size() >= 8 && text[2] == ':' && text[5] == ':' &&
                      digits(text.substr(0, 2), hour) && digits(text.substr(3, 2), minute) &&
                      digits(text.substr(6, 2), second);
  if (!shaped || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  std::int64_t micros = 0;
  if (text.size() > 8) {
    if (text[8] != '.' || text.size() == 9 || text.size() > 21) return std::nullopt;
    std::string fraction(text.substr(9));
    for (const char c : fraction)
      if (c < '0' || c > '9') return std::nullopt;
    fraction.resize(6, '0');
    if (!digits(fraction, micros)) return std::nullopt;
  }
  return hour * kHourUs + minute * kMinuteUs + second * kSecondUs + micros;
}

/// "+05:30" -> microseconds east of UTC.
std::optional<std::int64_t> offset_us(std::string_view text) {
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  const bool shaped = text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':' &&
                      digits(text.substr(1, 2), hour) && digits(text.substr(4, 2), minute);
  if (!shaped) return std::nullopt;
  const std::int64_t offset = hour * kHourUs + minute * kMinuteUs;
  return text[0] == '-' ? -offset : offset;
}

/// The instant at which the clock of a zone shows `local`, where the zone keeps one offset for
/// three hours on both sides.
Result<TimeUs> from_zone(std::int64_t local, std::string_view zone, std::string_view text) {
  if (zone == "UTC" || zone == "Z" || zone == "GMT" || zone == "Etc/UTC") return local;
  if (const auto offset = offset_us(zone)) return local - *offset;
  const auto found = TimeZone::find(zone);
  if (!found) return bad_time(text);
  const std::int64_t before = local - 3 * kHourUs - found->from_local(local - 3 * kHourUs);
  const std::int64_t after = local + 3 * kHourUs - found->from_local(local + 3 * kHourUs);
  if (before != after) {
    return fail(ErrorCode::invalid_data,
                fmt::format("`{}` may be either of two instants: clocks change there", text), "",
                "keep times in UTC in the table, or cast them with AT TIME ZONE 'UTC'");
  }
  return local - before;
}

bool is_float_word(const json& value) {
  return value.is_string() && (value == "NaN" || value == "Infinity" || value == "-Infinity");
}

std::optional<double> real_value(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  if (is_float_word(value)) {
    if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    return value == "Infinity" ? infinity : -infinity;
  }
  const std::string& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Room for a value that is missing, so that columns stay equally long.
void push_missing(frame::Column& column) {
  switch (column.type) {
    case frame::Type::float64:
      column.doubles.push_back(0);
      return;
    case frame::Type::text:
      if (column.dictionary.empty()) column.dictionary.emplace_back();
      column.codes.push_back(0);
      return;
    default:
      column.ints.push_back(0);
  }
}

}  // namespace

ColumnType trino_column_type(std::string_view engine_type) {
  const std::string_view name = engine_type.substr(0, engine_type.find_first_of("( "));
  const auto is = [name](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (name == "boolean") return ColumnType::boolean;
  if (is({"tinyint", "smallint", "integer", "bigint"})) return ColumnType::int64;
  if (is({"real", "double", "decimal"})) return ColumnType::float64;
  if (is({"varchar", "char", "uuid", "json", "ipaddress", "unknown"})) return ColumnType::text;
  if (name == "date") return ColumnType::date;
  if (name == "timestamp") {
    return engine_type.ends_with("with time zone") ? ColumnType::instant : ColumnType::wall_clock;
  }
  return ColumnType::other;
}

Result<TimeUs> parse_trino_time(std::string_view text) {
  const std::size_t day_end = text.find(' ');
  const auto day = parse_day(text.substr(0, day_end));
  if (!day) return bad_time(text);
  const std::int64_t midnight = std::int64_t{*day} * kDayUs;
  if (day_end == std::string_view::npos) return midnight;
  const std::string_view rest = text.substr(day_end + 1);
  const std::size_t clock_end = rest.find(' ');
  const auto clock = clock_us(rest.substr(0, clock_end));
  if (!clock) return bad_time(text);
  if (clock_end == std::string_view::npos) return midnight + *clock;
  return from_zone(midnight + *clock, rest.substr(clock_end + 1), text);
}

Result<void> TrinoRows::start(const json& columns) {
  started_ = true;
  for (const json& column : columns) {
    const auto name = column.value("name", std::string{});
    const auto type = column.value("type", std::string{});
    const auto holds = frame_type(trino_column_type(type));
    if (!holds) {
      return fail(
          ErrorCode::invalid_spec,
          fmt::format("the column {} of the answer is {}, which no answer can hold", name, type),
          "", "cast it to a number, a text or a time in the table or a view");
    }
    table_.columns.push_back({.name = name, .type = *holds});
    types_.push_back(type);
  }
  codes_.resize(table_.columns.size());
  return {};
}

Result<void> TrinoRows::add(const json& data) {
  rows_ += static_cast<std::int64_t>(data.size());
  if (rows_ > kMaxRows) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the answer has more than {} rows", count_text(kMaxRows)), "",
                "ask for less: fewer units, or a shorter time");
  }
  for (const json& row : data) {
    if (!row.is_array() || row.size() != table_.columns.size())
      return fail(ErrorCode::invalid_data, "a row of the answer does not fit its columns", "", "",
                  row.dump().substr(0, 200));
    for (std::size_t i = 0; i < row.size(); ++i) ASSAY_CHECK(add_value(i, row[i]));
  }
  return {};
}

Result<void> TrinoRows::add_value(std::size_t index, const json& value) {
  frame::Column& column = table_.columns[index];
  if (!column.nulls.empty() || value.is_null()) {
    column.nulls.resize(column.rows(), 0);
    column.nulls.push_back(value.is_null() ? 1 : 0);
  }
  if (value.is_null()) {
    push_missing(column);
    return {};
  }
  bool read = false;
  if (column.type == frame::Type::boolean && value.is_boolean()) {
    column.ints.push_back(value.get<bool>() ? 1 : 0);
    read = true;
  } else if (column.type == frame::Type::int64 && value.is_number_integer() &&
             (!value.is_number_unsigned() || value.get<std::uint64_t>() >> 63 == 0)) {
    column.ints.push_back(value.get<std::int64_t>());
    read = true;
  } else if (column.type == frame::Type::float64) {
    if (const auto number = real_value(value)) {
      column.doubles.push_back(*number);
      read = true;
    }
  } else if (column.type == frame::Type::time_us && value.is_string()) {
    auto time = parse_trino_time(value.get_ref<const std::string&>());
    if (!time) {
      time.error().where = "column " + column.name;
      return tl::unexpected(time.error());
    }
    column.ints.push_back(*time);
    read = true;
  } else if (column.type == frame::Type::text && value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (column.dictionary.size() != codes_[index].size()) codes_[index].emplace("", 0);
    const auto [at, is_new] =
        codes_[index].try_emplace(text, static_cast<std::uint32_t>(column.dictionary.size()));
    if (is_new) column.dictionary.push_back(text);
    column.codes.push_back(at->second);
    read = true;
  }
  if (read) return {};
  return fail(ErrorCode::invalid_data,
              fmt::format("the engine sent a value that {} does not have", types_[index]),
              "column " + column.name, "", value.dump().substr(0, 100));
}

}  // namespace assay::warehouse
