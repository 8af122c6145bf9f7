#include <algorithm>

#include "assay/report/detail/outline.hpp"
#include "assay/report/format.hpp"

namespace assay::report {
namespace {

bool any(const Scorecard& card, std::string Estimate::*member) {
  return std::ranges::any_of(card.rows, [&](const Estimate& e) { return !(e.*member).empty(); });
}

/// Every row has its own formats, so its numbers are put in words; what is undefined stays so.
Cell worded(const Number& number, std::string text) {
  return number.defined() ? text_cell(std::move(text)) : number_cell(number);
}

Cell interval(const Estimate& e, bool unit) {
  if (!e.low.defined() && !e.high.defined()) return interval_cell(e.low, e.high);
  std::string text = format_interval(e.low, e.high, e.lift_format);
  if (!unit) text.erase(text.rfind(']') + 1);  // The change beside it says the unit.
  return text_cell(std::move(text));
}

}  // namespace

Table scorecard_table(const Scorecard& card, const ScorecardColumns& shown) {
  Table table{.title = card.title, .caption = card.caption};
  const bool roles = shown.role && any(card, &Estimate::role);
  const bool arms = any(card, &Estimate::arm);
  table.columns.push_back({"metric"});
  if (roles) table.columns.push_back({"role"});
  if (arms) table.columns.push_back({"arm"});
  table.columns.push_back({card.control, {}, Align::right});
  if (shown.treatment) table.columns.push_back({card.treatment, {}, Align::right});
  table.columns.push_back({"change", {}, Align::right});
  table.columns.push_back({format_level(card.confidence_level) + " interval", {}, Align::right});
  table.columns.push_back({"p", {}, Align::right});
  table.columns.push_back({""});
  for (const Estimate& e : card.rows) {
    NumberFormat format = e.format;
    if (!shown.unit) format.unit.clear();
    std::vector<Cell> row{text_cell(e.metric)};
    if (roles) row.push_back(text_cell(e.role));
    if (arms) row.push_back(text_cell(e.arm));
    row.push_back(worded(e.control, format_number(e.control, format)));
    if (shown.treatment) row.push_back(worded(e.treatment, format_number(e.treatment, format)));
    row.push_back(worded(e.lift, format_estimate(e.lift, e.low, e.high, e.lift_format)));
    row.push_back(interval(e, shown.unit));
    row.push_back(p_value_cell(e.p_value));
    row.push_back(text_cell(shown.words ? e.words : "", e.mark));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string scorecard_words(const Scorecard& card) {
  std::vector<std::pair<std::string, std::string>> said;  // words -> metrics, in order of the card
  for (const Estimate& e : card.rows) {
    if (e.words.empty()) continue;
    const std::string words = std::string(mark_sign(e.mark)) + " " + e.words;
    const std::string name = e.arm.empty() ? e.metric : e.metric + " (" + e.arm + ")";
    const auto at = std::ranges::find(said, words, [](const auto& pair) { return pair.first; });
    if (at == said.end()) {
      said.emplace_back(words, name);
    } else {
      at->second += ", " + name;
    }
  }
  std::string out;
  for (const auto& [words, names] : said) {
    out += (out.empty() ? "" : "\n") + words + ": " + names;
  }
  return out;
}

}  // namespace assay::report
