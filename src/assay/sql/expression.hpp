#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// Expressions of a dialect-neutral query plan. They say what is meant; a Dialect says how an
/// engine writes it. Words from outside appear only as names and literals, which a dialect quotes.
namespace assay::sql {

/// Types that expressions are cast to. `decimal` of an engine is always cast to float64.
enum class Type : std::uint8_t { boolean, int64, float64, text };

/// What an operation means, the same in every dialect. A missing value in gives a missing value
/// out unless said otherwise.
enum class Op : std::uint8_t {
  column,   ///< `table`.`name`, or `name` when table is empty.
  literal,  ///< Node::literal.
  date,     ///< A date between the years 1 and 9999: Node::literal is its day since 1970-01-01.
  missing,  ///< NULL of Node::type.
  add,      ///< Both sides of one type: int64 or float64. No dialect's overflow is caught here.
  subtract,
  multiply,
  divide,        ///< Of two float64; x / 0 is missing.
  floor_divide,  ///< Of two int64, rounded down (-1 / 2 = -1); the divisor is a positive literal.
  equal,
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  both,
  either,       ///< AND, OR of all arguments, by the three-valued rules of SQL.
  negate,       ///< NOT.
  is_missing,   ///< IS NULL; never missing.
  one_of,       ///< The first argument equals one of the others.
  first_known,  ///< COALESCE.
  when,         ///< condition, value, condition, value, ..., otherwise (always given).
  cast,         ///< To Node::type. Text to a number: missing when it does not read as one.
                ///< float64 to int64: assumes a whole number. boolean to int64: 0 and 1.
  least,
  greatest,  ///< Ignoring missing arguments; missing only when all are.
  finite,    ///< The float64 itself; missing when it is not a finite number.
  time_us,   ///< Microseconds UTC of an instant column, or of a wall-clock column read as UTC.
  date_day,  ///< Days since 1970-01-01 of a date column.
  // Aggregates: over the rows that pass Node::filter, skipping missing arguments.
  count_rows,      ///< Number of rows; never missing.
  count,           ///< Rows with a value; never missing.
  count_distinct,  ///< Distinct values; never missing.
  sum,
  average,  ///< sum of int64 is int64, of float64 float64; missing without a value.
  minimum,
  maximum,
  any,         ///< True when the boolean is true in some row; false without rows; never missing.
  first_by,    ///< First argument of the row that is smallest by the others, compared in order,
  last_by,     ///< or largest. Assumes that no argument is missing in the rows let in.
  covariance,  ///< Population covariance by an algorithm that centres (never raw power sums).
  // Window functions besides the aggregates above.
  row_number,
  previous,  ///< LAG by one row; missing on the first.
  next       ///< LEAD by one row; missing on the last.
};

using Literal = std::variant<bool, std::int64_t, double, std::string>;

struct Node;
/// Immutable and shared. An empty pointer is no expression.
using Expression = std::shared_ptr<const Node>;

struct OrderKey {
  Expression value;
  bool descending = false;  ///< Missing values come first when ascending, last when descending.
};

/// OVER (...). With an order and an aggregate, the frame is rows from the first of the partition
/// to the current one, or to the one before it.
struct Window {
  std::vector<Expression> partition;
  std::vector<OrderKey> order;
  bool before_current = false;  ///< Leaves the current row out.
};

struct Node {
  Op op = Op::missing;
  std::vector<Expression> arguments;
  std::string table;  ///< column: alias of an input; may be empty.
  std::string name;   ///< column.
  Literal literal = false;
  Type type = Type::int64;  ///< cast, missing.
  Expression filter;        ///< Aggregates.
  std::optional<Window> window;
};

// ---------------------------------------------------------------------------------------------
// Building expressions. Names follow Op.

Expression column(std::string name);
Expression column(std::string table, std::string name);
Expression value(std::int64_t number);
Expression value(double number);  ///< Assumes a finite number.
Expression value(std::string text);
Expression truth(bool literal);
Expression date(std::int64_t day);  ///< To be compared with date columns.
Expression missing(Type type);

Expression add(Expression a, Expression b);
Expression subtract(Expression a, Expression b);
Expression multiply(Expression a, Expression b);
Expression divide(Expression a, Expression b);
Expression floor_divide(Expression a, std::int64_t divisor);
Expression compare(Op op, Expression a, Expression b);
Expression both(std::vector<Expression> all);    ///< None: true.
Expression either(std::vector<Expression> any);  ///< None: false.
Expression negate(Expression a);
Expression is_missing(Expression a);
Expression is_known(Expression a);
Expression one_of(Expression a, std::vector<Expression> values);
Expression first_known(std::vector<Expression> values);

struct Case {
  Expression condition;
  Expression value;
};
Expression when(std::vector<Case> cases, Expression otherwise);
Expression cast(Expression a, Type type);
Expression least(std::vector<Expression> values);
Expression greatest(std::vector<Expression> values);
Expression finite(Expression a);
Expression time_us(Expression a);
Expression date_day(Expression a);
/// False where the condition is missing.
Expression certainly(Expression condition);

Expression count_rows(Expression filter = nullptr);
/// Any aggregate of one argument: count, count_distinct, sum, average, minimum, maximum, any.
Expression aggregate(Op op, Expression a, Expression filter = nullptr);
Expression covariance(Expression a, Expression b, Expression filter = nullptr);
Expression first_by(Expression a, std::vector<Expression> keys, Expression filter = nullptr);
Expression last_by(Expression a, std::vector<Expression> keys, Expression filter = nullptr);
Expression row_number(Window window);
Expression previous(Expression a, Window window);
Expression next(Expression a, Window window);
/// An aggregate as a window function.
Expression over(Expression aggregate, Window window);

}  // namespace assay::sql
