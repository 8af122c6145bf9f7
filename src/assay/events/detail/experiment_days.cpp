#include <algorithm>

#include "assay/events/detail/experiment_units.hpp"

namespace assay::events::detail {

template <class EndOf>
void ExperimentUnits::take_stretches(const PartitionView& view, const Unit& unit,
                                     std::size_t stretches, const EndOf& end_of, std::size_t first,
                                     CellPool& daily, CellPool& cumulative) {
  const DayProgram& program = *frame_.days;
  const std::size_t arms = frame_.plan.arm_codes.size();
  const TimeUs* time = view.time.data();
  std::size_t row = 0;
  rows_before(time + unit.begin, unit.end - unit.begin, &unit.anchor, 1, &row);
  row += unit.begin;
  program.folds.reset(total_state_);
  bool active = false;  // Units without an event so far are added as zeros in the end.
  for (std::size_t i = 0; i < stretches; ++i) {
    const std::size_t cell = first + i * arms;
    const TimeUs stop = end_of(i);
    const std::size_t begin = row;
    while (row < unit.end && time[row] < stop) ++row;
    if (row > begin) {
      program.folds.reset(day_state_);
      program.folds.run(view, day_binding_, frame_.plan.inputs.filters, frame_.grid, begin, row,
                        day_state_);
      program.outputs.write(day_state_, day_row_);
      daily.add(cell, day_row_.data());
      program.folds.accumulate(total_state_, day_state_);
      program.outputs.write(total_state_, day_row_);
      active = true;
    }
    if (active) cumulative.add(cell, day_row_.data());
  }
}

void ExperimentUnits::take_days(const PartitionView& view, const Unit& unit, std::size_t arm,
                                ExperimentPartial& partial) {
  const std::size_t arms = frame_.plan.arm_codes.size();
  const TimeUs stop = frame_.plan.period.end;
  take_stretches(
      view, unit, frame_.grid.days() - unit.anchor_day,
      [&](std::size_t i) { return std::min(frame_.grid.end(unit.anchor_day + i), stop); },
      (unit.anchor_day - frame_.first_position) * arms + arm, *partial.daily, *partial.cumulative);
}

void ExperimentUnits::take_ages(const PartitionView& view, const Unit& unit, std::size_t arm,
                                ExperimentPartial& partial) {
  const TimeUs limit = frame_.seen_until();
  std::size_t ages = 0;  // Whole days between the anchor, which is in the period, and the limit.
  if (limit > unit.anchor)
    ages = std::min(frame_.plan.ages, static_cast<std::size_t>((limit - unit.anchor) / kDayUs));
  partial.complete_ages[ages * frame_.plan.arm_codes.size() + arm] += 1;
  take_stretches(
      view, unit, ages,
      [&](std::size_t i) { return unit.anchor + static_cast<TimeUs>(i + 1) * kDayUs; }, arm,
      *partial.age_daily, *partial.age_cumulative);
}

}  // namespace assay::events::detail
