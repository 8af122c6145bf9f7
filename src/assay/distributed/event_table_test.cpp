#include "assay/distributed/event_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "assay/frame/predicate.hpp"
#include "warehouse_fixture.hpp"

namespace assay::distributed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class EventTableTest : public WarehouseTest {
 protected:
  Error refusal() {
    const auto engine = DistributedEngine::open(warehouse::connection_over(database), spec);
    EXPECT_FALSE(engine);
    return engine ? Error() : engine.error();
  }

  /// One column of the events that count, in order of unit and time.
  std::vector<std::int64_t> events(const std::string& column = "time_us", const Scan& scan = {}) {
    const auto engine = open();
    sql::Plan plan;
    sql::Select all;
    all.outputs = {{"unit", sql::column("unit")},
                   {"time_us", sql::column("time_us")},
                   {"value", sql::cast(sql::column(column), sql::Type::int64)}};
    all.from = {events_step(engine->table(), scan, plan)};
    plan.result = {all};
    plan.order = {{sql::column("unit"), false}, {sql::column("time_us"), false}};
    const auto statement = engine->connection().dialect().statement(plan);
    EXPECT_TRUE(statement) << (statement ? "" : to_text(statement.error()));
    const auto answer = engine->connection().query(*statement);
    EXPECT_TRUE(answer) << (answer ? "" : to_text(answer.error()));
    return answer ? answer->rows.columns[2].ints : std::vector<std::int64_t>();
  }
};

TEST_F(EventTableTest, KnowsItsEventNamesAndWhenItBeginsAndEnds) {
  insert("(1, 100, 'b'), (1, 50, 'a'), (2, 70, NULL), (NULL, 10, 'no unit'), (3, NULL, 'no time')");
  const auto engine = open();
  EXPECT_THAT(engine->table().words.events, ElementsAre("a", "b", "no time", "no unit"));
  EXPECT_EQ(engine->table().span.begin, 50 * kSecondUs);
  EXPECT_EQ(engine->table().span.end, 100 * kSecondUs + 1);
}

TEST_F(EventTableTest, AnEmptyTableHasNoSpanAndAnswersNothing) {
  const auto engine = open();
  EXPECT_EQ(engine->table().span.begin, engine->table().span.end);
  EXPECT_TRUE(engine->active_users({})->units.empty());
  EXPECT_EQ(engine->sessions({})->sessions, 0);
  EXPECT_EQ(engine->unit_totals({{}, {0, 1}, TimeZone::utc(), {}})->units, 0);
  EXPECT_TRUE(engine->retention({})->units.empty());
  EXPECT_THAT(engine->funnel({{named("")}, 0, std::nullopt})->reached, ElementsAre(0));
}

TEST_F(EventTableTest, AMistypedColumnIsAnErrorWithNearNames) {
  spec.source.properties[0].expression = "plam";
  const Error error = refusal();
  EXPECT_EQ(error.code, ErrorCode::invalid_spec);
  EXPECT_THAT(error.problem, HasSubstr("property `plan`"));
  EXPECT_EQ(error.fix, "did you mean `plan`?");
}

TEST_F(EventTableTest, AnExpressionIsNoColumn) {
  spec.source.properties[0].expression = "lower(plan) || 'x'";
  EXPECT_THAT(refusal().fix, HasSubstr("view"));
}

TEST_F(EventTableTest, ColumnsAreFoundInQuotesAndInAnyLetterCase) {
  run("ALTER TABLE log ADD COLUMN \"od\"\"d\" VARCHAR");
  spec.source.properties = {{"odd", "\"od\"\"d\"", frame::Type::text},
                            {"plan", "PLAN", frame::Type::text}};
  EXPECT_EQ(open()->table().spec.source.properties[1].expression, "plan");
  EXPECT_EQ(open()->table().spec.source.properties[0].expression, "od\"d");
}

TEST_F(EventTableTest, AColumnThatEnginesReadDifferentlyIsRefused) {
  spec.source.properties[1].type = frame::Type::text;  // A real number as text.
  EXPECT_THAT(refusal().problem, HasSubstr("DOUBLE"));
  spec.source.properties[1].type = frame::Type::int64;
  EXPECT_THAT(refusal().fix, HasSubstr("float64"));
  spec.source.properties[1].type = frame::Type::float64;
  spec.source.event_time.expression = "plan";
  EXPECT_THAT(refusal().fix, HasSubstr("view"));
  spec.source.event_time = {"ts", engine::TimeUnit::timestamp, TimeZone::utc()};
  EXPECT_THAT(refusal().fix, HasSubstr("unit"));
}

TEST_F(EventTableTest, CopiesNearInTimeAreRefusedByName) {
  spec.source.dedup = engine::DedupPolicy{{"plan"}, kHourUs};
  EXPECT_THAT(refusal().fix, HasSubstr("within"));
}

TEST_F(EventTableTest, NumbersWrittenAsTextReadOrAreMissing) {
  insert("(1, 0, '17'), (1, 1, 'x'), (1, 2, '1 2')");
  spec.source.properties.push_back({"number", "event", frame::Type::int64});
  const auto engine = open();
  const auto count = [&](std::string_view where) {
    engine::UnitTotalsQuery query{named("", where), {0, kDayUs}, TimeZone::utc(), {}};
    query.metrics = {{"n", {named("", where), engine::Aggregation::count, "", 1.0}, {}, {}}};
    return engine->unit_totals(query)->moments[0].mean[0];
  };
  EXPECT_EQ(count("number = 17"), 1.0);
  EXPECT_EQ(count("number is null"), 2.0);
}

// Berlin: 02:30 on 2026-03-29 never was and moves ahead to 03:30 (01:30 UTC); 02:30 on 2026-10-25
// was twice and is the later (01:30 UTC).
TEST_F(EventTableTest, WallClocksReadByTheRulesOfTheirZone) {
  run("ALTER TABLE log ADD COLUMN wall TIMESTAMP");
  run("INSERT INTO log (\"user\", wall) VALUES (1, '2026-03-29 01:30'), (2, '2026-03-29 02:30'), "
      "(3, '2026-03-29 03:30'), (4, '2026-10-25 01:30'), (5, '2026-10-25 02:30'), "
      "(6, '2026-10-25 03:30'), (7, NULL)");
  spec.source.event_time = {"wall", engine::TimeUnit::timestamp, *TimeZone::find("Europe/Berlin")};
  std::vector<std::string> times;
  for (const TimeUs time : events()) times.push_back(time_text(time));
  EXPECT_THAT(times,
              ElementsAre("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z",
                          "2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"));
}

TEST_F(EventTableTest, LocalDaysAreThoseOfTheZone) {
  for (const char* name : {"America/New_York", "Pacific/Apia", "Asia/Kolkata"}) {
    const TimeZone zone = *TimeZone::find(name);
    const TimeRange span{*parse_day("2011-10-01") * kDayUs, *parse_day("2012-04-01") * kDayUs};
    sql::Plan plan;
    sql::Select days;
    days.from = {{sql::TableName{"", "", "times"}, {}, "times", {}, {}}};
    days.outputs = {{"time", sql::column("t")}, {"day", local_day(sql::column("t"), zone, span)}};
    plan.result = {days};
    run(fmt::format(
        "CREATE OR REPLACE TABLE times AS SELECT unnest(range({}, {}, {}::BIGINT)) AS t",
        span.begin, span.end, 7 * kHourUs + 1));
    const auto rows = database.query(*sql::duckdb_dialect().statement(plan));
    ASSERT_TRUE(rows) << to_text(rows.error());
    for (std::size_t i = 0; i < rows->rows(); ++i)
      ASSERT_EQ(rows->columns[1].ints[i], zone.local_day(rows->columns[0].ints[i])) << name;
  }
}

TEST_F(EventTableTest, OfCopiesTheFirstReceivedStaysAndEventsWithoutAKeyAreNoCopies) {
  run("ALTER TABLE log ADD COLUMN got BIGINT");
  run("INSERT INTO log VALUES (1, 5, 'late', 'k', 2, 90), (1, 3, 'first', 'k', 3, 10), "
      "(1, 4, 'unknown', 'k', 4, NULL), (1, 6, 'alone', NULL, NULL, 1), "
      "(1, 7, 'alone', NULL, NULL, 1), (2, 8, 'other', 'k', 3, 95), "
      "(3, 9, 'half', NULL, 1, 2), (3, 10, 'half', NULL, 1, 1)");
  spec.source.ingest_time = engine::TimeColumn{"got", engine::TimeUnit::seconds, TimeZone::utc()};
  spec.source.dedup = engine::DedupPolicy{{"plan"}, std::nullopt};
  const auto seconds = [](std::vector<std::int64_t> times) {
    for (std::int64_t& time : times) time /= kSecondUs;
    return times;
  };
  EXPECT_THAT(seconds(events()), ElementsAre(3, 6, 7, 8, 9, 10));
  spec.source.dedup->keys = {"plan", "amount"};
  EXPECT_THAT(seconds(events()), ElementsAre(3, 4, 5, 6, 7, 8, 10));
  // A range asks among the events that stay; it does not choose the copy.
  spec.source.dedup->keys = {"plan"};
  Scan scan;
  scan.range = TimeRange{4 * kSecondUs, 9 * kSecondUs};
  EXPECT_THAT(seconds(events("time_us", scan)), ElementsAre(6, 7, 8));
}

TEST_F(EventTableTest, WithoutATimeOfArrivalTheSmallestCopyStays) {
  run("INSERT INTO log VALUES (1, 5, 'b', 'k', 1), (1, 3, 'b', 'k', 2), (1, 3, 'a', 'k', 9)");
  spec.source.dedup = engine::DedupPolicy{{"plan"}, std::nullopt};
  Scan scan;
  scan.properties = {"amount"};
  EXPECT_THAT(events("p2", scan), ElementsAre(9));
}

TEST_F(EventTableTest, EventsFromTheFutureDoNotCount) {
  run("ALTER TABLE log ADD COLUMN got BIGINT");
  run("INSERT INTO log (\"user\", ts, got) VALUES (1, 100, 40), (1, 101, 40), (1, 500, NULL)");
  spec.source.ingest_time = engine::TimeColumn{"got", engine::TimeUnit::seconds, TimeZone::utc()};
  spec.source.max_skew_us = 60 * kSecondUs;
  EXPECT_THAT(events(), ElementsAre(100 * kSecondUs, 500 * kSecondUs));
}

// The part says 1970-02-01, the time 1970-01-11: only who does not look at parts counts it.
TEST_F(EventTableTest, ARangeReadsItsPartsAlone) {
  for (const char* type : {"DATE", "VARCHAR"}) {
    run("CREATE OR REPLACE TABLE log AS SELECT 1::BIGINT AS \"user\", 864000 + 86400 * i AS ts, "
        "'a' AS event, 'x' AS plan, 1.0::DOUBLE AS amount, (CASE WHEN i = 0 THEN '1970-02-01' ELSE "
        "strftime(DATE '1970-01-11' + i::INTEGER, '%Y-%m-%d') END)::" +
        std::string(type) + " AS part FROM range(0, 5) AS days(i)");
    spec.partition = Partition{"part", 0};
    Scan scan;
    scan.range = TimeRange{10 * kDayUs, 12 * kDayUs};
    EXPECT_THAT(events("time_us", scan), ElementsAre(11 * kDayUs)) << type;
    spec.partition = Partition{"part", 20 * kDayUs};
    EXPECT_THAT(events("time_us", scan), ElementsAre(10 * kDayUs, 11 * kDayUs)) << type;
    spec.partition.reset();
    EXPECT_THAT(events("time_us", scan), ElementsAre(10 * kDayUs, 11 * kDayUs)) << type;
  }
  spec.partition = Partition{"amount", 0};
  EXPECT_THAT(refusal().problem, HasSubstr("kept in parts by `amount`"));
}

TEST_F(EventTableTest, OnlyTheColumnsThatAQueryNeedsAreRead) {
  insert("(1, 0, 'a')");
  const auto engine = open();
  const auto columns = [&](const AnyQuery& query) {
    return engine->plans_of(query)->front().tables.front().columns;
  };
  EXPECT_THAT(columns(engine::ActiveUsersQuery{}),
              testing::UnorderedElementsAre("user", "ts", "event"));
  engine::ActiveUsersQuery filtered;
  filtered.event = named("", "plan = 'x'");
  EXPECT_THAT(columns(filtered), testing::UnorderedElementsAre("user", "ts", "event", "plan"));
}

TEST_F(EventTableTest, HostileNamesAndValuesAreWordsLikeAnyOther) {
  const std::vector<std::string> words{
      "'; DROP TABLE log; --", "\"\"x", "a\\'b", "größe ✓", "*/ --\n", "' OR '1'='1", "`x`"};
  std::string columns;
  spec.source.properties.clear();
  for (std::size_t i = 0; i < words.size(); ++i) {
    columns += fmt::format(", {} VARCHAR", engine::quote_identifier(words[i]));
    spec.source.properties.push_back(
        {words[i], engine::quote_identifier(words[i]), frame::Type::text});
  }
  spec.table.table = "my \"log\"; --";
  const std::string table = engine::quote_identifier(spec.table.table);
  run(fmt::format("CREATE TABLE {} (\"user\" BIGINT, ts BIGINT, event VARCHAR{})", table, columns));
  for (const std::string& word : words) {
    std::string values;
    for (std::size_t i = 0; i < words.size(); ++i) values += ", " + engine::quote_text(word);
    run(fmt::format("INSERT INTO {} VALUES (1, 0, {}{})", table, engine::quote_text(word), values));
  }
  const auto engine = open();
  for (const std::string& word : words) {
    frame::Predicate predicate;
    predicate.column = word;
    predicate.literals = {word};
    const engine::EventSelector meant{{word}, predicate};
    engine::UnitTotalsQuery query{meant, {0, 1}, TimeZone::utc(), {}};
    query.metrics = {{"n", {meant, engine::Aggregation::count, "", 1.0}, {}, {}}};
    const auto totals = engine->unit_totals(query);
    ASSERT_TRUE(totals) << to_text(totals.error());
    EXPECT_EQ(totals->units, 1) << word;
    EXPECT_EQ(totals->moments[0].mean[0], 1.0) << word;
  }
}

}  // namespace
}  // namespace assay::distributed
