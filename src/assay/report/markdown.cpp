#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include "assay/report/detail/outline.hpp"
#include "assay/report/format.hpp"
#include "assay/report/render.hpp"

namespace assay::report {
namespace {

constexpr std::size_t kOpenRows = 12;  ///< A chart with more numbers than this folds them.

/// Text as it is: what Markdown or HTML would read as markup is escaped, line ends become spaces.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '\n' || c == '\r') {
      out += ' ';
    } else if (c == '_') {  // Inside a word it is not markup: watch_minutes stays readable.
      const auto word = [&](std::size_t at) {
        return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0);
      };
      out += i > 0 && word(i - 1) && word(i + 1) ? "_" : "\\_";
    } else if (std::string_view("\\`*[]|~$").find(c) != std::string_view::npos) {
      out += '\\';
      out += c;
    } else if (std::string_view("#+-=").find(c) != std::string_view::npos && i == 0 &&
               (text.size() == 1 || c == '#' || c == '=' || text[1] == ' ')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& parts, std::string_view by) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += by;
    out += escaped(part);
  }
  return out;
}

class Page {
 public:
  void title(const std::string& text, int level) {
    if (!text.empty()) {
      paragraph(std::string(static_cast<std::size_t>(std::clamp(level, 1, 6)), '#') + " " +
                escaped(text));
    }
  }
  void paragraph(const std::string& markdown) {
    if (!markdown.empty()) out_ += markdown + "\n\n";
  }
  void lines(const std::string& markdown) { out_ += markdown; }
  std::string take() {
    while (out_.ends_with("\n\n")) out_.pop_back();
    return std::move(out_);
  }

 private:
  std::string out_;
};

void write(Page& page, const Table& table, int level) {
  page.title(table.title, level);
  if (table.columns.empty()) return;
  std::string head = "|";
  std::string rule = "|";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    head += " " + escaped(table.columns[i].title) + " |";
    rule += aligns_right(table.columns[i], table.rows, i) ? " ---: |" : " --- |";
  }
  std::string text = head + "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const Cell cell = i < row.size() ? row[i] : Cell{};
      std::string content = escaped(cell_text(cell, table.columns[i]));
      const std::string_view sign = mark_sign(cell.mark);
      if (!sign.empty()) content = std::string(sign) + (content.empty() ? "" : " ") + content;
      text += " " + content + " |";
    }
    text += "\n";
  }
  page.lines(text + "\n");
  const std::vector<std::string> reasons = undefined_reasons(table);
  if (!reasons.empty()) page.paragraph("— : " + joined(reasons, "; "));
  page.paragraph(escaped(table.caption));
}

void write(Page& page, const Check& check) {
  std::string text = fmt::format("- {} **{}** {}", status_sign(check.status), escaped(check.name),
                                 status_word(check.status));
  if (!check.observed.empty()) text += ": " + escaped(check.observed);
  if (!check.rule.empty()) text += " (rule: " + escaped(check.rule) + ")";
  if (!check.detail.empty()) text += ". " + escaped(check.detail);
  page.lines(text + "\n");
}

void write(Page& page, const Verdict& verdict) {
  page.paragraph(fmt::format("**{}** — {}", escaped(verdict.word), escaped(verdict.headline)));
  page.paragraph(joined(verdict.facts, " · "));
  if (!verdict.reason.empty()) page.paragraph("**Why:** " + escaped(verdict.reason));
  for (const std::string& step : verdict.next) page.lines("- Next: " + escaped(step) + "\n");
  if (!verdict.next.empty()) page.lines("\n");
}

void write(Page& page, const Notes& notes, int level) {
  page.title(notes.title, level);
  for (const auto& item : notes.items) {
    const std::string_view sign = item.tone == Tone::good      ? "✓ "
                                  : item.tone == Tone::neutral ? ""
                                  : item.tone == Tone::warn    ? "! "
                                                               : "✗ ";
    page.lines("- " + std::string(sign) + escaped(item.text) + "\n");
  }
  page.lines("\n");
}

void write(Page& page, const std::vector<Fact>& facts) {
  for (const Fact& fact : facts) {
    page.lines(fmt::format("- {}: {}\n", escaped(fact.key), escaped(fact.value)));
  }
  if (!facts.empty()) page.lines("\n");
}

void write(Page& page, const Code& code, int level) {
  page.title(code.title, level);
  std::string fence = "```";
  while (code.text.find(fence) != std::string::npos) fence += '`';
  std::string language;
  std::ranges::copy_if(code.language, std::back_inserter(language),
                       [](unsigned char c) { return std::isalnum(c) != 0; });
  page.paragraph(fence + language + "\n" + code.text + (code.text.ends_with('\n') ? "" : "\n") +
                 fence);
}

void write(Page& page, const Chart& chart, int level) {
  page.title(chart.title, level);
  page.paragraph(escaped(chart.how_to_read));
  Table table = chart_table(chart);
  table.title.clear();
  const bool longer = table.rows.size() > kOpenRows;
  const std::string caption = std::exchange(table.caption, "");
  if (longer) page.paragraph("<details><summary>The numbers</summary>");
  write(page, table, level);
  if (longer) page.paragraph("</details>");
  page.paragraph(escaped(caption));
}

void write(Page& page, const std::vector<Block>& blocks, int level, const Verdict* shown);

void write(Page& page, const Section& section, int level) {
  const bool folded = section.layer == Layer::detail;
  if (folded) {
    page.paragraph("<details><summary>" + escaped(section.title) + "</summary>");
  } else {
    page.title(section.title, level);
  }
  write(page, section.blocks, level + 1, nullptr);
  if (folded) page.paragraph("</details>");
}

void write(Page& page, const Block& block, int level, const Verdict* shown) {
  std::visit(Overloaded{
                 [&](const Heading& h) { page.title(h.text, h.level); },
                 [&](const Text& t) { page.paragraph(escaped(t.text)); },
                 [&](const Verdict& v) {
                   if (&v != shown) write(page, v);
                 },
                 [&](const Check& c) {
                   if (!is_alarm(c)) write(page, c);
                 },
                 [&](const Table& t) { write(page, t, level); },
                 [&](const Scorecard& s) { write(page, scorecard_table(s), level); },
                 [&](const Chart& c) { write(page, c, level); },
                 [&](const Facts& f) {
                   page.title(f.title, level);
                   write(page, f.items);
                 },
                 [&](const Notes& n) { write(page, n, level); },
                 [&](const Code& c) { write(page, c, level); },
                 [&](const Section& s) { write(page, s, level); },
             },
             block.content);
}

void write(Page& page, const std::vector<Block>& blocks, int level, const Verdict* shown) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    write(page, blocks[i], level, shown);
    const bool check = std::holds_alternative<Check>(blocks[i].content);
    const bool more = i + 1 < blocks.size() && std::holds_alternative<Check>(blocks[i + 1].content);
    if (check && !more) page.lines("\n");
  }
}

}  // namespace

std::string render_markdown(const Document& document) {
  Page page;
  page.title(document.title, 1);
  page.paragraph(escaped(document.subtitle));
  const Verdict* verdict = find_verdict(document);
  if (verdict != nullptr) write(page, *verdict);
  const auto alarms = find_alarms(document);
  for (const Check* check : alarms) write(page, *check);
  if (!alarms.empty()) page.lines("\n");
  write(page, document.blocks, 2, verdict);
  const std::vector<Fact> facts = provenance_facts(document.provenance);
  if (!facts.empty()) {
    page.paragraph("---");
    write(page, facts);
  }
  return page.take();
}

}  // namespace assay::report
