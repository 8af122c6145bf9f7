#include "assay/events/detail/experiment_units.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace assay::events::detail {
namespace {

constexpr std::uint8_t kAssignment = 1;
constexpr std::uint8_t kExposure = 2;

TimeUs later(TimeUs time, std::int64_t by) {
  TimeUs sum = 0;
  if (!__builtin_add_overflow(time, by, &sum)) return sum;
  return by > 0 ? std::numeric_limits<TimeUs>::max() : std::numeric_limits<TimeUs>::min();
}

std::optional<SegmentKey> value_at(const PropertyView& property, std::size_t row) {
  switch (property.type) {
    case frame::Type::text:
      if (property.codes[row] == kNullCode) return std::nullopt;
      return property.codes[row];
    case frame::Type::float64:
      if (property.doubles[row] != property.doubles[row]) return std::nullopt;
      return std::bit_cast<std::uint64_t>(property.doubles[row]);
    default:
      if (property.ints[row] == kNullInt) return std::nullopt;
      return static_cast<std::uint64_t>(property.ints[row]);
  }
}

// Counts are whole numbers, so every clone gives the same ones.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define ASSAY_COUNTS __attribute__((target_clones("avx2", "default")))
#else
#define ASSAY_COUNTS
#endif

/// Number of times before each of some instants. Most units are short, and counting has no branch
/// to mispredict.
ASSAY_COUNTS void count_before(const TimeUs* time, std::size_t rows, const TimeUs* instants,
                               std::size_t count, std::size_t* before) {
  for (std::size_t i = 0; i < count; ++i) {
    const TimeUs instant = instants[i];
    std::int64_t found = 0;
    for (std::size_t row = 0; row < rows; ++row) found += time[row] < instant ? 1 : 0;
    before[i] = static_cast<std::size_t>(found);
  }
}

/// Looks around the assignment event for exposures; few rows, as both lie close together.
void find_exposures(const ExperimentFrame& frame, const PartitionView& view, std::size_t begin,
                    std::size_t end, Enrolment& unit) {
  const auto exposure = [&](std::size_t row) {
    return (frame.roles.by_name(view.event[row]) & kExposure) != 0 &&
           (frame.roles.at(view, row) & kExposure) != 0;
  };
  const TimeRange& period = frame.plan.period;
  for (std::size_t row = unit.row + 1; row-- > begin && view.time[row] >= period.begin;) {
    if (!exposure(row)) continue;
    if (view.time[row] < unit.time) {
      unit.exposed_before = true;
      break;
    }
    unit.exposed = unit.time;  // The same instant is not before.
  }
  for (std::size_t row = unit.row + 1; !unit.exposed && row < end; ++row) {
    if (view.time[row] >= period.end) break;
    if (exposure(row)) unit.exposed = view.time[row];
  }
}

/// Asks for a value ahead of time.
void prefetch(const PropertyView& property, std::size_t row) {
  if (property.type == frame::Type::text)
    __builtin_prefetch(property.codes.data() + row);
  else if (property.type == frame::Type::float64)
    __builtin_prefetch(property.doubles.data() + row);
  else
    __builtin_prefetch(property.ints.data() + row);
}

}  // namespace

void rows_before(const TimeUs* time, std::size_t rows, const TimeUs* instants, std::size_t count,
                 std::size_t* before) {
  constexpr std::size_t kShort = 128;
  if (rows <= kShort) return count_before(time, rows, instants, count, before);
  for (std::size_t i = 0; i < count; ++i)
    before[i] = static_cast<std::size_t>(std::lower_bound(time, time + rows, instants[i]) - time);
}

SegmentKey missing_key(frame::Type type) {
  if (type == frame::Type::text) return kNullCode;
  if (type == frame::Type::float64) return kMissingReal;
  return static_cast<std::uint64_t>(kNullInt);
}

Enrolment enrolment(const ExperimentFrame& frame, const PartitionView& view, std::size_t begin,
                    std::size_t end) {
  Enrolment unit;
  const ExperimentPlan& plan = frame.plan;
  for (std::size_t row = begin; row < end; ++row) {
    if ((frame.roles.by_name(view.event[row]) & kAssignment) == 0) continue;
    const TimeUs time = view.time[row];
    if (time < plan.period.begin || time >= plan.period.end) continue;
    if ((frame.roles.at(view, row) & kAssignment) == 0) continue;
    std::size_t arm = 0;
    if (!plan.one_arm) {
      const std::uint32_t code = view.properties[plan.variant_slot].codes[row];
      const auto found = std::find(plan.arm_codes.begin(), plan.arm_codes.end(), code);
      if (code == kNullCode || found == plan.arm_codes.end()) {
        if (unit.status == Enrolment::Status::none)
          unit.status = Enrolment::Status::unknown_variant;
        continue;
      }
      arm = static_cast<std::size_t>(found - plan.arm_codes.begin());
    }
    if (unit.status == Enrolment::Status::assigned) {
      if (arm == unit.arm) continue;
      unit.status = Enrolment::Status::both_arms;
      return unit;
    }
    unit.status = Enrolment::Status::assigned;
    unit.arm = arm;
    unit.row = row;
    unit.time = time;
  }
  if (unit.status == Enrolment::Status::assigned && plan.exposure)
    find_exposures(frame, view, begin, end, unit);
  return unit;
}

ExperimentPartial::ExperimentPartial(const ExperimentFrame& frame) : moments(frame.program.layout) {
  const std::size_t day_arms = frame.period_days() * frame.plan.arm_codes.size();
  arms.resize(frame.plan.arm_codes.size());
  assigned_by_day.assign(day_arms, 0);
  anchored_by_day.assign(day_arms, 0);
  const ExperimentPlan& plan = frame.plan;
  if (plan.cluster) clusters.emplace(frame.program.layout, arms.size(), plan.max_clusters);
  const std::size_t dimensions = plan.segments.size();
  if (plan.segment_pairs && dimensions > 1)
    pairs.emplace(dimensions * (dimensions - 1) / 2, arms.size(), plan.max_pair_cells);
  if (frame.days == nullptr) return;
  const auto make = [&](std::optional<CellPool>& pool, std::size_t cells) {
    pool.emplace(frame.days->layout);
    pool->resize(cells);
  };
  if (plan.daily) {
    make(daily, day_arms);
    make(cumulative, day_arms);
  }
  if (plan.ages > 0) {
    complete_ages.assign((plan.ages + 1) * arms.size(), 0);
    make(age_daily, plan.ages * arms.size());
    make(age_cumulative, plan.ages * arms.size());
  }
}

std::size_t ExperimentPartial::margin(const std::uint64_t* key) {
  const std::size_t at = margins.position(key);
  if (at == assigned.size()) {
    assigned.push_back(0);
    moments.resize(at + 1);
  }
  return at;
}

void ExperimentPartial::merge(const ExperimentPartial& other) {
  for (std::size_t a = 0; a < arms.size(); ++a) {
    arms[a].assigned += other.arms[a].assigned;
    arms[a].exposed += other.arms[a].exposed;
    arms[a].exposed_before += other.arms[a].exposed_before;
    arms[a].analysed += other.arms[a].analysed;
  }
  both_arms += other.both_arms;
  unknown_variant += other.unknown_variant;
  for (std::size_t m = 0; m < other.margins.size(); ++m) {
    const std::size_t at = margin(other.margins.key(m).data());
    moments.merge(at, other.moments, m);
    assigned[at] += other.assigned[m];
  }
  for (std::size_t i = 0; i < assigned_by_day.size(); ++i) {
    assigned_by_day[i] += other.assigned_by_day[i];
    anchored_by_day[i] += other.anchored_by_day[i];
  }
  for (std::size_t i = 0; i < complete_ages.size(); ++i) complete_ages[i] += other.complete_ages[i];
  const auto all = [](std::optional<CellPool>& pool, const std::optional<CellPool>& more) {
    for (std::size_t i = 0; pool && i < pool->size(); ++i) pool->merge(i, *more, i);
  };
  all(daily, other.daily);
  all(cumulative, other.cumulative);
  all(age_daily, other.age_daily);
  all(age_cumulative, other.age_cumulative);
  if (clusters) clusters->merge(*other.clusters);
  if (pairs) pairs->merge(*other.pairs);
}

ExperimentUnits::ExperimentUnits(const ExperimentFrame& frame)
    : frame_(frame),
      state_(frame.program.slots),
      bindings_(frame.program.windows.size()),
      row_(frame.program.layout.width, 0.0),
      edge_times_(frame.program.edges.size(), 0),
      edge_rows_(frame.program.edges.size(), 0),
      keys_(1 + frame.plan.segments.size()),
      key_(1 + frame.plan.segments.size(), 0),
      cells_(frame.program.layout) {
  for (const FunnelOutput& funnel : frame.program.funnels)
    passes_.emplace_back(funnel.steps, funnel.window_us);
  if (frame.days == nullptr) return;
  day_state_ = FoldState(frame.days->folds.end_slot());
  total_state_ = day_state_;
  day_row_.assign(frame.days->layout.width, 0.0);
}

void ExperimentUnits::bind(const PartitionView& view) {
  for (std::size_t w = 0; w < bindings_.size(); ++w)
    frame_.program.folds[w].bind(view, bindings_[w]);
  if (frame_.days != nullptr) frame_.days->folds.bind(view, day_binding_);
}

TimeUs ExperimentUnits::instant(const Edge& edge, const Unit& unit) const {
  switch (edge.kind) {
    case Edge::Kind::offset:
      return later(unit.anchor, edge.value);
    case Edge::Kind::period_end:
      return frame_.plan.period.end;
    case Edge::Kind::day: {
      const std::size_t day = unit.anchor_day + static_cast<std::size_t>(edge.value);
      if (day >= frame_.grid.days())  // After the last day of the period.
        return day <= frame_.grid.days() + frame_.grid.skipped()
                   ? frame_.grid.end(frame_.grid.days() - 1)
                   : std::numeric_limits<TimeUs>::max();
      return frame_.grid.begin(day);
    }
  }
  return 0;
}

ExperimentUnits::Unit ExperimentUnits::locate(const PartitionView& view, std::size_t begin,
                                              std::size_t end, TimeUs anchor) const {
  Unit unit{begin, end, anchor, frame_.grid.at(anchor), CellWord::kAnalysed};
  if (view.time[begin] >= anchor) unit.word |= CellWord::kNoHistory;
  const TimeUs limit = frame_.seen_until();
  for (std::size_t c = 0; c < frame_.program.ends.size(); ++c)
    if (instant(frame_.program.ends[c], unit) > limit)
      unit.word |= std::uint64_t{1} << (CellWord::kImmature + c);
  return unit;
}

void ExperimentUnits::fill_row(const PartitionView& view, const Unit& unit) {
  const ExperimentProgram& program = frame_.program;
  for (std::size_t e = 0; e < program.edges.size(); ++e)
    edge_times_[e] = std::min(instant(program.edges[e], unit), frame_.plan.period.end);
  rows_before(view.time.data() + unit.begin, unit.end - unit.begin, edge_times_.data(),
              edge_times_.size(), edge_rows_.data());
  for (std::size_t& row : edge_rows_) row += unit.begin;
  for (std::size_t w = 0; w < program.windows.size(); ++w) {
    program.folds[w].reset(state_);
    program.folds[w].run(view, bindings_[w], frame_.plan.inputs.filters, frame_.grid,
                         edge_rows_[program.windows[w].from], edge_rows_[program.windows[w].to],
                         state_);
  }
  program.outputs.write(state_, row_);
  for (std::size_t f = 0; f < program.funnels.size(); ++f) {
    const FunnelOutput& funnel = program.funnels[f];
    passes_[f].reset();
    passes_[f].run(view, edge_rows_[funnel.window.from], edge_rows_[funnel.window.to],
                   [&](std::size_t row) { return funnel.masks.at(view, row); });
    row_[funnel.variable] = passes_[f].complete() ? 1.0 : 0.0;
  }
  if (!program.capped) return;
  for (std::size_t v = 0; v < row_.size(); ++v) row_[v] = std::min(row_[v], program.caps[v]);
}

SegmentKey ExperimentUnits::segment(const SegmentRule& rule, const PartitionView& view,
                                    std::size_t begin, const Enrolment& enrolled) const {
  if (rule.kind == SegmentRule::Kind::tenure)
    return view.time[begin] >= later(enrolled.time, -rule.tenure_us) ? kTenureNew : kTenureExisting;
  const PropertyView& property = view.properties[rule.slot];
  const bool latest = rule.kind == SegmentRule::Kind::at_assignment;
  for (std::size_t i = 0; begin + i <= enrolled.row; ++i)
    if (const auto value = value_at(property, latest ? enrolled.row - i : begin + i)) return *value;
  return missing_key(property.type);
}

void ExperimentUnits::to_margins(ExperimentPartial& partial) const {
  for (std::size_t cell = 0; cell < keys_.size(); ++cell) {
    const auto finest = keys_.key(cell);
    for (std::size_t d = 0; d < finest.size(); ++d) {
      const std::uint64_t key[kMarginWords] = {d, d == 0 ? 0 : finest[d], finest[0]};
      const std::size_t at = partial.margin(key);
      partial.moments.merge(at, cells_, cell);
      partial.assigned[at] += cell_assigned_[cell];
    }
    if (!partial.pairs) continue;
    std::uint64_t key[PairCounts::kWords] = {0, 0, 0, CellWord::arm(finest[0])};
    for (std::size_t i = 1; i < finest.size(); ++i)
      for (std::size_t j = i + 1; j < finest.size(); ++j, ++key[0]) {
        key[1] = finest[i];
        key[2] = finest[j];
        partial.pairs->add(key, cell_assigned_[cell]);
      }
  }
}

void ExperimentUnits::take_cells(const PartitionView& view, std::size_t begin,
                                 const Enrolment& enrolled, bool analysed,
                                 ExperimentPartial& partial) {
  const ExperimentPlan& plan = frame_.plan;
  for (std::size_t d = 0; d < plan.segments.size(); ++d)
    key_[d + 1] = segment(plan.segments[d], view, begin, enrolled);
  const std::size_t cell = keys_.position(key_.data());
  if (cell == cell_assigned_.size()) {
    cell_assigned_.push_back(0);
    cells_.resize(cell + 1);
  }
  cell_assigned_[cell] += 1;
  if (analysed) cells_.add(cell, row_.data());
  if (!plan.cluster) return;
  const PropertyView& property = view.properties[plan.cluster->slot];
  const SegmentKey cluster = segment(*plan.cluster, view, begin, enrolled);
  if (cluster == missing_key(property.type) || cluster == plan.empty_cluster)
    partial.clusters->without[enrolled.arm] += 1;
  else
    partial.clusters->add(cluster, key_[0], analysed ? row_.data() : nullptr);
}

ExperimentPartial ExperimentUnits::take(const PartitionView& view) {
  ExperimentPartial partial(frame_);
  const ExperimentPlan& plan = frame_.plan;
  bind(view);
  keys_.clear();
  cells_.clear();
  cell_assigned_.clear();
  for (std::size_t u = 0; u < view.units(); ++u) {
    const std::size_t begin = view.offsets[u];
    const std::size_t end = view.offsets[u + 1];
    const Enrolment enrolled = enrolment(frame_, view, begin, end);
    if (enrolled.status == Enrolment::Status::none) continue;
    if (enrolled.status != Enrolment::Status::assigned) {
      (enrolled.status == Enrolment::Status::both_arms ? partial.both_arms
                                                       : partial.unknown_variant) += 1;
      continue;
    }
    ArmTotals& arm = partial.arms[enrolled.arm];
    const auto by_day = [&](std::size_t day) {
      return (day - frame_.first_position) * plan.arm_codes.size() + enrolled.arm;
    };
    const bool analysed = !plan.anchor_at_exposure || enrolled.exposed;
    arm.assigned += 1;
    arm.exposed += enrolled.exposed ? 1 : 0;
    arm.exposed_before += enrolled.exposed_before ? 1 : 0;
    arm.analysed += analysed ? 1 : 0;
    partial.assigned_by_day[by_day(frame_.grid.at(enrolled.time))] += 1;

    key_[0] = enrolled.arm;
    std::optional<Unit> unit;
    if (analysed) {
      unit = locate(view, begin, end, plan.anchor_at_exposure ? *enrolled.exposed : enrolled.time);
      key_[0] |= unit->word;
    }
    for (const SegmentRule& rule : plan.segments)
      if (rule.kind != SegmentRule::Kind::tenure)
        prefetch(view.properties[rule.slot],
                 rule.kind == SegmentRule::Kind::at_assignment ? enrolled.row : begin);
    if (unit) fill_row(view, *unit);
    take_cells(view, begin, enrolled, analysed, partial);
    if (!unit) continue;
    partial.anchored_by_day[by_day(unit->anchor_day)] += 1;
    if (plan.daily && frame_.days != nullptr) take_days(view, *unit, enrolled.arm, partial);
    if (plan.ages > 0 && frame_.days != nullptr) take_ages(view, *unit, enrolled.arm, partial);
  }
  to_margins(partial);
  return partial;
}

}  // namespace assay::events::detail
