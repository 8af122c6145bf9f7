#include <cmath>
#include <cstdlib>
#include <functional>
#include <utility>

#include "assay/sql/meanings_for_tests.hpp"

namespace assay::sql::meanings {
namespace {

Input moments_table() { return {.table = TableName{.table = kTable}, .alias = "m"}; }

Meaning each(std::string what, Expression x, const std::function<Cell(const Moment&)>& cell) {
  Meaning meaning;
  meaning.what = std::move(what);
  Select select;
  select.from = {moments_table()};
  select.outputs = {{"id", column("m", "id")}, {"x", std::move(x)}};
  meaning.plan.result = {select};
  meaning.plan.order = {{column("id")}};
  for (const Moment& moment : moments()) meaning.rows.push_back({moment.id, cell(moment)});
  return meaning;
}

Cell finite_cell(const Moment& moment) {
  const double real = std::strtod(moment.real, nullptr);
  return std::isfinite(real) ? Cell(real) : Cell(std::monostate());
}

}  // namespace

// Source of time_us and day: Python 3.11, calendar.timegm(datetime.timetuple()) * 10**6 +
// microsecond, and (date - date(1970, 1, 1)).days.
std::vector<Moment> moments() {
  return {
      {1, "2026-05-04 12:34:56.123456", "2026-05-04", 7, "1.5", "12", true, 1777898096123456,
       20577},
      {2, "1970-01-01 00:00:00.000000", "1970-01-01", 0, "nan", "nan", false, 0, 0},
      {3, "1969-12-31 23:59:59.999999", "1969-12-31", -1, "inf", "x", true, -1, -1},
      {4, "2026-11-01 01:30:00.000001", "2026-11-01", 9'007'199'254'740'993, "-inf", "-0.25", false,
       1793496600000001, 20758},
      {5, "2026-03-29 02:30:00.999999", "2026-03-29", 100, "0.1", " 5 ", true, 1774751400999999,
       20541},
      {6, "1905-06-07 08:09:10.654321", "1905-06-07", -100, "-1e300", "1e3", false,
       -2037628249345679, -23584},
      {7, "2038-01-19 03:14:08.000003", "2038-01-19", 1, "2.5e-8", "9223372036854775808", true,
       2147483648000003, 24855},
      {8, "2099-12-31 23:59:59.999999", "2099-12-31", 2, "-7", "", false, 4102444799999999, 47481},
      {9, "2026-05-04 12:34:56.123457", "2026-05-04", 3, "1e15", "3", true, 1777898096123457,
       20577},
      {10, "2001-09-09 01:46:39.500001", "2001-09-09", 4, "1e22", "it's", false, 999999999500001,
       11574}};
}

std::vector<Meaning> moment_meanings() {
  const auto m = [](const char* name) { return column("m", name); };
  const Expression id = m("id");
  std::vector<Meaning> all;
  all.push_back(each("an instant", time_us(m("instant")),
                     [](const Moment& one) { return Cell(one.time_us); }));
  all.push_back(each("a wall clock under a hostile name", time_us(column("m", kWallName)),
                     [](const Moment& one) { return Cell(one.time_us); }));
  all.push_back(
      each("a day", date_day(m("date")), [](const Moment& one) { return Cell(one.day); }));
  all.push_back(each("a date beside a date", compare(Op::less_or_equal, m("date"), date(20'577)),
                     [](const Moment& one) { return Cell(one.day <= 20'577); }));
  all.push_back(each("a date before 1970", compare(Op::equal, m("date"), date(-23'584)),
                     [](const Moment& one) { return Cell(one.day == -23'584); }));
  all.push_back(each("the day of an instant", floor_divide(time_us(m("instant")), 86'400'000'000),
                     [](const Moment& one) { return Cell(one.day); }));
  all.push_back(each("a finite number of a column", finite(m("real")), finite_cell));
  all.push_back(each("the same after a cast", finite(cast(m("real"), Type::float64)), finite_cell));
  all.push_back(each("a whole column", cast(m("whole"), Type::int64),
                     [](const Moment& one) { return Cell(one.whole); }));
  all.push_back(each("a whole column as a real", cast(m("whole"), Type::float64),
                     [](const Moment& one) { return Cell(static_cast<double>(one.whole)); }));
  all.push_back(each("a column of 32 bits times a million",
                     multiply(m("small"), value(std::int64_t{1'000'000})),
                     [](const Moment& one) { return Cell(one.day * 1'000'000); }));
  all.push_back(each("a truth column as a number", cast(m("truth"), Type::int64),
                     [](const Moment& one) { return Cell(std::int64_t{one.truth}); }));
  all.push_back(each("a truth column", cast(m("truth"), Type::boolean),
                     [](const Moment& one) { return Cell(one.truth); }));
  all.push_back(each("a text column", cast(m("text"), Type::text),
                     [](const Moment& one) { return Cell(std::string(one.text)); }));
  const double none = std::nan("");
  const std::vector<double> read = {12.0, none, none, -0.25, 5.0, 1000.0, 0x1p63, none, 3.0, none};
  all.push_back(each("a text column as a real", cast(cast(m("text"), Type::text), Type::float64),
                     [&](const Moment& one) {
                       const double real = read[static_cast<std::size_t>(one.id - 1)];
                       return std::isnan(real) ? Cell() : Cell(real);
                     }));
  const Expression seen = certainly(compare(Op::less, id, value(std::int64_t{3})));
  all.push_back(
      each("rows so far, by time", over(count_rows(seen), Window{{}, {{id}}}),
           [](const Moment& one) { return Cell(one.id < 2 ? one.id : std::int64_t{2}); }));
  return all;
}

}  // namespace assay::sql::meanings
