#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "assay/sql/plan.hpp"

namespace assay::sql {

/// Types of expressions, as far as a plan tells them: columns of tables have none, columns of
/// steps have those of the outputs behind them.
class Types {
 public:
  /// Sets the inputs that columns are looked up in.
  void enter(const Select& select);
  /// Keeps the types of a step's outputs for those who read it. Enters its selects.
  void learn(const Step& step);
  std::optional<Type> of(const Expression& expression);

 private:
  using Columns = std::unordered_map<std::string, std::optional<Type>>;

  std::optional<Type> infer(const Node& node);
  std::optional<Type> column(const Node& node) const;
  std::optional<Type> agreed(const std::vector<Expression>& values);

  std::unordered_map<std::string, Columns> steps_;
  std::unordered_map<std::string, const Columns*> inputs_;  ///< By alias.
  std::unordered_map<const Node*, std::optional<Type>> known_;
};

}  // namespace assay::sql
