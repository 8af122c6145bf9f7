#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "assay/sql/detail/quoting.hpp"
#include "assay/sql/detail/writer.hpp"

namespace assay::sql {
namespace {

bool is_column(const Expression& expression) { return expression && expression->op == Op::column; }

/// Visits every input of a plan.
template <class Visit>
void for_each_input(const Plan& plan, const Visit& visit) {
  for (const Step& step : plan.steps) {
    for (const Select& select : step.selects)
      for (const Input& input : select.from) visit(input);
  }
  for (const Select& select : plan.result)
    for (const Input& input : select.from) visit(input);
}

}  // namespace

Result<std::string> Writer::statement(const Plan& plan, std::string_view comment) {
  check(plan);
  if (error_) return tl::unexpected(std::move(*error_));
  name_steps(plan);
  std::string written = comment.empty() ? std::string() : comment_line(comment);
  for (const Step& step : plan.steps) {
    written += &step == &plan.steps.front() ? "WITH " : ",\n";
    written += name(step_names_[step.name]) + " AS (";
    ++indent_;
    written += line() + selects(step.selects);
    --indent_;
    written += line() + ")";
    types_.learn(step);
  }
  if (!plan.steps.empty()) written += '\n';
  written += result(plan) + settings();
  if (error_) return tl::unexpected(std::move(*error_));
  return written;
}

/// A mistake of ours in a plan must not reach an engine as odd SQL.
void Writer::check(const Plan& plan) {
  std::set<std::string> made;
  for (const Step& step : plan.steps) {
    check(step.selects, step.name);
    for (const Select& select : step.selects) {
      for (const Input& input : select.from) {
        if (!input.table && made.count(input.step) == 0) {
          refuse(ErrorCode::internal,
                 fmt::format("a query plan reads the step '{}' before it is made", input.step));
        }
      }
    }
    if (!made.insert(step.name).second)
      refuse(ErrorCode::internal, fmt::format("a query plan makes the step '{}' twice", step.name));
  }
  check(plan.result, "result");
  for_each_input(plan, [&](const Input& input) {
    if (!input.table && made.count(input.step) == 0) {
      refuse(ErrorCode::internal,
             fmt::format("a query plan reads the step '{}', which it has not", input.step));
    }
  });
}

void Writer::check(const std::vector<Select>& all, const std::string& step) {
  if (all.empty()) refuse(ErrorCode::internal, "a query plan has a step without a select", step);
  for (const Select& select : all) {
    std::set<std::string> names;
    for (const Output& output : select.outputs) {
      if (!names.insert(lower_case(output.name)).second) {
        refuse(ErrorCode::internal,
               fmt::format("a query plan gives two columns the name '{}'", output.name), step);
      }
    }
    if (select.outputs.empty())
      refuse(ErrorCode::internal, "a query plan selects no columns", step);
    if (select.outputs.size() != all.front().outputs.size())
      refuse(ErrorCode::internal, "a query plan unites selects of unequal columns", step);
  }
}

/// Steps keep their names, unless a table without a schema has the same: engines do not agree
/// which of the two is read then.
void Writer::name_steps(const Plan& plan) {
  std::set<std::string> taken;
  for_each_input(plan, [&](const Input& input) {
    if (input.table && input.table->schema.empty()) taken.insert(lower_case(input.table->table));
  });
  for (const Step& step : plan.steps) {
    std::string word = step.name;
    while (!taken.insert(lower_case(word)).second) word += "_step";
    step_names_[step.name] = word;
  }
}

std::string Writer::selects(const std::vector<Select>& all) {
  std::string written;
  for (const Select& one : all) {
    if (!written.empty()) written += line() + "UNION ALL" + line();
    written += select(one);
  }
  return written;
}

/// Columns of the one input of a select whose names its outputs take for something else are
/// written with the input, since engines do not agree which of the two a name means.
void Writer::enter(const Select& select) {
  types_.enter(select);
  shadowed_.clear();
  only_input_.clear();
  if (select.from.size() != 1) return;
  only_input_ = alias_of(select.from.front());
  for (const Output& output : select.outputs) {
    if (!is_column(output.value) || output.value->name != output.name)
      shadowed_.insert(lower_case(output.name));
  }
}

std::string Writer::select(const Select& select) {
  enter(select);
  std::string written = select.distinct ? "SELECT DISTINCT" : "SELECT";
  ++indent_;
  for (const Output& one : select.outputs) {
    if (&one != &select.outputs.front()) written += ',';
    const std::string value = text(one.value, Binding::either);
    written += line() + output(value, types_.of(one.value)) + " AS " + name(one.name);
  }
  --indent_;
  for (const Input& one : select.from) written += input(one, &one == &select.from.front());
  written += clause("WHERE ", select.where);
  written += grouping(select);
  return written + clause("HAVING ", select.having);
}

std::string Writer::input(const Input& input, bool first) {
  std::string written = line();
  if (first) {
    written += "FROM ";
  } else {
    written += input.join == JoinKind::inner  ? "INNER JOIN "
               : input.join == JoinKind::left ? "LEFT JOIN "
                                              : "CROSS JOIN ";
  }
  written += input.table ? table_name(*input.table) : name(step_names_[input.step]);
  written += " AS " + name(alias_of(input));
  if (first || input.join == JoinKind::cross) return written;
  if (!input.on) {
    refuse(ErrorCode::internal, "a query plan joins without saying by what", alias_of(input));
    return written;
  }
  ++indent_;
  written += line() + "ON " + text(input.on, Binding::either);
  --indent_;
  return written;
}

std::string Writer::clause(std::string_view word, const Expression& condition) {
  if (!condition) return {};
  return line() + std::string(word) + text(condition, Binding::either);
}

/// Columns by name, a longer expression by the position of the output that it is.
std::string Writer::grouping(const Select& select) {
  if (select.group_by.empty()) return {};
  std::vector<std::string> keys;
  for (const Expression& one : select.group_by) {
    const auto same = std::find_if(select.outputs.begin(), select.outputs.end(),
                                   [&](const Output& output) { return output.value == one; });
    const bool plain = is_column(one) || (one && one->op == Op::literal);
    if (plain || same == select.outputs.end()) {
      keys.push_back(text(one, Binding::either));
    } else {
      keys.push_back(fmt::format("{}", same - select.outputs.begin() + 1));
    }
  }
  return line() + "GROUP BY " + filled(keys);
}

std::string Writer::result(const Plan& plan) {
  const bool columns = std::all_of(plan.order.begin(), plan.order.end(),
                                   [](const OrderKey& key) { return is_column(key.value); });
  const bool whole = plan.order.empty() && !plan.limit;
  const bool one = plan.result.size() == 1 && columns;
  std::string written;
  if (whole || one) {
    written = selects(plan.result);
  } else {
    written = "SELECT *\nFROM (";
    ++indent_;
    written += line() + selects(plan.result);
    --indent_;
    written += "\n) AS " + name("result");
  }
  if (!plan.order.empty()) written += "\nORDER BY " + result_order(plan, columns);
  if (plan.limit) written += fmt::format("\nLIMIT {}", *plan.limit);
  return written;
}

std::string Writer::result_order(const Plan& plan, bool by_position) {
  enter({});
  if (!by_position) return order_text(plan.order);
  std::vector<std::string> keys;
  const std::vector<Output>& outputs = plan.result.front().outputs;
  for (const OrderKey& one : plan.order) {
    const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const Output& output) {
      return output.name == one.value->name;
    });
    if (found == outputs.end()) {
      refuse(ErrorCode::internal, fmt::format("a query plan orders by '{}', which is no column "
                                              "of its result",
                                              one.value->name));
      continue;
    }
    keys.push_back(fmt::format("{} {}", found - outputs.begin() + 1,
                               one.descending ? "DESC NULLS LAST" : "ASC NULLS FIRST"));
  }
  return filled(keys);
}

std::string Writer::table_name(const TableName& table) {
  if (!table.catalog.empty() && table.schema.empty()) {
    refuse(ErrorCode::invalid_spec,
           fmt::format("a table has a catalog and no schema: {}", to_text(table)), {},
           "write catalog.schema.table");
  }
  std::string written;
  if (!table.catalog.empty()) written += name(table.catalog) + ".";
  if (!table.schema.empty()) written += name(table.schema) + ".";
  return written + name(table.table);
}

}  // namespace assay::sql
