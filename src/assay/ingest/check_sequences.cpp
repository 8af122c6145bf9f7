#include <fmt/format.h>

#include <cmath>

#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/sql.hpp"
#include "assay/frame/predicate.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest::detail {
namespace {

constexpr double kLeastCompliance = 0.99;  // Where a rule states none.

std::string selects(const AuditEvent& event) {
  std::string names;
  for (const std::string& name : event.events) {
    names += (names.empty() ? "" : ", ") + engine::quote_text(name);
  }
  std::string sql = names.empty() ? "true" : fmt::format("assay_event IN ({})", names);
  if (!event.where.empty()) sql += fmt::format(" AND ({})", event.where);
  return fmt::format("coalesce({}, false)", sql);
}

std::string words(const AuditEvent& event) {
  std::string text = list_text(event.events);
  if (!event.where.empty()) text += fmt::format(" where {}", event.where);
  return text;
}

// One row an `if` event: whether its `then` event is there.
std::string complying_sql(const Run& run, const AuditRule& rule) {
  const std::string near =
      rule.before
          ? "max(then_at) OVER (PARTITION BY u ORDER BY t RANGE BETWEEN UNBOUNDED PRECEDING "
            "AND CURRENT ROW)"
          : "min(then_at) OVER (PARTITION BY u ORDER BY t RANGE BETWEEN CURRENT ROW AND "
            "UNBOUNDED FOLLOWING)";
  const std::string limit =
      rule.within_us ? fmt::format(" AND abs(t - near) <= {}", *rule.within_us) : std::string();
  return fmt::format(
      "SELECT u, t, event, near, coalesce(near IS NOT NULL{}, false) AS complies FROM (SELECT u, "
      "t, "
      "event, is_if, {} AS near FROM (SELECT assay_unit AS u, assay_time AS t, assay_event AS "
      "event, "
      "{} AS is_if, CASE WHEN {} THEN assay_time END AS then_at FROM ({}) WHERE assay_unit IS NOT "
      "NULL AND assay_time IS NOT NULL) WHERE is_if OR then_at IS NOT NULL) WHERE is_if",
      limit, near, selects(rule.if_event), selects(rule.then_event), rows_sql(run.relation));
}

Result<engine::EventSelector> selector_of(const AuditEvent& event) {
  engine::EventSelector selector{event.events, {}};
  if (event.where.empty()) return selector;
  ASSAY_TRY(selector.where, frame::parse_predicate(event.where));
  return selector;
}

Result<distributed::Compliance> compliance_there(Run& run, const AuditRule& rule) {
  distributed::Implication implication;
  ASSAY_TRY(implication.if_event, selector_of(rule.if_event));
  ASSAY_TRY(implication.then_event, selector_of(rule.then_event));
  implication.within_us = rule.within_us;
  implication.before = rule.before;
  return distributed::audit_implication(*run.warehouse, implication);
}

Result<distributed::Compliance> compliance(Run& run, const AuditRule& rule,
                                           const std::string& rows) {
  if (run.warehouse != nullptr) return compliance_there(run, rule);
  ASSAY_TRY(
      const frame::Table counts,
      run.database->query(fmt::format("SELECT count(*) AS n, count_if(NOT complies) AS broken "
                                      "FROM ({})",
                                      rows),
                          run.progress));
  return distributed::Compliance{int_at(counts, "n", 0), int_at(counts, "broken", 0)};
}

Result<void> judge(Run& run, const AuditRule& rule) {
  const std::string rows = run.warehouse != nullptr ? std::string() : complying_sql(run, rule);
  ASSAY_TRY(const distributed::Compliance counts, compliance(run, rule, rows));
  Finding finding;
  finding.check = Check::sequence;
  finding.kind = "implies";
  finding.declared = true;
  finding.event = rule.if_event.events.empty() ? std::string() : rule.if_event.events.front();
  finding.count = counts.broken;
  finding.base = counts.events;
  const double share = share_of(finding.count, finding.base);
  const double least = rule.min.value_or(kLeastCompliance);
  const std::string within =
      rule.within_us ? fmt::format(" within {}", duration_text(*rule.within_us)) : std::string();
  if (finding.base == 0) {
    not_run(run, Check::sequence, "implies", fmt::format("no event is {}", words(rule.if_event)));
    return {};
  }
  finding.severity = 1.0 - share < least  ? Severity::warning
                     : finding.count == 0 ? Severity::ok
                                          : Severity::info;
  finding.summary = fmt::format(
      "{} of {} ({}) have no {}{} {}; at least {} must", count_text(finding.count),
      rows_text(finding.base, words(rule.if_event) + " event"), percent_text(share),
      words(rule.then_event), within, rule.before ? "before" : "after", percent_text(least));
  finding.effect = fmt::format(
      "a funnel from {0} to {1} misses them: its rate is too low by up to {2} of the {1} events",
      words(rule.before ? rule.then_event : rule.if_event),
      words(rule.before ? rule.if_event : rule.then_event), percent_text(share));
  if (finding.count > 0 && run.warehouse == nullptr) {
    ASSAY_TRY(
        const frame::Table shown,
        run.database->query(fmt::format("SELECT CAST(u AS VARCHAR) AS unit, t, event, near FROM "
                                        "({}) WHERE NOT complies ORDER BY t, unit LIMIT {}",
                                        rows, run.options.examples),
                            run.progress));
    for (std::size_t row = 0; row < shown.rows(); ++row) {
      finding.examples.push_back(
          {text_at(shown, "unit", row), int_at(shown, "t", row),
           fmt::format("event = {}, nearest {}: {}", text_at(shown, "event", row),
                       words(rule.then_event),
                       null_at(shown, "near", row) ? std::string("none")
                                                   : time_text(int_at(shown, "near", row)))});
    }
  }
  add(run, std::move(finding));
  return {};
}

Result<void> judge_ledger(Run& run, const AuditRule& rule) {
  const std::string own =
      fmt::format("SELECT {} AS day, {} AS value FROM ({}) WHERE assay_time IS NOT NULL GROUP BY 1",
                  engine::local_day_sql("assay_time", run.options.timezone), rule.value_sql,
                  rows_sql(run.relation));
  const std::string ledger = fmt::format(
      "SELECT CAST(CAST(l.day AS DATE) - DATE '1970-01-01' AS BIGINT) AS day, CAST(l.value AS "
      "DOUBLE) AS value FROM ({}) AS l(day, value)",
      rule.with_sql);
  ASSAY_TRY(
      const frame::Table days,
      run.database->query(
          fmt::format("SELECT coalesce(a.day, b.day) AS day, CAST(coalesce(a.value, 0) AS "
                      "DOUBLE) AS ours, coalesce(b.value, 0) AS theirs FROM ({}) AS a FULL JOIN "
                      "({}) AS b ON a.day = b.day ORDER BY 1",
                      own, ledger),
          run.progress));
  Finding finding;
  finding.check = Check::reconcile;
  finding.kind = "ledger";
  finding.declared = true;
  finding.base = static_cast<std::int64_t>(days.rows());
  double ours = 0.0;
  double theirs = 0.0;
  for (std::size_t row = 0; row < days.rows(); ++row) {
    const double a = number_at(days, "ours", row);
    const double b = number_at(days, "theirs", row);
    ours += a;
    theirs += b;
    if (std::abs(a - b) <= rule.tolerance * std::abs(b)) continue;
    const Day day = static_cast<Day>(int_at(days, "day", row));
    ++finding.count;
    if (!finding.first_day) finding.first_day = day;
    finding.last_day = day;
    if (finding.examples.size() < run.options.examples) {
      finding.examples.push_back(
          {{}, std::nullopt, fmt::format("{}: {:g} here, {:g} there", day_text(day), a, b)});
    }
  }
  finding.severity = finding.count == 0 ? Severity::ok : Severity::warning;
  finding.summary = fmt::format(
      "{} of {} differ from the ledger by more than {}; in all {:g} here, "
      "{:g} there",
      count_text(finding.count), rows_text(finding.base, "day"), percent_text(rule.tolerance), ours,
      theirs);
  finding.effect = fmt::format("{} does not add up to what the ledger says", rule.value_sql);
  add(run, std::move(finding));
  return {};
}

}  // namespace

Result<void> check_sequences(Run& run) {
  const std::vector<const AuditRule*> rules = rules_for(run, Check::sequence);
  if (rules.empty()) not_run(run, Check::sequence, "implies", "no rule is declared");
  for (const AuditRule* rule : rules) ASSAY_CHECK(judge(run, *rule));
  return {};
}

Result<void> check_ledgers(Run& run) {
  const std::vector<const AuditRule*> rules = rules_for(run, Check::reconcile);
  if (rules.empty()) not_run(run, Check::reconcile, "ledger", "no ledger is declared");
  if (run.warehouse != nullptr && !rules.empty()) {
    not_run(run, Check::reconcile, "ledger", "a ledger is compared with files only");
    return {};
  }
  for (const AuditRule* rule : rules) ASSAY_CHECK(judge_ledger(run, *rule));
  return {};
}

}  // namespace assay::ingest::detail
