#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest::detail {
namespace {

constexpr double kRare = 0.01;            // Of the rows of the name that it resembles.
constexpr std::size_t kMostNames = 2000;  // Compared with one another.

// Without case, spaces, dashes and underscores: what two spellings of one name share.
std::string bare(const std::string& name) {
  std::string letters;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) || c == '_' || c == '-' || c == '.') continue;
    letters += static_cast<char>(std::tolower(byte));
  }
  return letters;
}

// Names of five letters or more at one edit, of nine or more at two: "like" is not "live".
bool looks_like(const std::string& a, const std::string& b) {
  if (bare(a) == bare(b)) return true;
  const std::size_t shorter = std::min(a.size(), b.size());
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  // step_1 and step_2 are meant to differ.
  if (std::any_of(a.begin(), a.end(), digit) || std::any_of(b.begin(), b.end(), digit))
    return false;
  if (shorter < 5) return false;
  return edit_distance(a, b) <= (shorter < 9 ? 1 : 2);
}

Finding name_finding(const Run& run, std::size_t event, std::int64_t count, std::string kind) {
  Finding finding;
  finding.check = Check::event_names;
  finding.kind = std::move(kind);
  finding.event = run.cube.events[event];
  finding.count = count;
  finding.base = run.audit.rows;
  return finding;
}

Result<void> add_name(Run& run, Finding finding) {
  const std::string condition = fmt::format("assay_event = {}", engine::quote_text(finding.event));
  return add_examples(run, add(run, std::move(finding)), condition);
}

Result<bool> unknown_names(Run& run, const std::vector<std::int64_t>& rows) {
  const std::vector<std::string>& known = run.options.known_events;
  std::int64_t unknown = 0;
  for (std::size_t event = 0; event < run.cube.events.size(); ++event) {
    const std::string& name = run.cube.events[event];
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    unknown += rows[event];
    Finding finding = name_finding(run, event, rows[event], "unknown_name");
    finding.severity = Severity::warning;
    const std::string near = nearest(name, known);
    finding.summary =
        fmt::format("{} have the event name {}, which is not declared{}", rows_text(rows[event]),
                    name, near.empty() ? "" : fmt::format("; near: {}", near));
    finding.effect = near.empty() ? "no metric counts them"
                                  : fmt::format("counts of {} may be too low by these rows", near);
    ASSAY_CHECK(add_name(run, std::move(finding)));
  }
  for (const AuditRule* rule : rules_for(run, Check::event_names)) {
    Finding finding;
    finding.check = Check::event_names;
    finding.kind = "unknown_share";
    finding.declared = true;
    finding.count = unknown;
    finding.base = run.audit.rows;
    const double share = share_of(unknown, run.audit.rows);
    const double max = rule->max.value_or(0.0);
    finding.severity = share > max ? Severity::warning : Severity::ok;
    finding.summary = fmt::format("{} of rows have an undeclared event name; allowed: {}",
                                  percent_text(share), percent_text(max));
    finding.effect = "no metric counts them";
    add(run, std::move(finding));
  }
  return unknown > 0;
}

Result<bool> misspelt_names(Run& run, const std::vector<std::int64_t>& rows) {
  bool any = false;
  for (std::size_t rare = 1; rare < std::min(run.cube.events.size(), kMostNames); ++rare) {
    for (std::size_t usual = 0; usual < rare; ++usual) {
      const std::string& name = run.cube.events[rare];
      const std::string& meant = run.cube.events[usual];
      if (static_cast<double>(rows[rare]) > kRare * static_cast<double>(rows[usual])) break;
      if (!looks_like(name, meant)) continue;
      any = true;
      Finding finding = name_finding(run, rare, rows[rare], "like_another_name");
      finding.severity = bare(name) == bare(meant) ? Severity::warning : Severity::info;
      finding.summary = fmt::format("{} have the event name '{}', which looks like '{}' ({})",
                                    rows_text(rows[rare]), name, meant, rows_text(rows[usual]));
      finding.effect = fmt::format("if they are meant, counts of {} are too low by {}", meant,
                                   percent_text(share_of(rows[rare], rows[usual])));
      ASSAY_CHECK(add_name(run, std::move(finding)));
      break;
    }
  }
  return any;
}

}  // namespace

Result<void> check_event_names(Run& run) {
  if (run.relation.source.event_expression.empty()) {
    not_run(run, Check::event_names, "names",
            fmt::format("the source has no event column; every row is a {}",
                        run.relation.source.constant_event));
    return {};
  }
  const std::vector<std::int64_t> rows = run.cube.by_event("rows");
  const bool declared = !run.options.known_events.empty();
  ASSAY_TRY(const bool any, declared ? unknown_names(run, rows) : misspelt_names(run, rows));
  if (any) return {};
  Finding fine;
  fine.check = Check::event_names;
  fine.kind = "names";
  fine.base = run.audit.rows;
  fine.summary = declared ? "every event name is declared"
                          : "no rare event name looks like a misspelling of a frequent one";
  add(run, std::move(fine));
  return {};
}

}  // namespace assay::ingest::detail
