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

bool at_exposure(const engine::ExperimentQuery& query) {
  return query.exposure && query.anchor == engine::Anchor::exposure;
}

}  // namespace

std::string key_of(const engine::EventSelector& selector) {
  std::string key = fmt::format("{}", selector.names.size());
  for (const std::string& name : selector.names) key += fmt::format(" {}:{}", name.size(), name);
  return selector.where ? key + " where " + frame::to_text(*selector.where) : key;
}

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
  if (query.cluster)
    reasons.push_back(
        fmt::format("cluster `{}` asks for the values in a unit's history", *query.cluster));
  return reasons;
}

UnitEvents::UnitEvents(const engine::ExperimentQuery& query, const EventTable& table, bool history)
    : query_(query), table_(table), range_(query.period) {
  if (history) range_.begin = std::min(range_.begin, table.span.begin);
  if (!query.variant_property.empty()) read(query.variant_property);
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
  Expression day = named("day", local_day(column("time_us"), query_.timezone, range_), {});
  day_ = day->name;
  return day;
}

void UnitEvents::keep_known(const std::string& property) {
  read(property);
  meant_.push_back(sql::is_known(column(property_name(table_, property))));
}

/// `flagged`: the events that matter and what they say. Only units with an assignment event are
/// read further, before anything is sorted.
void UnitEvents::add_events(sql::Plan& plan) {
  Scan scan;
  scan.range = range_;
  scan.properties = properties_;
  if (!every_event_) scan.where = sql::either(meant_);
  UnitsMeant units{query_.period, {}, assignment()};
  add_words(query_.assignment, units.properties);
  if (query_.eligible) add_words(*query_.eligible, units.properties);
  scan.units = std::move(units);
  Expression exposure = sql::truth(false);
  if (query_.exposure)
    exposure = sql::certainly(sql::both({condition(*query_.exposure, table_), inside()}));
  std::vector<sql::Case> arms;
  const bool one_arm = query_.variant_property.empty();
  if (one_arm) arms.push_back({assignment(), whole(0)});
  for (std::size_t i = 0; !one_arm && i < query_.arms.size(); ++i) {
    arms.push_back(
        {sql::both({compare(Op::equal, column(property_name(table_, query_.variant_property)),
                            value(query_.arms[i])),
                    assignment()}),
         whole(static_cast<std::int64_t>(i))});
  }
  scan.told = {{"is_assignment", sql::certainly(assignment())},
               {"is_exposure", std::move(exposure)},
               {"variant", sql::when(std::move(arms), sql::missing(sql::Type::int64))}};
  sql::Select select;
  for (const char* name : {"unit", "time_us", "order_1"})
    select.outputs.push_back({name, column(name)});
  for (const auto& [key, output] : outputs_) {
    if (output.name != day_) scan.told.push_back(output);
  }
  for (const sql::Output& told : scan.told)
    select.outputs.push_back({told.name, column(told.name)});
  if (!day_.empty())
    select.outputs.push_back({day_, local_day(column("time_us"), query_.timezone, range_)});
  select.from = {events_step(table_, scan, plan)};
  plan.add("flagged", std::move(select));
}

/// Everything that the steps from here on hand on.
std::vector<std::string> UnitEvents::carried() const {
  std::vector<std::string> names{"unit",          "time_us",     "order_1",
                                 "is_assignment", "is_exposure", "variant"};
  for (const auto& [key, output] : outputs_) names.push_back(output.name);
  return names;
}

// Looking at all events of a unit at once is a window over an order that taking out copies has
// made already; a join of the events with the assignments would read the table twice.

/// `assigned`: events beside the arms and the first assignment of their unit.
void UnitEvents::add_assigned(sql::Plan& plan) {
  const auto of_unit = [](Op op, Expression a) {
    return sql::over(sql::aggregate(op, std::move(a)), {{column("unit")}, {}, false});
  };
  const Expression none = sql::missing(sql::Type::int64);
  sql::Select select;
  for (const std::string& name : carried()) select.outputs.push_back({name, column(name)});
  select.outputs.push_back(
      {"assignments",
       of_unit(Op::maximum, sql::when({{column("is_assignment"), whole(1)}}, whole(0)))});
  select.outputs.push_back({"lowest_arm", of_unit(Op::minimum, column("variant"))});
  select.outputs.push_back({"highest_arm", of_unit(Op::maximum, column("variant"))});
  select.outputs.push_back(
      {"assigned_us",
       of_unit(Op::minimum,
               sql::when({{sql::is_known(column("variant")), column("time_us")}}, none))});
  select.from = {read_step("flagged")};
  plan.add("assigned", std::move(select));
}

/// `placed`: and beside the unit's arm, and its first exposure after the assignment. Which of its
/// assignment events came first matters only when all that name an arm name the same one.
void UnitEvents::add_placed(sql::Plan& plan) {
  const auto first = [](Expression condition, const char* name) {
    return sql::over(sql::aggregate(Op::minimum, sql::when({{std::move(condition), column(name)}},
                                                           sql::missing(sql::Type::int64))),
                     {{column("unit")}, {}, false});
  };
  sql::Select select;
  for (const std::string& name : carried()) select.outputs.push_back({name, column(name)});
  const Expression low = column("lowest_arm");
  select.outputs.push_back(
      {"arm", sql::when({{sql::is_missing(low), whole(-2)},
                         {compare(Op::less, low, column("highest_arm")), whole(-1)}},
                        low)});
  select.outputs.push_back({"assigned_us", column("assigned_us")});
  const Expression at_first =
      sql::both({sql::is_known(column("variant")),
                 compare(Op::equal, column("time_us"), column("assigned_us"))});
  select.outputs.push_back({"assigned_order", first(at_first, "order_1")});
  Expression anchor = column("assigned_us");
  if (at_exposure(query_)) {
    anchor =
        first(sql::both({column("is_exposure"),
                         compare(Op::greater_or_equal, column("time_us"), column("assigned_us"))}),
              "time_us");
  }
  select.outputs.push_back({"anchor", std::move(anchor)});
  select.from = {read_step("assigned")};
  select.where = compare(Op::equal, column("assignments"), whole(1));
  plan.add("placed", std::move(select));
}

sql::Input UnitEvents::add(sql::Plan& plan) {
  add_events(plan);
  add_assigned(plan);
  add_placed(plan);
  const Expression has_arm = compare(Op::greater_or_equal, column("arm"), whole(0));
  const Expression anchor =
      sql::when({{has_arm, column("anchor")}}, sql::missing(sql::Type::int64));
  sql::Select select;
  select.from = {read_step("placed")};
  select.where = sql::either({has_arm, column("is_assignment")});
  for (const std::string& name : carried()) select.outputs.push_back({name, column(name)});
  for (const char* name : {"arm", "assigned_us", "assigned_order"})
    select.outputs.push_back({name, column(name)});
  select.outputs.push_back({"anchor_us", anchor});
  select.outputs.push_back({"anchor_day", local_day(anchor, query_.timezone, query_.period)});
  return plan.add("anchored", std::move(select));
}

}  // namespace assay::distributed
