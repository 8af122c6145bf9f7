#include "assay/events/detail/sorter.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "assay/base/hash.hpp"

namespace assay::events::detail {

PartitionSorter::PartitionSorter(const RowStore& rows, const Layout& layout,
                                 const DedupPolicy& dedup, const IndexFiles* old)
    : rows_(rows), layout_(layout), old_(old), columns_(layout), deduplicator_(dedup.within_us) {}

std::size_t PartitionSorter::memory_bytes(const RowStore& rows, std::size_t partition,
                                          const Layout& layout) {
  std::size_t row = 8 + 8 + 4 + 4 + 8;  // in, out, unit, order, time
  if (layout.sequence()) row += 8;
  if (layout.dedup()) row += 8 + 8 + 1;  // key hash, ingest time, dropped
  if (layout.text_units()) row += sizeof(std::string_view);
  return rows.rows(partition) * row + 2 * rows.text_bytes(partition);
}

Result<PartitionOutcome> PartitionSorter::sort_and_write(std::size_t partition,
                                                         SegmentWriter& writer) {
  PartitionOutcome outcome;
  ASSAY_CHECK(load_units(partition));
  order_by_unit();
  ASSAY_CHECK(order_by_time(partition, outcome));
  if (layout_.dedup()) ASSAY_CHECK(drop_duplicates(partition, outcome));
  outcome.events = static_cast<std::int64_t>(order_.get().size());
  outcome.new_units = static_cast<std::int64_t>(table_.size() - old_units_);
  for (const std::int64_t time : time_.get()) {
    outcome.first_time = std::min(outcome.first_time, time);
    outcome.last_time = std::max(outcome.last_time, time);
  }
  ASSAY_CHECK(writer.reserve(partition, sizes()));
  if (!outcome.displaced) ASSAY_CHECK(write(partition, writer));
  return outcome;
}

template <class T>
Result<std::span<T>> PartitionSorter::load(std::size_t partition, std::size_t slot) {
  // The scratch is taken as 64-bit words for alignment.
  const std::size_t rows = rows_.rows(partition);
  const std::size_t words = (rows * sizeof(T) + 7) / 8;
  const std::span<T> values(reinterpret_cast<T*>(in_.take(words).data()), rows);
  ASSAY_CHECK(rows_.load(partition, columns_.of(slot), std::as_writable_bytes(values)));
  return values;
}

template <class T>
Result<void> PartitionSorter::gather(std::size_t partition, std::size_t slot, Scratch<T>& to) {
  ASSAY_TRY(const std::span<T> from, load<T>(partition, slot));
  const std::span<const std::uint32_t> order = order_.get();
  const std::span<T> ordered = to.take(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) ordered[i] = from[order[i]];
  return {};
}

void PartitionSorter::know_old_units(std::size_t partition) {
  table_.clear();
  if (old_ == nullptr) return;
  for (const Segment& segment : old_->segments) {
    if (!layout_.text_units()) {
      const auto keys = segment.array<std::uint64_t>(partition, kUnitKeys);
      table_.encode(keys, unit_.take(keys.size()));
      continue;
    }
    const auto ends = segment.array<std::uint64_t>(partition, kUnitKeys);
    const Bytes bytes = segment.bytes(partition, kUnitTexts);
    std::vector<std::string_view> texts(ends.size());
    std::vector<std::uint64_t> hashes(ends.size());
    for (std::size_t i = 0; i < ends.size(); ++i) {
      texts[i] = text_key(ends, bytes, i);
      hashes[i] = hash_text(texts[i]);
    }
    table_.encode(hashes, texts, unit_.take(ends.size()));
  }
}

Result<void> PartitionSorter::load_units(std::size_t partition) {
  know_old_units(partition);
  old_units_ = table_.size();
  if (layout_.text_units()) {
    ASSAY_TRY(const auto lengths, load<std::uint32_t>(partition, kUnitTexts));
    texts_.resize(lengths.size());
    const auto bytes = text_bytes_.take(rows_.text_bytes(partition));
    ASSAY_CHECK(rows_.load_texts(partition, bytes));
    const char* from = reinterpret_cast<const char*>(bytes.data());
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      texts_[i] = {from, lengths[i]};
      from += lengths[i];
    }
  }
  ASSAY_TRY(const auto keys, load<std::uint64_t>(partition, kUnitKeys));
  const std::span<std::uint32_t> units = unit_.take(keys.size());
  if (layout_.text_units()) {
    table_.encode(keys, texts_, units);
  } else {
    table_.encode(keys, units);
  }
  return {};
}

void PartitionSorter::order_by_unit() {
  const std::span<const std::uint32_t> units = unit_.get();
  offsets_.assign(table_.size() + 1, 0);
  for (const std::uint32_t unit : units) ++offsets_[unit + 1];
  std::partial_sum(offsets_.begin(), offsets_.end(), offsets_.begin());
  next_.assign(offsets_.begin(), offsets_.end());
  const std::span<std::uint32_t> order = order_.take(units.size());
  for (std::uint32_t row = 0; row < units.size(); ++row) order[next_[units[row]]++] = row;
}

Result<void> PartitionSorter::order_by_time(std::size_t partition, PartitionOutcome& outcome) {
  ASSAY_CHECK(gather(partition, kTime, time_));
  if (layout_.sequence()) ASSAY_CHECK(gather(partition, kSequence, sequence_));
  const std::span<const std::int64_t> time = time_.get();
  const std::span<const std::int64_t> sequence = sequence_.get();
  for (std::size_t unit = 0; unit + 1 < offsets_.size(); ++unit) {
    const std::uint32_t end = offsets_[unit + 1];
    for (std::uint32_t i = offsets_[unit] + 1; i < end; ++i) {
      const bool sorted =
          time[i - 1] < time[i] ||
          (time[i - 1] == time[i] && (sequence.empty() || sequence[i - 1] <= sequence[i]));
      if (!sorted) {
        sort_unit(offsets_[unit], end, outcome);
        break;
      }
    }
  }
  return {};
}

void PartitionSorter::sort_unit(std::uint32_t begin, std::uint32_t end, PartitionOutcome& outcome) {
  const std::span<std::int64_t> time = time_.get();
  const std::span<std::int64_t> sequence = sequence_.get();
  const std::span<std::uint32_t> order = order_.get();
  records_.clear();
  std::int64_t latest = time[begin];
  for (std::uint32_t i = begin; i < end; ++i) {
    records_.push_back({time[i], sequence.empty() ? 0 : sequence[i], order[i]});
    if (time[i] < latest) ++outcome.out_of_order;
    latest = std::max(latest, time[i]);
  }
  std::sort(records_.begin(), records_.end(), [](const Record& a, const Record& b) {
    return std::tie(a.time, a.sequence, a.row) < std::tie(b.time, b.sequence, b.row);
  });
  for (std::uint32_t i = begin; i < end; ++i) {
    const Record& record = records_[i - begin];
    time[i] = record.time;
    if (!sequence.empty()) sequence[i] = record.sequence;
    order[i] = record.row;
  }
}

Result<void> PartitionSorter::drop_duplicates(std::size_t partition, PartitionOutcome& outcome) {
  ASSAY_CHECK(gather(partition, kKeyHash, key_hash_));
  if (layout_.ingest()) ASSAY_CHECK(gather(partition, kIngest, ingest_));
  dropped_.take(order_.get().size());
  for (std::size_t unit = 0; unit + 1 < offsets_.size(); ++unit) {
    if (offsets_[unit] < offsets_[unit + 1]) drop_in_unit(partition, unit, outcome);
  }
  if (outcome.duplicates > 0) close_gaps();
  return {};
}

void PartitionSorter::drop_in_unit(std::size_t partition, std::size_t unit,
                                   PartitionOutcome& outcome) {
  const std::size_t begin = offsets_[unit];
  const std::size_t size = offsets_[unit + 1] - begin;
  const auto cut = [&](auto values) {
    return values.empty() ? values : values.subspan(begin, size);
  };
  const UnitEvents events{cut(time_.get()), cut(key_hash_.get()), cut(ingest_.get()),
                          cut(order_.get())};
  const std::span<std::uint8_t> dropped = cut(dropped_.get());
  kept_.clear();
  for (std::size_t s = 0; old_ != nullptr && unit < old_units_ && s < old_->segments.size(); ++s) {
    const Segment& segment = old_->segments[s];
    const auto offsets = segment.array<std::uint32_t>(partition, kOffsets);
    if (unit + 1 >= offsets.size() || offsets[unit] == offsets[unit + 1]) continue;
    const auto part = [&](auto values) {
      return values.empty() ? values
                            : values.subspan(offsets[unit], offsets[unit + 1] - offsets[unit]);
    };
    kept_.push_back({part(segment.array<std::int64_t>(partition, kTime)),
                     part(segment.array<std::uint64_t>(partition, kKeyHash)),
                     part(segment.array<std::int64_t>(partition, kIngest)),
                     {}});
  }
  const std::size_t duplicates =
      kept_.empty() ? deduplicator_.unit(events, dropped)
                    : deduplicator_.unit(events, kept_, dropped, outcome.displaced);
  outcome.duplicates += static_cast<std::int64_t>(duplicates);
}

void PartitionSorter::close_gaps() {
  const std::span<const std::uint8_t> dropped = dropped_.get();
  const auto close = [&](auto& scratch) {
    const auto values = scratch.get();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[kept] = values[i];
      kept += dropped[i] == 0 ? 1U : 0U;
    }
    scratch.shrink(kept);
  };
  std::uint32_t gone = 0;
  std::size_t row = 0;
  for (std::uint32_t& offset : offsets_) {
    for (; row < offset; ++row) gone += dropped[row];
    offset -= gone;
  }
  close(order_);
  close(time_);
  close(key_hash_);
  if (layout_.sequence()) close(sequence_);
  if (layout_.ingest()) close(ingest_);
}

std::vector<std::uint64_t> PartitionSorter::sizes() const {
  std::vector<std::uint64_t> bytes(layout_.slots());
  for (std::size_t slot = 0; slot < bytes.size(); ++slot) {
    if (layout_.per_event(slot)) bytes[slot] = order_.get().size() * layout_.width(slot);
  }
  bytes[kOffsets] = offsets_.size() * sizeof(std::uint32_t);
  bytes[kUnitKeys] = (table_.size() - old_units_) * sizeof(std::uint64_t);
  if (layout_.text_units()) {
    for (std::size_t unit = old_units_; unit < table_.size(); ++unit) {
      bytes[kUnitTexts] += table_.texts()[unit].size();
    }
  }
  return bytes;
}

Result<void> PartitionSorter::write_units(std::size_t partition, SegmentWriter& writer) {
  ASSAY_CHECK(writer.write(partition, kOffsets, std::as_bytes(std::span(offsets_))));
  if (!layout_.text_units()) {
    const auto keys = std::span(table_.keys()).subspan(old_units_);
    return writer.write(partition, kUnitKeys, std::as_bytes(keys));
  }
  text_ends_.clear();
  new_texts_.clear();
  for (std::size_t unit = old_units_; unit < table_.size(); ++unit) {
    const std::string_view text = table_.texts()[unit];
    new_texts_.insert(new_texts_.end(), text.begin(), text.end());
    text_ends_.push_back(new_texts_.size());
  }
  ASSAY_CHECK(writer.write(partition, kUnitKeys, std::as_bytes(std::span(text_ends_))));
  return writer.write(partition, kUnitTexts, std::as_bytes(std::span(new_texts_)));
}

template <class T>
Result<void> PartitionSorter::write_gathered(std::size_t partition, std::size_t slot,
                                             SegmentWriter& writer) {
  ASSAY_TRY(const std::span<T> from, load<T>(partition, slot));
  const std::span<const std::uint32_t> order = order_.get();
  const std::size_t words = (order.size() * sizeof(T) + 7) / 8;
  T* to = reinterpret_cast<T*>(out_.take(words).data());
  for (std::size_t i = 0; i < order.size(); ++i) to[i] = from[order[i]];
  return writer.write(partition, slot, std::as_bytes(std::span<const T>(to, order.size())));
}

Result<void> PartitionSorter::write(std::size_t partition, SegmentWriter& writer) {
  ASSAY_CHECK(write_units(partition, writer));
  const auto as_is = [&](std::size_t slot, auto values) {
    return writer.write(partition, slot, std::as_bytes(values));
  };
  ASSAY_CHECK(as_is(kTime, time_.get()));
  ASSAY_CHECK(write_gathered<std::uint16_t>(partition, kEvent, writer));
  if (layout_.sequence()) ASSAY_CHECK(as_is(kSequence, sequence_.get()));
  if (layout_.ingest()) ASSAY_CHECK(as_is(kIngest, ingest_.get()));
  if (layout_.dedup()) ASSAY_CHECK(as_is(kKeyHash, key_hash_.get()));
  for (std::size_t slot = kFirstProperty; slot < layout_.slots(); ++slot) {
    if (layout_.width(slot) == sizeof(std::uint32_t)) {
      ASSAY_CHECK(write_gathered<std::uint32_t>(partition, slot, writer));
    } else {
      ASSAY_CHECK(write_gathered<std::uint64_t>(partition, slot, writer));
    }
  }
  return {};
}

}  // namespace assay::events::detail
