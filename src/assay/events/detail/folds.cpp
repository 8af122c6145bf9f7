#include "assay/events/detail/folds.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace assay::events::detail {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();  // max over no value.
constexpr std::uint32_t kNoCode = kEventCodes;  // Stands for every code that no term names.

bool same(const EventSet& a, const EventSet& b) {
  return a.any_name == b.any_name && a.codes == b.codes && a.filter == b.filter;
}

// Without a branch: missing values come at random.
double whole_or_zero(std::int64_t value) {
  const std::int64_t keep = -static_cast<std::int64_t>(value != kNullInt);
  return static_cast<double>(value & keep);
}
double real_or_zero(double value) {
  const std::int64_t keep = -static_cast<std::int64_t>(value == value);
  return std::bit_cast<double>(std::bit_cast<std::int64_t>(value) & keep);
}

/// Position of an item, which is appended when it is new.
std::size_t position_in(std::vector<std::size_t>& list, std::size_t item) {
  const auto found = std::find(list.begin(), list.end(), item);
  const auto position = static_cast<std::size_t>(found - list.begin());
  if (found == list.end()) list.push_back(item);
  return position;
}

}  // namespace

bool FoldProgram::Term::has(std::uint32_t code) const {
  return events.any_name || (code < kNoCode && std::find(events.codes.begin(), events.codes.end(),
                                                         code) != events.codes.end());
}

std::size_t FoldProgram::add(const FoldTerm& term, std::span<const frame::Type> slot_types) {
  const auto by_type = [&](Kind whole, Kind real) {
    return slot_types[term.slot] == frame::Type::float64 ? real : whole;
  };
  Term made{term.events, Kind::count, 0};
  if (term.fold == Fold::distinct_days) made.kind = Kind::days;
  if (term.fold == Fold::sum) made.kind = by_type(Kind::add_whole, Kind::add_real);
  if (term.fold == Fold::max) made.kind = by_type(Kind::max_whole, Kind::max_real);
  if (term.fold == Fold::sum || term.fold == Fold::max) made.column = term.slot;
  const auto found = std::find_if(terms_.begin(), terms_.end(), [&](const Term& t) {
    return t.kind == made.kind && t.column == made.column && same(t.events, made.events);
  });
  const auto position = static_cast<std::size_t>(found - terms_.begin());
  if (found == terms_.end()) terms_.push_back(std::move(made));
  return position;
}

std::uint16_t FoldProgram::class_of(std::uint32_t code) {
  std::vector<bool> made;
  for (const Term& term : terms_) made.push_back(term.by_class() && term.has(code));
  const auto found = std::find(classes_.begin(), classes_.end(), made);
  const auto position = static_cast<std::uint16_t>(found - classes_.begin());
  if (found == classes_.end()) classes_.push_back(std::move(made));
  return position;
}

FoldProgram::Steps FoldProgram::steps_of(std::uint32_t code) {
  Steps steps{static_cast<std::uint32_t>(steps_.size()), 0};
  for (std::uint32_t t = 0; t < terms_.size(); ++t)
    if (!terms_[t].by_class() && terms_[t].has(code)) steps_.push_back(t);
  steps.count = static_cast<std::uint32_t>(steps_.size()) - steps.first;
  return steps;
}

void FoldProgram::compile(std::size_t first_slot) {
  std::vector<std::uint16_t> named;
  bool by_row = false;
  for (const Term& term : terms_) {
    named.insert(named.end(), term.events.codes.begin(), term.events.codes.end());
    by_row = by_row || !term.by_class();
    if (!term.by_class()) continue;
    if (term.kind == Kind::add_whole) position_in(whole_, term.column);
    if (term.kind == Kind::add_real) position_in(real_, term.column);
  }
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  class_by_code_.assign(kEventCodes, class_of(kNoCode));
  for (const std::uint16_t code : named) class_by_code_[code] = class_of(code);
  if (by_row) {
    steps_by_code_.assign(kEventCodes, steps_of(kNoCode));
    for (const std::uint16_t code : named) steps_by_code_[code] = steps_of(code);
  }
  first_slot_ = first_slot;
  end_slot_ = first_slot + classes_.size() * stride();
  for (Term& term : terms_)
    if (!term.by_class()) term.slot = end_slot_++;
}

std::vector<std::size_t> FoldProgram::slots(std::size_t number) const {
  const Term& term = terms_[number];
  if (!term.by_class()) return {term.slot};
  std::vector<std::size_t> slots;
  const auto column = [&](const std::vector<std::size_t>& columns) {
    return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), term.column) -
                                    columns.begin());
  };
  std::size_t offset = 0;
  if (term.kind == Kind::add_whole) offset = 1 + column(whole_);
  if (term.kind == Kind::add_real) offset = 1 + whole_.size() + column(real_);
  for (std::size_t c = 0; c < classes_.size(); ++c)
    if (classes_[c][number]) slots.push_back(first_slot_ + c * stride() + offset);
  return slots;
}

void FoldProgram::bind(const PartitionView& view, FoldBinding& binding) const {
  binding = {};
  for (const std::size_t column : whole_)
    binding.whole.push_back(view.properties[column].ints.data());
  for (const std::size_t column : real_)
    binding.real.push_back(view.properties[column].doubles.data());
}

void FoldProgram::reset(FoldState& state) const {
  std::fill(state.value.begin() + static_cast<std::ptrdiff_t>(first_slot_),
            state.value.begin() + static_cast<std::ptrdiff_t>(end_slot_), 0.0);
  if (steps_by_code_.empty()) return;
  for (const Term& term : terms_) {
    if (term.by_class()) continue;
    if (term.largest()) state.value[term.slot] = kNothing;
    state.first_day[term.slot] = 0;
    state.day[term.slot] = 0;
  }
}

void FoldProgram::run_step(const Term& term, const PartitionView& view,
                           std::span<const RowFilter> filters, const DayGrid& days, std::size_t row,
                           FoldState& state) const {
  if (term.events.filter && !filters[*term.events.filter].passes(view, row)) return;
  double& value = state.value[term.slot];
  switch (term.kind) {
    case Kind::count:
      value += 1.0;
      break;
    case Kind::add_whole:
      value += whole_or_zero(view.properties[term.column].ints[row]);
      break;
    case Kind::add_real:
      value += real_or_zero(view.properties[term.column].doubles[row]);
      break;
    case Kind::max_whole: {
      const std::int64_t x = view.properties[term.column].ints[row];
      if (x != kNullInt) value = std::max(value, static_cast<double>(x));
      break;
    }
    case Kind::max_real:
      value = std::max(value, view.properties[term.column].doubles[row]);
      break;
    case Kind::days: {
      std::uint32_t& last = state.day[term.slot];
      if (last != 0 && view.time[row] < days.end(last - 1)) break;
      std::uint32_t& first = state.first_day[term.slot];
      last = static_cast<std::uint32_t>(days.at(view.time[row]) + 1);
      if (first == 0) first = last;
      value += 1.0;
      break;
    }
  }
}

/// Columns: template arguments, or those of the program where they are -1.
template <int kWhole, int kReal>
void FoldProgram::run_classes(const PartitionView& view, const FoldBinding& binding,
                              std::size_t begin, std::size_t end, double* value) const {
  const std::size_t whole = kWhole < 0 ? whole_.size() : static_cast<std::size_t>(kWhole);
  const std::size_t real = kReal < 0 ? real_.size() : static_cast<std::size_t>(kReal);
  // Copies: the compiler cannot know that the sums are not written over the pointers.
  constexpr std::size_t kKept = kWhole < 0 ? 0 : static_cast<std::size_t>(kWhole + kReal);
  const std::int64_t* whole_kept[kKept + 1] = {};
  const double* real_kept[kKept + 1] = {};
  if constexpr (kWhole >= 0) {
    std::copy_n(binding.whole.data(), whole, whole_kept);
    std::copy_n(binding.real.data(), real, real_kept);
  }
  const std::int64_t* const* whole_columns = kWhole < 0 ? binding.whole.data() : whole_kept;
  const double* const* real_columns = kWhole < 0 ? binding.real.data() : real_kept;
  const std::uint16_t* event = view.event.data();
  const std::uint16_t* classes = class_by_code_.data();
  for (std::size_t row = begin; row < end; ++row) {
    double* slot = value + classes[event[row]] * (1 + whole + real);
    slot[0] += 1.0;
    for (std::size_t k = 0; k < whole; ++k) slot[1 + k] += whole_or_zero(whole_columns[k][row]);
    for (std::size_t k = 0; k < real; ++k)
      slot[1 + whole + k] += real_or_zero(real_columns[k][row]);
  }
}

void FoldProgram::run(const PartitionView& view, const FoldBinding& binding,
                      std::span<const RowFilter> filters, const DayGrid& days, std::size_t begin,
                      std::size_t end, FoldState& state) const {
  double* value = state.value.data() + first_slot_;
  using Run = void (FoldProgram::*)(const PartitionView&, const FoldBinding&, std::size_t,
                                    std::size_t, double*) const;
  constexpr std::size_t kMost = 4;
  static constexpr Run kRuns[kMost][kMost] = {
      {&FoldProgram::run_classes<0, 0>, &FoldProgram::run_classes<0, 1>,
       &FoldProgram::run_classes<0, 2>, &FoldProgram::run_classes<0, 3>},
      {&FoldProgram::run_classes<1, 0>, &FoldProgram::run_classes<1, 1>,
       &FoldProgram::run_classes<1, 2>, &FoldProgram::run_classes<1, 3>},
      {&FoldProgram::run_classes<2, 0>, &FoldProgram::run_classes<2, 1>,
       &FoldProgram::run_classes<2, 2>, &FoldProgram::run_classes<2, 3>},
      {&FoldProgram::run_classes<3, 0>, &FoldProgram::run_classes<3, 1>,
       &FoldProgram::run_classes<3, 2>, &FoldProgram::run_classes<3, 3>}};
  const bool few = whole_.size() < kMost && real_.size() < kMost;
  const Run classes = few ? kRuns[whole_.size()][real_.size()] : &FoldProgram::run_classes<-1, -1>;
  (this->*classes)(view, binding, begin, end, value);
  if (steps_by_code_.empty()) return;
  for (std::size_t row = begin; row < end; ++row) {
    const Steps steps = steps_by_code_[view.event[row]];
    for (std::uint32_t s = steps.first; s < steps.first + steps.count; ++s)
      run_step(terms_[steps_[s]], view, filters, days, row, state);
  }
}

void FoldProgram::accumulate(FoldState& total, const FoldState& later) const {
  const std::size_t by_class = classes_.size() * stride();
  for (std::size_t slot = first_slot_; slot < first_slot_ + by_class; ++slot)
    total.value[slot] += later.value[slot];
  for (const Term& term : terms_) {
    if (term.by_class()) continue;
    double& sum = total.value[term.slot];
    const double more = later.value[term.slot];
    sum = term.largest() ? std::max(sum, more) : sum + more;
    if (term.kind != Kind::days || later.day[term.slot] == 0) continue;
    if (total.day[term.slot] == later.first_day[term.slot]) sum -= 1.0;  // Counted before.
    if (total.first_day[term.slot] == 0) total.first_day[term.slot] = later.first_day[term.slot];
    total.day[term.slot] = later.day[term.slot];
  }
}

}  // namespace assay::events::detail
