#include "assay/app/power.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assay/app/experiment.hpp"
#include "assay/app/power_checks.hpp"
#include "assay/app/project.hpp"
#include "assay/base/file.hpp"
#include "assay/base/text.hpp"
#include "assay/design/plan.hpp"
#include "assay/metrics/words.hpp"
#include "assay/readout/power_readout.hpp"
#include "assay/report/render.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;
using design::Design;
using readout::PowerMetric;
using report::Number;

constexpr int kWeek = 7;
constexpr int kCurvePoints = 25;

Result<void> check(const PowerOptions& options) {
  const auto wrong = [](std::string problem, std::string where) {
    return fail(ErrorCode::invalid_spec, std::move(problem), std::move(where));
  };
  if (options.power && !(*options.power > 0.0 && *options.power < 1.0))
    return wrong(fmt::format("power lies between 0 and 1; got {}", *options.power), "--power");
  if (options.effect && (*options.effect == 0.0 || !std::isfinite(*options.effect)))
    return wrong(fmt::format("the effect to detect must not be 0; got {}", *options.effect),
                 "--effect");
  if (options.weeks && (*options.weeks < 1 || *options.weeks > design::kMostWeeks)) {
    return wrong(
        fmt::format("a plan has 1 to {} weeks; got {}", design::kMostWeeks, *options.weeks),
        "--weeks");
  }
  if (!(options.traffic > 0.0 && options.traffic <= 1.0))
    return wrong(
        fmt::format("the share of traffic lies above 0 and up to 1; got {}", options.traffic),
        "--traffic");
  if (options.simulations < 0 || options.rule_simulations < 0 || options.max_units < 0)
    return wrong("numbers of simulations and units are not negative", "--simulations");
  return {};
}

/// The days that the data cover, the end not counted.
Result<std::pair<Day, Day>> days_of(const OpenEngine& engine, const TimeZone& zone) {
  const Day end = zone.local_day(engine.complete_until - 1) + 1;
  if (engine.span) return std::pair{zone.local_day(engine.span->begin), end};
  engine::ActiveUsers active;
  ASSAY_TRY(active, engine.engine->active_users({.timezone = zone}));
  return std::pair{active.first_day, end};
}

Number first_week(const PowerJob& job, std::size_t m) {
  for (int weeks = 1; weeks <= design::kMostWeeks; ++weeks) {
    const auto reach = reach_of(job, m, weeks);
    if (!reach) continue;
    const Design design = design_of(job, m, *reach->outcome);
    const auto power = design::power_of(design, change_of(job, m, design), reach->n);
    if (power && *power >= design.power) return static_cast<double>(weeks);
  }
  return Number::undefined(
      fmt::format("fewer units than needed arrive within {} weeks", design::kMostWeeks));
}

/// Effects are shown relative where the baseline allows; margins on their own scale.
double shown(const PowerMetric& metric, double effect) {
  return metric.relative && !metric.margin ? effect / std::abs(metric.baseline) : effect;
}

std::vector<report::Curve::Point> curve_of(const PowerJob& job, std::size_t m, const Reach& reach,
                                           const PowerMetric& metric, double detectable) {
  const Design design = design_of(job, m, *reach.outcome);
  const double sign = design.direction == stats::Direction::increase ? 1.0 : -1.0;
  std::vector<report::Curve::Point> out;
  for (int i = 1; i <= kCurvePoints; ++i) {
    const double effect = 2.0 * detectable * i / kCurvePoints;
    Design moved = design;
    if (moved.margin) moved.margin->size = effect;
    const auto power = design::power_of(moved, moved.margin ? 0.0 : sign * effect, reach.n);
    if (power) out.push_back({.x = shown(metric, effect), .y = *power});
  }
  return out;
}

std::string role_text(spec::MetricRole role) {
  switch (role) {
    case spec::MetricRole::primary:
      return "primary";
    case spec::MetricRole::secondary:
      return "secondary";
    case spec::MetricRole::guardrail:
      return "guardrail";
    default:
      return "diagnostic";
  }
}

void fill_weeks(const PowerJob& job, std::size_t m, PowerMetric& out) {
  const int last = std::max(job.weeks, job.history.windows.back().weeks);
  for (int weeks = 1; weeks <= last; ++weeks) {
    const auto reach = reach_of(job, m, weeks);
    if (!reach) continue;
    const Design design = design_of(job, m, *reach->outcome);
    readout::PowerWeek week{.weeks = weeks, .n = reach->n, .extrapolated = reach->extrapolated};
    auto detectable = design::detectable_effect(design, reach->n);
    if (detectable) *detectable = shown(out, *detectable);
    week.detectable = Number::from(detectable);
    if (out.effect)
      week.power = Number::from(design::power_of(design, change_of(job, m, design), reach->n));
    out.weeks.push_back(std::move(week));
  }
}

PowerMetric metric_of(const PowerJob& job, std::size_t m) {
  const experiment::PlannedMetric& planned = job.plan.metrics[m];
  PowerMetric out{.name = planned.name, .role = role_text(planned.role)};
  out.share = planned.kind == stats::MetricKind::proportion;
  const auto reach = reach_of(job, m, job.weeks);
  if (!reach) {
    const auto& past = job.history.windows.back().metrics[m];
    out.undefined = past ? "history says nothing of so few weeks" : past.error().problem;
    return out;
  }
  const Design design = design_of(job, m, *reach->outcome);
  out.baseline = design.outcome.baseline;
  out.correlation = reach->outcome->correlation;
  out.test_power = design.power;
  out.margin = design.margin.has_value();
  out.relative =
      out.margin ? design.margin->scale == stats::MarginScale::relative : out.baseline != 0.0;
  if (out.margin) out.effect = design.margin->size;
  if (!out.margin && job.effect && planned.role == spec::MetricRole::primary)
    out.effect = shown(out, std::abs(change_of(job, m, design)));
  const Number none = Number::undefined("no effect is stated");
  out.units_needed = out.weeks_needed = out.power = none;
  if (out.effect) {
    const double change = change_of(job, m, design);
    out.power = Number::from(design::power_of(design, change, reach->n));
    const auto units = design::units_needed(design, change);
    out.units_needed =
        units ? Number(static_cast<double>(*units)) : Number::undefined(units.error().problem);
    out.weeks_needed = first_week(job, m);
  }
  const auto detectable = design::detectable_effect(design, reach->n);
  out.detectable =
      detectable ? Number(shown(out, *detectable)) : Number::undefined(detectable.error().problem);
  if (detectable && planned.role != spec::MetricRole::diagnostic)
    out.curve = curve_of(job, m, *reach, out, *detectable);
  fill_weeks(job, m, out);
  return out;
}

void add_history_facts(const PowerJob& job, const OpenEngine& engine, readout::PowerPage& page) {
  const PowerHistory& history = job.history;
  page.history = {{"days", fmt::format("{} to {}", day_text(history.first),
                                       day_text(history.first + history.days - 1))},
                  {"units that entered", count_text(std::llround(history.windows.back().units))},
                  {"past before them", fmt::format("{} days", history.covariate_days)},
                  {"engine", engine.engine->name()}};
  for (const PowerMetric& metric : page.metrics) {
    if (metric.undefined.empty() && metric.correlation > 0.0) {
      page.history.push_back(
          {metric.name + " and its past",
           fmt::format("correlation {:.2f}, variance -{:.0f} %", metric.correlation,
                       100.0 * metric.correlation * metric.correlation)});
    }
  }
  if (job.spec.analysis.adjustment.method == spec::AdjustmentMethod::lin &&
      history.covariate_days < job.spec.analysis.adjustment.covariate_days) {
    page.notes.push_back(fmt::format(
        "Covariates of the analysis look back {} days and the history {}: the experiment will see "
        "a little more than is planned here.",
        job.spec.analysis.adjustment.covariate_days, history.covariate_days));
  }
  if (job.inflation > 1.0) {
    page.notes.push_back(fmt::format(
        "Looks cost {:.1f} % more units than one; the rule is simulated at its last look.",
        100.0 * (job.inflation - 1.0)));
  }
  const auto guardrails = job.spec.metrics.guardrails.size();
  if (guardrails > 0) {
    page.notes.push_back(fmt::format(
        "Each test that a ship needs is planned with a power of {:.1f} %, so that {} of them "
        "succeed together with {:.0f} % or more (1 - (1 - power) / tests).",
        100.0 * job.test_power, guardrails + job.spec.metrics.primary.size(), 100.0 * job.power));
  }
}

Result<readout::PowerPage> make_page(Context& context, const PowerOptions& options, PowerJob& job,
                                     const OpenEngine& engine) {
  readout::PowerPage page{
      .experiment = job.spec.name.value, .weeks = job.weeks, .power = job.power};
  for (std::size_t m = 0; m < job.plan.metrics.size(); ++m) {
    page.metrics.push_back(metric_of(job, m));
    if (const auto reach = reach_of(job, m, job.weeks)) page.n = std::max(page.n, reach->n);
  }
  const auto table = unit_table(engine, options, job, page);
  for (std::size_t m = 0; table && options.simulations > 0 && m < page.metrics.size(); ++m) {
    PowerMetric& metric = page.metrics[m];
    if (metric.role != "primary" || !metric.undefined.empty()) continue;
    auto rate = simulated_rate(context, options, job, m, *table, metric);
    if (!rate && rate.error().code == ErrorCode::interrupted)
      return tl::unexpected(std::move(rate.error()));
    if (rate) metric.simulated = *rate;
    if (!rate)
      page.notes.push_back(
          fmt::format("{} was not simulated: {}.", metric.name, rate.error().problem));
  }
  if (options.rule_simulations > 0) {
    ASSAY_CHECK(add_rule(context, options, job,
                         table ? metric_correlation(job.plan, *table) : numerics::SymmetricMatrix(),
                         page));
  }
  add_history_facts(job, engine, page);
  return page;
}

}  // namespace

Result<Outcome> power_verb(Context& context, const PowerOptions& options) {
  ASSAY_CHECK(check(options));
  ASSAY_CHECK(check_is_file(options.spec));
  fs::path folder;
  ASSAY_TRY(folder, find_project(options.spec));
  PowerJob job;
  ASSAY_TRY(job.project, load(context, folder));
  ASSAY_TRY(job.spec, load_experiment(context, options.spec, job.project));
  EngineChoice choice;
  ASSAY_TRY(choice, choose_engine(options.engine, &job.project));
  const spec::Source* source = nullptr;
  ASSAY_TRY(source, choose_source(job.project, job.spec.assignment.source.value));
  const std::string hash = spec::spec_hash(job.spec);
  const spec::Analysis written = job.spec.analysis;
  if (written.looks.method == spec::LooksMethod::group_sequential)
    job.spec.analysis.looks.method = spec::LooksMethod::none;
  OpenEngine engine;
  ASSAY_TRY(engine, open_engine(context, job.project, *source, choice, hash));
  ASSAY_TRY(job.plan, experiment::plan_experiment(job.project, job.spec, engine.complete_until));
  std::pair<Day, Day> days;
  ASSAY_TRY(days, days_of(engine, job.plan.query.timezone));
  auto history = read_history(*engine.engine, job.spec, job.plan, days.first, days.second,
                              engine.warehouse == nullptr);
  if (!history) return tl::unexpected(metrics::at_word(std::move(history.error()), job.plan.words));
  job.history = std::move(*history);
  job.power = options.power.value_or(job.spec.design ? job.spec.design->power : 0.8);
  job.traffic = options.traffic;
  job.weeks = options.weeks.value_or(std::max(1, job.spec.period.n_days / kWeek));
  job.effect = stated_effect(job, options);
  const auto tests =
      static_cast<int>(job.spec.metrics.guardrails.size() + job.spec.metrics.primary.size());
  ASSAY_TRY(job.test_power, design::power_for_each(job.power, tests));
  ASSAY_TRY(job.inflation, inflation_of(written, job.test_power));
  readout::PowerPage page;
  ASSAY_TRY(page, make_page(context, options, job, engine));
  report::Provenance made_by = provenance(context);
  made_by.spec_hash = hash;
  made_by.seed = options.seed;
  say_engine(context, engine, made_by);
  Outcome outcome;
  outcome.document = readout::power_document(page, made_by);
  outcome.judged_bad = readout::too_small(page);
  if (!options.write_files) return outcome;
  const fs::path out = options.out.empty() ? folder / "out" : options.out;
  for (const auto format : {report::Format::html, report::Format::markdown, report::Format::json}) {
    const fs::path path =
        out / (options.spec.stem().string() + "_power" + std::string(report::extension(format)));
    ASSAY_CHECK(write_file(path, report::render(outcome.document, format)));
    outcome.written.push_back(path);
  }
  return outcome;
}

}  // namespace assay::app
