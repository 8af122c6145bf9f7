#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"

/// Words of the filter language; only predicate.cpp needs them.
namespace assay::frame {

struct Token {
  enum class Kind : std::uint8_t { word, quoted_name, number, text, sign, end };
  Kind kind = Kind::end;
  std::string_view text;  ///< As it stands in the filter.
  std::string value;      ///< word, quoted_name, text: what it means, quotes undone.
  std::size_t begin = 0;  ///< Byte offset in the filter.

  [[nodiscard]] bool is_word(std::string_view lower_case) const;
  [[nodiscard]] bool is_keyword(std::string_view keyword) const { return is_word(keyword); }
  [[nodiscard]] bool is_any_keyword() const;
};

/// Cuts a filter into tokens; the last is `end`.
/// Fails with invalid_spec: a quote never closed, a name without letters, a strange character.
Result<std::vector<Token>> tokens_of(std::string_view text);

/// "character 7 of `a = 'b`": counts characters of UTF-8, from 1.
std::string place_text(std::string_view text, std::size_t byte);

/// Puts quotes around a text and doubles those inside.
std::string quoted(std::string_view text, char quote);

/// Whether a name can stand in a filter without quotes.
bool is_plain_name(std::string_view name);

}  // namespace assay::frame
