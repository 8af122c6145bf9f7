#include "assay/ingest/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "assay/base/text.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest {
namespace {

using detail::Cube;
using detail::Run;

constexpr std::size_t kListedEvents = 200;
constexpr int kMostDays = 20'000;

TimeUs clock_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

tl::unexpected<Error> bad_rule(const AuditRule& rule, std::string problem) {
  return fail(ErrorCode::invalid_spec, std::move(problem),
              rule.where.empty() ? fmt::format("audit check {}", to_text(rule.check)) : rule.where,
              "complete the check or take it out");
}

Result<void> check_rule(const AuditRule& rule, const std::vector<detail::Measured>& columns) {
  const bool by_column = rule.check == Check::missing || rule.check == Check::value_range;
  if (by_column) {
    std::vector<std::string> names;
    for (const detail::Measured& column : columns) names.push_back(column.name);
    if (std::find(names.begin(), names.end(), rule.column) == names.end()) {
      const std::string near = nearest(rule.column, names);
      return fail(
          ErrorCode::invalid_spec, fmt::format("no column {}", rule.column), rule.where,
          near.empty() ? "name a column of the source" : fmt::format("did you mean {}?", near),
          list_text(names));
    }
  }
  if (rule.check == Check::value_range && !rule.minimum && !rule.maximum) {
    return bad_rule(rule, "a range check needs a smallest or a largest value");
  }
  if (rule.check == Check::sequence &&
      (rule.if_event.events.empty() || rule.then_event.events.empty())) {
    return bad_rule(rule, "an implies check needs events on both sides");
  }
  if (rule.check == Check::late && rule.over_us < 0)
    return bad_rule(rule, "a lag cannot be negative");
  if (rule.within_us && *rule.within_us < 0) return bad_rule(rule, "a window cannot be negative");
  if (rule.check == Check::reconcile && (rule.with_sql.empty() || rule.value_sql.empty())) {
    return bad_rule(rule, "a ledger check needs a query and a value to compare with");
  }
  return {};
}

void describe_events(Audit& audit, const Cube& cube) {
  const std::vector<std::int64_t> rows = cube.by_event("rows");
  for (std::size_t event = 0; event < std::min(cube.events.size(), kListedEvents); ++event) {
    EventVolume volume{cube.events[event], rows[event], 0, 0, {}};
    bool first = true;
    for (std::size_t cell = 0; cell < cube.cells.rows(); ++cell) {
      if (cube.event_of[cell] != static_cast<int>(event) || cube.day_of[cell] < 0) continue;
      const TimeUs begin = detail::int_at(cube.cells, "first_us", cell);
      const TimeUs end = detail::int_at(cube.cells, "last_us", cell);
      volume.first = first ? begin : std::min(volume.first, begin);
      volume.last = first ? end : std::max(volume.last, end);
      first = false;
    }
    if (cube.days <= kMostDays) volume.by_day = cube.by_day_of(static_cast<int>(event), "rows");
    audit.events.push_back(std::move(volume));
  }
  if (cube.events.size() <= kListedEvents) return;
  EventVolume rest{"(other)", 0, cube.range.begin, cube.range.end - 1, {}};
  for (std::size_t event = kListedEvents; event < rows.size(); ++event) rest.rows += rows[event];
  audit.events.push_back(std::move(rest));
}

void describe_columns(Audit& audit, const Cube& cube) {
  const std::vector<std::int64_t> rows = cube.by_event("rows");
  for (std::size_t i = 0; i < cube.columns.size(); ++i) {
    const detail::Measured& column = cube.columns[i];
    const std::string present = fmt::format("present_{}", i);
    ColumnHealth health{column.name, column.sql_type, audit.rows - cube.total(present), {}, {}, {}};
    const std::vector<std::int64_t> filled = cube.by_event(present);
    for (std::size_t event = 0; event < std::min(rows.size(), kListedEvents); ++event) {
      health.missing_by_event.push_back(rows[event] - filled[event]);
    }
    if (column.ranged) {
      health.smallest = cube.smallest(fmt::format("min_{}", i));
      health.largest = cube.largest(fmt::format("max_{}", i));
    }
    audit.columns.push_back(std::move(health));
  }
}

Result<void> run_checks(Run& run) {
  using Step = std::pair<const char*, std::function<Result<void>()>>;
  const std::vector<Step> steps = {
      {"rows that cannot be used", [&] { return detail::check_readable(run); }},
      {"missing values",
       [&]() -> Result<void> {
         detail::check_missing(run);
         return {};
       }},
      {"volume",
       [&]() -> Result<void> {
         detail::check_volume(run);
         return {};
       }},
      {"duplicates", [&] { return detail::check_duplicates(run); }},
      {"times", [&] { return detail::check_times(run); }},
      {"order", [&] { return detail::check_order(run); }},
      {"event names", [&] { return detail::check_event_names(run); }},
      {"values", [&] { return detail::check_ranges(run); }},
      {"sequences", [&] { return detail::check_sequences(run); }},
      {"busy units", [&] { return detail::check_unit_volume(run); }},
      {"schema", [&] { return detail::check_schema(run); }},
      {"ledgers", [&] { return detail::check_ledgers(run); }}};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    ASSAY_CHECK(run.progress.check());
    run.progress.at(steps[i].first,
                    static_cast<double>(i + 1) / static_cast<double>(steps.size() + 1));
    ASSAY_CHECK(steps[i].second());
  }
  return {};
}

}  // namespace

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::critical:
      return "critical";
    case Severity::warning:
      return "warning";
    case Severity::info:
      return "info";
    case Severity::ok:
      return "ok";
  }
  return "";
}

std::string_view to_text(Check check) {
  switch (check) {
    case Check::readable:
      return "readable";
    case Check::volume:
      return "volume";
    case Check::missing:
      return "missing";
    case Check::duplicates:
      return "duplicates";
    case Check::late:
      return "late";
    case Check::future:
      return "future";
    case Check::clock_skew:
      return "clock_skew";
    case Check::out_of_order:
      return "out_of_order";
    case Check::event_names:
      return "event_names";
    case Check::value_range:
      return "value_range";
    case Check::sequence:
      return "sequence";
    case Check::unit_volume:
      return "unit_volume";
    case Check::schema_drift:
      return "schema_drift";
    case Check::reconcile:
      return "reconcile";
  }
  return "";
}

Severity Audit::worst() const {
  Severity worst = Severity::ok;
  for (const Finding& finding : findings) worst = std::min(worst, finding.severity);
  return worst;
}

namespace {

detail::CubeQuery cube_query(const AuditOptions& options, const engine::Source& source) {
  detail::CubeQuery query{options.timezone,
                          options.now.value_or(clock_now()),
                          options.watermark_us,
                          source.max_skew_us.value_or(kDayUs),
                          {}};
  for (const AuditRule& rule : options.rules) {
    if (rule.check == Check::late) query.late_rules.push_back(rule.over_us);
  }
  return query;
}

/// Totals and volumes, before any check.
Result<Audit> described(const engine::Source& source, const Cube& cube, const std::string& place) {
  Audit result;
  result.source = source.name;
  result.rows = cube.total("rows");
  if (result.rows == 0) {
    return fail(ErrorCode::invalid_data, "the source has no rows", place,
                "check the path and whether the export has run");
  }
  result.usable = cube.total("usable");
  result.range = cube.range;
  result.first_day = cube.first_day;
  result.days = cube.days;
  if (cube.days <= kMostDays) result.by_day = cube.by_day("rows");
  describe_events(result, cube);
  describe_columns(result, cube);
  return result;
}

/// Runs the checks over counted cells and sorts what they found.
Result<void> judge(Run& run) {
  ASSAY_CHECK(run_checks(run));
  std::stable_sort(run.audit.findings.begin(), run.audit.findings.end(),
                   [](const Finding& a, const Finding& b) {
                     if (a.severity != b.severity) return a.severity < b.severity;
                     return a.check < b.check;
                   });
  return {};
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Result<Audit> audit(engine::Database& database, const engine::Source& source,
                    const AuditOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const Progress silent;
  const Progress& progress = options.progress != nullptr ? *options.progress : silent;
  ASSAY_TRY(const engine::Relation relation, engine::connect(database, source));
  const std::vector<detail::Measured> columns = detail::measured_columns(relation);
  for (const AuditRule& rule : options.rules) ASSAY_CHECK(check_rule(rule, columns));
  const detail::CubeQuery query = cube_query(options, source);
  progress.at("counting rows by event and day", 0.0);
  ASSAY_TRY(const Cube cube, detail::count_cells(database, relation, query, progress));
  ASSAY_TRY(Audit result, described(source, cube, list_text(source.paths)));
  Run run{&database, nullptr, relation, options, progress, query.now, cube, result};
  ASSAY_CHECK(judge(run));
  result.seconds = seconds_since(begin);
  return result;
}

Result<Audit> audit(warehouse::Connection& connection, const distributed::EventTable& table,
                    const AuditOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const Progress silent;
  const Progress& progress = options.progress != nullptr ? *options.progress : silent;
  const engine::Relation relation = detail::relation_of(table);
  const std::vector<detail::Measured> columns = detail::measured_columns(relation);
  for (const AuditRule& rule : options.rules) ASSAY_CHECK(check_rule(rule, columns));
  const distributed::AuditScope scope{connection, table, options.timezone, progress, options.costs};
  const detail::CubeQuery query = cube_query(options, table.spec.source);
  progress.at("counting rows by event and day", 0.0);
  ASSAY_TRY(const Cube cube, detail::count_cells(scope, relation, query));
  ASSAY_TRY(Audit result, described(table.spec.source, cube, to_text(table.spec.table)));
  Run run{nullptr, &scope, relation, options, progress, query.now, cube, result};
  ASSAY_CHECK(judge(run));
  result.seconds = seconds_since(begin);
  return result;
}

}  // namespace assay::ingest
