#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Number of single-letter insertions, deletions, substitutions and swaps of neighbours that
/// turn one word into the other (optimal string alignment distance).
int edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to a mistyped word, or "" when none is near enough to suggest
/// (at most a third of the longer word's length away, letter case ignored; so words of one or
/// two letters are near to nothing else). When none is, a candidate of which the word is nearly
/// one or more whole parts: "revnue" suggests "revenue_per_user".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "a, b, c"; past `limit` names the rest is counted: "a, b, ... (7 more)".
std::string list_text(const std::vector<std::string>& names, std::size_t limit = 12);

/// 1234567 -> "1,234,567".
std::string count_text(std::int64_t count);

/// Columns that a UTF-8 text takes on a terminal (combining marks 0, East Asian wide 2).
int display_width(std::string_view utf8);

}  // namespace assay
