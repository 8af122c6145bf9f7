#include "assay/distributed/compile_experiment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "assay/distributed/detail/experiment_units.hpp"
#include "assay/engine/metric_variables.hpp"

namespace assay::distributed {
namespace {

using engine::ExperimentMetric;
using engine::ExperimentQuery;
using engine::SegmentBy;
using sql::column;
using sql::compare;
using sql::Expression;
using sql::Op;
using sql::value;

Expression whole(std::int64_t number) { return value(number); }

Expression place_is(std::int64_t place) {
  return compare(Op::equal, column("place"), whole(place));
}

bool by_anchor_day(const ExperimentQuery& query) {
  return query.daily && query.exposure && query.anchor == engine::Anchor::exposure;
}

std::vector<std::int64_t> numbers_to(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 0; number < count; ++number) numbers.push_back(number);
  return numbers;
}

/// A step `places` with one row a number, joined to every row.
sql::Input add_places(const std::vector<std::int64_t>& places, sql::Plan& plan) {
  sql::Step step;
  step.name = "places";
  for (const std::int64_t place : places) {
    sql::Select select;
    select.outputs = {{"place", whole(place)}};
    step.selects.push_back(std::move(select));
  }
  plan.steps.push_back(std::move(step));
  sql::Input input = read_step("places");
  input.join = sql::JoinKind::cross;
  return input;
}

/// The column of a cell's key that holds the values of a segment.
std::string key_column(frame::Type type) {
  if (type == frame::Type::text) return "key_text";
  return type == frame::Type::float64 ? "key_real" : "key_whole";
}

/// Keys of cells by place.
struct Keys {
  std::vector<std::string> names{"place", "arm"};
  std::vector<sql::Output> outputs{{"place", column("place")}, {"arm", column("arm")}};
};

Keys keys_of(const ExperimentQuery& query, const EventTable& table) {
  std::vector<sql::Case> texts;
  std::vector<sql::Case> wholes;
  std::vector<sql::Case> reals;
  const auto dimension = [&](std::int64_t place, const std::string& of, const SegmentBy& segment) {
    const frame::Type type = segment_type(segment, table);
    const std::string name = key_column(type);
    Expression key = column(of);
    if (type == frame::Type::boolean) key = sql::cast(std::move(key), sql::Type::int64);
    auto& cases = name == "key_text" ? texts : name == "key_real" ? reals : wholes;
    cases.push_back({place_is(place), std::move(key)});
  };
  for (std::size_t i = 0; i < query.segments.size(); ++i)
    dimension(static_cast<std::int64_t>(i) + 1, fmt::format("segment_{}", i), query.segments[i]);
  const Places places = places_of(query);
  if (query.cluster) dimension(places.cluster(), "cluster", engine::cluster_segment(query));
  if (query.max_age) wholes.push_back({place_is(places.ages()), column("ages")});
  wholes.push_back({place_is(places.assigned_day()), column("assigned_day")});
  if (by_anchor_day(query)) wholes.push_back({place_is(places.anchor_day()), column("anchor_day")});
  Keys keys;
  const auto add = [&](const char* name, std::vector<sql::Case> cases, sql::Type type) {
    if (cases.empty()) return;
    keys.names.emplace_back(name);
    keys.outputs.push_back({name, sql::when(std::move(cases), sql::missing(type))});
  };
  add("key_text", std::move(texts), sql::Type::text);
  add("key_whole", std::move(wholes), sql::Type::int64);
  add("key_real", std::move(reals), sql::Type::float64);
  return keys;
}

std::string moment_variable(std::size_t metric, std::size_t variable) {
  return fmt::format("v_{}_{}", metric, variable);
}

/// `cells`: every unit once for each place that it has a part in.
sql::Input add_placed_units(const ExperimentQuery& query, const Keys& keys, const Caps& caps,
                            sql::Input units, sql::Plan& plan) {
  const Places places = places_of(query);
  std::vector<std::int64_t> wanted = numbers_to(places.assigned_day() + 1);
  if (by_anchor_day(query)) wanted.push_back(places.anchor_day());
  if (query.cluster) wanted.push_back(places.cluster());
  if (query.max_age) wanted.push_back(places.ages());
  sql::Select cells;
  cells.from = {std::move(units), add_places(wanted, plan)};
  cells.where = sql::either({place_is(0), compare(Op::greater_or_equal, column("arm"), whole(0))});
  cells.outputs = keys.outputs;
  for (const char* name : {"exposed", "exposed_before", "analysed"})
    cells.outputs.push_back({name, column(name)});
  Expression with_moments = compare(Op::less_or_equal, column("place"), whole(places.segments));
  if (query.cluster)
    with_moments = sql::either({std::move(with_moments), place_is(places.cluster())});
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    const Expression mature = column(unit_column("mature", i));
    cells.outputs.push_back({unit_column("counts", i), sql::both({mature, with_moments})});
    cells.outputs.push_back({unit_column("late", i),
                             sql::both({column("analysed"), sql::negate(mature), with_moments})});
    const std::vector<char> variables = engine::variables_of(query.metrics[i]);
    for (std::size_t j = 0; j < variables.size(); ++j) {
      Expression variable = column(unit_column(variables[j], i));
      if (caps[i] && (variables[j] == 'y' || variables[j] == 'x'))
        variable = sql::least({std::move(variable), value(*caps[i])});
      cells.outputs.push_back({moment_variable(i, j), std::move(variable)});
    }
  }
  return plan.add("cells", std::move(cells));
}

/// The metrics capped at a quantile; `place` is their number among these.
struct CappedMetrics {
  std::vector<std::size_t> metrics;
  std::vector<sql::Case> values;
  std::vector<sql::Case> quantiles;
  std::vector<Expression> counted;  ///< Which units have a part in the quantile.
};

CappedMetrics capped_metrics(const ExperimentQuery& query) {
  CappedMetrics capped;
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    const ExperimentMetric& metric = query.metrics[i];
    if (!metric.cap_quantile) continue;
    const Expression here = place_is(static_cast<std::int64_t>(capped.metrics.size()));
    const Expression y = column(unit_column("y", i));
    capped.metrics.push_back(i);
    capped.values.push_back({here, y});
    capped.quantiles.push_back({here, value(*metric.cap_quantile)});
    const Expression counts =
        metric.cap_ignores_zeros ? compare(Op::greater, y, value(0.0)) : sql::truth(true);
    capped.counted.push_back(sql::both({here, column(unit_column("mature", i)), counts}));
  }
  return capped;
}

std::int64_t days_of(const ExperimentQuery& query) {
  return std::int64_t{query.timezone.local_day(query.period.end - 1)} -
         query.timezone.local_day(query.period.begin) + 1;
}

}  // namespace

Caps stated_caps(const ExperimentQuery& query) {
  Caps caps;
  for (const ExperimentMetric& metric : query.metrics) caps.push_back(metric.cap_value);
  return caps;
}

Places places_of(const ExperimentQuery& query) {
  return {static_cast<std::int64_t>(query.segments.size())};
}

std::int64_t max_cells(const ExperimentQuery& query) {
  const auto arms = static_cast<std::int64_t>(query.arms.size());
  const std::int64_t values =
      static_cast<std::int64_t>(query.segments.size() * engine::kMaxSegmentValues);
  const std::int64_t clusters = query.cluster ? query.max_clusters + 1 : 0;  // And none of them.
  const std::int64_t ages = query.max_age ? *query.max_age + 3 : 0;  // And units not analysed.
  return arms * (1 + values + clusters + ages + 2 * days_of(query)) + 2;
}

std::vector<MomentColumns> metric_columns(const ExperimentQuery& query) {
  std::vector<MomentColumns> all;
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    MomentColumns columns;
    columns.prefix = fmt::format("m{}", i);
    columns.filter = column(unit_column("counts", i));
    for (std::size_t j = 0; j < engine::variables_of(query.metrics[i]).size(); ++j)
      columns.variables.push_back(column(moment_variable(i, j)));
    all.push_back(std::move(columns));
  }
  return all;
}

Result<sql::Plan> moments_plan(const ExperimentQuery& query, const EventTable& table,
                               const Caps& caps, const Centres& centres) {
  sql::Plan plan;
  ASSAY_TRY(sql::Input units, add_units(query, table, whole_request(query), plan));
  const Keys keys = keys_of(query, table);
  sql::Input cells = add_placed_units(query, keys, caps, std::move(units), plan);
  std::vector<std::string> others{"exposed", "exposed_before", "analysed"};
  sql::Select select;
  std::vector<sql::Output> counts{{"assigned", sql::count_rows()}};
  for (const std::string& name : others) counts.push_back({name, sql::count_rows(column(name))});
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    others.push_back(unit_column("counts", i));
    others.push_back(unit_column("late", i));
    counts.push_back({unit_column("immature", i), sql::count_rows(column(others.back()))});
  }
  add_cells(std::move(cells), metric_columns(query), keys.names, others, centres, plan, select);
  select.outputs.insert(select.outputs.end(), counts.begin(), counts.end());
  plan.result = {std::move(select)};
  plan.limit = max_cells(query) + 1;
  return plan;
}

Result<std::optional<sql::Plan>> caps_plan(const ExperimentQuery& query, const EventTable& table) {
  const CappedMetrics capped = capped_metrics(query);
  if (capped.metrics.empty()) return std::optional<sql::Plan>();
  UnitsRequest request;
  request.metrics = capped.metrics;
  request.segments = false;
  request.cluster = false;
  request.covariates = false;
  sql::Plan plan;
  ASSAY_TRY(sql::Input units, add_units(query, table, request, plan));
  sql::Select rows;
  rows.from = {std::move(units),
               add_places(numbers_to(static_cast<std::int64_t>(capped.metrics.size())), plan)};
  rows.where = sql::either(capped.counted);
  rows.outputs = {{"place", column("place")},
                  {"value", sql::when(capped.values, sql::missing(sql::Type::float64))}};
  sql::Select tally;
  tally.from = {plan.add("capped", std::move(rows))};
  tally.group_by = {column("place"), column("value")};
  tally.outputs = {
      {"place", column("place")}, {"value", column("value")}, {"units", sql::count_rows()}};
  sql::Select ranked;
  ranked.from = {plan.add("tally", std::move(tally))};
  const Expression sum = sql::aggregate(Op::sum, column("units"));
  ranked.outputs = {
      {"place", column("place")},
      {"value", column("value")},
      {"so_far", sql::over(sum, {{column("place")}, {{column("value"), false}}, false})},
      {"total", sql::over(sum, {{column("place")}, {}, false})}};
  sql::Select result;
  result.from = {plan.add("ranked", std::move(ranked))};
  // The first whole number not below n p is ceil(n p).
  const auto real = [](const char* name) { return sql::cast(column(name), sql::Type::float64); };
  result.where = compare(Op::greater_or_equal, real("so_far"),
                         sql::multiply(real("total"), sql::when(capped.quantiles, value(1.0))));
  result.group_by = {column("place")};
  result.outputs = {{"place", column("place")},
                    {"cap", sql::aggregate(Op::minimum, column("value"))}};
  plan.result = {std::move(result)};
  return std::optional(std::move(plan));
}

std::int64_t max_pair_rows(const ExperimentQuery& query) {
  const std::size_t segments = query.segments.size();
  const std::size_t pairs = segments < 2 ? 0 : segments * (segments - 1) / 2;
  return static_cast<std::int64_t>(pairs * query.arms.size() * engine::kMaxPairCells);
}

Result<std::optional<sql::Plan>> pairs_plan(const ExperimentQuery& query, const EventTable& table) {
  const std::int64_t most = max_pair_rows(query);
  if (!query.segment_pairs || most == 0) return std::optional<sql::Plan>();
  UnitsRequest request;
  request.cluster = false;
  sql::Plan plan;
  ASSAY_TRY(sql::Input units, add_units(query, table, request, plan));
  // [side][kind of value]: by place.
  std::map<std::string, std::vector<sql::Case>> cases;
  std::int64_t place = 0;
  for (std::size_t i = 0; i < query.segments.size(); ++i) {
    for (std::size_t j = i + 1; j < query.segments.size(); ++j, ++place) {
      for (const auto& [side, segment] : {std::pair("first", i), std::pair("second", j)}) {
        const frame::Type type = segment_type(query.segments[segment], table);
        Expression key = column(fmt::format("segment_{}", segment));
        if (type == frame::Type::boolean) key = sql::cast(std::move(key), sql::Type::int64);
        cases[side + key_column(type).substr(3)].push_back({place_is(place), std::move(key)});
      }
    }
  }
  sql::Select cells;
  cells.from = {std::move(units), add_places(numbers_to(place), plan)};
  cells.where = compare(Op::greater_or_equal, column("arm"), whole(0));
  cells.outputs = {{"place", column("place")}, {"arm", column("arm")}};
  sql::Select counted;
  for (auto& [name, of] : cases) {
    const bool text = name.ends_with("text");
    const bool real = name.ends_with("real");
    cells.outputs.push_back(
        {name, sql::when(std::move(of), sql::missing(text   ? sql::Type::text
                                                     : real ? sql::Type::float64
                                                            : sql::Type::int64))});
  }
  for (const sql::Output& output : cells.outputs) {
    counted.group_by.push_back(column(output.name));
    counted.outputs.push_back({output.name, column(output.name)});
  }
  counted.from = {plan.add("cells", std::move(cells))};
  counted.outputs.push_back({"assigned", sql::count_rows()});
  plan.result = {std::move(counted)};
  plan.limit = most + 1;
  return std::optional(std::move(plan));
}

std::vector<std::string> history_notes(const ExperimentQuery& query) {
  std::vector<std::string> notes = history_reasons(query);
  for (std::string& note : notes) note = "reads all history: " + note;
  return notes;
}

Result<std::vector<NamedPlan>> experiment_plans(const ExperimentQuery& query,
                                                const EventTable& table) {
  std::vector<NamedPlan> plans;
  ASSAY_TRY(std::optional<sql::Plan> caps, caps_plan(query, table));
  std::vector<std::string> notes = history_notes(query);
  if (caps) {
    plans.push_back({"experiment_caps", std::move(*caps), {kCapsNote}});
    notes.emplace_back("caps stand here as numbers once the statement before has found them");
  }
  ASSAY_TRY(sql::Plan moments, moments_plan(query, table, stated_caps(query), {}));
  notes.push_back(fmt::format("gives back at most {} rows", max_cells(query)));
  notes.emplace_back("asked once more with centres taken off where means are far from zero");
  plans.push_back({"experiment_moments", std::move(moments), std::move(notes)});
  ASSAY_TRY(std::optional<sql::Plan> days, days_plan(query, table, {}));
  if (days) {
    const std::int64_t count = days_of(query);
    plans.push_back(
        {"experiment_days",
         std::move(*days),
         {fmt::format("gives back at most {} rows",
                      static_cast<std::int64_t>(query.arms.size()) * count * (count + 1) / 2)}});
  }
  ASSAY_TRY(std::optional<sql::Plan> ages, ages_plan(query, table, {}));
  if (ages) {
    const std::int64_t count = *query.max_age + 1;
    plans.push_back(
        {"experiment_ages",
         std::move(*ages),
         {fmt::format("gives back at most {} rows",
                      static_cast<std::int64_t>(query.arms.size()) * count * (count + 1) / 2)}});
  }
  ASSAY_TRY(std::optional<sql::Plan> pairs, pairs_plan(query, table));
  if (pairs)
    plans.push_back({"experiment_pairs",
                     std::move(*pairs),
                     {fmt::format("gives back at most {} rows", max_pair_rows(query))}});
  return plans;
}

}  // namespace assay::distributed
