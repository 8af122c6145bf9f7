#include <array>

#include "assay/spec/detail/describe.hpp"

namespace assay::spec::detail {
namespace {

constexpr int value_of(MetricType type) { return static_cast<int>(type); }

/// What is taken from events when nothing else is said.
Aggregation natural_aggregation(MetricType type) {
  if (type == MetricType::proportion || type == MetricType::active_users) return Aggregation::any;
  return type == MetricType::daily_participation ? Aggregation::distinct_days : Aggregation::count;
}

const std::array<Variant, 12>& metric_variants() {
  static const std::array<Variant, 12> kVariants{{
      {value_of(MetricType::mean), {"numerator"}, {"window", "cap", "transform", "covariate"}},
      {value_of(MetricType::proportion), {"numerator"}, {"window", "covariate"}},
      {value_of(MetricType::ratio), {"numerator", "denominator"}, {"window", "cap", "covariate"}},
      {value_of(MetricType::quantile), {"numerator", "quantile"}, {"window"}},
      {value_of(MetricType::retention), {"retention"}, {"covariate"}},
      {value_of(MetricType::funnel), {"funnel"}, {"denominator", "window", "covariate"}},
      {value_of(MetricType::cumulative), {"numerator", "entry", "horizons"}, {"cap", "covariate"}},
      {value_of(MetricType::daily_participation), {"numerator"}, {"window", "covariate"}},
      {value_of(MetricType::derived), {"expr"}, {"metrics"}},
      {value_of(MetricType::active_users), {"numerator", "trailing"}, {}},
      {value_of(MetricType::count), {"numerator"}, {"window"}},
      {value_of(MetricType::sum), {"numerator"}, {"window"}},
  }};
  return kVariants;
}

}  // namespace

struct Covariate {
  int days = 28;
};

void describe(Visitor& v, Covariate& covariate) {
  v.integer(need("days", "Days before exposure, best whole weeks."), covariate.days, kDays);
}

/// A denominator is a measure (ratio) or a word (funnel): `denominator: unit`.
struct DenominatorForm {
  std::optional<FunnelDenominator> per;
  Measure measure;
};

void describe(Visitor& v, DenominatorForm& form) {
  v.word(may("per", "Funnel metrics: per unit or per unit that entered the funnel."), form.per);
  describe(v, form.measure);
}

void describe(Visitor& v, Measure& measure) {
  v.at(measure.where, "");
  v.text(may("source", "Source of the events; may be left out when there is one."), measure.source);
  v.texts(may("event", "Name of the event, or a list of names; left out: every event."),
          measure.events);
  v.text(may("where", "SQL filter over declared columns."), measure.filter);
  std::optional<Aggregation> agg;
  if (!v.reading()) agg = measure.agg;
  v.word(may("agg", "What is taken from the events; default sum of the column, else count."), agg);
  v.text(may("column", "Column that is summed, averaged or counted distinct."), measure.column);
  if (v.reading())
    measure.agg =
        agg.value_or(measure.column.value.empty() ? Aggregation::count : Aggregation::sum);
  const bool wants_column = measure.agg != Aggregation::count && measure.agg != Aggregation::any &&
                            measure.agg != Aggregation::distinct_days;
  if (wants_column && measure.column.value.empty())
    v.complain(measure.where, "`agg: " + std::string(to_text(measure.agg)) + "` has no `column`",
               "add `column`");
  if (!wants_column && !measure.column.value.empty())
    v.complain(measure.column.where,
               "`agg: " + std::string(to_text(measure.agg)) + "` reads no column",
               "remove `column`, or use sum, mean, max, min or count_distinct");
}

void describe(Visitor& v, Window& window) {
  v.at(window.where, "");
  v.word(may("type", "conversion: after exposure; lookback: before the day of report."),
         window.type);
  v.duration(may("delay", "Time that is skipped first."), window.delay_us, true);
  v.duration(need("value", "Length of the window, for example 7d."), window.value_us);
}

void describe(Visitor& v, Cap& cap) {
  v.word(need("type", "percentile of the pooled units, or an absolute value."), cap.type);
  const bool is_share = v.reading() && cap.type == CapType::percentile;
  v.number(need("value", "percentile: more than 0.5, at most 1; absolute: the largest value."),
           cap.value, is_share ? Range{0.5, 1.0, true, false} : kPositive);
  v.flag(may("ignore_zeros", "Take the percentile of units that are not zero."), cap.ignore_zeros);
}

void describe(Visitor& v, Quantile& quantile) {
  v.word(may("type", "unit: of the units' values; event: of single events."), quantile.type);
  v.number(need("value", "Which quantile, between 0 and 1."), quantile.value, kOpenShare);
  v.flag(may("ignore_zeros", "Leave zeros out."), quantile.ignore_zeros);
}

void describe(Visitor& v, NonInferiority& margin) {
  v.number(need("margin", "Largest harm that is still acceptable; positive."), margin.margin,
           kPositive);
  v.word(may("scale", "absolute, or relative to the baseline."), margin.scale);
}

void describe(Visitor& v, Anchor& anchor) {
  v.at(anchor.where, "");
  v.text(may("cohort", "A declared cohort: the moment a unit enters it."), anchor.cohort);
  v.texts(may("event", "Name of the event, or a list of names."), anchor.events);
  v.text(may("where", "SQL filter over declared columns."), anchor.filter);
  v.word(may("which", "Which occurrence counts."), anchor.which);
  static constexpr Word kMoments[] = {{"exposure", static_cast<int>(AnchorKind::exposure)},
                                      {"assignment", static_cast<int>(AnchorKind::assignment)}};
  const bool is_moment =
      anchor.kind == AnchorKind::exposure || anchor.kind == AnchorKind::assignment;
  const Key moment = may("anchor", "exposure or assignment of an experiment.");
  std::optional<AnchorKind> kind;
  if (v.visits(moment, is_moment)) {
    Location where;
    int value = is_moment ? static_cast<int>(anchor.kind) : kMoments[0].value;
    v.word(moment, where, value, kMoments);
    kind = static_cast<AnchorKind>(value);
  }
  if (!v.reading()) return;
  const int n_given = static_cast<int>(!anchor.cohort.value.empty()) +
                      static_cast<int>(!anchor.events.empty()) + static_cast<int>(kind.has_value());
  if (n_given != 1)
    v.complain(anchor.where, "a start must name one of `cohort`, `event` and `anchor`",
               "keep exactly one of them");
  anchor.kind = kind.value_or(anchor.cohort.value.empty() ? AnchorKind::event : AnchorKind::cohort);
}

void describe(Visitor& v, Retention& retention) {
  v.object(need("start", "When a unit's clock starts: {cohort: name} or {event: name}."),
           retention.start);
  v.object(need("return", "The event that counts as coming back."), retention.returning);
  v.word(may("unit", "Length of an interval."), retention.unit);
  v.integers(need("at", "Number of the interval, or a list of them; 0 is the start's own."),
             retention.at, {1.0, 3650.0, false, false});
  v.word(may("criterion", "on the interval, on or after it, up to it, in a bracket, in every one."),
         retention.criterion);
  v.integers(may("brackets", "Lengths from interval 1 on: [1, 3, 5] = 1, 2-4, 5-9."),
             retention.brackets, {1.0, 3650.0, false, false});
  v.word(may("clock", "calendar days of the time zone, or rolling 24 hours."), retention.clock);
  v.word(may("clock_floor", "rolling: start the clock on the full hour."), retention.clock_floor);
  v.word(may("cohort_entry", "Which start counts when a unit starts more than once."),
         retention.cohort_entry);
  v.word(may("maturity", "complete_only: units whose interval has ended."), retention.maturity);
}

/// How the metric is argued about.
static void describe_evidence(Visitor& v, Metric& metric) {
  std::optional<Covariate> covariate;
  if (metric.covariate_days) covariate = Covariate{*metric.covariate_days};
  v.object(may("covariate", "The unit's own past that lowers the variance (CUPED)."), covariate);
  if (covariate) metric.covariate_days = covariate->days;
  v.word(may("direction", "Which way is good."), metric.direction);
  v.word(may("role", "Its usual role in experiments."), metric.role);
  v.object(may("non_inferiority", "Margin as a guardrail."), metric.non_inferiority);
  v.word(may("maturity", "complete_only: units whose window has ended."), metric.maturity);
}

/// Keys of one type only.
static void describe_special(Visitor& v, Metric& metric) {
  v.object(may("quantile", "type quantile: which one."), metric.quantile);
  v.object(may("retention", "type retention: who returns, to what, when."), metric.retention);
  v.text(may("funnel", "type funnel: name of a declared funnel."), metric.funnel);
  v.object(may("entry", "type cumulative: when a unit's clock starts."), metric.entry);
  v.durations(may("horizons", "type cumulative: ages at which the sum is read."),
              metric.horizons_us);
  const Key trailing = may("trailing", "type active_users: length of the trailing window.");
  if (v.visits(trailing, metric.trailing_us > 0)) v.duration(trailing, metric.trailing_us);
  v.text(may("expr", "type derived: arithmetic over metrics."), metric.expr);
  v.texts(may("metrics", "type derived: the metrics that expr names."), metric.metrics);
}

void describe(Visitor& v, Metric& metric) {
  v.at(metric.where, "metric");
  v.name(need("name", "What experiments and readouts call it."), metric.name);
  v.word(need("type", "How events become a number."), metric.type);
  v.prose(may("description", "What it means, for people."), metric.description);
  v.prose(may("owner", "Who answers for it."), metric.owner);
  v.object(may("numerator", "The events that count."), metric.numerator);
  DenominatorForm denominator;
  if (!v.reading() && metric.type.value == MetricType::funnel)
    denominator.per = metric.funnel_denominator;
  std::optional<DenominatorForm> form;
  if (metric.denominator) denominator.measure = *metric.denominator;
  if (metric.denominator || denominator.per) form = denominator;
  v.object(may("denominator", "ratio: the events divided by; funnel: unit or entry."), form, "per");
  v.text(may("unit", "Entity that it is per; default: the project's."), metric.unit);
  v.text(may("eligible", "SQL filter on the events that may count at all."), metric.eligible);
  v.zone(may("timezone", "Zone of its days; default: the project's."), metric.timezone);
  v.object(may("window", "When events count."), metric.window);
  v.object(may("cap", "Largest value of a unit that counts."), metric.cap);
  v.word(may("transform", "Transformation of a unit's value."), metric.transform);
  describe_evidence(v, metric);
  describe_special(v, metric);
  v.variants("type", static_cast<int>(metric.type.value), words(metric.type.value),
             metric_variants());
  if (!v.reading()) return;
  if (metric.numerator && metric.numerator->agg == Aggregation::count)
    metric.numerator->agg = natural_aggregation(metric.type.value);
  if (!form || metric.type.where.line == 0) return;
  const bool is_word = form->per.has_value();
  if (is_word != (metric.type.value == MetricType::funnel))
    v.complain(form->measure.where,
               is_word ? "this denominator must name events"
                       : "the denominator of a funnel is unit or entry",
               is_word ? "write {event: name, agg: count}" : "write `denominator: unit`");
  if (is_word) {
    metric.funnel_denominator = *form->per;
  } else {
    metric.denominator = form->measure;
  }
}

}  // namespace assay::spec::detail
