#include "assay/ingest/detail/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "assay/base/text.hpp"

namespace assay::ingest::detail {

double share_of(std::int64_t count, std::int64_t base) {
  return base == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(base);
}

std::string plain(std::string expression) {
  const bool quoted = expression.size() > 2 && expression.front() == '"' &&
                      expression.back() == '"' && expression.find('"', 1) == expression.size() - 1;
  return quoted ? expression.substr(1, expression.size() - 2) : expression;
}

std::string percent_text(double share) {
  const double percent = 100.0 * share;
  if (percent == 0.0) return "0 %";
  const double size = std::abs(percent);
  if (size >= 99.95) return fmt::format("{:.0f} %", percent);
  const int decimals = size >= 10.0  ? 1
                       : size >= 1.0 ? 2
                                     : 1 - static_cast<int>(std::floor(std::log10(size)));
  return fmt::format("{:.{}f} %", percent, std::min(decimals, 8));
}

std::string rows_text(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string days_text(Day first, Day last) {
  return first == last ? day_text(first) : fmt::format("{} to {}", day_text(first), day_text(last));
}

std::string by_event_text(const std::vector<std::string>& events,
                          const std::vector<std::int64_t>& counts,
                          const std::vector<std::int64_t>& bases) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (counts[i] > 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return share_of(counts[a], bases[a]) > share_of(counts[b], bases[b]);
  });
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 3); ++i) {
    const std::size_t event = order[i];
    text += fmt::format("{}{} by {}", i == 0 ? "" : ", ", events[event],
                        percent_text(share_of(counts[event], bases[event])));
  }
  if (order.size() > 3) text += fmt::format(" and {} more events by less", order.size() - 3);
  return text;
}

Finding& add(Run& run, Finding finding) {
  finding.share = share_of(finding.count, finding.base);
  if (finding.severity == Severity::ok) finding.effect.clear();
  run.audit.findings.push_back(std::move(finding));
  return run.audit.findings.back();
}

void not_run(Run& run, Check check, std::string kind, std::string reason) {
  run.audit.not_run.push_back({check, std::move(kind), std::move(reason)});
}

std::vector<const AuditRule*> rules_for(const Run& run, Check check) {
  std::vector<const AuditRule*> rules;
  for (const AuditRule& rule : run.options.rules) {
    if (rule.check == check) rules.push_back(&rule);
  }
  return rules;
}

Result<void> add_examples(Run& run, Finding& finding, const std::string& condition,
                          const std::vector<Shown>& columns) {
  if (run.options.examples == 0 || run.warehouse != nullptr) return {};
  std::string sql =
      "SELECT CAST(assay_unit AS VARCHAR) AS unit, assay_time AS time, "
      "CAST(assay_event AS VARCHAR) AS event";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    sql += fmt::format(", CAST({} AS VARCHAR) AS value_{}", columns[i].sql, i);
  }
  sql += fmt::format(" FROM ({}) WHERE {} LIMIT {}", rows_sql(run.relation), condition,
                     run.options.examples);
  ASSAY_TRY(const frame::Table rows, run.database->query(sql, run.progress));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    Example example;
    example.unit = text_at(rows, "unit", row);
    if (!null_at(rows, "time", row)) example.time = int_at(rows, "time", row);
    example.values =
        fmt::format("event = {}", null_at(rows, "event", row) ? std::string("missing")
                                                              : text_at(rows, "event", row));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string name = fmt::format("value_{}", i);
      example.values +=
          fmt::format(", {} = {}", columns[i].name,
                      null_at(rows, name, row) ? std::string("missing") : text_at(rows, name, row));
    }
    finding.examples.push_back(std::move(example));
  }
  return {};
}

}  // namespace assay::ingest::detail
