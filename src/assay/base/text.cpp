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
  std::string best;
  int best_distance = 1 << 30;
  const std::string wanted = lower(word);
  for (const std::string& candidate : candidates) {
    const int distance = edit_distance(wanted, lower(candidate));
    const auto limit =
        static_cast<int>(std::max<std::size_t>(1, std::max(wanted.size(), candidate.size()) / 3));
    if (distance <= limit && distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
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
