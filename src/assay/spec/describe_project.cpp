#include <fmt/core.h>

#include <array>
#include <charconv>

#include "assay/spec/detail/describe.hpp"

namespace assay::spec::detail {
namespace {

constexpr const char* kComparisons = ">=, >, <=, <, =";

/// ">= 3", "3" (at least).
Result<void> parse_count_rule(const std::string& text, Having& having) {
  std::size_t at = text.find_first_of("0123456789");
  const std::size_t sign_end = at == std::string::npos ? text.size() : at;
  std::string sign = text.substr(0, sign_end);
  while (!sign.empty() && sign.back() == ' ') sign.pop_back();
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + sign_end, last, having.count);
  bool known = sign.empty();
  for (const Word& word : words(Comparison{})) {
    if (word.text != sign) continue;
    having.comparison = static_cast<Comparison>(word.value);
    known = true;
  }
  if (known && error == std::errc() && end == last) return {};
  return fail(ErrorCode::invalid_spec, fmt::format("not a rule for a count: `{}`", text), "",
              "write a sign and a whole number, for example \">= 3\"", kComparisons);
}

/// "1 per 28d"
Result<void> parse_rate(const std::string& text, Monitor& monitor) {
  const std::size_t per = text.find(" per ");
  const char* last = text.data() + std::min(per, text.size());
  const auto [end, error] = std::from_chars(text.data(), last, monitor.false_alarms);
  if (per == std::string::npos || error != std::errc() || end != last ||
      !(monitor.false_alarms > 0) || monitor.false_alarms > 1e6)
    return fail(ErrorCode::invalid_spec, fmt::format("not a rate of alarms: `{}`", text), "",
                "write how many in what time, for example \"1 per 28d\"");
  ASSAY_TRY(monitor.false_alarms_per_us, parse_duration(text.substr(per + 5)));
  if (monitor.false_alarms_per_us == 0)
    return fail(ErrorCode::invalid_spec, fmt::format("a rate over no time: `{}`", text), "",
                "write how many in what time, for example \"1 per 28d\"");
  return {};
}

/// What each product means by a funnel; keys written beside the preset win.
/// Source: the products' public documentation of August 2026.
void apply_preset(Funnel& funnel) {
  switch (funnel.preset) {
    case FunnelPreset::none:
      return;
    case FunnelPreset::posthog:
    case FunnelPreset::clickhouse:
      funnel.entry = FunnelEntry::any;
      funnel.ties = Ties::step_order;
      funnel.event_reuse = funnel.preset == FunnelPreset::clickhouse;
      return;
    case FunnelPreset::mixpanel:
      funnel.entry = FunnelEntry::first;
      funnel.grace_us = 2 * kSecondUs;
      return;
    case FunnelPreset::amplitude:
      funnel.entry = FunnelEntry::any;
      funnel.grace_us = kSecondUs;
      return;
    case FunnelPreset::growthbook:
      funnel.entry = FunnelEntry::first;
      funnel.window_from = WindowFrom::previous_step;
      return;
  }
}

}  // namespace

void describe(Visitor& v, Defaults& defaults) {
  v.zone(may("timezone", "Zone in which days begin; default UTC."), defaults.timezone);
  v.word(may("week_start", "First day of a week."), defaults.week_start);
  v.text(may("unit", "Entity that metrics are per; default user."), defaults.unit);
}

void describe(Visitor& v, Dimension& dimension) {
  v.at(dimension.where, "dimension");
  v.name(need("name", "What segments and breakdowns call it."), dimension.name);
  v.word(may("type", "column: a value of each event; entity: of a unit over time."),
         dimension.type);
  v.text(need("expr", "SQL over declared columns."), dimension.expr);
  v.word(may("attribution", "Whose value counts when a unit's value changes."),
         dimension.attribution);
  v.numbers(may("buckets", "Cut points of a number, increasing."), dimension.buckets, kAnyNumber);
  v.prose(may("description", "What it means, for people."), dimension.description);
}

void describe(Visitor& v, Having& having) {
  Location where;
  v.spelled(need("count", "How many entry events: \">= 3\"."), where,
            {"^ *(>=|>|<=|<|=)? *[0-9]+$", "\">= 3\"",
             [&](const std::string& text) { return parse_count_rule(text, having); },
             [&] { return fmt::format("{} {}", to_text(having.comparison), having.count); }});
  v.duration(may("within", "Inside so long a time."), having.within_us);
}

void describe(Visitor& v, Cohort& cohort) {
  v.at(cohort.where, "cohort");
  v.name(need("name", "What metrics call it."), cohort.name);
  v.object(need("entry", "The event that makes a unit a member."), cohort.entry);
  v.text(may("source", "Source of the events; may be left out when there is one."), cohort.source);
  v.object(may("having", "How often the event must happen."), cohort.having);
  v.prose(may("description", "What it means, for people."), cohort.description);
}

void describe(Visitor& v, FunnelStep& step) {
  v.at(step.where, "step");
  v.text(may("name", "What the step is called; default: its event."), step.name);
  std::vector<Text> any_of;
  v.texts(may("event", "The event, or a list any of which will do."), step.events);
  v.texts(may("any_of", "Events any of which will do."), any_of);
  v.text(may("where", "SQL filter over declared columns."), step.filter);
  v.duration(may("window", "Time allowed to reach this step.", {"conversion_window"}),
             step.window_us);
  v.flag(may("optional", "Units may leave it out."), step.optional);
  if (!v.reading()) return;
  if (step.events.empty() == any_of.empty())
    v.complain(step.where, "a step must have one of `event` and `any_of`",
               "write `event: name` or `any_of: [name, name]`");
  if (step.events.empty()) step.events = std::move(any_of);
  if (step.name.value.empty() && !step.events.empty()) step.name = step.events.front();
}

void describe(Visitor& v, FunnelExclude& exclude) {
  v.at(exclude.where, "exclusion");
  v.texts(need("event", "The event that must not happen."), exclude.events);
  v.text(may("where", "SQL filter over declared columns."), exclude.filter);
  std::vector<Text> between;
  if (!exclude.after_step.value.empty()) between = {exclude.after_step, exclude.before_step};
  v.texts(may("between", "Two steps between which it counts; left out: anywhere."), between);
  v.word(may("effect", "end_attempt: start over; drop_unit: the unit does not count."),
         exclude.effect);
  if (!v.reading() || between.empty()) return;
  if (between.size() != 2) {
    v.complain(between.front().where, "`between` must name two steps", "write [cart, buy]");
    return;
  }
  exclude.after_step = between[0];
  exclude.before_step = between[1];
}

void describe(Visitor& v, Funnel& funnel) {
  v.at(funnel.where, "funnel");
  v.name(need("name", "What metrics call it."), funnel.name);
  v.text(may("source", "Source of the events; may be left out when there is one."), funnel.source);
  v.objects(need("steps", "Two or more steps."), funnel.steps, "event");
  v.word(may("preset", "Meaning of another product; keys written here win."), funnel.preset);
  if (v.reading()) apply_preset(funnel);
  v.word(may("order", "ordered: other events may lie between; strict: none may; any."),
         funnel.order);
  v.word(may("strict_repeats", "strict: whether a repeated step breaks the order."),
         funnel.strict_repeats);
  v.duration(need("window", "Time from first to last step."), funnel.window_us);
  v.word(may("window_from", "entry, or previous_step: each hop has the window."),
         funnel.window_from);
  v.word(may("entry", "any: the best attempt; first: the first one."), funnel.entry);
  v.word(may("ties", "What order events of one instant have."), funnel.ties);
  v.duration(may("grace", "Events so close may be in any order."), funnel.grace_us, true);
  v.flag(may("event_reuse", "One event may be several steps."), funnel.event_reuse);
  v.word(may("count", "unique units, totals of attempts, or sessions."), funnel.count);
  v.texts(may("hold_constant", "Columns that must be equal in all steps.", {"constant_properties"}),
          funnel.hold_constant);
  v.objects(may("exclude", "Events that end an attempt."), funnel.exclude);
  v.prose(may("description", "What it means, for people."), funnel.description);
}

void describe(Visitor& v, MixRate& mix_rate) {
  v.text(need("metric", "The ratio that is taken apart."), mix_rate.metric);
  v.texts(need("by", "Dimensions of the mix."), mix_rate.by);
  v.word(may("method", "Which weights the parts have."), mix_rate.method);
}

void describe(Visitor& v, Tree& tree) {
  v.at(tree.where, "tree");
  v.text(need("root", "The metric at the top."), tree.root);
  v.text(need("identity", "\"root = factor * factor\"; exact."), tree.identity);
  v.word(may("method", "How a change is shared out."), tree.method);
  v.object(may("mix_rate", "Mix against rate of one ratio."), tree.mix_rate);
}

void describe(Visitor& v, RootCause& root_cause) {
  v.texts(need("dims", "Dimensions that are searched, at most eight."), root_cause.dims);
  v.integer(may("max_depth", "Dimensions a slice may combine."), root_cause.max_depth,
            {1.0, 8.0, false, false});
  v.number(may("fdr", "False discovery rate."), root_cause.fdr, kOpenShare);
  std::vector<Text> known;
  for (const std::string& name : root_cause.known_events) known.push_back({name, {}});
  v.texts(may("known_events", "Lists of things that happened: launches, incidents."), known);
  root_cause.known_events.clear();
  for (Text& name : known) root_cause.known_events.push_back(std::move(name.value));
}

void describe(Visitor& v, Monitor& monitor) {
  v.at(monitor.where, "monitor");
  v.text(need("metric", "What is watched."), monitor.metric);
  v.texts(may("by", "Dimensions whose slices are watched too."), monitor.by);
  v.word(may("grain", "Length of a point of the series."), monitor.grain);
  v.word(may("method", "How an alarm is told."), monitor.method);
  v.prose(may("holidays", "Country whose holidays are known effects."), monitor.holidays);
  const Key rate = may("false_alarms", "How many false alarms are fine: \"1 per 28d\".");
  if (v.visits(rate, monitor.false_alarms_per_us > 0)) {
    Location where;
    v.spelled(rate, where,
              {"^[0-9.]+ per [0-9]+(us|ms|s|m|h|d|w)$", "\"1 per 28d\"",
               [&](const std::string& text) { return parse_rate(text, monitor); },
               [&] {
                 return fmt::format("{} per {}", monitor.false_alarms,
                                    duration_text(monitor.false_alarms_per_us));
               }});
  }
  v.object(may("root_cause", "How the slices behind an alarm are searched."), monitor.root_cause);
}

void describe_catalogue(Visitor& v, Project& project) {
  v.objects(may("dimensions", "What metrics are split by."), project.dimensions);
  v.objects(may("cohorts", "Units that did something."), project.cohorts);
  v.objects(may("funnels", "Ordered steps."), project.funnels);
  v.objects(may("metrics", "The catalogue of metrics."), project.metrics);
  v.objects(may("trees", "Exact identities between metrics."), project.trees);
  v.objects(may("monitors", "Metrics that are watched."), project.monitors);
}

void describe_metrics_file(Visitor& v, Project& project) {
  int version = 1;
  v.integer(may("version", "Version of the format: 1."), version, {1.0, 1.0, false, false});
  describe_catalogue(v, project);
}

void describe(Visitor& v, Project& project) {
  v.integer(need("version", "Version of the format: 1."), project.version,
            {1.0, 1.0, false, false});
  v.prose(may("name", "Name of the project; default: the folder's."), project.name);
  v.object(may("defaults", "What holds unless said otherwise."), project.defaults);
  v.text(may("engine",
             "embedded, duckdb, or the URL of a warehouse: trino://host:8080/catalog/schema."),
         project.engine);
  v.objects(need("sources", "Where the events lie."), project.sources);
  v.objects(may("layers", "Experiments of one layer share no unit."), project.layers, "name");
  v.object(may("holdout", "Units that no experiment may touch."), project.holdout, "share");
  describe_catalogue(v, project);
}

}  // namespace assay::spec::detail
