#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::frame {

/// A number, a text or a truth value written in a filter.
using Literal = std::variant<std::int64_t, double, bool, std::string>;

enum class Comparison : std::uint8_t {
  equal,
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal
};

/// The sign of a comparison, the same in filters and in SQL: "=", "!=", "<", "<=", ">", ">=".
std::string_view to_text(Comparison comparison);

/// A filter over named columns, as written in `where:` and `eligible:`.
///
///   expression := conjunction { "or" conjunction }
///   conjunction := term { "and" term }
///   term := "not" term | "(" expression ")"
///         | column ("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") literal
///         | column ["not"] "in" "(" literal { "," literal } ")"
///         | column "is" ["not"] "null"
///   literal := number | 'text' | true | false      ('' inside a text stands for one ')
///   column := a name, or "any name" in double quotes
///
/// Meaning is SQL's: a comparison with a missing value is unknown, `not unknown` is unknown, and
/// a row counts only when the whole is true. Keywords are read in any letter case.
struct Predicate {
  enum class Kind : std::uint8_t { compare, in, is_null, all, any, negate };

  Kind kind = Kind::compare;
  std::string column;                         ///< compare, in, is_null.
  Comparison comparison = Comparison::equal;  ///< compare.
  std::vector<Literal> literals;              ///< compare: one; in: one or more.
  std::vector<Predicate> children;            ///< all, any: two or more; negate: one.
};

/// Reads a filter. Fails with invalid_spec; `where` is "character N of `text`".
Result<Predicate> parse_predicate(std::string_view text);

/// Writes a filter so that parse_predicate reads the same filter back.
std::string to_text(const Predicate& predicate);

/// The columns that a filter names, each once, in order of first mention.
std::vector<std::string> columns_of(const Predicate& predicate);

}  // namespace assay::frame
