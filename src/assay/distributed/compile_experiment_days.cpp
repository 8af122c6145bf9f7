#include <fmt/core.h>

#include <algorithm>

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
Expression part(const Term& term, UnitEvents& events) {
  const Expression meant = events.flag(term.event);
  switch (term.aggregation) {
    case Aggregation::count:
      return sql::cast(sql::count_rows(meant), sql::Type::float64);
    case Aggregation::any:
    case Aggregation::distinct_days:
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

sql::Window days_of_unit() { return {{column("unit")}, {{column("day"), false}}, false}; }

Expression so_far(const Term& term, const std::string& part) {
  const bool largest = term.aggregation == Aggregation::max || term.aggregation == Aggregation::any;
  return sql::over(sql::aggregate(largest ? Op::maximum : Op::sum, column(part)), days_of_unit());
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

/// `running`: a row a unit and day on which it did something.
sql::Input add_running(const std::vector<const Term*>& terms, const engine::ExperimentQuery& query,
                       const EventTable& table, sql::Plan& plan) {
  UnitEvents events(query, table, false);
  sql::Select parts;
  std::vector<Expression> meant;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    meant.push_back(events.flag(terms[i]->event));
    parts.outputs.push_back({numbered("part", i), part(*terms[i], events)});
  }
  const Expression day = events.day();
  parts.from = {events.add(plan)};
  parts.where =
      sql::both({sql::compare(Op::greater_or_equal, column("time_us"), column("anchor_us")),
                 sql::compare(Op::less, column("time_us"), value(query.period.end)),
                 sql::either(std::move(meant))});
  parts.group_by = {column("unit"), column("arm"), day};
  parts.outputs.push_back({"unit", column("unit")});
  parts.outputs.push_back({"arm", column("arm")});
  parts.outputs.push_back({"day", day});

  sql::Select running;
  running.from = {plan.add("parts", std::move(parts))};
  running.outputs = {{"place", column("day")},
                     {"arm", column("arm")},
                     {"key_whole", sql::next(column("day"), days_of_unit())}};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const std::string name = numbered("part", i);
    running.outputs.push_back({numbered("day", i), finished(*terms[i], column(name))});
    running.outputs.push_back({numbered("all", i), finished(*terms[i], so_far(*terms[i], name))});
  }
  return plan.add("running", std::move(running));
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
  const Terms numbers(query);
  const std::vector<const Term*>& terms = numbers.all();
  if (!query.daily || terms.empty()) return std::optional<sql::Plan>();
  sql::Plan plan;
  sql::Input running = add_running(terms, query, table, plan);
  sql::Select select;
  add_cells(std::move(running), day_columns(query), {"place", "arm", "key_whole"}, {}, centres,
            plan, select);
  plan.result = {std::move(select)};
  return std::optional(std::move(plan));
}

}  // namespace assay::distributed
