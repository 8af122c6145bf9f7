#include "assay/metrics/compile.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace assay::metrics {
namespace {

tl::unexpected<Error> refuse(const spec::Location& where, std::string problem, std::string fix = {},
                             std::string have = {}) {
  return tl::unexpected(
      spec::spec_error(where, std::move(problem), std::move(fix), std::move(have)));
}

Result<engine::Aggregation> compile_aggregation(const spec::Measure& measure) {
  switch (measure.agg) {
    case spec::Aggregation::count:
      return engine::Aggregation::count;
    case spec::Aggregation::sum:
      return engine::Aggregation::sum;
    case spec::Aggregation::max:
      return engine::Aggregation::max;
    case spec::Aggregation::any:
      return engine::Aggregation::any;
    case spec::Aggregation::distinct_days:
      return engine::Aggregation::distinct_days;
    case spec::Aggregation::mean:
    case spec::Aggregation::min:
    case spec::Aggregation::count_distinct:
      break;
  }
  return refuse(measure.where,
                fmt::format("aggregation `{}` is not computed by the kernels of this version",
                            spec::to_text(measure.agg)),
                measure.agg == spec::Aggregation::mean
                    ? "use `type: ratio` with the sum as numerator and the count as denominator"
                    : "",
                "count, sum, max, any, distinct_days");
}

Result<engine::Term> compile_term(const spec::Measure& measure) {
  engine::Term term;
  ASSAY_TRY(term.event, compile_selector(measure.events, measure.filter));
  ASSAY_TRY(term.aggregation, compile_aggregation(measure));
  term.column = measure.column.value;
  const bool needs_column =
      term.aggregation == engine::Aggregation::sum || term.aggregation == engine::Aggregation::max;
  if (needs_column && term.column.empty()) {
    return refuse(measure.where,
                  fmt::format("aggregation `{}` needs a column", spec::to_text(measure.agg)),
                  "add `column: <name of a numeric property>`");
  }
  return term;
}

Result<void> compile_window(const spec::Metric& metric, engine::ExperimentMetric& out) {
  if (!metric.window) return {};
  if (metric.window->type != spec::WindowType::conversion) {
    return refuse(metric.window->where,
                  "an experiment measures after exposure: lookback windows "
                  "do not apply",
                  "write `window: {type: conversion, value: ...}`");
  }
  out.delay_us = metric.window->delay_us;
  out.length_us = metric.window->value_us;
  return {};
}

Result<void> compile_retention(const spec::Metric& metric, engine::ExperimentMetric& out) {
  const spec::Retention& retention = *metric.retention;
  const auto only = [&](bool holds, std::string_view what, std::string_view fix) -> Result<void> {
    if (holds) return {};
    return refuse(metric.where,
                  fmt::format("retention with {} is not computed by this version", what),
                  std::string(fix));
  };
  ASSAY_CHECK(only(retention.criterion == spec::Criterion::on,
                   fmt::format("criterion {}", spec::to_text(retention.criterion)),
                   "write `criterion: on`"));
  ASSAY_CHECK(
      only(retention.clock == spec::Clock::calendar, "a rolling clock", "write `clock: calendar`"));
  ASSAY_CHECK(only(retention.unit == spec::Interval::day, "weeks or months", "write `unit: day`"));
  ASSAY_CHECK(only(retention.at.size() == 1, "several days at once",
                   "declare one metric a day, each with `at: N`"));
  ASSAY_CHECK(only(retention.start.kind == spec::AnchorKind::exposure ||
                       retention.start.kind == spec::AnchorKind::assignment,
                   "a start other than exposure or assignment",
                   "write `start: {anchor: exposure}`"));
  out.kind = engine::MetricKind::retention;
  out.retention_day = retention.at.front();
  ASSAY_TRY(out.numerator.event,
            compile_selector(retention.returning.events, retention.returning.filter));
  return {};
}

Result<void> compile_funnel_metric(const spec::Project& project, const spec::Metric& metric,
                                   engine::ExperimentMetric& out) {
  const spec::Funnel* funnel = spec::find_funnel(project, metric.funnel.value);
  if (funnel == nullptr) return refuse(metric.funnel.where, "there is no such funnel");
  engine::FunnelQuery query;
  ASSAY_TRY(query, compile_funnel(*funnel));
  out.kind = engine::MetricKind::funnel;
  out.steps = std::move(query.steps);
  out.funnel_window_us = query.window_us;
  return {};
}

Result<void> compile_participation(const spec::Metric& metric, engine::ExperimentMetric& out) {
  if (!metric.window) {
    return refuse(metric.where,
                  "daily participation in an experiment needs a window of fixed "
                  "length",
                  "add `window: {type: conversion, value: 14d}`");
  }
  ASSAY_TRY(out.numerator, compile_term(*metric.numerator));
  out.numerator.aggregation = engine::Aggregation::distinct_days;
  out.numerator.scale = static_cast<double>(kDayUs) / static_cast<double>(metric.window->value_us);
  return {};
}

void compile_cap(const spec::Metric& metric, engine::ExperimentMetric& out) {
  if (!metric.cap) return;
  if (metric.cap->type == spec::CapType::absolute) {
    out.cap_value = metric.cap->value;
  } else {
    out.cap_quantile = metric.cap->value;
    out.cap_ignores_zeros = metric.cap->ignore_zeros;
  }
}

Result<void> refuse_unread(const spec::Metric& metric) {
  if (!metric.eligible.value.empty()) {
    return refuse(metric.eligible.where,
                  "metrics with their own eligibility are not computed by "
                  "this version",
                  "filter the events with `where`, or the units with the experiment's `eligible`");
  }
  if (metric.transform != spec::Transform::none)
    return refuse(metric.where, "log-transformed metrics are not computed by this version");
  return {};
}

Result<void> compile_kind(const spec::Project& project, const spec::Metric& metric,
                          engine::ExperimentMetric& out) {
  switch (metric.type.value) {
    case spec::MetricType::mean:
    case spec::MetricType::proportion: {
      ASSAY_TRY(out.numerator, compile_term(*metric.numerator));
      if (metric.type.value == spec::MetricType::proportion)
        out.numerator.aggregation = engine::Aggregation::any;
      return {};
    }
    case spec::MetricType::ratio: {
      out.kind = engine::MetricKind::ratio;
      ASSAY_TRY(out.numerator, compile_term(*metric.numerator));
      engine::Term denominator;
      ASSAY_TRY(denominator, compile_term(*metric.denominator));
      out.denominator = std::move(denominator);
      return {};
    }
    case spec::MetricType::retention:
      return compile_retention(metric, out);
    case spec::MetricType::funnel:
      return compile_funnel_metric(project, metric, out);
    case spec::MetricType::daily_participation:
      return compile_participation(metric, out);
    default:
      return refuse(metric.type.where,
                    fmt::format("metrics of type {} are not computed in experiments by this "
                                "version",
                                spec::to_text(metric.type.value)),
                    "", "mean, proportion, ratio, retention, funnel, daily_participation");
  }
}

}  // namespace

Result<frame::Predicate> compile_filter(const spec::Text& text) {
  auto predicate = frame::parse_predicate(text.value);
  if (predicate) return std::move(*predicate);
  Error error = std::move(predicate.error());
  return refuse(text.where, error.problem + (error.where.empty() ? "" : ", at " + error.where),
                error.fix, error.have);
}

Result<engine::EventSelector> compile_selector(const std::vector<spec::Text>& events,
                                               const spec::Text& where) {
  engine::EventSelector selector;
  for (const spec::Text& event : events) selector.names.push_back(event.value);
  if (!where.value.empty()) {
    frame::Predicate filter;
    ASSAY_TRY(filter, compile_filter(where));
    selector.where = std::move(filter);
  }
  return selector;
}

Result<engine::ExperimentMetric> compile_metric(const spec::Project& project,
                                                const spec::Metric& metric, int covariate_days) {
  engine::ExperimentMetric out;
  out.name = metric.name.value;
  ASSAY_CHECK(refuse_unread(metric));
  ASSAY_CHECK(compile_kind(project, metric, out));
  ASSAY_CHECK(compile_window(metric, out));
  compile_cap(metric, out);
  if (out.kind == engine::MetricKind::mean || out.kind == engine::MetricKind::ratio)
    out.covariate_us = metric.covariate_days.value_or(covariate_days) * kDayUs;
  return out;
}

Result<engine::UnitMetric> compile_unit_metric(const spec::Project& project,
                                               const spec::Metric& metric) {
  const spec::MetricType type = metric.type.value;
  if (type != spec::MetricType::mean && type != spec::MetricType::proportion &&
      type != spec::MetricType::ratio) {
    return refuse(
        metric.type.where,
        fmt::format("metrics of type {} are not computed over a period", spec::to_text(type)), "",
        "mean, proportion, ratio");
  }
  if (metric.window) {
    return refuse(metric.window->where, "a window starts at a unit's exposure; a period has none",
                  "compute the metric in an experiment, or declare one without `window`");
  }
  if (metric.cap && metric.cap->type == spec::CapType::percentile) {
    return refuse(metric.where, "caps at a percentile are computed in experiments only",
                  "write `cap: {type: absolute, value: ...}`");
  }
  engine::ExperimentMetric compiled;
  ASSAY_TRY(compiled, compile_metric(project, metric, 0));
  return engine::UnitMetric{std::move(compiled.name), std::move(compiled.numerator),
                            std::move(compiled.denominator), compiled.cap_value};
}

bool reads_source(const spec::Metric& metric, const std::string& source) {
  const auto from = [&](const std::optional<spec::Measure>& measure) {
    return !measure || measure->source.value.empty() || measure->source.value == source;
  };
  return from(metric.numerator) && from(metric.denominator);
}

Result<engine::FunnelQuery> compile_funnel(const spec::Funnel& funnel) {
  const auto only = [&](bool holds, std::string_view what) -> Result<void> {
    if (holds) return {};
    return refuse(
        funnel.where,
        fmt::format("funnel `{}`: {} is not computed by this version", funnel.name.value, what), "",
        "order: ordered, entry: any, ties: step_order, window_from: entry, "
        "count: unique");
  };
  ASSAY_CHECK(only(funnel.order == spec::FunnelOrder::ordered, "an order other than ordered"));
  ASSAY_CHECK(only(funnel.entry == spec::FunnelEntry::any, "entry first"));
  ASSAY_CHECK(only(funnel.ties == spec::Ties::step_order, "ties other than step_order"));
  ASSAY_CHECK(only(funnel.window_from == spec::WindowFrom::entry, "a window from the last step"));
  ASSAY_CHECK(only(funnel.count == spec::FunnelCount::unique, "totals or session counting"));
  ASSAY_CHECK(only(!funnel.event_reuse, "reuse of one event"));
  ASSAY_CHECK(only(funnel.grace_us == 0, "a grace time"));
  ASSAY_CHECK(only(funnel.exclude.empty(), "an exclusion"));
  ASSAY_CHECK(only(funnel.hold_constant.empty(), "a held property"));
  ASSAY_CHECK(only(funnel.steps.size() <= 16, "more than 16 steps"));
  engine::FunnelQuery query;
  query.window_us = funnel.window_us;
  for (const spec::FunnelStep& step : funnel.steps) {
    ASSAY_CHECK(only(!step.optional, "an optional step"));
    ASSAY_CHECK(only(!step.window_us, "a window of one step"));
    engine::EventSelector selector;
    ASSAY_TRY(selector, compile_selector(step.events, step.filter));
    query.steps.push_back(std::move(selector));
  }
  return query;
}

Result<engine::SegmentBy> compile_segment(const spec::Project& project, const spec::Text& name) {
  const spec::Dimension* dimension = spec::find_dimension(project, name.value);
  engine::SegmentBy segment;
  segment.name = name.value;
  if (dimension == nullptr) {
    segment.property = name.value;  // A property may be named without declaring a dimension.
    return segment;
  }
  if (dimension->type == spec::DimensionType::entity) {
    const bool tenure = dimension->expr.value == "days_since(first())";
    if (!tenure || dimension->buckets.size() != 2 || dimension->buckets[0] != 0.0) {
      return refuse(dimension->expr.where,
                    fmt::format("dimension `{}`: only tenure with one cut is computed by this "
                                "version",
                                name.value),
                    "write `expr: \"days_since(first())\"` and `buckets: [0, N]`");
    }
    segment.kind = engine::SegmentBy::Kind::tenure;
    segment.tenure_us = std::llround(dimension->buckets[1] * static_cast<double>(kDayUs));
    return segment;
  }
  if (!dimension->buckets.empty())
    return refuse(dimension->where, "buckets of a column are not cut by this version");
  if (dimension->attribution == spec::Attribution::last_touch) {
    return refuse(dimension->where, "last-touch segments are not computed by this version", "",
                  "event, first_touch");
  }
  if (dimension->attribution == spec::Attribution::first_touch)
    segment.kind = engine::SegmentBy::Kind::first_touch;
  segment.property = dimension->expr.value.empty() ? name.value : dimension->expr.value;
  return segment;
}

}  // namespace assay::metrics
