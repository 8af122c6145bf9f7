#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "assay/events/day_grid.hpp"
#include "assay/events/experiment.hpp"

namespace assay::events::detail {

/// Numbers that folds add up in, one a slot.
struct FoldState {
  explicit FoldState(std::size_t slots = 0)
      : value(slots, 0.0), first_day(slots, 0), day(slots, 0) {}

  std::vector<double> value;
  std::vector<std::uint32_t> first_day;  ///< distinct_days: position of the first day counted, + 1,
  std::vector<std::uint32_t> day;        ///< and of the last; 0: none.
};

/// Where the columns that a program adds up lie in one partition.
struct FoldBinding {
  std::vector<const std::int64_t*> whole;
  std::vector<const double*> real;
};

/// Folds over the same rows of a unit (one window).
///
/// Event codes that the terms do not tell apart form a class. For every row the class gets one
/// added to its count and the row's values of all columns to its sums, without a branch and in
/// the order of memory; a term is the sum over its classes. Terms with a filter, largest values
/// and distinct days go row by row.
class FoldProgram {
 public:
  /// Adds what a term needs and returns its number. Equal terms share one.
  std::size_t add(const FoldTerm& term, std::span<const frame::Type> slot_types);

  /// Lays the slots out from `first_slot`; call once, after the last add.
  void compile(std::size_t first_slot);
  [[nodiscard]] std::size_t end_slot() const { return end_slot_; }

  /// The slots whose sum is the term (for max: its one slot, -inf where there is no value).
  [[nodiscard]] std::vector<std::size_t> slots(std::size_t term) const;

  void bind(const PartitionView& view, FoldBinding& binding) const;

  /// Sets the slots to those of no event.
  void reset(FoldState& state) const;

  /// Folds rows [begin, end) of one unit into the slots.
  void run(const PartitionView& view, const FoldBinding& binding,
           std::span<const RowFilter> filters, const DayGrid& days, std::size_t begin,
           std::size_t end, FoldState& state) const;

  /// Adds to `total` what later rows of the same unit gave.
  void accumulate(FoldState& total, const FoldState& later) const;

 private:
  enum class Kind : std::uint8_t { count, add_whole, add_real, max_whole, max_real, days };
  struct Term {
    EventSet events;
    Kind kind;
    std::size_t column;
    std::size_t slot = 0;  ///< Of terms that go row by row.

    [[nodiscard]] bool by_class() const {
      return !events.filter &&
             (kind == Kind::count || kind == Kind::add_whole || kind == Kind::add_real);
    }
    [[nodiscard]] bool largest() const { return kind == Kind::max_whole || kind == Kind::max_real; }
    [[nodiscard]] bool has(std::uint32_t code) const;
  };
  struct Steps {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  [[nodiscard]] std::size_t stride() const { return 1 + whole_.size() + real_.size(); }
  std::uint16_t class_of(std::uint32_t code);
  Steps steps_of(std::uint32_t code);
  template <int kWhole, int kReal>
  void run_classes(const PartitionView& view, const FoldBinding& binding, std::size_t begin,
                   std::size_t end, double* value) const;
  void run_step(const Term& term, const PartitionView& view, std::span<const RowFilter> filters,
                const DayGrid& days, std::size_t row, FoldState& state) const;

  std::vector<Term> terms_;
  std::vector<std::vector<bool>> classes_;  ///< Which terms the events of a class belong to.
  std::vector<std::uint16_t> class_by_code_;
  std::vector<std::uint32_t> steps_;  ///< Terms that go row by row.
  std::vector<Steps> steps_by_code_;  ///< Empty without such terms.
  std::vector<std::size_t> whole_;    ///< Columns to add up: int64 and boolean ...
  std::vector<std::size_t> real_;     ///< ... and float64.
  std::size_t first_slot_ = 0;
  std::size_t end_slot_ = 0;
};

}  // namespace assay::events::detail
