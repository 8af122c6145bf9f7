#include "assay/report/detail/layout.hpp"

#include <algorithm>
#include <numeric>

#include "assay/base/text.hpp"
#include "assay/report/detail/outline.hpp"

namespace assay::report {
namespace {

constexpr int kGap = 2;
constexpr int kNarrowestText = 14;
constexpr std::size_t kRowsLookedAt = 200;  // Choosing widths stays quick in long tables.

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(0, count)), ' ');
}

std::string coded(std::string_view code, std::string_view text, bool on) {
  if (!on || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

/// Width on the screen, colour codes not counted.
int visible_width(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size());
    } else {
      plain += text[i];
    }
  }
  return display_width(plain);
}

/// A column ready to be set: its cells as text, its width and side.
struct Strip {
  std::string title;
  std::vector<std::string> cells;
  std::vector<Tone> tones;
  bool right = false;
  int width = 0;
};

Strip strip_of(const Table& table, std::size_t column) {
  Strip strip{.title = table.columns[column].title,
              .cells = {},
              .tones = {},
              .right = aligns_right(table.columns[column], table.rows, column)};
  strip.width = display_width(strip.title);
  for (const auto& row : table.rows) {
    const Cell cell = column < row.size() ? row[column] : Cell{};
    std::string text = cell_text(cell, table.columns[column]);
    const std::string_view sign = mark_sign(cell.mark);
    if (!sign.empty()) {
      text = text.empty()  ? std::string(sign)
             : strip.right ? text + " " + std::string(sign)
                           : std::string(sign) + " " + text;
    }
    strip.width = std::max(strip.width, display_width(text));
    strip.cells.push_back(std::move(text));
    strip.tones.push_back(tone_of(cell.mark));
  }
  return strip;
}

int total_width(const std::vector<Strip>& strips) {
  return std::accumulate(strips.begin(), strips.end(), -kGap,
                         [](int sum, const Strip& s) { return sum + s.width + kGap; });
}

int longest_word(std::string_view text) {
  int width = 0;
  for (const std::string& word : wrap(text, 0)) width = std::max(width, display_width(word));
  return width;
}

/// The narrowest a column may get: numbers stay whole and only their title wraps; text wraps down
/// to its longest word, but not below a readable width.
int narrowest(const Strip& strip) {
  int width = strip.right ? 0 : kNarrowestText;
  width = std::max(width, longest_word(strip.title));
  for (const std::string& cell : strip.cells)
    width = std::max(width, strip.right ? display_width(cell) : longest_word(cell));
  return std::min(width, strip.width);
}

/// How many lines each row of a column takes at a width; the title counts as the first row.
std::vector<int> heights(const Strip& strip, int width) {
  const auto lines = [&](const std::string& text) {
    return static_cast<int>(wrap(text, width).size());
  };
  std::vector<int> out{lines(strip.title)};
  const std::size_t rows = std::min(strip.cells.size(), kRowsLookedAt);
  for (std::size_t row = 0; row < rows; ++row) out.push_back(lines(strip.cells[row]));
  return out;
}

/// Narrows columns one step at a time until the table fits: the one that makes it grow least, the
/// widest among equals. Assumes that it fits when each is at its least.
void narrow(std::vector<Strip>& strips, const std::vector<int>& least, int width) {
  std::vector<std::vector<int>> now;
  std::vector<std::vector<int>> next;
  for (const Strip& strip : strips) {
    now.push_back(heights(strip, strip.width));
    next.push_back(heights(strip, strip.width - 1));
  }
  const auto growth = [&](std::size_t column) {
    int sum = 0;
    for (std::size_t row = 0; row < now[column].size(); ++row) {
      int high = 0;
      for (const auto& other : now) high = std::max(high, other[row]);
      sum += std::max(0, next[column][row] - high);
    }
    return sum;
  };
  for (int excess = total_width(strips) - width; excess > 0; --excess) {
    std::size_t best = strips.size();
    int best_growth = 0;
    for (std::size_t i = 0; i < strips.size(); ++i) {
      if (strips[i].width <= least[i]) continue;
      const int cost = growth(i);
      if (best < strips.size() &&
          (cost > best_growth || (cost == best_growth && strips[i].width <= strips[best].width)))
        continue;
      best = i;
      best_growth = cost;
    }
    Strip& strip = strips[best];
    --strip.width;
    now[best] = std::move(next[best]);
    next[best] = heights(strip, strip.width - 1);
  }
}

/// Narrows columns until the table fits. One that does not fit even so is parted into blocks of
/// columns; there, each column need only fit beside the first.
void squeeze(std::vector<Strip>& strips, int width) {
  std::vector<int> least;
  int least_total = -kGap;
  for (const Strip& strip : strips) {
    least.push_back(narrowest(strip));
    least_total += least.back() + kGap;
  }
  if (least_total <= width) return narrow(strips, least, width);
  for (std::size_t i = 0; i < strips.size(); ++i) {
    const int room = i == 0 ? width / 2 : width - strips[0].width - kGap;
    strips[i].width = std::min(strips[i].width, std::max(room, least[i]));
  }
}

/// How many strips from `first` on fit beside the first column; at least one.
std::size_t fitting(const std::vector<Strip>& strips, std::size_t first, int width) {
  int used = first == 0 ? 0 : strips[0].width + kGap;
  std::size_t count = 0;
  for (std::size_t i = first; i < strips.size(); ++i) {
    used += strips[i].width;
    if (count > 0 && used > width) break;
    used += kGap;
    ++count;
  }
  return count;
}

std::string right_trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

/// One row of cells, of as many lines as its longest cell needs.
void set_row(std::string& out, const std::vector<const Strip*>& strips, std::ptrdiff_t row,
             int indent, const Paint& paint) {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (const Strip* strip : strips) {
    const std::string& text = row < 0 ? strip->title : strip->cells[static_cast<std::size_t>(row)];
    cells.push_back(wrap(text, strip->width));
    height = std::max(height, cells.back().size());
  }
  for (std::size_t line = 0; line < height; ++line) {
    std::string text = spaces(indent);
    for (std::size_t i = 0; i < strips.size(); ++i) {
      const std::string piece = line < cells[i].size() ? cells[i][line] : "";
      const std::string fill = spaces(strips[i]->width - display_width(piece));
      const std::string painted =
          row < 0 ? paint.muted(piece)
                  : paint.tone(piece, strips[i]->tones[static_cast<std::size_t>(row)]);
      text += strips[i]->right ? fill + painted : painted + fill;
      if (i + 1 < strips.size()) text += spaces(kGap);
    }
    out += right_trimmed(std::move(text)) + "\n";
  }
}

}  // namespace

std::string Paint::bold(std::string_view text) const { return coded("1", text, on); }
std::string Paint::muted(std::string_view text) const { return coded("2", text, on); }

std::string Paint::tone(std::string_view text, Tone tone) const {
  switch (tone) {
    case Tone::good:
      return coded("32", text, on);
    case Tone::bad:
      return coded("31", text, on);
    case Tone::warn:
      return coded("33", text, on);
    case Tone::invalid:
      return coded("35", text, on);
    case Tone::neutral:
      break;
  }
  return std::string(text);
}

Tone tone_of(Mark mark) {
  return mark == Mark::good ? Tone::good : mark == Mark::bad ? Tone::bad : Tone::neutral;
}

Tone tone_of(CheckStatus status) {
  switch (status) {
    case CheckStatus::passed:
      return Tone::good;
    case CheckStatus::failed:
      return Tone::bad;
    case CheckStatus::warning:
      return Tone::warn;
    case CheckStatus::not_run:
      break;
  }
  return Tone::neutral;
}

std::vector<std::string> wrap(std::string_view text, int width) {
  std::vector<std::string> lines(1);
  std::size_t begin = 0;
  while (begin < text.size()) {
    if (text[begin] == '\n') {
      lines.emplace_back();
      ++begin;
      continue;
    }
    if (text[begin] == ' ') {
      ++begin;
      continue;
    }
    std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    for (const std::string_view unit : {" %", " pp"}) {  // A number keeps its unit beside it.
      if (text.substr(end).starts_with(unit)) end += unit.size();
    }
    end = std::min(text.find_first_of(" \n", end), text.size());
    const std::string word(text.substr(begin, end - begin));
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (display_width(line) + 1 + display_width(word) <= width) {
      line += " " + word;
    } else {
      lines.push_back(word);
    }
    begin = end;
  }
  return lines;
}

std::string pad_right(std::string_view text, int width) {
  return std::string(text) + spaces(width - visible_width(text));
}

std::string pad_left(std::string_view text, int width) {
  return spaces(width - visible_width(text)) + std::string(text);
}

std::string shorten(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t end = text.size();
  while (end > 0 && display_width(text.substr(0, end)) > width - 1) {
    --end;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string hanging(std::string_view label, std::string_view text, int indent, int label_width,
                    int width) {
  std::string out;
  bool first = true;
  for (const std::string& line : wrap(text, std::max(20, width - indent - label_width))) {
    out += spaces(indent) + (first ? std::string(label) : std::string()) +
           spaces(label_width - (first ? visible_width(label) : 0)) + line + "\n";
    first = false;
  }
  return out;
}

int table_width(const Table& table) {
  int width = -kGap;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    width += strip_of(table, i).width + kGap;
  }
  return width;
}

std::string layout_table(const Table& table, int indent, int width, const Paint& paint) {
  std::string out;
  if (table.columns.empty()) return out;
  std::vector<Strip> strips;
  for (std::size_t i = 0; i < table.columns.size(); ++i) strips.push_back(strip_of(table, i));
  squeeze(strips, width - indent);
  for (std::size_t first = 0; first < strips.size();) {
    const std::size_t count = fitting(strips, first, width - indent);
    std::vector<const Strip*> block;
    if (first > 0) {
      block.push_back(&strips[0]);
      out += "\n";
    }
    for (std::size_t i = first; i < first + count; ++i) block.push_back(&strips[i]);
    for (std::ptrdiff_t row = -1; row < static_cast<std::ptrdiff_t>(table.rows.size()); ++row) {
      set_row(out, block, row, indent, paint);
    }
    first += count;
  }
  return out;
}

}  // namespace assay::report
