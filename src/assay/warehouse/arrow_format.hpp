#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "assay/frame/table.hpp"
#include "assay/warehouse/connection.hpp"

/// Behind arrow_decode.hpp: what the format words of the Arrow C data interface say.
namespace assay::warehouse {

/// How the values of an array lie in memory.
enum class ArrowLayout : std::uint8_t {
  null,
  bits,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  float32,
  float64,
  decimal32,
  decimal64,
  decimal128,
  text32,    ///< 32-bit offsets.
  text64,    ///< 64-bit offsets.
  text_view  ///< 16-byte views into any number of buffers.
};

struct ArrowFormat {
  ArrowLayout layout = ArrowLayout::null;
  frame::Type as = frame::Type::int64;
  ColumnType column = ColumnType::int64;
  std::int64_t multiply_us = 1;  ///< time_us: microseconds a unit,
  std::int64_t divide_us = 1;    ///< or units a microsecond.
  int scale = 0;                 ///< decimal: digits after the point.
  std::string words;             ///< "timestamp[us, UTC]".
};

/// None: a type that no column of ours can hold.
std::optional<ArrowFormat> arrow_format(std::string_view format);

}  // namespace assay::warehouse
