#include <fmt/format.h>

#include <iterator>

#include "assay/report/detail/outline.hpp"
#include "assay/report/render.hpp"

namespace assay::report {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

/// The shortest digits that read back as the same double; empty when there is none.
std::string digits(const Number& number) {
  return number.value ? fmt::format("{}", *number.value) : std::string();
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

class Sheet {
 public:
  void title(const std::string& text) {
    if (!out_.empty()) out_ += "\n";
    if (!text.empty()) out_ += "# " + one_line(text) + "\n";
  }
  void row(const std::vector<std::string>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += quoted(fields[i]);
    }
    out_ += "\n";
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Which number columns a table's column becomes: an interval is a low and a high.
struct Parts {
  bool value = false;
  bool ends = false;
};

Parts parts_of(const Table& table, std::size_t column) {
  Parts parts;
  for (const auto& row : table.rows) {
    if (column >= row.size()) continue;
    const CellKind kind = row[column].kind;
    parts.ends = parts.ends || kind == CellKind::interval || kind == CellKind::estimate;
    parts.value = parts.value || (kind != CellKind::interval &&
                                  !(kind == CellKind::text && row[column].text.empty()));
  }
  if (!parts.ends) parts.value = true;
  return parts;
}

void write(Sheet& sheet, const Table& table) {
  sheet.title(table.title);
  std::vector<Parts> parts;
  std::vector<std::string> header;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    parts.push_back(parts_of(table, i));
    const std::string& name = table.columns[i].title;
    if (parts[i].value) header.push_back(name);
    if (parts[i].ends) {
      header.push_back(name + " low");
      header.push_back(name + " high");
    }
  }
  sheet.row(header);
  for (const auto& row : table.rows) {
    std::vector<std::string> fields;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const Cell cell = i < row.size() ? row[i] : Cell{};
      if (parts[i].value) {
        fields.push_back(cell.kind == CellKind::text ? cell.text : digits(cell.value));
      }
      if (parts[i].ends) {
        fields.push_back(digits(cell.low));
        fields.push_back(digits(cell.high));
      }
    }
    sheet.row(fields);
  }
}

void write(Sheet& sheet, const Scorecard& card) {
  sheet.title(card.title);
  sheet.row({"metric", "role", "arm", "control", "treatment", "change", "ci_low", "ci_high",
             "confidence_level", "p_value", "margin", "mark", "words"});
  for (const Estimate& e : card.rows) {
    constexpr std::string_view kMarks[] = {"", "good", "bad", "neutral"};
    sheet.row({e.metric, e.role, e.arm, digits(e.control), digits(e.treatment), digits(e.lift),
               digits(e.low), digits(e.high), fmt::format("{}", card.confidence_level),
               digits(e.p_value), e.margin ? fmt::format("{}", *e.margin) : "",
               std::string(kMarks[static_cast<std::size_t>(e.mark)]), e.words});
  }
}

void write_checks(Sheet& sheet, const Document& document) {
  bool first = true;
  for_each_block(document.blocks, [&](const Block& block) {
    const auto* check = std::get_if<Check>(&block.content);
    if (check == nullptr) return;
    if (first) {
      sheet.title("checks");
      sheet.row({"check", "status", "observed", "rule", "detail"});
      first = false;
    }
    sheet.row({check->name, std::string(status_word(check->status)), check->observed, check->rule,
               check->detail});
  });
}

}  // namespace

std::string render_csv(const Document& document) {
  Sheet sheet;
  if (const Verdict* verdict = find_verdict(document)) {
    sheet.title("verdict");
    sheet.row({"word", "headline", "reason"});
    sheet.row({verdict->word, verdict->headline, verdict->reason});
  }
  write_checks(sheet, document);
  for_each_block(document.blocks, [&](const Block& block) {
    if (const auto* table = std::get_if<Table>(&block.content)) write(sheet, *table);
    if (const auto* card = std::get_if<Scorecard>(&block.content)) write(sheet, *card);
    if (const auto* chart = std::get_if<Chart>(&block.content)) write(sheet, chart_table(*chart));
  });
  return sheet.take();
}

}  // namespace assay::report
