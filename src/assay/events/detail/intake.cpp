#include "assay/events/detail/intake.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "assay/base/hash.hpp"
#include "assay/base/text.hpp"
#include "assay/base/time.hpp"
#include "assay/events/index.hpp"

namespace assay::events::detail {
namespace {

constexpr std::size_t kChunkRows = 4096;
constexpr std::size_t kMostEventNames = 65'535;
constexpr std::uint64_t kMissingKey = 0x5851F42D4C957F2DULL;

std::size_t position(const std::vector<Property>& columns, const std::string& name) {
  const auto same = [&](const Property& column) { return column.name == name; };
  return static_cast<std::size_t>(std::find_if(columns.begin(), columns.end(), same) -
                                  columns.begin());
}

std::size_t length_of(const frame::ColumnView& column) {
  switch (column.type) {
    case frame::Type::float64:
      return column.doubles.size();
    case frame::Type::text:
      return column.texts.size();
    default:
      return column.ints.size();
  }
}

}  // namespace

Intake::Intake(const Schema& schema, const Layout& layout, std::size_t partitions)
    : schema_(schema),
      expected_(schema.columns()),
      columns_(layout),
      partitions_(partitions),
      text_units_(layout.text_units()) {
  const auto origin = [&](std::size_t slot, const std::string& name, frame::Type type) {
    origins_.push_back({slot, position(expected_, name), type, dictionaries_.size()});
    if (type != frame::Type::text) return;
    dictionaries_.emplace_back();
    dictionary_names_.push_back(name);
  };
  origin(kTime, schema.time, frame::Type::time_us);
  origin(kEvent, schema.event, frame::Type::text);
  if (layout.sequence()) origin(kSequence, schema.sequence, frame::Type::int64);
  if (layout.ingest()) origin(kIngest, schema.ingest_time, frame::Type::time_us);
  for (std::size_t i = 0; i < schema.properties.size(); ++i) {
    origin(kFirstProperty + i, schema.properties[i].name, schema.properties[i].type);
  }
  if (!schema.ingest_time.empty()) ingest_column_ = position(expected_, schema.ingest_time);
  for (const Property& key : schema.dedup.keys) {
    key_columns_.push_back(position(expected_, key.name));
  }
  for (auto* values : {&hash_, &words_}) values->resize(kChunkRows);
  for (auto* values : {&partition_, &order_}) values->resize(kChunkRows);
  codes_.resize(kChunkRows);
  missing_.resize(kChunkRows);
  next_.resize(partitions + 1);
}

std::size_t Intake::dictionary_bytes() const {
  std::size_t bytes = 0;
  for (const Interner& dictionary : dictionaries_) bytes += dictionary.memory_bytes();
  return bytes;
}

const std::string& Intake::largest_column() const {
  const auto smaller = [](const Interner& a, const Interner& b) { return a.size() < b.size(); };
  const auto largest = std::max_element(dictionaries_.begin(), dictionaries_.end(), smaller);
  return dictionary_names_[static_cast<std::size_t>(largest - dictionaries_.begin())];
}

Result<void> Intake::check_batch(const frame::BatchView& batch) const {
  std::vector<std::string> have;
  for (const frame::ColumnView& column : batch.columns) have.emplace_back(column.name);
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    const Property& wanted = expected_[i];
    if (i >= batch.columns.size() ||
        (!batch.columns[i].name.empty() && batch.columns[i].name != wanted.name)) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("the batch has no column {} at position {}", wanted.name, i + 1), "",
                  "hand over the columns in the order of the schema", list_text(have));
    }
    const frame::ColumnView& column = batch.columns[i];
    if (column.type != wanted.type) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("column {} is {} instead of {}", wanted.name,
                              frame::to_text(column.type), frame::to_text(wanted.type)),
                  "", "convert the column where it is read");
    }
    if (length_of(column) < batch.rows ||
        (!column.validity.empty() && column.validity.size() < (batch.rows + 63) / 64)) {
      return fail(ErrorCode::invalid_data, fmt::format("column {} has {} rows in a batch of {}",
                                                       wanted.name, length_of(column), batch.rows));
    }
  }
  return {};
}

Result<void> Intake::add(const frame::BatchView& batch, RowStore& store) {
  ASSAY_CHECK(check_batch(batch));
  for (std::size_t begin = 0; begin < batch.rows; begin += kChunkRows) {
    ASSAY_CHECK(add_chunk({&batch, begin, std::min(kChunkRows, batch.rows - begin)}, store));
  }
  return {};
}

Result<void> Intake::add_chunk(const Chunk& chunk, RowStore& store) {
  choose_partitions(chunk);
  leave_out(chunk);
  order_by_partition(chunk.rows);
  ASSAY_CHECK(store_units(chunk, store));
  for (const Origin& origin : origins_) {
    if (origin.type == frame::Type::text) {
      ASSAY_CHECK(store_texts(chunk, origin, store));
    } else {
      store_numbers(chunk, origin, store);
    }
  }
  if (!key_columns_.empty()) store_key_hashes(chunk, store);
  return {};
}

/// The top bits of the unit's hash choose the partition; UnitTable uses the low ones.
void Intake::choose_partitions(const Chunk& chunk) {
  const frame::ColumnView& unit = chunk.column(0);
  const int shift = 63 - std::countr_zero(partitions_);
  if (text_units_) {
    for (std::size_t i = 0; i < chunk.rows; ++i) {
      const std::size_t row = chunk.begin + i;
      hash_[i] = unit.is_null(row) ? 0 : hash_text(unit.texts[row]);
      partition_[i] = static_cast<std::uint16_t>(hash_[i] >> 1 >> shift);
    }
  } else {
    const std::int64_t* keys = unit.ints.data() + chunk.begin;
    for (std::size_t i = 0; i < chunk.rows; ++i) {
      const std::uint64_t hash = hash_int(static_cast<std::uint64_t>(keys[i]));
      partition_[i] = static_cast<std::uint16_t>(hash >> 1 >> shift);
    }
  }
}

void Intake::leave_out(const Chunk& chunk) {
  const frame::ColumnView& unit = chunk.column(0);
  const frame::ColumnView& time = chunk.column(origins_[0].column);
  const frame::ColumnView& event = chunk.column(origins_[1].column);
  counts_.rows_read += static_cast<std::int64_t>(chunk.rows);
  counts_.events += static_cast<std::int64_t>(chunk.rows);
  if (unit.validity.empty() && time.validity.empty() && event.validity.empty() &&
      !schema_.quarantine_future) {
    return;
  }
  const auto leave = [&](std::size_t i, std::int64_t& reason) {
    partition_[i] = static_cast<std::uint16_t>(partitions_);
    --counts_.events;
    ++reason;
  };
  for (std::size_t i = 0; i < chunk.rows; ++i) {
    const std::size_t row = chunk.begin + i;
    if (unit.is_null(row)) {
      leave(i, counts_.missing_unit);
      continue;
    }
    if (time.is_null(row)) {
      leave(i, counts_.missing_time);
      continue;
    }
    if (schema_.quarantine_future) {
      const frame::ColumnView& ingest = chunk.column(ingest_column_);
      TimeUs latest = 0;
      if (!ingest.is_null(row) &&
          !__builtin_add_overflow(ingest.ints[row], schema_.max_skew_us, &latest) &&
          time.ints[row] > latest) {
        leave(i, counts_.quarantined_future);
        continue;
      }
    }
    if (event.is_null(row)) ++counts_.missing_event;
  }
}

void Intake::order_by_partition(std::size_t rows) {
  rows_of_partition_.assign(partitions_ + 1, 0);
  for (std::size_t i = 0; i < rows; ++i) ++rows_of_partition_[partition_[i]];
  std::uint32_t start = 0;
  for (std::size_t p = 0; p <= partitions_; ++p) {
    next_[p] = start;
    start += rows_of_partition_[p];
  }
  for (std::size_t i = 0; i < rows; ++i) {
    order_[next_[partition_[i]]++] = static_cast<std::uint16_t>(i);
  }
  rows_of_partition_.pop_back();
}

template <class To, class From>
void Intake::scatter(const From* from, std::size_t slot, const RowStore& store) const {
  const std::size_t column = columns_.of(slot);
  for (const Burst& burst : bursts_) {
    To* to = store.column<To>(burst.block, column) + burst.row;
    const std::uint16_t* order = order_.data() + burst.first;
    for (std::uint32_t i = 0; i < burst.count; ++i) to[i] = static_cast<To>(from[order[i]]);
  }
}

Result<void> Intake::store_units(const Chunk& chunk, RowStore& store) {
  const frame::ColumnView& unit = chunk.column(0);
  std::size_t text_bytes = 0;
  if (text_units_) {
    for (std::size_t i = 0; i < chunk.rows; ++i) {
      const std::size_t size =
          partition_[i] == partitions_ ? 0 : unit.texts[chunk.begin + i].size();
      if (size > std::numeric_limits<std::uint32_t>::max()) {
        return fail(ErrorCode::invalid_data, "a unit's name is longer than 4 gigabytes",
                    "column " + schema_.unit.name);
      }
      codes_[i] = static_cast<std::uint32_t>(size);
      text_bytes += size;
    }
  }
  ASSAY_CHECK(store.place(rows_of_partition_, text_bytes, bursts_));
  if (!text_units_) {
    scatter<std::int64_t>(unit.ints.data() + chunk.begin, kUnitKeys, store);
    return {};
  }
  scatter<std::uint64_t>(hash_.data(), kUnitKeys, store);
  scatter<std::uint32_t>(codes_.data(), kUnitTexts, store);
  std::size_t at = 0;
  for (std::size_t p = 0; p < partitions_; ++p) {
    for (std::uint32_t i = 0; i < rows_of_partition_[p]; ++i) {
      ASSAY_CHECK(store.append_text(p, unit.texts[chunk.begin + order_[at++]]));
    }
  }
  return {};
}

Result<void> Intake::store_texts(const Chunk& chunk, const Origin& origin, const RowStore& store) {
  const frame::ColumnView& column = chunk.column(origin.column);
  Interner& dictionary = dictionaries_[origin.dictionary];
  dictionary.encode(column.texts.subspan(chunk.begin, chunk.rows), column.validity, chunk.begin,
                    codes_);
  if (origin.slot != kEvent) {
    scatter<std::uint32_t>(codes_.data(), origin.slot, store);
    return {};
  }
  if (dictionary.size() > kMostEventNames + 1) {
    return fail(ErrorCode::invalid_data,
                fmt::format("column {} has more than {} distinct texts, too many for the names of "
                            "events",
                            schema_.event, count_text(kMostEventNames)),
                "column " + schema_.event,
                "name the column that says what happened (view, click, ...) as the event; make "
                "this one a property");
  }
  scatter<std::uint16_t>(codes_.data(), kEvent, store);
  return {};
}

void Intake::store_numbers(const Chunk& chunk, const Origin& origin, const RowStore& store) {
  const frame::ColumnView& column = chunk.column(origin.column);
  const bool real = origin.type == frame::Type::float64;
  if (column.validity.empty()) {
    if (real) {
      scatter<double>(column.doubles.data() + chunk.begin, origin.slot, store);
    } else {
      scatter<std::int64_t>(column.ints.data() + chunk.begin, origin.slot, store);
    }
    return;
  }
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < chunk.rows; ++i) {
    const std::size_t row = chunk.begin + i;
    const bool missing = column.is_null(row);
    words_[i] = real ? std::bit_cast<std::uint64_t>(missing ? kNan : column.doubles[row])
                     : std::bit_cast<std::uint64_t>(missing ? kNullInt : column.ints[row]);
  }
  scatter<std::uint64_t>(words_.data(), origin.slot, store);
}

void Intake::store_key_hashes(const Chunk& chunk, const RowStore& store) {
  std::fill(hash_.begin(), hash_.end(), 0);
  std::fill(missing_.begin(), missing_.end(), std::uint8_t{1});
  for (std::size_t k = 0; k < key_columns_.size(); ++k) {
    mix_key(chunk, schema_.dedup.keys[k], key_columns_[k]);
  }
  for (std::size_t i = 0; i < chunk.rows; ++i) {
    hash_[i] = missing_[i] != 0 ? 0 : std::max<std::uint64_t>(hash_[i], 1);
  }
  scatter<std::uint64_t>(hash_.data(), kKeyHash, store);
}

void Intake::mix_key(const Chunk& chunk, const Property& key, std::size_t position_of_key) {
  const frame::ColumnView& column = chunk.column(position_of_key);
  for (std::size_t i = 0; i < chunk.rows; ++i) {
    const std::size_t row = chunk.begin + i;
    std::uint64_t value = kMissingKey;
    bool missing = column.is_null(row);
    if (!missing && key.type == frame::Type::text) {
      value = hash_text(column.texts[row]);
    } else if (!missing && key.type == frame::Type::float64) {
      missing = std::isnan(column.doubles[row]);
      if (!missing) value = std::bit_cast<std::uint64_t>(column.doubles[row] + 0.0);  // -0 is 0
    } else if (!missing) {
      value = static_cast<std::uint64_t>(column.ints[row]);
    }
    hash_[i] = hash_int((hash_[i] + 0x9E3779B97F4A7C15ULL) ^ hash_int(value));
    missing_[i] &= static_cast<std::uint8_t>(missing ? 1 : 0);
  }
}

}  // namespace assay::events::detail
