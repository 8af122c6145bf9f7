#include <fmt/core.h>

#include <algorithm>

#include "assay/distributed/detail/experiment_events.hpp"
#include "assay/distributed/detail/query_parts.hpp"

namespace assay::distributed {
namespace {

using sql::column;
using sql::compare;
using sql::Expression;
using sql::Op;
using sql::value;

Expression whole(std::int64_t number) { return value(number); }

bool is_boolean(const EventTable& table, const std::string& word) {
  const auto& properties = table.spec.source.properties;
  return std::any_of(properties.begin(), properties.end(), [&](const auto& property) {
    return property.name == word && property.type == frame::Type::boolean;
  });
}

/// Two selectors with the same key mean the same events.
std::string key_of(const engine::EventSelector& selector) {
  std::string key = fmt::format("{}", selector.names.size());
  for (const std::string& name : selector.names) key += fmt::format(" {}:{}", name.size(), name);
  return selector.where ? key + " where " + frame::to_text(*selector.where) : key;
}

bool at_exposure(const engine::ExperimentQuery& query) {
  return query.exposure && query.anchor == engine::Anchor::exposure;
}

}  // namespace

sql::Input read_step(std::string step, std::string alias) {
  sql::Input input;
  input.step = std::move(step);
  input.alias = std::move(alias);
  return input;
}

std::vector<std::string> history_reasons(const engine::ExperimentQuery& query) {
  std::vector<std::string> reasons;
  for (const engine::ExperimentMetric& metric : query.metrics) {
    const bool additive =
        metric.kind == engine::MetricKind::mean || metric.kind == engine::MetricKind::ratio;
    if (!additive || metric.covariate_us == 0) continue;
    reasons.push_back(
        fmt::format("the covariate of metric `{}` asks whether a unit had any event "
                    "before its anchor",
                    metric.name));
  }
  for (const engine::SegmentBy& segment : query.segments) {
    const bool tenure = segment.kind == engine::SegmentBy::Kind::tenure;
    reasons.push_back(fmt::format("segment `{}` asks for the {} a unit's history", segment.name,
                                  tenure ? "first event of" : "values in"));
  }
  return reasons;
}

UnitEvents::UnitEvents(const engine::ExperimentQuery& query, const EventTable& table, bool history)
    : query_(query), table_(table), range_(query.period) {
  if (history) range_.begin = std::min(range_.begin, table.span.begin);
  read(query.variant_property);
  add_words(query.assignment, properties_);
  if (query.eligible) add_words(*query.eligible, properties_);
  meant_.push_back(assignment());
  if (!query.exposure) return;
  add_words(*query.exposure, properties_);
  meant_.push_back(condition(*query.exposure, table));
}

void UnitEvents::read(const std::string& property) {
  if (std::find(properties_.begin(), properties_.end(), property) == properties_.end())
    properties_.push_back(property);
}

Expression UnitEvents::inside() const {
  return sql::both({compare(Op::greater_or_equal, column("time_us"), whole(query_.period.begin)),
                    compare(Op::less, column("time_us"), whole(query_.period.end))});
}

Expression UnitEvents::assignment() const {
  std::vector<Expression> all{condition(query_.assignment, table_)};
  if (query_.eligible) all.push_back(condition(*query_.eligible, table_));
  all.push_back(inside());
  return sql::both(std::move(all));
}

Expression UnitEvents::named(const std::string& prefix, Expression value, const std::string& key) {
  const std::string whole_key = prefix + " " + key;
  for (const auto& [known, output] : outputs_) {
    if (known == whole_key) return column(output.name);
  }
  std::string name = fmt::format("{}_{}", prefix, outputs_.size());
  outputs_.push_back({whole_key, {name, std::move(value)}});
  return column(std::move(name));
}

Expression UnitEvents::flag(const engine::EventSelector& selector) {
  add_words(selector, properties_);
  meant_.push_back(condition(selector, table_));
  return named("flag", sql::certainly(meant_.back()), key_of(selector));
}

Expression UnitEvents::number(const std::string& property) {
  read(property);
  Expression number = column(property_name(table_, property));
  if (is_boolean(table_, property)) number = sql::cast(std::move(number), sql::Type::int64);
  return named("number", sql::cast(std::move(number), sql::Type::float64), property);
}

Expression UnitEvents::seen(const std::string& property) {
  read(property);
  return named("seen", column(property_name(table_, property)), property);
}

Expression UnitEvents::day() {
  return named("day", local_day(column("time_us"), query_.timezone, range_), {});
}

void UnitEvents::keep_known(const std::string& property) {
  read(property);
  meant_.push_back(sql::is_known(column(property_name(table_, property))));
}

/// `flagged`: the events that matter and what they say.
void UnitEvents::add_events(sql::Plan& plan) {
  Scan scan;
  scan.range = range_;
  scan.properties = properties_;
  if (!every_event_) scan.where = sql::either(meant_);
  sql::Select select;
  select.from = {events_step(table_, scan, plan)};
  select.outputs = {{"unit", column("unit")},
                    {"time_us", column("time_us")},
                    {"order_1", column("order_1")},
                    {"is_assignment", sql::certainly(assignment())}};
  Expression exposure = sql::truth(false);
  if (query_.exposure)
    exposure = sql::certainly(sql::both({condition(*query_.exposure, table_), inside()}));
  select.outputs.push_back({"is_exposure", std::move(exposure)});
  std::vector<sql::Case> arms;
  for (std::size_t i = 0; i < query_.arms.size(); ++i) {
    arms.push_back({compare(Op::equal, column(property_name(table_, query_.variant_property)),
                            value(query_.arms[i])),
                    whole(static_cast<std::int64_t>(i))});
  }
  select.outputs.push_back({"variant", sql::when(std::move(arms), sql::missing(sql::Type::int64))});
  for (const auto& [key, output] : outputs_) select.outputs.push_back(output);
  plan.add("flagged", std::move(select));
}

/// `assigned`: a row a unit. Which of its assignment events came first matters only when all that
/// name an arm name the same one.
void UnitEvents::add_assigned(sql::Plan& plan) {
  const Expression known = sql::is_known(column("variant"));
  const Expression low = sql::aggregate(Op::minimum, column("variant"));
  const Expression high = sql::aggregate(Op::maximum, column("variant"));
  sql::Select select;
  select.from = {read_step("flagged")};
  select.where = column("is_assignment");
  select.group_by = {column("unit")};
  select.outputs = {
      {"unit", column("unit")},
      {"arm",
       sql::when({{sql::is_missing(low), whole(-2)}, {compare(Op::less, low, high), whole(-1)}},
                 low)},
      {"assigned_us", sql::aggregate(Op::minimum, column("time_us"), known)},
      {"assigned_order",
       sql::first_by(column("order_1"), {column("time_us"), column("order_1")}, known)}};
  plan.add("assigned", std::move(select));
}

/// `placed`: events beside the assignment of their unit, and the first exposure after it.
void UnitEvents::add_placed(sql::Plan& plan) {
  const auto event = [](const char* name) { return column("e", name); };
  const auto unit = [](const char* name) { return column("a", name); };
  sql::Select select;
  select.from = {read_step("flagged", "e"), read_step("assigned", "a")};
  select.from.back().on = compare(Op::equal, event("unit"), unit("unit"));
  const Expression has_arm = compare(Op::greater_or_equal, unit("arm"), whole(0));
  select.where = sql::either({has_arm, event("is_assignment")});
  Expression anchor = unit("assigned_us");
  if (at_exposure(query_)) {
    const Expression exposed =
        sql::both({event("is_exposure"),
                   compare(Op::greater_or_equal, event("time_us"), unit("assigned_us"))});
    anchor = sql::over(sql::aggregate(Op::minimum, sql::when({{exposed, event("time_us")}},
                                                             sql::missing(sql::Type::int64))),
                       {{event("unit")}, {}, false});
  }
  select.outputs = {{"unit", event("unit")},
                    {"arm", unit("arm")},
                    {"assigned_us", unit("assigned_us")},
                    {"assigned_order", unit("assigned_order")},
                    {"anchor", std::move(anchor)},
                    {"time_us", event("time_us")},
                    {"order_1", event("order_1")},
                    {"is_assignment", event("is_assignment")},
                    {"is_exposure", event("is_exposure")},
                    {"variant", event("variant")}};
  for (const auto& [key, output] : outputs_)
    select.outputs.push_back({output.name, event(output.name.c_str())});
  plan.add("placed", std::move(select));
}

sql::Input UnitEvents::add(sql::Plan& plan) {
  add_events(plan);
  add_assigned(plan);
  add_placed(plan);
  const Expression anchor =
      sql::when({{compare(Op::greater_or_equal, column("arm"), whole(0)), column("anchor")}},
                sql::missing(sql::Type::int64));
  sql::Select select;
  select.from = {read_step("placed")};
  for (const char* name : {"unit", "arm", "assigned_us", "assigned_order", "time_us", "order_1",
                           "is_assignment", "is_exposure", "variant"})
    select.outputs.push_back({name, column(name)});
  select.outputs.push_back({"anchor_us", anchor});
  select.outputs.push_back({"anchor_day", local_day(anchor, query_.timezone, query_.period)});
  for (const auto& [key, output] : outputs_)
    select.outputs.push_back({output.name, column(output.name)});
  return plan.add("anchored", std::move(select));
}

}  // namespace assay::distributed
