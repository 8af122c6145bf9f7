#include "assay/engine/check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <variant>

#include "assay/base/text.hpp"

namespace assay::engine {
namespace {

using frame::Literal;
using frame::Predicate;
using frame::Type;

constexpr std::size_t kMaxSteps = 16;

tl::unexpected<Error> wrong(std::string problem, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), {}, std::move(fix));
}

Result<Type> type_of(const std::string& property, const Vocabulary& words) {
  std::vector<std::string> names;
  for (const events::Property& known : words.properties) {
    if (known.name == property) return known.type;
    names.push_back(known.name);
  }
  const std::string near = nearest(property, names);
  return fail(ErrorCode::invalid_spec, fmt::format("there is no property `{}`", property), {},
              near.empty() ? "name a property that the source declares"
                           : fmt::format("did you mean `{}`?", near),
              list_text(names));
}

Result<void> check_event(const std::string& event, const Vocabulary& words) {
  if (std::find(words.events.begin(), words.events.end(), event) != words.events.end()) return {};
  const std::string near = nearest(event, words.events);
  return fail(
      ErrorCode::invalid_spec, fmt::format("no event is called `{}`", event), {},
      near.empty() ? "name an event that the source has" : fmt::format("did you mean `{}`?", near),
      list_text(words.events));
}

/// The literal in the type of its column, or nothing when the two do not compare.
std::optional<Literal> typed(const Literal& literal, Type type) {
  if (type == Type::text) {
    return std::holds_alternative<std::string>(literal) ? std::optional(literal) : std::nullopt;
  }
  if (std::holds_alternative<std::string>(literal)) return std::nullopt;
  if (const auto* truth = std::get_if<bool>(&literal)) {
    return type == Type::boolean ? std::optional<Literal>(std::int64_t{*truth}) : std::nullopt;
  }
  const auto* whole = std::get_if<std::int64_t>(&literal);
  if (whole != nullptr && type == Type::float64) return Literal{static_cast<double>(*whole)};
  return literal;
}

Result<Predicate> checked(const Predicate& predicate, const Vocabulary& words) {
  Predicate out = predicate;
  if (predicate.children.empty()) {
    ASSAY_TRY(const Type type, type_of(predicate.column, words));
    for (Literal& literal : out.literals) {
      const std::optional<Literal> value = typed(literal, type);
      if (!value) {
        return wrong(fmt::format("property `{}` is {} and is compared with another kind of value",
                                 predicate.column, frame::to_text(type)),
                     type == Type::text ? "put the value in single quotes"
                                        : "compare it with a number or truth value");
      }
      literal = *value;
    }
  }
  for (Predicate& child : out.children) {
    ASSAY_TRY(child, checked(child, words));
  }
  return out;
}

Result<EventSelector> checked(const EventSelector& selector, const Vocabulary& words) {
  EventSelector out = selector;
  for (const std::string& name : selector.names) ASSAY_CHECK(check_event(name, words));
  if (selector.where) {
    ASSAY_TRY(out.where, checked(*selector.where, words));
  }
  return out;
}

Result<std::vector<EventSelector>> checked_steps(const std::vector<EventSelector>& steps,
                                                 const Vocabulary& words) {
  if (steps.empty() || steps.size() > kMaxSteps) {
    return wrong(fmt::format("a funnel has 1 to {} steps, not {}", kMaxSteps, steps.size()));
  }
  std::vector<EventSelector> out;
  for (const EventSelector& step : steps) {
    ASSAY_TRY(EventSelector ready, checked(step, words));
    out.push_back(std::move(ready));
  }
  return out;
}

Result<void> not_negative(std::int64_t value, std::string_view what) {
  if (value >= 0) return {};
  return wrong(fmt::format("{} is negative: {}", what, value));
}

Result<Term> checked(const Term& term, const Vocabulary& words) {
  Term out = term;
  ASSAY_TRY(out.event, checked(term.event, words));
  if (term.aggregation != Aggregation::sum && term.aggregation != Aggregation::max) return out;
  ASSAY_TRY(const Type type, type_of(term.column, words));
  if (type == Type::text || type == Type::time_us) {
    return wrong(
        fmt::format("property `{}` is {}, not a number", term.column, frame::to_text(type)),
        "count events or aggregate a numeric property");
  }
  return out;
}

Result<std::vector<UnitMetric>> checked(std::vector<UnitMetric> metrics, const Vocabulary& words) {
  for (UnitMetric& metric : metrics) {
    ASSAY_TRY(metric.numerator, checked(metric.numerator, words));
    if (!metric.denominator) continue;
    ASSAY_TRY(metric.denominator, checked(*metric.denominator, words));
  }
  return metrics;
}

Result<void> check_caps(const ExperimentMetric& metric) {
  if (metric.cap_quantile && metric.cap_value) {
    return wrong(fmt::format("metric `{}` is capped twice", metric.name));
  }
  if (metric.cap_quantile && (!(*metric.cap_quantile > 0.0) || !(*metric.cap_quantile < 1.0))) {
    return wrong(fmt::format("metric `{}` is capped at a quantile outside of 0 to 1: {}",
                             metric.name, *metric.cap_quantile));
  }
  return {};
}

Result<ExperimentMetric> checked(const ExperimentMetric& metric, const Vocabulary& words) {
  ExperimentMetric out = metric;
  ASSAY_CHECK(not_negative(metric.delay_us, "the delay of metric `" + metric.name + "`"));
  ASSAY_CHECK(
      not_negative(metric.length_us.value_or(0), "the window of metric `" + metric.name + "`"));
  ASSAY_CHECK(not_negative(metric.covariate_us, "the pre-period of metric `" + metric.name + "`"));
  ASSAY_CHECK(check_caps(metric));
  if (metric.kind == MetricKind::funnel) {
    ASSAY_CHECK(
        not_negative(metric.funnel_window_us, "the funnel window of metric `" + metric.name + "`"));
    ASSAY_TRY(out.steps, checked_steps(metric.steps, words));
    return out;
  }
  ASSAY_TRY(out.numerator, checked(metric.numerator, words));
  if (metric.kind == MetricKind::retention && metric.retention_day < 1) {
    return wrong(fmt::format("metric `{}` asks for retention on day {}; the first is 1",
                             metric.name, metric.retention_day));
  }
  if (metric.kind == MetricKind::ratio) {
    if (!metric.denominator) return wrong("ratio `" + metric.name + "` has no denominator");
    ASSAY_TRY(out.denominator, checked(*metric.denominator, words));
  } else {
    out.denominator.reset();
  }
  return out;
}

Result<void> check_arms(const ExperimentQuery& query, const Vocabulary& words) {
  if (query.arms.empty()) return wrong("the experiment has no arms");
  for (std::size_t i = 0; i < query.arms.size(); ++i) {
    if (std::find(query.arms.begin(), query.arms.begin() + static_cast<std::ptrdiff_t>(i),
                  query.arms[i]) != query.arms.begin() + static_cast<std::ptrdiff_t>(i)) {
      return wrong(fmt::format("two arms are called `{}`", query.arms[i]));
    }
  }
  if (query.variant_property.empty() && query.arms.size() > 1)
    return wrong("an experiment of several arms needs the property that names them");
  if (!query.variant_property.empty()) {
    ASSAY_TRY(const Type type, type_of(query.variant_property, words));
    if (type != Type::text) {
      return wrong(fmt::format("the variant `{}` is {}, not text", query.variant_property,
                               frame::to_text(type)));
    }
  }
  if (query.period.begin >= query.period.end) {
    return wrong("the period of the experiment ends before it begins");
  }
  return {};
}

/// By age and by cluster.
Result<void> check_parts(const ExperimentQuery& query, const Vocabulary& words) {
  if (query.max_age && (*query.max_age < 0 || *query.max_age > kMaxAge))
    return wrong(fmt::format("moments by age up to day {}; 0 to {}", *query.max_age, kMaxAge));
  if (!query.cluster) return {};
  if (query.max_clusters < 1)
    return wrong(fmt::format("at most {} clusters; at least 1", query.max_clusters));
  ASSAY_CHECK(type_of(*query.cluster, words));
  return {};
}

}  // namespace

Result<ActiveUsersQuery> checked(const ActiveUsersQuery& query, const Vocabulary& words) {
  ActiveUsersQuery out = query;
  if (query.trailing_days < 1) {
    return wrong(fmt::format("active users of {} days; at least 1", query.trailing_days));
  }
  ASSAY_TRY(out.event, checked(query.event, words));
  return out;
}

Result<RetentionQuery> checked(const RetentionQuery& query, const Vocabulary& words) {
  RetentionQuery out = query;
  if (query.max_day < 1) {
    return wrong(fmt::format("retention up to day {}; at least 1", query.max_day));
  }
  ASSAY_TRY(out.start, checked(query.start, words));
  ASSAY_TRY(out.returning, checked(query.returning, words));
  return out;
}

Result<FunnelQuery> checked(const FunnelQuery& query, const Vocabulary& words) {
  FunnelQuery out = query;
  ASSAY_CHECK(not_negative(query.window_us, "the funnel window"));
  ASSAY_TRY(out.steps, checked_steps(query.steps, words));
  return out;
}

Result<SessionsQuery> checked(const SessionsQuery& query, const Vocabulary& words) {
  SessionsQuery out = query;
  ASSAY_CHECK(not_negative(query.gap_us, "the gap between sessions"));
  ASSAY_TRY(out.event, checked(query.event, words));
  return out;
}

Result<ExperimentQuery> checked(const ExperimentQuery& query, const Vocabulary& words) {
  ExperimentQuery out = query;
  ASSAY_CHECK(check_arms(query, words));
  ASSAY_TRY(out.assignment, checked(query.assignment, words));
  if (query.exposure) {
    ASSAY_TRY(out.exposure, checked(*query.exposure, words));
  }
  if (query.eligible) {
    ASSAY_TRY(out.eligible, checked(*query.eligible, words));
  }
  for (ExperimentMetric& metric : out.metrics) {
    ASSAY_TRY(metric, checked(metric, words));
  }
  ASSAY_CHECK(check_parts(query, words));
  for (const SegmentBy& segment : query.segments) {
    ASSAY_CHECK(not_negative(segment.tenure_us, "the tenure of segment `" + segment.name + "`"));
    if (segment.kind == SegmentBy::Kind::tenure) continue;
    ASSAY_CHECK(type_of(segment.property, words));
  }
  return out;
}

Result<UnitTotalsQuery> checked(const UnitTotalsQuery& query, const Vocabulary& words) {
  UnitTotalsQuery out = query;
  if (query.period.begin >= query.period.end) return wrong("the period ends before it begins");
  ASSAY_TRY(out.active, checked(query.active, words));
  ASSAY_TRY(out.metrics, checked(query.metrics, words));
  return out;
}

Result<SeriesQuery> checked(const SeriesQuery& query, const Vocabulary& words) {
  SeriesQuery out = query;
  if (query.first_day > query.last_day)
    return wrong(fmt::format("the series ends before it begins: day {} to {}", query.first_day,
                             query.last_day));
  if (query.first_day < kEarliestDay || query.last_day > kLatestDay)
    return wrong("the days of the series are not between the years 1 and 9999");
  const std::int64_t days = std::int64_t{query.last_day} - query.first_day + 1;
  if (days > kMaxSeriesDays)
    return wrong(fmt::format("the series has {} days; at most {}", days, kMaxSeriesDays),
                 "ask for fewer days at a time");
  ASSAY_TRY(out.active, checked(query.active, words));
  ASSAY_TRY(out.metrics, checked(query.metrics, words));
  return out;
}

Result<UnitTableQuery> checked(const UnitTableQuery& query, const Vocabulary& words) {
  UnitTableQuery out = query;
  if (query.max_units < 1)
    return wrong(fmt::format("a table of at most {} units; at least 1", query.max_units));
  ASSAY_TRY(out.experiment, checked(query.experiment, words));
  out.experiment.daily = false;
  out.experiment.max_age.reset();
  out.experiment.segment_pairs = false;
  if (query.first_events.size() > kMaxFirstEvents)
    return wrong(fmt::format("times to the first of {} events; at most {}",
                             query.first_events.size(), kMaxFirstEvents));
  for (EventSelector& selector : out.first_events) {
    ASSAY_TRY(selector, checked(selector, words));
  }
  return out;
}

Error too_many_units(std::int64_t units, std::int64_t max_units) {
  return Error{ErrorCode::invalid_spec,
               fmt::format("the experiment has {} analysed units, more than the {} that a table of "
                           "units may have",
                           count_text(units), count_text(max_units)),
               "",
               "use a method that works from moments, make fewer units eligible, or raise the "
               "limit (8 bytes a unit and variable)",
               ""};
}

Error too_many_clusters(const std::string& property, std::int64_t max_clusters) {
  return Error{
      ErrorCode::invalid_spec,
      fmt::format("property `{}` makes more than {} clusters", property, count_text(max_clusters)),
      "",
      "choose a property with fewer values, or raise the limit (the answer grows with "
      "clusters); where every unit is its own cluster leave it out",
      ""};
}

Result<void> check_clusters(const ExperimentQuery& query, const UnitSegment& cluster) {
  std::size_t clusters = cluster.values.size();
  if (clusters > 0 && cluster.values.front().empty()) --clusters;  // In no cluster.
  if (clusters <= static_cast<std::size_t>(query.max_clusters)) return {};
  return tl::unexpected(too_many_clusters(query.cluster.value_or(""), query.max_clusters));
}

Error too_many_pairs(const std::string& first, const std::string& second) {
  return Error{ErrorCode::invalid_spec,
               fmt::format("segments `{}` and `{}` have more than {} combinations of values", first,
                           second, count_text(static_cast<std::int64_t>(kMaxPairCells))),
               "", "choose properties with fewer values", ""};
}

Error too_many_values(const std::string& segment, std::size_t values) {
  return Error{
      ErrorCode::invalid_spec,
      fmt::format("segment `{}` has {} values; at most {}", segment, values, kMaxSegmentValues), "",
      "choose a property with fewer values", ""};
}

}  // namespace assay::engine
