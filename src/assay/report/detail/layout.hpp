#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/report/document.hpp"

/// Laying out plain text for a terminal. Widths are columns of the screen, not bytes.
namespace assay::report {

/// Paints text with ANSI codes, or leaves it alone.
struct Paint {
  bool on = false;
  [[nodiscard]] std::string bold(std::string_view text) const;
  [[nodiscard]] std::string muted(std::string_view text) const;
  [[nodiscard]] std::string tone(std::string_view text, Tone tone) const;
};

Tone tone_of(Mark mark);
Tone tone_of(CheckStatus status);

/// Breaks text at spaces into lines of at most `width` columns; a longer word stays whole.
/// Line ends in the text are kept. Never empty: "" is one empty line.
std::vector<std::string> wrap(std::string_view text, int width);

/// Text filled with spaces to a width; longer text is left as it is.
std::string pad_right(std::string_view text, int width);
std::string pad_left(std::string_view text, int width);

/// At most `width` columns, the last one "…" when something was cut.
std::string shorten(std::string_view text, int width);

/// `text` wrapped behind a label that stands on the first line only.
std::string hanging(std::string_view label, std::string_view text, int indent, int label_width,
                    int width);

/// A table as lines: aligned columns, two spaces between, wide text wrapped, and when all of it
/// does not fit, parted into blocks of columns that repeat the first.
std::string layout_table(const Table& table, int indent, int width, const Paint& paint);

/// Columns that a table takes when nothing is wrapped.
int table_width(const Table& table);

/// A chart drawn with characters.
std::string layout_chart(const Chart& chart, int indent, int width, const Paint& paint);

}  // namespace assay::report
