#include "random_query.hpp"

#include <fmt/core.h>

namespace assay::differential {
namespace {

using engine::Aggregation;
using engine::EventSelector;
using engine::ExperimentMetric;
using engine::MetricKind;
using engine::SegmentBy;
using engine::Term;
using frame::Comparison;
using frame::Literal;
using frame::Predicate;

Literal random_literal(Dice& dice, const std::string& column, const World& world) {
  if (column == "country" || column == "Event" || column == "variant")
    return dice.pick(std::vector<std::string>{"DE", "FR", "", "it's", "control", "nowhere"});
  if (column == "flag") {
    if (dice.chance(0.5)) return dice.chance(0.5);
    return dice.between(0, 1);
  }
  if (column == "when") return world.span.begin + dice.below(world.span.end - world.span.begin);
  if (dice.chance(0.3)) return static_cast<double>(dice.between(-4, 24)) / 2.0;
  return dice.between(-3, 12);
}

Predicate random_predicate(Dice& dice, const World& world, int depth) {
  Predicate predicate;
  const bool leaf = depth == 0 || dice.chance(0.5);
  predicate.kind = static_cast<Predicate::Kind>(leaf ? dice.below(3) : dice.between(3, 5));
  if (!leaf) {
    const int children = predicate.kind == Predicate::Kind::negate ? 1 : 2;
    for (int i = 0; i < children; ++i)
      predicate.children.push_back(random_predicate(dice, world, depth - 1));
    return predicate;
  }
  predicate.column = dice.pick(std::vector<std::string>{
      "value", "amount", "flag", "country", "variant", "when", "Event", "arm", "start"});
  if (predicate.kind == Predicate::Kind::is_null) return predicate;
  predicate.comparison = static_cast<Comparison>(dice.below(6));
  const std::int64_t count = predicate.kind == Predicate::Kind::in ? dice.between(1, 3) : 1;
  for (std::int64_t i = 0; i < count; ++i)
    predicate.literals.push_back(random_literal(dice, predicate.column, world));
  return predicate;
}

EventSelector random_selector(Dice& dice, const World& world) {
  EventSelector selector;
  if (dice.chance(0.8)) {
    selector.names.push_back(dice.pick(std::vector<std::string>{"a", "b", "c"}));
    if (dice.chance(0.3)) selector.names.push_back("expose");
  }
  if (dice.chance(0.35)) selector.where = random_predicate(dice, world, 2);
  return selector;
}

TimeUs random_instant(Dice& dice, const World& world) {
  const TimeUs time = world.span.begin + dice.below(world.span.end - world.span.begin);
  return dice.chance(0.5) ? world.timezone.day_start(world.timezone.local_day(time)) : time;
}

Term random_term(Dice& dice, const World& world) {
  Term term;
  term.event = random_selector(dice, world);
  term.aggregation = static_cast<Aggregation>(dice.below(5));
  if (term.aggregation == Aggregation::sum || term.aggregation == Aggregation::max)
    term.column = dice.pick(std::vector<std::string>{"value", "amount", "flag"});
  if (dice.chance(0.3)) term.scale = 0.37;
  return term;
}

ExperimentMetric random_metric(Dice& dice, const World& world, int number) {
  ExperimentMetric metric;
  metric.name = fmt::format("metric_{}", number);
  metric.kind = static_cast<MetricKind>(dice.below(4));
  metric.delay_us = dice.chance(0.3) ? dice.below(30) * kHourUs : 0;
  if (dice.chance(0.5)) metric.length_us = dice.between(1, 60) * kHourUs;
  if (metric.kind == MetricKind::funnel) {
    metric.funnel_window_us = dice.below(72) * kHourUs;
    const std::int64_t steps = dice.between(1, 3);
    for (std::int64_t i = 0; i < steps; ++i) metric.steps.push_back(random_selector(dice, world));
    return metric;
  }
  metric.numerator = random_term(dice, world);
  if (metric.kind == MetricKind::retention) {
    metric.retention_day = static_cast<int>(dice.between(1, 3));
    metric.delay_us = 0;
    metric.length_us.reset();
    return metric;
  }
  if (metric.kind == MetricKind::ratio) metric.denominator = random_term(dice, world);
  if (dice.chance(0.5)) metric.covariate_us = dice.between(1, 72) * kHourUs;
  if (dice.chance(0.25)) {
    metric.cap_quantile = dice.pick(std::vector<double>{0.5, 0.9, 0.95});
    metric.cap_ignores_zeros = dice.chance(0.5);
  } else if (dice.chance(0.2)) {
    metric.cap_value = 2.5;
  }
  return metric;
}

SegmentBy random_segment(Dice& dice) {
  SegmentBy segment;
  segment.name = "segment";
  segment.kind = static_cast<SegmentBy::Kind>(dice.below(3));
  segment.tenure_us = dice.below(60) * kHourUs;
  segment.property = dice.pick(std::vector<std::string>{"country", "value", "flag", "Event"});
  return segment;
}

}  // namespace

engine::ActiveUsersQuery random_active_users(Dice& dice, const World& world) {
  engine::ActiveUsersQuery query;
  query.event = random_selector(dice, world);
  query.timezone = world.timezone;
  query.trailing_days = static_cast<int>(dice.pick(std::vector<std::int64_t>{1, 2, 7}));
  return query;
}

engine::RetentionQuery random_retention(Dice& dice, const World& world) {
  engine::RetentionQuery query;
  query.start = random_selector(dice, world);
  query.returning = random_selector(dice, world);
  query.entry = static_cast<engine::CohortEntry>(dice.below(2));
  query.max_day = static_cast<int>(dice.between(1, 8));
  query.timezone = world.timezone;
  query.complete_until = random_instant(dice, world);
  return query;
}

engine::FunnelQuery random_funnel(Dice& dice, const World& world) {
  engine::FunnelQuery query;
  const std::int64_t steps = dice.between(1, 5);
  for (std::int64_t i = 0; i < steps; ++i) query.steps.push_back(random_selector(dice, world));
  query.window_us = dice.chance(0.2) ? 0 : dice.below(16) * 6 * kHourUs;
  if (dice.chance(0.4)) {
    query.period = TimeRange{random_instant(dice, world), 0};
    query.period->end = query.period->begin + dice.between(1, 100) * kHourUs;
  }
  return query;
}

engine::SessionsQuery random_sessions(Dice& dice, const World& world) {
  engine::SessionsQuery query;
  query.event = random_selector(dice, world);
  query.gap_us = dice.below(24) * kHourUs / 2;
  query.timezone = world.timezone;
  return query;
}

engine::ExperimentQuery random_experiment(Dice& dice, const World& world) {
  engine::ExperimentQuery query;
  query.assignment.names = {"assign"};
  query.variant_property = "variant";
  query.arms = {"control", "treatment"};
  if (dice.chance(0.6)) {
    query.exposure = EventSelector{{"expose"}, std::nullopt};
    if (dice.chance(0.3)) query.exposure = random_selector(dice, world);
  }
  query.anchor = static_cast<engine::Anchor>(dice.below(2));
  if (dice.chance(0.25)) query.eligible = random_predicate(dice, world, 1);
  query.timezone = world.timezone;
  query.period.begin = world.span.begin + dice.below(3) * kDayUs;
  query.period.end = query.period.begin + dice.between(30, 100) * kHourUs;
  query.complete_until = query.period.end + dice.between(-30, 10) * kHourUs;
  const std::int64_t metrics = dice.between(1, 4);
  for (int i = 0; i < metrics; ++i) query.metrics.push_back(random_metric(dice, world, i));
  const std::int64_t segments = dice.below(3);
  for (int i = 0; i < segments; ++i) query.segments.push_back(random_segment(dice));
  query.daily = dice.chance(0.5);
  if (dice.chance(0.5)) query.max_age = static_cast<int>(dice.below(5));
  if (dice.chance(0.5)) {
    query.cluster = dice.pick(std::vector<std::string>{"country", "value", "amount", "flag"});
    if (dice.chance(0.2)) query.max_clusters = dice.between(1, 3);
  }
  query.segment_pairs = dice.chance(0.5);
  if (dice.chance(0.2)) {  // A baseline from history: any of these events is an entry.
    query.variant_property.clear();
    query.arms = {"all"};
    if (dice.chance(0.7)) query.assignment = random_selector(dice, world);
  }
  return query;
}

engine::UnitTotalsQuery random_unit_totals(Dice& dice, const World& world) {
  engine::UnitTotalsQuery query;
  query.active = random_selector(dice, world);
  query.timezone = world.timezone;
  query.period.begin = random_instant(dice, world);
  query.period.end = query.period.begin + dice.between(1, 100) * kHourUs;
  const std::int64_t metrics = dice.between(1, 4);
  for (int i = 0; i < metrics; ++i) {
    engine::UnitMetric metric{fmt::format("metric_{}", i), random_term(dice, world), {}, {}};
    if (dice.chance(0.5)) metric.denominator = random_term(dice, world);
    if (dice.chance(0.3)) metric.cap_value = 2.5;
    query.metrics.push_back(std::move(metric));
  }
  return query;
}

engine::SeriesQuery random_series(Dice& dice, const World& world) {
  const engine::UnitTotalsQuery totals = random_unit_totals(dice, world);
  const Day first = world.timezone.local_day(totals.period.begin);
  return {totals.active, first, first + static_cast<Day>(dice.below(6)), world.timezone,
          totals.metrics};
}

engine::UnitTableQuery random_unit_table(Dice& dice, const World& world) {
  engine::UnitTableQuery query{random_experiment(dice, world)};
  if (dice.chance(0.1)) query.max_units = dice.between(1, 5);
  const std::int64_t firsts = dice.below(4);
  for (int i = 0; i < firsts; ++i) query.first_events.push_back(random_selector(dice, world));
  return query;
}

}  // namespace assay::differential
