#include "assay/frame/predicate_lexer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

namespace assay::frame {
namespace {

constexpr std::array<std::string_view, 8> kKeywords{"and", "or",   "not",  "in",
                                                    "is",  "null", "true", "false"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Curly quotes that editors put in place of straight ones, as UTF-8.
bool starts_with_curly_quote(std::string_view text) {
  return text.starts_with("\xE2\x80\x98") || text.starts_with("\xE2\x80\x99") ||
         text.starts_with("\xE2\x80\x9C") || text.starts_with("\xE2\x80\x9D");
}

tl::unexpected<Error> error_at(std::string_view text, std::size_t byte, std::string problem,
                               std::string fix) {
  return fail(ErrorCode::invalid_spec, std::move(problem), place_text(text, byte), std::move(fix));
}

Result<Token> quoted_token(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  Token token;
  token.kind = quote == '\'' ? Token::Kind::text : Token::Kind::quoted_name;
  token.begin = begin;
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] != quote) {
      token.value += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == quote) {
      token.value += quote;
      ++i;
    } else {
      token.text = text.substr(begin, i + 1 - begin);
      if (token.kind == Token::Kind::quoted_name && token.value.empty()) {
        return error_at(text, begin, "a name between double quotes is empty",
                        "write the column's name, or '' for an empty text");
      }
      return token;
    }
  }
  return error_at(
      text, begin, fmt::format("the quote {} is never closed", quote),
      fmt::format("add {} after the last letter; {}{} stands for one inside", quote, quote, quote));
}

/// The end of a number that begins at `begin`, or nothing when it is misspelt (12abc, 1.2.3).
std::optional<std::size_t> number_end(std::string_view text, std::size_t begin) {
  std::size_t i = begin;
  const auto digits = [&] {
    const std::size_t before = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - before;
  };
  if (text[i] == '-' || text[i] == '+') ++i;
  std::size_t count = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    count += digits();
  }
  if (count == 0) return std::nullopt;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return std::nullopt;
  }
  if (i < text.size() && (starts_name(text[i]) || text[i] == '.')) return std::nullopt;
  return i;
}

bool starts_number(std::string_view text, std::size_t i) {
  if (text[i] == '-' || text[i] == '+') ++i;
  if (i < text.size() && text[i] == '.') ++i;
  return i < text.size() && is_digit(text[i]);
}

/// The longest sign at `begin`; empty when the character is none.
std::string_view sign_at(std::string_view text, std::size_t begin) {
  constexpr std::array<std::string_view, 20> kSigns{
      "===", "!==", "==", "!=", "<>", "<=", ">=", "=>", "=<", "&&",
      "||",  "=",   "<",  ">",  "(",  ")",  ",",  "&",  "|",  "!"};
  for (const std::string_view sign : kSigns) {
    if (text.substr(begin).starts_with(sign)) return text.substr(begin, sign.size());
  }
  return {};
}

Result<Token> word_or_number(std::string_view text, std::size_t begin) {
  Token token;
  token.begin = begin;
  std::size_t end = begin;
  if (starts_number(text, begin)) {
    const std::optional<std::size_t> number = number_end(text, begin);
    if (!number) {
      return error_at(text, begin, "a number is misspelt",
                      "write 12, -3 or 1.5e3; a name that begins with a digit goes in double "
                      "quotes, a date in single ones");
    }
    token.kind = Token::Kind::number;
    end = *number;
  } else {
    token.kind = Token::Kind::word;
    while (end < text.size() && (starts_name(text[end]) || is_digit(text[end]))) ++end;
    if (end < text.size() && text[end] == '.') {
      return error_at(text, end, "a name holds a `.`", "put the whole name in double quotes");
    }
  }
  token.text = text.substr(begin, end - begin);
  token.value = std::string(token.text);
  return token;
}

Result<Token> token_at(std::string_view text, std::size_t begin) {
  const char c = text[begin];
  if (c == '\'' || c == '"') return quoted_token(text, begin);
  if (starts_with_curly_quote(text.substr(begin))) {
    return error_at(text, begin, "a curly quote stands here", "use straight quotes: '...'");
  }
  if (starts_name(c) || starts_number(text, begin)) return word_or_number(text, begin);
  Token token;
  token.kind = Token::Kind::sign;
  token.begin = begin;
  token.text = sign_at(text, begin);
  if (!token.text.empty()) return token;
  const bool printable = static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  return error_at(
      text, begin,
      printable
          ? fmt::format("`{}` means nothing in a filter", c)
          : fmt::format("a control character stands here: {:#04x}", static_cast<unsigned char>(c)),
      c == '`' ? "put names in double quotes" : "a filter compares columns with values");
}

}  // namespace

bool Token::is_word(std::string_view lower_case) const {
  return kind == Kind::word && text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(),
                    [](char a, char b) { return lower(a) == b; });
}

bool Token::is_any_keyword() const {
  return std::any_of(kKeywords.begin(), kKeywords.end(),
                     [&](std::string_view keyword) { return is_word(keyword); });
}

Result<std::vector<Token>> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    ASSAY_TRY(Token token, token_at(text, at));
    at = token.begin + token.text.size();
    tokens.push_back(std::move(token));
  }
  Token end;
  end.begin = text.size();
  tokens.push_back(end);
  return tokens;
}

std::string place_text(std::string_view text, std::size_t byte) {
  const auto character =
      1 + std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(byte),
                        [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return fmt::format("character {} of `{}`", character, text);
}

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || !starts_name(name.front()) || starts_with_curly_quote(name)) return false;
  Token token;
  token.kind = Token::Kind::word;
  token.text = name;
  return !token.is_any_keyword() && std::all_of(name.begin(), name.end(), [](char c) {
    return starts_name(c) || is_digit(c);
  });
}

}  // namespace assay::frame
