#include <limits>
#include <utility>

#include "assay/sql/meanings_for_tests.hpp"

namespace assay::sql::meanings {
namespace {

constexpr std::monostate kMissing;

std::int64_t whole(std::int64_t number) { return number; }
Expression n(std::int64_t number) { return value(number); }

Expression cell(const Cell& one, Type type) {
  if (const auto* truth_cell = std::get_if<bool>(&one)) return truth(*truth_cell);
  if (const auto* number = std::get_if<std::int64_t>(&one)) return value(*number);
  if (const auto* real = std::get_if<double>(&one)) return value(*real);
  if (const auto* text = std::get_if<std::string>(&one)) return value(*text);
  return missing(type);
}

struct Head {
  std::string name;
  Type type;
};

/// A step of literals.
Input add_rows(Plan& plan, const std::string& name, const std::vector<Head>& heads,
               const std::vector<Row>& rows) {
  Step step;
  step.name = name;
  for (const Row& row : rows) {
    Select select;
    for (std::size_t i = 0; i < heads.size(); ++i)
      select.outputs.push_back({heads[i].name, cell(row[i], heads[i].type)});
    step.selects.push_back(std::move(select));
  }
  plan.steps.push_back(std::move(step));
  Input input;
  input.step = name;
  return input;
}

/// g groups; k is unique; x, y, w and b have gaps.
Input add_data(Plan& plan) {
  return add_rows(plan, "data",
                  {{"g", Type::int64},
                   {"k", Type::int64},
                   {"x", Type::int64},
                   {"y", Type::float64},
                   {"w", Type::text},
                   {"b", Type::boolean}},
                  {{whole(1), whole(10), whole(4), 1.0, "a", false},
                   {whole(1), whole(11), kMissing, 2.0, "b", true},
                   {whole(1), whole(12), whole(1), 3.0, "a", kMissing},
                   {whole(2), whole(13), whole(7), 0.5, kMissing, false},
                   {whole(2), whole(14), whole(7), kMissing, "c", false},
                   {whole(3), whole(15), kMissing, kMissing, kMissing, kMissing}});
}

Expression c(const char* name) { return column(name); }

/// One row a group of `data`, by g.
Meaning grouped(std::string what, Expression x, std::vector<Cell> expected) {
  Meaning meaning;
  meaning.what = std::move(what);
  Select select;
  select.from = {add_data(meaning.plan)};
  select.outputs = {{"g", c("g")}, {"x", std::move(x)}};
  select.group_by = {c("g")};
  meaning.plan.result = {select};
  meaning.plan.order = {{c("g")}};
  for (std::size_t i = 0; i < expected.size(); ++i)
    meaning.rows.push_back({whole(static_cast<std::int64_t>(i) + 1), std::move(expected[i])});
  return meaning;
}

/// Over no rows at all.
Meaning empty(std::string what, Expression x, Cell expected) {
  Meaning meaning;
  meaning.what = std::move(what);
  Select select;
  select.from = {add_data(meaning.plan)};
  select.outputs = {{"x", std::move(x)}};
  select.where = compare(Op::greater, c("g"), n(99));
  meaning.plan.result = {select};
  meaning.rows = {{std::move(expected)}};
  return meaning;
}

void add_aggregates(std::vector<Meaning>& all) {
  const Expression small = compare(Op::less, c("y"), value(2.5));
  const std::vector<std::pair<const char*, Expression>> of_nothing = {
      {"sum", aggregate(Op::sum, c("x"))},
      {"average", aggregate(Op::average, c("y"))},
      {"minimum", aggregate(Op::minimum, c("w"))},
      {"maximum", aggregate(Op::maximum, c("x"))},
      {"first_by", first_by(c("x"), {c("k"), c("g")})},
      {"last_by", last_by(c("x"), {c("k")})},
      {"covariance", covariance(c("y"), c("y"))}};
  for (const auto& [what, x] : of_nothing)
    all.push_back(empty(std::string(what) + " of no rows", x, kMissing));
  all.push_back(empty("rows of none", count_rows(), whole(0)));
  all.push_back(empty("count of none", aggregate(Op::count, c("x")), whole(0)));
  all.push_back(empty("distinct of none", aggregate(Op::count_distinct, c("x")), whole(0)));
  all.push_back(empty("any of none", aggregate(Op::any, c("b")), false));
  const auto is = [&](const char* what, Expression x, std::vector<Cell> cells) {
    all.push_back(grouped(what, std::move(x), std::move(cells)));
  };
  is("rows", count_rows(), {whole(3), whole(2), whole(1)});
  is("rows, filtered", count_rows(small), {whole(2), whole(1), whole(0)});
  is("count", aggregate(Op::count, c("x")), {whole(2), whole(2), whole(0)});
  is("count, filtered", aggregate(Op::count, c("x"), small), {whole(1), whole(1), whole(0)});
  is("count distinct", aggregate(Op::count_distinct, c("x")), {whole(2), whole(1), whole(0)});
  is("count distinct words, filtered", aggregate(Op::count_distinct, c("w"), small),
     {whole(2), whole(0), whole(0)});
  is("sum", aggregate(Op::sum, c("x")), {whole(5), whole(14), kMissing});
  is("sum, filtered", aggregate(Op::sum, c("x"), small), {whole(4), whole(7), kMissing});
  is("sum of reals", aggregate(Op::sum, c("y")), {6.0, 0.5, kMissing});
  is("sum of a case", aggregate(Op::sum, when({{certainly(small), n(1)}}, n(-1))),
     {whole(1), whole(0), whole(-1)});
  is("average", aggregate(Op::average, c("y")), {2.0, 0.5, kMissing});
  is("average of wholes", aggregate(Op::average, c("x")), {2.5, 7.0, kMissing});
  is("minimum", aggregate(Op::minimum, c("x")), {whole(1), whole(7), kMissing});
  is("maximum of words", aggregate(Op::maximum, c("w")), {"b", "c", kMissing});
  is("any", aggregate(Op::any, c("b")), {true, false, false});
  is("any, filtered", aggregate(Op::any, compare(Op::greater, c("x"), n(3)), small),
     {true, true, false});
  is("first by", first_by(c("w"), {c("y")}, is_known(both({is_known(c("w")), is_known(c("y"))}))),
     {"a", kMissing, kMissing});
  is("first by one key", first_by(c("k"), {c("y")}, is_known(c("y"))),
     {whole(10), whole(13), kMissing});
  is("last by two keys", last_by(c("k"), {c("x"), c("k")}, is_known(c("x"))),
     {whole(10), whole(14), kMissing});
  is("first by two keys", first_by(c("k"), {c("x"), c("k")}, is_known(c("x"))),
     {whole(12), whole(13), kMissing});
  is("covariance", covariance(c("y"), c("k")), {2.0 / 3.0, 0.0, kMissing});
  is("covariance, filtered", covariance(c("y"), c("y"), small), {0.25, 0.0, kMissing});
  // Raw power sums of these would keep no digit: (1e9)^2 * 3 is past 2^53.
  const Expression far = add(c("y"), value(1e9));
  is("variance far from zero", covariance(far, far), {2.0 / 3.0, 0.0, kMissing});
  is("a sum of aggregates", add(count_rows(), first_known({aggregate(Op::sum, c("x")), n(-5)})),
     {whole(8), whole(16), whole(-4)});
}

void add_long_sums(std::vector<Meaning>& all) {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  for (const bool overflows : {false, true}) {
    Meaning meaning;
    meaning.what = overflows ? "a sum past 64 bits" : "a sum of 64 bits";
    Select select;
    select.from = {add_rows(meaning.plan, "data", {{"x", Type::int64}},
                            {{whole(largest - 10)}, {whole(overflows ? 11 : 10)}})};
    select.outputs = {{"x", aggregate(Op::sum, c("x"))}};
    meaning.plan.result = {select};
    meaning.fails = overflows;
    if (!overflows) meaning.rows = {{whole(largest)}};
    all.push_back(std::move(meaning));
  }
}

/// One row a row of `data`, by k.
Meaning windowed(std::string what, Expression x, std::vector<Cell> expected) {
  Meaning meaning;
  meaning.what = std::move(what);
  Select select;
  select.from = {add_data(meaning.plan)};
  select.outputs = {{"k", c("k")}, {"x", std::move(x)}};
  meaning.plan.result = {select};
  meaning.plan.order = {{c("k")}};
  for (std::size_t i = 0; i < expected.size(); ++i)
    meaning.rows.push_back({whole(static_cast<std::int64_t>(i) + 10), std::move(expected[i])});
  return meaning;
}

void add_windows(std::vector<Meaning>& all) {
  const auto is = [&](const char* what, Expression x, std::vector<Cell> cells) {
    all.push_back(windowed(what, std::move(x), std::move(cells)));
  };
  const Window by_k{{c("g")}, {{c("k")}}};
  const Window before{{c("g")}, {{c("k")}}, true};
  const Window whole_group{{c("g")}, {}};
  const Window by_x{{}, {{c("x")}, {c("k"), true}}};
  const Window by_x_down{{}, {{c("x"), true}, {c("k")}}};
  const Expression known = is_known(c("y"));
  is("row numbers", row_number(by_k), {whole(1), whole(2), whole(3), whole(1), whole(2), whole(1)});
  is("missing values come first", row_number(by_x),
     {whole(4), whole(2), whole(3), whole(6), whole(5), whole(1)});
  is("missing values come last downwards", row_number(by_x_down),
     {whole(3), whole(5), whole(4), whole(1), whole(2), whole(6)});
  is("the value before", previous(c("k"), by_k),
     {kMissing, whole(10), whole(11), kMissing, whole(13), kMissing});
  is("the value after", next(c("x"), by_k),
     {kMissing, whole(1), kMissing, whole(7), kMissing, kMissing});
  is("the word before", previous(c("w"), by_k), {kMissing, "a", "b", kMissing, kMissing, kMissing});
  is("a running sum", over(aggregate(Op::sum, c("x")), by_k),
     {whole(4), whole(4), whole(5), whole(7), whole(14), kMissing});
  is("a sum of rows before", over(aggregate(Op::sum, c("x")), before),
     {kMissing, whole(4), whole(4), kMissing, whole(7), kMissing});
  is("a maximum of rows before", over(aggregate(Op::maximum, c("y")), before),
     {kMissing, 1.0, 2.0, kMissing, 0.5, kMissing});
  is("a running filtered maximum",
     over(aggregate(Op::maximum, c("k"), compare(Op::equal, c("w"), value(std::string("a")))),
          by_k),
     {whole(10), whole(10), whole(12), kMissing, kMissing, kMissing});
  is("a running filtered count", over(count_rows(known), by_k),
     {whole(1), whole(2), whole(3), whole(1), whole(1), whole(0)});
  is("a count of rows before", over(count_rows(), before),
     {whole(0), whole(1), whole(2), whole(0), whole(1), whole(0)});
  is("running any", over(aggregate(Op::any, c("b")), by_k),
     {false, true, true, false, false, false});
  is("a sum of the group", over(aggregate(Op::sum, c("x")), whole_group),
     {whole(5), whole(5), whole(5), whole(14), whole(14), kMissing});
  is("a filtered sum of the group", over(aggregate(Op::sum, c("y"), c("b")), whole_group),
     {2.0, 2.0, 2.0, kMissing, kMissing, kMissing});
  is("the first of the group", over(first_by(c("k"), {c("k")}), whole_group),
     {whole(10), whole(10), whole(10), whole(13), whole(13), whole(15)});
  is("an average of rows so far", over(aggregate(Op::average, c("y")), by_k),
     {1.0, 1.5, 2.0, 0.5, 0.5, kMissing});
}

void add_joins(std::vector<Meaning>& all) {
  for (const JoinKind kind : {JoinKind::inner, JoinKind::left}) {
    Meaning meaning;
    meaning.what = kind == JoinKind::inner ? "an inner join" : "a left join";
    Input a = add_rows(meaning.plan, "a", {{"k", Type::int64}, {"v", Type::int64}},
                       {{whole(1), whole(5)}, {whole(2), whole(6)}, {kMissing, whole(7)}});
    Input b =
        add_rows(meaning.plan, "b",
                 {{"k", Type::int64}, {"v", Type::int64}, {"w", Type::text}, {"t", Type::boolean}},
                 {{whole(2), whole(8), "x", true}, {kMissing, whole(9), "y", true}});
    b.join = kind;
    b.on = compare(Op::equal, column("a", "k"), column("b", "k"));
    Select select;
    select.from = {a, b};
    select.outputs = {{"v", column("a", "v")},
                      {"other", column("b", "v")},
                      {"w", column("b", "w")},
                      {"t", column("b", "t")},
                      {"none", is_missing(column("b", "v"))}};
    meaning.plan.result = {select};
    meaning.plan.order = {{c("v")}};
    meaning.rows = {{whole(6), whole(8), "x", true, false}};
    if (kind == JoinKind::left) {
      meaning.rows.insert(meaning.rows.begin(), {whole(5), kMissing, kMissing, kMissing, true});
      meaning.rows.push_back({whole(7), kMissing, kMissing, kMissing, true});
    }
    all.push_back(std::move(meaning));
  }
  Meaning cross;
  cross.what = "a cross join, a filter, a limit";
  Input a = add_rows(cross.plan, "a", {{"x", Type::int64}}, {{whole(1)}, {whole(2)}});
  a.alias = "first";
  Input b = a;
  b.alias = "second";
  b.join = JoinKind::cross;
  Select select;
  select.from = {a, b};
  select.outputs = {{"x", column("first", "x")}, {"y", column("second", "x")}};
  select.where = negate(both({compare(Op::equal, column("first", "x"), n(1)),
                              compare(Op::equal, column("second", "x"), n(1))}));
  cross.plan.result = {select};
  cross.plan.order = {{c("y"), true}, {c("x")}};
  cross.plan.limit = 2;
  cross.rows = {{whole(1), whole(2)}, {whole(2), whole(2)}};
  all.push_back(std::move(cross));
}

void add_names(std::vector<Meaning>& all) {
  Meaning shadow;
  shadow.what = "an output with the name of another column";
  Select select;
  select.from = {add_data(shadow.plan)};
  const Expression half = floor_divide(c("k"), 2);
  select.outputs = {{"k", half}, {"x", aggregate(Op::sum, c("x"))}, {"g", count_rows()}};
  select.where = compare(Op::less, c("g"), n(3));
  select.group_by = {half};
  select.having = compare(Op::greater, aggregate(Op::sum, c("x")), n(1));
  shadow.plan.result = {select};
  shadow.plan.order = {{c("x")}, {c("k"), true}};
  shadow.rows = {{whole(5), whole(4), whole(2)},
                 {whole(7), whole(7), whole(1)},
                 {whole(6), whole(8), whole(2)}};
  all.push_back(std::move(shadow));
  for (const char* name :
       {"select",     "ord\"er",     "group`by", "it's",      "back\\slash", "two words",
        "semi;colon", "-- comment",  "/* c */",  "new\nline", "tab\t",       "dot.dot",
        "😀",         "é",           "UPPER",    "%s",        "{x}",         "?",
        "$1",         ":x",          "1st",      "[x]",       "a,b",         "'); DROP TABLE t; --",
        "*",          "\xE2\x80\xA8"}) {
    Meaning meaning;
    meaning.what = std::string("the name ") + name;
    Input input = add_rows(meaning.plan, name, {{name, Type::int64}}, {{whole(1)}, {whole(2)}});
    input.alias = std::string(name) + " 2";
    Select sum;
    sum.from = {input};
    sum.outputs = {{name, aggregate(Op::sum, column(input.alias, name))}};
    meaning.plan.result = {sum};
    meaning.plan.order = {{column(name)}};
    meaning.rows = {{whole(3)}};
    all.push_back(std::move(meaning));
  }
}

void add_shapes(std::vector<Meaning>& all) {
  Meaning united;
  united.what = "selects one after the other, ordered by a term";
  united.plan.result = {{.outputs = {{"x", n(1)}, {"t", missing(Type::boolean)}}},
                        {.outputs = {{"x", n(-3)}, {"t", truth(true)}}},
                        {.outputs = {{"x", missing(Type::int64)}, {"t", truth(false)}}}};
  united.plan.order = {{multiply(c("x"), c("x")), true}};
  united.rows = {{whole(-3), true}, {whole(1), kMissing}, {kMissing, false}};
  all.push_back(std::move(united));

  Meaning distinct;
  distinct.what = "distinct rows, missing ones too";
  Select select;
  select.distinct = true;
  select.from = {add_data(distinct.plan)};
  select.outputs = {{"x", c("x")}};
  distinct.plan.result = {select};
  distinct.plan.order = {{c("x")}};
  distinct.rows = {{kMissing}, {whole(1)}, {whole(4)}, {whole(7)}};
  all.push_back(std::move(distinct));

  Meaning constant;
  constant.what = "a group of a constant and a missing value";
  Select by_constant;
  by_constant.from = {add_data(constant.plan)};
  const Expression literal = n(2);
  by_constant.outputs = {{"c", literal}, {"x", c("x")}, {"rows", count_rows()}};
  by_constant.group_by = {literal, c("x")};
  constant.plan.result = {by_constant};
  constant.plan.order = {{c("x")}};
  constant.rows = {{whole(2), kMissing, whole(2)},
                   {whole(2), whole(1), whole(1)},
                   {whole(2), whole(4), whole(1)},
                   {whole(2), whole(7), whole(2)}};
  all.push_back(std::move(constant));

  Meaning chain;
  chain.what = "a step of a step, settings reach inside";
  Select inner;
  inner.from = {add_data(chain.plan)};
  inner.outputs = {{"top", aggregate(Op::maximum, c("x"))}, {"n", count_rows()}};
  inner.where = compare(Op::greater, c("g"), n(99));
  Select outer;
  outer.from = {chain.plan.add("inner step", inner)};
  outer.outputs = {{"none", is_missing(c("top"))}, {"n", multiply(c("n"), n(-2))}};
  chain.plan.result = {outer};
  chain.rows = {{true, whole(0)}};
  all.push_back(std::move(chain));
}

}  // namespace

std::vector<Meaning> plan_meanings() {
  std::vector<Meaning> all;
  add_aggregates(all);
  add_long_sums(all);
  add_windows(all);
  add_joins(all);
  add_names(all);
  add_shapes(all);
  return all;
}

}  // namespace assay::sql::meanings
