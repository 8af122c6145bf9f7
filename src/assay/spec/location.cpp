#include "assay/spec/location.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/base/text.hpp"

namespace assay::spec {
namespace {

constexpr std::size_t kSnippetCharacters = 100;

/// Cuts UTF-8 text into characters.
std::vector<std::string> characters(const std::string& line) {
  std::vector<std::string> out;
  for (const char c : line) {
    if (out.empty() || (static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      out.emplace_back(1, c == '\t' ? ' ' : c);
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::string join(const std::vector<std::string>& parts, std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < std::min(to, parts.size()); ++i) out += parts[i];
  return out;
}

std::string snippet(const Location& where) {
  const auto line = static_cast<std::size_t>(where.line);
  if (line > where.source->lines.size()) return {};
  const auto all = characters(where.source->lines[line - 1]);
  const auto column = static_cast<std::size_t>(std::max(1, where.column)) - 1;
  const std::size_t from = all.size() > kSnippetCharacters && column > 60 ? column - 40 : 0;
  const std::size_t to = from + kSnippetCharacters;
  const auto length = static_cast<std::size_t>(std::max(1, where.length));
  const std::size_t end = std::min({column + length, to, std::max(all.size(), column + 1)});
  const std::string number = fmt::format("{:>6} | ", where.line);
  const int before = display_width(join(all, from, column));
  const int under = std::max(1, display_width(join(all, column, end)));
  std::string text = "\n" + number + join(all, from, to);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  text += fmt::format("\n{:>6} | {}{}", "", std::string(static_cast<std::size_t>(before), ' '),
                      std::string(static_cast<std::size_t>(under), '^'));
  return text;
}

}  // namespace

std::string position_text(const Location& where) {
  if (where.source == nullptr) return {};
  if (where.line <= 0) return where.source->file;
  return fmt::format("{}:{}:{}", where.source->file, where.line, where.column);
}

std::string where_text(const Location& where) {
  if (where.source == nullptr || where.line <= 0) return position_text(where);
  return position_text(where) + snippet(where);
}

Error spec_error(const Location& where, std::string problem, std::string fix, std::string have) {
  return Error{ErrorCode::invalid_spec, std::move(problem), where_text(where), std::move(fix),
               std::move(have)};
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates,
                         std::string otherwise) {
  constexpr std::size_t kLongestName = 100;
  const std::string near = word.size() > kLongestName ? "" : nearest(word, candidates);
  return near.empty() ? std::move(otherwise) : fmt::format("did you mean `{}`?", near);
}

std::string to_text(const ParseReport& report) {
  std::string text;
  for (const Error& error : report.errors) text += to_text(error);
  if (report.n_more > 0) text += fmt::format("and {} more\n", report.n_more);
  return text;
}

}  // namespace assay::spec
