#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/ingest/detail/run.hpp"
#include "assay/ingest/detail/volume.hpp"

namespace assay::ingest::detail {
namespace {

constexpr int kMostDays = 20'000;        // Beyond, a stamp is absurd rather than old.
constexpr std::size_t kMostEvents = 50;  // Names judged on their own.
constexpr std::size_t kMostFindings = 10;

struct Found {
  std::string event;  // Empty: all events.
  VolumeBreak what;
};

std::string change_text(const VolumeBreak& found) {
  const double change = found.observed / std::max(found.expected, 1.0) - 1.0;
  return fmt::format("{}{:.0f} %", change < 0.0 ? "" : "+", 100.0 * change);
}

// A break of one event says nothing new when all events moved alike on those days.
bool explained(const Found& found, const std::vector<Found>& totals) {
  const double change = found.what.observed / std::max(found.what.expected, 1.0);
  return std::any_of(totals.begin(), totals.end(), [&](const Found& total) {
    const bool inside = found.what.first >= total.what.first && found.what.last <= total.what.last;
    const double all = total.what.observed / std::max(total.what.expected, 1.0);
    return inside && std::abs(change - all) < 0.15 * std::max(1.0, all);
  });
}

Severity severity_of(const Found& found) {
  const double change = found.what.observed / std::max(found.what.expected, 1.0);
  if (found.what.kind == BreakKind::gap && found.event.empty()) return Severity::critical;
  return change < 0.5 && found.event.empty() ? Severity::critical : Severity::warning;
}

void report(Run& run, const Found& found) {
  Finding finding;
  finding.check = Check::volume;
  finding.kind = std::string(to_text(found.what.kind));
  finding.severity = severity_of(found);
  finding.event = found.event;
  finding.count = found.what.last - found.what.first + 1;
  finding.base = run.audit.days;
  finding.first_day = run.audit.first_day + found.what.first;
  finding.last_day = run.audit.first_day + found.what.last;
  const std::string who = found.event.empty() ? "all events" : found.event;
  const std::string when = days_text(*finding.first_day, *finding.last_day);
  const bool shift =
      found.what.kind == BreakKind::shift_down || found.what.kind == BreakKind::shift_up;
  finding.summary = fmt::format(
      "{} {}: {} where {} were expected ({}, {:.1f} robust standard errors)", who,
      shift ? "from " + day_text(*finding.first_day) + " on have another level (14 days)"
            : "on " + when,
      count_text(std::llround(found.what.observed)), count_text(std::llround(found.what.expected)),
      change_text(found.what), found.what.score);
  finding.effect = fmt::format("counts and sums of {} move by {} {}", who, change_text(found.what),
                               shift ? "; before and after do not compare" : "on these days");
  add(run, std::move(finding));
}

// Days without any event between the first and the last.
void report_gaps(Run& run, const std::vector<Found>& found) {
  Finding finding;
  finding.check = Check::volume;
  finding.kind = "days_without_events";
  finding.base = run.audit.days;
  for (int day = 0; day < run.audit.days; ++day) {
    if (run.audit.by_day[static_cast<std::size_t>(day)] != 0) continue;
    ++finding.count;
    if (!finding.first_day) finding.first_day = run.audit.first_day + day;
    finding.last_day = run.audit.first_day + day;
  }
  const bool expected = std::any_of(found.begin(), found.end(), [](const Found& one) {
    return one.event.empty() && one.what.kind == BreakKind::gap;
  });
  finding.severity = finding.count == 0 ? Severity::ok : Severity::info;
  finding.summary =
      finding.count == 0
          ? "every day from the first to the last has events"
          : fmt::format("{} of {} between the first and the last have no event{}",
                        rows_text(finding.count, "day"), rows_text(run.audit.days, "day"),
                        expected ? "; reported above where events were expected"
                                 : "; no more than such thin data lead to expect");
  finding.effect = "averages over days divide by days that may hold no data";
  add(run, std::move(finding));
}

double false_alarms_of(const Run& run) {
  double rate = 0.0;
  for (const AuditRule* rule : rules_for(run, Check::volume)) {
    rate = std::max(rate, rule->false_alarms.value_or(0.0));
  }
  return rate > 0.0 ? rate : run.options.volume_false_alarms;
}

}  // namespace

void check_volume(Run& run) {
  const Cube& cube = run.cube;
  if (cube.days > kMostDays) {
    not_run(run, Check::volume, "breaks",
            fmt::format("events are stamped from {} to {}; see the future and value findings",
                        time_text(cube.range.begin), time_text(cube.range.end - 1)));
    return;
  }
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> series;
  series.emplace_back("", run.audit.by_day);
  for (std::size_t event = 0; event < std::min(cube.events.size(), kMostEvents); ++event) {
    if (cube.events.size() > 1) {
      series.emplace_back(cube.events[event], cube.by_day_of(static_cast<int>(event), "rows"));
    }
  }
  if (cube.days < 8) {
    not_run(run, Check::volume, "breaks",
            fmt::format("the data span {}; eight are needed", rows_text(cube.days, "day")));
    return;
  }
  const double rate = false_alarms_of(run);
  std::vector<Found> found;
  std::vector<Found> totals;
  for (const auto& [event, counts] : series) {
    const double share = rate / static_cast<double>(series.size());
    for (const VolumeBreak& what : volume_breaks(cube.first_day, counts, share)) {
      const Found one{event, what};
      if (!event.empty() && explained(one, totals)) continue;
      (event.empty() ? totals : found).push_back(one);
    }
  }
  found.insert(found.begin(), totals.begin(), totals.end());
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return severity_of(a) != severity_of(b) ? severity_of(a) < severity_of(b)
                                            : a.what.score > b.what.score;
  });
  for (std::size_t i = 0; i < std::min(found.size(), kMostFindings); ++i) report(run, found[i]);
  Finding rest;
  rest.check = Check::volume;
  rest.kind = "breaks";
  rest.base = run.audit.days;
  if (found.empty()) {
    rest.summary = fmt::format(
        "no day of {} series is out of line (clean data would raise an alarm in {} of audits)",
        series.size(), percent_text(rate));
    add(run, std::move(rest));
  } else if (found.size() > kMostFindings) {
    rest.severity = Severity::info;
    rest.summary = fmt::format("{} more breaks are not listed",
                               count_text(static_cast<std::int64_t>(found.size() - kMostFindings)));
    add(run, std::move(rest));
  }
  report_gaps(run, found);
}

}  // namespace assay::ingest::detail
