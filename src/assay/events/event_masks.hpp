#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/events/index.hpp"
#include "assay/events/row_filter.hpp"

namespace assay::events {

/// Which events are meant, in codes: those with one of the names that pass the filter.
struct EventSet {
  bool any_name = true;
  std::vector<std::uint16_t> codes;   ///< Unless any_name.
  std::optional<std::size_t> filter;  ///< Position in ScanInputs::filters.
};

/// Number of event codes there can be; tables of this size need no bounds check.
inline constexpr std::size_t kEventCodes = std::size_t{1} << 16;

/// For every row the sets it belongs to, as bits: one table look-up by event code, then the
/// filters of the sets that are left. Mask: an unsigned type with a bit a set.
template <class Mask>
class EventMasks {
 public:
  EventMasks(std::span<const EventSet> sets, std::span<const RowFilter> filters)
      : by_code_(kEventCodes, Mask{0}), filters_(filters) {
    std::vector<Mask> guarded(filters.size(), Mask{0});
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const auto bit = static_cast<Mask>(Mask{1} << s);
      for (const std::uint16_t code : sets[s].codes) add(by_code_[code], bit);
      if (sets[s].any_name)
        for (Mask& mask : by_code_) add(mask, bit);
      if (!sets[s].filter) continue;
      add(filtered_, bit);
      add(guarded[*sets[s].filter], bit);
    }
    for (std::size_t f = 0; f < guarded.size(); ++f)
      if (guarded[f] != 0) guards_.push_back({f, guarded[f]});
  }

  [[nodiscard]] bool filtered() const { return filtered_ != 0; }

  /// The sets that have the name, whatever their filters say.
  [[nodiscard]] Mask by_name(std::uint16_t code) const { return by_code_[code]; }

  [[nodiscard]] Mask at(const PartitionView& view, std::size_t row) const {
    const Mask mask = by_code_[view.event[row]];
    return (mask & filtered_) == 0 ? mask : refined(mask, view, row);
  }

 private:
  struct Guard {
    std::size_t filter;
    Mask sets;
  };
  static void add(Mask& mask, Mask bits) { mask = static_cast<Mask>(mask | bits); }

  [[nodiscard]] Mask refined(Mask mask, const PartitionView& view, std::size_t row) const {
    for (const Guard& guard : guards_)
      if ((mask & guard.sets) != 0 && !filters_[guard.filter].passes(view, row))
        mask = static_cast<Mask>(mask & static_cast<Mask>(~guard.sets));
    return mask;
  }

  std::vector<Mask> by_code_;
  Mask filtered_ = 0;
  std::vector<Guard> guards_;
  std::span<const RowFilter> filters_;
};

}  // namespace assay::events
