#include "assay/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "assay/report/detail/layout.hpp"
#include "assay/report/detail/outline.hpp"
#include "assay/report/format.hpp"
#include "assay/report/render.hpp"

namespace assay::report {
namespace {

constexpr int kIndent = 2;
constexpr int kNarrowest = 40;

/// Replaces control characters, so that no text in a document can steer the terminal. Colour
/// codes stay when colour was asked for.
std::string without_controls(const std::string& text, bool colour) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x1B && colour) {
      const std::string_view rest = std::string_view(text).substr(i);
      const std::size_t length =
          rest.starts_with("\x1b[0m") || rest.starts_with("\x1b[1m") || rest.starts_with("\x1b[2m")
              ? 4
          : rest.size() > 4 && rest.starts_with("\x1b[3") && rest[4] == 'm' ? 5
                                                                            : 0;
      if (length > 0) {
        out += rest.substr(0, length);
        i += length - 1;
        continue;
      }
    }
    const bool c1 = c == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0;  // U+0080 to U+009F
    if (c1) ++i;
    out += c1 || (c < 0x20 && c != '\n') || c == 0x7F ? '?' : text[i];
  }
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

class Screen {
 public:
  Screen(const Document& document, const RenderOptions& options)
      : document_(document),
        width_(std::max(options.width, kNarrowest)),
        paint_{options.colour},
        verdict_(find_verdict(document)) {}

  std::string draw() {
    head();
    for (const Check* check : find_alarms(document_)) alarm(*check);
    blocks(document_.blocks);
    foot();
    return std::move(out_);
  }

 private:
  void head();
  void foot();
  void alarm(const Check& check);
  void answer(const Verdict& verdict);
  void blocks(const std::vector<Block>& blocks);
  void block(const Block& block);
  void checks(const std::vector<const Check*>& checks);
  void facts(const std::vector<Fact>& facts);
  void table(const Table& table);
  void scorecard(const Scorecard& card);
  void chart(const Chart& chart);

  void gap() {
    if (!out_.empty() && !out_.ends_with("\n\n")) out_ += "\n";
  }
  void title(const std::string& text) {
    gap();
    if (!text.empty()) out_ += hanging("", paint_.bold(text), kIndent, 0, width_);
  }
  void paragraph(const std::string& text, bool muted) {
    for (const std::string& line : wrap(text, width_ - kIndent)) {
      out_ += "  " + (muted ? paint_.muted(line) : line) + "\n";
    }
  }

  const Document& document_;
  int width_;
  Paint paint_;
  const Verdict* verdict_;
  std::string out_;
};

void Screen::answer(const Verdict& verdict) {
  int label = 6;
  const std::string why = "why " + lower(verdict.word);
  if (!verdict.reason.empty()) label = std::max(label, display_width(why) + 3);
  if (!verdict.next.empty()) label = std::max(label, 7);
  if (!verdict.headline.empty()) {
    gap();
    paragraph(verdict.headline, false);
  }
  gap();
  if (!verdict.reason.empty()) {
    out_ += hanging(paint_.muted(why), verdict.reason, kIndent, label, width_);
  }
  for (std::size_t i = 0; i < verdict.next.size(); ++i) {
    out_ += hanging(i == 0 ? paint_.muted("next") : "", verdict.next[i], kIndent, label, width_);
  }
}

void Screen::head() {
  std::string line = paint_.bold(document_.title);
  int used = display_width(document_.title);
  if (verdict_ != nullptr) {
    line += "   " + paint_.bold(paint_.tone(verdict_->word, verdict_->tone));
    used += 3 + display_width(verdict_->word);
    std::string facts;
    for (const std::string& fact : verdict_->facts) facts += (facts.empty() ? "" : " · ") + fact;
    if (used + 3 + display_width(facts) <= width_) {
      out_ += line + (facts.empty() ? "" : "   " + facts) + "\n";
    } else {
      out_ += line + "\n";
      paragraph(facts, false);
    }
  } else {
    out_ += line + "\n";
  }
  if (!document_.subtitle.empty()) paragraph(document_.subtitle, true);
  if (verdict_ != nullptr) answer(*verdict_);
}

void Screen::alarm(const Check& check) {
  gap();
  const Tone tone = tone_of(check.status);
  std::string head =
      fmt::format("{} {} {}", status_sign(check.status), check.name, status_word(check.status));
  out_ += "  " + paint_.bold(paint_.tone(head, tone)) + "\n";
  if (!check.observed.empty()) {
    out_ += hanging("", check.observed + (check.rule.empty() ? "" : " · rule: " + check.rule),
                    kIndent + 2, 0, width_);
  }
  if (!check.detail.empty()) out_ += hanging("", check.detail, kIndent + 2, 0, width_);
}

void Screen::checks(const std::vector<const Check*>& checks) {
  Table list{.columns = {{"check"}, {"observed"}, {"rule"}}};
  for (const Check* check : checks) {
    if (is_alarm(*check)) continue;  // It stands at the top already.
    const bool passed = check->status == CheckStatus::passed;
    std::string observed = check->observed;
    if (!passed) observed = "not run" + (observed.empty() ? "" : ": " + observed);
    list.rows.push_back({text_cell(check->name, passed ? Mark::good : Mark::none),
                         text_cell(observed), text_cell(check->rule)});
    if (!passed) list.rows.back()[0].text = "– " + check->name;
  }
  if (list.rows.empty()) return;
  gap();
  out_ += layout_table(list, kIndent, width_, paint_);
}

void Screen::facts(const std::vector<Fact>& facts) {
  int label = 0;
  for (const Fact& fact : facts) label = std::max(label, display_width(fact.key));
  label = std::min(label, 24) + 3;
  for (const Fact& fact : facts) {
    out_ += hanging(paint_.muted(fact.key), fact.value, kIndent, label, width_);
  }
}

void Screen::table(const Table& table) {
  title(table.title);
  if (!table.title.empty()) gap();
  out_ += layout_table(table, kIndent, width_, paint_);
  for (const std::string& reason : undefined_reasons(table)) {
    out_ += hanging(paint_.muted("—"), reason, kIndent, 3, width_);
  }
  if (!table.caption.empty()) paragraph(table.caption, true);
}

/// The fullest form of a scorecard that fits.
void Screen::scorecard(const Scorecard& card) {
  const ScorecardColumns forms[] = {
      {},
      {.treatment = false},
      {.treatment = false, .unit = false},
      {.treatment = false, .unit = false, .words = false},
      {.treatment = false, .role = false, .unit = false, .words = false}};
  for (const ScorecardColumns& form : forms) {
    Table shown = scorecard_table(card, form);
    if (table_width(shown) > width_ - kIndent && &form != std::end(forms) - 1) continue;
    const std::string caption = std::exchange(shown.caption, "");
    table(shown);
    if (!form.words) {
      gap();
      paragraph(scorecard_words(card), false);
      if (!caption.empty()) gap();
    }
    if (!caption.empty()) paragraph(caption, true);
    return;
  }
}

void Screen::chart(const Chart& chart) {
  title(chart.title);
  if (!chart.how_to_read.empty()) paragraph(chart.how_to_read, true);
  gap();
  if (chart_table(chart).rows.empty()) {
    paragraph("no data", true);
  } else {
    out_ += layout_chart(chart, kIndent, width_, paint_);
  }
  if (!chart.caption.empty()) paragraph(chart.caption, true);
}

void Screen::block(const Block& block) {
  std::visit(Overloaded{
                 [&](const Heading& h) { title(h.text); },
                 [&](const Text& t) {
                   gap();
                   paragraph(t.text, t.severity == Severity::muted);
                 },
                 [&](const Verdict& v) {
                   if (&v == verdict_) return;
                   gap();
                   out_ += "  " + paint_.bold(paint_.tone(v.word, v.tone)) + "\n";
                   answer(v);
                 },
                 [](const Check&) {},  // Drawn in runs, see blocks().
                 [&](const Table& t) { table(t); },
                 [&](const Scorecard& s) { scorecard(s); },
                 [&](const Chart& c) { chart(c); },
                 [&](const Facts& f) {
                   title(f.title);
                   if (f.title.empty()) gap();
                   facts(f.items);
                 },
                 [&](const Notes& n) {
                   title(n.title);
                   if (n.title.empty()) gap();
                   for (const auto& item : n.items) {
                     const std::string_view sign = item.tone == Tone::good      ? "✓"
                                                   : item.tone == Tone::neutral ? "·"
                                                   : item.tone == Tone::warn    ? "!"
                                                                                : "✗";
                     out_ += hanging(paint_.tone(sign, item.tone), item.text, kIndent, 2, width_);
                   }
                 },
                 [&](const Code& c) {
                   title(c.title);
                   gap();
                   std::size_t begin = 0;
                   while (begin < c.text.size()) {
                     const std::size_t end = std::min(c.text.find('\n', begin), c.text.size());
                     out_ += "    " + c.text.substr(begin, end - begin) + "\n";
                     begin = end + 1;
                   }
                 },
                 [&](const Section& s) {
                   gap();
                   out_ += "\n" + paint_.bold(s.title) + "\n";
                   blocks(s.blocks);
                 },
             },
             block.content);
}

void Screen::blocks(const std::vector<Block>& blocks) {
  std::vector<const Check*> run;
  for (const Block& next : blocks) {
    if (const auto* check = std::get_if<Check>(&next.content)) {
      run.push_back(check);
      continue;
    }
    checks(run);
    run.clear();
    block(next);
  }
  checks(run);
}

void Screen::foot() {
  const std::vector<Fact> known = provenance_facts(document_.provenance);
  if (known.empty()) return;
  gap();
  facts(known);
}

}  // namespace

std::string render_text(const Document& document, const RenderOptions& options) {
  return without_controls(Screen(document, options).draw(), options.colour);
}

}  // namespace assay::report
