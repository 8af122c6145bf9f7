#include "assay/sql/plan.hpp"

#include <algorithm>
#include <utility>

namespace assay::sql {
namespace {

using StepColumns = std::vector<std::pair<std::string, std::vector<std::string>>>;

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

bool same(const TableName& a, const TableName& b) {
  return a.catalog == b.catalog && a.schema == b.schema && a.table == b.table;
}

void collect_columns(const Expression& root, std::vector<const Node*>& columns) {
  std::vector<const Node*> waiting;
  const auto push = [&](const Expression& one) {
    if (one) waiting.push_back(one.get());
  };
  push(root);
  while (!waiting.empty()) {
    const Node* node = waiting.back();
    waiting.pop_back();
    if (node->op == Op::column) columns.push_back(node);
    // The last pushed is looked at first.
    if (node->window) {
      for (auto key = node->window->order.rbegin(); key != node->window->order.rend(); ++key)
        push(key->value);
      const auto& parts = node->window->partition;
      for (auto part = parts.rbegin(); part != parts.rend(); ++part) push(*part);
    }
    push(node->filter);
    for (auto one = node->arguments.rbegin(); one != node->arguments.rend(); ++one) push(*one);
  }
}

std::vector<const Node*> columns_of(const Select& select) {
  std::vector<const Node*> columns;
  for (const Output& output : select.outputs) collect_columns(output.value, columns);
  for (const Input& input : select.from) collect_columns(input.on, columns);
  collect_columns(select.where, columns);
  for (const Expression& key : select.group_by) collect_columns(key, columns);
  collect_columns(select.having, columns);
  return columns;
}

bool step_has(const StepColumns& steps, const std::string& step, const std::string& column) {
  for (const auto& [name, columns] : steps) {
    if (name == step) return std::find(columns.begin(), columns.end(), column) != columns.end();
  }
  return false;
}

/// True when a column without the name of its input belongs to a step of the select.
bool read_from_step(const Select& select, const Node& column, const StepColumns& steps) {
  return std::any_of(select.from.begin(), select.from.end(), [&](const Input& input) {
    return !input.table && step_has(steps, input.step, column.name);
  });
}

void collect_tables(const Select& select, const StepColumns& steps, std::vector<TableUse>& uses) {
  for (const Input& input : select.from) {
    if (!input.table) continue;
    const auto found = std::find_if(uses.begin(), uses.end(), [&](const TableUse& use) {
      return same(use.table, *input.table);
    });
    if (found == uses.end()) uses.push_back({*input.table, {}});
  }
  for (const Node* column : columns_of(select)) {
    if (column->table.empty() && read_from_step(select, *column, steps)) continue;
    for (const Input& input : select.from) {
      if (!input.table || (!column->table.empty() && column->table != alias_of(input))) continue;
      const auto use = std::find_if(uses.begin(), uses.end(), [&](const TableUse& one) {
        return same(one.table, *input.table);
      });
      add_once(use->columns, column->name);
    }
  }
}

}  // namespace

const std::string& alias_of(const Input& input) {
  if (!input.alias.empty()) return input.alias;
  return input.table ? input.table->table : input.step;
}

std::string to_text(const TableName& name) {
  std::string text;
  for (const std::string* part : {&name.catalog, &name.schema, &name.table}) {
    if (part->empty()) continue;
    if (!text.empty()) text += '.';
    text += *part;
  }
  return text;
}

Input Plan::add(std::string name, Select select) {
  Input input;
  input.step = name;
  Step step;
  step.name = std::move(name);
  step.selects.push_back(std::move(select));
  steps.push_back(std::move(step));
  return input;
}

std::vector<TableUse> tables_of(const Plan& plan) {
  std::vector<TableUse> uses;
  StepColumns steps;
  for (const Step& step : plan.steps) {
    std::vector<std::string> columns;
    for (const Select& select : step.selects) {
      collect_tables(select, steps, uses);
      for (const Output& output : select.outputs) add_once(columns, output.name);
    }
    steps.emplace_back(step.name, std::move(columns));
  }
  for (const Select& select : plan.result) collect_tables(select, steps, uses);
  return uses;
}

}  // namespace assay::sql
