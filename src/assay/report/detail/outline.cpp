#include "assay/report/detail/outline.hpp"

#include <algorithm>

#include "assay/report/format.hpp"

namespace assay::report {

const Verdict* find_verdict(const Document& document) {
  for (const Block& block : document.blocks) {
    if (const auto* verdict = std::get_if<Verdict>(&block.content)) return verdict;
  }
  return nullptr;
}

bool is_alarm(const Check& check) {
  return check.status == CheckStatus::failed || check.status == CheckStatus::warning;
}

std::vector<const Check*> find_alarms(const Document& document) {
  std::vector<const Check*> alarms;
  for_each_block(document.blocks, [&](const Block& block) {
    const auto* check = std::get_if<Check>(&block.content);
    if (check != nullptr && is_alarm(*check)) alarms.push_back(check);
  });
  std::stable_partition(alarms.begin(), alarms.end(),
                        [](const Check* check) { return check->status == CheckStatus::failed; });
  return alarms;
}

std::string cell_text(const Cell& cell, const Column& column) {
  std::string text;
  switch (cell.kind) {
    case CellKind::text:
      return cell.text;
    case CellKind::count:
      text = format_number(cell.value, NumberFormat::count());
      break;
    case CellKind::number:
      text = format_number(cell.value, column.format);
      break;
    case CellKind::percent:
      text = format_number(cell.value, NumberFormat::percent());
      break;
    case CellKind::interval:
      text = format_interval(cell.low, cell.high, column.format);
      break;
    case CellKind::p_value:
      text = format_number(cell.value, NumberFormat::p_value());
      break;
    case CellKind::lift:
      text = format_number(cell.value, NumberFormat::relative());
      break;
    case CellKind::estimate:
      text = format_estimate(cell.value, cell.low, cell.high, column.format);
      if (cell.low.defined() || cell.high.defined()) {
        text += " " + format_interval(cell.low, cell.high, column.format);
      }
      break;
  }
  return cell.text.empty() ? text : text + " " + cell.text;
}

std::string cell_reason(const Cell& cell) {
  if (cell.kind == CellKind::text) return {};
  if (cell.kind == CellKind::interval) {
    return cell.low.defined() ? (cell.high.defined() ? "" : cell.high.reason) : cell.low.reason;
  }
  return cell.value.defined() ? "" : cell.value.reason;
}

bool aligns_right(const Column& column, const std::vector<std::vector<Cell>>& rows,
                  std::size_t index) {
  if (column.align != Align::automatic) return column.align == Align::right;
  bool numbers = false;
  for (const auto& row : rows) {
    if (index >= row.size()) continue;
    const Cell& cell = row[index];
    if (cell.kind == CellKind::text && !cell.text.empty()) return false;
    numbers = numbers || cell.kind != CellKind::text;
  }
  return numbers;
}

std::vector<std::string> undefined_reasons(const Table& table) {
  std::vector<std::string> reasons;
  for (const auto& row : table.rows) {
    for (const Cell& cell : row) {
      std::string reason = cell_reason(cell);
      if (reason.empty() || std::ranges::find(reasons, reason) != reasons.end()) continue;
      reasons.push_back(std::move(reason));
    }
  }
  return reasons;
}

std::vector<Fact> provenance_facts(const Provenance& provenance) {
  std::vector<Fact> facts;
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) facts.push_back({key, value});
  };
  add("assay", provenance.version);
  add("command", provenance.command);
  add("engine", provenance.engine);
  if (provenance.seed) add("seed", std::to_string(*provenance.seed));
  add("spec", provenance.spec_hash);
  add("data", provenance.data_fingerprint);
  add("made", provenance.generated_at);
  facts.insert(facts.end(), provenance.more.begin(), provenance.more.end());
  return facts;
}

std::string_view mark_sign(Mark mark) {
  switch (mark) {
    case Mark::good:
      return "✓";
    case Mark::bad:
      return "✗";
    case Mark::neutral:
      return "·";
    case Mark::none:
      break;
  }
  return "";
}

std::string_view status_sign(CheckStatus status) {
  switch (status) {
    case CheckStatus::passed:
      return "✓";
    case CheckStatus::failed:
      return "✗";
    case CheckStatus::warning:
      return "!";
    case CheckStatus::not_run:
      break;
  }
  return "–";
}

std::string_view status_word(CheckStatus status) {
  switch (status) {
    case CheckStatus::passed:
      return "passed";
    case CheckStatus::failed:
      return "failed";
    case CheckStatus::warning:
      return "warning";
    case CheckStatus::not_run:
      break;
  }
  return "not run";
}

}  // namespace assay::report
