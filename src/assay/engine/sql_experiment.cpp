#include <fmt/core.h>

#include <algorithm>

#include "assay/engine/metric_variables.hpp"
#include "assay/engine/sql_funnel.hpp"
#include "assay/engine/sql_terms.hpp"

namespace assay::engine {
namespace {

class Builder {
 public:
  Builder(const ExperimentQuery& query, const Source& source) : query_(query), source_(source) {}

  Statement build() {
    flagged();
    assigned();
    anchored();
    segments();
    outcomes();
    std::string columns;
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
      columns += fmt::format(", {} AS mature_{}", mature_sql(query_.metrics[i]), i);
      if (query_.metrics[i].kind == MetricKind::funnel) {
        columns += fmt::format(
            ", CASE WHEN unit IN (SELECT unit FROM funnel_{0}_{1}) THEN 1.0 ELSE 0.0 END AS y_{0}",
            i, query_.metrics[i].steps.size());
      }
      if (has_covariate(query_.metrics[i]))
        columns += fmt::format(", CASE WHEN first_us < anchor_us THEN 0.0 ELSE 1.0 END AS m_{}", i);
    }
    statement_.select = fmt::format(
        "SELECT *{} FROM anchored LEFT JOIN segments USING (unit) LEFT JOIN outcomes USING (unit)",
        columns);
    return std::move(statement_);
  }

 private:
  void add(std::string name, std::string sql) {
    statement_.with.push_back({std::move(name), std::move(sql)});
  }

  /// Segments and the cluster by the names of their columns.
  [[nodiscard]] std::vector<std::pair<std::string, SegmentBy>> dimensions() const {
    std::vector<std::pair<std::string, SegmentBy>> all;
    for (std::size_t i = 0; i < query_.segments.size(); ++i)
      all.emplace_back(fmt::format("segment_{}", i), query_.segments[i]);
    if (query_.cluster) all.emplace_back("cluster", cluster_segment(query_));
    return all;
  }

  /// All that filters and columns say about an event, under names of our own.
  void flagged() {
    std::string assignment = to_sql(query_.assignment, source_);
    if (query_.eligible)
      assignment = fmt::format("({} AND {})", assignment, to_sql(*query_.eligible, source_));
    std::string columns = fmt::format(
        "unit, time_us, ordinal, {} AS day, time_us >= {} AND time_us < {} AS inside, {} AS "
        "is_assignment, {} AS is_exposure, {} AS variant",
        local_day_sql("time_us", query_.timezone), query_.period.begin, query_.period.end,
        flag_sql(assignment),
        query_.exposure ? flag_sql(to_sql(*query_.exposure, source_)) : std::string("false"),
        query_.variant_property.empty() ? quote_text(query_.arms.front())
                                        : property_sql(query_.variant_property, source_));
    for (const auto& [name, segment] : dimensions()) {
      if (segment.kind == SegmentBy::Kind::tenure) continue;
      columns += fmt::format(", CAST({} AS VARCHAR) AS seen_{}",
                             property_sql(segment.property, source_), name);
    }
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) columns += metric_flags(i);
    add("flagged", fmt::format("SELECT {} FROM events", columns));
  }

  [[nodiscard]] std::string metric_flags(std::size_t i) const {
    const ExperimentMetric& metric = query_.metrics[i];
    std::string columns;
    if (metric.kind == MetricKind::funnel) {
      for (std::size_t j = 0; j < metric.steps.size(); ++j) {
        columns +=
            fmt::format(", {} AS step_{}_{}", flag_sql(to_sql(metric.steps[j], source_)), i, j);
      }
      return columns;
    }
    columns += fmt::format(", {1} AS numerator_{0}, {2} AS numerator_value_{0}", i,
                           flag_sql(to_sql(metric.numerator.event, source_)),
                           value_column_sql(metric.numerator, source_));
    if (metric.denominator) {
      columns += fmt::format(", {1} AS denominator_{0}, {2} AS denominator_value_{0}", i,
                             flag_sql(to_sql(metric.denominator->event, source_)),
                             value_column_sql(*metric.denominator, source_));
    }
    return columns;
  }

  void assigned() {
    std::string arm = "CASE variant";
    for (std::size_t i = 0; i < query_.arms.size(); ++i)
      arm += fmt::format(" WHEN {} THEN {}", quote_text(query_.arms[i]), i);
    add("assignments",
        fmt::format("SELECT unit, time_us, ordinal, {} END AS arm FROM flagged WHERE "
                    "is_assignment AND inside",
                    arm));
    add("assigned",
        "SELECT unit, arg_min(arm, ordinal) AS arm, count(DISTINCT arm) > 1 AS both_arms, "
        "min(time_us) FILTER (WHERE arm IS NOT NULL) AS assigned_us, "
        "min(ordinal) FILTER (WHERE arm IS NOT NULL) AS assigned_at FROM assignments GROUP BY "
        "unit");
  }

  void anchored() {
    add("exposures",
        "SELECT unit, min(time_us) FILTER (WHERE time_us >= assigned_us) AS exposed_us, "
        "count(*) FILTER (WHERE time_us < assigned_us) > 0 AS before FROM assigned JOIN flagged "
        "USING (unit) WHERE is_exposure AND inside GROUP BY unit");
    add("firsts", "SELECT unit, min(time_us) AS first_us FROM events GROUP BY unit");
    const bool at_exposure = query_.exposure && query_.anchor == Anchor::exposure;
    add("anchored",
        fmt::format(
            "SELECT *, {} AS assigned_day, {} AS anchor_day FROM (\n"
            "  SELECT unit, arm, both_arms, assigned_us, assigned_at, first_us, exposed_us IS NOT "
            "NULL AS exposed, coalesce(before, false) AS exposed_before, CASE WHEN arm IS NOT NULL "
            "AND NOT both_arms THEN {} END AS anchor_us\n"
            "  FROM assigned JOIN firsts USING (unit) LEFT JOIN exposures USING (unit))",
            local_day_sql("assigned_us", query_.timezone),
            local_day_sql("anchor_us", query_.timezone),
            at_exposure ? "exposed_us" : "assigned_us"));
  }

  void segments() {
    std::string columns;
    for (const auto& [name, segment] : dimensions()) {
      if (segment.kind == SegmentBy::Kind::tenure) {
        columns += fmt::format(
            ", CASE WHEN any_value(assigned_us - first_us) <= {} THEN 'new' ELSE 'existing' END AS "
            "{}",
            segment.tenure_us, name);
        continue;
      }
      const bool last = segment.kind == SegmentBy::Kind::at_assignment;
      columns += fmt::format(
          ", coalesce({0}(seen_{1}, ordinal) FILTER (WHERE seen_{1} IS NOT NULL), '') AS {1}",
          last ? "arg_max" : "arg_min", name);
    }
    add("segments", fmt::format("SELECT unit{} FROM anchored JOIN flagged USING (unit) WHERE "
                                "ordinal <= assigned_at GROUP BY unit",
                                columns));
  }

  [[nodiscard]] std::string window_sql(const ExperimentMetric& metric) const {
    std::string window = fmt::format("time_us >= anchor_us + {} AND time_us < {}", metric.delay_us,
                                     query_.period.end);
    if (metric.length_us) {
      window +=
          fmt::format(" AND time_us < anchor_us + {} + {}", metric.delay_us, *metric.length_us);
    }
    return "(" + window + ")";
  }

  [[nodiscard]] std::string mature_sql(const ExperimentMetric& metric) const {
    const TimeUs end = std::min(query_.complete_until, query_.period.end);
    if (metric.kind == MetricKind::retention) {
      return fmt::format("anchor_day + {} < {}", metric.retention_day,
                         local_day_sql(fmt::format("{}", end), query_.timezone));
    }
    if (!metric.length_us) return "anchor_us IS NOT NULL";
    return fmt::format("anchor_us + {} + {} <= {}", metric.delay_us, *metric.length_us, end);
  }

  void outcomes() {
    std::string columns;
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
      const ExperimentMetric& metric = query_.metrics[i];
      if (metric.kind == MetricKind::funnel) {
        funnel(i);
      } else if (metric.kind == MetricKind::retention) {
        columns += fmt::format(
            ", least(count(*) FILTER (WHERE numerator_{0} AND inside AND day = anchor_day + {1}), "
            "1)::DOUBLE AS y_{0}",
            i, metric.retention_day);
      } else {
        columns += terms(i, window_sql(metric), "y", "d");
        if (has_covariate(metric)) {
          columns += terms(
              i,
              fmt::format("time_us >= anchor_us - {} AND time_us < anchor_us", metric.covariate_us),
              "x", "z");
        }
      }
    }
    add("outcomes", fmt::format("SELECT unit{} FROM anchored JOIN flagged USING (unit) WHERE "
                                "anchor_us IS NOT NULL GROUP BY unit",
                                columns));
  }

  [[nodiscard]] std::string terms(std::size_t i, const std::string& window,
                                  std::string_view numerator, std::string_view denominator) const {
    const ExperimentMetric& metric = query_.metrics[i];
    const auto term = [&](const Term& of, std::string_view role, std::string_view name) {
      return fmt::format(
          ", {} AS {}_{}",
          fold_sql(of, fmt::format("{}_{}", role, i), fmt::format("{}_value_{}", role, i), window),
          name, i);
    };
    std::string columns = term(metric.numerator, "numerator", numerator);
    if (metric.denominator) columns += term(*metric.denominator, "denominator", denominator);
    return columns;
  }

  void funnel(std::size_t i) {
    const ExperimentMetric& metric = query_.metrics[i];
    FunnelSteps steps;
    steps.prefix = fmt::format("funnel_{}_", i);
    steps.events = fmt::format("funnel_events_{}", i);
    steps.window_us = metric.funnel_window_us;
    std::string flags;
    for (std::size_t j = 0; j < metric.steps.size(); ++j) {
      steps.steps.push_back(fmt::format("step_{}_{}", i, j));
      flags += fmt::format(", step_{}_{}", i, j);
    }
    add(steps.events,
        fmt::format("SELECT unit, time_us, ordinal{} FROM anchored JOIN flagged USING "
                    "(unit) WHERE {}",
                    flags, window_sql(metric)));
    append_funnel(steps, statement_);
  }

  const ExperimentQuery& query_;
  const Source& source_;
  Statement statement_;
};

/// The fold of one day's parts, and of all days up to it.
struct DayFold {
  std::string of_day;
  std::string so_far;
};

DayFold day_fold(const Term& term, const std::string& role) {
  const std::string over = "OVER (PARTITION BY unit ORDER BY day)";
  const std::string count = fmt::format("coalesce({}_count, 0)", role);
  DayFold fold;
  switch (term.aggregation) {
    case Aggregation::count:
      fold = {count, fmt::format("sum({}) {}", count, over)};
      break;
    case Aggregation::sum:
      fold = {fmt::format("coalesce({}_sum, 0)", role),
              fmt::format("sum(coalesce({}_sum, 0)) {}", role, over)};
      break;
    case Aggregation::any:
      fold = {fmt::format("least({}, 1)", count), fmt::format("max(least({}, 1)) {}", count, over)};
      break;
    case Aggregation::distinct_days:
      fold = {fmt::format("least({}, 1)", count), fmt::format("sum(least({}, 1)) {}", count, over)};
      break;
    case Aggregation::max:
      fold = {fmt::format("coalesce({}_max, 0)", role),
              fmt::format("coalesce(max({}_max) {}, 0)", role, over)};
      break;
  }
  for (std::string* sql : {&fold.of_day, &fold.so_far})
    *sql = fmt::format("CAST({} AS DOUBLE) * {}", *sql, double_sql(term.scale));
  return fold;
}

}  // namespace

Statement to_sql(const ExperimentQuery& query, const Source& source) {
  return Builder(query, source).build();
}

namespace {

using RoleTerms = std::vector<std::pair<std::string, const Term*>>;

RoleTerms terms_of(const ExperimentMetric& metric) {
  RoleTerms terms{{"numerator", &metric.numerator}};
  if (metric.denominator) terms.emplace_back("denominator", &*metric.denominator);
  return terms;
}

/// `flagged`: the events of the period, and which of them the terms mean.
Statement::Step flagged_terms(const ExperimentQuery& query, const Source& source,
                              const RoleTerms& terms) {
  std::string flags;
  for (const auto& [role, term] : terms)
    flags += fmt::format(", {1} AS {0}, {2} AS {0}_value", role,
                         flag_sql(to_sql(term->event, source)), value_column_sql(*term, source));
  return {"flagged", fmt::format("SELECT unit, time_us, {} AS day{} FROM events WHERE time_us >= "
                                 "{} AND time_us < {}",
                                 local_day_sql("time_us", query.timezone), flags,
                                 query.period.begin, query.period.end)};
}

}  // namespace

Statement ages_sql(const ExperimentQuery& query, const Source& source, std::size_t metric) {
  const RoleTerms terms = terms_of(query.metrics[metric]);
  Statement statement;
  statement.with.push_back(flagged_terms(query, source, terms));
  statement.with.push_back(
      {"grid",
       fmt::format(
           "SELECT unit, arm, age, anchor_us, anchor_us + age * {0} AS begins_us, anchor_us "
           "+ (age + 1) * {0} AS ends_us FROM units, (SELECT unnest(range(0, {1})) AS age) "
           "AS ages WHERE anchor_us + (age + 1) * {0} <= {2}",
           kDayUs, query.max_age.value_or(-1) + 1,
           std::min(query.complete_until, query.period.end))});
  std::string columns;
  for (const auto& [role, term] : terms) {
    columns += fmt::format(
        ", {1} AS {0}, {2} AS {0}_so_far", role,
        fold_sql(*term, role, role + "_value", "time_us >= begins_us AND time_us < ends_us"),
        fold_sql(*term, role, role + "_value", "time_us >= anchor_us AND time_us < ends_us"));
  }
  statement.select = fmt::format(
      "SELECT unit, arm, age{} FROM grid LEFT JOIN flagged USING (unit) GROUP BY unit, arm, age",
      columns);
  return statement;
}

std::string first_events_sql(const UnitTableQuery& query, const Source& source) {
  const ExperimentQuery& experiment = query.experiment;
  std::string flags;
  std::string columns;
  for (std::size_t i = 0; i < query.first_events.size(); ++i) {
    flags += fmt::format(", {} AS meant_{}", flag_sql(to_sql(query.first_events[i], source)), i);
    columns += fmt::format(
        ", coalesce(min(event_us) FILTER (WHERE meant_{0}) - any_value(anchor_us), {1}) AS "
        "first_{0}",
        i, UnitTable::kNoEvent);
  }
  return fmt::format(
      "SELECT unit{} FROM units LEFT JOIN (SELECT unit AS event_unit, time_us AS event_us{} FROM "
      "events) AS flagged ON unit = event_unit AND event_us >= anchor_us AND event_us < {} WHERE "
      "anchor_us IS NOT NULL GROUP BY unit",
      columns, flags, std::min(experiment.complete_until, experiment.period.end));
}

Statement daily_sql(const ExperimentQuery& query, const Source& source, std::size_t metric) {
  const RoleTerms terms = terms_of(query.metrics[metric]);
  std::string parts;
  for (const auto& [role, term] : terms) {
    parts += fmt::format(
        ", count(*) FILTER (WHERE {0}) AS {0}_count, fsum({0}_value) FILTER (WHERE {0}) AS "
        "{0}_sum, max({0}_value) FILTER (WHERE {0}) AS {0}_max",
        role);
  }
  Statement statement;
  statement.with.push_back(flagged_terms(query, source, terms));
  statement.with.push_back(
      {"parts", fmt::format("SELECT unit, flagged.day AS day{} FROM units JOIN flagged USING "
                            "(unit) WHERE time_us >= anchor_us GROUP BY unit, flagged.day",
                            parts)});
  statement.with.push_back(
      {"grid",
       fmt::format("SELECT unit, arm, day FROM units, (SELECT unnest(range({}, {} + 1)) AS day) AS "
                   "days WHERE anchor_day <= day",
                   local_day_sql(fmt::format("{}", query.period.begin), query.timezone),
                   local_day_sql(fmt::format("{}", query.period.end - 1), query.timezone))});
  std::string columns;
  for (const auto& [role, term] : terms) {
    const DayFold fold = day_fold(*term, role);
    columns += fmt::format(", {0} AS {2}, {1} AS {2}_so_far", fold.of_day, fold.so_far, role);
  }
  statement.select =
      fmt::format("SELECT unit, arm, day{} FROM grid LEFT JOIN parts USING (unit, day)", columns);
  return statement;
}

}  // namespace assay::engine
