#include "assay/engine/database_decode.hpp"

#include <fmt/core.h>

#include <cmath>
#include <optional>

#include "assay/base/time.hpp"
#include "assay/engine/database_state.hpp"

namespace assay::engine {
namespace {

/// What a type of the database becomes; nothing: it has no column here.
std::optional<frame::Type> column_type(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return frame::Type::boolean;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_SQLNULL:
      return frame::Type::int64;
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_DECIMAL:
      return frame::Type::float64;
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return frame::Type::time_us;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_ENUM:
      return frame::Type::text;
    default:
      return std::nullopt;
  }
}

bool has_value(const std::uint64_t* validity, std::size_t row) {
  return validity == nullptr || ((validity[row / 64] >> (row % 64)) & 1U) != 0;
}

template <class From, class To, class Convert>
void convert(const void* data, std::size_t rows, std::vector<To>& out, Convert&& value) {
  const auto* from = static_cast<const From*>(data);
  out.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) out[i] = value(from[i]);
}

template <class From>
void widen(const void* data, std::size_t rows, std::vector<std::int64_t>& out,
           std::int64_t factor = 1) {
  // Multiplied as unsigned: rows without a value may hold anything.
  convert<From>(data, rows, out, [factor](From x) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(x) *
                                     static_cast<std::uint64_t>(factor));
  });
}

/// Only rows with a value are looked at: others may hold anything.
Result<void> narrow(const void* data, const std::uint64_t* validity, std::size_t rows,
                    std::vector<std::int64_t>& out, bool is_unsigned, const std::string& name) {
  out.assign(rows, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    if (!has_value(validity, i)) continue;
    bool fits = false;
    if (is_unsigned) {
      const std::uint64_t x = static_cast<const std::uint64_t*>(data)[i];
      out[i] = static_cast<std::int64_t>(x);
      fits = out[i] >= 0;
    } else {
      const duckdb_hugeint x = static_cast<const duckdb_hugeint*>(data)[i];
      out[i] = static_cast<std::int64_t>(x.lower);
      fits = x.upper == (out[i] < 0 ? -1 : 0);
    }
    if (!fits) {
      return fail(ErrorCode::invalid_data, "a whole number is larger than 64 bits can hold",
                  fmt::format("column {}", name), "read it as float64 or text");
    }
  }
  return {};
}

/// A text of the database without copying it: short ones lie in the entry itself.
std::string_view text_at(const duckdb_string_t& entry) {
  const std::size_t size = entry.value.inlined.length;
  constexpr std::size_t kInlined = 12;
  return {size <= kInlined ? entry.value.inlined.inlined : entry.value.pointer.ptr, size};
}

void texts_of(const void* data, const std::uint64_t* validity, std::size_t rows,
              std::vector<std::string_view>& out) {
  const auto* entries = static_cast<const duckdb_string_t*>(data);
  out.resize(rows);
  if (validity == nullptr) {
    for (std::size_t i = 0; i < rows; ++i) out[i] = text_at(entries[i]);
    return;
  }
  for (std::size_t i = 0; i < rows; ++i) {
    out[i] = has_value(validity, i) ? text_at(entries[i]) : std::string_view{};
  }
}

template <class Code>
void texts_of_codes(const void* data, const std::uint64_t* validity, std::size_t rows,
                    const std::vector<std::string>& dictionary,
                    std::vector<std::string_view>& out) {
  const auto* codes = static_cast<const Code*>(data);
  out.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    out[i] = has_value(validity, i) ? std::string_view(dictionary[codes[i]]) : std::string_view{};
  }
}

}  // namespace

Result<BatchDecoder::Source> BatchDecoder::source_of(duckdb_result& result, idx_t column) {
  Source source;
  const char* name = duckdb_column_name(&result, column);
  source.name = name == nullptr ? "" : name;
  const LogicalType logical(duckdb_column_logical_type(&result, column));
  source.type = duckdb_column_type(&result, column);
  source.stored = source.type;
  const std::optional<frame::Type> as = column_type(source.type);
  if (!as) {
    return fail(ErrorCode::invalid_spec, "a column has a type that no answer can hold",
                fmt::format("column {}", source.name), "cast it to a number, text or time");
  }
  source.as = *as;
  if (source.type == DUCKDB_TYPE_DECIMAL) {
    source.stored = duckdb_decimal_internal_type(logical.get());
    source.divisor = std::pow(10.0, duckdb_decimal_scale(logical.get()));
  }
  if (source.type == DUCKDB_TYPE_ENUM) {
    source.stored = duckdb_enum_internal_type(logical.get());
    const std::uint32_t size = duckdb_enum_dictionary_size(logical.get());
    for (std::uint32_t i = 0; i < size; ++i) {
      char* value = duckdb_enum_dictionary_value(logical.get(), i);
      source.dictionary.emplace_back(value == nullptr ? "" : value);
      duckdb_free(value);
    }
  }
  return source;
}

Result<BatchDecoder> BatchDecoder::of(duckdb_result& result) {
  BatchDecoder decoder;
  const idx_t columns = duckdb_column_count(&result);
  for (idx_t i = 0; i < columns; ++i) {
    ASSAY_TRY(Source source, source_of(result, i));
    decoder.sources_.push_back(std::move(source));
  }
  return decoder;
}

frame::BatchView BatchDecoder::empty() const {
  frame::BatchView batch;
  for (const Source& source : sources_) {
    frame::ColumnView view;
    view.name = source.name;
    view.type = source.as;
    batch.columns.push_back(view);
  }
  return batch;
}

void BatchDecoder::fill_text(Source& source, const void* data, const std::uint64_t* validity,
                             std::size_t rows, frame::ColumnView& view) {
  switch (source.stored) {
    case DUCKDB_TYPE_UTINYINT:
      texts_of_codes<std::uint8_t>(data, validity, rows, source.dictionary, source.texts);
      break;
    case DUCKDB_TYPE_USMALLINT:
      texts_of_codes<std::uint16_t>(data, validity, rows, source.dictionary, source.texts);
      break;
    case DUCKDB_TYPE_UINTEGER:
      texts_of_codes<std::uint32_t>(data, validity, rows, source.dictionary, source.texts);
      break;
    default:
      texts_of(data, validity, rows, source.texts);
  }
  view.texts = source.texts;
}

void BatchDecoder::fill_real(Source& source, const void* data, std::size_t rows,
                             frame::ColumnView& view) {
  const double divisor = source.divisor;
  const auto scaled = [divisor](auto x) { return static_cast<double>(x) / divisor; };
  switch (source.stored) {
    case DUCKDB_TYPE_FLOAT:
      convert<float>(data, rows, source.doubles, scaled);
      break;
    case DUCKDB_TYPE_SMALLINT:
      convert<std::int16_t>(data, rows, source.doubles, scaled);
      break;
    case DUCKDB_TYPE_INTEGER:
      convert<std::int32_t>(data, rows, source.doubles, scaled);
      break;
    case DUCKDB_TYPE_BIGINT:
      convert<std::int64_t>(data, rows, source.doubles, scaled);
      break;
    case DUCKDB_TYPE_HUGEINT:
      convert<duckdb_hugeint>(data, rows, source.doubles, [divisor](duckdb_hugeint x) {
        return duckdb_hugeint_to_double(x) / divisor;
      });
      break;
    default:
      view.doubles = {static_cast<const double*>(data), rows};
      return;
  }
  view.doubles = source.doubles;
}

Result<void> BatchDecoder::fill_whole(Source& source, const void* data,
                                      const std::uint64_t* validity, std::size_t rows,
                                      frame::ColumnView& view) {
  switch (source.stored) {
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      view.ints = {static_cast<const std::int64_t*>(data), rows};
      return {};
    case DUCKDB_TYPE_BOOLEAN:
      // As bytes: rows without a value may hold anything, also what is no bool.
      convert<std::uint8_t>(data, rows, source.ints,
                            [](std::uint8_t x) { return std::int64_t{x != 0 ? 1 : 0}; });
      break;
    case DUCKDB_TYPE_TINYINT:
      widen<std::int8_t>(data, rows, source.ints);
      break;
    case DUCKDB_TYPE_SMALLINT:
      widen<std::int16_t>(data, rows, source.ints);
      break;
    case DUCKDB_TYPE_INTEGER:
      widen<std::int32_t>(data, rows, source.ints);
      break;
    case DUCKDB_TYPE_UTINYINT:
      widen<std::uint8_t>(data, rows, source.ints);
      break;
    case DUCKDB_TYPE_USMALLINT:
      widen<std::uint16_t>(data, rows, source.ints);
      break;
    case DUCKDB_TYPE_UINTEGER:
      widen<std::uint32_t>(data, rows, source.ints);
      break;
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
      ASSAY_CHECK(narrow(data, validity, rows, source.ints, source.stored == DUCKDB_TYPE_UBIGINT,
                         source.name));
      break;
    case DUCKDB_TYPE_DATE:
      widen<std::int32_t>(data, rows, source.ints, kDayUs);
      break;
    case DUCKDB_TYPE_TIMESTAMP_S:
      widen<std::int64_t>(data, rows, source.ints, kSecondUs);
      break;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      widen<std::int64_t>(data, rows, source.ints, 1'000);
      break;
    case DUCKDB_TYPE_TIMESTAMP_NS:
      convert<std::int64_t>(data, rows, source.ints, [](std::int64_t x) {
        return x / 1'000 - (x % 1'000 < 0 ? 1 : 0);  // Towards the past, as the database does.
      });
      break;
    default:  // A column of nothing but missing values.
      source.ints.assign(rows, 0);
      source.no_values.assign((rows + 63) / 64, 0);
      view.validity = source.no_values;
  }
  view.ints = source.ints;
  return {};
}

Result<void> BatchDecoder::fill(Source& source, duckdb_vector vector, std::size_t rows,
                                frame::ColumnView& view) {
  const void* data = duckdb_vector_get_data(vector);
  const std::uint64_t* validity = duckdb_vector_get_validity(vector);
  if (validity != nullptr) view.validity = {validity, (rows + 63) / 64};
  if (source.as == frame::Type::text) {
    fill_text(source, data, validity, rows, view);
  } else if (source.as == frame::Type::float64) {
    fill_real(source, data, rows, view);
  } else {
    return fill_whole(source, data, validity, rows, view);
  }
  return {};
}

Result<frame::BatchView> BatchDecoder::decode(duckdb_data_chunk chunk) {
  frame::BatchView batch = empty();
  batch.rows = duckdb_data_chunk_get_size(chunk);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    ASSAY_CHECK(
        fill(sources_[i], duckdb_data_chunk_get_vector(chunk, i), batch.rows, batch.columns[i]));
  }
  return batch;
}

TableBuilder::TableBuilder(const frame::BatchView& first) : codes_(first.columns.size()) {
  for (const frame::ColumnView& view : first.columns) {
    frame::Column column;
    column.name = std::string(view.name);
    column.type = view.type;
    table_.columns.push_back(std::move(column));
  }
}

void TableBuilder::add(const frame::BatchView& batch) {
  for (std::size_t c = 0; c < batch.columns.size(); ++c) {
    const frame::ColumnView& view = batch.columns[c];
    frame::Column& column = table_.columns[c];
    const std::size_t before = column.rows();
    column.ints.insert(column.ints.end(), view.ints.begin(), view.ints.end());
    column.doubles.insert(column.doubles.end(), view.doubles.begin(), view.doubles.end());
    for (const std::string_view text : view.texts) {
      const auto next = static_cast<std::uint32_t>(column.dictionary.size());
      const auto [entry, is_new] = codes_[c].try_emplace(std::string(text), next);
      if (is_new) column.dictionary.emplace_back(text);
      column.codes.push_back(entry->second);
    }
    for (std::size_t i = 0; i < batch.rows; ++i) {
      if (!view.is_null(i)) continue;
      if (column.nulls.empty()) column.nulls.assign(before + i, 0);
      column.nulls.resize(before + i, 0);
      column.nulls.push_back(1);
    }
    if (!column.nulls.empty()) column.nulls.resize(column.rows(), 0);
  }
}

frame::Table TableBuilder::table() && { return std::move(table_); }

}  // namespace assay::engine
