#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "assay/sql/detail/types.hpp"
#include "assay/sql/dialect.hpp"

/// How a plan becomes text. The base class writes what the engines share, in the words of DuckDB
/// and Trino; a dialect overrides the small pieces under "What dialects change".
namespace assay::sql {

class Writer {
 public:
  explicit Writer(const Dialect& dialect) : dialect_(dialect) {}
  virtual ~Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Call one of the two, once.
  Result<std::string> statement(const Plan& plan, std::string_view comment);
  Result<std::string> expression(const Expression& expression);

 protected:
  /// An aggregate or window function, its parts written already.
  struct Call {
    Op op = Op::count_rows;
    std::vector<std::string> arguments;
    std::optional<Type> type;  ///< Of the first argument, where it is known.
    std::string tail;          ///< "", " FILTER (WHERE ...)" or " OVER (...)".
  };

  // ---- What dialects change. Texts that come in bind as tightly as a name or a call, except
  // where a function takes them as an argument anyway.
  [[nodiscard]] virtual std::string type_name(Type type) const;
  /// A whole number as an int64, where the engine would take a smaller type for it.
  [[nodiscard]] virtual std::string integer(std::int64_t number) const = 0;
  [[nodiscard]] virtual std::string real(double number) const;
  [[nodiscard]] virtual std::string missing(Type type) const;
  /// Integer division that cuts towards zero.
  [[nodiscard]] virtual std::string quotient(const std::string& x, std::int64_t divisor) const = 0;
  /// From a type that is known, or not; text goes through number_in_text first.
  [[nodiscard]] virtual std::string cast(const std::string& x, std::optional<Type> from,
                                         Type to) const;
  /// CAST that gives a missing value where it cannot.
  [[nodiscard]] virtual std::string try_cast(const std::string& x, Type to) const;
  /// What the group of a regular expression, quoted already, holds; NULL or empty without a match.
  [[nodiscard]] virtual std::string first_group(const std::string& x,
                                                const std::string& pattern) const = 0;
  [[nodiscard]] virtual std::string extreme(Op op, const std::vector<std::string>& values) const;
  [[nodiscard]] virtual std::string time_us(const std::string& x) const = 0;
  [[nodiscard]] virtual std::string date_day(const std::string& x) const = 0;
  /// A date of the years 1 to 9999, written 2026-05-04.
  [[nodiscard]] virtual std::string date_literal(const std::string& date) const;
  [[nodiscard]] virtual std::string aggregate(const Call& call) const;
  /// LAG and LEAD; the window as it stands between OVER's parentheses.
  [[nodiscard]] virtual std::string neighbour(Op op, const std::string& x,
                                              const std::string& window) const;
  /// Several sort keys as one value.
  [[nodiscard]] virtual std::string key(const std::vector<std::string>& parts) const;
  /// True where an aggregate of several keys can be told by a missing key to leave a row out.
  [[nodiscard]] virtual bool keys_may_be_missing() const { return true; }
  /// A table, quoted. Refuses one with more levels than the engine knows.
  [[nodiscard]] virtual std::string table_name(const TableName& table);
  /// A value as it leaves a select.
  [[nodiscard]] virtual std::string output(const std::string& x, std::optional<Type> type) const;
  /// What stands after the whole statement.
  [[nodiscard]] virtual std::string settings() const { return {}; }

  /// Quotes by the dialect; what it cannot quote makes the whole statement fail.
  std::string name(std::string_view word);
  std::string quoted(std::string_view text);
  /// "a, b, c", filling lines.
  [[nodiscard]] std::string filled(const std::vector<std::string>& parts) const;
  /// Keeps the first error of the statement.
  void refuse(ErrorCode code, std::string problem, std::string where = {}, std::string fix = {});

 private:
  /// How tightly the outermost operation of a text binds.
  enum class Binding : std::uint8_t { either, both, negate, compare, sum, product, unit };

  std::string text(const Expression& expression, Binding outer);
  std::string write(const Node& node, Binding& binding);
  std::string write_more(const Node& node, Binding& binding);
  std::string column(const Node& node);
  std::string literal(const Node& node);
  std::string date(std::int64_t day);
  std::string operand(const Expression& expression, Binding outer);
  std::string sum(const Node& node, std::string_view sign);
  std::string compare(const Node& node, std::string_view sign);
  std::string logic(const Node& node);
  [[nodiscard]] std::string chain(const std::vector<std::string>& parts,
                                  std::string_view word) const;
  std::string one_of(const Node& node, Binding& binding);
  std::string cases(const Node& node);
  std::string cast_node(const Node& node);
  std::string floor_divide(const Node& node);
  std::vector<std::string> units(const std::vector<Expression>& expressions);
  std::string real_operand(const Expression& expression, Binding outer);
  std::string finite(const std::string& x) const;

  std::string aggregate_node(const Node& node);
  std::vector<std::string> call_arguments(const Node& node, const std::string& filter);
  std::string call_tail(const Node& node, const std::string& filter);
  std::string neighbour_node(const Node& node);
  std::string window_text(const Window& window, bool framed);
  std::string order_text(const std::vector<OrderKey>& order);

  void enter(const Select& select);
  std::string select(const Select& select);
  std::string input(const Input& input, bool first);
  std::string grouping(const Select& select);
  std::string clause(std::string_view word, const Expression& condition);
  std::string selects(const std::vector<Select>& all);
  std::string result(const Plan& plan);
  std::string result_order(const Plan& plan, bool by_position);
  void name_steps(const Plan& plan);
  void check(const Plan& plan);
  void check(const std::vector<Select>& all, const std::string& step);

  [[nodiscard]] std::string line() const;

  const Dialect& dialect_;
  std::optional<Error> error_;
  std::unordered_map<std::string, std::string> step_names_;
  Types types_;
  std::unordered_set<std::string> shadowed_;
  std::string only_input_;
  int indent_ = 0;
  int depth_ = 0;
};

}  // namespace assay::sql
