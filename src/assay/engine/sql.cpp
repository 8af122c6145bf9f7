#include "assay/engine/sql.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <variant>

namespace assay::engine {
namespace {

using frame::Comparison;
using frame::Literal;
using frame::Predicate;

/// A column of clean_sql that a filter names. `checked` made sure that there is one.
struct NamedColumn {
  std::string sql;
  frame::Type type;
};

NamedColumn column_of(const std::string& name, const Source& source) {
  const std::vector<std::string> columns = property_columns(source);
  for (std::size_t i = 0; i < source.properties.size(); ++i) {
    if (source.properties[i].name == name)
      return {quote_identifier(columns[i]), source.properties[i].type};
  }
  return {quote_identifier(name), frame::Type::text};
}

std::string comparison_sql(const NamedColumn& column, Comparison comparison,
                           const Literal& literal) {
  std::string left = column.sql;
  std::string right;
  if (const auto* text = std::get_if<std::string>(&literal)) {
    right = quote_text(*text);
  } else if (const auto* real = std::get_if<double>(&literal)) {
    if (column.type != frame::Type::float64) left = fmt::format("CAST({} AS DOUBLE)", left);
    right = double_sql(*real);
  } else {
    if (column.type == frame::Type::boolean) left = fmt::format("CAST({} AS BIGINT)", left);
    const auto* truth = std::get_if<bool>(&literal);
    right = truth != nullptr ? (*truth ? "1" : "0")
                             : fmt::format("{}", std::get<std::int64_t>(literal));
  }
  return fmt::format("{} {} {}", left, to_text(comparison), right);
}

std::string joined(const std::vector<std::string>& parts, std::string_view joint) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += joint;
    text += part;
  }
  return "(" + text + ")";
}

}  // namespace

std::string double_sql(double value) { return fmt::format("CAST('{}' AS DOUBLE)", value); }

std::string to_text(const Statement& statement) {
  std::string text;
  for (const Statement::Step& step : statement.with) {
    text += fmt::format("{}{} AS (\n  {}\n)", text.empty() ? "WITH " : ",\n", step.name, step.sql);
  }
  return text + (text.empty() ? "" : "\n") + statement.select;
}

std::string to_text(const Statement& statement, const Relation& relation) {
  Statement whole = statement;
  whole.with.insert(whole.with.begin(), {"events", clean_sql(relation)});
  return to_text(whole);
}

std::string to_sql(const Predicate& predicate, const Source& source) {
  std::vector<std::string> parts;
  switch (predicate.kind) {
    case Predicate::Kind::compare:
      return comparison_sql(column_of(predicate.column, source), predicate.comparison,
                            predicate.literals.front());
    case Predicate::Kind::in:
      for (const Literal& literal : predicate.literals) {
        parts.push_back(
            comparison_sql(column_of(predicate.column, source), Comparison::equal, literal));
      }
      return joined(parts, " OR ");
    case Predicate::Kind::is_null:
      return column_of(predicate.column, source).sql + " IS NULL";
    case Predicate::Kind::all:
    case Predicate::Kind::any:
      for (const Predicate& child : predicate.children) parts.push_back(to_sql(child, source));
      return joined(parts, predicate.kind == Predicate::Kind::all ? " AND " : " OR ");
    case Predicate::Kind::negate:
      return "(NOT " + to_sql(predicate.children.front(), source) + ")";
  }
  return {};
}

std::string to_sql(const EventSelector& selector, const Source& source) {
  std::vector<std::string> parts;
  if (!selector.names.empty()) {
    std::string names;
    for (const std::string& name : selector.names)
      names += (names.empty() ? "" : ", ") + quote_text(name);
    parts.push_back(fmt::format("event IN ({})", names));
  }
  if (selector.where) parts.push_back(to_sql(*selector.where, source));
  return parts.empty() ? "true" : joined(parts, " AND ");
}

std::string local_day_sql(const std::string& time_us, const TimeZone& timezone) {
  return fmt::format(
      "CAST(CAST(timezone({}, make_timestamptz({})) AS DATE) - DATE '1970-01-01' AS BIGINT)",
      quote_text(timezone.name()), time_us);
}

}  // namespace assay::engine
