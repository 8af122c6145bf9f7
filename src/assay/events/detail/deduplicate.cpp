#include "assay/events/detail/deduplicate.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <set>
#include <tuple>

#include "assay/base/hash.hpp"
#include "assay/events/index.hpp"

namespace assay::events::detail {
namespace {

/// A missing ingest time counts as last.
std::int64_t ingest_at(const UnitEvents& events, std::size_t i) {
  if (events.ingest.empty()) return 0;
  const std::int64_t at = events.ingest[i];
  return at == kNullInt ? std::numeric_limits<std::int64_t>::max() : at;
}

}  // namespace

bool Deduplicator::near(std::int64_t a, std::int64_t b) const {
  const auto distance = a > b ? static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b)
                              : static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a);
  constexpr auto kEver = std::numeric_limits<std::int64_t>::max();
  return within_us_ == kEver || distance <= static_cast<std::uint64_t>(within_us_);
}

std::size_t Deduplicator::unit(const UnitEvents& events, std::span<std::uint8_t> dropped) {
  std::size_t duplicates = 0;
  if (in_one_pass(events, dropped, duplicates)) return duplicates;
  bool displaced = false;
  return unit(events, {}, dropped, displaced);
}

/// As long as events of equal keys come in the same order by time as by (ingest time, arrival),
/// the nearest kept event is the last one. False when they do not; then `dropped` is of no use.
bool Deduplicator::in_one_pass(const UnitEvents& events, std::span<std::uint8_t> dropped,
                               std::size_t& duplicates) {
  const std::size_t size = events.time.size();
  const std::size_t wanted = std::bit_ceil(std::max<std::size_t>(2 * size, 64));
  if (slots_.size() < wanted || ++epoch_ == 0) {
    slots_.assign(std::max(slots_.size(), wanted), Slot{});
    epoch_ = 1;
  }
  // A small part of a large table keeps the work in the cache.
  const std::size_t mask = wanted - 1;
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::uint64_t key = events.key[i];
    dropped[i] = 0;
    if (key == 0) continue;
    std::size_t at = key & mask;
    while (slots_[at].epoch == epoch_ && events.key[slots_[at].last] != key) at = (at + 1) & mask;
    Slot& slot = slots_[at];
    if (slot.epoch != epoch_) {
      slot = {epoch_, i, i};
      continue;
    }
    const auto order = [&](std::uint32_t e) {
      return std::pair(ingest_at(events, e), events.arrival[e]);
    };
    if (order(i) < order(slot.last)) return false;
    slot.last = i;
    if (near(events.time[i], events.time[slot.kept])) {
      dropped[i] = 1;
      ++duplicates;
    } else {
      slot.kept = i;
    }
  }
  return true;
}

std::size_t Deduplicator::unit(const UnitEvents& events, std::span<const UnitEvents> kept,
                               std::span<std::uint8_t> dropped, bool& displaced) {
  records_.clear();
  std::uint64_t arrival = 0;
  for (const UnitEvents& old : kept) {
    // Two kept events with one key never compete again, so their order among each other is free.
    for (std::size_t i = 0; i < old.time.size(); ++i) {
      if (old.key[i] == 0) continue;
      records_.push_back({old.key[i], ingest_at(old, i), arrival++, old.time[i], 0, true});
    }
  }
  for (std::uint32_t i = 0; i < events.time.size(); ++i) {
    dropped[i] = 0;
    if (events.key[i] == 0) continue;
    records_.push_back({events.key[i], ingest_at(events, i), arrival + events.arrival[i],
                        events.time[i], i, false});
  }
  return by_groups(dropped, displaced);
}

std::size_t Deduplicator::by_groups(std::span<std::uint8_t> dropped, bool& displaced) {
  std::sort(records_.begin(), records_.end(), [](const Record& a, const Record& b) {
    return std::tie(a.key, a.ingest, a.arrival) < std::tie(b.key, b.ingest, b.arrival);
  });
  std::size_t duplicates = 0;
  const std::span<const Record> all = records_;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin + 1;
    while (end < all.size() && all[end].key == all[begin].key) ++end;
    if (end - begin > 1) {
      duplicates += one_group(all.subspan(begin, end - begin), dropped, displaced);
    }
    begin = end;
  }
  return duplicates;
}

std::size_t Deduplicator::one_group(std::span<const Record> group, std::span<std::uint8_t> dropped,
                                    bool& displaced) {
  std::set<std::int64_t> stays;
  std::size_t duplicates = 0;
  for (const Record& record : group) {
    const auto after = stays.lower_bound(record.time);
    const bool duplicate = (after != stays.end() && near(*after, record.time)) ||
                           (after != stays.begin() && near(*std::prev(after), record.time));
    if (!duplicate) {
      stays.insert(after, record.time);
    } else if (record.kept_before) {
      displaced = true;
    } else {
      dropped[record.position] = 1;
      ++duplicates;
    }
  }
  return duplicates;
}

}  // namespace assay::events::detail
