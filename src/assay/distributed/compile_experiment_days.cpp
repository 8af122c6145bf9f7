#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/distributed/compile_experiment.hpp"
#include "assay/distributed/detail/experiment_units.hpp"
#include "assay/engine/metric_variables.hpp"

namespace assay::distributed {
namespace {

using engine::Aggregation;
using engine::ExperimentMetric;
using engine::Term;
using sql::column;
using sql::Expression;
using sql::Op;
using sql::value;

/// A term of a mean or ratio under its number: the columns part_N, day_N and all_N.
std::string numbered(const char* what, std::size_t term) {
  return fmt::format("{}_{}", what, term);
}

/// What the events of one unit and day say; missing only for the largest of no values.
Expression part(const Term& term, UnitEvents& events, bool by_age) {
  const Expression meant = events.flag(term.event);
  switch (term.aggregation) {
    case Aggregation::count:
      return sql::cast(sql::count_rows(meant), sql::Type::float64);
    case Aggregation::distinct_days:
      if (by_age)  // 24 hours have parts of two local days.
        return sql::cast(sql::aggregate(Op::count_distinct, events.day(), meant),
                         sql::Type::float64);
      [[fallthrough]];
    case Aggregation::any:
      return sql::when({{sql::aggregate(Op::any, meant), value(1.0)}}, value(0.0));
    case Aggregation::sum:
      return sql::first_known(
          {sql::aggregate(Op::sum, events.number(term.column), meant), value(0.0)});
    case Aggregation::max:
      return sql::aggregate(Op::maximum, events.number(term.column), meant);
  }
  return value(0.0);
}

Expression finished(const Term& term, Expression folded) {
  if (term.aggregation == Aggregation::max)
    folded = sql::first_known({std::move(folded), value(0.0)});
  return term.scale == 1.0 ? folded : sql::multiply(std::move(folded), value(term.scale));
}

/// The stretches of time of a unit, days or ages, one after the other.
sql::Window stretches_of_unit(bool before_current = false) {
  return {{column("unit")}, {{column("stretch"), false}}, before_current};
}

Expression so_far(const Term& term, const std::string& part) {
  const bool largest = term.aggregation == Aggregation::max || term.aggregation == Aggregation::any;
  return sql::over(sql::aggregate(largest ? Op::maximum : Op::sum, column(part)),
                   stretches_of_unit());
}

/// The terms of means and ratios, each once however many metrics are made of it.
class Terms {
 public:
  explicit Terms(const engine::ExperimentQuery& query) {
    for (const ExperimentMetric& metric : query.metrics) {
      if (!engine::is_additive(metric)) continue;
      add(metric.numerator);
      if (metric.denominator) add(*metric.denominator);
    }
  }

  const std::vector<const Term*>& all() const { return all_; }

  /// The number of the i-th mention of a term.
  std::size_t at(std::size_t mention) const { return at_[mention]; }

 private:
  void add(const Term& term) {
    const auto same = [&](const Term* known) {
      return known->aggregation == term.aggregation && known->column == term.column &&
             known->scale == term.scale && key_of(known->event) == key_of(term.event);
    };
    const auto known = std::find_if(all_.begin(), all_.end(), same);
    at_.push_back(static_cast<std::size_t>(known - all_.begin()));
    if (known == all_.end()) all_.push_back(&term);
  }

  std::vector<const Term*> all_;
  std::vector<std::size_t> at_;
};

/// `parts`: a row a unit and stretch with something meant in it. Ages: only those that have ended.
sql::Input add_parts(const std::vector<const Term*>& terms, const engine::ExperimentQuery& query,
                     const EventTable& table, bool by_age, sql::Plan& plan) {
  UnitEvents events(query, table, false);
  sql::Select parts;
  std::vector<Expression> meant;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    meant.push_back(events.flag(terms[i]->event));
    parts.outputs.push_back({numbered("part", i), part(*terms[i], events, by_age)});
    if (!by_age || terms[i]->aggregation != Aggregation::distinct_days) continue;
    for (const auto& [name, op] : {std::pair("low", Op::minimum), std::pair("high", Op::maximum)})
      parts.outputs.push_back({numbered(name, i), sql::aggregate(op, events.day(), meant.back())});
  }
  const Expression since = sql::subtract(column("time_us"), column("anchor_us"));
  const Expression stretch = by_age ? sql::floor_divide(since, kDayUs) : events.day();
  std::vector<Expression> inside{
      sql::compare(Op::greater_or_equal, column("time_us"), column("anchor_us")),
      sql::compare(Op::less, column("time_us"), value(query.period.end)),
      sql::either(std::move(meant))};
  std::vector<sql::Output> keys{
      {"unit", column("unit")}, {"arm", column("arm")}, {"stretch", stretch}};
  if (by_age) {
    keys.push_back({"ages", complete_ages(query)});
    inside.push_back(sql::compare(Op::less, stretch, keys.back().value));
  }
  parts.from = {events.add(plan)};
  parts.where = sql::both(std::move(inside));
  for (sql::Output& key : keys) {
    parts.group_by.push_back(key.value);
    parts.outputs.push_back(std::move(key));
  }
  return plan.add("parts", std::move(parts));
}

/// Adds fresh_N to the parts: the local days of an age that no earlier age of the unit has. Only
/// the first day of an age can be the last of those before.
sql::Input add_fresh_days(const std::vector<const Term*>& terms, sql::Input parts,
                          sql::Plan& plan) {
  sql::Select fresh;
  fresh.from = {std::move(parts)};
  for (const char* name : {"unit", "arm", "stretch", "ages"})
    fresh.outputs.push_back({name, column(name)});
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const Expression part = column(numbered("part", i));
    fresh.outputs.push_back({numbered("part", i), part});
    if (terms[i]->aggregation != Aggregation::distinct_days) continue;
    const Expression last = sql::over(sql::aggregate(Op::maximum, column(numbered("high", i))),
                                      stretches_of_unit(true));
    const Expression known = sql::compare(Op::equal, column(numbered("low", i)), last);
    fresh.outputs.push_back(
        {numbered("fresh", i), sql::subtract(part, sql::when({{known, value(1.0)}}, value(0.0)))});
  }
  return plan.add("fresh", std::move(fresh));
}

/// `running`: a row a unit and stretch in which it did something.
sql::Input add_running(const std::vector<const Term*>& terms, const engine::ExperimentQuery& query,
                       const EventTable& table, bool by_age, sql::Plan& plan) {
  sql::Input parts = add_parts(terms, query, table, by_age, plan);
  const auto overlapping = [&](const Term* term) {
    return by_age && term->aggregation == Aggregation::distinct_days;
  };
  if (std::any_of(terms.begin(), terms.end(), overlapping))
    parts = add_fresh_days(terms, std::move(parts), plan);
  Expression until = sql::next(column("stretch"), stretches_of_unit());
  if (by_age) until = sql::least({std::move(until), column("ages")});
  sql::Select running;
  running.from = {std::move(parts)};
  running.outputs = {
      {"place", column("stretch")}, {"arm", column("arm")}, {"key_whole", std::move(until)}};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const std::string name = numbered("part", i);
    const std::string added = overlapping(terms[i]) ? numbered("fresh", i) : name;
    running.outputs.push_back({numbered("day", i), finished(*terms[i], column(name))});
    running.outputs.push_back({numbered("all", i), finished(*terms[i], so_far(*terms[i], added))});
  }
  return plan.add("running", std::move(running));
}

Result<std::optional<sql::Plan>> stretches_plan(const engine::ExperimentQuery& query,
                                                const EventTable& table, bool by_age,
                                                const Centres& centres) {
  const Terms numbers(query);
  const std::vector<const Term*>& terms = numbers.all();
  if (terms.empty()) return std::optional<sql::Plan>();
  sql::Plan plan;
  sql::Input running = add_running(terms, query, table, by_age, plan);
  sql::Select select;
  add_cells(std::move(running), day_columns(query), {"place", "arm", "key_whole"}, {}, centres,
            plan, select);
  plan.result = {std::move(select)};
  return std::optional(std::move(plan));
}

}  // namespace

std::vector<MomentColumns> day_columns(const engine::ExperimentQuery& query) {
  const Terms numbers(query);
  std::vector<MomentColumns> all;
  std::size_t mention = 0;
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    if (!engine::is_additive(query.metrics[i])) continue;
    const std::size_t terms = query.metrics[i].denominator ? 2 : 1;
    for (const char* what : {"day", "all"}) {
      MomentColumns columns;
      columns.prefix = fmt::format("{}{}", what, i);
      for (std::size_t j = 0; j < terms; ++j)
        columns.variables.push_back(column(numbered(what, numbers.at(mention + j))));
      all.push_back(std::move(columns));
    }
    mention += terms;
  }
  return all;
}

Result<std::optional<sql::Plan>> days_plan(const engine::ExperimentQuery& query,
                                           const EventTable& table, const Centres& centres) {
  if (!query.daily) return std::optional<sql::Plan>();
  return stretches_plan(query, table, false, centres);
}

Result<std::optional<sql::Plan>> ages_plan(const engine::ExperimentQuery& query,
                                           const EventTable& table, const Centres& centres) {
  if (!query.max_age) return std::optional<sql::Plan>();
  return stretches_plan(query, table, true, centres);
}

}  // namespace assay::distributed
