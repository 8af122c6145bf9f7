#include "assay/events/detail/unit_table.hpp"

#include <algorithm>

#include "assay/base/hash.hpp"

namespace assay::events::detail {
namespace {

constexpr std::size_t kFirstSlots = 4096;
constexpr std::size_t kAhead = 16;  ///< Rows whose slots are fetched before they are needed.

}  // namespace

void UnitTable::clear() {
  slots_.assign(std::max(slots_.size(), kFirstSlots), Slot{});
  keys_.clear();
  texts_.clear();
}

// The top bits of the hash chose the partition; the low ones are still free.
std::size_t UnitTable::home(std::uint64_t key) const {
  return (hashed_ ? key : hash_int(key)) & (slots_.size() - 1);
}

void UnitTable::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.unit_plus_one == 0) continue;
    std::size_t at = home(slot.key);
    while (slots_[at].unit_plus_one != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
}

void UnitTable::encode(std::span<const std::uint64_t> keys, std::span<std::uint32_t> units) {
  hashed_ = false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i + kAhead < keys.size()) __builtin_prefetch(&slots_[home(keys[i + kAhead])]);
    const std::uint64_t key = keys[i];
    std::size_t at = home(key);
    while (slots_[at].unit_plus_one != 0 && slots_[at].key != key) {
      at = (at + 1) & (slots_.size() - 1);
    }
    if (slots_[at].unit_plus_one == 0) {
      keys_.push_back(key);
      units[i] = static_cast<std::uint32_t>(keys_.size() - 1);
      slots_[at] = {key, units[i] + 1};
      if (2 * keys_.size() > slots_.size()) grow();
    } else {
      units[i] = slots_[at].unit_plus_one - 1;
    }
  }
}

void UnitTable::encode(std::span<const std::uint64_t> hashes,
                       std::span<const std::string_view> texts, std::span<std::uint32_t> units) {
  hashed_ = true;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const std::uint64_t key = hashes[i];
    const auto differs = [&](const Slot& slot) {
      return slot.key != key || texts_[slot.unit_plus_one - 1] != texts[i];
    };
    std::size_t at = home(key);
    while (slots_[at].unit_plus_one != 0 && differs(slots_[at])) {
      at = (at + 1) & (slots_.size() - 1);
    }
    if (slots_[at].unit_plus_one == 0) {
      keys_.push_back(key);
      texts_.push_back(texts[i]);
      units[i] = static_cast<std::uint32_t>(keys_.size() - 1);
      slots_[at] = {key, units[i] + 1};
      if (2 * keys_.size() > slots_.size()) grow();
    } else {
      units[i] = slots_[at].unit_plus_one - 1;
    }
  }
}

}  // namespace assay::events::detail
