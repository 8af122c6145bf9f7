#include "assay/events/detail/interner.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "assay/base/hash.hpp"

namespace assay::events::detail {
namespace {

constexpr std::size_t kFirstSlots = 1024;
constexpr std::uint32_t kShort = 16;  ///< Longest text that a slot holds.
constexpr std::size_t kBlock = 256;   ///< Rows hashed ahead of their look-up.

std::uint64_t load4(const char* from) {
  std::uint32_t value = 0;
  std::memcpy(&value, from, 4);
  return value;
}

}  // namespace

Interner::Interner() : slots_(kFirstSlots), mask_(kFirstSlots - 1), ends_{0} {}

/// Four overlapping loads of four bytes cover every text of 4 to 16 bytes, so with the length
/// they tell all such texts apart.
Interner::Key Interner::key_of(std::string_view text) {
  const char* p = text.data();
  const std::size_t n = text.size();
  Key key{0, 0, static_cast<std::uint32_t>(n)};
  if (n >= 4 && n <= kShort) {
    const std::size_t step = (n >> 3) << 2;
    key.low = load4(p) | load4(p + step) << 32;
    key.high = load4(p + n - 4) | load4(p + n - 4 - step) << 32;
  } else if (n > kShort) {
    key.low = hash_text(text);
  } else if (n > 0) {
    const auto byte = [&](std::size_t at) {
      return static_cast<std::uint64_t>(static_cast<unsigned char>(p[at]));
    };
    key.low = byte(0) | byte(n / 2) << 8 | byte(n - 1) << 16;
  }
  return key;
}

std::uint64_t Interner::hash_of(const Key& key) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(key.low ^ 0x9E3779B97F4A7C15ULL) *
                       (key.high ^ 0xC2B2AE3D27D4EB4FULL ^ key.length);
  const auto folded =
      static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  return (folded ^ key.low) * 0xD6E8FEB86659FD93ULL;
}

std::uint32_t Interner::find_or_add(const Key& key, std::uint64_t hash, std::string_view text) {
  for (std::size_t at = hash >> 20 & mask_;; at = (at + 1) & mask_) {
    Slot& slot = slots_[at];
    if (slot.low == key.low && slot.high == key.high && slot.length == key.length &&
        slot.code != 0) {
      if (key.length <= kShort || this->at(slot.code) == text) return slot.code;
    } else if (slot.code == 0) {
      const auto code = static_cast<std::uint32_t>(ends_.size());
      slot = {key.low, key.high, key.length, code};
      bytes_.insert(bytes_.end(), text.begin(), text.end());
      ends_.push_back(bytes_.size());
      if (2 * ends_.size() > slots_.size()) grow();
      return code;
    }
  }
}

void Interner::grow() {
  const std::vector<Slot> old = std::move(slots_);
  slots_.assign(4 * old.size(), Slot{});
  mask_ = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.code == 0) continue;
    std::size_t at = hash_of({slot.low, slot.high, slot.length}) >> 20 & mask_;
    while (slots_[at].code != 0) at = (at + 1) & mask_;
    slots_[at] = slot;
  }
}

std::uint32_t Interner::code(std::string_view text) {
  const Key key = key_of(text);
  return find_or_add(key, hash_of(key), text);
}

void Interner::encode(std::span<const std::string_view> texts,
                      std::span<const std::uint64_t> validity, std::size_t first_row,
                      std::span<std::uint32_t> codes) {
  std::array<Key, kBlock> keys;
  std::array<std::uint64_t, kBlock> hashes;
  for (std::size_t begin = 0; begin < texts.size(); begin += kBlock) {
    const std::size_t n = std::min(kBlock, texts.size() - begin);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t row = first_row + begin + i;
      const bool valid = validity.empty() || (validity[row / 64] >> (row % 64) & 1U) != 0;
      const std::string_view text = valid ? texts[begin + i] : std::string_view();
      keys[i] = key_of(text);
      hashes[i] = hash_of(keys[i]);
      __builtin_prefetch(&slots_[hashes[i] >> 20 & mask_]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t row = first_row + begin + i;
      const bool valid = validity.empty() || (validity[row / 64] >> (row % 64) & 1U) != 0;
      codes[begin + i] = valid ? find_or_add(keys[i], hashes[i], texts[begin + i]) : 0;
    }
  }
}

std::string_view Interner::at(std::uint32_t code) const {
  if (code == 0) return {};
  const std::uint64_t begin = ends_[code - 1];
  return {bytes_.data() + begin, static_cast<std::size_t>(ends_[code] - begin)};
}

std::size_t Interner::memory_bytes() const {
  return slots_.capacity() * sizeof(Slot) + bytes_.capacity() +
         ends_.capacity() * sizeof(std::uint64_t);
}

}  // namespace assay::events::detail
