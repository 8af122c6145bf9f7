#include "assay/warehouse/arrow_format.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>

namespace assay::warehouse {
namespace {

struct Plain {
  std::string_view format;
  ArrowLayout layout;
  frame::Type as;
  ColumnType column;
  std::string_view words;
};

constexpr std::array kPlain{
    Plain{"n", ArrowLayout::null, frame::Type::int64, ColumnType::other, "null"},
    Plain{"b", ArrowLayout::bits, frame::Type::boolean, ColumnType::boolean, "bool"},
    Plain{"c", ArrowLayout::int8, frame::Type::int64, ColumnType::int64, "int8"},
    Plain{"C", ArrowLayout::uint8, frame::Type::int64, ColumnType::int64, "uint8"},
    Plain{"s", ArrowLayout::int16, frame::Type::int64, ColumnType::int64, "int16"},
    Plain{"S", ArrowLayout::uint16, frame::Type::int64, ColumnType::int64, "uint16"},
    Plain{"i", ArrowLayout::int32, frame::Type::int64, ColumnType::int64, "int32"},
    Plain{"I", ArrowLayout::uint32, frame::Type::int64, ColumnType::int64, "uint32"},
    Plain{"l", ArrowLayout::int64, frame::Type::int64, ColumnType::int64, "int64"},
    Plain{"L", ArrowLayout::uint64, frame::Type::int64, ColumnType::int64, "uint64"},
    Plain{"f", ArrowLayout::float32, frame::Type::float64, ColumnType::float64, "float"},
    Plain{"g", ArrowLayout::float64, frame::Type::float64, ColumnType::float64, "double"},
    Plain{"u", ArrowLayout::text32, frame::Type::text, ColumnType::text, "utf8"},
    Plain{"U", ArrowLayout::text64, frame::Type::text, ColumnType::text, "large_utf8"},
    Plain{"vu", ArrowLayout::text_view, frame::Type::text, ColumnType::text, "utf8_view"},
};

ArrowFormat time_format(ArrowLayout layout, ColumnType column, std::string words) {
  ArrowFormat out;
  out.layout = layout;
  out.as = frame::Type::time_us;
  out.column = column;
  out.words = std::move(words);
  return out;
}

/// "tdD", "tdm", "tss:UTC", "tsu:", ...
std::optional<ArrowFormat> time_format(std::string_view format) {
  if (format == "tdD") {
    ArrowFormat date = time_format(ArrowLayout::int32, ColumnType::date, "date32");
    date.multiply_us = 86'400'000'000;
    return date;
  }
  if (format == "tdm") {
    ArrowFormat date = time_format(ArrowLayout::int64, ColumnType::date, "date64");
    date.multiply_us = 1'000;
    return date;
  }
  if (!format.starts_with("ts") || format.size() < 4 || format[3] != ':') return std::nullopt;
  const std::string_view zone = format.substr(4);
  const ColumnType column = zone.empty() ? ColumnType::wall_clock : ColumnType::instant;
  const auto named = [&](std::string_view unit) {
    return time_format(ArrowLayout::int64, column,
                       fmt::format("timestamp[{}{}{}]", unit, zone.empty() ? "" : ", ", zone));
  };
  std::optional<ArrowFormat> out;
  switch (format[2]) {
    case 's':
      out = named("s");
      out->multiply_us = 1'000'000;
      break;
    case 'm':
      out = named("ms");
      out->multiply_us = 1'000;
      break;
    case 'u':
      out = named("us");
      break;
    case 'n':
      out = named("ns");
      out->divide_us = 1'000;
      break;
    default:
      break;
  }
  return out;
}

/// Reads a number and the comma behind it, if there is one.
bool take_number(std::string_view& text, int& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  if (text.starts_with(',')) text.remove_prefix(1);
  return true;
}

/// "d:19,10" (128 bits) or "d:19,10,NNN".
std::optional<ArrowFormat> decimal_format(std::string_view format) {
  std::string_view rest = format.substr(2);
  int precision = 0;
  int bits = 128;
  ArrowFormat out;
  if (!take_number(rest, precision) || !take_number(rest, out.scale)) return std::nullopt;
  if (!rest.empty() && (!take_number(rest, bits) || !rest.empty())) return std::nullopt;
  if (bits != 32 && bits != 64 && bits != 128) return std::nullopt;
  out.layout = bits == 32   ? ArrowLayout::decimal32
               : bits == 64 ? ArrowLayout::decimal64
                            : ArrowLayout::decimal128;
  out.as = frame::Type::float64;
  out.column = ColumnType::float64;
  out.words = fmt::format("decimal{}({}, {})", bits, precision, out.scale);
  return out;
}

}  // namespace

std::optional<ArrowFormat> arrow_format(std::string_view format) {
  for (const Plain& plain : kPlain) {
    if (plain.format != format) continue;
    ArrowFormat out;
    out.layout = plain.layout;
    out.as = plain.as;
    out.column = plain.column;
    out.words = std::string(plain.words);
    return out;
  }
  if (format.starts_with("d:")) return decimal_format(format);
  if (format.starts_with("t")) return time_format(format);
  return std::nullopt;
}

}  // namespace assay::warehouse
