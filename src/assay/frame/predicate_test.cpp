#include "assay/frame/predicate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace assay::frame {
namespace {

using Kind = Predicate::Kind;

bool same(const Predicate& a, const Predicate& b) {
  return a.kind == b.kind && a.column == b.column && a.comparison == b.comparison &&
         a.literals == b.literals &&
         std::equal(a.children.begin(), a.children.end(), b.children.begin(), b.children.end(),
                    same);
}

Predicate parsed(std::string_view text) {
  const auto predicate = parse_predicate(text);
  EXPECT_TRUE(predicate) << text << ": " << predicate.error().problem;
  return predicate.value_or(Predicate{});
}

Error error_of(std::string_view text) {
  const auto predicate = parse_predicate(text);
  EXPECT_FALSE(predicate) << text;
  return predicate ? Error{} : predicate.error();
}

TEST(ParsePredicate, ReadsComparisonsListsAndNulls) {
  const Predicate p = parsed("watch_ms >= 1.5e3");
  EXPECT_EQ(p.kind, Kind::compare);
  EXPECT_EQ(p.column, "watch_ms");
  EXPECT_EQ(p.comparison, Comparison::greater_or_equal);
  EXPECT_EQ(std::get<double>(p.literals.at(0)), 1500.0);

  const Predicate list = parsed("country not in ('DE', 'it''s', 7, true)");
  EXPECT_EQ(list.kind, Kind::negate);
  EXPECT_THAT(list.children.at(0).literals,
              testing::ElementsAre(Literal{std::string("DE")}, Literal{std::string("it's")},
                                   Literal{std::int64_t{7}}, Literal{true}));
  EXPECT_EQ(parsed("a IS NULL").kind, Kind::is_null);
  EXPECT_EQ(parsed("a is Not null").children.at(0).kind, Kind::is_null);
}

TEST(ParsePredicate, BindsAndTighterThanOrAndNotTightest) {
  const Predicate p = parsed("a = 1 or not b = 2 and c = 3");
  ASSERT_EQ(p.kind, Kind::any);
  ASSERT_EQ(p.children.at(1).kind, Kind::all);
  EXPECT_EQ(p.children.at(1).children.at(0).kind, Kind::negate);
  EXPECT_EQ(parsed("(a = 1 or b = 2) and c = 3").kind, Kind::all);
}

TEST(ParsePredicate, ReadsEverySpellingOfTheSigns) {
  EXPECT_TRUE(same(parsed("a = 1"), parsed("a==1")));
  EXPECT_TRUE(same(parsed("a != 1"), parsed("a<>1")));
  EXPECT_EQ(parsed("a=-1").literals.at(0), Literal{std::int64_t{-1}});
  EXPECT_EQ(parsed("a<-.5").literals.at(0), Literal{-0.5});
  EXPECT_EQ(parsed("a = -9223372036854775808").literals.at(0),
            Literal{std::numeric_limits<std::int64_t>::min()});
}

TEST(ParsePredicate, ReadsAnyNameInDoubleQuotes) {
  EXPECT_EQ(parsed("\"and\" = 1").column, "and");
  EXPECT_EQ(parsed("\"say \"\"hi\"\"; drop table\" = 1").column, "say \"hi\"; drop table");
  EXPECT_EQ(parsed("größe > 3").column, "größe");
}

TEST(ParsePredicate, SaysWhereAndWhatToWriteInstead) {
  const auto expect = [](std::string_view text, std::string_view where, std::string_view fix) {
    const Error error = error_of(text);
    EXPECT_EQ(error.code, ErrorCode::invalid_spec);
    EXPECT_EQ(error.where, where) << text;
    EXPECT_THAT(error.fix, testing::HasSubstr(std::string(fix))) << text;
  };
  expect("a = 1 && b = 2", "character 7 of `a = 1 && b = 2`", "`and`");
  expect("a = 1 || b = 2", "character 7 of `a = 1 || b = 2`", "`or`");
  expect("!a = 1", "character 1 of `!a = 1`", "`not`");
  expect("a => 1", "character 3 of `a => 1`", "`>=`");
  expect("größe = 'x", "character 9 of `größe = 'x`", "add '");
  expect("country = DE", "character 11 of `country = DE`", "'DE'");
  expect("country = \"DE\"", "character 11 of `country = \"DE\"`", "'DE'");
  expect("a = null", "character 5 of `a = null`", "`is null`");
  expect("a != null", "character 6 of `a != null`", "`is not null`");
  expect("5 < a", "character 1 of `5 < a`", "column first");
  expect("(a = 1", "character 1 of `(a = 1`", "`)`");
  expect("a = 1)", "character 6 of `a = 1)`", "take it out");
  expect("a in ()", "character 7 of `a in ()`", "at least one");
  expect("a in (1 2)", "character 9 of `a in (1 2)`", "`,`");
  expect("a between 1 and 2", "character 3 of `a between 1 and 2`", ">=");
  expect("a like 'x%'", "character 3 of `a like 'x%'`", "in (");
  expect("a = ‘x’", "character 5 of `a = ‘x’`", "straight");
  expect("payload.a = 1", "character 8 of `payload.a = 1`", "double quotes");
  expect("a = 9223372036854775808", "character 5 of `a = 9223372036854775808`", "9223372036854");
  expect("a = 2026-05-04", "character 9 of `a = 2026-05-04`", "and");
  expect("null = 1", "character 1 of `null = 1`", "\"null\"");
  expect("  ", "character 3 of `  `", "country");
}

TEST(ParsePredicate, RefusesEveryCutOfAFilterWithoutCrashing) {
  const std::string whole = "not (a in ('x''y', 2) or \"b c\" is not null) and d >= 1.5e-3";
  ASSERT_TRUE(parse_predicate(whole));
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = parse_predicate(whole.substr(0, size));
    if (!cut) ++refused;
  }
  EXPECT_GT(refused, 50);
  EXPECT_FALSE(parse_predicate(std::string("a = 1\0", 6)));
  EXPECT_FALSE(parse_predicate("a = 1e999"));
}

TEST(ParsePredicate, BoundsTheDepth) {
  EXPECT_TRUE(parse_predicate(std::string(90, '(') + "a = 1" + std::string(90, ')')));
  EXPECT_THAT(error_of(std::string(100'000, '(') + "a = 1").problem, testing::HasSubstr("deeper"));
  std::string nots;
  for (int i = 0; i < 10'000; ++i) nots += "not ";
  EXPECT_THAT(error_of(nots + "a = 1").problem, testing::HasSubstr("deeper"));
}

TEST(ColumnsOf, NamesEachOnceInOrderOfFirstMention) {
  EXPECT_THAT(columns_of(parsed("b = 1 and (a is null or b in (2)) and not c < 3")),
              testing::ElementsAre("b", "a", "c"));
}

Literal any_literal() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return *rc::gen::arbitrary<std::int64_t>();
    case 1:
      return *rc::gen::arbitrary<double>();
    case 2:
      return *rc::gen::arbitrary<bool>();
    default:
      return *rc::gen::arbitrary<std::string>();
  }
}

Predicate any_predicate(int depth) {
  Predicate p;
  p.kind = static_cast<Kind>(*rc::gen::inRange(0, depth > 0 ? 6 : 3));
  if (p.kind == Kind::all || p.kind == Kind::any || p.kind == Kind::negate) {
    const int children = p.kind == Kind::negate ? 1 : *rc::gen::inRange(2, 4);
    for (int i = 0; i < children; ++i) p.children.push_back(any_predicate(depth - 1));
    return p;
  }
  p.column = *rc::gen::nonEmpty<std::string>();
  if (*rc::gen::arbitrary<bool>())
    p.column = *rc::gen::element<std::string>("a", "not", "Null", "x9", "größe", "9x");
  if (p.kind == Kind::compare) {
    p.comparison = static_cast<Comparison>(*rc::gen::inRange(0, 6));
    p.literals.push_back(any_literal());
  } else if (p.kind == Kind::in) {
    const int count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) p.literals.push_back(any_literal());
  }
  return p;
}

RC_GTEST_PROP(PredicateProperty, WhatIsWrittenReadsBackTheSame, ()) {
  const Predicate predicate = any_predicate(3);
  const auto again = parse_predicate(to_text(predicate));
  RC_ASSERT(again.has_value());
  RC_ASSERT(same(predicate, *again));
}

RC_GTEST_PROP(PredicateProperty, AnyBytesGiveAFilterOrAnError, (const std::string& bytes)) {
  const auto predicate = parse_predicate(bytes);
  if (predicate) RC_ASSERT(same(*predicate, *parse_predicate(to_text(*predicate))));
}

}  // namespace
}  // namespace assay::frame
