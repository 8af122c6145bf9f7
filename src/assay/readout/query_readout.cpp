#include "assay/readout/query_readout.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/stats/interval.hpp"

namespace assay::readout {
namespace {

using report::Layer;
using report::Number;
using report::Section;
using report::Table;

constexpr double kLevel = 0.95;

struct Rate {
  Number estimate, low, high;
};

Rate rate_of(std::int64_t count, std::int64_t n) {
  const auto interval = stats::wilson(count, n, kLevel);
  if (!interval) {
    const auto none = Number::undefined(interval.error().problem);
    return {none, none, none};
  }
  return {interval->estimate, interval->low, interval->high};
}

/// Retained and eligible units on day k over the cohorts for which day k is complete.
struct Pooled {
  std::int64_t retained = 0;
  std::int64_t units = 0;
};
Pooled pooled(const engine::RetentionTriangle& triangle, int k) {
  Pooled sum;
  for (std::size_t c = 0; c < triangle.units.size(); ++c) {
    if (!triangle.mature(c, k)) continue;
    sum.retained += triangle.at(c, k);
    sum.units += triangle.units[c];
  }
  return sum;
}

std::string event_words(const engine::EventSelector& event) {
  std::string text = event.names.empty() ? "any event" : list_text(event.names);
  if (event.where) text += " where " + frame::to_text(*event.where);
  return text;
}

/// Seconds as a person says them: two units at most.
std::string rounded_duration(double seconds) {
  const auto whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{:.3g} seconds", seconds);
  if (whole < 3'600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86'400) return fmt::format("{} h {} min", whole / 3'600, whole % 3'600 / 60);
  return fmt::format("{} d {} h", whole / 86'400, whole % 86'400 / 3'600);
}

Table triangle_table(const engine::RetentionTriangle& triangle) {
  Table table{.title = "By cohort", .columns = {{"cohort"}, {"users"}}};
  table.shaded = true;
  const int shown = std::min(triangle.max_day, 14);
  for (int k = 1; k <= shown; ++k) table.columns.push_back({fmt::format("D{}", k)});
  for (std::size_t c = 0; c < triangle.units.size(); ++c) {
    std::vector<report::Cell> row{
        report::text_cell(day_text(triangle.first_cohort + static_cast<Day>(c))),
        report::count_cell(triangle.units[c])};
    for (int k = 1; k <= shown; ++k) {
      if (!triangle.mature(c, k)) {
        row.push_back(report::text_cell(""));
      } else if (triangle.units[c] == 0) {
        row.push_back(report::undefined_cell("nobody entered"));
      } else {
        row.push_back(report::percent_cell(static_cast<double>(triangle.at(c, k)) /
                                           static_cast<double>(triangle.units[c])));
      }
    }
    table.rows.push_back(std::move(row));
  }
  table.caption = "Empty cells are not complete yet and belong in no rate.";
  return table;
}

}  // namespace

report::Document retention_document(const engine::RetentionQuery& query,
                                    const engine::RetentionTriangle& triangle,
                                    const std::string& title,
                                    const report::Provenance& provenance) {
  report::Document page{.kind = "retention", .title = title};
  page.provenance = provenance;
  page.add(report::Text{fmt::format(
      "Of the users whose {}start ({}) fell on a local day, the share with a return ({}) on "
      "exactly the Nth local day after it. Criterion: on; clock: calendar; time zone: {}; only "
      "complete days count.",
      query.entry == engine::CohortEntry::first_time ? "first " : "", event_words(query.start),
      event_words(query.returning), query.timezone.name())});
  report::RetentionCurve curve;
  curve.arms.push_back({"all cohorts", {}});
  Table table{.title = "All cohorts together",
              .columns = {{"day"},
                          {"returned"},
                          {"of users"},
                          {"rate and 95 % interval", report::NumberFormat::percent()}}};
  for (int k = 1; k <= triangle.max_day; ++k) {
    const Pooled sum = pooled(triangle, k);
    if (sum.units == 0) continue;
    const Rate rate = rate_of(sum.retained, sum.units);
    curve.arms.front().points.push_back({k, rate.estimate, rate.low, rate.high});
    table.rows.push_back({report::text_cell(fmt::format("D{}", k)),
                          report::count_cell(sum.retained), report::count_cell(sum.units),
                          report::estimate_cell(rate.estimate, rate.low, rate.high)});
  }
  page.add(report::Chart{.title = "Retention curve",
                         .x_title = "local days after the start",
                         .y_title = "share that came back",
                         .y_format = report::NumberFormat::percent(),
                         .how_to_read = "Each point is the share back on exactly that day, over "
                                        "the cohorts for which that day is complete.",
                         .spec = std::move(curve)});
  page.add(std::move(table));
  page.add(Section{"Cohorts", Layer::evidence, {triangle_table(triangle)}});
  return page;
}

report::Document funnel_document(const engine::FunnelQuery& query,
                                 const engine::FunnelCounts& counts,
                                 const std::vector<std::string>& steps, const std::string& title,
                                 const report::Provenance& provenance) {
  report::Document page{.kind = "funnel", .title = title};
  page.provenance = provenance;
  page.add(report::Text{fmt::format(
      "Steps in order, other events between them allowed, all within {} of the first (equal "
      "counts); any entry may start an attempt and the deepest counts; one event serves one step; "
      "unit: user.",
      duration_text(query.window_us))});
  report::FunnelChart chart{.steps = steps, .arms = {{"", {}}}};
  const auto percent = report::NumberFormat::percent();
  Table table{
      .columns = {
          {"step"}, {"users"}, {"of the first step", percent}, {"of the step before", percent}}};
  for (std::size_t i = 0; i < counts.reached.size(); ++i) {
    const Rate total = rate_of(counts.reached[i], counts.reached.front());
    const Rate step = rate_of(counts.reached[i], counts.reached[i == 0 ? 0 : i - 1]);
    chart.arms.front().stages.push_back({counts.reached[i], total.estimate, total.low, total.high});
    table.rows.push_back({report::text_cell(steps[i]), report::count_cell(counts.reached[i]),
                          report::estimate_cell(total.estimate, total.low, total.high),
                          report::estimate_cell(step.estimate, step.low, step.high)});
  }
  table.caption = "95 % Wilson intervals.";
  page.add(report::Chart{.title = "Funnel",
                         .x_title = "step",
                         .y_title = "share of users who entered",
                         .y_format = percent,
                         .how_to_read = "Each bar is the share of entering users that got so far.",
                         .spec = std::move(chart)});
  page.add(std::move(table));
  if (counts.time_to_convert.n > 0) {
    page.add(
        report::Facts{.items = {{"mean time from first to last step",
                                 rounded_duration(counts.time_to_convert.mean)},
                                {"users who converted", count_text(counts.time_to_convert.n)}}});
  }
  return page;
}

report::Document sessions_document(const engine::SessionsQuery& query,
                                   const engine::Sessions& sessions,
                                   const report::Provenance& provenance) {
  report::Document page{.kind = "sessions", .title = "Sessions"};
  page.provenance = provenance;
  page.add(
      report::Text{fmt::format("Events of a user ({}) belong to one session while no gap "
                               "between neighbours exceeds {}. Length is last minus first "
                               "event; depth is the number of events.",
                               event_words(query.event), duration_text(query.gap_us))});
  Table table{.columns = {{"figure"}, {"value"}}};
  table.rows = {{report::text_cell("users"), report::count_cell(sessions.units)},
                {report::text_cell("sessions"), report::count_cell(sessions.sessions)}};
  if (sessions.sessions > 0) {
    const auto per_user =
        static_cast<double>(sessions.sessions) / static_cast<double>(sessions.units);
    table.rows.push_back({report::text_cell("sessions per user"), report::number_cell(per_user)});
    table.rows.push_back({report::text_cell("mean length in minutes"),
                          report::number_cell(sessions.length_seconds.mean / 60.0)});
    table.rows.push_back(
        {report::text_cell("mean depth in events"), report::number_cell(sessions.depth.mean)});
  }
  page.add(std::move(table));
  report::Series series{.name = "sessions"};
  for (std::size_t d = 0; d < sessions.started.size(); ++d) {
    series.points.push_back({.x = day_text(sessions.first_day + static_cast<Day>(d)),
                             .estimate = static_cast<double>(sessions.started[d])});
  }
  report::TimeSeriesBand spec;
  spec.views = {{"", {std::move(series)}}};
  page.add(report::Chart{.title = "Sessions begun by day",
                         .x_title = "local day",
                         .y_title = "sessions",
                         .y_format = report::NumberFormat::count(),
                         .spec = std::move(spec)});
  return page;
}

report::Document active_users_document(const std::vector<engine::ActiveUsersQuery>& queries,
                                       const std::vector<engine::ActiveUsers>& series,
                                       const report::Provenance& provenance) {
  report::Document page{.kind = "active_users", .title = "Active users"};
  page.provenance = provenance;
  if (!queries.empty()) {
    page.add(report::Text{fmt::format(
        "Distinct users with an event ({}) in the trailing days that end on each local day; time "
        "zone: {}.",
        event_words(queries.front().event), queries.front().timezone.name())});
  }
  report::TimeSeriesBand spec;
  spec.views.emplace_back();
  Table table{.columns = {{"day"}}};
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const std::string name = fmt::format("{}-day", queries[q].trailing_days);
    table.columns.push_back({name});
    report::Series line{.name = name};
    for (std::size_t d = 0; d < series[q].units.size(); ++d) {
      const std::string day = day_text(series[q].first_day + static_cast<Day>(d));
      if (q == 0) table.rows.push_back({report::text_cell(day)});
      table.rows[d].push_back(report::count_cell(series[q].units[d]));
      line.points.push_back({.x = day, .estimate = static_cast<double>(series[q].units[d])});
    }
    spec.views.front().series.push_back(std::move(line));
  }
  page.add(report::Chart{.title = "Active users by day",
                         .x_title = "local day",
                         .y_title = "users",
                         .y_format = report::NumberFormat::count(),
                         .spec = std::move(spec)});
  page.add(Section{"By day", Layer::evidence, {std::move(table)}});
  return page;
}

report::Document index_document(const ingest::IndexStatus& status,
                                const report::Provenance& provenance) {
  report::Document page{.kind = "index", .title = "Event index"};
  page.provenance = provenance;
  page.add(report::Text{status.summary});
  report::Notes notes;
  for (const std::string& reason : status.reasons) {
    if (!status.summary.ends_with(reason)) notes.items.push_back({reason});  // Not said twice.
  }
  for (const std::string& count : status.counts) notes.items.push_back({count});
  if (!notes.items.empty()) page.add(std::move(notes));
  page.add(report::Facts{.items = {{"events", count_text(status.events)},
                                   {"users", count_text(status.units)},
                                   {"files", count_text(static_cast<std::int64_t>(status.files))},
                                   {"bytes on disk", count_text(status.bytes)},
                                   {"seconds", fmt::format("{:.2f}", status.seconds)},
                                   {"fingerprint", status.fingerprint}}});
  return page;
}

}  // namespace assay::readout
