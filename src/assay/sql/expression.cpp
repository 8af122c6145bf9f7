#include "assay/sql/expression.hpp"

#include <utility>

namespace assay::sql {
namespace {

Expression make(Op op, std::vector<Expression> arguments, Expression filter = nullptr) {
  auto node = std::make_shared<Node>();
  node->op = op;
  node->arguments = std::move(arguments);
  node->filter = std::move(filter);
  return node;
}

Expression make_literal(Literal literal) {
  auto node = std::make_shared<Node>();
  node->op = Op::literal;
  node->literal = std::move(literal);
  return node;
}

Expression make_typed(Op op, std::vector<Expression> arguments, Type type) {
  auto node = std::make_shared<Node>();
  node->op = op;
  node->arguments = std::move(arguments);
  node->type = type;
  return node;
}

std::vector<Expression> joined(Expression first, std::vector<Expression> rest) {
  rest.insert(rest.begin(), std::move(first));
  return rest;
}

}  // namespace

Expression column(std::string name) { return column({}, std::move(name)); }

Expression column(std::string table, std::string name) {
  auto node = std::make_shared<Node>();
  node->op = Op::column;
  node->table = std::move(table);
  node->name = std::move(name);
  return node;
}

Expression value(std::int64_t number) { return make_literal(number); }
Expression value(double number) { return make_literal(number); }
Expression value(std::string text) { return make_literal(std::move(text)); }
Expression truth(bool literal) { return make_literal(literal); }
Expression date(std::int64_t day) {
  auto node = std::make_shared<Node>();
  node->op = Op::date;
  node->literal = day;
  return node;
}
Expression missing(Type type) { return make_typed(Op::missing, {}, type); }

Expression add(Expression a, Expression b) { return make(Op::add, {std::move(a), std::move(b)}); }
Expression subtract(Expression a, Expression b) {
  return make(Op::subtract, {std::move(a), std::move(b)});
}
Expression multiply(Expression a, Expression b) {
  return make(Op::multiply, {std::move(a), std::move(b)});
}
Expression divide(Expression a, Expression b) {
  return make(Op::divide, {std::move(a), std::move(b)});
}
Expression floor_divide(Expression a, std::int64_t divisor) {
  return make(Op::floor_divide, {std::move(a), value(divisor)});
}
Expression compare(Op op, Expression a, Expression b) {
  return make(op, {std::move(a), std::move(b)});
}

Expression both(std::vector<Expression> all) {
  if (all.empty()) return truth(true);
  if (all.size() == 1) return all.front();
  return make(Op::both, std::move(all));
}

Expression either(std::vector<Expression> any) {
  if (any.empty()) return truth(false);
  if (any.size() == 1) return any.front();
  return make(Op::either, std::move(any));
}

Expression negate(Expression a) { return make(Op::negate, {std::move(a)}); }
Expression is_missing(Expression a) { return make(Op::is_missing, {std::move(a)}); }
Expression is_known(Expression a) { return negate(is_missing(std::move(a))); }

Expression one_of(Expression a, std::vector<Expression> values) {
  return make(Op::one_of, joined(std::move(a), std::move(values)));
}

Expression first_known(std::vector<Expression> values) {
  return make(Op::first_known, std::move(values));
}

Expression when(std::vector<Case> cases, Expression otherwise) {
  std::vector<Expression> arguments;
  for (Case& one : cases) {
    arguments.push_back(std::move(one.condition));
    arguments.push_back(std::move(one.value));
  }
  arguments.push_back(std::move(otherwise));
  return make(Op::when, std::move(arguments));
}

Expression cast(Expression a, Type type) { return make_typed(Op::cast, {std::move(a)}, type); }
Expression least(std::vector<Expression> values) { return make(Op::least, std::move(values)); }
Expression greatest(std::vector<Expression> values) {
  return make(Op::greatest, std::move(values));
}
Expression finite(Expression a) { return make(Op::finite, {std::move(a)}); }
Expression time_us(Expression a) { return make(Op::time_us, {std::move(a)}); }
Expression date_day(Expression a) { return make(Op::date_day, {std::move(a)}); }
Expression certainly(Expression condition) {
  return first_known({std::move(condition), truth(false)});
}

Expression count_rows(Expression filter) { return make(Op::count_rows, {}, std::move(filter)); }

Expression aggregate(Op op, Expression a, Expression filter) {
  return make(op, {std::move(a)}, std::move(filter));
}

Expression covariance(Expression a, Expression b, Expression filter) {
  return make(Op::covariance, {std::move(a), std::move(b)}, std::move(filter));
}

Expression first_by(Expression a, std::vector<Expression> keys, Expression filter) {
  return make(Op::first_by, joined(std::move(a), std::move(keys)), std::move(filter));
}

Expression last_by(Expression a, std::vector<Expression> keys, Expression filter) {
  return make(Op::last_by, joined(std::move(a), std::move(keys)), std::move(filter));
}

Expression row_number(Window window) { return over(make(Op::row_number, {}), std::move(window)); }

Expression previous(Expression a, Window window) {
  return over(make(Op::previous, {std::move(a)}), std::move(window));
}

Expression next(Expression a, Window window) {
  return over(make(Op::next, {std::move(a)}), std::move(window));
}

Expression over(Expression aggregate, Window window) {
  auto node = std::make_shared<Node>(*aggregate);
  node->window = std::move(window);
  return node;
}

}  // namespace assay::sql
