#include <fmt/format.h>

#include <algorithm>

#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/sql.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest::detail {
namespace {

constexpr double kFewPerDay = 100.0;  // Fewer events a day are never a machine's mark.
constexpr double kFarBeyond = 5.0;    // Times the 99th percentile of units.
constexpr double kRegular = 0.5;      // Coefficient of variation of gaps; people are above 1.
constexpr double kSleepless = 20.0;   // Hours of the day with events, on an average day.

struct Inversions {
  std::int64_t rows = 0;
  std::int64_t inverted = 0;
  std::int64_t ties = 0;
  std::vector<Example> examples;
};

// Whole units, so that order inside them is seen; one of `modulus` by hash.
Result<std::int64_t> sample_units(Run& run) {
  const std::int64_t modulus =
      std::max<std::int64_t>(1, run.audit.rows / std::max<std::int64_t>(1, run.options.sort_rows));
  // The place of a row costs a scan on one thread: only where nothing else says what came first.
  const bool by_row = run.relation.ingest.empty();
  const std::string usable = fmt::format(
      "assay_unit IS NOT NULL AND assay_time IS NOT NULL AND hash(assay_unit) % {} = 0", modulus);
  ASSAY_CHECK(run.database->execute(
      fmt::format(
          "CREATE OR REPLACE TEMP TABLE assay_sample AS SELECT assay_unit AS unit, assay_time "
          "AS time_us, assay_event AS event, assay_ingest AS ingest_us, {} AS sequence, {} AS "
          "arrival FROM ({}) WHERE {}",
          run.relation.sequence.empty() ? "CAST(NULL AS BIGINT)" : run.relation.sequence,
          by_row ? "row_number() OVER ()" : "0", rows_sql(run.relation), usable),
      run.progress));
  return modulus;
}

Result<Inversions> inversions_there(Run& run, distributed::RowOrder order) {
  ASSAY_TRY(const distributed::OrderCounts counts, distributed::audit_order(*run.warehouse, order));
  return Inversions{counts.rows, counts.inverted, counts.ties, {}};
}

Result<Inversions> inversions(Run& run, const std::string& order, const std::string& tie) {
  const std::string rows = fmt::format(
      "SELECT unit, time_us, event, lag(time_us) OVER w AS before, {} AS tie FROM assay_sample "
      "WINDOW w AS (PARTITION BY unit ORDER BY {})",
      tie, order);
  ASSAY_TRY(const frame::Table counts,
            run.database->query(fmt::format("SELECT count(*) AS n, count_if(time_us < before) AS "
                                            "inverted, count_if(tie) AS ties FROM ({})",
                                            rows),
                                run.progress));
  Inversions found{
      int_at(counts, "n", 0), int_at(counts, "inverted", 0), int_at(counts, "ties", 0), {}};
  if (found.inverted == 0) return found;
  ASSAY_TRY(
      const frame::Table shown,
      run.database->query(
          fmt::format("SELECT CAST(unit AS VARCHAR) AS unit, time_us, event, before FROM ({}) "
                      "WHERE time_us < before ORDER BY before - time_us DESC, unit, time_us "
                      "LIMIT {}",
                      rows, run.options.examples),
          run.progress));
  for (std::size_t row = 0; row < shown.rows(); ++row) {
    found.examples.push_back(
        {text_at(shown, "unit", row), int_at(shown, "time_us", row),
         fmt::format("event = {}, the one before it at {}", text_at(shown, "event", row),
                     time_text(int_at(shown, "before", row)))});
  }
  return found;
}

std::string sample_text(std::int64_t modulus) {
  return modulus == 1 ? std::string()
                      : fmt::format(" (measured on one of {} units)", count_text(modulus));
}

void report_inversions(Run& run, Inversions found, std::int64_t modulus, const std::string& kind,
                       const std::string& order) {
  Finding finding;
  finding.check = Check::out_of_order;
  finding.kind = kind;
  finding.sampled = modulus > 1;
  finding.count = found.inverted * modulus;
  finding.base = modulus == 1 ? found.rows : run.audit.usable;
  finding.severity = found.inverted == 0 ? Severity::ok : Severity::info;
  finding.summary =
      found.inverted == 0
          ? fmt::format("inside every unit the times follow the {}{}", order, sample_text(modulus))
          : fmt::format("{} ({}) are earlier than the one before them in the {} of their unit{}",
                        rows_text(finding.count, "event"),
                        percent_text(share_of(finding.count, finding.base)), order,
                        sample_text(modulus));
  finding.effect =
      "ordered funnels, paths and sessions sort by time: what was really first may come second";
  finding.examples = std::move(found.examples);
  for (const AuditRule* rule : rules_for(run, Check::out_of_order)) {
    finding.declared = true;
    const double max = rule->max.value_or(0.0);
    const bool broken = share_of(finding.count, finding.base) > max;
    finding.severity = broken ? Severity::warning : Severity::ok;
    finding.summary += fmt::format("; allowed: {}", percent_text(max));
  }
  add(run, std::move(finding));
}

Result<distributed::RepeatCounts> count_repeats(Run& run) {
  if (run.warehouse != nullptr)
    return distributed::audit_repeats(*run.warehouse, run.options.repeat_gap_us);
  ASSAY_TRY(const frame::Table counts,
            run.database->query(
                fmt::format("SELECT count(*) AS n, count_if(time_us - before <= {}) AS again FROM "
                            "(SELECT time_us, lag(time_us) OVER (PARTITION BY unit, event ORDER BY "
                            "time_us) AS before FROM assay_sample)",
                            run.options.repeat_gap_us),
                run.progress));
  return distributed::RepeatCounts{int_at(counts, "n", 0), int_at(counts, "again", 0)};
}

Result<void> report_repeats(Run& run, std::int64_t modulus) {
  ASSAY_TRY(const distributed::RepeatCounts counts, count_repeats(run));
  Finding finding;
  finding.check = Check::duplicates;
  finding.kind = "repeats";
  finding.sampled = modulus > 1;
  finding.count = counts.repeats * modulus;
  finding.base = modulus == 1 ? counts.rows : run.audit.usable;
  finding.severity = finding.count == 0 ? Severity::ok : Severity::info;
  finding.summary = fmt::format("{} ({}) repeat the same event of the same unit within {}{}",
                                rows_text(finding.count, "event"),
                                percent_text(share_of(finding.count, finding.base)),
                                duration_text(run.options.repeat_gap_us), sample_text(modulus));
  finding.effect = "double clicks and resent events count twice in totals, once in counts of units";
  add(run, std::move(finding));
  return {};
}

std::string order_of_arrival(const Run& run) {
  // Events received in the same instant are in no order.
  return run.relation.ingest.empty() ? "arrival" : "ingest_us NULLS LAST, time_us";
}

struct Heavy {
  std::string unit;
  std::int64_t events = 0;
  double per_day = 0.0;
  bool regular = false;
};

// Whether the candidates act like machines: even gaps, or events around the clock.
Result<void> look_closer(Run& run, std::vector<Heavy>& units) {
  std::string names;
  for (const Heavy& unit : units) {
    names += (names.empty() ? "" : ", ") + engine::quote_text(unit.unit);
  }
  const std::string sql = fmt::format(
      "SELECT unit, stddev_pop(gap) / avg(gap) AS cv, count(DISTINCT hour) / count(DISTINCT hour "
      "// "
      "24) AS hours FROM (SELECT CAST(assay_unit AS VARCHAR) AS unit, assay_time // 3600000000 AS "
      "hour, CASE WHEN assay_time - lag(assay_time) OVER w < {} THEN assay_time - lag(assay_time) "
      "OVER w END AS gap FROM ({}) WHERE assay_time IS NOT NULL AND CAST(assay_unit AS VARCHAR) IN "
      "({}) WINDOW w AS (PARTITION BY assay_unit ORDER BY assay_time)) GROUP BY unit",
      6 * kHourUs, rows_sql(run.relation), names);
  ASSAY_TRY(const frame::Table rows, run.database->query(sql, run.progress));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (Heavy& unit : units) {
      if (unit.unit != text_at(rows, "unit", row)) continue;
      const bool even = !null_at(rows, "cv", row) && number_at(rows, "cv", row) < kRegular;
      unit.regular = even || number_at(rows, "hours", row) >= kSleepless;
    }
  }
  return {};
}

Result<std::vector<Heavy>> heavy_units(Run& run) {
  const std::string units = "SELECT u, events, events / days AS per_day FROM assay_units";
  ASSAY_TRY(
      const frame::Table spread,
      run.database->query(fmt::format("SELECT count(*) AS units, quantile_cont(per_day, 0.99) AS "
                                      "high FROM ({})",
                                      units),
                          run.progress));
  run.audit.units = int_at(spread, "units", 0);
  const double fence = std::max(kFewPerDay, kFarBeyond * number_at(spread, "high", 0));
  ASSAY_TRY(const frame::Table rows,
            run.database->query(
                fmt::format("SELECT CAST(u AS VARCHAR) AS unit, CAST(events AS BIGINT) AS events, "
                            "per_day FROM ({}) WHERE per_day > {} ORDER BY per_day DESC, unit "
                            "LIMIT 1000",
                            units, fence),
                run.progress));
  std::vector<Heavy> found;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    found.push_back({text_at(rows, "unit", row), int_at(rows, "events", row),
                     number_at(rows, "per_day", row), false});
  }
  if (!found.empty()) ASSAY_CHECK(look_closer(run, found));
  return found;
}

struct Tally {
  std::int64_t units = 0;
  std::int64_t events = 0;
  std::vector<Example> examples;
};

Tally tally_of(const Run& run, const std::vector<Heavy>& units, bool regular) {
  Tally tally;
  for (const Heavy& unit : units) {
    if (unit.regular != regular) continue;
    ++tally.units;
    tally.events += unit.events;
    if (tally.examples.size() < run.options.examples) {
      tally.examples.push_back(
          {unit.unit, std::nullopt,
           fmt::format("{} events, {:.0f} an active day", count_text(unit.events), unit.per_day)});
    }
  }
  return tally;
}

void report_heavy(Run& run, Tally tally, bool regular) {
  Finding finding;
  finding.check = Check::unit_volume;
  finding.kind = regular ? "bot_like" : "heavy_units";
  finding.base = run.audit.units;
  finding.count = tally.units;
  finding.examples = std::move(tally.examples);
  const double share = share_of(tally.events, run.audit.usable);
  finding.severity = finding.count == 0 ? Severity::ok
                     : regular          ? Severity::warning
                                        : Severity::info;
  finding.summary =
      finding.count == 0
          ? fmt::format("no unit is {}", regular ? "as busy and as even as a machine"
                                                 : "far busier "
                                                   "than all others")
          : fmt::format("{} act{} {}: over 5 times the events a day of the busiest 1 %{}",
                        rows_text(finding.count, "unit"), finding.count == 1 ? "s" : "",
                        regular ? "like a machine" : "far out of line",
                        regular ? ", evenly spaced or around the clock" : "");
  finding.effect =
      fmt::format("they hold {} of all events; means a unit and ratios of sums lean on them",
                  percent_text(share));
  add(run, std::move(finding));
}

Result<distributed::UnitDays> unit_days(Run& run, double most, const std::string& day,
                                        const std::string& usable) {
  if (run.warehouse != nullptr) return distributed::audit_unit_days(*run.warehouse, most);
  ASSAY_TRY(const frame::Table rows,
            run.database->query(
                fmt::format("SELECT count_if(n > {}) AS over, count(*) AS all_days FROM (SELECT "
                            "count(*) AS n {} GROUP BY assay_unit, {})",
                            most, usable, day),
                run.progress));
  return distributed::UnitDays{int_at(rows, "all_days", 0), int_at(rows, "over", 0)};
}

Result<void> judge_volume_rules(Run& run, const std::string& day, const std::string& usable) {
  for (const AuditRule* rule : rules_for(run, Check::unit_volume)) {
    ASSAY_TRY(const distributed::UnitDays counts,
              unit_days(run, rule->max.value_or(0.0), day, usable));
    Finding finding;
    finding.check = Check::unit_volume;
    finding.kind = "events_a_day";
    finding.declared = true;
    finding.count = counts.over;
    finding.base = counts.days;
    finding.severity = finding.count == 0 ? Severity::ok : Severity::warning;
    finding.summary = fmt::format("{} of a unit hold more than {:g} events",
                                  rows_text(finding.count, "day"), rule->max.value_or(0.0));
    finding.effect = "means a unit lean on these days";
    add(run, std::move(finding));
  }
  return {};
}

/// The sequence either orders all events of a unit or starts anew (with each session, say).
void report_sequence(Run& run, Inversions ordered, std::int64_t modulus) {
  if (ordered.ties > 0) {
    not_run(
        run, Check::out_of_order, "sequence_inversions",
        fmt::format("the sequence starts anew inside units ({})", rows_text(ordered.ties, "tie")));
    return;
  }
  report_inversions(run, std::move(ordered), modulus, "sequence_inversions",
                    "order of the sequence");
}

Result<void> report_order_there(Run& run) {
  if (run.relation.ingest.empty()) {
    not_run(run, Check::out_of_order, "arrival_inversions",
            "rows of a warehouse lie in no order and the source declares no ingest time");
  } else {
    ASSAY_TRY(Inversions arrived, inversions_there(run, distributed::RowOrder::arrival));
    report_inversions(run, std::move(arrived), 1, "arrival_inversions", "order of arrival");
  }
  if (run.relation.sequence.empty()) return {};
  ASSAY_TRY(Inversions ordered, inversions_there(run, distributed::RowOrder::sequence));
  report_sequence(run, std::move(ordered), 1);
  return {};
}

Result<void> report_order(Run& run, std::int64_t modulus) {
  ASSAY_TRY(Inversions arrived, inversions(run, order_of_arrival(run), "false"));
  report_inversions(run, std::move(arrived), modulus, "arrival_inversions",
                    run.relation.ingest.empty() ? "order of the rows" : "order of arrival");
  if (run.relation.sequence.empty()) return {};
  ASSAY_TRY(Inversions ordered,
            inversions(run, "sequence NULLS LAST, time_us", "sequence = lag(sequence) OVER w"));
  report_sequence(run, std::move(ordered), modulus);
  return {};
}

// Even and uneven units that hold far more events a day than all others.
Result<void> report_busy_there(Run& run, double fence) {
  ASSAY_TRY(const distributed::Busy busy,
            distributed::audit_busy_units(*run.warehouse, {fence, kRegular, kSleepless}));
  report_heavy(run, {busy.even.units, busy.even.events, {}}, true);
  report_heavy(run, {busy.uneven.units, busy.uneven.events, {}}, false);
  return {};
}

// The smallest load a day that 99 % of units stay at or below.
Result<double> high_load_there(Run& run) {
  ASSAY_TRY(std::vector<distributed::UnitLoad> loads,
            distributed::audit_unit_loads(*run.warehouse));
  const auto per_day = [](const distributed::UnitLoad& load) {
    return static_cast<double>(load.events) / static_cast<double>(load.days);
  };
  std::sort(loads.begin(), loads.end(),
            [&](const auto& a, const auto& b) { return per_day(a) < per_day(b); });
  run.audit.units = 0;
  for (const distributed::UnitLoad& load : loads) run.audit.units += load.units;
  std::int64_t below = 0;
  for (const distributed::UnitLoad& load : loads) {
    below += load.units;
    if (static_cast<double>(below) >= 0.99 * static_cast<double>(run.audit.units))
      return per_day(load);
  }
  return 0.0;
}

}  // namespace

Result<void> check_order(Run& run) {
  std::int64_t modulus = 1;
  if (run.warehouse == nullptr) {
    ASSAY_TRY(modulus, sample_units(run));
  }
  if (run.relation.sequence.empty()) {
    not_run(run, Check::out_of_order, "sequence_inversions", "the source declares no sequence");
  }
  ASSAY_CHECK(run.warehouse != nullptr ? report_order_there(run) : report_order(run, modulus));
  if (run.relation.source.event_expression.empty()) {
    not_run(run, Check::duplicates, "repeats", "all rows are one kind of event");
  } else {
    ASSAY_CHECK(report_repeats(run, modulus));
  }
  if (run.warehouse != nullptr) return {};
  return run.database->execute("DROP TABLE assay_sample", run.progress);
}

Result<void> check_unit_volume(Run& run) {
  if (run.warehouse != nullptr) {
    ASSAY_TRY(const double high, high_load_there(run));
    ASSAY_CHECK(judge_volume_rules(run, {}, {}));
    return report_busy_there(run, std::max(kFewPerDay, kFarBeyond * high));
  }
  const std::string day = engine::local_day_sql("assay_time", run.options.timezone);
  const std::string usable = fmt::format(
      "FROM ({}) WHERE assay_unit IS NOT NULL AND assay_time IS NOT NULL", rows_sql(run.relation));
  // Up to two months, a unit's active days are the bits of one number.
  const std::string days =
      run.audit.days <= 62
          ? fmt::format("bit_count(bit_or(CAST(1 AS BIGINT) << CAST({} - ({}) AS INTEGER)))", day,
                        run.audit.first_day)
          : fmt::format("count(DISTINCT {})", day);
  ASSAY_CHECK(run.database->execute(
      fmt::format("CREATE OR REPLACE TEMP TABLE assay_units AS SELECT assay_unit AS u, count(*) AS "
                  "events, {} AS days {} GROUP BY 1",
                  days, usable),
      run.progress));
  ASSAY_TRY(const std::vector<Heavy> units, heavy_units(run));
  ASSAY_CHECK(judge_volume_rules(run, day, usable));
  report_heavy(run, tally_of(run, units, true), true);
  report_heavy(run, tally_of(run, units, false), false);
  return run.database->execute("DROP TABLE assay_units", run.progress);
}

}  // namespace assay::ingest::detail
