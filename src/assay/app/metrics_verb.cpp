#include "assay/app/metrics_verb.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "assay/app/daily_totals.hpp"
#include "assay/base/text.hpp"
#include "assay/metrics/compile.hpp"
#include "assay/metrics/words.hpp"
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

/// The days from the first to the last event.
Result<Span> data_days(const OpenEngine& open, const TimeZone& timezone) {
  if (open.span)
    return Span{timezone.local_day(open.span->begin), timezone.local_day(open.span->end - 1)};
  engine::ActiveUsers data;
  ASSAY_TRY(data, open.engine->active_users({{}, timezone, 1}));
  if (data.units.empty()) return fail(ErrorCode::invalid_data, "the source has no event");
  return Span{data.first_day, data.first_day + static_cast<Day>(data.units.size()) - 1};
}

Result<Span> span_of(const Span& data, const MetricsOptions& options) {
  Span span;
  ASSAY_TRY(span.first, day_option(options.from, "--from", data.first));
  ASSAY_TRY(span.last, day_option(options.to, "--to", data.last));
  if (span.first <= span.last) return span;
  return fail(
      ErrorCode::invalid_spec,
      fmt::format("the period ends before it begins: {} to {}", day_text(span.first),
                  day_text(span.last)),
      "--from, --to", "",
      fmt::format("the data runs from {} to {}", day_text(data.first), day_text(data.last)));
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
                spec::did_you_mean(by, {"day", "week", "month"}, "write day, week or month"),
                "day, week, month");
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
                  spec::did_you_mean(name, names, "name one of the project's metrics"),
                  list_text(names));
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
Result<void> fill_days(Context& context, const OpenEngine& engine, const DailyRequest& request,
                       readout::MetricsPage& page) {
  DailyTotals days;
  ASSAY_TRY(days, daily_totals(context, engine, daily_query(page), request));
  for (std::size_t i = 0; i < page.periods.size(); ++i)
    page.periods[i].totals = std::move(days.series.days[i]);
  page.origin = std::move(days.origin);
  return {};
}

/// The metrics of a page; its periods are not there yet.
Result<readout::MetricsPage> chosen_page(const spec::Project& project, const std::string& source,
                                         const TimeZone& timezone, const MetricsOptions& options) {
  readout::MetricsPage page{.title = "Metrics of " + source, .unit = project.defaults.unit.value};
  page.query.active.names = options.active;
  page.query.timezone = timezone;
  ASSAY_CHECK(choose_metrics(project, source, options.metrics, page));
  return page;
}

/// Fills the periods by one question each.
Result<void> fill_periods(engine::Engine& engine, readout::MetricsPage& page) {
  const TimeZone& timezone = page.query.timezone;
  for (Period& period : page.periods) {
    page.query.period = {timezone.day_start(period.first), timezone.day_start(period.last + 1)};
    ASSAY_TRY(period.totals, engine.unit_totals(page.query));
  }
  return {};
}

}  // namespace

engine::SeriesQuery daily_query(const readout::MetricsPage& page) {
  return {page.query.active, page.periods.front().first, page.periods.back().last,
          page.query.timezone, page.query.metrics};
}

Result<readout::MetricsPage> metrics_page(const spec::Project& project, const std::string& source,
                                          const TimeZone& timezone, TimeRange data,
                                          const MetricsOptions& options) {
  readout::MetricsPage page;
  ASSAY_TRY(page, chosen_page(project, source, timezone, options));
  Span span;
  ASSAY_TRY(span,
            span_of({timezone.local_day(data.begin), timezone.local_day(data.end - 1)}, options));
  ASSAY_TRY(page.periods, periods_of(span, options.by, project.defaults.week_start));
  return page;
}

Result<Outcome> metrics_verb(Context& context, const MetricsOptions& options) {
  if (!names_project(options.source.path)) {
    return fail(ErrorCode::invalid_spec, "a data file has no catalogue of metrics",
                options.source.path.string(),
                "write a project with `assay init DATA` and declare metrics in metrics/*.yaml");
  }
  auto source = resolve_source(context, options.source);
  if (!source) return tl::unexpected(std::move(source.error()));
  const spec::Project& project = *source->project;
  readout::MetricsPage page;
  ASSAY_TRY(page, chosen_page(project, source->name, source->timezone, options));
  OpenEngine engine;
  ASSAY_TRY(engine, open_engine(context, *source));
  Span span;
  Span data;
  ASSAY_TRY(data, data_days(engine, source->timezone));
  ASSAY_TRY(span, span_of(data, options));
  ASSAY_TRY(page.periods, periods_of(span, options.by, project.defaults.week_start));
  metrics::Words words;
  for (const spec::Metric* metric : page.metrics) {
    const metrics::Words more = metrics::words_of(project, *metric);
    words.insert(words.end(), more.begin(), more.end());
  }
  const auto fill = [&]() -> Result<void> {
    if (options.by != "day") return fill_periods(*engine.engine, page);
    const std::string& engine_word =
        options.source.engine.empty() ? project.engine.value : options.source.engine;
    const DailyRequest request{project.folder, source->spec(), engine_word, options.refresh};
    return fill_days(context, engine, request, page);
  };
  if (auto filled = fill(); !filled) {
    return tl::unexpected(metrics::at_word(std::move(filled.error()), words));
  }
  for (Period& period : page.periods)
    period.complete = source->timezone.day_start(period.last + 1) <= engine.complete_until;
  report::Provenance made_by = provenance(context);
  say_engine(context, engine, made_by);
  Outcome outcome;
  outcome.document = readout::metrics_document(page, made_by);
  return outcome;
}

}  // namespace assay::app
