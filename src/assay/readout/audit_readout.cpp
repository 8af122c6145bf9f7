#include "assay/readout/audit_readout.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/base/text.hpp"

namespace assay::readout {
namespace {

using ingest::Finding;
using ingest::Severity;
using report::Layer;
using report::Section;
using report::Table;

std::string words(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

bool is_problem(const Finding& finding) {
  return finding.severity == Severity::critical || finding.severity == Severity::warning;
}

report::Verdict verdict_of(const ingest::Audit& audit) {
  const auto count = [&](Severity severity) {
    return std::count_if(audit.findings.begin(), audit.findings.end(),
                         [&](const Finding& f) { return f.severity == severity; });
  };
  const auto critical = count(Severity::critical);
  const auto warnings = count(Severity::warning);
  report::Verdict verdict;
  verdict.facts = {fmt::format("{} rows", count_text(audit.rows)),
                   fmt::format("{} units", count_text(audit.units)),
                   fmt::format("{} to {}", day_text(audit.first_day),
                               day_text(audit.first_day + audit.days - 1))};
  if (critical > 0) {
    verdict.word = "NOT SOUND";
    verdict.tone = report::Tone::bad;
    verdict.headline = fmt::format(
        "{} critical finding{} and {} warning{}: numbers that use "
        "these columns are wrong until they are dealt with.",
        critical, critical == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
  } else if (warnings > 0) {
    verdict.word = "USABLE";
    verdict.tone = report::Tone::warn;
    verdict.headline = fmt::format(
        "{} warning{}, nothing critical: read what each does to "
        "metrics before you rely on them.",
        warnings, warnings == 1 ? "" : "s");
  } else {
    verdict.word = "SOUND";
    verdict.tone = report::Tone::good;
    verdict.headline = "No check found anything that moves a metric.";
  }
  return verdict;
}

/// An instant to the second: what a person needs to see a source begin and end.
std::string second_text(TimeUs time) { return time_text(time - time % kSecondUs); }

report::Check check_of(const Finding& finding) {
  report::Check check{.name = words(std::string(ingest::to_text(finding.check))),
                      .observed = finding.summary,
                      .detail = finding.effect};
  check.status = finding.severity == Severity::critical ? report::CheckStatus::failed
                 : is_problem(finding)                  ? report::CheckStatus::warning
                                                        : report::CheckStatus::passed;
  return check;
}

std::string example_text(const ingest::Example& example) {
  std::string text = example.unit.empty() ? "" : "unit " + example.unit;
  if (example.time) text += (text.empty() ? "" : ", ") + time_text(*example.time);
  if (!example.values.empty()) text += (text.empty() ? "" : ": ") + example.values;
  return text;
}

std::optional<Section> examples_section(const ingest::Audit& audit) {
  Table table{.columns = {{"finding"}, {"example"}}};
  for (const Finding& finding : audit.findings) {
    if (!is_problem(finding)) continue;
    for (const ingest::Example& example : finding.examples) {
      table.rows.push_back(
          {report::text_cell(words(finding.kind)), report::text_cell(example_text(example))});
    }
  }
  if (table.rows.empty()) return std::nullopt;
  return Section{"Examples", Layer::detail, {std::move(table)}};
}

Section volume_section(const ingest::Audit& audit) {
  report::Series series{.name = "events"};
  for (std::size_t d = 0; d < audit.by_day.size(); ++d) {
    series.points.push_back({.x = day_text(audit.first_day + static_cast<Day>(d)),
                             .estimate = static_cast<double>(audit.by_day[d])});
  }
  report::TimeSeriesBand spec;
  spec.views = {{"", {std::move(series)}}};
  Table table{.title = "Events by name", .columns = {{"event"}, {"rows"}, {"first"}, {"last"}}};
  for (const ingest::EventVolume& event : audit.events) {
    table.rows.push_back({report::text_cell(event.event), report::count_cell(event.rows),
                          report::text_cell(second_text(event.first)),
                          report::text_cell(second_text(event.last))});
  }
  return {"Volume",
          Layer::evidence,
          {report::Chart{.title = "Events by day",
                         .x_title = "local day",
                         .y_title = "events",
                         .y_format = report::NumberFormat::count(),
                         .how_to_read = "A level that jumps or a day that is missing is a break "
                                        "in the log before it is a change in behaviour.",
                         .spec = std::move(spec)},
           std::move(table)}};
}

Section columns_section(const ingest::Audit& audit) {
  Table table{.columns = {{"column"}, {"type"}, {"missing"}, {"smallest"}, {"largest"}}};
  for (const ingest::ColumnHealth& column : audit.columns) {
    const auto number = [](const std::optional<double>& value) {
      return value ? report::number_cell(*value) : report::text_cell("");
    };
    table.rows.push_back(
        {report::text_cell(column.column), report::text_cell(column.sql_type),
         report::percent_cell(audit.rows > 0 ? static_cast<double>(column.missing) /
                                                   static_cast<double>(audit.rows)
                                             : 0.0),
         number(column.smallest), number(column.largest)});
  }
  return {"Columns", Layer::detail, {std::move(table)}};
}

}  // namespace

report::Document audit_document(const ingest::Audit& audit, const report::Provenance& provenance) {
  report::Document page{.kind = "audit", .title = fmt::format("Data audit of {}", audit.source)};
  page.provenance = provenance;
  page.add(verdict_of(audit));
  for (const Finding& finding : audit.findings) {
    if (is_problem(finding)) page.add(check_of(finding));
  }
  page.add(volume_section(audit));
  Section rest{"Checked and in order", Layer::evidence, {}};
  for (const Finding& finding : audit.findings) {
    if (!is_problem(finding)) rest.blocks.emplace_back(check_of(finding));
  }
  for (const ingest::NotRun& missing : audit.not_run) {
    rest.blocks.emplace_back(report::Check{.name = words(std::string(to_text(missing.check))),
                                           .status = report::CheckStatus::not_run,
                                           .detail = missing.reason});
  }
  page.add(std::move(rest));
  if (audit.dedup.before != audit.dedup.after) {
    page.add(
        report::Text{fmt::format("Deduplication under the source's policy: {} events before, "
                                 "{} after.",
                                 count_text(audit.dedup.before), count_text(audit.dedup.after))});
  }
  page.add(columns_section(audit));
  if (auto examples = examples_section(audit)) page.add(std::move(*examples));
  return page;
}

}  // namespace assay::readout
