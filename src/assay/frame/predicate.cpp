#include "assay/frame/predicate.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "assay/frame/predicate_lexer.hpp"

namespace assay::frame {
namespace {

constexpr int kMaxDepth = 100;  // Far beyond any filter a person writes; keeps the stack bounded.

std::optional<Comparison> comparison_of(std::string_view sign) {
  if (sign == "=" || sign == "==") return Comparison::equal;
  if (sign == "!=" || sign == "<>") return Comparison::not_equal;
  if (sign == "<") return Comparison::less;
  if (sign == "<=") return Comparison::less_or_equal;
  if (sign == ">") return Comparison::greater;
  if (sign == ">=") return Comparison::greater_or_equal;
  return std::nullopt;
}

/// What to write instead of a sign of another language.
std::string sign_fix(std::string_view sign) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kInstead{{{"&&", "and"},
                                                                                   {"&", "and"},
                                                                                   {"||", "or"},
                                                                                   {"|", "or"},
                                                                                   {"!", "not"},
                                                                                   {"===", "="},
                                                                                   {"!==", "!="},
                                                                                   {"=>", ">="},
                                                                                   {"=<", "<="}}};
  for (const auto& [wrong, right] : kInstead) {
    if (sign == wrong) return fmt::format("write `{}` instead of `{}`", right, wrong);
  }
  return {};
}

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  Result<Predicate> whole() {
    if (now().kind == Token::Kind::end) {
      return error_here("the filter is empty", "write one such as country = 'DE'");
    }
    ASSAY_TRY(Predicate predicate, expression(0));
    if (now().kind == Token::Kind::end) return predicate;
    if (now().kind == Token::Kind::sign && now().text == ")") {
      return error_here("a `)` closes nothing", "take it out");
    }
    const std::string fix = sign_fix(now().text);
    return error_here(fmt::format("`{}` stands where the filter should end", now().text),
                      fix.empty() ? "join conditions with `and` or `or`" : fix);
  }

 private:
  [[nodiscard]] const Token& now() const { return tokens_[at_]; }
  [[nodiscard]] const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  void step() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }

  [[nodiscard]] tl::unexpected<Error> error_here(std::string problem, std::string fix) const {
    return fail(ErrorCode::invalid_spec, std::move(problem), place_text(text_, now().begin),
                std::move(fix));
  }

  bool take_word(std::string_view keyword) {
    if (!now().is_keyword(keyword)) return false;
    step();
    return true;
  }

  bool take_sign(std::string_view sign) {
    if (now().kind != Token::Kind::sign || now().text != sign) return false;
    step();
    return true;
  }

  Result<Predicate> expression(int depth) { return chain(depth, "or", Predicate::Kind::any); }

  Result<Predicate> chain(int depth, std::string_view joint, Predicate::Kind kind) {
    const auto part = [&] {
      return kind == Predicate::Kind::any ? chain(depth, "and", Predicate::Kind::all) : term(depth);
    };
    ASSAY_TRY(Predicate first, part());
    if (!now().is_keyword(joint)) return first;
    Predicate joined;
    joined.kind = kind;
    joined.children.push_back(std::move(first));
    while (take_word(joint)) {
      ASSAY_TRY(Predicate further, part());
      joined.children.push_back(std::move(further));
    }
    return joined;
  }

  Result<Predicate> term(int depth) {
    if (depth > kMaxDepth) {
      return error_here(fmt::format("the filter nests deeper than {} levels", kMaxDepth),
                        "split it or take needless parentheses out");
    }
    if (take_word("not")) {
      ASSAY_TRY(Predicate inner, term(depth + 1));
      return negated(std::move(inner));
    }
    if (now().kind == Token::Kind::sign && now().text == "(") {
      const std::size_t opened = now().begin;
      step();
      ASSAY_TRY(Predicate inner, expression(depth + 1));
      if (take_sign(")")) return inner;
      if (now().kind != Token::Kind::end) {
        return error_here(fmt::format("`{}` stands where `)` or a joint should", now().text),
                          joint_fix());
      }
      return fail(ErrorCode::invalid_spec, "a `(` is never closed", place_text(text_, opened),
                  "add `)`");
    }
    return condition();
  }

  [[nodiscard]] std::string joint_fix() const {
    const std::string fix = sign_fix(now().text);
    return fix.empty() ? "join conditions with `and` or `or`" : fix;
  }

  static Predicate negated(Predicate inner) {
    Predicate outer;
    outer.kind = Predicate::Kind::negate;
    outer.children.push_back(std::move(inner));
    return outer;
  }

  Result<Predicate> condition() {
    ASSAY_TRY(std::string column, column_name());
    Predicate predicate;
    predicate.column = std::move(column);
    if (take_word("is")) {
      const bool is_not = take_word("not");
      if (!take_word("null")) {
        return error_here("after `is` stands no `null`", "write `is null` or `is not null`");
      }
      predicate.kind = Predicate::Kind::is_null;
      return is_not ? negated(std::move(predicate)) : predicate;
    }
    if (now().is_keyword("in") || (now().is_keyword("not") && next().is_keyword("in"))) {
      const bool is_not = take_word("not");
      step();
      predicate.kind = Predicate::Kind::in;
      ASSAY_TRY(predicate.literals, literal_list());
      return is_not ? negated(std::move(predicate)) : predicate;
    }
    const std::optional<Comparison> comparison =
        now().kind == Token::Kind::sign ? comparison_of(now().text) : std::nullopt;
    if (!comparison) return no_comparison(predicate.column);
    predicate.comparison = *comparison;
    step();
    if (now().is_keyword("null")) {
      const bool equal = predicate.comparison == Comparison::equal;
      return error_here("nothing compares with null",
                        equal ? "write `is null`" : "write `is not null`");
    }
    ASSAY_TRY(Literal value, literal());
    predicate.literals.push_back(std::move(value));
    return predicate;
  }

  [[nodiscard]] tl::unexpected<Error> no_comparison(const std::string& column) const {
    if (now().kind == Token::Kind::end) {
      return error_here(fmt::format("the filter ends after the column `{}`", column),
                        fmt::format("compare it with a value, such as {} = 1", column));
    }
    std::string fix = sign_fix(now().text);
    if (fix.empty() && now().is_word("between")) fix = "write `>= ...` and `<= ...`";
    if (fix.empty() && (now().is_word("like") || now().is_word("ilike")))
      fix = "list the values with `in (...)`";
    if (fix.empty() && now().is_word("equals")) fix = "write `=`";
    if (fix.empty()) fix = "compare with =, !=, <, <=, >, >=, in (...) or is null";
    return error_here(fmt::format("`{}` is no comparison", now().text), std::move(fix));
  }

  Result<std::string> column_name() {
    const Token& token = now();
    if (token.kind == Token::Kind::quoted_name || (token.kind == Token::Kind::word)) {
      if (token.kind == Token::Kind::word && token.is_any_keyword()) {
        return error_here(
            fmt::format("`{}` stands where a column should", token.text),
            fmt::format("a column of that name goes in double quotes: \"{}\"", token.text));
      }
      std::string name = token.value;
      step();
      return name;
    }
    if (token.kind == Token::Kind::end) {
      return error_here("the filter ends where a condition should stand", "finish it");
    }
    if (token.kind == Token::Kind::number || token.kind == Token::Kind::text) {
      return error_here(fmt::format("`{}` stands where a column should", token.text),
                        "write the column first, then the value; a column with other letters "
                        "than a-z, 0-9 and _ goes in double quotes");
    }
    const std::string fix = sign_fix(token.text);
    return error_here(fmt::format("`{}` stands where a column should", token.text),
                      fix.empty() ? "a condition begins with a column" : fix);
  }

  Result<std::vector<Literal>> literal_list() {
    if (!take_sign("(")) {
      return error_here("after `in` stands no list", "write `in ('a', 'b')`");
    }
    std::vector<Literal> values;
    if (now().kind == Token::Kind::sign && now().text == ")") {
      return error_here("the list is empty", "name at least one value");
    }
    do {
      ASSAY_TRY(Literal value, literal());
      values.push_back(std::move(value));
    } while (take_sign(","));
    if (!take_sign(")")) {
      return error_here("the list is not closed", "put `,` between values and `)` at the end");
    }
    return values;
  }

  Result<Literal> literal() {
    const Token token = now();
    if (token.kind == Token::Kind::number) {
      auto number = number_of(token);
      if (number) step();
      return number;
    }
    if (token.kind == Token::Kind::text) {
      step();
      return Literal{token.value};
    }
    if (token.is_keyword("true") || token.is_keyword("false")) {
      const bool truth = token.is_keyword("true");
      step();
      return Literal{truth};
    }
    if (token.kind == Token::Kind::end) {
      return error_here("the filter ends where a value should stand",
                        "write a number, a 'text', true or false");
    }
    if (token.kind == Token::Kind::quoted_name || token.kind == Token::Kind::word) {
      return error_here(fmt::format("`{}` is no value", token.text),
                        fmt::format("a text goes in single quotes: {}", quoted(token.value, '\'')));
    }
    return error_here(fmt::format("`{}` stands where a value should", token.text),
                      "write a number, a 'text', true or false");
  }

  [[nodiscard]] Result<Literal> number_of(const Token& token) const {
    const std::string_view digits = token.text.front() == '+' ? token.text.substr(1) : token.text;
    const char* end = digits.data() + digits.size();
    if (digits.find_first_of(".eE") == std::string_view::npos) {
      std::int64_t whole = 0;
      const auto [stop, problem] = std::from_chars(digits.data(), end, whole);
      if (problem == std::errc{} && stop == end) return Literal{whole};
    } else {
      double real = 0.0;
      const auto [stop, problem] = std::from_chars(digits.data(), end, real);
      if (problem == std::errc{} && stop == end) return Literal{real};
    }
    return error_here(fmt::format("the number is too large or misspelt: `{}`", token.text),
                      "whole numbers go up to 9223372036854775807");
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

std::string literal_text(const Literal& literal) {
  if (const auto* whole = std::get_if<std::int64_t>(&literal)) return fmt::format("{}", *whole);
  if (const auto* truth = std::get_if<bool>(&literal)) return *truth ? "true" : "false";
  if (const auto* real = std::get_if<double>(&literal)) {
    std::string text = fmt::format("{}", *real);
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
    return text;
  }
  return quoted(std::get<std::string>(literal), '\'');
}

std::string column_text(const std::string& name) {
  return is_plain_name(name) ? name : quoted(name, '"');
}

std::string in_parentheses(const Predicate& predicate) {
  const bool joined =
      predicate.kind == Predicate::Kind::all || predicate.kind == Predicate::Kind::any;
  return joined ? "(" + to_text(predicate) + ")" : to_text(predicate);
}

std::string joined_text(const Predicate& predicate, std::string_view joint) {
  std::string text;
  for (const Predicate& child : predicate.children) {
    if (!text.empty()) text += joint;
    text += in_parentheses(child);
  }
  return text;
}

void collect_columns(const Predicate& predicate, std::vector<std::string>& names) {
  const bool leaf = predicate.children.empty();
  if (leaf && std::find(names.begin(), names.end(), predicate.column) == names.end())
    names.push_back(predicate.column);
  for (const Predicate& child : predicate.children) collect_columns(child, names);
}

}  // namespace

std::string_view to_text(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return "=";
    case Comparison::not_equal:
      return "!=";
    case Comparison::less:
      return "<";
    case Comparison::less_or_equal:
      return "<=";
    case Comparison::greater:
      return ">";
    case Comparison::greater_or_equal:
      return ">=";
  }
  return "";
}

Result<Predicate> parse_predicate(std::string_view text) {
  ASSAY_TRY(std::vector<Token> tokens, tokens_of(text));
  return Parser(text, std::move(tokens)).whole();
}

std::string to_text(const Predicate& predicate) {
  switch (predicate.kind) {
    case Predicate::Kind::compare:
      return fmt::format("{} {} {}", column_text(predicate.column), to_text(predicate.comparison),
                         literal_text(predicate.literals.front()));
    case Predicate::Kind::in: {
      std::string list;
      for (const Literal& literal : predicate.literals)
        list += (list.empty() ? "" : ", ") + literal_text(literal);
      return fmt::format("{} in ({})", column_text(predicate.column), list);
    }
    case Predicate::Kind::is_null:
      return column_text(predicate.column) + " is null";
    case Predicate::Kind::all:
      return joined_text(predicate, " and ");
    case Predicate::Kind::any:
      return joined_text(predicate, " or ");
    case Predicate::Kind::negate:
      return "not " + in_parentheses(predicate.children.front());
  }
  return {};
}

std::vector<std::string> columns_of(const Predicate& predicate) {
  std::vector<std::string> names;
  collect_columns(predicate, names);
  return names;
}

}  // namespace assay::frame
