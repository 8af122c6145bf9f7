#include "assay/readout/plan_readout.hpp"

#include <fmt/core.h>

#include <array>

#include "assay/base/text.hpp"

namespace assay::readout {
namespace {

using report::Cell;
using report::text_cell;

std::string title_of(const PlannedStatement& statement) {
  return statement.name.empty() ? statement.question : statement.question + ": " + statement.name;
}

/// "2 statements"
std::string counted(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

Cell known_count(const std::optional<std::int64_t>& count) {
  return count ? report::count_cell(*count) : report::undefined_cell("the engine does not say");
}

Cell known_bytes(const std::optional<std::int64_t>& bytes) {
  return bytes ? text_cell(bytes_text(*bytes)) : report::undefined_cell("the engine does not say");
}

report::Table overview(const PlanPage& plan) {
  const bool asked = !plan.engine.empty();
  report::Table table{.columns = {{"statement"}}};
  if (asked) {
    table.columns.push_back({"rows to read"});
    table.columns.push_back({"bytes", {}, report::Align::right});
    if (plan.has_partition) table.columns.push_back({"parts"});
  }
  table.columns.push_back({"comes back"});
  for (const PlannedStatement& one : plan.statements) {
    std::vector<Cell> row{text_cell(title_of(one))};
    if (asked) {
      const warehouse::Estimate none;
      const warehouse::Estimate& estimate = one.estimate ? *one.estimate : none;
      row.push_back(known_count(estimate.rows));
      row.push_back(known_bytes(estimate.bytes));
      if (plan.has_partition) row.push_back(known_count(estimate.partitions));
    }
    row.push_back(text_cell(one.returns));
    table.rows.push_back(std::move(row));
  }
  if (asked) table.caption = "Rows, bytes and parts as the engine expects them; it may be wrong.";
  return table;
}

report::Section section_of(const PlanPage& plan, const PlannedStatement& one) {
  report::Section section{title_of(one), report::Layer::evidence, {}};
  report::Facts facts;
  for (const sql::TableUse& use : one.reads) {
    facts.items.push_back({"table", sql::to_text(use.table)});
    facts.items.push_back({"columns", list_text(use.columns, 40)});
  }
  if (plan.has_partition) {
    facts.items.push_back({"partitions", one.partitions.empty() ? "all of them" : one.partitions});
  }
  facts.items.push_back({"comes back", one.returns});
  if (!one.no_estimate.empty()) facts.items.push_back({"no estimate", one.no_estimate});
  section.blocks.emplace_back(std::move(facts));
  report::Notes notes;
  for (const std::string& note : one.notes) notes.items.push_back({note});
  if (!notes.items.empty()) section.blocks.emplace_back(std::move(notes));
  section.blocks.emplace_back(report::Code{"", "sql", one.sql});
  return section;
}

}  // namespace

std::string bytes_text(std::int64_t bytes) {
  static constexpr std::array<std::string_view, 5> kUnits{"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  auto scaled = static_cast<double>(bytes);
  std::size_t unit = 0;
  // What would show as 1000 is shown in the next unit.
  for (scaled /= 1000.0; scaled >= 999.5 && unit + 1 < kUnits.size(); scaled /= 1000.0) ++unit;
  const int digits = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", scaled, digits, kUnits[unit]);
}

report::Document plan_document(const PlanPage& plan, const report::Provenance& provenance) {
  report::Document page{.kind = "plan", .title = plan.title};
  page.provenance = provenance;
  const bool asked = !plan.engine.empty();
  const std::string n = counted(plan.statements.size(), "statement");
  page.add(report::Verdict{
      .word = "PLAN",
      .headline =
          asked ? fmt::format("{} would be sent to {}. No event was read.", n, plan.engine)
                : fmt::format("{} in the dialect of {}. No engine was asked.", n, plan.dialect)});
  page.add(overview(plan));
  report::Notes notes;
  for (const std::string& note : plan.notes) notes.items.push_back({note});
  if (!notes.items.empty()) page.add(std::move(notes));
  for (const PlannedStatement& one : plan.statements) page.add(section_of(plan, one));
  for (const PlannedStatement& one : plan.statements) {
    if (!one.estimate || one.estimate->text.empty()) continue;
    page.add(report::Section{title_of(one) + ": the engine's own plan",
                             report::Layer::detail,
                             {report::Code{"", "", one.estimate->text}}});
  }
  return page;
}

}  // namespace assay::readout
