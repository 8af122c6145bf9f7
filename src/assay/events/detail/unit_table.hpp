#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace assay::events::detail {

/// Dense ids of the units of one partition, by first appearance. Units are integers, or texts
/// that come with their 64-bit hash.
class UnitTable {
 public:
  void clear();

  /// Ids of integer keys; new keys get the next ids.
  void encode(std::span<const std::uint64_t> keys, std::span<std::uint32_t> units);

  /// Ids of texts; the texts must stay where they are until `clear`.
  void encode(std::span<const std::uint64_t> hashes, std::span<const std::string_view> texts,
              std::span<std::uint32_t> units);

  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] const std::vector<std::uint64_t>& keys() const { return keys_; }
  [[nodiscard]] const std::vector<std::string_view>& texts() const { return texts_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t unit_plus_one = 0;  ///< 0: the slot is free.
  };
  void grow();
  [[nodiscard]] std::size_t home(std::uint64_t key) const;

  std::vector<Slot> slots_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::string_view> texts_;
  bool hashed_ = false;  ///< Keys are hashes already.
};

}  // namespace assay::events::detail
