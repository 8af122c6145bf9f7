#include "assay/engine/relation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "assay/base/time.hpp"
#include "assay/engine/engine_fixture.hpp"

namespace assay::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RelationTest : public EngineTest {
 protected:
  Relation connected(const Source& source) {
    auto relation = connect(*database, source);
    EXPECT_TRUE(relation) << (relation ? "" : to_text(relation.error()));
    return relation ? *relation : Relation{};
  }
  Error refused(const Source& source) {
    const auto relation = connect(*database, source);
    EXPECT_FALSE(relation);
    return relation ? Error{} : relation.error();
  }
  std::vector<std::string> clean(const Source& source, const std::string& columns) {
    return lines(*database, "SELECT " + columns + " FROM (" + clean_sql(connected(source)) +
                                ") ORDER BY unit, ordinal");
  }
  std::string one(const std::string& sql) { return lines(*database, sql).at(0); }

  /// The microseconds that a value of a column reads as.
  std::string time_of(const std::string& sql_value, TimeUnit unit, const std::string& zone) {
    const auto made = database->execute(
        "CREATE OR REPLACE TABLE t AS SELECT 1 AS user_id, 'a' AS event, " + sql_value + " AS ts");
    EXPECT_TRUE(made) << sql_value;
    const std::string path = (folder / "t.parquet").string();
    EXPECT_TRUE(database->execute("COPY t TO " + quote_text(path) + " (FORMAT parquet)"));
    Source source = plain_source(SourceFormat::parquet, path);
    source.event_time.unit = unit;
    source.event_time.timezone = *TimeZone::find(zone);
    return one("SELECT coalesce(time_us::VARCHAR, 'missing') FROM (" +
               relation_sql(connected(source)) + ")");
  }
};

const std::string kRows =
    "user_id,ts,event,watch_ms,is_ad,country\n"
    "2,2026-05-04 10:00:00,play,100,true,DE\n"
    "1,2026-05-04 09:00:00,play,,false,\n"
    ",2026-05-04 09:30:00,play,5,true,FR\n"
    "1,,play,5,true,FR\n"
    "1,2026-05-04 08:00:00,,7,true,it's\n"
    "1,not a time,play,5,true,FR\n"
    "2,2026-05-04 11:00:00,like,many,maybe,DE\n";

Source rich(SourceFormat format, const std::string& path) {
  Source source = plain_source(format, path);
  source.properties = {{"watch_ms", "watch_ms", frame::Type::int64},
                       {"is_ad", "is_ad", frame::Type::boolean},
                       {"country", "country", frame::Type::text}};
  return source;
}

TEST_F(RelationTest, EveryFormatGivesTheSameEvents) {
  const std::string csv = write("a.csv", kRows);
  const std::string all = "read_csv(" + quote_text(csv) + ", all_varchar = true)";
  const std::string parquet = (folder / "a.parquet").string();
  const std::string jsonl = (folder / "a.jsonl").string();
  const std::string file = (folder / "a.duckdb").string();
  ASSERT_TRUE(database->execute("COPY (SELECT * FROM " + all + ") TO " + quote_text(parquet)));
  ASSERT_TRUE(database->execute("COPY (SELECT * FROM " + all + ") TO " + quote_text(jsonl) +
                                " (FORMAT json)"));
  ASSERT_TRUE(database->execute("ATTACH " + quote_text(file) +
                                " AS f; CREATE TABLE f.plays AS "
                                "SELECT * FROM " +
                                all + "; DETACH f"));
  Source stored = rich(SourceFormat::duckdb, file);
  stored.table = "plays";
  for (const Source& source : {rich(SourceFormat::csv, csv), rich(SourceFormat::parquet, parquet),
                               rich(SourceFormat::jsonl, jsonl), stored}) {
    EXPECT_THAT(clean(source, "unit, ordinal, event, watch_ms, is_ad, country"),
                ElementsAre("1 1 NULL 7 true it's", "1 2 play NULL false NULL",
                            "2 1 play 100 true DE", "2 2 like NULL NULL DE"))
        << from_sql(source);
    EXPECT_EQ(one("SELECT count(*) FROM (" + relation_sql(connected(source)) + ")"), "7");
  }
}

TEST_F(RelationTest, TimesReadInEveryUnit) {
  const std::string expected = std::to_string(1'777'888'800'000'000);  // 2026-05-04 10:00 UTC
  EXPECT_EQ(time_of("1777888800", TimeUnit::seconds, "UTC"), expected);
  EXPECT_EQ(time_of("1777888800.25::DOUBLE", TimeUnit::seconds, "UTC"), "1777888800250000");
  EXPECT_EQ(time_of("1777888800000", TimeUnit::milliseconds, "UTC"), expected);
  EXPECT_EQ(time_of("1777888800000.0::DECIMAL(18,1)", TimeUnit::milliseconds, "UTC"), expected);
  EXPECT_EQ(time_of("1777888800000000", TimeUnit::microseconds, "UTC"), expected);
  EXPECT_EQ(time_of("1777888800000000999", TimeUnit::nanoseconds, "UTC"), expected);
  EXPECT_EQ(time_of("'1777888800000000'", TimeUnit::microseconds, "UTC"), expected);
  EXPECT_EQ(time_of("'1777888800.5'", TimeUnit::seconds, "UTC"), "1777888800500000");
  EXPECT_EQ(time_of("TIMESTAMPTZ '2026-05-04 12:00:00+02'", TimeUnit::timestamp, "Asia/Tokyo"),
            expected);
  EXPECT_EQ(time_of("'2026-05-04T12:00:00+02:00'", TimeUnit::timestamp, "Asia/Tokyo"), expected);
  EXPECT_EQ(time_of("'2026-05-04T10:00:00Z'", TimeUnit::timestamp, "Asia/Tokyo"), expected);
  EXPECT_EQ(time_of("'2026-05-04 10:00:00.000Z'", TimeUnit::timestamp, "UTC"), expected);
  EXPECT_EQ(time_of("'2026-05-04 19:00:00'", TimeUnit::timestamp, "Asia/Tokyo"), expected);
  EXPECT_EQ(time_of("TIMESTAMP '2026-05-04 12:00:00'", TimeUnit::timestamp, "Europe/Berlin"),
            expected);
  EXPECT_EQ(time_of("TIMESTAMP_MS '2026-05-04 10:00:00'", TimeUnit::milliseconds, "UTC"), expected);
  EXPECT_EQ(time_of("DATE '1970-01-02'", TimeUnit::timestamp, "UTC"), "86400000000");
  EXPECT_EQ(time_of("'2026-05-04'", TimeUnit::timestamp, "UTC"), "1777852800000000");
}

TEST_F(RelationTest, ATimeThatCannotBeIsMissing) {
  EXPECT_EQ(time_of("'soon'", TimeUnit::timestamp, "UTC"), "missing");
  EXPECT_EQ(time_of("'2026-02-30 10:00:00'", TimeUnit::timestamp, "UTC"), "missing");
  EXPECT_EQ(time_of("9223372036854775807", TimeUnit::seconds, "UTC"), "missing");
  EXPECT_EQ(time_of("'nan'::DOUBLE", TimeUnit::seconds, "UTC"), "missing");
  EXPECT_EQ(time_of("TIMESTAMP 'infinity'", TimeUnit::timestamp, "UTC"), "missing");
}

TEST_F(RelationTest, ANumberIsNoTimeUntilItsUnitIsSaid) {
  write("a.csv", "user_id,ts,event\n1,1777888800,a\n");
  ASSERT_TRUE(database->execute("COPY (SELECT 1 AS user_id, 5 AS ts, 'a' AS event, true AS b) TO " +
                                quote_text((folder / "a.parquet").string())));
  Source source = plain_source(SourceFormat::parquet, (folder / "a.parquet").string());
  const Error error = refused(source);
  EXPECT_EQ(error.code, ErrorCode::invalid_spec);
  EXPECT_THAT(error.fix, HasSubstr("unit"));
  source.event_time.expression = "b";
  EXPECT_EQ(refused(source).code, ErrorCode::invalid_spec);
}

/// Columns: unit, minute of event, minute of receipt (empty: none), key.
Source received(const std::string& path, std::optional<std::int64_t> within_minutes) {
  Source source = plain_source(SourceFormat::csv, path);
  source.event_time = {"ts", TimeUnit::seconds, TimeZone::utc()};
  source.ingest_time = TimeColumn{"got", TimeUnit::seconds, TimeZone::utc()};
  source.properties = {{"row", "row", frame::Type::int64}};
  source.dedup = DedupPolicy{{"k"}, std::nullopt};
  if (within_minutes) source.dedup->within_us = *within_minutes * kSecondUs;
  return source;
}

const std::string kReceived =
    "row,user_id,ts,got,k,event\n"
    "1,1,10,100,x,a\n"  // first received of x: stays
    "2,1,12,90,x,a\n"   // received earlier than row 1: this one stays, row 1 goes
    "3,1,13,,x,a\n"     // no receipt: counts as last, goes
    "4,1,50,95,x,a\n"   // same key, far away
    "5,2,10,100,x,a\n"  // another unit
    "6,1,10,100,,a\n"   // no key at all: never a duplicate
    "7,1,10,100,,a\n"
    "8,1,10,100,y,a\n"
    "9,1,10,100,y,a\n";  // equal receipt: arrival decides, goes

TEST_F(RelationTest, OfEqualKeysTheFirstReceivedStays) {
  EXPECT_THAT(clean(received(write("a.csv", kReceived), std::nullopt), "row"),
              ElementsAre("6", "7", "8", "2", "5"));
}

TEST_F(RelationTest, WithinAWindowOnlyNearEventsAreDuplicates) {
  EXPECT_THAT(clean(received(write("a.csv", kReceived), 2), "row"),
              ElementsAre("6", "7", "8", "2", "4", "5"));
}

TEST_F(RelationTest, TheWindowReachesFromEventsThatStayedNotFromDroppedOnes) {
  // 0 stays; 2 is within 2 of it and goes; 4 is within 2 of the dropped one only and stays;
  // 5 goes (4 stayed); 3 was received last and lies within 2 of 4.
  const std::string path = write("a.csv",
                                 "row,user_id,ts,got,k,event\n1,1,0,1,x,a\n2,1,2,2,x,a\n"
                                 "3,1,4,3,x,a\n4,1,5,4,x,a\n5,1,3,5,x,a\n6,1,7,6,x,a\n");
  EXPECT_THAT(clean(received(path, 2), "row"), ElementsAre("1", "3", "6"));
}

TEST_F(RelationTest, EventsFromTheFutureAreLeftOutBeforeDuplicatesAreSought) {
  const std::string path = write("a.csv",
                                 "row,user_id,ts,got,k,event\n1,1,161,100,x,a\n2,1,160,100,x,a\n"
                                 "3,1,500,,z,a\n");
  Source source = received(path, std::nullopt);
  source.max_skew_us = 60 * kSecondUs;
  EXPECT_THAT(clean(source, "row"), ElementsAre("2", "3"));
  source.ingest_time.reset();
  EXPECT_THAT(refused(source).problem, HasSubstr("no ingest time"));
}

TEST_F(RelationTest, TiesFollowSequenceThenArrival) {
  Source source = plain_source(
      SourceFormat::csv,
      write("a.csv", "row,user_id,ts,seq,event\n1,1,5,2,a\n2,1,5,1,a\n3,1,5,,a\n4,1,5,1,a\n"));
  source.event_time.unit = TimeUnit::seconds;
  source.properties = {{"row", "row", frame::Type::int64}};
  EXPECT_THAT(clean(source, "row"), ElementsAre("1", "2", "3", "4"));
  source.sequence_expression = "seq";
  EXPECT_THAT(clean(source, "row"), ElementsAre("3", "2", "4", "1"));
}

TEST_F(RelationTest, HostileNamesAndValuesStayWords) {
  const std::string name = "a\"; DROP TABLE t; --";
  ASSERT_TRUE(
      database->execute("CREATE TABLE t AS SELECT 'x''; DROP TABLE t; --' AS "
                        "\"user id\", TIMESTAMP '2026-05-04 10:00:00' AS \"select\", "
                        "'größe' AS \"Ereignis\", 5 AS " +
                        quote_identifier(name)));
  const std::string path = (folder / "it's [1].parquet").string();
  ASSERT_TRUE(database->execute("COPY t TO " + quote_text(path) + " (FORMAT parquet)"));
  Source source = plain_source(SourceFormat::parquet, path);
  source.unit = {"user", "user id", frame::Type::text};
  source.event_time.expression = "select";
  source.event_expression = "ereignis";
  source.properties = {{name, name, frame::Type::int64},
                       {"Unit", "1 + 1", frame::Type::int64},
                       {"UNIT", "3 -- a comment", frame::Type::int64}};
  EXPECT_THAT(property_columns(source), ElementsAre(name, "Unit_2", "UNIT_3"));
  EXPECT_THAT(clean(source, "unit, event, " + quote_identifier(name) + ", Unit_2, UNIT_3"),
              ElementsAre("x'; DROP TABLE t; -- größe 5 2 3"));
  source.properties = {{"p", "1); DROP TABLE t; SELECT (1", frame::Type::int64}};
  EXPECT_EQ(refused(source).code, ErrorCode::invalid_spec);
  EXPECT_EQ(one("SELECT count(*) FROM t"), "1");
}

TEST_F(RelationTest, NamesTheColumnsThatThereAre) {
  Source source = rich(SourceFormat::csv, write("a.csv", kRows));
  source.properties.push_back({"watch", "watch_msec", frame::Type::int64});
  const Error error = refused(source);
  EXPECT_EQ(error.code, ErrorCode::invalid_spec);
  EXPECT_THAT(error.problem, HasSubstr("property `watch` `watch_msec`"));
  EXPECT_THAT(error.fix, HasSubstr("`watch_ms`"));
  EXPECT_THAT(error.have, HasSubstr("country"));
}

TEST_F(RelationTest, SaysWhatIsWrongWithTheFile) {
  EXPECT_EQ(refused(plain_source(SourceFormat::parquet, "/none/x.parquet")).code,
            ErrorCode::unavailable);
  EXPECT_EQ(refused(plain_source(SourceFormat::csv, "/none/*.csv")).code, ErrorCode::unavailable);
  EXPECT_EQ(refused(plain_source(SourceFormat::duckdb, "/none/x.duckdb")).code,
            ErrorCode::unavailable);
  EXPECT_EQ(refused(plain_source(SourceFormat::parquet, write("a.parquet", "PAR1 nonsense"))).code,
            ErrorCode::invalid_data);
  EXPECT_EQ(refused(plain_source(SourceFormat::duckdb, write("a.duckdb", "nonsense"))).code,
            ErrorCode::invalid_data);
  Source none = plain_source(SourceFormat::csv, "");
  EXPECT_EQ(refused(none).code, ErrorCode::invalid_spec);
  none.paths.clear();
  EXPECT_EQ(refused(none).code, ErrorCode::invalid_spec);
}

TEST_F(RelationTest, AMissingTableIsNamedBesideThoseThatAreThere) {
  const std::string file = (folder / "a.duckdb").string();
  ASSERT_TRUE(database->execute("ATTACH " + quote_text(file) +
                                " AS f; CREATE TABLE f.orders (user_id INT, ts TIMESTAMP, event "
                                "TEXT); CREATE SCHEMA f.old; CREATE TABLE f.old.orders (x INT); "
                                "DETACH f"));
  Source source = plain_source(SourceFormat::duckdb, file);
  source.table = "order";
  const Error error = refused(source);
  EXPECT_THAT(error.fix, HasSubstr("`orders`"));
  EXPECT_THAT(error.have, HasSubstr("old.orders"));
  source.table = "orders";
  EXPECT_THAT(clean(source, "unit"), ElementsAre());
  source.table = "old.orders";
  source.unit.expression = "y";
  EXPECT_EQ(refused(source).code, ErrorCode::invalid_spec);
}

TEST_F(RelationTest, ABadValueLateInATextFileIsMissingNotFatal) {
  std::string csv = "user_id,ts,event,n\n";
  std::string json;
  for (int i = 0; i < 30'000; ++i) {
    const bool bad = i == 29'990;
    const std::string time = bad ? "never" : "2026-05-04 10:00:00";
    const std::string number = bad ? "many" : "3";
    csv += "1," + time + ",a," + number + "\n";
    json += R"({"user_id": 1, "ts": ")" + time + R"(", "event": "a", "n": )" +
            (bad ? "\"many\"" : "3") + (i == 29'995 ? R"(, "late": 1)" : "") + "}\n";
  }
  for (Source source : {plain_source(SourceFormat::csv, write("a.csv", csv)),
                        plain_source(SourceFormat::jsonl, write("a.jsonl", json))}) {
    source.properties = {{"n", "n", frame::Type::int64}};
    if (source.format == SourceFormat::jsonl)
      source.properties.push_back({"late", "late", frame::Type::int64});
    EXPECT_EQ(one("SELECT count(*)::VARCHAR || ' ' || count(n) || ' ' || max(ordinal) FROM (" +
                  clean_sql(connected(source)) + ")"),
              "29999 29999 29999");
  }
}

// The rule of every engine (`the whole number '...'` in sql/meanings_for_tests.cpp).
TEST_F(RelationTest, ATextIsAWholeNumberOnlyWhenItIsWrittenAsOne) {
  Source source = plain_source(
      SourceFormat::csv,
      write("a.csv",
            "user_id,ts,event,n\n1,2026-05-04 10:00:00,a,12\n1,2026-05-04 10:00:01,a, +7 \n"
            "1,2026-05-04 10:00:02,a,1.5\n1,2026-05-04 10:00:03,a,1e3\n"
            "1,2026-05-04 10:00:04,a,0x10\n1,2026-05-04 10:00:05,a,x\n"));
  source.properties = {{"n", "CAST(n AS VARCHAR)", frame::Type::int64}};
  EXPECT_EQ(one("SELECT string_agg(coalesce(n::VARCHAR, '-'), ' ' ORDER BY time_us) FROM (" +
                clean_sql(connected(source)) + ")"),
            "12 7 - - - -");
}

TEST_F(RelationTest, LinesThatDoNotReadAreNamed) {
  std::string csv = "user_id,ts,event,n\n";
  for (int i = 0; i < 30'000; ++i) csv += "1,2026-05-04 10:00:00,a,3\n";
  csv += "1,2026-05-04 10:00:00,a,3,4,5,6\n";
  const Relation relation = connected(plain_source(SourceFormat::csv, write("a.csv", csv)));
  const auto rows = database->query("SELECT count(time_us) FROM (" + relation_sql(relation) + ")");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::invalid_data);
  EXPECT_THAT(rows.error().problem, HasSubstr("30002"));
  const std::string json = R"({"user_id": 1, "ts": "2026-05-04", "event": "a"})";
  const auto cut = connect(
      *database,
      plain_source(SourceFormat::jsonl, write("a.jsonl", json + "\n" + json.substr(0, 20))));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::invalid_data);
}

TEST_F(RelationTest, EmptyFilesGiveNoEventsOrAnErrorButNoNonsense) {
  EXPECT_THAT(clean(plain_source(SourceFormat::csv, write("a.csv", "user_id,ts,event\n")), "unit"),
              ElementsAre());
  EXPECT_NE(refused(plain_source(SourceFormat::csv, write("b.csv", ""))).problem, "");
  EXPECT_NE(refused(plain_source(SourceFormat::jsonl, write("b.jsonl", ""))).problem, "");
}

TEST_F(RelationTest, TheScanGivesTheColumnsOfTheSchemaInItsTypes) {
  Source source = received(write("a.csv", kReceived), 2);
  source.sequence_expression = "row";
  source.dedup->keys = {"k", "user_id", "event", "row"};
  source.properties.push_back({"when", "ts::BIGINT * 1000000", frame::Type::time_us});
  const Relation relation = connected(source);
  const events::Schema schema = index_schema(relation);
  const std::vector<events::Property> columns = schema.columns();
  ASSERT_EQ(columns.size(), 8U);  // unit, time, event, sequence, ingest, k, row, when
  EXPECT_EQ(schema.dedup.keys.at(1), schema.unit);
  EXPECT_EQ(schema.dedup.keys.at(3).name, "row");
  std::size_t rows = 0;
  const auto check = [&](const frame::BatchView& batch) -> Result<void> {
    EXPECT_EQ(batch.columns.size(), columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      EXPECT_EQ(batch.columns[i].name, columns[i].name);
      EXPECT_EQ(batch.columns[i].type, columns[i].type) << columns[i].name;
    }
    for (std::size_t i = 0; i < batch.rows; ++i, ++rows)
      EXPECT_EQ(batch.columns[6].ints[i], static_cast<std::int64_t>(rows) + 1);
    EXPECT_EQ(batch.columns[1].ints[0], 10 * kSecondUs);
    EXPECT_TRUE(batch.columns[4].is_null(2));
    return {};
  };
  ASSERT_TRUE(database->scan(scan_sql(relation), check));
  EXPECT_EQ(rows, 9U);
}

}  // namespace
}  // namespace assay::engine
