#include "assay/engine/embedded_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/engine/metric_variables.hpp"

namespace assay::engine {
namespace {

tl::unexpected<Error> no_such(const char* what, const std::string& name,
                              const std::vector<std::string>& have) {
  const std::string near = nearest(name, have);
  return fail(ErrorCode::invalid_spec, fmt::format("the data has no {} `{}`", what, name), {},
              near.empty() ? "" : fmt::format("did you mean `{}`?", near), list_text(have));
}

std::vector<std::string> event_names(const events::Index& index) {
  std::vector<std::string> names;
  for (std::uint32_t code = 1; code < index.event_names().size(); ++code)
    names.emplace_back(index.event_names().at(code));
  return names;
}

}  // namespace

Result<std::size_t> PlanWriter::slot(const std::string& property) {
  const auto position = index_.find_property(property);
  if (!position) {
    std::vector<std::string> have;
    for (const events::Property& p : index_.properties()) have.push_back(p.name);
    return no_such("property", property, have);
  }
  auto& kept = inputs_.properties;
  const auto found = std::find(kept.begin(), kept.end(), *position);
  const auto slot = static_cast<std::size_t>(found - kept.begin());
  if (found == kept.end()) kept.push_back(*position);
  return slot;
}

std::vector<frame::Type> PlanWriter::slot_types() const {
  std::vector<frame::Type> types;
  for (const std::size_t property : inputs_.properties)
    types.push_back(index_.properties()[property].type);
  return types;
}

Result<std::size_t> PlanWriter::filter(const frame::Predicate& predicate) {
  const auto [at, fresh] = filters_.try_emplace(frame::to_text(predicate), filters_.size());
  if (!fresh) return at->second;
  const auto lookup = [this](const std::string& name) -> Result<events::ColumnRef> {
    ASSAY_TRY(const std::size_t position, slot(name));
    const std::size_t property = inputs_.properties[position];
    const frame::Type type = index_.properties()[property].type;
    return events::ColumnRef{position, type,
                             type == frame::Type::text ? &index_.dictionary(property) : nullptr};
  };
  ASSAY_TRY(auto compiled, events::RowFilter::compile(predicate, lookup));
  inputs_.filters.push_back(std::move(compiled));
  return at->second;
}

Result<events::EventSet> PlanWriter::events(const EventSelector& selector) {
  events::EventSet set;
  set.any_name = selector.names.empty();
  for (const std::string& name : selector.names) {
    const auto code = index_.event_names().find(name);
    if (!code) return no_such("event", name, event_names(index_));
    set.codes.push_back(static_cast<std::uint16_t>(*code));
  }
  std::sort(set.codes.begin(), set.codes.end());
  set.codes.erase(std::unique(set.codes.begin(), set.codes.end()), set.codes.end());
  if (selector.where) {
    ASSAY_TRY(set.filter, filter(*selector.where));
  }
  return set;
}

Result<events::EventSet> PlanWriter::events(const EventSelector& selector,
                                            const std::optional<frame::Predicate>& also) {
  if (!also) return events(selector);
  EventSelector both = selector;
  both.where = also;
  if (selector.where) {
    frame::Predicate all;
    all.kind = frame::Predicate::Kind::all;
    all.children = {*selector.where, *also};
    both.where = all;
  }
  return events(both);
}

Result<events::FoldTerm> PlanWriter::term(const Term& term) {
  events::FoldTerm made;
  ASSAY_TRY(made.events, events(term.event));
  made.scale = term.scale;
  switch (term.aggregation) {
    case Aggregation::count:
      made.fold = events::Fold::count;
      break;
    case Aggregation::sum:
      made.fold = events::Fold::sum;
      break;
    case Aggregation::any:
      made.fold = events::Fold::any;
      break;
    case Aggregation::distinct_days:
      made.fold = events::Fold::distinct_days;
      break;
    case Aggregation::max:
      made.fold = events::Fold::max;
      break;
  }
  if (term.aggregation == Aggregation::sum || term.aggregation == Aggregation::max) {
    ASSAY_TRY(made.slot, slot(term.column));
    const frame::Type type = index_.properties()[inputs_.properties[made.slot]].type;
    if (type == frame::Type::text || type == frame::Type::time_us)
      return fail(ErrorCode::invalid_spec,
                  fmt::format("property `{}` is of type {} and cannot be added up", term.column,
                              frame::to_text(type)));
  }
  return made;
}

Result<events::Outcome> PlanWriter::outcome(const ExperimentMetric& metric) {
  events::Outcome made;
  made.delay_us = metric.delay_us;
  made.length_us = metric.length_us;
  made.retention_day = metric.retention_day;
  made.funnel_window_us = metric.funnel_window_us;
  made.cap_quantile = metric.cap_quantile;
  made.cap_ignores_zeros = metric.cap_ignores_zeros;
  made.cap_value = metric.cap_value;
  made.covariate_us = metric.covariate_us;
  switch (metric.kind) {
    case MetricKind::mean:
      made.kind = events::OutcomeKind::mean;
      break;
    case MetricKind::ratio:
      made.kind = events::OutcomeKind::ratio;
      break;
    case MetricKind::retention: {
      made.kind = events::OutcomeKind::retention;
      ASSAY_TRY(made.numerator.events, events(metric.numerator.event));
      return made;
    }
    case MetricKind::funnel: {
      made.kind = events::OutcomeKind::funnel;
      for (const EventSelector& step : metric.steps) {
        ASSAY_TRY(auto set, events(step));
        made.steps.push_back(std::move(set));
      }
      return made;
    }
  }
  ASSAY_TRY(made.numerator, term(metric.numerator));
  if (metric.kind == MetricKind::ratio) {
    if (!metric.denominator)
      return fail(ErrorCode::invalid_spec,
                  fmt::format("ratio metric `{}` has no denominator", metric.name));
    ASSAY_TRY(made.denominator, term(*metric.denominator));
  }
  return made;
}

Result<events::SegmentRule> PlanWriter::segment(const SegmentBy& segment) {
  events::SegmentRule made;
  made.tenure_us = segment.tenure_us;
  switch (segment.kind) {
    case SegmentBy::Kind::at_assignment:
      made.kind = events::SegmentRule::Kind::at_assignment;
      break;
    case SegmentBy::Kind::first_touch:
      made.kind = events::SegmentRule::Kind::first_touch;
      break;
    case SegmentBy::Kind::tenure:
      made.kind = events::SegmentRule::Kind::tenure;
      return made;
  }
  ASSAY_TRY(made.slot, slot(segment.property));
  return made;
}

Result<void> PlanWriter::experiment(const ExperimentQuery& query, events::ExperimentPlan& plan) {
  ASSAY_TRY(plan.assignment, events(query.assignment, query.eligible));
  if (query.arms.size() > events::kMaxArms)
    return fail(ErrorCode::invalid_spec, fmt::format("the experiment has {} arms; at most {}",
                                                     query.arms.size(), events::kMaxArms));
  plan.one_arm = query.variant_property.empty();
  if (plan.one_arm) {
    plan.arm_codes = {events::kNullCode};
  } else {
    ASSAY_TRY(plan.variant_slot, slot(query.variant_property));
    const std::size_t variant = inputs_.properties[plan.variant_slot];
    if (index_.properties()[variant].type != frame::Type::text)
      return fail(ErrorCode::invalid_spec,
                  fmt::format("the variant property `{}` is not text", query.variant_property));
    for (const std::string& arm : query.arms)
      plan.arm_codes.push_back(index_.dictionary(variant).find(arm).value_or(events::kNullCode));
  }
  if (query.exposure) {
    ASSAY_TRY(plan.exposure, events(*query.exposure));
  }
  plan.anchor_at_exposure = query.exposure && query.anchor == Anchor::exposure;
  plan.period = query.period;
  plan.complete_until = query.complete_until;
  plan.timezone = query.timezone;
  plan.daily = query.daily;
  for (const ExperimentMetric& metric : query.metrics) {
    ASSAY_TRY(auto made, outcome(metric));
    plan.metrics.push_back(std::move(made));
  }
  for (const SegmentBy& by : query.segments) {
    ASSAY_TRY(const auto rule, segment(by));
    plan.segments.push_back(rule);
  }
  if (query.max_age) plan.ages = static_cast<std::size_t>(*query.max_age) + 1;
  if (query.cluster) {
    ASSAY_TRY(plan.cluster, segment(cluster_segment(query)));
    const std::size_t property = inputs_.properties[plan.cluster->slot];
    if (index_.properties()[property].type == frame::Type::text)
      plan.empty_cluster = index_.dictionary(property).find("");
  }
  plan.max_clusters = static_cast<std::size_t>(query.max_clusters);
  plan.segment_pairs = query.segment_pairs;
  plan.max_pair_cells = kMaxPairCells;
  return {};
}

Result<events::ExperimentPlan> experiment_plan(const ExperimentQuery& query,
                                               const events::Index& index) {
  PlanWriter writer(index);
  events::ExperimentPlan plan;
  ASSAY_CHECK(writer.experiment(query, plan));
  plan.inputs = writer.inputs();
  plan.slot_types = writer.slot_types();
  return plan;
}

Result<events::ExperimentPlan> unit_table_plan(const UnitTableQuery& query,
                                               const events::Index& index) {
  PlanWriter writer(index);
  events::ExperimentPlan plan;
  ASSAY_CHECK(writer.experiment(query.experiment, plan));
  for (const EventSelector& selector : query.first_events) {
    ASSAY_TRY(auto set, writer.events(selector));
    plan.first_events.push_back(std::move(set));
  }
  plan.inputs = writer.inputs();
  plan.slot_types = writer.slot_types();
  return plan;
}

Result<events::UnitTotalsPlan> unit_totals_plan(const UnitTotalsQuery& query,
                                                const events::Index& index) {
  PlanWriter writer(index);
  events::UnitTotalsPlan plan;
  ASSAY_TRY(plan.active, writer.events(query.active));
  plan.period = query.period;
  plan.timezone = query.timezone;
  for (const UnitMetric& metric : query.metrics) {
    events::UnitOutcome outcome;
    ASSAY_TRY(outcome.numerator, writer.term(metric.numerator));
    if (metric.denominator) {
      ASSAY_TRY(outcome.denominator, writer.term(*metric.denominator));
    }
    outcome.cap_value = metric.cap_value;
    plan.metrics.push_back(std::move(outcome));
  }
  plan.inputs = writer.inputs();
  plan.slot_types = writer.slot_types();
  return plan;
}

Result<void> check_finite(const std::string& metric, const MetricMoments& moments) {
  if (std::all_of(moments.comoment.begin(), moments.comoment.end(),
                  [](double x) { return std::isfinite(x); }))
    return {};
  return fail(ErrorCode::invalid_data, fmt::format("metric `{}` is not finite", metric), {},
              "look for infinite or enormous values in the columns it adds up");
}

std::string value_text(const SegmentBy& segment, const events::Index& index,
                       events::SegmentKey key) {
  if (segment.kind == SegmentBy::Kind::tenure)
    return key == events::kTenureNew ? "new" : "existing";
  const std::size_t property = index.find_property(segment.property).value_or(0);
  const auto whole = static_cast<std::int64_t>(key);
  switch (index.properties()[property].type) {
    case frame::Type::text:
      return std::string(index.dictionary(property).at(static_cast<std::uint32_t>(key)));
    case frame::Type::float64: {
      if (key == events::kMissingReal) return "";
      std::string text = fmt::format("{}", std::bit_cast<double>(key));
      if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
      return text;
    }
    case frame::Type::boolean:
      return whole == events::kNullInt ? "" : whole == 0 ? "false" : "true";
    case frame::Type::time_us:
      return whole == events::kNullInt ? "" : time_text(whole);
    case frame::Type::int64:
      return whole == events::kNullInt ? "" : std::to_string(whole);
  }
  return "";
}

namespace {

SegmentMoments named_segment(const SegmentBy& segment, const events::Index& index,
                             std::vector<events::SegmentTotals>& totals) {
  std::map<std::string, events::SegmentTotals> by_text;
  for (events::SegmentTotals& value : totals) {
    const auto [at, fresh] = by_text.try_emplace(value_text(segment, index, value.key));
    if (fresh) {
      at->second = std::move(value);
      continue;
    }
    // An empty text and a missing value read alike.
    for (std::size_t arm = 0; arm < value.assigned.size(); ++arm) {
      at->second.assigned[arm] += value.assigned[arm];
      for (std::size_t m = 0; m < value.moments[arm].size(); ++m)
        at->second.moments[arm][m].merge(value.moments[arm][m]);
    }
  }
  SegmentMoments named;
  named.name = segment.name;
  for (auto& [text, value] : by_text) {
    named.values.push_back(text);
    named.assigned.push_back(std::move(value.assigned));
    named.moments.push_back(std::move(value.moments));
  }
  return named;
}

}  // namespace

Result<ExperimentMoments> named_totals(const ExperimentQuery& query, const events::Index& index,
                                       events::ExperimentTotals totals) {
  for (const auto& arm : totals.overall)
    for (std::size_t m = 0; m < arm.size(); ++m)
      ASSAY_CHECK(check_finite(query.metrics[m].name, arm[m]));
  ExperimentMoments moments;
  for (const events::ArmTotals& arm : totals.arms)
    moments.arms.push_back({arm.assigned, arm.exposed, arm.exposed_before, arm.analysed});
  moments.both_arms = totals.both_arms;
  moments.unknown_variant = totals.unknown_variant;
  moments.overall = std::move(totals.overall);
  moments.immature = std::move(totals.immature);
  moments.caps = std::move(totals.caps);
  for (std::size_t s = 0; s < query.segments.size(); ++s)
    moments.segments.push_back(named_segment(query.segments[s], index, totals.segments[s]));
  moments.first_day = totals.first_day;
  for (std::size_t day = 0; day < totals.daily.size(); ++day)
    moments.days.push_back({std::move(totals.daily[day]), std::move(totals.cumulative[day])});
  moments.assigned_by_day = std::move(totals.assigned_by_day);
  for (std::size_t age = 0; age < totals.age_daily.size(); ++age)
    moments.ages.push_back(
        {std::move(totals.age_daily[age]), std::move(totals.age_cumulative[age])});
  if (totals.clusters) moments.clusters = named_clusters(query, index, *totals.clusters);
  for (const events::PairTotals& pair : totals.pairs)
    moments.segment_pairs.push_back(named_pair(query, index, moments.segments, pair));
  return moments;
}

}  // namespace assay::engine
