#include "assay/events/builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "assay/events/made_events.hpp"

// Expected values come from made::expected, which sorts and deduplicates by the words of the
// header, unit by unit, with nothing of the index.

namespace assay::events {
namespace {

using made::Folder;
using made::Row;
using made::Rules;
using testing::HasSubstr;

Rules rules_number(unsigned bits) {
  return {.text_units = (bits & 1) != 0,
          .sequence = (bits & 2) != 0,
          .dedup = (bits & 4) != 0,
          .ingest = (bits & 8) != 0,
          .quarantine = (bits & 16) != 0};
}

/// As `ingest` decides whether the ingest time counts, quarantine implies it in the schema.
Rules consistent(Rules rules) {
  rules.ingest = rules.ingest || rules.quarantine;
  return rules;
}

void expect_same(const Index& index, const made::Expected& expected) {
  EXPECT_EQ(made::read(index), expected.events);
  EXPECT_EQ(index.counts(), expected.counts);
  EXPECT_EQ(index.events(), expected.counts.events);
  EXPECT_EQ(index.units(), static_cast<std::int64_t>(expected.events.size()));
  EXPECT_TRUE(index.verify().has_value());
}

TEST(IndexBuilder, SaysWhatASlowModelSaysUnderEveryRule) {
  std::mt19937_64 random(1);
  for (unsigned bits = 0; bits < 32; ++bits) {
    SCOPED_TRACE(bits);
    const Folder folder;
    const Rules rules = consistent(rules_number(bits));
    const std::vector<Row> rows = made::random_rows(random, 3000, 1 + bits * 5);
    const auto report = made::build(folder / "index", {rows}, rules);
    ASSERT_TRUE(report.has_value()) << to_text(report.error());
    const auto index = Index::open(folder / "index");
    ASSERT_TRUE(index.has_value()) << to_text(index.error());
    const made::Expected expected = made::expected(rows, rules);
    expect_same(*index, expected);
    EXPECT_EQ(report->counts, expected.counts);
    EXPECT_EQ(report->new_units, index->units());
    EXPECT_EQ(report->bytes, index->bytes());
  }
}

TEST(IndexBuilder, GivesTheSameFilesForAnyThreadsMemoryAndBatches) {
  std::mt19937_64 random(2);
  for (const unsigned bits : {0U, 7U, 13U, 31U}) {
    const Folder folder;
    const Rules rules = consistent(rules_number(bits));
    const std::vector<Row> rows = made::random_rows(random, 60'000, 300);
    BuildOptions options{.threads = 1, .partitions = 4};
    ASSERT_TRUE(made::build(folder / "a", {rows}, rules, options, 60'000).has_value());
    const auto files = made::files_of(folder / "a");
    for (const int threads : {1, 2, 8}) {
      SCOPED_TRACE(threads);
      options.threads = threads;
      options.memory_bytes = 2'500'000;
      const auto report = made::build(folder / "b", {rows}, rules, options, 1777);
      ASSERT_TRUE(report.has_value()) << to_text(report.error());
      EXPECT_GT(report->spilled_bytes, 0);
      EXPECT_EQ(made::files_of(folder / "b"), files);
      std::filesystem::remove_all(folder / "b");
    }
  }
}

TEST(IndexBuilder, ExtendingEqualsBuildingFromEverythingBitForBit) {
  std::mt19937_64 random(3);
  for (const unsigned bits : {0U, 1U, 2U, 3U, 4U, 7U}) {
    SCOPED_TRACE(bits);
    const Folder folder;
    const Rules rules = rules_number(bits);
    std::vector<std::vector<Row>> lots;
    std::vector<Row> all;
    for (std::size_t lot = 0; lot < 5; ++lot) {
      lots.push_back(made::random_rows(random, 700 * lot + 100, 30 + 20 * lot));
      all.insert(all.end(), lots.back().begin(), lots.back().end());
    }
    const BuildOptions options{.threads = 2, .partitions = 8};
    const auto extended = made::build(folder / "extended", lots, rules, options);
    ASSERT_TRUE(extended.has_value()) << to_text(extended.error());
    EXPECT_FALSE(extended->needs_rebuild);
    EXPECT_EQ(extended->segments, 5);
    ASSERT_TRUE(made::build(folder / "whole", {all}, rules, options).has_value());
    const auto a = Index::open(folder / "extended");
    const auto b = Index::open(folder / "whole");
    ASSERT_TRUE(a.has_value() && b.has_value());
    EXPECT_EQ(made::arrays(*a), made::arrays(*b));
    EXPECT_EQ(made::read(*a), made::expected(all, rules).events);
    EXPECT_EQ(a->units(), b->units());
    EXPECT_EQ(a->time_range().begin, b->time_range().begin);
    EXPECT_EQ(a->time_range().end, b->time_range().end);
    EXPECT_EQ(a->fingerprint(), "print lot 4");
    EXPECT_EQ(a->sources().size(), 5);

    const auto compacted = compact(folder / "extended", options);
    ASSERT_TRUE(compacted.has_value()) << to_text(compacted.error());
    EXPECT_EQ(compacted->segments, 1);
    const auto c = Index::open(folder / "extended");
    ASSERT_TRUE(c.has_value()) << to_text(c.error());
    EXPECT_EQ(made::arrays(*c), made::arrays(*b));
    EXPECT_EQ(c->counts(), a->counts());
    EXPECT_TRUE(c->verify().has_value());
    // The old index is still readable by those who hold it open.
    EXPECT_EQ(made::arrays(*a), made::arrays(*b));
  }
}

TEST(IndexBuilder, ACompactedSegmentHasTheBytesOfOneBuiltAtOnce) {
  std::mt19937_64 random(4);
  const Folder folder;
  const Rules rules = rules_number(7);
  const auto first = made::random_rows(random, 4000, 50);
  const auto second = made::random_rows(random, 4000, 80);
  auto all = first;
  all.insert(all.end(), second.begin(), second.end());
  const BuildOptions options{.threads = 3, .partitions = 4};
  ASSERT_TRUE(made::build(folder / "a", {first, second}, rules, options).has_value());
  ASSERT_TRUE(compact(folder / "a", options).has_value());
  ASSERT_TRUE(made::build(folder / "b", {all}, rules, options).has_value());
  const auto segment = [](const std::map<std::string, std::string>& files) {
    for (const auto& [name, content] : files) {
      if (name.starts_with("segment-")) return content;
    }
    return std::string();
  };
  EXPECT_EQ(segment(made::files_of(folder / "a")), segment(made::files_of(folder / "b")));
}

TEST(IndexBuilder, EqualsAFullBuildOrAsksForOneWhenEarlierIngestsComeLater) {
  std::mt19937_64 random(5);
  int rebuilds = 0;
  for (int trial = 0; trial < 60; ++trial) {
    SCOPED_TRACE(trial);
    const Folder folder;
    Rules rules = consistent(rules_number(4 + 8));
    rules.within_us = trial % 3 == 0 ? 3 : 40;
    const std::size_t units = trial % 2 == 0 ? 200 : 3;
    const auto first = made::random_rows(random, 120, units);
    const auto second = made::random_rows(random, 40, units);
    auto all = first;
    all.insert(all.end(), second.begin(), second.end());
    const BuildOptions options{.threads = 1, .partitions = 2};
    ASSERT_TRUE(made::build(folder / "index", {first}, rules, options).has_value());
    const auto before = made::files_of(folder / "index");
    const auto report = made::build(folder / "other", {first, second}, rules, options);
    ASSERT_TRUE(report.has_value()) << to_text(report.error());
    const auto index = Index::open(folder / "other");
    ASSERT_TRUE(index.has_value()) << to_text(index.error());
    if (report->needs_rebuild) {
      ++rebuilds;
      EXPECT_EQ(made::files_of(folder / "other"), before);
      // It must not have asked in vain: some event of the first lot does not stay.
      const auto kept = made::expected(first, rules).events;
      const auto wanted = made::expected(all, rules).events;
      bool gone = false;
      for (const auto& [unit, events] : kept) {
        std::multiset<std::string> have(wanted.at(unit).begin(), wanted.at(unit).end());
        for (const std::string& event : events) {
          const auto found = have.find(event);
          gone |= found == have.end();
          if (found != have.end()) have.erase(found);
        }
      }
      // Two events may read the same in words, so the words cannot prove it in every trial.
      if (!gone) --rebuilds;
    } else {
      EXPECT_EQ(made::read(*index), made::expected(all, rules).events);
    }
  }
  EXPECT_GT(rebuilds, 5);
  EXPECT_LT(rebuilds, 55);
}

TEST(IndexBuilder, MergesByItselfPastSixteenSegments) {
  std::mt19937_64 random(6);
  const Folder folder;
  std::vector<std::vector<Row>> lots;
  std::vector<Row> all;
  for (std::size_t lot = 0; lot < 18; ++lot) {
    lots.push_back(made::random_rows(random, 50, 9));
    all.insert(all.end(), lots.back().begin(), lots.back().end());
  }
  const auto report = made::build(folder / "index", lots, {}, {.partitions = 2});
  ASSERT_TRUE(report.has_value()) << to_text(report.error());
  EXPECT_EQ(report->segments, 2);
  const auto index = Index::open(folder / "index");
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(made::read(*index), made::expected(all, {}).events);
}

TEST(IndexBuilder, ExtendingByNothingKeepsTheEventsAndNotesTheSource) {
  std::mt19937_64 random(7);
  const Folder folder;
  const auto rows = made::random_rows(random, 100, 5);
  Row no_unit;
  no_unit.time = 5;
  const auto report = made::build(folder / "index", {rows, {no_unit}}, {});
  ASSERT_TRUE(report.has_value()) << to_text(report.error());
  EXPECT_EQ(report->segments, 1);
  const auto index = Index::open(folder / "index");
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->sources().size(), 2);
  EXPECT_EQ(index->counts().rows_read, 101);
}

TEST(IndexBuilder, RefusesDataWithoutEvents) {
  const Folder folder;
  const auto nothing = made::build(folder / "index", {{}}, {});
  ASSERT_FALSE(nothing.has_value());
  EXPECT_EQ(nothing.error().code, ErrorCode::invalid_data);
  EXPECT_EQ(nothing.error().problem, "no rows in the data");
  Row no_unit;
  no_unit.time = 5;
  const auto left_out = made::build(folder / "index", {{no_unit, no_unit, Row{}}}, {});
  ASSERT_FALSE(left_out.has_value());
  EXPECT_THAT(left_out.error().problem, HasSubstr("of 3 rows 3 lack a unit"));
  EXPECT_TRUE(made::files_of(folder / "index").empty());
}

TEST(IndexBuilder, RefusesMoreEventNamesThanItHasCodesForAndSaysWhatToDo) {
  std::vector<Row> rows;
  for (int i = 0; i < 65'536; ++i) {
    Row row;
    row.unit = i % 10;
    row.time = i;
    row.event = "page/" + std::to_string(i);
    rows.push_back(row);
  }
  const Folder folder;
  const auto too_many = made::build(folder / "index", {rows}, {}, {}, 5000);
  ASSERT_FALSE(too_many.has_value());
  EXPECT_EQ(too_many.error().code, ErrorCode::invalid_data);
  EXPECT_THAT(to_text(too_many.error()), HasSubstr("column event has more than 65,535"));
  EXPECT_THAT(to_text(too_many.error()), HasSubstr("make this one a property"));
  rows.pop_back();
  EXPECT_TRUE(made::build(folder / "index", {rows}, {}, {}, 5000).has_value());
  const auto index = Index::open(folder / "index");
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->event_names().size(), 65'536);
  EXPECT_EQ(index->event_names().find("page/65534"), 65'535);
  EXPECT_EQ(index->event_names().find("page/65535"), std::nullopt);
}

TEST(IndexBuilder, NamesAMissingColumnAndAWrongType) {
  const Folder folder;
  const std::vector<std::int64_t> ints{1, 2};
  const std::vector<std::string_view> texts{"a", "b"};
  Schema schema;
  auto builder = IndexBuilder::create(folder / "index", schema, {});
  ASSERT_TRUE(builder.has_value());
  const frame::ColumnView unit{"user_id", frame::Type::int64, ints, {}, {}, {}};
  const frame::ColumnView time{"ts", frame::Type::time_us, ints, {}, {}, {}};
  const frame::ColumnView event{"event", frame::Type::int64, ints, {}, {}, {}};
  const auto missing = builder->add({2, {unit, time}});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().problem, "the batch has no column event at position 3");
  EXPECT_EQ(missing.error().have, "user_id, ts");
  const auto wrong = builder->add({2, {unit, time, event}});
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().problem, "column event is int64 instead of text");
  const frame::ColumnView named{"event", frame::Type::text, {}, {}, texts, {}};
  EXPECT_FALSE(builder->add({3, {unit, time, named}}).has_value());
  EXPECT_TRUE(builder->add({2, {unit, time, named}}).has_value());
}

TEST(IndexBuilder, RefusesSchemasThatContradictThemselves) {
  const Schema plain;
  const Folder folder;
  const auto problem = [&](const Schema& schema) {
    const auto builder = IndexBuilder::create(folder / "index", schema, {});
    return builder ? std::string("accepted") : builder.error().problem;
  };
  Schema schema;
  EXPECT_EQ(problem(schema), "accepted");
  schema.quarantine_future = true;
  EXPECT_THAT(problem(schema), HasSubstr("needs an ingest time"));
  schema = plain;
  schema.properties = {{"ts", frame::Type::text}};
  EXPECT_EQ(problem(schema), "column ts is used as time_us and as text");
  schema.properties = {{"a", frame::Type::text}, {"a", frame::Type::text}};
  EXPECT_EQ(problem(schema), "property a is named twice");
  schema = plain;
  schema.unit.type = frame::Type::float64;
  EXPECT_THAT(problem(schema), HasSubstr("a unit is an int64 or a text"));
  EXPECT_FALSE(IndexBuilder::create(folder / "index", plain, {.partitions = 3}).has_value());
  EXPECT_FALSE(IndexBuilder::create(folder / "index", plain, {.memory_bytes = 10}).has_value());
}

TEST(IndexBuilder, ExtendsOnlyAnIndexOfTheSameSchema) {
  const Schema plain;
  std::mt19937_64 random(8);
  const Folder folder;
  EXPECT_EQ(IndexBuilder::extend(folder / "none", plain, {}).error().code, ErrorCode::unavailable);
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
  ASSERT_TRUE(made::build(folder / "index", {made::random_rows(random, 100, 5)}, {}).has_value());
  const auto other = IndexBuilder::extend(folder / "index", plain, {});
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::invalid_spec);
}

TEST(IndexBuilder, LetsOnlyOneBuildAtATime) {
  const Schema plain;
  const Folder folder;
  const auto first = IndexBuilder::create(folder / "index", plain, {});
  ASSERT_TRUE(first.has_value());
  const auto second = IndexBuilder::create(folder / "index", plain, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_THAT(second.error().problem, HasSubstr("another process is building"));
}

TEST(IndexBuilder, StopsOnRequestAndLeavesTheOldIndex) {
  std::mt19937_64 random(9);
  const Folder folder;
  const auto rows = made::random_rows(random, 2000, 20);
  ASSERT_TRUE(made::build(folder / "index", {rows}, {}).has_value());
  const auto before = made::files_of(folder / "index");
  std::atomic<bool> stop{false};
  Progress progress;
  progress.stop = &stop;
  progress.report = [&](std::string_view, double share) { stop = share > 0.4; };
  const auto stopped = made::build(folder / "index", {rows}, {}, {.progress = &progress});
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, ErrorCode::interrupted);
  EXPECT_EQ(made::files_of(folder / "index"), before);
}

TEST(IndexBuilder, RefusesAPartitionThatCannotBeSortedInItsMemory) {
  std::vector<Row> rows(200'000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].unit = 1;
    rows[i].time = static_cast<TimeUs>(i);
  }
  const Folder folder;
  const BuildOptions options{.memory_bytes = 2'000'000, .partitions = 4};
  const auto report = made::build(folder / "index", {rows}, {}, options, 5000);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, ErrorCode::unavailable);
  EXPECT_THAT(report.error().problem, HasSubstr("the largest partition takes"));
  EXPECT_TRUE(made::files_of(folder / "index").empty());
}

TEST(IndexBuilder, RefusesTextsThatDoNotFitInItsMemory) {
  std::mt19937_64 random(10);
  std::vector<Row> rows = made::random_rows(random, 100'000, 100);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].country = "serial-" + std::to_string(i);
  const Folder folder;
  const BuildOptions options{.memory_bytes = 4'000'000, .partitions = 4};
  const auto report = made::build(folder / "index", {rows}, {}, options, 5000);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, ErrorCode::unavailable);
  EXPECT_EQ(report.error().where, "column country");
  EXPECT_TRUE(made::build(folder / "index", {rows}, {}, {.partitions = 4}, 5000).has_value());
  const auto index = Index::open(folder / "index");
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->dictionary(2).size(), 100'001);
  for (std::uint32_t code = 1; code <= 100'000; ++code) {
    ASSERT_EQ(index->dictionary(2).find(index->dictionary(2).at(code)), code);
  }
}

}  // namespace
}  // namespace assay::events
