#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest::detail {
namespace {

constexpr double kCritical = 0.01;       // Share of rows that no answer can use.
constexpr double kNormallyFilled = 0.5;  // Below, an event does not carry the column.
constexpr double kJump = 0.2;            // Of the missing rate, from the usual to a day's.

std::string present(std::size_t column) { return fmt::format("present_{}", column); }

// Rows that no answer can use, or only without knowing what happened.
Result<void> report_unusable(Run& run, const std::string& measure, const std::string& kind,
                             const std::string& column, const std::string& what,
                             const std::string& condition) {
  Finding finding;
  finding.check = Check::readable;
  finding.kind = kind;
  finding.column = plain(column);
  finding.count = run.cube.total(measure);
  finding.base = run.audit.rows;
  const double share = share_of(finding.count, finding.base);
  finding.severity = finding.count == 0   ? Severity::ok
                     : share >= kCritical ? Severity::critical
                                          : Severity::warning;
  finding.summary =
      finding.count == 0
          ? fmt::format("every row has {}", what)
          : fmt::format("{} ({}) have no {} ({})", rows_text(finding.count), percent_text(share),
                        what.substr(what.find(' ') + 1), plain(column));
  finding.effect = kind == "no_event"
                       ? "no metric that names an event counts them"
                       : fmt::format("left out of every answer; counts and sums are too low: {}",
                                     by_event_text(run.cube.events, run.cube.by_event(measure),
                                                   run.cube.by_event("rows")));
  Finding& added = add(run, std::move(finding));
  if (added.count == 0) return {};
  std::vector<Shown> shown;
  for (const Measured& measured : run.cube.columns) {
    if (shown.size() < 3 && measured.ranged) shown.push_back({measured.name, measured.sql});
  }
  return add_examples(run, added, condition, shown);
}

Result<void> report_conversions(Run& run) {
  bool any = false;
  for (std::size_t i = 0; i < run.cube.columns.size(); ++i) {
    const Measured& column = run.cube.columns[i];
    if (!column.converts) continue;
    const std::string measure = fmt::format("bad_{}", i);
    Finding finding;
    finding.check = Check::readable;
    finding.kind = "unreadable_values";
    finding.column = column.name;
    finding.count = run.cube.total(measure);
    finding.base = run.audit.rows;
    if (finding.count == 0) continue;
    any = true;
    finding.severity = Severity::warning;
    finding.summary = fmt::format("{} ({}) of {} do not read as the declared type",
                                  rows_text(finding.count, "value"),
                                  percent_text(share_of(finding.count, finding.base)), column.name);
    finding.effect = fmt::format("they count as missing in sums and means of {}", column.name);
    Finding& added = add(run, std::move(finding));
    ASSAY_CHECK(add_examples(
        run, added, fmt::format("({}) IS NOT NULL AND ({}) IS NULL", column.raw, column.sql),
        {{column.name, column.raw}}));
  }
  if (any) return {};
  Finding fine;
  fine.check = Check::readable;
  fine.kind = "unreadable_values";
  fine.base = run.audit.rows;
  fine.summary = "every value reads as its declared type";
  add(run, std::move(fine));
  return {};
}

// Rows of the events that normally carry the column, and how many of them lack it.
struct Expected {
  std::int64_t rows = 0;
  std::int64_t missing = 0;
  std::vector<int> events;
};

Expected expected_rows(const Cube& cube, std::size_t column) {
  const std::vector<std::int64_t> rows = cube.by_event("rows");
  const std::vector<std::int64_t> filled = cube.by_event(present(column));
  Expected expected;
  for (std::size_t event = 0; event < rows.size(); ++event) {
    if (share_of(filled[event], rows[event]) < kNormallyFilled) continue;
    expected.rows += rows[event];
    expected.missing += rows[event] - filled[event];
    expected.events.push_back(static_cast<int>(event));
  }
  return expected;
}

// Missing and expected rows of a column by day, over the events that normally carry it.
struct MissingDays {
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> missing;
};

MissingDays missing_by_day(const Cube& cube, std::size_t column, const Expected& expected) {
  MissingDays days{std::vector<std::int64_t>(static_cast<std::size_t>(cube.days)),
                   std::vector<std::int64_t>(static_cast<std::size_t>(cube.days))};
  std::vector<bool> carries(cube.events.size());
  for (const int event : expected.events) carries[static_cast<std::size_t>(event)] = true;
  const std::string measure = present(column);
  for (std::size_t cell = 0; cell < cube.cells.rows(); ++cell) {
    const int event = cube.event_of[cell];
    const int day = cube.day_of[cell];
    if (event < 0 || day < 0 || !carries[static_cast<std::size_t>(event)]) continue;
    const std::int64_t rows = int_at(cube.cells, "rows", cell);
    days.rows[static_cast<std::size_t>(day)] += rows;
    days.missing[static_cast<std::size_t>(day)] += rows - int_at(cube.cells, measure, cell);
  }
  return days;
}

// Days on which far more is missing than usual: 20 points over the median day, 20 rows or more,
// and six binomial standard errors. A run to the last day in which all is missing is schema drift.
void report_jumps(Run& run, std::size_t column, const Expected& expected) {
  const MissingDays days = missing_by_day(run.cube, column, expected);
  std::vector<double> rates;
  for (std::size_t day = 0; day < days.rows.size(); ++day) {
    if (days.rows[day] > 0) rates.push_back(share_of(days.missing[day], days.rows[day]));
  }
  if (rates.size() < 4) return;
  std::nth_element(rates.begin(), rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2),
                   rates.end());
  const double usual = rates[rates.size() / 2];
  Finding finding;
  finding.check = Check::missing;
  finding.kind = "missing_jump";
  finding.severity = Severity::warning;
  finding.column = run.cube.columns[column].name;
  bool all_missing = true;
  for (std::size_t day = 0; day < days.rows.size(); ++day) {
    const double rate = share_of(days.missing[day], days.rows[day]);
    const double error = std::sqrt(std::max(usual * (1.0 - usual), 0.01) /
                                   static_cast<double>(std::max<std::int64_t>(days.rows[day], 1)));
    if (days.missing[day] < 20 || rate < usual + kJump || rate < usual + 6.0 * error) continue;
    finding.count += days.missing[day];
    finding.base += days.rows[day];
    all_missing = all_missing && days.missing[day] == days.rows[day];
    const Day local = run.audit.first_day + static_cast<Day>(day);
    if (!finding.first_day) finding.first_day = local;
    finding.last_day = local;
  }
  if (finding.count == 0) return;
  const Day end = run.audit.first_day + run.audit.days - 1;
  const bool gone = all_missing && *finding.last_day >= end;
  if (gone) {
    finding.check = Check::schema_drift;
    finding.kind = "column_goes_missing";
    finding.severity = Severity::critical;
  }
  finding.summary =
      fmt::format("{} is missing in {} of rows {} (usually {})", finding.column,
                  percent_text(share_of(finding.count, finding.base)),
                  gone ? "from " + day_text(*finding.first_day) + " on"
                       : "on days within " + days_text(*finding.first_day, *finding.last_day),
                  percent_text(usual));
  finding.effect = fmt::format("sums, filters and segments by {} lose these rows", finding.column);
  add(run, std::move(finding));
}

void judge_missing_rule(Run& run, const AuditRule& rule) {
  const std::vector<Measured>& columns = run.cube.columns;
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Measured& column) {
    return column.name == rule.column;
  });
  if (found == columns.end()) return;  // Refused before the run.
  const auto column = static_cast<std::size_t>(found - columns.begin());
  Finding finding;
  finding.check = Check::missing;
  finding.kind = "null_rate";
  finding.declared = true;
  finding.column = rule.column;
  finding.base = run.audit.rows;
  finding.count = finding.base - run.cube.total(present(column));
  const double share = share_of(finding.count, finding.base);
  const double max = rule.max.value_or(0.0);
  finding.severity = share > max ? Severity::warning : Severity::ok;
  finding.summary = fmt::format("{} is missing in {} ({}); allowed: {}", rule.column,
                                rows_text(finding.count), percent_text(share), percent_text(max));
  finding.effect = fmt::format("filters and sums of {} lose these rows", rule.column);
  add(run, std::move(finding));
}

// Reported as rows without unit, time or name already.
bool is_role(const Run& run, const std::string& column) {
  const engine::Source& source = run.relation.source;
  const std::string quoted = engine::quote_identifier(column);
  for (const std::string& role :
       {source.unit.expression, source.event_time.expression, source.event_expression}) {
    if (role == column || role == quoted) return true;
  }
  return false;
}

}  // namespace

Result<void> check_readable(Run& run) {
  const engine::Source& source = run.relation.source;
  ASSAY_CHECK(report_unusable(run, "no_unit", "no_unit", source.unit.expression, "a unit",
                              "assay_unit IS NULL"));
  const std::string time = source.event_time.expression;
  ASSAY_CHECK(
      report_unusable(run, "no_time", "no_time", time, "a readable time", "assay_time IS NULL"));
  if (run.cube.total("bad_time") > 0) {
    Finding finding;
    finding.check = Check::readable;
    finding.kind = "unreadable_time";
    finding.column = plain(time);
    finding.count = run.cube.total("bad_time");
    finding.base = run.audit.rows;
    finding.severity = Severity::warning;
    finding.summary = fmt::format("{} of {} do not read as a time",
                                  rows_text(finding.count, "value"), plain(time));
    finding.effect = "part of the rows without a readable time";
    Finding& added = add(run, std::move(finding));
    ASSAY_CHECK(add_examples(run, added,
                             fmt::format("assay_time IS NULL AND ({}) IS NOT NULL", time),
                             {{plain(time), time}}));
  }
  if (!source.event_expression.empty()) {
    ASSAY_CHECK(report_unusable(run, "no_event", "no_event", source.event_expression,
                                "an event name", "assay_event IS NULL"));
  }
  return report_conversions(run);
}

void check_missing(Run& run) {
  for (const AuditRule* rule : rules_for(run, Check::missing)) judge_missing_rule(run, *rule);
  bool any = false;
  std::vector<std::string> rare;
  for (std::size_t column = 0; column < run.cube.columns.size(); ++column) {
    const std::string& name = run.cube.columns[column].name;
    if (is_role(run, name)) continue;
    const Expected expected = expected_rows(run.cube, column);
    if (expected.events.empty()) {
      rare.push_back(name);
      continue;
    }
    report_jumps(run, column, expected);
    if (expected.missing == 0) continue;
    any = true;
    Finding finding;
    finding.check = Check::missing;
    finding.kind = "missing_values";
    finding.severity = Severity::info;
    finding.column = name;
    finding.count = expected.missing;
    finding.base = expected.rows;
    const bool all = expected.events.size() == run.cube.events.size();
    finding.summary = fmt::format(
        "{} is missing in {} ({}){}", name, rows_text(finding.count),
        percent_text(share_of(finding.count, finding.base)),
        all ? "" : fmt::format(" of the {} events that normally carry it", expected.events.size()));
    finding.effect = fmt::format("a filter or segment by {} leaves these rows out", name);
    add(run, std::move(finding));
  }
  Finding note;
  note.check = Check::missing;
  note.base = run.audit.rows;
  if (!rare.empty()) {
    note.kind = "mostly_empty";
    note.severity = Severity::info;
    note.count = static_cast<std::int64_t>(rare.size());
    note.base = static_cast<std::int64_t>(run.cube.columns.size());
    note.summary = fmt::format("{} are filled in less than half the rows of every event: {}",
                               rows_text(note.count, "column"), list_text(rare));
    note.effect = "metrics that use them speak of few rows";
    add(run, std::move(note));
  } else if (!any) {
    note.kind = "missing_values";
    note.summary = "no column that an event normally carries is missing anywhere";
    add(run, std::move(note));
  }
}

}  // namespace assay::ingest::detail
