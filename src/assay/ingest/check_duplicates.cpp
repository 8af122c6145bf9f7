#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>

#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/ingest/detail/duplicate_rule.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest::detail {
namespace {

constexpr double kWarning = 0.001;

struct Copies {
  std::int64_t total = 0;
  std::map<std::string, std::int64_t> by_event;
  std::int64_t answered = 0;  ///< Of them, those that answers count if nothing removes them.
  std::int64_t removed = 0;   ///< Of these, those that the source's policy removes.
};

std::vector<std::int64_t> in_order(const Copies& copies, const std::vector<std::string>& events) {
  std::vector<std::int64_t> counts;
  for (const std::string& event : events) {
    const auto found = copies.by_event.find(event);
    counts.push_back(found == copies.by_event.end() ? 0 : found->second);
  }
  return counts;
}

// What two copies share in any case: the deduplication key, else unit, time and name.
std::string shared_hash(const engine::Relation& relation) {
  if (relation.keys.empty()) return "hash(assay_unit, assay_time, assay_event)";
  std::string keys;
  for (const engine::Relation::Key& key : relation.keys) keys += ", " + key.sql;
  return fmt::format("hash(assay_unit{})", keys);
}

std::string all_columns(const engine::Relation& relation) {
  std::string all;
  for (const engine::ColumnInfo& column : relation.columns) {
    all += (all.empty() ? "" : ", ") + engine::quote_identifier(column.name);
  }
  return all;
}

// Rows that may have a copy: those whose shared hash occurs twice. Few, so that the rest of the
// work is small. Rows are told apart by 64 bits: one mistake in 90,000 audits of 20 million rows.
Result<std::int64_t> find_candidates(Run& run) {
  ASSAY_CHECK(run.database->execute(
      fmt::format("CREATE OR REPLACE TEMP TABLE assay_alike AS SELECT h FROM (SELECT {} AS h FROM "
                  "({})) GROUP BY h HAVING count(*) > 1",
                  shared_hash(run.relation), rows_sql(run.relation)),
      run.progress));
  ASSAY_TRY(const frame::Table count,
            run.database->query("SELECT count(*) AS n FROM assay_alike", run.progress));
  return int_at(count, "n", 0);
}

/// Rows that answers count: those with a unit and a time and not quarantined.
std::string answered_sql(const engine::Relation& relation) {
  std::string sql = "(assay_unit IS NOT NULL AND assay_time IS NOT NULL";
  if (relation.source.max_skew_us && !relation.ingest.empty()) {
    sql += fmt::format(" AND NOT coalesce(assay_time - assay_ingest > {}, false)",
                       *relation.source.max_skew_us);
  }
  return sql + ")";
}

/// Rows that have something of the deduplication key: exact copies of them are removed, as their
/// times are equal too.
std::string keyed_sql(const engine::Relation& relation) {
  std::string sql = "(false";
  for (const engine::Relation::Key& key : relation.keys)
    sql += fmt::format(" OR ({}) IS NOT NULL", key.sql);
  return sql + ")";
}

// Rows that equal another one in every column, and what becomes of them.
Result<Copies> exact_copies(Run& run) {
  ASSAY_TRY(const frame::Table found,
            run.database->query(
                fmt::format(
                    "SELECT event, CAST(sum(n - 1) AS BIGINT) AS copies, CAST(coalesce(sum(n - 1) "
                    "FILTER (answered), 0) AS BIGINT) AS answered, CAST(coalesce(sum(n - 1) "
                    "FILTER (answered AND keyed), 0) AS BIGINT) AS removed FROM (SELECT "
                    "any_value(assay_event) AS event, any_value({3}) AS answered, "
                    "any_value({4}) AS keyed, count(*) AS n FROM ({0}) WHERE {1} "
                    "IN (SELECT h FROM assay_alike) GROUP BY hash({2}) HAVING count(*) > 1) "
                    "GROUP BY event",
                    rows_sql(run.relation), shared_hash(run.relation), all_columns(run.relation),
                    answered_sql(run.relation), keyed_sql(run.relation)),
                run.progress));
  Copies copies;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    copies.total += int_at(found, "copies", row);
    copies.answered += int_at(found, "answered", row);
    copies.removed += int_at(found, "removed", row);
    copies.by_event[text_at(found, "event", row)] = int_at(found, "copies", row);
  }
  return copies;
}

Result<void> exact_examples(Run& run, Finding& finding) {
  ASSAY_TRY(const frame::Table rows,
            run.database->query(
                fmt::format("SELECT unit, time, event, n FROM (SELECT hash({0}) AS g, "
                            "any_value(CAST(assay_unit AS VARCHAR)) AS unit, any_value(assay_time) "
                            "AS time, any_value(assay_event) AS event, count(*) AS n FROM ({1}) "
                            "WHERE {2} IN (SELECT h FROM assay_alike) GROUP BY 1 HAVING count(*) > "
                            "1) ORDER BY n DESC, time, unit, event LIMIT {3}",
                            all_columns(run.relation), rows_sql(run.relation),
                            shared_hash(run.relation), run.options.examples),
                run.progress));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    Example example{text_at(rows, "unit", row), std::nullopt, {}};
    if (!null_at(rows, "time", row)) example.time = int_at(rows, "time", row);
    example.values = fmt::format("event = {}, {} times", text_at(rows, "event", row),
                                 count_text(int_at(rows, "n", row)));
    finding.examples.push_back(std::move(example));
  }
  return {};
}

// Events that the source's policy removes, by the rule of the index builder.
Result<Copies> key_copies(Run& run) {
  const engine::Source& source = run.relation.source;
  std::string keys;
  std::string missing = "true";
  for (std::size_t i = 0; i < run.relation.keys.size(); ++i) {
    keys += fmt::format(", key_{}", i + 1);
    missing += fmt::format(" AND key_{} IS NULL", i + 1);
  }
  std::string counted = "unit IS NOT NULL AND time_us IS NOT NULL";
  if (source.max_skew_us && !run.relation.ingest.empty()) {
    counted +=
        fmt::format(" AND NOT coalesce(time_us - ingest_us > {}, false)", *source.max_skew_us);
  }
  // The relation's own columns are named otherwise here: unit and key_i.
  const std::string hashed = fmt::format(
      "SELECT CAST(h >> 1 AS BIGINT) AS h, time_us, event, ingest_us, arrival FROM (SELECT *, "
      "hash(unit{}) AS h FROM ({})) WHERE {} AND NOT ({}) AND h IN (SELECT h FROM assay_alike)",
      keys, engine::relation_sql(run.relation), counted, missing);
  Copies copies;
  DuplicateRule rule(source.dedup->within_us.value_or(std::numeric_limits<std::int64_t>::max()));
  const auto receive = [&](const frame::BatchView& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows; ++row) {
      if (!rule.is_copy(batch.columns[0].ints[row], batch.columns[1].ints[row])) continue;
      ++copies.total;
      if (!batch.columns[2].is_null(row))
        ++copies.by_event[std::string(batch.columns[2].texts[row])];
    }
    return {};
  };
  ASSAY_CHECK(run.database->scan(
      fmt::format("SELECT h, time_us, event FROM ({}) ORDER BY h, ingest_us NULLS LAST, arrival",
                  hashed),
      receive, run.progress));
  return copies;
}

void judge_rules(Run& run, const Copies& exact, const std::optional<Copies>& by_key) {
  for (const AuditRule* rule : rules_for(run, Check::duplicates)) {
    if (run.warehouse != nullptr && !by_key) {
      not_run(run, Check::duplicates, "duplicate_share",
              "in a warehouse copies are told by the source's key, and it declares none");
      continue;
    }
    Finding finding;
    finding.check = Check::duplicates;
    finding.kind = "duplicate_share";
    finding.declared = true;
    finding.count = by_key ? by_key->total : exact.total;
    finding.base = run.audit.rows;
    const double share = share_of(finding.count, finding.base);
    const double max = rule->max.value_or(0.0);
    finding.severity = share > max ? Severity::warning : Severity::ok;
    finding.summary = fmt::format("{} of rows are copies{}; allowed: {}", percent_text(share),
                                  by_key ? " by the source's key" : "", percent_text(max));
    finding.effect = by_key ? "removed from every answer under the source's policy"
                            : "counts and sums are that much too high";
    add(run, std::move(finding));
  }
}

// Copies that reach an answer inflate it; a row without a unit or a copy that the policy removes
// does not.
Result<void> report_exact(Run& run, const Copies& exact) {
  Finding finding;
  finding.check = Check::duplicates;
  finding.kind = "exact_copies";
  finding.count = exact.total;
  finding.base = run.audit.rows;
  const std::int64_t kept = exact.answered - exact.removed;
  finding.severity = exact.total == 0                           ? Severity::ok
                     : share_of(kept, finding.base) >= kWarning ? Severity::warning
                                                                : Severity::info;
  finding.summary =
      exact.total == 0
          ? "no row equals another in every column"
          : fmt::format("{} ({}) equal an earlier row in every column", rows_text(exact.total),
                        percent_text(share_of(finding.count, finding.base)));
  std::vector<std::string> fates;
  if (exact.removed > 0) {
    fates.push_back(fmt::format("{} are removed from every answer by the source's deduplication",
                                count_text(exact.removed)));
  }
  if (exact.total > exact.answered) {
    fates.push_back(fmt::format("{} are in no answer anyway (no unit, no time, or from the future)",
                                count_text(exact.total - exact.answered)));
  }
  if (kept > 0) {
    fates.push_back(fmt::format("{} inflate counts and sums: {}", count_text(kept),
                                by_event_text(run.cube.events, in_order(exact, run.cube.events),
                                              run.cube.by_event("rows"))));
  }
  for (const std::string& fate : fates)
    finding.effect += (finding.effect.empty() ? "" : "; ") + fate;
  Finding& added = add(run, std::move(finding));
  if (exact.total == 0) return {};
  return exact_examples(run, added);
}

// Copies by the key; those of them that are equal in every column are said here and, when the
// policy leaves none of them in the answers, nowhere else.
Result<void> report_keys(Run& run, const Copies& by_key, const Copies& exact) {
  Finding finding;
  finding.check = Check::duplicates;
  finding.kind = "equal_keys";
  finding.count = by_key.total;
  finding.base = run.audit.dedup.before;
  finding.severity = by_key.total == 0 ? Severity::ok : Severity::info;
  finding.summary = "no event has the key of an earlier one";
  if (by_key.total > 0) {
    const std::string equal =
        exact.removed == 0 ? ""
        : exact.removed >= by_key.total
            ? ", all of them equal in every column"
            : fmt::format(", {} of them equal in every column", count_text(exact.removed));
    finding.summary = fmt::format(
        "{} ({}) have the unit and key of an earlier one{}; {} events "
        "stay",
        rows_text(finding.count, "event"), percent_text(share_of(finding.count, finding.base)),
        equal, count_text(run.audit.dedup.after));
  }
  finding.effect = fmt::format(
      "removed; without the policy counts would be too high: {}",
      by_event_text(run.cube.events, in_order(by_key, run.cube.events), run.cube.by_event("rows")));
  if (const std::int64_t unanswered = exact.total - exact.answered; unanswered > 0) {
    finding.effect +=
        fmt::format("; {} in no answer anyway (no unit, no time, or from the future)",
                    unanswered == 1 ? "one exact copy" : count_text(unanswered) + " exact copies");
  }
  Finding& added = add(run, std::move(finding));
  if (exact.total == 0) return {};
  return exact_examples(run, added);
}

}  // namespace

bool DuplicateRule::is_copy(std::int64_t group, std::int64_t time_us) {
  if (!started_ || group != group_) {
    started_ = true;
    group_ = group;
    kept_.clear();
  }
  for (const std::int64_t kept : kept_) {
    // Unsigned: the distance of two extreme stamps does not fit otherwise.
    const auto later = static_cast<std::uint64_t>(std::max(kept, time_us));
    const auto earlier = static_cast<std::uint64_t>(std::min(kept, time_us));
    if (later - earlier <= static_cast<std::uint64_t>(within_us_)) return true;
  }
  kept_.push_back(time_us);
  return false;
}

namespace {

/// Copies by key as a warehouse counts them. Copies in every column would need all columns there.
Result<void> count_copies_there(Run& run, std::optional<Copies>& by_key) {
  not_run(run, Check::duplicates, "exact_copies",
          "a warehouse is asked for copies by the source's key alone");
  if (run.relation.keys.empty()) return {};
  ASSAY_TRY(distributed::CopyCounts counts, distributed::audit_copies(*run.warehouse));
  by_key = Copies{counts.total, std::move(counts.by_event)};
  return {};
}

Result<void> count_copies(Run& run, Copies& exact, std::optional<Copies>& by_key) {
  ASSAY_TRY(const std::int64_t candidates, find_candidates(run));
  if (candidates > 0) {
    ASSAY_TRY(exact, exact_copies(run));
  }
  if (run.relation.keys.empty()) return {};
  by_key = Copies{};
  if (candidates > 0) {
    ASSAY_TRY(by_key, key_copies(run));
  }
  return {};
}

}  // namespace

Result<void> check_duplicates(Run& run) {
  Copies exact;
  std::optional<Copies> by_key;
  ASSAY_CHECK(run.warehouse != nullptr ? count_copies_there(run, by_key)
                                       : count_copies(run, exact, by_key));
  if (!by_key) {
    not_run(run, Check::duplicates, "equal_keys", "the source declares no deduplication key");
  }
  run.audit.dedup.before = run.audit.usable;
  if (run.relation.source.max_skew_us && !run.relation.ingest.empty()) {
    run.audit.dedup.before -= run.cube.total("quarantined");
  }
  run.audit.dedup.after = run.audit.dedup.before - (by_key ? by_key->total : 0);
  judge_rules(run, exact, by_key);
  const bool all_removed = exact.removed > 0 && exact.removed == exact.answered;
  if (run.warehouse == nullptr && !all_removed) ASSAY_CHECK(report_exact(run, exact));
  if (!by_key) return {};
  return report_keys(run, *by_key, exact);
}

}  // namespace assay::ingest::detail
