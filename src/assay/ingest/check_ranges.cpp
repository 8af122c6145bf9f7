#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest::detail {
namespace {

constexpr double kMostNegative = 0.05;  // Beyond, the column is meant to have both signs.
constexpr double kNegativeWarning = 0.001;
constexpr double kOutlierWarning = 0.05;  // Share of the sum that the extreme values hold.
constexpr double kSample = 200'000.0;

std::string value_of(const Measured& column) {
  return fmt::format("CAST({} AS DOUBLE)", column.sql);
}

// What sets rows of a condition apart: a column of text that begins alike in nearly all of them
// and in few others (InvoiceNo beginning with C). Empty when there is none.
Result<std::string> what_marks(Run& run, const std::string& condition) {
  if (run.warehouse != nullptr) return std::string();
  std::string sql = "SELECT 1 AS one";
  std::vector<std::string> texts;
  for (const Measured& column : run.cube.columns) {
    if (column.sql_type != "VARCHAR" || texts.size() >= 40) continue;
    const std::string letter =
        fmt::format("upper(left({}, 1))", engine::quote_identifier(column.name));
    sql += fmt::format(", mode({0}) FILTER ({1}) AS mark_{2}", letter, condition, texts.size());
    texts.push_back(column.name);
  }
  if (texts.empty()) return std::string();
  const std::string rows = rows_sql(run.relation);
  ASSAY_TRY(const frame::Table marks,
            run.database->query(fmt::format("{} FROM ({})", sql, rows), run.progress));
  std::string counts =
      fmt::format("SELECT count_if({0}) AS meant, count_if(NOT ({0})) AS others", condition);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string mark = text_at(marks, fmt::format("mark_{}", i), 0);
    const std::string alike = fmt::format(
        "upper(left({}, 1)) = {}", engine::quote_identifier(texts[i]), engine::quote_text(mark));
    counts +=
        fmt::format(", count_if(({0}) AND {1}) AS in_{2}, count_if(NOT ({0}) AND {1}) AS out_{2}",
                    condition, alike, i);
  }
  ASSAY_TRY(const frame::Table found,
            run.database->query(fmt::format("{} FROM ({})", counts, rows), run.progress));
  std::string best;
  double best_share = 0.7;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const double in =
        share_of(int_at(found, fmt::format("in_{}", i), 0), int_at(found, "meant", 0));
    const double out =
        share_of(int_at(found, fmt::format("out_{}", i), 0), int_at(found, "others", 0));
    if (in <= best_share || out > 0.05) continue;
    best_share = in;
    best = fmt::format("; {} of them have a {} beginning with {} ({} of the other rows do)",
                       percent_text(in), texts[i], text_at(marks, fmt::format("mark_{}", i), 0),
                       percent_text(out));
  }
  return best;
}

Result<bool> report_negatives(Run& run, std::size_t column) {
  const Cube& cube = run.cube;
  const Measured& measured = cube.columns[column];
  const std::string measure = fmt::format("negative_{}", column);
  Finding finding;
  finding.check = Check::value_range;
  finding.kind = "negative_values";
  finding.column = measured.name;
  finding.count = cube.total(measure);
  finding.base = cube.total(fmt::format("present_{}", column));
  const double share = share_of(finding.count, finding.base);
  if (finding.count == 0 || share > kMostNegative) return false;
  finding.severity = share >= kNegativeWarning ? Severity::warning : Severity::info;
  const double taken = cube.sum(fmt::format("negative_sum_{}", column));
  const double total = cube.sum(fmt::format("sum_{}", column));
  const std::string condition = fmt::format("({}) < 0", measured.sql);
  ASSAY_TRY(const std::string mark, what_marks(run, condition));
  finding.summary =
      fmt::format("{} of {} are negative ({}), down to {:g}{}", rows_text(finding.count, "value"),
                  measured.name, percent_text(share),
                  cube.smallest(fmt::format("min_{}", column)).value_or(0.0), mark);
  finding.effect = fmt::format(
      "they take {} off the sum of {}; a count of events counts them as positive ones: {}",
      percent_text(std::abs(taken) / std::max(std::abs(total - taken), 1e-300)), measured.name,
      by_event_text(cube.events, cube.by_event(measure), cube.by_event("rows")));
  Finding& added = add(run, std::move(finding));
  ASSAY_CHECK(add_examples(run, added, condition, {{measured.name, measured.sql}}));
  return true;
}

// Quantiles over a fixed pseudo-random sample of the rows, the same at every run.
Result<frame::Table> quantiles(Run& run, const std::vector<std::size_t>& columns) {
  std::string sql = "SELECT 1 AS one";
  for (const std::size_t column : columns) {
    const std::string value = value_of(run.cube.columns[column]);
    sql += fmt::format(
        ", quantile_disc({0}, 0.5) AS median_{1}, quantile_disc({0}, 0.99) AS high_{1}, "
        "quantile_disc({0}, 0.01) AS low_{1}",
        value, column);
  }
  const double share = std::min(1.0, kSample / static_cast<double>(run.audit.rows));
  sql += fmt::format(" FROM ({})", rows_sql(run.relation));
  if (share < 1.0) {
    sql += fmt::format(" WHERE hash(assay_unit, assay_time) % 1000000 < {:.0f}", share * 1e6);
  }
  return run.database->query(sql, run.progress);
}

struct Fence {
  std::size_t column = 0;
  double value = 0.0;
};

// Ten times as far above the 99th percentile as that is above the median. Heavy tails pass.
Result<std::vector<Fence>> fences(Run& run, const std::vector<std::size_t>& columns) {
  ASSAY_TRY(const frame::Table found, quantiles(run, columns));
  std::vector<Fence> result;
  for (const std::size_t column : columns) {
    const double high = number_at(found, fmt::format("high_{}", column), 0);
    const double middle = number_at(found, fmt::format("median_{}", column), 0);
    const double fence = high + 10.0 * (high - middle);
    const double largest = run.cube.largest(fmt::format("max_{}", column)).value_or(0.0);
    if (high > middle && largest > fence) result.push_back({column, fence});
  }
  return result;
}

Result<bool> report_outliers(Run& run, const std::vector<std::size_t>& columns) {
  ASSAY_TRY(const std::vector<Fence> found, fences(run, columns));
  if (found.empty()) return false;
  std::string sql = "SELECT 1 AS one";
  for (const Fence& fence : found) {
    const std::string value = value_of(run.cube.columns[fence.column]);
    sql += fmt::format(", count_if({0} > {1}) AS n_{2}, sum({0}) FILTER ({0} > {1}) AS sum_{2}",
                       value, fence.value, fence.column);
  }
  sql += fmt::format(" FROM ({})", rows_sql(run.relation));
  ASSAY_TRY(const frame::Table counts, run.database->query(sql, run.progress));
  for (const Fence& fence : found) {
    const Measured& measured = run.cube.columns[fence.column];
    Finding finding;
    finding.check = Check::value_range;
    finding.kind = "extreme_values";
    finding.column = measured.name;
    finding.count = int_at(counts, fmt::format("n_{}", fence.column), 0);
    finding.base = run.cube.total(fmt::format("present_{}", fence.column));
    const double held = number_at(counts, fmt::format("sum_{}", fence.column), 0);
    const double total = run.cube.sum(fmt::format("sum_{}", fence.column));
    const double part = total == 0.0 ? 0.0 : std::abs(held / total);
    finding.severity = part > kOutlierWarning ? Severity::warning : Severity::info;
    finding.summary = fmt::format(
        "{} of {} lie beyond {:g}, ten times as far above the 99th percentile as that is above "
        "the median; the largest is {:g}",
        rows_text(finding.count, "value"), measured.name, fence.value,
        run.cube.largest(fmt::format("max_{}", fence.column)).value_or(0.0));
    finding.effect = fmt::format("they make up {} of the sum of {}; a cap is advised",
                                 percent_text(part), measured.name);
    Finding& added = add(run, std::move(finding));
    ASSAY_CHECK(add_examples(run, added, fmt::format("{} > {}", value_of(measured), fence.value),
                             {{measured.name, measured.sql}}));
  }
  return true;
}

Result<std::int64_t> count_outside(Run& run, const AuditRule& rule, const std::string& column,
                                   const std::string& outside) {
  if (run.warehouse != nullptr)
    return distributed::audit_outside(*run.warehouse, column, rule.minimum, rule.maximum);
  ASSAY_TRY(const frame::Table counts,
            run.database->query(
                fmt::format("SELECT count_if({}) AS n FROM ({})", outside, rows_sql(run.relation)),
                run.progress));
  return int_at(counts, "n", 0);
}

Result<void> judge_range_rule(Run& run, const AuditRule& rule) {
  const std::vector<Measured>& columns = run.cube.columns;
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Measured& column) {
    return column.name == rule.column;
  });
  if (found == columns.end()) return {};  // Refused before the run.
  std::string outside = "false";
  if (rule.minimum) outside += fmt::format(" OR ({}) < {}", found->sql, *rule.minimum);
  if (rule.maximum) outside += fmt::format(" OR ({}) > {}", found->sql, *rule.maximum);
  ASSAY_TRY(const std::int64_t count, count_outside(run, rule, found->name, outside));
  Finding finding;
  finding.check = Check::value_range;
  finding.kind = "outside_range";
  finding.declared = true;
  finding.column = rule.column;
  finding.count = count;
  finding.base = run.cube.total(fmt::format("present_{}", found - columns.begin()));
  const double share = share_of(finding.count, finding.base);
  finding.severity = share > rule.max.value_or(0.0) ? Severity::warning : Severity::ok;
  finding.summary =
      fmt::format("{} of {} lie outside {} to {}", rows_text(finding.count, "value"), rule.column,
                  rule.minimum ? fmt::format("{:g}", *rule.minimum) : "any",
                  rule.maximum ? fmt::format("{:g}", *rule.maximum) : "any");
  finding.effect =
      fmt::format("sums and means of {} use values that were declared impossible", rule.column);
  Finding& added = add(run, std::move(finding));
  if (added.count == 0) return {};
  return add_examples(run, added, outside, {{found->name, found->sql}});
}

}  // namespace

Result<void> check_ranges(Run& run) {
  for (const AuditRule* rule : rules_for(run, Check::value_range)) {
    ASSAY_CHECK(judge_range_rule(run, *rule));
  }
  std::vector<std::size_t> ranged;
  for (std::size_t column = 0; column < run.cube.columns.size(); ++column) {
    if (run.cube.columns[column].ranged && run.cube.total(fmt::format("present_{}", column)) > 0) {
      ranged.push_back(column);
    }
  }
  if (ranged.empty()) {
    not_run(run, Check::value_range, "values", "no column holds amounts");
    return {};
  }
  bool any = false;
  for (const std::size_t column : ranged) {
    ASSAY_TRY(const bool found, report_negatives(run, column));
    any = any || found;
  }
  bool outliers = false;
  if (run.warehouse != nullptr) {
    not_run(run, Check::value_range, "extreme_values",
            "it needs exact quantiles, which not every engine has");
  } else {
    ASSAY_TRY(outliers, report_outliers(run, ranged));
  }
  if (any || outliers) return {};
  Finding fine;
  fine.check = Check::value_range;
  fine.kind = "values";
  fine.base = run.audit.rows;
  fine.summary = fmt::format("no stray negative{} in {}",
                             run.warehouse != nullptr ? "" : " and no extreme value",
                             rows_text(static_cast<std::int64_t>(ranged.size()), "column"));
  add(run, std::move(fine));
  return {};
}

}  // namespace assay::ingest::detail
