#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace assay::events::detail {

/// Gives each distinct text a code by first appearance; code 0 is the missing value.
///
/// Texts of up to 16 bytes, nearly all in practice, stand whole in the table's slots and are
/// compared as two integers; longer ones by their hash and then their bytes.
class Interner {
 public:
  Interner();

  /// Codes of `texts`, row by row; rows whose validity bit is unset get code 0.
  void encode(std::span<const std::string_view> texts, std::span<const std::uint64_t> validity,
              std::size_t first_row, std::span<std::uint32_t> codes);

  std::uint32_t code(std::string_view text);

  [[nodiscard]] std::size_t size() const { return ends_.size(); }  ///< Including code 0.
  [[nodiscard]] std::string_view at(std::uint32_t code) const;
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Key {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint32_t length = 0;
  };
  struct Slot {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint32_t length = 0;
    std::uint32_t code = 0;  ///< 0: the slot is free.
  };

  static Key key_of(std::string_view text);
  static std::uint64_t hash_of(const Key& key);
  std::uint32_t find_or_add(const Key& key, std::uint64_t hash, std::string_view text);
  void grow();

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::vector<char> bytes_;
  std::vector<std::uint64_t> ends_;  ///< Text of code c is bytes_[ends_[c - 1], ends_[c]).
};

}  // namespace assay::events::detail
