#include <utility>
#include <variant>

#include "assay/distributed/event_table.hpp"

namespace assay::distributed {
namespace {

using frame::Comparison;
using frame::Literal;
using frame::Predicate;

sql::Op op_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return sql::Op::equal;
    case Comparison::not_equal:
      return sql::Op::not_equal;
    case Comparison::less:
      return sql::Op::less;
    case Comparison::less_or_equal:
      return sql::Op::less_or_equal;
    case Comparison::greater:
      return sql::Op::greater;
    case Comparison::greater_or_equal:
      return sql::Op::greater_or_equal;
  }
  return sql::Op::equal;
}

/// A column of `events` that a filter names. `checked` made sure that there is one.
struct NamedColumn {
  sql::Expression value;
  frame::Type type = frame::Type::text;
};

NamedColumn column_of(const std::string& word, const EventTable& table) {
  for (const engine::SourceProperty& property : table.spec.source.properties) {
    if (property.name == word) return {sql::column(property_name(table, word)), property.type};
  }
  return {sql::missing(sql::Type::text), frame::Type::text};
}

sql::Expression comparison_of(const NamedColumn& column, Comparison comparison,
                              const Literal& literal) {
  sql::Expression left = column.value;
  sql::Expression right;
  if (const auto* text = std::get_if<std::string>(&literal)) {
    right = sql::value(*text);
  } else if (const auto* real = std::get_if<double>(&literal)) {
    if (column.type == frame::Type::boolean) left = sql::cast(left, sql::Type::int64);
    if (column.type != frame::Type::float64) left = sql::cast(left, sql::Type::float64);
    right = sql::value(*real);
  } else {
    if (column.type == frame::Type::boolean) left = sql::cast(left, sql::Type::int64);
    const auto* truth = std::get_if<bool>(&literal);
    right = sql::value(truth != nullptr ? std::int64_t{*truth} : std::get<std::int64_t>(literal));
  }
  return sql::compare(op_of(comparison), std::move(left), std::move(right));
}

}  // namespace

sql::Expression condition(const Predicate& predicate, const EventTable& table) {
  std::vector<sql::Expression> parts;
  switch (predicate.kind) {
    case Predicate::Kind::compare:
      return comparison_of(column_of(predicate.column, table), predicate.comparison,
                           predicate.literals.front());
    case Predicate::Kind::in:
      for (const Literal& literal : predicate.literals) {
        parts.push_back(
            comparison_of(column_of(predicate.column, table), Comparison::equal, literal));
      }
      return sql::either(std::move(parts));
    case Predicate::Kind::is_null:
      return sql::is_missing(column_of(predicate.column, table).value);
    case Predicate::Kind::all:
    case Predicate::Kind::any:
      for (const Predicate& child : predicate.children) parts.push_back(condition(child, table));
      return predicate.kind == Predicate::Kind::all ? sql::both(std::move(parts))
                                                    : sql::either(std::move(parts));
    case Predicate::Kind::negate:
      return sql::negate(condition(predicate.children.front(), table));
  }
  return sql::truth(false);
}

sql::Expression condition(const engine::EventSelector& selector, const EventTable& table) {
  std::vector<sql::Expression> parts;
  if (!selector.names.empty()) {
    std::vector<sql::Expression> names;
    for (const std::string& name : selector.names) names.push_back(sql::value(name));
    parts.push_back(sql::one_of(sql::column("event"), std::move(names)));
  }
  if (selector.where) parts.push_back(condition(*selector.where, table));
  return sql::both(std::move(parts));
}

}  // namespace assay::distributed
