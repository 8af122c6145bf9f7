#include <array>

#include "assay/spec/detail/describe.hpp"

namespace assay::spec::detail {
namespace {

struct DaysForm {
  int days = 28;
};
void describe(Visitor& v, DaysForm& form) {
  v.integer(need("days", "Days of history."), form.days, kDays);
}

/// A check with one limit: {max_share: 0.001}.
struct MaxShareForm {
  double value = 0;
};
void describe(Visitor& v, MaxShareForm& form) {
  v.number(need("max_share", "Largest share of units."), form.value, kShare);
}

struct MaxDifferenceForm {
  double value = 0;
};
void describe(Visitor& v, MaxDifferenceForm& form) {
  v.number(need("max_difference", "Largest difference between the arms' shares."), form.value,
           kShare);
}

template <class Form>
void limit(Visitor& v, const Key& key, std::optional<double>& value) {
  std::optional<Form> form;
  if (value) form = Form{*value};
  v.object(key, form);
  if (form) value = form->value;
}

constexpr Word kAnyStates[] = {{"harmed", static_cast<int>(GuardrailState::harmed)},
                               {"undecided", static_cast<int>(GuardrailState::undecided)}};
constexpr Word kAllStates[] = {{"non_inferior", static_cast<int>(GuardrailState::non_inferior)}};

void guardrail_state(Visitor& v, const Key& key, std::optional<GuardrailState>& state,
                     Words allowed) {
  if (!v.visits(key, state.has_value())) return;
  Location where;
  int value = state ? static_cast<int>(*state) : allowed.front().value;
  v.word(key, where, value, allowed);
  state = static_cast<GuardrailState>(value);
}

const std::array<Variant, 3>& looks_variants() {
  static const std::array<Variant, 3> kVariants{{
      {static_cast<int>(LooksMethod::none), {}, {}},
      {static_cast<int>(LooksMethod::group_sequential),
       {"information"},
       {"spending", "spending_parameter", "spending_table", "futility", "planned_n"}},
      {static_cast<int>(LooksMethod::confidence_sequence), {"planned_n"}, {}},
  }};
  return kVariants;
}

}  // namespace

void describe(Visitor& v, Assignment& assignment) {
  v.text(may("source", "Source of the events; may be left out when there is one."),
         assignment.source);
  v.text(need("event", "The event that says which arm a unit was given."), assignment.event);
  v.text(may("key", "The experiment's name in the log; default: its own."), assignment.key);
  v.text(may("key_column", "Column that holds the key; left out: the event is ours alone."),
         assignment.key_column);
  v.text(need("variant", "Column that holds the arm's name."), assignment.variant);
}

void describe(Visitor& v, Exposure& exposure) {
  v.text(may("source", "Source of the events; may be left out when there is one."),
         exposure.source);
  v.texts(need("event", "The event from which on a unit could feel the difference."),
          exposure.events);
  v.text(may("where", "SQL filter over declared columns."), exposure.filter);
}

void describe(Visitor& v, Arm& arm) {
  v.item_name(arm.name);
  v.number(need("weight", "Planned share of units."), arm.weight, kPositiveShare);
}

void describe(Visitor& v, Period& period) {
  v.at(period.where, "`period`");
  v.day(need("start", "First day."), period.first);
  v.day(need("end", "Last day; it belongs to the experiment."), period.last);
  v.zone(may("timezone", "Zone in which the days begin; default: the project's."), period.timezone);
}

void describe(Visitor& v, Guardrail& guardrail) {
  v.at(guardrail.where, "guardrail");
  v.text(need("metric", "A metric that must not be harmed."), guardrail.metric);
  std::optional<double> margin;
  if (guardrail.margin > 0) margin = guardrail.margin;
  v.number(may("margin", "Largest harm still acceptable; default: the metric's."), margin,
           kPositive);
  std::optional<Scale> scale;
  if (!v.reading()) scale = guardrail.scale;
  v.word(may("scale", "absolute, or relative to the baseline."), scale);
  if (!v.reading()) return;
  guardrail.margin = margin.value_or(0.0);
  guardrail.scale = scale.value_or(Scale::absolute);
  if (scale.has_value() != margin.has_value())
    v.complain(guardrail.metric.where, "a margin needs its scale, and a scale its margin",
               "write both `margin` and `scale`, or neither to take the metric's");
}

void describe(Visitor& v, ExperimentMetrics& metrics) {
  v.texts(need("primary", "Metrics that decide."), metrics.primary);
  v.texts(may("secondary", "Metrics that explain, with correction."), metrics.secondary);
  v.objects(may("guardrails", "Metrics that must not be harmed."), metrics.guardrails, "metric");
  v.texts(may("diagnostics", "Metrics that only describe."), metrics.diagnostics);
}

void describe(Visitor& v, Segments& segments) {
  v.texts(may("pre_registered", "Dimensions or cohorts, named before the data."),
          segments.pre_registered);
  v.texts(may("exploratory", "Dimensions or cohorts that are only looked at."),
          segments.exploratory);
}

void describe(Visitor& v, MinimumEffect& effect) {
  Location where;
  v.at(where, "`minimum_detectable_effect`");
  v.text(need("metric", "The metric that the design is made for."), effect.metric);
  std::optional<double> relative;
  std::optional<double> absolute;
  if (effect.size > 0) (effect.scale == Scale::relative ? relative : absolute) = effect.size;
  v.number(may("relative", "As a share of the baseline: 0.004."), relative, kPositive);
  v.number(may("absolute", "In the metric's unit."), absolute, kPositive);
  if (!v.reading()) return;
  if (relative.has_value() == absolute.has_value())
    v.complain(where, "an effect is either `relative` or `absolute`", "keep exactly one");
  effect.scale = relative ? Scale::relative : Scale::absolute;
  effect.size = relative ? *relative : absolute.value_or(0.0);
}

void describe(Visitor& v, Design& design) {
  DaysForm history{design.baseline_days};
  v.object(may("baseline_from", "History that mean and variance come from."), history);
  design.baseline_days = history.days;
  v.object(may("minimum_detectable_effect", "Smallest effect worth finding."),
           design.minimum_effect);
  v.number(may("power", "Chance of finding it."), design.power, kOpenShare);
}

void describe(Visitor& v, Adjustment& adjustment) {
  v.word(may("method", "lin: regression with a slope per arm; cuped_pooled; none."),
         adjustment.method);
  v.integer(may("covariate_days", "Days before exposure, best whole weeks."),
            adjustment.covariate_days, kDays);
  v.texts(may("covariates", "Metrics or dimensions besides the metric's own past."),
          adjustment.covariates);
}

void describe(Visitor& v, MultiplicityPlan& plan) {
  v.word(may("primary", "Correction among primary metrics."), plan.primary);
  v.word(may("secondary", "Correction among secondary metrics."), plan.secondary);
  v.word(may("exploratory", "Correction among exploratory segments."), plan.exploratory);
}

void describe(Visitor& v, Looks& looks) {
  Location where;
  v.at(where, "`looks`");
  v.word(need("method", "How repeated looks are paid for."), looks.method);
  v.word(may("spending", "group_sequential: the spending function."), looks.spending);
  v.number(may("spending_parameter", "kim_demets: the power; hwang_shih_decani: gamma."),
           looks.spending_parameter, {-40.0, 40.0, false, false});
  v.numbers(may("spending_table", "user: share of alpha spent at each of information, the last 1."),
            looks.spending_table, kPositiveShare);
  v.numbers(may("information", "group_sequential: increasing fractions, the last 1."),
            looks.information, kPositiveShare);
  v.word(may("futility", "group_sequential: whether a futility bound stops."), looks.futility);
  v.integer(may("planned_n", "Units of all arms at the end."), looks.planned_n,
            {2.0, std::nullopt, false, false});
  v.variants("method", static_cast<int>(looks.method), words(looks.method), looks_variants());
}

void describe(Visitor& v, Analysis& analysis) {
  v.number(may("alpha", "Two-sided error rate of the primary metrics."), analysis.alpha,
           kOpenShare);
  v.object(may("adjustment", "How the past lowers the variance."), analysis.adjustment, "method");
  v.text(may("clusters", "Column of the clusters, or none."), analysis.clusters);
  if (v.reading() && analysis.clusters.value == "none") analysis.clusters = {};
  v.object(may("multiplicity", "Corrections for many comparisons."), analysis.multiplicity);
  v.object(may("looks", "How often the data may be looked at."), analysis.looks, "method");
  v.word(may("maturity", "complete_only: units whose window has ended."), analysis.maturity);
}

void describe(Visitor& v, SampleRatioCheck& check) {
  v.number(may("alpha", "Below this p-value the split is wrong."), check.alpha, kOpenShare);
  v.texts(may("by", "Dimensions or columns whose slices are searched."), check.by);
}

void describe(Visitor& v, BalanceCheck& check) {
  v.number(may("alpha", "Below this p-value the arms differed before."), check.alpha, kOpenShare);
  v.texts(may("covariates", "Dimensions, columns, or metrics (pre_<metric>)."), check.covariates);
}

void describe(Visitor& v, Checks& checks) {
  v.object(may("sample_ratio", "The arms have their planned sizes."), checks.sample_ratio);
  v.object(may("balance", "The arms were alike before."), checks.balance);
  limit<MaxShareForm>(v, may("both_arms", "Few units are in more than one arm."),
                      checks.both_arms_max_share);
  limit<MaxShareForm>(v, may("exposure_before_assignment", "Nobody is exposed before assignment."),
                      checks.exposure_before_assignment_max_share);
  limit<MaxDifferenceForm>(v, may("missing_exposure", "Exposure is logged alike in all arms."),
                           checks.missing_exposure_max_difference);
}

void describe(Visitor& v, AllPrimary& clause) {
  Location where;
  v.at(where, "`all_primary`");
  v.flag(may("significant", "Every primary metric differs, in the good direction."),
         clause.significant);
  v.number(may("lift_at_least", "Every relative lift is at least this, in the good direction."),
           clause.lift_at_least, kAnyNumber);
  if (!clause.significant && !clause.lift_at_least)
    v.complain(where, "`all_primary` says nothing", "write {significant: true}");
}

void describe(Visitor& v, When& when) {
  v.at(when.where, "`when`");
  v.flag(may("any_check_failed", "A check of `checks` failed."), when.any_check_failed);
  guardrail_state(
      v, may("any_guardrail", "harmed: the interval lies wholly beyond the margin; undecided."),
      when.any_guardrail, kAnyStates);
  guardrail_state(v, may("all_guardrails", "non_inferior: every interval lies within the margin."),
                  when.all_guardrails, kAllStates);
  v.object(may("all_primary", "What holds for every primary metric."), when.all_primary);
  v.word(may("any_primary", "undecided, significant or negative."), when.any_primary);
  v.texts(may("segments_not_harmed", "Pre-registered segments none of which may be harmed."),
          when.segments_not_harmed);
  v.flag(may("period_left", "Days of the planned period are left."), when.period_left);
}

void describe(Visitor& v, Rule& rule) {
  v.at(rule.where, "rule");
  v.word(need("verdict", "What is decided."), rule.verdict);
  v.object(may("when", "Clauses that must all hold; left out in the last rule."), rule.when);
}

void describe(Visitor& v, KillSwitch& kill) {
  v.text(need("metric", "The metric that stops the rollout."), kill.metric);
  v.number(need("worse_than", "So much in the bad direction."), kill.worse_than, kPositive);
  v.word(may("scale", "absolute, or relative to the baseline."), kill.scale);
  v.number(may("confidence", "How sure one must be."), kill.confidence, kOpenShare);
}

void describe(Visitor& v, Rollout& rollout) {
  v.numbers(need("steps", "Increasing shares of traffic."), rollout.steps, kPositiveShare);
  v.integer(may("days_per_step", "Days before the next step."), rollout.days_per_step, kDays);
  v.word(may("gate", "What must hold for the next step."), rollout.gate);
  v.objects(may("kill", "What stops the rollout at once."), rollout.kill);
  v.number(may("holdout", "Share of units kept without the change."), rollout.holdout,
           {0.0, 1.0, false, true});
}

void describe(Visitor& v, Value& value) {
  v.text(need("metric", "The metric that is worth something."), value.metric);
  v.integer(may("horizon_days", "Days that the value is added up over."), value.horizon_days,
            kDays);
  v.prose(may("currency", "Three letters, when the metric is money."), value.currency);
}

void describe(Visitor& v, Stakeholder& stakeholder) {
  v.prose(need("who", "Who is concerned."), stakeholder.who);
  v.prose(need("concern", "About what."), stakeholder.concern);
  v.prose(may("criterion", "What would show it."), stakeholder.criterion);
}

void describe(Visitor& v, Experiment& experiment) {
  v.integer(need("version", "Version of the format: 1."), experiment.version,
            {1.0, 1.0, false, false});
  v.text(need("experiment", "Name of the experiment."), experiment.name);
  v.prose(may("description", "What is changed."), experiment.description);
  v.prose(may("hypothesis", "What is expected, and why."), experiment.hypothesis);
  v.prose(may("owner", "Who answers for it."), experiment.owner);
  v.text(may("unit", "Entity that is randomised; default: the project's."), experiment.unit);
  v.object(need("assignment", "The event that says who is in which arm."), experiment.assignment);
  v.object(may("exposure", "The event that triggers; left out: intent to treat only."),
           experiment.exposure, "event");
  v.objects(need("arms", "Names and planned shares; the first is the baseline."), experiment.arms,
            "weight", true);
  v.object(may("randomisation", "How the arms are given: `assay assign` follows it."),
           experiment.randomisation, "method");
  v.text(may("eligible", "SQL filter on units that may take part."), experiment.eligible);
  v.object(need("period", "First and last day."), experiment.period);
  v.object(need("metrics", "Which metrics have which role."), experiment.metrics);
  v.object(may("segments", "What results are split by."), experiment.segments);
  v.object(may("design", "What the sample size was made for."), experiment.design);
  v.object(may("analysis", "How the numbers are made."), experiment.analysis);
  v.object(may("checks", "What must be in order before any verdict."), experiment.checks);
  v.objects(need("decision", "Rules in order; the first that holds decides."), experiment.decision);
  v.object(may("rollout", "How a ship verdict is carried out."), experiment.rollout);
  v.object(may("value", "What the lift is worth."), experiment.value);
  v.objects(may("stakeholders", "Who is concerned about what."), experiment.stakeholders);
}

}  // namespace assay::spec::detail
