#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "assay/base/time.hpp"
#include "assay/sql/detail/quoting.hpp"
#include "assay/sql/detail/writer.hpp"

namespace assay::sql {
namespace {

/// Deeper nesting is refused: engines' parsers recurse too (DuckDB stops at 1,000).
constexpr int kDeepest = 900;
constexpr std::size_t kLineWidth = 88;
constexpr std::size_t kLongestChain = 64;
constexpr std::int64_t kFirstDate = -719'162;  // 0001-01-01
constexpr std::int64_t kLastDate = 2'932'896;  // 9999-12-31

// What reads as a number. Blanks around it do not matter.
constexpr const char* kWholePattern = R"(\A\s*([+-]?[0-9]+)\s*\z)";
constexpr const char* kRealPattern =
    R"(\A\s*([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?)\s*\z)";

bool is_literal(const Expression& expression) {
  return expression && (expression->op == Op::literal);
}

/// The arguments of an AND or OR, those of the same operation inside opened up, in order.
std::vector<Expression> flattened(const Node& node) {
  std::vector<Expression> flat;
  std::vector<Expression> waiting(node.arguments.rbegin(), node.arguments.rend());
  while (!waiting.empty()) {
    Expression one = std::move(waiting.back());
    waiting.pop_back();
    if (one && one->op == node.op) {
      waiting.insert(waiting.end(), one->arguments.rbegin(), one->arguments.rend());
    } else {
      flat.push_back(std::move(one));
    }
  }
  return flat;
}

}  // namespace

Result<std::string> Writer::expression(const Expression& expression) {
  std::string written = text(expression, Binding::either);
  if (error_) return tl::unexpected(std::move(*error_));
  return written;
}

std::string Writer::name(std::string_view word) {
  Result<std::string> written = dialect_.name_text(word);
  if (written) return *std::move(written);
  if (!error_) error_ = std::move(written.error());
  return "?";
}

std::string Writer::quoted(std::string_view text) {
  Result<std::string> written = dialect_.string_text(text);
  if (written) return *std::move(written);
  if (!error_) error_ = std::move(written.error());
  return "?";
}

void Writer::refuse(ErrorCode code, std::string problem, std::string where, std::string fix) {
  if (!error_) error_ = Error{code, std::move(problem), std::move(where), std::move(fix), {}};
}

std::string Writer::line() const {
  return "\n" + std::string(static_cast<std::size_t>(2 * indent_), ' ');
}

std::string Writer::filled(const std::vector<std::string>& parts) const {
  std::string text;
  std::size_t width = 0;
  for (const std::string& part : parts) {
    if (!text.empty()) {
      text += ',';
      const bool full = width + part.size() > kLineWidth;
      text += full ? line() : " ";
      if (full) width = 0;
    }
    text += part;
    width += part.size() + 2;
  }
  return text;
}

std::string Writer::text(const Expression& expression, Binding outer) {
  if (!expression) {
    refuse(ErrorCode::internal, "a query plan has an empty expression");
    return "?";
  }
  if (depth_ >= kDeepest) {
    refuse(ErrorCode::invalid_spec,
           fmt::format("an expression is nested more than {} deep", kDeepest), {},
           "write it in fewer levels");
    return "?";
  }
  ++depth_;
  Binding binding = Binding::unit;
  std::string written = write(*expression, binding);
  --depth_;
  return binding < outer ? "(" + written + ")" : written;
}

std::string Writer::write(const Node& node, Binding& binding) {
  switch (node.op) {
    case Op::column:
      return column(node);
    case Op::literal:
      return literal(node);
    case Op::date:
      return date(std::get<std::int64_t>(node.literal));
    case Op::missing:
      return missing(node.type);
    case Op::add:
    case Op::subtract:
      binding = Binding::sum;
      return sum(node, node.op == Op::add ? " + " : " - ");
    case Op::multiply:
      binding = Binding::product;
      return text(node.arguments[0], Binding::product) + " * " +
             text(node.arguments[1], Binding::unit);
    case Op::divide:
      binding = Binding::product;
      return fmt::format("{} / NULLIF({}, {})", real_operand(node.arguments[0], Binding::product),
                         real_operand(node.arguments[1], Binding::either), real(0));
    case Op::floor_divide:
      binding = Binding::sum;
      return floor_divide(node);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_or_equal:
    case Op::greater:
    case Op::greater_or_equal:
      binding = Binding::compare;
      return compare(node, node.op == Op::equal           ? " = "
                           : node.op == Op::not_equal     ? " <> "
                           : node.op == Op::less          ? " < "
                           : node.op == Op::less_or_equal ? " <= "
                           : node.op == Op::greater       ? " > "
                                                          : " >= ");
    case Op::both:
    case Op::either:
      binding = node.op == Op::both ? Binding::both : Binding::either;
      return logic(node);
    default:
      return write_more(node, binding);
  }
}

std::string Writer::write_more(const Node& node, Binding& binding) {
  switch (node.op) {
    case Op::negate:
      if (node.arguments[0] && node.arguments[0]->op == Op::is_missing) {
        binding = Binding::compare;
        return text(node.arguments[0]->arguments[0], Binding::sum) + " IS NOT NULL";
      }
      binding = Binding::negate;
      return "NOT " + text(node.arguments[0], Binding::unit);
    case Op::is_missing:
      binding = Binding::compare;
      return text(node.arguments[0], Binding::sum) + " IS NULL";
    case Op::one_of:
      return one_of(node, binding);
    case Op::first_known:
      return "COALESCE(" + filled(units(node.arguments)) + ")";
    case Op::when:
      return cases(node);
    case Op::cast:
      return cast_node(node);
    case Op::least:
    case Op::greatest:
      return node.arguments.size() == 1 ? text(node.arguments[0], Binding::unit)
                                        : extreme(node.op, units(node.arguments));
    case Op::finite:
      return finite(text(node.arguments[0], Binding::unit));
    case Op::time_us:
      return time_us(text(node.arguments[0], Binding::unit));
    case Op::date_day:
      return date_day(text(node.arguments[0], Binding::unit));
    case Op::previous:
    case Op::next:
      return neighbour_node(node);
    default:
      return aggregate_node(node);
  }
}

std::string Writer::column(const Node& node) {
  const bool shadowed = node.table.empty() && shadowed_.count(lower_case(node.name)) > 0;
  const std::string& input = shadowed ? only_input_ : node.table;
  return input.empty() ? name(node.name) : name(input) + "." + name(node.name);
}

std::string Writer::date(std::int64_t day) {
  if (day < kFirstDate || day > kLastDate) {
    refuse(ErrorCode::invalid_spec,
           fmt::format("a date outside of the years 1 to 9999: day {}", day), {},
           "ask for days that a calendar has");
    return "?";
  }
  return date_literal(day_text(static_cast<Day>(day)));
}

std::string Writer::date_literal(const std::string& date) const { return "DATE '" + date + "'"; }

std::string Writer::literal(const Node& node) {
  if (const auto* truth = std::get_if<bool>(&node.literal)) return *truth ? "TRUE" : "FALSE";
  if (const auto* text = std::get_if<std::string>(&node.literal)) return quoted(*text);
  if (const auto* number = std::get_if<std::int64_t>(&node.literal)) return integer(*number);
  const double number = std::get<double>(node.literal);
  if (!std::isfinite(number)) {
    refuse(ErrorCode::internal, "a query plan holds a number that is not finite");
    return "?";
  }
  return real(number);
}

/// A side of a comparison: whole numbers there need no type, as nothing is computed with them.
std::string Writer::operand(const Expression& expression, Binding outer) {
  if (is_literal(expression)) {
    const auto* number = std::get_if<std::int64_t>(&expression->literal);
    if (number != nullptr && *number >= 0 && *number <= std::numeric_limits<std::int32_t>::max())
      return fmt::format("{}", *number);
  }
  return text(expression, outer);
}

std::string Writer::sum(const Node& node, std::string_view sign) {
  std::string left = text(node.arguments[0], Binding::sum);
  std::string right = text(node.arguments[1], Binding::product);
  return left + std::string(sign) + right;
}

std::string Writer::compare(const Node& node, std::string_view sign) {
  std::string left = operand(node.arguments[0], Binding::sum);
  return left + std::string(sign) + operand(node.arguments[1], Binding::sum);
}

std::string Writer::logic(const Node& node) {
  const bool all = node.op == Op::both;
  const std::string_view word = all ? "AND " : "OR ";
  ++indent_;
  std::vector<std::string> parts;
  for (const Expression& one : flattened(node))
    parts.push_back(text(one, all ? Binding::negate : Binding::both));
  // Engines read a chain as one operation in another, and some run out of stack over it.
  while (parts.size() > kLongestChain) {
    std::vector<std::string> groups;
    for (std::size_t i = 0; i < parts.size(); i += kLongestChain) {
      const auto begin = parts.begin() + static_cast<std::ptrdiff_t>(i);
      const std::size_t length = std::min(kLongestChain, parts.size() - i);
      groups.push_back("(" + chain({begin, begin + static_cast<std::ptrdiff_t>(length)}, word) +
                       ")");
    }
    parts = std::move(groups);
  }
  std::string written = chain(parts, word);
  --indent_;
  return written;
}

std::string Writer::chain(const std::vector<std::string>& parts, std::string_view word) const {
  std::size_t width = 0;
  bool broken = false;
  for (const std::string& part : parts) {
    width += part.size() + word.size() + 1;
    broken = broken || part.find('\n') != std::string::npos;
  }
  broken = broken || width > kLineWidth;
  std::string written;
  for (const std::string& part : parts) {
    if (!written.empty()) written += (broken ? line() : " ") + std::string(word);
    written += part;
  }
  return written;
}

std::string Writer::one_of(const Node& node, Binding& binding) {
  if (node.arguments.size() == 1) return "FALSE";
  std::vector<std::string> values;
  std::vector<Expression> alternatives;
  bool constant = true;
  ++indent_;
  for (std::size_t i = 1; i < node.arguments.size(); ++i) {
    const Expression& one = node.arguments[i];
    constant = constant && is_literal(one);
    values.push_back(operand(one, Binding::either));
    alternatives.push_back(assay::sql::compare(Op::equal, node.arguments[0], one));
  }
  std::string written;
  if (constant) {
    binding = Binding::compare;
    written = text(node.arguments[0], Binding::sum) + " IN (" + filled(values) + ")";
  } else {
    written = text(either(std::move(alternatives)), Binding::unit);
  }
  --indent_;
  return written;
}

std::string Writer::cases(const Node& node) {
  ++indent_;
  std::vector<std::string> parts;
  std::size_t width = 0;
  for (std::size_t i = 0; i + 1 < node.arguments.size(); i += 2) {
    std::string condition = text(node.arguments[i], Binding::either);
    parts.push_back("WHEN " + condition + " THEN " + text(node.arguments[i + 1], Binding::either));
  }
  parts.push_back("ELSE " + text(node.arguments.back(), Binding::either));
  bool broken = false;
  for (const std::string& part : parts) {
    width += part.size() + 1;
    broken = broken || part.find('\n') != std::string::npos;
  }
  broken = broken || width > kLineWidth;
  std::string written = "CASE";
  for (const std::string& part : parts) written += (broken ? line() : " ") + part;
  --indent_;
  return parts.size() == 1 ? text(node.arguments.back(), Binding::unit)
                           : written + (broken ? line() : " ") + "END";
}

std::string Writer::cast_node(const Node& node) {
  const std::optional<Type> from = types_.of(node.arguments[0]);
  const std::string x = text(node.arguments[0], Binding::either);
  if (from == node.type) return text(node.arguments[0], Binding::unit);
  if (from == Type::text && node.type == Type::int64)
    return try_cast(first_group(x, quoted(kWholePattern)), Type::int64);
  if (from == Type::text && node.type == Type::float64)
    return finite(try_cast(first_group(x, quoted(kRealPattern)), Type::float64));
  if (from == Type::text && node.type == Type::boolean) {  // The words of DuckDB.
    return fmt::format(
        "CASE WHEN LOWER({0}) IN ('true', 't', 'yes', 'y', '1') THEN TRUE "
        "WHEN LOWER({0}) IN ('false', 'f', 'no', 'n', '0') THEN FALSE END",
        x);
  }
  return cast(x, from, node.type);
}

std::string Writer::floor_divide(const Node& node) {
  const Expression& divisor = node.arguments[1];
  const auto* number = is_literal(divisor) ? std::get_if<std::int64_t>(&divisor->literal) : nullptr;
  if (number == nullptr || *number <= 0) {
    refuse(ErrorCode::internal, "a query plan divides by what is not a positive literal");
    return "?";
  }
  const std::string x = text(node.arguments[0], Binding::unit);
  return fmt::format("{} - CASE WHEN {} % {} < 0 THEN 1 ELSE 0 END", quotient(x, *number), x,
                     *number);
}

std::vector<std::string> Writer::units(const std::vector<Expression>& expressions) {
  std::vector<std::string> written;
  for (const Expression& one : expressions) written.push_back(text(one, Binding::either));
  return written;
}

std::string Writer::real_operand(const Expression& expression, Binding outer) {
  const std::optional<Type> type = types_.of(expression);
  if (type == Type::float64) return text(expression, outer);
  return text(assay::sql::cast(expression, Type::float64), outer);
}

std::string Writer::finite(const std::string& x) const {
  const std::string most = real(std::numeric_limits<double>::max());
  const bool broken = 2 * x.size() > kLineWidth / 2;
  const std::string step = broken ? line() + "  " : " ";
  return fmt::format("CASE{0}WHEN ABS({1}) <= {2}{0}THEN {1}{3}END", step, x, most,
                     broken ? line() : " ");
}

// ---------------------------------------------------------------------------------------------
// What most engines share.

std::string Writer::type_name(Type type) const {
  switch (type) {
    case Type::boolean:
      return "BOOLEAN";
    case Type::int64:
      return "BIGINT";
    case Type::float64:
      return "DOUBLE";
    case Type::text:
      return "VARCHAR";
  }
  return "";
}

std::string Writer::real(double number) const {
  std::string digits = fmt::format("{}", std::abs(number));  // The shortest that reads back.
  if (digits.find('e') == std::string::npos) digits += "e0";
  return std::signbit(number) ? "(-" + digits + ")" : digits;
}

std::string Writer::missing(Type type) const { return "CAST(NULL AS " + type_name(type) + ")"; }

std::string Writer::cast(const std::string& x, std::optional<Type> from, Type to) const {
  if (!from && to != Type::text) return try_cast(x, to);
  return fmt::format("CAST({} AS {})", x, type_name(to));
}

std::string Writer::try_cast(const std::string& x, Type to) const {
  return fmt::format("TRY_CAST({} AS {})", x, type_name(to));
}

std::string Writer::extreme(Op op, const std::vector<std::string>& values) const {
  return (op == Op::least ? "LEAST(" : "GREATEST(") + filled(values) + ")";
}

std::string Writer::key(const std::vector<std::string>& parts) const {
  return parts.size() == 1 ? parts.front() : "ROW(" + filled(parts) + ")";
}

std::string Writer::output(const std::string& x, std::optional<Type>) const { return x; }

}  // namespace assay::sql
