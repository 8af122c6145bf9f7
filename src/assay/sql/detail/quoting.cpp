#include "assay/sql/detail/quoting.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>

namespace assay::sql {
namespace {

/// Length in bytes of the UTF-8 character that begins a text; 0 when none does. Shortest forms
/// only, no surrogates, nothing past U+10FFFF (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

/// The text for a message: what is no UTF-8 and what controls a terminal becomes '?'.
std::string shown(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const bool plain = length > 1 || (length == 1 && text[0] >= 0x20 && text[0] != 0x7F);
    safe += plain ? text.substr(0, length) : std::string_view("?");
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return safe;
}

}  // namespace

Result<void> check_utf8(std::string_view text, std::string_view what) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t length = utf8_length(rest);
    if (length == 0) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("a {} is not valid UTF-8: '{}'", what, shown(text)), {},
                  "save the file that says it as UTF-8");
    }
    rest.remove_prefix(length);
  }
  return {};
}

Result<void> check_name(std::string_view name) {
  if (name.empty()) return fail(ErrorCode::invalid_spec, "a name of a table or column is empty");
  if (name.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a name holds a NUL character: '{}'", shown(name)), {},
                "no engine has tables or columns of such a name; check how it is written");
  }
  return check_utf8(name, "name");
}

std::string doubled(std::string_view text, char mark) {
  std::string quoted(1, mark);
  for (const char c : text) {
    if (c == mark) quoted += mark;
    quoted += c;
  }
  return quoted + mark;
}

std::string text_with_chr(std::string_view text) {
  if (text.find('\0') == std::string_view::npos) return doubled(text, '\'');
  std::string quoted = "(";
  while (true) {
    const std::size_t end = text.find('\0');
    quoted += doubled(text.substr(0, end), '\'');
    if (end == std::string_view::npos) break;
    quoted += " || chr(0) || ";
    text.remove_prefix(end + 1);
  }
  return quoted + ")";
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string comment_line(std::string_view comment) {
  std::string line = "-- ";
  while (!comment.empty()) {
    const std::size_t length = utf8_length(comment);
    const std::string_view one = comment.substr(0, length);
    const bool plain = length == 1
                           ? one[0] >= 0x20 && one[0] != 0x7F && one[0] != '\\' && one[0] != '$'
                       : length == 2 ? static_cast<unsigned char>(one[0]) != 0xC2 ||
                                           static_cast<unsigned char>(one[1]) >= 0xA0
                                     : length > 0 && one != "\xE2\x80\xA8" && one != "\xE2\x80\xA9";
    line += plain ? one : std::string_view(" ");
    comment.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return line + "\n";
}

}  // namespace assay::sql
