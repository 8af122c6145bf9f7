#include "assay/events/row_filter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "assay/events/event_masks.hpp"
#include "assay/events/memory_log.hpp"

namespace assay::events {
namespace {

using frame::Comparison;
using frame::Literal;
using frame::Predicate;
using frame::Type;

const std::vector<Type> kTypes = {Type::int64, Type::boolean, Type::float64, Type::text};
const std::vector<std::string> kNames = {"whole", "truth", "real", "text"};
const std::vector<std::string> kTexts = {"b", "a", "", "Z"};
const std::vector<std::int64_t> kWholes = {std::numeric_limits<std::int64_t>::max(),
                                           std::numeric_limits<std::int64_t>::min() + 1, -2, 0, 3};
const MemoryDictionary kDictionary(kTexts);

Result<ColumnRef> lookup(const std::string& name) {
  for (std::size_t c = 0; c < kNames.size(); ++c)
    if (kNames[c] == name) return ColumnRef{c, kTypes[c], &kDictionary};
  return fail(ErrorCode::invalid_spec, "no such property");
}

/// SQL's logic on optional values, without codes, intervals or slots. None: unknown.
using Maybe = std::optional<bool>;

struct Row {
  std::optional<std::int64_t> whole, truth;
  std::optional<double> real;
  std::optional<std::string> text;
};

template <class T>
bool compare(Comparison comparison, const T& a, const T& b) {
  if (comparison == Comparison::equal) return a == b;
  if (comparison == Comparison::not_equal) return !(a == b);
  if (comparison == Comparison::less) return a < b;
  if (comparison == Comparison::less_or_equal) return a < b || a == b;
  if (comparison == Comparison::greater) return b < a;
  return b < a || a == b;
}

long double wide(const Literal& literal) {
  if (const auto* i = std::get_if<std::int64_t>(&literal)) return static_cast<long double>(*i);
  if (const auto* b = std::get_if<bool>(&literal)) return *b ? 1.0L : 0.0L;
  return static_cast<long double>(std::get<double>(literal));
}

Maybe leaf(const Predicate& p, const Row& row, Comparison comparison, const Literal& literal) {
  if (p.column == "text")
    return row.text ? Maybe(compare(comparison, *row.text, std::get<std::string>(literal)))
                    : std::nullopt;
  if (p.column == "real")
    return row.real
               ? Maybe(compare<double>(comparison, *row.real, static_cast<double>(wide(literal))))
               : std::nullopt;
  const auto& value = p.column == "whole" ? row.whole : row.truth;
  if (!value) return std::nullopt;
  return compare<long double>(comparison, static_cast<long double>(*value), wide(literal));
}

Maybe evaluate(const Predicate& p, const Row& row) {
  switch (p.kind) {
    case Predicate::Kind::compare:
      return leaf(p, row, p.comparison, p.literals[0]);
    case Predicate::Kind::is_null:
      if (p.column == "text") return !row.text;
      if (p.column == "real") return !row.real;
      return p.column == "whole" ? !row.whole : !row.truth;
    case Predicate::Kind::negate: {
      const Maybe child = evaluate(p.children[0], row);
      return child ? Maybe(!*child) : std::nullopt;
    }
    default:
      break;
  }
  // in is an any of equals; all is an any turned over.
  const bool all = p.kind == Predicate::Kind::all;
  bool unknown = false;
  const auto see = [&](Maybe child) {
    if (!child) unknown = true;
    return child && *child != all;
  };
  for (const Literal& literal : p.literals)
    if (see(leaf(p, row, Comparison::equal, literal))) return !all;
  for (const Predicate& child : p.children)
    if (see(evaluate(child, row))) return !all;
  return unknown ? std::nullopt : Maybe(all);
}

class Made {
 public:
  explicit Made(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  Literal literal(std::size_t column) {
    static const std::vector<double> reals = {-2.5, 0.0, 3.0, 1e19, -1e19, 2.5, -0x1p63};
    if (column == 3) return kTexts[below(4)] + (below(5) == 0 ? "x" : "");
    if (column == 1)
      return below(2) == 0 ? Literal(below(2) == 0) : Literal(std::int64_t(below(2)));
    if (below(2) == 0) return reals[below(reals.size())];
    if (column == 2) return static_cast<std::int64_t>(below(5)) - 2;
    return below(3) == 0 ? kNullInt : kWholes[below(kWholes.size())];
  }
  Predicate predicate(int depth) {
    Predicate p;
    const std::size_t kind = depth == 0 ? below(3) : below(6);
    p.kind = static_cast<Predicate::Kind>(kind);
    if (kind >= 3) {
      const std::size_t children = kind == 5 ? 1 : 2 + below(2);
      for (std::size_t i = 0; i < children; ++i) p.children.push_back(predicate(depth - 1));
      return p;
    }
    const std::size_t column = below(4);
    p.column = kNames[column];
    p.comparison = static_cast<Comparison>(below(6));
    const std::size_t literals = kind == 0 ? 1 : kind == 1 ? 1 + below(8) : 0;
    for (std::size_t i = 0; i < literals; ++i) p.literals.push_back(literal(column));
    return p;
  }
  Row row() {
    static const std::vector<double> reals = {-2.5, 0.0, 3.0, 1e19, -2.0};
    Row row;
    if (below(4) != 0) row.whole = kWholes[below(kWholes.size())];
    if (below(4) != 0) row.truth = static_cast<std::int64_t>(below(2));
    if (below(4) != 0) row.real = reals[below(reals.size())];
    if (below(4) != 0) row.text = kTexts[below(4)];
    return row;
  }

 private:
  std::mt19937 random_;
};

LoggedEvent logged(const Row& row) {
  return {0,
          1,
          {row.whole.value_or(kNullInt), row.truth.value_or(kNullInt)},
          {row.real.value_or(std::nan(""))},
          {row.text ? *kDictionary.find(*row.text) : kNullCode}};
}

TEST(RowFilter, EqualsSqlLogicOnRandomFiltersAndRows) {
  Made made(1);
  std::vector<Row> rows;
  std::vector<LoggedEvent> events;
  for (int i = 0; i < 60; ++i) {
    rows.push_back(made.row());
    events.push_back(logged(rows.back()));
  }
  const MemoryLog log(kTypes, 1, {events});
  MergeSpace space;
  const std::vector<std::size_t> all = {0, 1, 2, 3};
  const PartitionView view = log.view(0, all, space);
  int passed = 0;
  for (int i = 0; i < 4000; ++i) {
    const Predicate predicate = made.predicate(3);
    const auto filter = RowFilter::compile(predicate, lookup);
    ASSERT_TRUE(filter);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const bool want = evaluate(predicate, rows[r]) == Maybe(true);
      passed += want ? 1 : 0;
      ASSERT_EQ(filter->passes(view, r), want) << frame::to_text(predicate) << ", row " << r;
    }
  }
  EXPECT_GT(passed, 40'000);  // Neither nearly nothing nor nearly everything passes.
  EXPECT_LT(passed, 200'000);
}

TEST(RowFilter, RefusesLiteralsOfAnotherKind) {
  const auto code = [](const std::string& column, const Literal& literal) {
    Predicate p;
    p.column = column;
    p.literals = {literal};
    const auto filter = RowFilter::compile(p, lookup);
    return filter ? std::optional<ErrorCode>() : filter.error().code;
  };
  EXPECT_EQ(code("text", std::int64_t{1}), ErrorCode::invalid_spec);
  EXPECT_EQ(code("whole", std::string("1")), ErrorCode::invalid_spec);
  EXPECT_EQ(code("whole", true), ErrorCode::invalid_spec);
  EXPECT_EQ(code("real", std::string("1")), ErrorCode::invalid_spec);
  EXPECT_EQ(code("truth", std::string("true")), ErrorCode::invalid_spec);
  EXPECT_EQ(code("nobody", std::int64_t{1}), ErrorCode::invalid_spec);
  EXPECT_EQ(code("whole", std::int64_t{1}), std::nullopt);
}

TEST(EventMasks, SayWhichSetsARowBelongsTo) {
  Predicate positive;
  positive.column = "whole";
  positive.comparison = Comparison::greater;
  positive.literals = {std::int64_t{0}};
  const std::vector<RowFilter> filters = {*RowFilter::compile(positive, lookup)};
  const std::vector<EventSet> sets = {
      {true, {}, {}}, {false, {1, 2}, {}}, {false, {2}, 0}, {true, {}, 0}};
  const EventMasks<std::uint8_t> masks(sets, filters);
  const auto row = [](std::uint16_t event, std::int64_t whole) {
    return LoggedEvent{0, event, {whole, 0}, {0.0}, {0}};
  };
  const MemoryLog log(kTypes, 1, {{row(1, 5), row(2, 5), row(2, -5), row(2, kNullInt), row(0, 5)}});
  MergeSpace space;
  const std::vector<std::size_t> all = {0, 1, 2, 3};
  const PartitionView view = log.view(0, all, space);
  std::vector<int> got;
  for (std::size_t r = 0; r < 5; ++r) got.push_back(masks.at(view, r));
  EXPECT_EQ(got, (std::vector<int>{0b1011, 0b1111, 0b0011, 0b0011, 0b1001}));
}

}  // namespace
}  // namespace assay::events
