#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/report/document.hpp"

/// What all renderers ask of a document: where its verdict and alarms are, how a block reads as a
/// table and how a cell reads as text.
namespace assay::report {

/// The first verdict among the summary blocks, or null.
const Verdict* find_verdict(const Document& document);

/// Failed checks, then warnings, in document order, however deep they stand.
std::vector<const Check*> find_alarms(const Document& document);

bool is_alarm(const Check& check);

/// A cell as a person reads it, without its mark. Empty for an empty text cell.
std::string cell_text(const Cell& cell, const Column& column);

/// Why a cell has no value, or "".
std::string cell_reason(const Cell& cell);

bool aligns_right(const Column& column, const std::vector<std::vector<Cell>>& rows,
                  std::size_t index);

/// Reasons of all undefined cells of a table, each once, in reading order.
std::vector<std::string> undefined_reasons(const Table& table);

/// What a scorecard's table has room for.
struct ScorecardColumns {
  bool treatment = true;  ///< The treatment's own value.
  bool role = true;
  bool unit = true;   ///< The units behind the arms' values and the interval.
  bool words = true;  ///< The words behind the mark.
};

/// A scorecard as the table metric, role, arms, change, interval, p, mark and words.
Table scorecard_table(const Scorecard& card, const ScorecardColumns& shown = {});

/// The words of a scorecard's rows with their metrics, one line each, for a table without them.
std::string scorecard_words(const Scorecard& card);

/// The numbers behind a chart. A time series with several views has a column for the view.
Table chart_table(const Chart& chart);

std::string_view mark_sign(Mark mark);             ///< "✓", "✗", "·", ""
std::string_view status_sign(CheckStatus status);  ///< "✓", "✗", "!", "–"
std::string_view status_word(CheckStatus status);  ///< "passed", "failed", "warning", "not run"

/// What is known of a document's making, in words and in a fixed order.
std::vector<Fact> provenance_facts(const Provenance& provenance);

/// The JSON of a document without line breaks, for machines alone.
std::string compact_json(const Document& document);

/// Calls `visit` with every block in reading order, sections before what they hold.
template <class Visit>
void for_each_block(const std::vector<Block>& blocks, const Visit& visit) {
  for (const Block& block : blocks) {
    visit(block);
    if (const auto* section = std::get_if<Section>(&block.content)) {
      for_each_block(section->blocks, visit);
    }
  }
}

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace assay::report
