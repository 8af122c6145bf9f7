#include <fmt/format.h>

#include "assay/base/text.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest::detail {
namespace {

constexpr double kLateWarning = 0.01;
constexpr double kFutureWarning = 0.001;

std::string lag_text(std::int64_t us) {
  if (us >= 2 * kDayUs) return fmt::format("{:.0f} days", static_cast<double>(us) / kDayUs);
  if (us >= 2 * kHourUs) return fmt::format("{:.0f} hours", static_cast<double>(us) / kHourUs);
  return fmt::format("{:.0f} seconds", static_cast<double>(us) / kSecondUs);
}

// Among rows whose lag is known, which hold the share in question.
Finding late_finding(const Run& run, const std::string& measure, std::int64_t over_us,
                     std::string kind) {
  const Cube& cube = run.cube;
  Finding finding;
  finding.check = Check::late;
  finding.kind = std::move(kind);
  finding.count = cube.total(measure);
  finding.base = cube.total("both_times");
  const double share = share_of(finding.count, finding.base);
  const auto latest = static_cast<std::int64_t>(cube.largest("latest_us").value_or(0.0));
  finding.summary =
      finding.count == 0
          ? fmt::format("no event arrived more than {} after it happened", duration_text(over_us))
          : fmt::format("{} ({}) arrived more than {} after they happened; the latest {} after",
                        rows_text(finding.count, "event"), percent_text(share),
                        duration_text(over_us), lag_text(latest));
  finding.effect =
      fmt::format("a day read {} after its end still misses events: {}", duration_text(over_us),
                  by_event_text(cube.events, cube.by_event(measure), cube.by_event("both_times")));
  return finding;
}

Result<void> check_late(Run& run) {
  const std::vector<const AuditRule*> rules = rules_for(run, Check::late);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const AuditRule& rule = *rules[i];
    Finding finding = late_finding(run, fmt::format("late_rule_{}", i), rule.over_us, "late_share");
    finding.declared = true;
    const double max = rule.max.value_or(0.0);
    const bool broken = share_of(finding.count, finding.base) > max;
    finding.severity = broken ? Severity::warning : Severity::ok;
    finding.summary += fmt::format("; allowed: {}", percent_text(max));
    Finding& added = add(run, std::move(finding));
    if (!broken) continue;
    ASSAY_CHECK(
        add_examples(run, added, fmt::format("assay_ingest - assay_time > {}", rule.over_us)));
  }
  const std::int64_t watermark = run.options.watermark_us;
  struct Limit {
    const char* measure;
    std::int64_t over_us;
    const char* kind;
  };
  for (const Limit& limit :
       {Limit{"late_hour", kHourUs, "over_1h"}, Limit{"late_day", kDayUs, "over_1d"},
        Limit{"late_watermark", watermark, "over_watermark"}}) {
    Finding finding = late_finding(run, limit.measure, limit.over_us, limit.kind);
    const double share = share_of(finding.count, finding.base);
    const bool beyond = limit.over_us == watermark && share > kLateWarning;
    finding.severity = finding.count == 0 ? Severity::ok
                       : beyond           ? Severity::warning
                                          : Severity::info;
    const bool show = finding.count > 0 && limit.over_us != kHourUs;
    Finding& added = add(run, std::move(finding));
    if (!show) continue;
    ASSAY_CHECK(
        add_examples(run, added, fmt::format("assay_ingest - assay_time > {}", limit.over_us)));
  }
  return {};
}

Result<void> check_ahead(Run& run) {
  const Cube& cube = run.cube;
  const bool declared = run.relation.source.max_skew_us.has_value();
  const std::int64_t skew = run.relation.source.max_skew_us.value_or(kDayUs);
  Finding ahead;
  ahead.check = Check::clock_skew;
  ahead.kind = "ahead_of_ingest";
  ahead.count = cube.total("ahead");
  ahead.base = cube.total("both_times");
  ahead.severity = ahead.count == 0 ? Severity::ok : Severity::info;
  ahead.summary =
      ahead.count == 0
          ? "no event is stamped after it was received"
          : fmt::format(
                "{} ({}) are stamped after they were received, by up to {}",
                rows_text(ahead.count, "event"), percent_text(share_of(ahead.count, ahead.base)),
                lag_text(static_cast<std::int64_t>(cube.largest("most_ahead_us").value_or(0.0))));
  ahead.effect =
      "their clocks run ahead: order inside a unit, windows and the edges of days shift "
      "by that much";
  Finding& added = add(run, std::move(ahead));
  if (added.count > 0) ASSAY_CHECK(add_examples(run, added, "assay_time > assay_ingest"));

  Finding beyond;
  beyond.check = Check::future;
  beyond.kind = "beyond_skew";
  beyond.count = cube.total("ahead_beyond");
  beyond.base = cube.total("both_times");
  const double share = share_of(beyond.count, beyond.base);
  beyond.severity = beyond.count == 0        ? Severity::ok
                    : share > kFutureWarning ? Severity::warning
                                             : Severity::info;
  beyond.summary =
      fmt::format("{} ({}) are stamped more than {} after they were received",
                  rows_text(beyond.count, "event"), percent_text(share), duration_text(skew));
  beyond.effect =
      declared ? fmt::format("left out of every answer under the source's max_skew: {}",
                             by_event_text(cube.events, cube.by_event("ahead_beyond"),
                                           cube.by_event("rows")))
               : "they count on days that had not come yet; declare max_skew to leave them out";
  Finding& last = add(run, std::move(beyond));
  if (last.count == 0) return {};
  return add_examples(run, last, fmt::format("assay_time - assay_ingest > {}", skew));
}

Result<void> check_after_now(Run& run) {
  Finding finding;
  finding.check = Check::future;
  finding.kind = "after_now";
  finding.count = run.cube.total("after_now");
  finding.base = run.audit.rows;
  finding.severity = finding.count == 0 ? Severity::ok : Severity::warning;
  finding.summary = finding.count == 0
                        ? "no event is stamped after now"
                        : fmt::format("{} are stamped after now ({})",
                                      rows_text(finding.count, "event"), time_text(run.now));
  finding.effect = fmt::format(
      "they stretch the range of the data to {}, so that days without data look like zeros",
      time_text(run.cube.range.end - 1));
  Finding& added = add(run, std::move(finding));
  if (added.count == 0) return {};
  return add_examples(run, added, fmt::format("assay_time > {}", run.now));
}

void judge_future_rules(Run& run) {
  for (const AuditRule* rule : rules_for(run, Check::future)) {
    Finding finding;
    finding.check = Check::future;
    finding.kind = "future_share";
    finding.declared = true;
    finding.count = run.cube.total("ahead");
    finding.base = run.cube.total("both_times");
    const double share = share_of(finding.count, finding.base);
    const double max = rule->max.value_or(0.0);
    finding.severity = share > max ? Severity::warning : Severity::ok;
    finding.summary = fmt::format("{} of events are stamped after they were received; allowed: {}",
                                  percent_text(share), percent_text(max));
    finding.effect = "days and windows of these events are not where they happened";
    add(run, std::move(finding));
  }
}

}  // namespace

Result<void> check_times(Run& run) {
  if (run.relation.ingest.empty()) {
    const std::string reason = "the source declares no ingest time";
    not_run(run, Check::late, "late", reason);
    not_run(run, Check::clock_skew, "ahead_of_ingest", reason);
    not_run(run, Check::future, "beyond_skew", reason);
  } else {
    ASSAY_CHECK(check_late(run));
    ASSAY_CHECK(check_ahead(run));
    judge_future_rules(run);
  }
  return check_after_now(run);
}

}  // namespace assay::ingest::detail
