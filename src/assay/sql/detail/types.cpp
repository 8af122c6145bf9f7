#include "assay/sql/detail/types.hpp"

#include <variant>

namespace assay::sql {

void Types::enter(const Select& select) {
  inputs_.clear();
  known_.clear();
  for (const Input& input : select.from) {
    if (input.table) continue;
    const auto found = steps_.find(input.step);
    if (found != steps_.end()) inputs_[alias_of(input)] = &found->second;
  }
}

void Types::learn(const Step& step) {
  Columns columns;
  for (const Select& select : step.selects) {
    enter(select);
    for (const Output& output : select.outputs) {
      const std::optional<Type> type = of(output.value);
      const auto [place, is_new] = columns.try_emplace(output.name, type);
      if (!is_new && place->second != type) place->second = std::nullopt;
    }
  }
  steps_[step.name] = std::move(columns);
}

std::optional<Type> Types::of(const Expression& expression) {
  if (!expression) return std::nullopt;
  const auto found = known_.find(expression.get());
  if (found != known_.end()) return found->second;
  const std::optional<Type> type = infer(*expression);
  known_.emplace(expression.get(), type);
  return type;
}

std::optional<Type> Types::column(const Node& node) const {
  std::optional<Type> type;
  for (const auto& [alias, columns] : inputs_) {
    if (!node.table.empty() && node.table != alias) continue;
    const auto found = columns->find(node.name);
    if (found == columns->end()) continue;
    if (type && type != found->second) return std::nullopt;
    type = found->second;
  }
  return type;
}

std::optional<Type> Types::agreed(const std::vector<Expression>& values) {
  std::optional<Type> type;
  for (const Expression& value : values) {
    const std::optional<Type> next = of(value);
    if (!next) return std::nullopt;
    const bool numbers = (type == Type::int64 && next == Type::float64) ||
                         (type == Type::float64 && next == Type::int64);
    if (numbers) {
      type = Type::float64;
    } else if (type && type != next) {
      return std::nullopt;
    } else {
      type = next;
    }
  }
  return type;
}

std::optional<Type> Types::infer(const Node& node) {
  switch (node.op) {
    case Op::column:
      return column(node);
    case Op::literal:
      if (std::holds_alternative<bool>(node.literal)) return Type::boolean;
      if (std::holds_alternative<std::int64_t>(node.literal)) return Type::int64;
      if (std::holds_alternative<double>(node.literal)) return Type::float64;
      return Type::text;
    case Op::missing:
    case Op::cast:
      return node.type;
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::first_known:
    case Op::least:
    case Op::greatest:
      return agreed(node.arguments);
    case Op::divide:
    case Op::finite:
    case Op::average:
    case Op::covariance:
      return Type::float64;
    case Op::floor_divide:
    case Op::time_us:
    case Op::date_day:
    case Op::count_rows:
    case Op::count:
    case Op::count_distinct:
    case Op::row_number:
      return Type::int64;
    case Op::when: {
      std::vector<Expression> values;
      for (std::size_t i = 1; i < node.arguments.size(); i += 2)
        values.push_back(node.arguments[i]);
      if (!node.arguments.empty()) values.push_back(node.arguments.back());
      return agreed(values);
    }
    case Op::sum:
    case Op::minimum:
    case Op::maximum:
    case Op::first_by:
    case Op::last_by:
    case Op::previous:
    case Op::next:
      return node.arguments.empty() ? std::nullopt : of(node.arguments.front());
    default:
      return Type::boolean;
  }
}

}  // namespace assay::sql
