#include "assay/base/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace assay {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Decodes the code point at `at` and moves past it; a bad byte reads as itself.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  int extra = 0;
  if (lead >= 0xF0) {
    extra = 3;
  } else if (lead >= 0xE0) {
    extra = 2;
  } else if (lead >= 0xC0) {
    extra = 1;
  }
  std::uint32_t point = extra == 0 ? lead : lead & (0x3FU >> extra);
  ++at;
  for (; extra > 0 && at < text.size() && (byte(at) & 0xC0U) == 0x80U; --extra, ++at)
    point = (point << 6) | (byte(at) & 0x3FU);
  return point;
}

bool is_combining(std::uint32_t p) {
  return (p >= 0x300 && p <= 0x36F) || (p >= 0x200B && p <= 0x200F) || p == 0xFE0F;
}

bool is_wide(std::uint32_t p) {
  return (p >= 0x1100 && p <= 0x115F) || (p >= 0x2E80 && p <= 0xA4CF) ||
         (p >= 0xAC00 && p <= 0xD7A3) || (p >= 0xF900 && p <= 0xFAFF) ||
         (p >= 0xFE30 && p <= 0xFE6F) || (p >= 0xFF00 && p <= 0xFF60) ||
         (p >= 0x1F300 && p <= 0x1FAFF);
}

/// A mistyped word and what came nearest to it so far.
struct Nearest {
  explicit Nearest(std::string_view wanted) : word(wanted) {}

  void offer(std::string_view candidate, const std::string& name) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    const auto limit = static_cast<int>(longer / 3);
    if (longer - shorter > longer / 3) return;
    const int away = edit_distance(word, candidate);
    if (away > limit || away >= distance) return;
    distance = away;
    found = name;
  }

  std::string_view word;
  int distance = 1 << 30;
  std::string found;
};

constexpr std::size_t kShortestPart = 4;

/// Where the part of a name that begins at a place ends: at a separator or at the end.
std::size_t part_end(std::string_view name, std::size_t begin) {
  return std::min(name.find_first_of("_-./ ", begin), name.size());
}

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<int> cost((a.size() + 1) * width);
  const auto at = [&](std::size_t i, std::size_t j) -> int& { return cost[i * width + j]; };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int substitute = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, substitute});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return at(a.size(), b.size());
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string wanted = lower(word);
  Nearest whole(wanted);
  for (const std::string& candidate : candidates) whole.offer(lower(candidate), candidate);
  if (!whole.found.empty() || wanted.size() < kShortestPart) return whole.found;
  Nearest part(wanted);
  for (const std::string& candidate : candidates) {
    const std::string name = lower(candidate);
    for (std::size_t begin = 0; begin < name.size(); begin = part_end(name, begin) + 1) {
      for (std::size_t end = part_end(name, begin); end <= name.size();
           end = part_end(name, end + 1)) {
        part.offer(std::string_view(name).substr(begin, end - begin), candidate);
        if (end == name.size()) break;
      }
    }
  }
  return part.found;
}

std::string list_text(const std::vector<std::string>& names, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), limit); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > limit) text += fmt::format(", ... ({} more)", names.size() - limit);
  return text;
}

std::string count_text(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

int display_width(std::string_view utf8) {
  int width = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const std::uint32_t point = next_code_point(utf8, at);
    width += is_combining(point) ? 0 : (is_wide(point) ? 2 : 1);
  }
  return width;
}

}  // namespace assay
