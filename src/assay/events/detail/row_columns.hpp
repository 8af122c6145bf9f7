#pragma once

#include <cstddef>
#include <vector>

#include "assay/events/detail/segment.hpp"

namespace assay::events::detail {

/// The columns of the RowStore of a build: those slots of the segment that hold a value an event,
/// and before them the unit.
class RowColumns {
 public:
  explicit RowColumns(const Layout& layout) : column_of_slot_(layout.slots(), kNone) {
    add(kUnitKeys, 8);
    if (layout.text_units()) add(kUnitTexts, 4);
    for (std::size_t slot = kTime; slot < layout.slots(); ++slot) {
      if (layout.per_event(slot)) add(slot, layout.width(slot));
    }
  }

  /// kUnitKeys: the key, or the hash of a text; kUnitTexts: the length of the text as uint32.
  /// Assumes the layout has the slot.
  [[nodiscard]] std::size_t of(std::size_t slot) const { return column_of_slot_[slot]; }
  [[nodiscard]] const std::vector<std::size_t>& widths() const { return widths_; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  void add(std::size_t slot, std::size_t width) {
    column_of_slot_[slot] = widths_.size();
    widths_.push_back(width);
  }

  std::vector<std::size_t> column_of_slot_;
  std::vector<std::size_t> widths_;
};

}  // namespace assay::events::detail
