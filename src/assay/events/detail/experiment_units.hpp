#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "assay/events/detail/cluster_sums.hpp"
#include "assay/events/detail/experiment_program.hpp"
#include "assay/events/unit_rows.hpp"

namespace assay::events::detail {

/// What every partition needs to know; made once a query.
struct ExperimentFrame {
  const ExperimentPlan& plan;
  const ExperimentProgram& program;
  const DayProgram* days = nullptr;        ///< None: no moments by day or age.
  DayGrid grid;                            ///< From the first pre-period to the end of the period.
  std::size_t first_position = 0;          ///< Of the first day of the period in the grid.
  EventMasks<std::uint8_t> roles;          ///< Bit 0: assignment, bit 1: exposure.
  EventMasks<std::uint16_t> first_events;  ///< A bit each.

  [[nodiscard]] std::size_t period_days() const { return grid.days() - first_position; }
  /// Nothing later is seen of a unit.
  [[nodiscard]] TimeUs seen_until() const { return std::min(plan.complete_until, plan.period.end); }
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
  std::vector<std::int64_t> complete_ages;  ///< [ages * arms + arm]: units with so many ages.
  std::optional<CellPool> age_daily;        ///< [age * arms + arm]: rows of active units.
  std::optional<CellPool> age_cumulative;
  std::optional<ClusterSums> clusters;
  std::optional<PairCounts> pairs;

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
  /// What a unit is analysed from.
  struct Analysed {
    std::size_t number;
    const Enrolment& enrolled;
    const Unit& unit;
  };
  /// Calls take(Analysed) for every analysed unit, its row filled in.
  template <class Take>
  void each_analysed(const PartitionView& view, const Take& take);
  void add_row(const Unit& unit, UnitRows& rows) const;
  void add_first_events(const PartitionView& view, const Unit& unit, UnitRows& rows) const;
  [[nodiscard]] Unit locate(const PartitionView& view, std::size_t begin, std::size_t end,
                            TimeUs anchor) const;
  void fill_row(const PartitionView& view, const Unit& unit);
  [[nodiscard]] TimeUs instant(const Edge& edge, const Unit& unit) const;
  [[nodiscard]] SegmentKey segment(const SegmentRule& rule, const PartitionView& view,
                                   std::size_t begin, const Enrolment& enrolled) const;
  /// Counts the unit to the cell of its segment values and to its cluster.
  void take_cells(const PartitionView& view, std::size_t begin, const Enrolment& enrolled,
                  bool analysed, ExperimentPartial& partial);
  void take_days(const PartitionView& view, const Unit& unit, std::size_t arm,
                 ExperimentPartial& partial);
  void take_ages(const PartitionView& view, const Unit& unit, std::size_t arm,
                 ExperimentPartial& partial);
  /// One stretch of time after the other from the anchor on; stretch i ends at end_of(i) and adds
  /// to cell first + i * arms of both pools.
  template <class EndOf>
  void take_stretches(const PartitionView& view, const Unit& unit, std::size_t stretches,
                      const EndOf& end_of, std::size_t first, CellPool& daily,
                      CellPool& cumulative);
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

/// What stands for a missing value.
SegmentKey missing_key(frame::Type type);

/// Number of sorted times before each of some instants.
void rows_before(const TimeUs* time, std::size_t rows, const TimeUs* instants, std::size_t count,
                 std::size_t* before);

}  // namespace assay::events::detail
