#include "assay/events/experiment_reference.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace assay::events {
namespace {

using Events = std::vector<LoggedEvent>;
using Row = std::vector<double>;

bool meant(const EventSet& set, const LoggedEvent& event) {
  const bool name = set.any_name || std::count(set.codes.begin(), set.codes.end(), event.event) > 0;
  return name && (!set.filter || event.codes[0] == 1);
}

Events between(const Events& events, TimeUs from, TimeUs to) {
  Events kept;
  for (const LoggedEvent& event : events)
    if (event.time >= from && event.time < to) kept.push_back(event);
  return kept;
}

std::optional<double> number(const LoggedEvent& event, std::size_t slot) {
  if (slot == kMoney)
    return std::isnan(event.doubles[0]) ? std::nullopt : std::optional(event.doubles[0]);
  if (event.ints[0] == kNullInt) return std::nullopt;
  return static_cast<double>(event.ints[0]);
}

double folded(const FoldTerm& term, const Events& events, const TimeZone& zone) {
  std::vector<double> values;
  std::set<Day> days;
  double count = 0;
  for (const LoggedEvent& event : events) {
    if (!meant(term.events, event)) continue;
    count += 1;
    days.insert(zone.local_day(event.time));
    if (const auto value = number(event, term.slot)) values.push_back(*value);
  }
  double result = 0;
  switch (term.fold) {
    case Fold::count:
      result = count;
      break;
    case Fold::any:
      result = count > 0 ? 1 : 0;
      break;
    case Fold::distinct_days:
      result = static_cast<double>(days.size());
      break;
    case Fold::sum:
      for (const double value : values) result += value;
      break;
    case Fold::max:
      if (!values.empty()) result = *std::max_element(values.begin(), values.end());
      break;
  }
  return result * term.scale;
}

/// Tries every choice of events.
bool funnel_done(const Outcome& metric, const Events& events, std::size_t step, TimeUs first,
                 TimeUs last, std::set<std::size_t>& used) {
  if (step == metric.steps.size()) return true;
  for (std::size_t e = 0; e < events.size(); ++e) {
    const TimeUs t = events[e].time;
    if (used.contains(e) || !meant(metric.steps[step], events[e])) continue;
    if (step > 0 && (t < last || t - first > metric.funnel_window_us)) continue;
    used.insert(e);
    if (funnel_done(metric, events, step + 1, step == 0 ? t : first, t, used)) return true;
    used.erase(e);
  }
  return false;
}

struct Subject {
  const Events* events = nullptr;
  std::size_t arm = 0;
  std::size_t assignment = 0;  ///< Position of the assignment event.
  TimeUs assigned_at = 0;
  std::optional<TimeUs> exposed;
  bool exposed_before = false;
  std::optional<TimeUs> anchor;             ///< Analysed units only.
  std::vector<std::optional<Row>> metrics;  ///< None: immature.
};

std::optional<Row> outcome(const Outcome& metric, const Subject& unit, const ExperimentPlan& plan) {
  const TimeUs anchor = *unit.anchor;
  const TimeZone& zone = plan.timezone;
  TimeUs from = anchor + metric.delay_us;
  TimeUs to = plan.period.end;
  bool fixed = false;
  if (metric.length_us) {
    to = from + *metric.length_us;
    fixed = true;
  }
  if (metric.kind == OutcomeKind::retention) {
    from = zone.day_start(zone.local_day(anchor) + metric.retention_day);
    to = zone.day_start(zone.local_day(anchor) + metric.retention_day + 1);
    fixed = true;
  }
  if (fixed && (to > plan.complete_until || to > plan.period.end)) return std::nullopt;
  const Events window = between(*unit.events, from, std::min(to, plan.period.end));
  if (metric.kind == OutcomeKind::retention)
    return Row{
        std::any_of(window.begin(), window.end(),
                    [&](const LoggedEvent& event) { return meant(metric.numerator.events, event); })
            ? 1.0
            : 0.0};
  if (metric.kind == OutcomeKind::funnel) {
    std::set<std::size_t> used;
    return Row{funnel_done(metric, window, 0, 0, 0, used) ? 1.0 : 0.0};
  }
  Row row = {folded(metric.numerator, window, zone)};
  const bool ratio = metric.kind == OutcomeKind::ratio;
  if (ratio) row.push_back(folded(metric.denominator, window, zone));
  if (metric.covariate_us > 0) {
    const Events before = between(*unit.events, anchor - metric.covariate_us, anchor);
    row.push_back(folded(metric.numerator, before, zone));
    if (ratio) row.push_back(folded(metric.denominator, before, zone));
    row.push_back(unit.events->front().time >= anchor ? 1.0 : 0.0);
  }
  return row;
}

numerics::CoMoments two_pass(const std::vector<Row>& rows, std::size_t variables) {
  numerics::CoMoments moments(variables);
  moments.n = static_cast<std::int64_t>(rows.size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < variables; ++i)
      moments.mean[i] += row[i] / static_cast<double>(rows.size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < variables; ++i)
      for (std::size_t j = i; j < variables; ++j)
        moments.comoment[numerics::CoMoments::index(i, j, variables)] +=
            (row[i] - moments.mean[i]) * (row[j] - moments.mean[j]);
  return moments;
}

/// Fills in who the unit is; counts units that are analysed nowhere.
std::optional<Subject> enrol(const Events& events, const ExperimentPlan& plan,
                             ExperimentTotals& totals) {
  Subject unit;
  unit.events = &events;
  std::set<std::size_t> arms;
  bool any = false;
  for (std::size_t e = 0; e < events.size(); ++e) {
    const LoggedEvent& event = events[e];
    if (!meant(plan.assignment, event)) continue;
    if (event.time < plan.period.begin || event.time >= plan.period.end) continue;
    any = true;
    for (std::size_t a = 0; a < plan.arm_codes.size(); ++a) {
      if (!plan.one_arm && (event.codes[1] == 0 || event.codes[1] != plan.arm_codes[a])) continue;
      if (arms.empty()) {
        unit.arm = a;
        unit.assignment = e;
        unit.assigned_at = event.time;
      }
      arms.insert(a);
    }
  }
  if (arms.size() > 1) totals.both_arms += 1;
  if (any && arms.empty()) totals.unknown_variant += 1;
  if (arms.size() != 1) return std::nullopt;
  for (const LoggedEvent& event : between(events, plan.period.begin, plan.period.end)) {
    if (!plan.exposure || !meant(*plan.exposure, event)) continue;
    if (event.time < unit.assigned_at) unit.exposed_before = true;
    if (event.time >= unit.assigned_at && !unit.exposed) unit.exposed = event.time;
  }
  if (!plan.anchor_at_exposure) unit.anchor = unit.assigned_at;
  if (plan.anchor_at_exposure) unit.anchor = unit.exposed;
  return unit;
}

SegmentKey segment_key(const SegmentRule& rule, const Subject& unit) {
  const Events& events = *unit.events;
  if (rule.kind == SegmentRule::Kind::tenure)
    return unit.assigned_at - events.front().time <= rule.tenure_us ? kTenureNew : kTenureExisting;
  const auto value = [&](const LoggedEvent& event) -> std::optional<SegmentKey> {
    if (rule.slot == kCountry)
      return event.codes[0] == 0 ? std::nullopt : std::optional<SegmentKey>(event.codes[0]);
    const auto x = number(event, rule.slot);
    if (!x) return std::nullopt;
    return rule.slot == kMoney ? std::bit_cast<SegmentKey>(*x)
                               : static_cast<SegmentKey>(event.ints[0]);
  };
  std::optional<SegmentKey> first;
  std::optional<SegmentKey> last;
  for (std::size_t e = 0; e <= unit.assignment; ++e)
    if (const auto here = value(events[e])) {
      if (!first) first = here;
      last = here;
    }
  const auto found = rule.kind == SegmentRule::Kind::first_touch ? first : last;
  if (found) return *found;
  return rule.slot == kCountry ? SegmentKey{0}
         : rule.slot == kMoney ? kMissingReal
                               : static_cast<SegmentKey>(kNullInt);
}

/// Moments by arm and metric of the units that `keep` keeps.
MomentsByArm moments_of(const std::vector<Subject>& units, const ExperimentPlan& plan,
                        const std::function<bool(const Subject&)>& keep) {
  MomentsByArm moments(plan.arm_codes.size());
  for (std::size_t arm = 0; arm < plan.arm_codes.size(); ++arm)
    for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
      std::vector<Row> rows;
      for (const Subject& unit : units)
        if (unit.anchor && unit.arm == arm && keep(unit) && unit.metrics[m])
          rows.push_back(*unit.metrics[m]);
      moments[arm].push_back(two_pass(rows, plan.metrics[m].variables()));
    }
  return moments;
}

void apply_caps(std::vector<Subject>& units, const ExperimentPlan& plan, ExperimentTotals& totals) {
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    const Outcome& metric = plan.metrics[m];
    std::optional<double> cap = metric.cap_value;
    std::vector<double> values;
    for (const Subject& unit : units)
      if (unit.anchor && unit.metrics[m] &&
          (!metric.cap_ignores_zeros || (*unit.metrics[m])[0] > 0))
        values.push_back((*unit.metrics[m])[0]);
    std::sort(values.begin(), values.end());
    if (metric.cap_quantile && !values.empty()) {
      const double rank = std::ceil(static_cast<double>(values.size()) * *metric.cap_quantile);
      cap = values[static_cast<std::size_t>(rank) - 1];
    }
    totals.caps.push_back(cap);
    if (!cap) continue;
    for (Subject& unit : units) {
      if (!unit.anchor || !unit.metrics[m]) continue;
      Row& row = *unit.metrics[m];
      row[0] = std::min(row[0], *cap);
      const std::size_t x = metric.kind == OutcomeKind::ratio ? 2 : 1;
      if (metric.with_covariate()) row[x] = std::min(row[x], *cap);
    }
  }
}

void add_days(const std::vector<Subject>& units, const ExperimentPlan& plan,
              ExperimentTotals& totals) {
  const TimeZone& zone = plan.timezone;
  totals.first_day = zone.local_day(plan.period.begin);
  const Day last = zone.local_day(plan.period.end - 1);
  for (Day day = totals.first_day; day <= last; ++day) {
    totals.assigned_by_day.emplace_back(plan.arm_codes.size(), 0);
    for (const Subject& unit : units)
      if (zone.local_day(unit.assigned_at) == day) totals.assigned_by_day.back()[unit.arm] += 1;
    if (!plan.daily) continue;
    for (const bool cumulative : {false, true}) {
      auto& by_arm = (cumulative ? totals.cumulative : totals.daily).emplace_back();
      for (std::size_t arm = 0; arm < plan.arm_codes.size(); ++arm) {
        by_arm.emplace_back();
        for (const Outcome& metric : plan.metrics) {
          std::vector<Row> rows;
          const TimeUs end = std::min(zone.day_start(day + 1), plan.period.end);
          for (const Subject& unit : units) {
            if (!unit.anchor || unit.arm != arm || *unit.anchor >= end) continue;
            const TimeUs begin =
                cumulative ? *unit.anchor : std::max(*unit.anchor, zone.day_start(day));
            const Events window = between(*unit.events, begin, end);
            rows.push_back({folded(metric.numerator, window, zone)});
            if (metric.kind == OutcomeKind::ratio)
              rows.back().push_back(folded(metric.denominator, window, zone));
          }
          const std::size_t variables = metric.kind == OutcomeKind::ratio ? 2 : 1;
          by_arm.back().push_back(metric.additive() ? two_pass(rows, variables)
                                                    : numerics::CoMoments());
        }
      }
    }
  }
}

/// What units did on their own days: by day, and from the anchor on.
void add_ages(const std::vector<Subject>& units, const ExperimentPlan& plan,
              ExperimentTotals& totals) {
  for (std::size_t age = 0; age < plan.ages; ++age) {
    for (const bool cumulative : {false, true}) {
      auto& by_arm = (cumulative ? totals.age_cumulative : totals.age_daily).emplace_back();
      for (std::size_t arm = 0; arm < plan.arm_codes.size(); ++arm) {
        by_arm.emplace_back();
        for (const Outcome& metric : plan.metrics) {
          std::vector<Row> rows;
          for (const Subject& unit : units) {
            if (!unit.anchor || unit.arm != arm) continue;
            const TimeUs begin = *unit.anchor + static_cast<TimeUs>(age) * kDayUs;
            const TimeUs end = begin + kDayUs;
            if (end > plan.complete_until || end > plan.period.end) continue;
            const Events window = between(*unit.events, cumulative ? *unit.anchor : begin, end);
            rows.push_back({folded(metric.numerator, window, plan.timezone)});
            if (metric.kind == OutcomeKind::ratio)
              rows.back().push_back(folded(metric.denominator, window, plan.timezone));
          }
          const std::size_t variables = metric.kind == OutcomeKind::ratio ? 2 : 1;
          by_arm.back().push_back(metric.additive() ? two_pass(rows, variables)
                                                    : numerics::CoMoments());
        }
      }
    }
  }
}

void add_clusters(const std::vector<Subject>& units, const ExperimentPlan& plan,
                  ExperimentTotals& totals) {
  if (!plan.cluster) return;
  ClusterTotals& clusters = totals.clusters.emplace();
  clusters.without.assign(plan.arm_codes.size(), 0);
  const SegmentKey none = plan.cluster->slot == kCountry ? SegmentKey{0}
                          : plan.cluster->slot == kMoney ? kMissingReal
                                                         : static_cast<SegmentKey>(kNullInt);
  std::set<std::pair<SegmentKey, std::size_t>> cells;
  for (const Subject& unit : units) {
    const SegmentKey key = segment_key(*plan.cluster, unit);
    if (key == none)
      clusters.without[unit.arm] += 1;
    else
      cells.insert({key, unit.arm});
  }
  for (const Outcome& metric : plan.metrics)
    clusters.metrics.emplace_back(metric.variables(), cells.size());
  for (const auto& [key, arm] : cells) {
    const auto inside = [&, wanted = key](const Subject& unit) {
      return segment_key(*plan.cluster, unit) == wanted;
    };
    const MomentsByArm moments = moments_of(units, plan, inside);
    for (std::size_t m = 0; m < plan.metrics.size(); ++m)
      clusters.metrics[m].set(clusters.keys.size(), moments[arm][m]);
    clusters.keys.push_back(key);
    clusters.arms.push_back(static_cast<std::uint8_t>(arm));
    clusters.assigned.push_back(0);
    clusters.analysed.push_back(0);
    for (const Subject& unit : units) {
      if (unit.arm != arm || !inside(unit)) continue;
      clusters.assigned.back() += 1;
      clusters.analysed.back() += unit.anchor ? 1 : 0;
    }
  }
}

void add_pairs(const std::vector<Subject>& units, const ExperimentPlan& plan,
               ExperimentTotals& totals) {
  if (!plan.segment_pairs) return;
  for (std::size_t i = 0; i < plan.segments.size(); ++i)
    for (std::size_t j = i + 1; j < plan.segments.size(); ++j) {
      std::map<std::pair<SegmentKey, SegmentKey>, std::vector<std::int64_t>> cells;
      for (const Subject& unit : units) {
        auto& cell =
            cells[{segment_key(plan.segments[i], unit), segment_key(plan.segments[j], unit)}];
        cell.resize(plan.arm_codes.size(), 0);
        cell[unit.arm] += 1;
      }
      PairTotals& pair = totals.pairs.emplace_back(PairTotals{i, j, {}, {}, {}});
      for (const auto& [keys, assigned] : cells) {
        pair.first_keys.push_back(keys.first);
        pair.second_keys.push_back(keys.second);
        pair.assigned.push_back(assigned);
      }
    }
}

}  // namespace

RowFilter country_is_one() {
  static const MemoryDictionary countries({"one", "two", "three"});
  frame::Predicate predicate;
  predicate.column = "country";
  predicate.literals = {std::string("one")};
  return *RowFilter::compile(predicate, [](const std::string&) -> Result<ColumnRef> {
    return ColumnRef{kCountry, frame::Type::text, &countries};
  });
}

ExperimentTotals reference_experiment(const MemoryLog::Units& log, const ExperimentPlan& plan) {
  ExperimentTotals totals;
  totals.arms.resize(plan.arm_codes.size());
  std::vector<Subject> units;
  for (const Events& events : log) {
    auto unit = enrol(events, plan, totals);
    if (!unit) continue;
    if (unit->anchor)
      for (const Outcome& metric : plan.metrics)
        unit->metrics.push_back(outcome(metric, *unit, plan));
    ArmTotals& arm = totals.arms[unit->arm];
    arm.assigned += 1;
    arm.exposed += unit->exposed ? 1 : 0;
    arm.exposed_before += unit->exposed_before ? 1 : 0;
    arm.analysed += unit->anchor ? 1 : 0;
    units.push_back(std::move(*unit));
  }
  apply_caps(units, plan, totals);
  totals.overall = moments_of(units, plan, [](const Subject&) { return true; });
  totals.immature.assign(plan.arm_codes.size(), std::vector<std::int64_t>(plan.metrics.size(), 0));
  for (const Subject& unit : units)
    for (std::size_t m = 0; unit.anchor && m < plan.metrics.size(); ++m)
      totals.immature[unit.arm][m] += unit.metrics[m] ? 0 : 1;
  for (const SegmentRule& rule : plan.segments) {
    std::set<SegmentKey> keys;
    for (const Subject& unit : units) keys.insert(segment_key(rule, unit));
    auto& values = totals.segments.emplace_back();
    for (const SegmentKey key : keys) {
      const auto inside = [&](const Subject& unit) { return segment_key(rule, unit) == key; };
      values.push_back({key, std::vector<std::int64_t>(plan.arm_codes.size(), 0),
                        moments_of(units, plan, inside)});
      for (const Subject& unit : units)
        if (inside(unit)) values.back().assigned[unit.arm] += 1;
    }
  }
  add_days(units, plan, totals);
  add_ages(units, plan, totals);
  add_clusters(units, plan, totals);
  add_pairs(units, plan, totals);
  return totals;
}

}  // namespace assay::events
