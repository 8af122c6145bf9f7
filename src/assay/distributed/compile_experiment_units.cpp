#include <fmt/core.h>

#include <algorithm>

#include "assay/distributed/detail/experiment_units.hpp"
#include "assay/distributed/detail/query_parts.hpp"
#include "assay/distributed/funnel_plan.hpp"
#include "assay/engine/metric_variables.hpp"

namespace assay::distributed {
namespace {

using engine::Aggregation;
using engine::ExperimentMetric;
using engine::MetricKind;
using engine::SegmentBy;
using engine::Term;
using sql::column;
using sql::compare;
using sql::Expression;
using sql::Op;
using sql::value;

Expression whole(std::int64_t number) { return value(number); }

Expression yes_or_no(Expression condition) {
  return sql::when({{std::move(condition), value(1.0)}}, value(0.0));
}

Expression at_least(Expression a, Expression b) {
  return compare(Op::greater_or_equal, std::move(a), std::move(b));
}

Expression later(const char* name, std::int64_t by) {
  return by == 0 ? column(name) : sql::add(column(name), whole(by));
}

/// A metric that goes through the funnel; [class]: its column of the events.
struct Funnel {
  std::size_t metric = 0;
  std::vector<std::size_t> shorter;  ///< Metrics that ask for its first steps alone.
  std::vector<std::string> steps;    ///< [step]: its column of the events.
  FunnelClasses classes;
  std::vector<std::string> flags;
};

class Units {
 public:
  Units(const engine::ExperimentQuery& query, const EventTable& table, const UnitsRequest& request)
      : query_(query), table_(table), request_(request), events_(query, table, history()) {}

  Result<sql::Input> add(sql::Plan& plan) {
    // By the unit alone, by which its events stand together already; the others are one a unit.
    folded_.group_by = {column("unit")};
    folded_.outputs = {{"unit", column("unit")}};
    for (const char* name : {"arm", "assigned_us", "anchor_us", "anchor_day"})
      folded_.outputs.push_back({name, sql::aggregate(Op::minimum, column(name))});
    units_.outputs = {
        {"unit", column("unit")},
        {"arm", column("arm")},
        {"assigned_day", local_day(column("assigned_us"), query_.timezone, query_.period)},
        {"anchor_day", column("anchor_day")},
        {"analysed", sql::is_known(column("anchor_us"))},
        {"anchor_us", column("anchor_us")}};
    if (query_.max_age) units_.outputs.push_back({"ages", complete_ages(query_)});
    exposures();
    for (std::size_t i = 0; request_.segments && i < query_.segments.size(); ++i)
      dimension(fmt::format("segment_{}", i), query_.segments[i]);
    if (request_.cluster && query_.cluster) dimension("cluster", engine::cluster_segment(query_));
    first_events();
    for (const std::size_t i : request_.metrics) ASSAY_CHECK(metric(i));
    folded_.from = {events_.add(plan)};
    units_.from = {plan.add("folded", std::move(folded_))};
    return funnels_.empty() ? plan.add("units", std::move(units_)) : with_funnels(plan);
  }

 private:
  bool covariate(const ExperimentMetric& metric) const {
    return request_.covariates && engine::has_covariate(metric);
  }

  bool history() const {
    if (request_.segments && !query_.segments.empty()) return true;
    if (request_.cluster && query_.cluster) return true;
    return std::any_of(request_.metrics.begin(), request_.metrics.end(),
                       [&](std::size_t i) { return covariate(query_.metrics[i]); });
  }

  /// A column of the fold that goes on to the units unchanged.
  void pass(std::string name, Expression folded) {
    units_.outputs.push_back({name, column(name)});
    folded_.outputs.push_back({std::move(name), std::move(folded)});
  }

  void exposures() {
    const auto seen = [](Op side) {
      return sql::both(
          {column("is_exposure"), compare(side, column("time_us"), column("assigned_us"))});
    };
    pass("exposed", sql::aggregate(Op::any, seen(Op::greater_or_equal)));
    pass("exposed_before", sql::aggregate(Op::any, seen(Op::less)));
  }

  /// The unit's first event of any kind, for which every event must be there.
  Expression first_event() {
    if (!has_first_) {
      events_.keep_every_event();
      folded_.outputs.push_back({"first_us", sql::aggregate(Op::minimum, column("time_us"))});
      has_first_ = true;
    }
    return column("first_us");
  }

  void dimension(const std::string& name, const SegmentBy& segment) {
    if (segment.kind == SegmentBy::Kind::tenure) {
      const Expression age = sql::subtract(column("assigned_us"), first_event());
      units_.outputs.push_back(
          {name, sql::when({{compare(Op::less_or_equal, age, whole(segment.tenure_us)),
                             value(std::string("new"))}},
                           value(std::string("existing")))});
      return;
    }
    pass(name, touched_value(segment));
    if (segment_type(segment, table_) == frame::Type::text)
      units_.outputs.back().value = sql::first_known({column(name), value(std::string())});
  }

  void first_events() {
    for (std::size_t i = 0; i < request_.first_events.size(); ++i) {
      const Expression seen = sql::both(
          {events_.flag(request_.first_events[i]), at_least(column("time_us"), column("anchor_us")),
           compare(Op::less, column("time_us"), whole(seen_until(query_)))});
      const std::string name = fmt::format("first_{}", i);
      pass(name, sql::aggregate(Op::minimum, column("time_us"), seen));
      units_.outputs.back().value = sql::first_known(
          {sql::subtract(column(name), column("anchor_us")), whole(engine::UnitTable::kNoEvent)});
    }
  }

  /// The first or last value up to and including the assignment event. Events that share its
  /// instant and sequence count as before it.
  Expression touched_value(const SegmentBy& segment) {
    events_.keep_known(segment.property);
    const Expression seen = events_.seen(segment.property);
    const Expression same = compare(Op::equal, column("time_us"), column("assigned_us"));
    const Expression until =
        sql::either({compare(Op::less, column("time_us"), column("assigned_us")),
                     sql::both({same, compare(Op::less_or_equal, column("order_1"),
                                              column("assigned_order"))})});
    const Expression filter =
        sql::both({sql::is_known(seen), until, at_least(column("arm"), whole(0))});
    if (segment.kind == SegmentBy::Kind::first_touch)
      return sql::first_by(seen, {column("time_us"), column("order_1"), seen}, filter);
    const Expression own = sql::when(
        {{sql::both({column("is_assignment"), sql::is_known(column("variant"))}), whole(1)}},
        whole(0));
    return sql::last_by(seen, {column("time_us"), column("order_1"), own, seen}, filter);
  }

  Expression mature(const ExperimentMetric& metric) const {
    const TimeUs end = seen_until(query_);
    const Expression analysed = sql::is_known(column("anchor_us"));
    if (metric.kind == MetricKind::retention) {
      const Day last = query_.timezone.local_day(end);
      return sql::certainly(
          compare(Op::less, column("anchor_day"), whole(last - metric.retention_day)));
    }
    if (!metric.length_us) return analysed;
    return sql::certainly(compare(Op::less_or_equal, column("anchor_us"),
                                  whole(end - metric.delay_us - *metric.length_us)));
  }

  /// Where the events of the outcome lie.
  Expression window(const ExperimentMetric& metric) const {
    std::vector<Expression> all{at_least(column("time_us"), later("anchor_us", metric.delay_us)),
                                compare(Op::less, column("time_us"), whole(query_.period.end))};
    if (metric.length_us) {
      all.push_back(compare(Op::less, column("time_us"),
                            later("anchor_us", metric.delay_us + *metric.length_us)));
    }
    return sql::both(std::move(all));
  }

  Result<void> metric(std::size_t i) {
    const ExperimentMetric& metric = query_.metrics[i];
    units_.outputs.push_back({unit_column("mature", i), mature(metric)});
    if (metric.kind == MetricKind::funnel) return funnel(i);
    if (metric.kind == MetricKind::retention) {
      retention(i);
    } else {
      terms(i);
    }
    return {};
  }

  void terms(std::size_t i) {
    const ExperimentMetric& metric = query_.metrics[i];
    const Expression outcome = window(metric);
    pass(unit_column("y", i), term(metric.numerator, outcome));
    if (metric.denominator) pass(unit_column("d", i), term(*metric.denominator, outcome));
    if (!covariate(metric)) return;
    const Expression before =
        sql::both({at_least(column("time_us"), later("anchor_us", -metric.covariate_us)),
                   compare(Op::less, column("time_us"), column("anchor_us"))});
    pass(unit_column("x", i), term(metric.numerator, before));
    if (metric.denominator) pass(unit_column("z", i), term(*metric.denominator, before));
    units_.outputs.push_back(
        {unit_column("m", i),
         sql::when({{compare(Op::less, first_event(), column("anchor_us")), value(0.0)}},
                   value(1.0))});
  }

  void retention(std::size_t i) {
    const ExperimentMetric& metric = query_.metrics[i];
    const Expression back =
        sql::both({events_.flag(metric.numerator.event),
                   compare(Op::equal, events_.day(), later("anchor_day", metric.retention_day)),
                   compare(Op::less, column("time_us"), whole(query_.period.end))});
    pass(unit_column("y", i), yes_or_no(sql::aggregate(Op::any, back)));
  }

  Expression term(const Term& term, const Expression& inside) {
    const bool adds = term.aggregation == Aggregation::sum || term.aggregation == Aggregation::max;
    const bool by_day = term.aggregation == Aggregation::distinct_days;
    return fold(term, sql::both({events_.flag(term.event), inside}),
                adds ? events_.number(term.column) : sql::missing(sql::Type::float64),
                by_day ? events_.day() : sql::missing(sql::Type::int64));
  }

  Result<void> funnel(std::size_t i) {
    Funnel funnel;
    funnel.metric = i;
    ASSAY_TRY(funnel.classes, funnel_classes(query_.metrics[i].steps));
    for (const std::size_t step : funnel.classes.step_of)
      funnel.flags.push_back(events_.flag(query_.metrics[i].steps[step])->name);
    for (const std::size_t of_step : funnel.classes.of_step)
      funnel.steps.push_back(funnel.flags[of_step]);
    for (Funnel& known : funnels_) {
      if (begins_as(known, funnel)) {
        known.shorter.push_back(i);
        return {};
      }
      if (begins_as(funnel, known)) {
        funnel.shorter = std::move(known.shorter);
        funnel.shorter.push_back(known.metric);
        known = std::move(funnel);
        return {};
      }
    }
    funnels_.push_back(std::move(funnel));
    return {};
  }

  /// How deep a unit came in the longer funnel says how deep it came in the shorter.
  bool begins_as(const Funnel& longer, const Funnel& shorter) const {
    const ExperimentMetric& a = query_.metrics[longer.metric];
    const ExperimentMetric& b = query_.metrics[shorter.metric];
    return a.delay_us == b.delay_us && a.length_us == b.length_us &&
           a.funnel_window_us == b.funnel_window_us &&
           longer.steps.size() >= shorter.steps.size() &&
           std::equal(shorter.steps.begin(), shorter.steps.end(), longer.steps.begin());
  }

  /// The events of the outcome's window through the funnel, and how deep each unit came.
  sql::Input depths(const Funnel& funnel, sql::Plan& plan) const {
    const ExperimentMetric& metric = query_.metrics[funnel.metric];
    std::vector<Expression> flags;
    sql::Select events;
    events.outputs = {{"unit", column("unit")}, {"time_us", column("time_us")}};
    for (const std::string& flag : funnel.flags) {
      flags.push_back(column(flag));
      events.outputs.push_back({flag, column(flag)});
    }
    events.from = {read_step("anchored")};
    events.where = sql::both({window(metric), sql::either(std::move(flags))});
    const std::string prefix = fmt::format("funnel_{}_", funnel.metric);
    return add_funnel({plan.add(prefix + "events", std::move(events)), funnel.flags},
                      funnel.classes, metric.funnel_window_us, prefix, plan);
  }

  sql::Input with_funnels(sql::Plan& plan) {
    sql::Select joined;
    for (const sql::Output& output : units_.outputs)
      joined.outputs.push_back({output.name, column("u", output.name)});
    joined.from = {plan.add("outcomes", std::move(units_))};
    joined.from.front().alias = "u";
    for (const Funnel& funnel : funnels_) {
      sql::Input input = depths(funnel, plan);
      input.alias = fmt::format("f{}", funnel.metric);
      input.join = sql::JoinKind::left;
      input.on = compare(Op::equal, column("u", "unit"), column(input.alias, "unit"));
      const auto reaches = [&](std::size_t metric) {
        const auto steps = static_cast<std::int64_t>(query_.metrics[metric].steps.size());
        joined.outputs.push_back({unit_column("y", metric),
                                  yes_or_no(at_least(column(input.alias, "depth"), whole(steps)))});
      };
      reaches(funnel.metric);
      std::for_each(funnel.shorter.begin(), funnel.shorter.end(), reaches);
      joined.from.push_back(std::move(input));
    }
    return plan.add("units", std::move(joined));
  }

  const engine::ExperimentQuery& query_;
  const EventTable& table_;
  const UnitsRequest& request_;
  UnitEvents events_;
  bool has_first_ = false;
  std::vector<Funnel> funnels_;
  sql::Select folded_;
  sql::Select units_;
};

}  // namespace

std::string unit_column(const std::string& variable, std::size_t metric) {
  return fmt::format("{}_{}", variable, metric);
}

std::string unit_column(char variable, std::size_t metric) {
  return fmt::format("{}_{}", variable, metric);
}

frame::Type segment_type(const SegmentBy& segment, const EventTable& table) {
  if (segment.kind == SegmentBy::Kind::tenure) return frame::Type::text;
  for (const engine::SourceProperty& property : table.spec.source.properties) {
    if (property.name == segment.property) return property.type;
  }
  return frame::Type::text;
}

TimeUs seen_until(const engine::ExperimentQuery& query) {
  return std::min(query.complete_until, query.period.end);
}

sql::Expression complete_ages(const engine::ExperimentQuery& query) {
  const Expression ended =
      sql::floor_divide(sql::subtract(whole(seen_until(query)), column("anchor_us")), kDayUs);
  return sql::when(
      {{sql::is_missing(column("anchor_us")), sql::missing(sql::Type::int64)}},
      sql::greatest({whole(0), sql::least({ended, whole(query.max_age.value_or(-1) + 1)})}));
}

UnitsRequest whole_request(const engine::ExperimentQuery& query) {
  UnitsRequest request;
  for (std::size_t i = 0; i < query.metrics.size(); ++i) request.metrics.push_back(i);
  return request;
}

Result<sql::Input> add_units(const engine::ExperimentQuery& query, const EventTable& table,
                             const UnitsRequest& request, sql::Plan& plan) {
  return Units(query, table, request).add(plan);
}

}  // namespace assay::distributed
