#include "assay/sql/meanings_for_tests.hpp"

#include <iterator>
#include <limits>
#include <utility>

namespace assay::sql::meanings {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::monostate kMissing;

Expression n(std::int64_t number) { return value(number); }
Expression r(double number) { return value(number); }
Expression t(const char* text) { return value(std::string(text)); }
const Expression kYes = truth(true);
const Expression kNo = truth(false);
const Expression kUnknown = missing(Type::boolean);

Meaning one(std::string what, Expression expression, Cell expected) {
  Meaning meaning;
  meaning.what = std::move(what);
  meaning.plan.result = {{.outputs = {{"x", std::move(expression)}}}};
  meaning.rows = {{std::move(expected)}};
  return meaning;
}

void add_arithmetic(std::vector<Meaning>& all) {
  const auto is = [&](const char* what, Expression x, Cell cell) {
    all.push_back(one(what, std::move(x), std::move(cell)));
  };
  for (const std::int64_t x : {std::int64_t{0}, std::int64_t{5}, std::int64_t{-5},
                               std::int64_t{5'000'000'000}, kMin, kMax, kMin + 1})
    is("a whole number", n(x), x);
  for (const double x : {0.1, 0.0, 5.0, -2.5e-10, 1.0 / 3.0, 5e-324, 2.2250738585072014e-308,
                         1.7976931348623157e308, 123456789.123456789, -1e22, 9007199254740993e3})
    is("a real number, every bit", r(x), x);
  is("true", kYes, true);
  is("false", kNo, false);
  is("a missing boolean", kUnknown, kMissing);
  is("a missing whole number", missing(Type::int64), kMissing);
  is("a missing real", missing(Type::float64), kMissing);
  is("a missing text", missing(Type::text), kMissing);
  is("2 + 3", add(n(2), n(3)), std::int64_t{5});
  is("2 - (3 - 4)", subtract(n(2), subtract(n(3), n(4))), std::int64_t{3});
  is("2 - 3 - 4", subtract(subtract(n(2), n(3)), n(4)), std::int64_t{-5});
  is("5 - -3", subtract(n(5), n(-3)), std::int64_t{8});
  is("(2 + 3) * 4", multiply(add(n(2), n(3)), n(4)), std::int64_t{20});
  is("2 + 3 * 4", add(n(2), multiply(n(3), n(4))), std::int64_t{14});
  is("past 32 bits", multiply(n(2'000'000'000), n(3)), std::int64_t{6'000'000'000});
  is("past 32 bits from a case", multiply(when({{kYes, n(86'400)}}, n(0)), n(1'000'000)),
     std::int64_t{86'400'000'000});
  is("0.5 * 3", multiply(r(0.5), r(3)), 1.5);
  is("missing + 1", add(missing(Type::int64), n(1)), kMissing);
  is("7 / 2", divide(r(7), r(2)), 3.5);
  is("7 / 2 of whole numbers", divide(n(7), n(2)), 3.5);
  is("1 / 0", divide(r(1), r(0)), kMissing);
  is("0 / 0", divide(r(0), r(0)), kMissing);
  is("6 / (3 / 2)", divide(r(6), divide(r(3), r(2))), 4.0);
  is("12 / 3 / 2", divide(divide(r(12), r(3)), r(2)), 2.0);
  is("2 * (3 / 4)", multiply(r(2), divide(r(3), r(4))), 1.5);
  const std::vector<std::vector<std::int64_t>> floors = {{7, 2, 3},
                                                         {-7, 2, -4},
                                                         {-8, 2, -4},
                                                         {-1, 86'400'000'000, -1},
                                                         {0, 7, 0},
                                                         {kMin, 1, kMin},
                                                         {kMax, 1, kMax},
                                                         {kMin, 2, -4'611'686'018'427'387'904},
                                                         {kMin, 3, -3'074'457'345'618'258'603},
                                                         {kMax, 86'400'000'000, 106'751'991}};
  for (const auto& row : floors) is("a floor", floor_divide(n(row[0]), row[1]), row[2]);
  is("a floor of a floor", floor_divide(floor_divide(n(-10), 3), 2), std::int64_t{-2});
  is("a floor of a sum", floor_divide(add(n(-10), n(3)), 2), std::int64_t{-4});
  is("a floor taken off", subtract(n(1), floor_divide(n(-1), 2)), std::int64_t{2});
  is("a floor of nothing", floor_divide(missing(Type::int64), 2), kMissing);
}

void add_logic(std::vector<Meaning>& all) {
  const auto is = [&](const char* what, Expression x, Cell cell) {
    all.push_back(one(what, std::move(x), std::move(cell)));
  };
  is("2 = 2", compare(Op::equal, n(2), n(2)), true);
  is("2 <> 2", compare(Op::not_equal, n(2), n(2)), false);
  is("-3 < 2", compare(Op::less, n(-3), n(2)), true);
  is("2 <= 2", compare(Op::less_or_equal, n(2), n(2)), true);
  is("2.5 > 2", compare(Op::greater, r(2.5), r(2)), true);
  is("2 >= 3", compare(Op::greater_or_equal, n(2), n(3)), false);
  is("largest = largest", compare(Op::equal, n(kMax), n(kMax - 1)), false);
  is("B before a", compare(Op::less, t("B"), t("a")), true);
  is("é after z", compare(Op::greater, t("é"), t("z")), true);
  is("a blank at the end counts", compare(Op::equal, t("a "), t("a")), false);
  is("letter case counts", compare(Op::equal, t("A"), t("a")), false);
  is("missing = 1", compare(Op::equal, missing(Type::int64), n(1)), kMissing);
  is("comparison of comparisons",
     compare(Op::equal, compare(Op::less, n(1), n(2)), compare(Op::less, n(3), n(4))), true);
  is("true and missing", both({kYes, kUnknown}), kMissing);
  is("false and missing", both({kNo, kUnknown}), false);
  is("true or missing", either({kYes, kUnknown}), true);
  is("false or missing", either({kNo, kUnknown}), kMissing);
  is("and of nothing", both({}), true);
  is("or of nothing", either({}), false);
  is("(true or true) and false", both({either({kYes, kYes}), kNo}), false);
  is("true or (true and false)", either({kYes, both({kYes, kNo})}), true);
  is("not (true and false)", negate(both({kYes, kNo})), true);
  is("not true and false", both({negate(kYes), kNo}), false);
  is("not missing", negate(kUnknown), kMissing);
  is("not not true", negate(negate(kYes)), true);
  is("missing is missing", is_missing(missing(Type::text)), true);
  is("1 + 1 is known", is_known(add(n(1), n(1))), true);
  is("a comparison is missing", is_missing(compare(Op::equal, missing(Type::int64), n(1))), true);
  is("certainly missing", certainly(kUnknown), false);
  is("certainly true", certainly(compare(Op::equal, n(1), n(1))), true);
  is("one of", one_of(n(2), {n(1), n(2)}), true);
  is("one of none such", one_of(n(3), {n(1), n(-2)}), false);
  is("one of, missing", one_of(missing(Type::int64), {n(1), n(2)}), kMissing);
  is("one of nothing", one_of(n(1), {}), false);
  is("one of with a missing one", one_of(n(3), {n(1), missing(Type::int64)}), kMissing);
  is("one of with a missing other", one_of(n(1), {n(1), missing(Type::int64)}), true);
  is("one of texts", one_of(t("it's"), {t("a"), t("it's")}), true);
  is("one of reals", one_of(r(0.1), {r(0.2), r(0.1)}), true);
  is("not one of", negate(one_of(n(3), {n(1), n(2)})), true);
  std::vector<Expression> many;
  std::vector<Expression> texts;
  Expression deep = kNo;
  for (std::int64_t i = 0; i < 500; ++i) {
    many.push_back(compare(Op::equal, n(499), n(i)));
    texts.push_back(value("word " + std::to_string(i)));
    deep = either({deep, compare(Op::equal, n(499), n(i))});
  }
  is("500 alternatives", either(many), true);
  is("500 alternatives, one in another", deep, true);
  is("500 words", one_of(t("word 499"), texts), true);
  Expression sum = n(0);
  for (std::int64_t i = 1; i <= 300; ++i) sum = add(sum, n(i));
  is("a sum of 300", sum, std::int64_t{45'150});
  Expression nested = n(1);
  for (int i = 0; i < 40; ++i) nested = when({{kNo, n(0)}}, nested);
  is("40 cases in each other", nested, std::int64_t{1});
}

void add_choices(std::vector<Meaning>& all) {
  const auto is = [&](const char* what, Expression x, Cell cell) {
    all.push_back(one(what, std::move(x), std::move(cell)));
  };
  const Expression nothing = missing(Type::int64);
  is("first known", first_known({nothing, n(2), n(3)}), std::int64_t{2});
  is("first known of none", first_known({nothing, nothing}), kMissing);
  is("a case", when({{kNo, n(1)}, {kYes, n(2)}}, n(3)), std::int64_t{2});
  is("a case of none", when({{kNo, n(1)}, {kUnknown, n(2)}}, n(3)), std::int64_t{3});
  is("a case of nothing", when({}, n(3)), std::int64_t{3});
  is("a case of truths", when({{kNo, kYes}}, compare(Op::equal, n(1), n(1))), true);
  is("a case of truths and a missing one", when({{kYes, kUnknown}}, kNo), kMissing);
  is("a case with a negative end", when({{kNo, n(5'000'000'000)}}, n(-1)), std::int64_t{-1});
  is("a case in a sum", add(n(1), when({{kYes, n(2)}}, n(3))), std::int64_t{3});
  is("the least", least({n(3), nothing, n(-2)}), std::int64_t{-2});
  is("the greatest", greatest({nothing, n(3), n(-2)}), std::int64_t{3});
  is("the least of one", least({n(3)}), std::int64_t{3});
  is("the greatest real", greatest({r(0.5), r(0.25), missing(Type::float64)}), 0.5);
  is("the least of none", least({nothing, nothing}), kMissing);
  is("the greatest of none", greatest({nothing, nothing}), kMissing);
  is("finite", finite(r(1.5)), 1.5);
  is("finite and missing", finite(missing(Type::float64)), kMissing);
}

void add_casts(std::vector<Meaning>& all) {
  const auto whole = [&](const char* text, Cell cell) {
    all.push_back(one(std::string("the whole number '") + text + "'", cast(t(text), Type::int64),
                      std::move(cell)));
  };
  whole("12", std::int64_t{12});
  whole(" 12 ", std::int64_t{12});
  whole("+12", std::int64_t{12});
  whole("-12", std::int64_t{-12});
  whole("0012", std::int64_t{12});
  whole("9223372036854775807", kMax);
  whole("-9223372036854775808", kMin);
  for (const char* text : {"", " ", "abc", "1.5", "1e3", "9223372036854775808", "0x10", "1_000",
                           "١٢", "1 2", "--1", "12\n13", "true"})
    whole(text, kMissing);
  const auto real = [&](const char* text, Cell cell) {
    all.push_back(one(std::string("the real number '") + text + "'", cast(t(text), Type::float64),
                      std::move(cell)));
  };
  real("1.5", 1.5);
  real(" -2.5e3 ", -2500.0);
  real(".5", 0.5);
  real("5.", 5.0);
  real("0.1", 0.1);
  real("+1E-2", 0.01);
  real("123456789.123456789", 123456789.123456789);
  real("7", 7.0);
  for (const char* text :
       {"", "abc", "1,5", "nan", "inf", "-Infinity", "1e999", "1d", "12e", ".", "0x1p3", "1_0"})
    real(text, kMissing);
  const auto is = [&](const char* what, Expression x, Cell cell) {
    all.push_back(one(what, std::move(x), std::move(cell)));
  };
  for (const char* text : {"true", "T", "Yes", "y", "1"})
    is(text, cast(t(text), Type::boolean), true);
  for (const char* text : {"FALSE", "f", "no", "N", "0"})
    is(text, cast(t(text), Type::boolean), false);
  is("no truth", cast(t("maybe"), Type::boolean), kMissing);
  is("true as a number", cast(kYes, Type::int64), std::int64_t{1});
  is("false as a real", cast(kNo, Type::float64), 0.0);
  is("a comparison as a number", cast(compare(Op::less, n(1), n(2)), Type::int64), std::int64_t{1});
  is("a missing truth as a number", cast(kUnknown, Type::int64), kMissing);
  is("a whole as a real", cast(n(9'007'199'254'740'993), Type::float64), 9007199254740992.0);
  is("a real as a whole", cast(r(-3.0), Type::int64), std::int64_t{-3});
  is("a large real as a whole", cast(r(1777898096123456.0), Type::int64),
     std::int64_t{1777898096123456});
  is("a whole as a text", cast(n(-12), Type::text), std::string("-12"));
  is("a truth as a text", cast(kYes, Type::text), std::string("true"));
  is("a comparison as a text", cast(compare(Op::less, n(2), n(1)), Type::text),
     std::string("false"));
  is("a text as a text", cast(t("a"), Type::text), std::string("a"));
  is("missing as a text", cast(missing(Type::int64), Type::text), kMissing);
  is("two casts", cast(cast(n(12), Type::text), Type::float64), 12.0);
}

}  // namespace

std::vector<Meaning> scalar_meanings() {
  std::vector<Meaning> all;
  add_arithmetic(all);
  add_logic(all);
  add_choices(all);
  add_casts(all);
  return all;
}

std::vector<Meaning> text_meanings() {
  using std::string_literals::operator""s;
  std::vector<Meaning> all;
  const std::vector<std::string> hostile = {""s,
                                            " "s,
                                            "it's"s,
                                            "''"s,
                                            "'"s,
                                            "\""s,
                                            "`"s,
                                            "\\"s,
                                            "\\'"s,
                                            "\\\\"s,
                                            "a\\nb"s,
                                            "a\nb"s,
                                            "\r\n"s,
                                            "\t"s,
                                            "a\0b"s,
                                            "\0"s,
                                            "\0"
                                            "12"s,
                                            "😀 é ü 漢字"s,
                                            "e\xCC\x81"s,
                                            "'; DROP TABLE events; --"s,
                                            "-- not a comment"s,
                                            "/* nor this */"s,
                                            "${env:HOME}"s,
                                            "${spark.app.name}"s,
                                            "$1"s,
                                            "?"s,
                                            ":name"s,
                                            "{x:String}"s,
                                            "{{ x }}"s,
                                            "%"s,
                                            "_"s,
                                            "\\u0041"s,
                                            "\\x41"s,
                                            "\\0"s,
                                            "U&'\\0041'"s,
                                            "\xE2\x80\xA8"s,
                                            "\xEF\xBB\xBF"s,
                                            "NULL"s,
                                            "\x01\x1F\x7F"s,
                                            std::string(3000, 'x')};
  std::vector<Row> rows;
  for (const std::string& text : hostile) {
    all.push_back(one("a hostile text", value(text), text));
    all.push_back(one("a hostile text as one of two",
                      one_of(value(text), {value("other"s), value(text)}), true));
  }
  return all;
}

std::vector<Meaning> all_meanings() {
  std::vector<Meaning> all;
  for (std::vector<Meaning> some :
       {scalar_meanings(), text_meanings(), plan_meanings(), moment_meanings()})
    std::move(some.begin(), some.end(), std::back_inserter(all));
  return all;
}

}  // namespace assay::sql::meanings
