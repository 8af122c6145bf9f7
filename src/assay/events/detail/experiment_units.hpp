#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "assay/events/detail/experiment_program.hpp"
#include "assay/events/unit_rows.hpp"

namespace assay::events::detail {

/// What every partition needs to know; made once a query.
struct ExperimentFrame {
  const ExperimentPlan& plan;
  const ExperimentProgram& program;
  const DayProgram* days = nullptr;  ///< None: no moments by day.
  DayGrid grid;                      ///< From the first pre-period to the end of the period.
  std::size_t first_position = 0;    ///< Of the first day of the period in the grid.
  EventMasks<std::uint8_t> roles;    ///< Bit 0: assignment, bit 1: exposure.

  [[nodiscard]] std::size_t period_days() const { return grid.days() - first_position; }
};

/// What the assignment and exposure events of a unit say.
struct Enrolment {
  enum class Status : std::uint8_t { none, unknown_variant, both_arms, assigned };
  Status status = Status::none;
  std::size_t arm = 0;
  std::size_t row = 0;  ///< Of the first assignment event.
  TimeUs time = 0;
  std::optional<TimeUs> exposed;  ///< First exposure at or after the assignment.
  bool exposed_before = false;
};

Enrolment enrolment(const ExperimentFrame& frame, const PartitionView& view, std::size_t begin,
                    std::size_t end);

/// First word of a cell's key.
struct CellWord {
  static constexpr std::uint64_t kAnalysed = std::uint64_t{1} << 8;
  static constexpr std::uint64_t kNoHistory = std::uint64_t{1} << 9;  ///< The variable m.
  static constexpr unsigned kImmature = 10;                           ///< First maturity bit.

  static std::size_t arm(std::uint64_t word) { return word & 0xFF; }
  static bool immature(std::uint64_t word, std::optional<std::size_t> maturity_class) {
    return maturity_class && ((word >> (kImmature + *maturity_class)) & 1) != 0;
  }
};

/// A margin is (0, 0, word) for all units, or (1 + dimension, value, word).
inline constexpr std::size_t kMarginWords = 3;

/// Sums of one partition, or of several.
struct ExperimentPartial {
  explicit ExperimentPartial(const ExperimentFrame& frame);
  void merge(const ExperimentPartial& other);

  std::vector<ArmTotals> arms;
  std::int64_t both_arms = 0;
  std::int64_t unknown_variant = 0;
  KeyMap margins{kMarginWords};
  CellPool moments;
  std::vector<std::int64_t> assigned;         ///< [margin]
  std::vector<std::int64_t> assigned_by_day;  ///< [day * arms + arm]
  std::vector<std::int64_t> anchored_by_day;  ///< [day * arms + arm]: analysed units.
  std::optional<CellPool> daily;              ///< [day * arms + arm]: rows of active units.
  std::optional<CellPool> cumulative;

 private:
  friend class ExperimentUnits;
  std::size_t margin(const std::uint64_t* key);
};

/// Walks the units of partitions; one a thread.
class ExperimentUnits {
 public:
  explicit ExperimentUnits(const ExperimentFrame& frame);

  ExperimentPartial take(const PartitionView& view);

  /// The y of every metric over analysed, mature units, zeros only counted.
  struct Values {
    std::vector<double> nonzero;
    std::int64_t zeros = 0;
  };
  std::vector<Values> gather(const PartitionView& view);  ///< [metric]

  /// Every analysed unit; places have no partition, and caps are empty.
  UnitRows rows(const PartitionView& view);

 private:
  struct Unit {
    std::size_t begin;
    std::size_t end;
    TimeUs anchor;
    std::size_t anchor_day;
    std::uint64_t word;
  };
  void bind(const PartitionView& view);
  void add_row(const Unit& unit, UnitRows& rows) const;
  [[nodiscard]] Unit locate(const PartitionView& view, std::size_t begin, std::size_t end,
                            TimeUs anchor) const;
  void fill_row(const PartitionView& view, const Unit& unit);
  [[nodiscard]] TimeUs instant(const Edge& edge, const Unit& unit) const;
  [[nodiscard]] SegmentKey segment(const SegmentRule& rule, const PartitionView& view,
                                   std::size_t begin, const Enrolment& enrolled) const;
  void take_days(const PartitionView& view, const Unit& unit, std::size_t arm,
                 ExperimentPartial& partial);
  void to_margins(ExperimentPartial& partial) const;

  const ExperimentFrame& frame_;
  FoldState state_;
  std::vector<FoldBinding> bindings_;  ///< [window]
  FoldBinding day_binding_;
  std::vector<double> row_;
  std::vector<TimeUs> edge_times_;
  std::vector<std::size_t> edge_rows_;
  std::vector<FunnelPass> passes_;
  FoldState day_state_;
  FoldState total_state_;
  std::vector<double> day_row_;
  KeyMap keys_;  ///< Finest cells: word, then a value a dimension.
  std::vector<std::uint64_t> key_;
  CellPool cells_;
  std::vector<std::int64_t> cell_assigned_;
};

}  // namespace assay::events::detail
