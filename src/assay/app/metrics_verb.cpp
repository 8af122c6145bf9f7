#include "assay/app/metrics_verb.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "assay/app/daily_totals.hpp"
#include "assay/base/text.hpp"
#include "assay/metrics/compile.hpp"
#include "assay/readout/metrics_readout.hpp"

namespace assay::app {
namespace {

using Period = readout::MetricsPage::Period;

constexpr std::size_t kMaxPeriods = 400;

/// Days first to last, both included.
struct Span {
  Day first = 0;
  Day last = 0;
};

Result<Day> day_option(const std::string& text, const std::string& option, Day otherwise) {
  if (text.empty()) return otherwise;
  auto day = parse_day(text);
  if (!day) day.error().where = option;
  return day;
}

Result<Span> span_of(engine::Engine& engine, const TimeZone& timezone,
                     const MetricsOptions& options) {
  Span span;
  engine::ActiveUsers data;
  ASSAY_TRY(data, engine.active_users({{}, timezone, 1}));
  if (data.units.empty()) return fail(ErrorCode::invalid_data, "the source has no event");
  const Day last = data.first_day + static_cast<Day>(data.units.size()) - 1;
  ASSAY_TRY(span.first, day_option(options.from, "--from", data.first_day));
  ASSAY_TRY(span.last, day_option(options.to, "--to", last));
  if (span.first <= span.last) return span;
  return fail(ErrorCode::invalid_spec,
              fmt::format("the period ends before it begins: {} to {}", day_text(span.first),
                          day_text(span.last)),
              "--from, --to", "",
              fmt::format("the data runs from {} to {}", day_text(data.first_day), day_text(last)));
}

/// The first day of the calendar month after a day.
Day next_month(Day day) {
  namespace c = std::chrono;
  const c::year_month_day date{c::sys_days{c::days{day}}};
  const c::sys_days next{(date.year() / date.month() + c::months{1}) / 1};
  return static_cast<Day>(next.time_since_epoch().count());
}

/// Cuts a span at days, at the beginnings of weeks, or at months.
Result<std::vector<Period>> periods_of(const Span& span, const std::string& by,
                                       spec::WeekStart week_start) {
  if (!by.empty() && by != "day" && by != "week" && by != "month") {
    return fail(ErrorCode::invalid_spec, fmt::format("not a length of periods: `{}`", by), "--by",
                spec::did_you_mean(by, {"day", "week", "month"}), "day, week, month");
  }
  const int first_weekday = week_start == spec::WeekStart::sunday ? 6 : 0;
  std::vector<Period> periods;
  for (Day first = span.first; first <= span.last;) {
    Day next = span.last + 1;
    if (by == "day") next = first + 1;
    if (by == "week") next = first + 7 - (weekday(first) - first_weekday + 7) % 7;
    if (by == "month") next = next_month(first);
    periods.push_back({first, std::min(next - 1, span.last), false, {}});
    first = next;
    if (periods.size() > kMaxPeriods) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("more than {} periods of a {}", kMaxPeriods, by), "--by",
                  "choose a longer one, or fewer days with --from and --to");
    }
  }
  return periods;
}

/// Puts the metrics that can be computed into the query; those asked for by name must be.
Result<void> choose_metrics(const spec::Project& project, const std::string& source,
                            const std::vector<std::string>& asked, readout::MetricsPage& page) {
  std::vector<std::string> names;
  for (const spec::Metric& metric : project.metrics) names.push_back(metric.name.value);
  for (const std::string& name : asked.empty() ? names : asked) {
    const spec::Metric* metric = spec::find_metric(project, name);
    if (metric == nullptr) {
      return fail(ErrorCode::invalid_spec, fmt::format("there is no metric `{}`", name), "--metric",
                  spec::did_you_mean(name, names), list_text(names));
    }
    auto compiled = metrics::compile_unit_metric(project, *metric);
    if (compiled && !metrics::reads_source(*metric, source))
      compiled = tl::unexpected(
          spec::spec_error(metric->where, fmt::format("it reads another source than `{}`", source),
                           "name its source with --source"));
    if (!compiled && !asked.empty()) return tl::unexpected(std::move(compiled.error()));
    if (compiled) {
      page.metrics.push_back(metric);
      page.query.metrics.push_back(std::move(*compiled));
    } else {
      page.left_out.emplace_back(name, compiled.error().problem);
    }
  }
  if (!page.metrics.empty()) return {};
  return fail(ErrorCode::invalid_spec, "the project declares no metric that a period has",
              (project.folder / "metrics").string(), "declare a mean, proportion or ratio");
}

/// Periods of one day each, from one question.
Result<void> fill_days(Context& context, engine::Engine& engine, const DailyRequest& request,
                       readout::MetricsPage& page) {
  const engine::SeriesQuery query{page.query.active, page.periods.front().first,
                                  page.periods.back().last, page.query.timezone,
                                  page.query.metrics};
  DailyTotals days;
  ASSAY_TRY(days, daily_totals(context, engine, query, request));
  for (std::size_t i = 0; i < page.periods.size(); ++i)
    page.periods[i].totals = std::move(days.series.days[i]);
  page.origin = std::move(days.origin);
  return {};
}

}  // namespace

Result<Outcome> metrics_verb(Context& context, const MetricsOptions& options) {
  if (!names_project(options.source.path)) {
    return fail(ErrorCode::invalid_spec, "a data file has no catalogue of metrics",
                options.source.path.string(),
                "write a project with `assay init DATA` and declare metrics in metrics/*.yaml");
  }
  auto source = resolve_source(context, options.source);
  if (!source) return tl::unexpected(std::move(source.error()));
  const spec::Project& project = *source->project;
  readout::MetricsPage page{.title = "Metrics of " + source->title,
                            .unit = project.defaults.unit.value};
  page.query.active.names = options.active;
  page.query.timezone = source->timezone;
  ASSAY_CHECK(choose_metrics(project, source->open.spec->name.value, options.metrics, page));
  EngineChoice choice{};
  const std::string& engine_word =
      options.source.engine.empty() ? project.engine.value : options.source.engine;
  ASSAY_TRY(choice, parse_engine(engine_word));
  const spec::Source& declared = *source->open.spec;
  OpenEngine engine;
  ASSAY_TRY(engine, open_engine(context, std::move(source->open), source->index, choice));
  Span span;
  ASSAY_TRY(span, span_of(*engine.engine, source->timezone, options));
  ASSAY_TRY(page.periods, periods_of(span, options.by, project.defaults.week_start));
  for (Period& period : page.periods) {
    page.query.period = {source->timezone.day_start(period.first),
                         source->timezone.day_start(period.last + 1)};
    period.complete = page.query.period.end <= engine.complete_until;
    if (options.by == "day") continue;  // All days in one question below.
    ASSAY_TRY(period.totals, engine.engine->unit_totals(page.query));
  }
  if (options.by == "day") {
    const DailyRequest request{project.folder, &declared, engine_word, options.refresh};
    ASSAY_CHECK(fill_days(context, *engine.engine, request, page));
  }
  report::Provenance made_by = provenance(context);
  made_by.engine = engine.engine->name();
  made_by.data_fingerprint = engine.data_fingerprint;
  Outcome outcome;
  outcome.document = readout::metrics_document(page, made_by);
  return outcome;
}

}  // namespace assay::app
