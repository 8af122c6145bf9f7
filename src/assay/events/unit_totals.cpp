#include "assay/events/unit_totals.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "assay/events/day_grid.hpp"
#include "assay/events/detail/experiment_program.hpp"
#include "assay/events/detail/folds.hpp"
#include "assay/events/event_masks.hpp"

namespace assay::events {
namespace {

using numerics::CoMoments;

constexpr std::int64_t kMaxDays = 100'000;

/// All terms of all metrics folded in one walk; metric i reads its variables from `first[i]` on.
struct Program {
  detail::FoldProgram folds;
  detail::Outputs outputs;
  std::vector<std::size_t> first;
  std::size_t variables = 0;
};

Program compile(const UnitTotalsPlan& plan) {
  Program program;
  std::vector<std::pair<const FoldTerm*, std::size_t>> terms;  // With their numbers in the folds.
  for (const UnitOutcome& metric : plan.metrics) {
    program.first.push_back(terms.size());
    const auto add = [&](const FoldTerm& term) {
      terms.emplace_back(&term, program.folds.add(term, plan.slot_types));
    };
    add(metric.numerator);
    if (metric.denominator) add(*metric.denominator);
  }
  program.variables = terms.size();
  program.outputs.scale.assign(terms.size(), 1.0);
  program.folds.compile(0);
  for (std::size_t i = 0; i < terms.size(); ++i)
    program.outputs.add(*terms[i].first, i, program.folds.slots(terms[i].second));
  return program;
}

UnitTotalsCounts nothing(const UnitTotalsPlan& plan) {
  UnitTotalsCounts totals;
  for (const UnitOutcome& metric : plan.metrics)
    totals.moments.emplace_back(metric.denominator ? std::size_t{2} : std::size_t{1});
  return totals;
}

using DailyCounts = std::vector<UnitTotalsCounts>;

/// Merges one partition after the other: the order makes the bits.
void merge(UnitTotalsCounts& totals, const UnitTotalsCounts& part) {
  totals.units += part.units;
  for (std::size_t m = 0; m < totals.moments.size(); ++m) totals.moments[m].merge(part.moments[m]);
}

class Units {
 public:
  Units(const UnitTotalsPlan& plan, const Program& program, const DayGrid& days)
      : plan_(plan),
        program_(program),
        days_(days),
        active_({&plan.active, 1}, plan.inputs.filters),
        state_(program.folds.end_slot()),
        row_(program.variables) {}

  UnitTotalsCounts count(const PartitionView& view) {
    UnitTotalsCounts totals = nothing(plan_);
    walk(view, [&](std::size_t begin, std::size_t end) { add(view, begin, end, totals); });
    return totals;
  }

  /// [day of the grid]
  DailyCounts count_days(const PartitionView& view) {
    DailyCounts totals(days_.days(), nothing(plan_));
    walk(view, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end;) {
        const std::size_t day = days_.at(view.time[row]);
        std::size_t next = row + 1;
        while (next < end && view.time[next] < days_.end(day)) ++next;
        add(view, row, next, totals[day]);
        row = next;
      }
    });
    return totals;
  }

 private:
  /// Calls back with the rows of every unit that lie in the period.
  template <class Take>
  void walk(const PartitionView& view, const Take& take) {
    program_.folds.bind(view, binding_);
    const TimeUs* time = view.time.data();
    for (std::size_t u = 0; u < view.units(); ++u) {
      const TimeUs* last = time + view.offsets[u + 1];
      const TimeUs* from = std::lower_bound(time + view.offsets[u], last, plan_.period.begin);
      const TimeUs* to = std::lower_bound(from, last, plan_.period.end);
      take(static_cast<std::size_t>(from - time), static_cast<std::size_t>(to - time));
    }
  }

  [[nodiscard]] bool is_active(const PartitionView& view, std::size_t begin,
                               std::size_t end) const {
    for (std::size_t row = begin; row < end; ++row)
      if (active_.at(view, row) != 0) return true;
    return false;
  }

  /// Adds what a unit did in its rows [begin, end), if it counts.
  void add(const PartitionView& view, std::size_t begin, std::size_t end,
           UnitTotalsCounts& totals) {
    if (!is_active(view, begin, end)) return;
    program_.folds.reset(state_);
    program_.folds.run(view, binding_, plan_.inputs.filters, days_, begin, end, state_);
    program_.outputs.write(state_, row_);
    totals.units += 1;
    for (std::size_t m = 0; m < plan_.metrics.size(); ++m) {
      double* y = row_.data() + program_.first[m];
      if (plan_.metrics[m].cap_value) *y = std::min(*y, *plan_.metrics[m].cap_value);
      totals.moments[m].add({y, totals.moments[m].size()});
    }
  }

  const UnitTotalsPlan& plan_;
  const Program& program_;
  const DayGrid& days_;
  EventMasks<std::uint8_t> active_;
  detail::FoldBinding binding_;
  detail::FoldState state_;
  std::vector<double> row_;
};

}  // namespace

Result<UnitTotalsCounts> unit_totals(const ScanContext& context, const UnitTotalsPlan& plan) {
  std::int64_t length = 0;
  if (plan.period.end <= plan.period.begin ||
      __builtin_sub_overflow(plan.period.end, plan.period.begin, &length) ||
      length / kDayUs > kMaxDays)
    return fail(ErrorCode::invalid_spec, "the period is empty or too long", "period",
                "use 1 to " + std::to_string(kMaxDays) + " days");
  const Program program = compile(plan);
  const DayGrid days(plan.timezone, plan.period);
  UnitTotalsCounts totals = nothing(plan);
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "unit totals",
      [&] { return std::make_unique<Units>(plan, program, days); },
      [](const PartitionView& view, Units& units) { return units.count(view); },
      [&](const UnitTotalsCounts& part) { merge(totals, part); }));
  return totals;
}

Result<std::vector<UnitTotalsCounts>> daily_unit_totals(const ScanContext& context,
                                                        const UnitTotalsPlan& plan, Day first_day,
                                                        Day last_day) {
  const std::int64_t length = std::int64_t{last_day} - first_day + 1;
  if (length < 1 || length > kMaxDays)
    return fail(ErrorCode::invalid_spec, "the period is empty or too long", "period",
                "use 1 to " + std::to_string(kMaxDays) + " days");
  DailyCounts totals(static_cast<std::size_t>(length), nothing(plan));
  const DayGrid days(plan.timezone, plan.period);
  if (days.empty()) return totals;  // The zone left these days out.
  const auto skipped = static_cast<std::size_t>(days.first_day() - first_day);
  const Program program = compile(plan);
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "daily totals",
      [&] { return std::make_unique<Units>(plan, program, days); },
      [](const PartitionView& view, Units& units) { return units.count_days(view); },
      [&](const DailyCounts& part) {
        for (std::size_t day = 0; day < part.size(); ++day) merge(totals[skipped + day], part[day]);
      }));
  return totals;
}

}  // namespace assay::events
