#include "assay/ingest/audit.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "assay/engine/database.hpp"

namespace assay::ingest {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr TimeUs kStart = 1'767'571'200'000'000;  // 2026-01-05T00:00:00Z, a Monday.
constexpr TimeUs kNow = kStart + 60 * kDayUs;

// A world made by SQL. Clean: 28 days, 200 users, an event a user and hour from 8 to 19 o'clock
// with a minute of its own, received two seconds later. `planted` are statements over the table t.
class World {
 public:
  World() : database_(std::move(engine::Database::open().value())) {
    folder_ = fs::temp_directory_path() /
              fmt::format("assay_audit_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    run(fmt::format(
        "CREATE TABLE t AS SELECT u AS user_id, ['app_open', 'view', 'like', 'purchase'][1 + (h % "
        "4)] "
        "AS event, {} + d * 86400000000 + h * 3600000000 + (hash(u, d, h) % 3600)::BIGINT * "
        "1000000 "
        "AS ts, ts + 2000000 AS received_at, 'e' || u || '-' || d || '-' || h AS insert_id, (1000 "
        "+ "
        "hash(u, h) % 5000)::BIGINT AS watch_ms, CASE WHEN h % 4 = 3 THEN 10.0 + (hash(u, d) % "
        "900)::DOUBLE / 100 END AS revenue, 'c' || (u % 5) AS country FROM range(200) a(u), "
        "range(28) b(d), range(8, 20) c(h) ORDER BY ts, u",
        kStart));
  }
  ~World() { fs::remove_all(folder_); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void run(const std::string& sql) {
    const auto done = database_.execute(sql);
    ASSERT_TRUE(done) << to_text(done.error());
  }

  std::int64_t count(const std::string& sql) {
    return database_.query(sql).value().columns.front().ints.front();
  }

  engine::Source source(const std::string& order = "ts, user_id, insert_id") {
    const std::string path = (folder_ / "events.parquet").string();
    run(fmt::format("COPY (SELECT * FROM t ORDER BY {}) TO {} (FORMAT parquet)", order,
                    engine::quote_text(path)));
    engine::Source source;
    source.name = "events";
    source.paths = {path};
    source.unit = {"user", "user_id", frame::Type::int64};
    source.event_expression = "event";
    source.event_time = {"ts", engine::TimeUnit::microseconds, TimeZone::utc()};
    source.ingest_time = {"received_at", engine::TimeUnit::microseconds, TimeZone::utc()};
    source.dedup = engine::DedupPolicy{{"insert_id"}, std::nullopt};
    source.properties = {{"watch_ms", "watch_ms", frame::Type::int64},
                         {"revenue", "revenue", frame::Type::float64},
                         {"country", "country", frame::Type::text}};
    return source;
  }

  Audit look(const engine::Source& source, AuditOptions options = {}) {
    options.now = kNow;
    auto result = audit(database_, source, options);
    EXPECT_TRUE(result) << to_text(result.error());
    return result ? *result : Audit{};
  }
  Audit look() { return look(source()); }

  engine::Database& database() { return database_; }
  const fs::path& folder() const { return folder_; }

 private:
  engine::Database database_;
  fs::path folder_;
};

Finding find(const Audit& audit, Check check, const std::string& kind,
             const std::string& column = "") {
  for (const Finding& finding : audit.findings) {
    if (finding.check == check && finding.kind == kind && finding.column == column) return finding;
  }
  ADD_FAILURE() << "no finding " << to_text(check) << "/" << kind << " " << column;
  return {};
}

bool has(const Audit& audit, Check check, const std::string& kind) {
  return std::any_of(audit.findings.begin(), audit.findings.end(), [&](const Finding& finding) {
    return finding.check == check && finding.kind == kind;
  });
}

TEST(Audit, SaysNothingAboveInfoOfCleanData) {
  World world;
  const Audit audit = world.look();
  EXPECT_EQ(audit.rows, 200 * 28 * 12);
  EXPECT_EQ(audit.usable, audit.rows);
  EXPECT_EQ(audit.units, 200);
  EXPECT_EQ(audit.days, 28);
  EXPECT_EQ(audit.events.size(), 4U);
  EXPECT_EQ(audit.dedup.before, audit.rows);
  EXPECT_EQ(audit.dedup.after, audit.rows);
  for (const Finding& finding : audit.findings) {
    EXPECT_GE(finding.severity, Severity::info) << finding.kind << ": " << finding.summary;
  }
  // Every check either found nothing in so many words or says why it did not run.
  for (int check = 0; check <= static_cast<int>(Check::reconcile); ++check) {
    bool spoken = false;
    for (const Finding& one : audit.findings) {
      spoken = spoken || (one.check == static_cast<Check>(check) && !one.summary.empty());
    }
    for (const NotRun& one : audit.not_run) {
      spoken = spoken || (one.check == static_cast<Check>(check) && !one.reason.empty());
    }
    EXPECT_TRUE(spoken) << to_text(static_cast<Check>(check));
  }
}

TEST(Audit, CountsRowsWithoutUnitTimeOrName) {
  World world;
  world.run(
      "UPDATE t SET user_id = NULL WHERE insert_id IN (SELECT insert_id FROM t ORDER BY "
      "insert_id LIMIT 17)");
  world.run(
      "UPDATE t SET ts = NULL WHERE insert_id IN (SELECT insert_id FROM t WHERE user_id IS NOT "
      "NULL ORDER BY insert_id LIMIT 5)");
  world.run(
      "UPDATE t SET event = NULL WHERE insert_id IN (SELECT insert_id FROM t ORDER BY insert_id "
      "DESC LIMIT 3)");
  const Audit audit = world.look();
  EXPECT_EQ(find(audit, Check::readable, "no_unit", "user_id").count, 17);
  EXPECT_EQ(find(audit, Check::readable, "no_time", "ts").count, 5);
  EXPECT_EQ(find(audit, Check::readable, "no_event", "event").count, 3);
  EXPECT_EQ(audit.usable, audit.rows - 22);
  EXPECT_EQ(find(audit, Check::readable, "no_unit", "user_id").examples.size(), 5U);
}

TEST(Audit, CountsTimesAndValuesThatDoNotRead) {
  World world;
  world.run(
      "CREATE OR REPLACE TABLE t AS SELECT * REPLACE (CASE WHEN insert_id LIKE 'e7-%' AND "
      "insert_id LIKE '%-8' THEN 'yesterday' ELSE CAST(make_timestamp(ts) AS VARCHAR) END AS ts, "
      "CASE WHEN insert_id LIKE 'e9-1_-%' THEN 'n/a' ELSE CAST(watch_ms AS VARCHAR) END AS "
      "watch_ms) FROM t");
  engine::Source source = world.source();
  source.event_time.unit = engine::TimeUnit::timestamp;
  const Audit audit = world.look(source);
  EXPECT_EQ(find(audit, Check::readable, "unreadable_time", "ts").count, 28);
  EXPECT_EQ(find(audit, Check::readable, "unreadable_values", "watch_ms").count, 120);
  EXPECT_THAT(find(audit, Check::readable, "unreadable_time", "ts").examples.at(0).values,
              HasSubstr("ts = yesterday"));
}

TEST(Audit, CountsExactCopiesAndCopiesByKey) {
  World world;
  world.run(
      "INSERT INTO t SELECT * FROM t WHERE event = 'purchase' AND user_id < 50 AND ts < "
      "1767571200000000 + 86400000000");
  const std::int64_t exact = world.count("SELECT count(*) - count(DISTINCT insert_id) FROM t");
  ASSERT_EQ(exact, 50 * 3);
  // The same key again, received later: not equal in every column.
  world.run(
      "INSERT INTO t SELECT * REPLACE (received_at + 60000000 AS received_at) FROM (SELECT * FROM "
      "t WHERE event = 'view' ORDER BY insert_id LIMIT 40)");
  const Audit audit = world.look();
  // The policy removes them all, so they are said once, as part of what it removes.
  const Finding removed = find(audit, Check::duplicates, "equal_keys");
  EXPECT_EQ(removed.count, exact + 40);
  EXPECT_EQ(removed.severity, Severity::info);
  EXPECT_THAT(removed.summary, HasSubstr("150 of them equal in every column"));
  EXPECT_FALSE(removed.examples.empty());
  EXPECT_FALSE(has(audit, Check::duplicates, "exact_copies"));
  EXPECT_EQ(audit.dedup.before - audit.dedup.after, exact + 40);

  engine::Source without = world.source();
  without.dedup.reset();
  const Audit bare = world.look(without);
  const Finding copies = find(bare, Check::duplicates, "exact_copies");
  EXPECT_EQ(copies.count, exact);
  EXPECT_EQ(copies.severity, Severity::warning);
  // 150 copies among 16,800 + 150 purchases.
  EXPECT_THAT(copies.effect, HasSubstr("purchase by 0.88 %"));
  EXPECT_EQ(bare.dedup.before, bare.dedup.after);
}

TEST(Audit, CopiesThatReachNoAnswerAreNoWarning) {
  World world;
  world.run("UPDATE t SET user_id = NULL WHERE insert_id LIKE 'e9-%'");  // 28 days of 12 events.
  world.run("INSERT INTO t SELECT * FROM t WHERE user_id IS NULL OR user_id = 4");
  const Audit audit = world.look();
  const Finding removed = find(audit, Check::duplicates, "equal_keys");
  EXPECT_EQ(removed.count, 28 * 12);
  EXPECT_THAT(removed.summary, HasSubstr("all of them equal in every column"));
  EXPECT_THAT(removed.effect, HasSubstr("336 exact copies in no answer anyway"));
  EXPECT_FALSE(has(audit, Check::duplicates, "exact_copies"));
}

TEST(Audit, CopiesWithoutAKeyStayAndAreAWarning) {
  World world;
  world.run("UPDATE t SET insert_id = NULL WHERE user_id = 9");  // 28 days of 12 events.
  world.run("INSERT INTO t SELECT * FROM t WHERE user_id IN (4, 9)");
  const Audit audit = world.look();
  const Finding copies = find(audit, Check::duplicates, "exact_copies");
  EXPECT_EQ(copies.count, 2 * 28 * 12);
  EXPECT_EQ(copies.severity, Severity::warning);
  EXPECT_THAT(copies.effect, HasSubstr("336 are removed"));
  EXPECT_THAT(copies.effect, HasSubstr("336 inflate counts and sums"));
  EXPECT_EQ(audit.dedup.before - audit.dedup.after, 28 * 12);
}

TEST(Audit, DedupWithinAWindowKeepsWhatLiesFurtherApart) {
  World world;
  world.run(
      "INSERT INTO t SELECT * REPLACE (ts + 3600000000 AS ts, received_at + 3600000000 AS "
      "received_at) FROM t WHERE user_id = 3 AND event = 'view'");
  world.run(
      "INSERT INTO t SELECT * REPLACE (ts + 60000000 AS ts, received_at + 60000000 AS "
      "received_at) FROM t WHERE user_id = 5 AND event = 'view'");
  engine::Source source = world.source();
  source.dedup->within_us = 10 * kMinuteUs;
  const Audit audit = world.look(source);
  EXPECT_EQ(find(audit, Check::duplicates, "equal_keys").count, 28 * 3);
}

TEST(Audit, CountsLateFutureAndSkewedEvents) {
  World world;
  world.run("UPDATE t SET received_at = ts + 5 * 86400000000 WHERE user_id = 11");  // 336
  world.run("UPDATE t SET received_at = ts + 2 * 3600000000 WHERE user_id = 12");   // 336
  world.run(
      "UPDATE t SET received_at = ts - 30000000 WHERE user_id = 13 AND event = 'view'");  // 84
  world.run("UPDATE t SET ts = received_at + 3 * 86400000000 WHERE insert_id = 'e14-3-9'");
  world.run("UPDATE t SET ts = 1767571200000000 + 90 * 86400000000 WHERE insert_id = 'e15-3-9'");
  engine::Source source = world.source();
  source.max_skew_us = kDayUs;
  AuditOptions options;
  AuditRule rule;
  rule.check = Check::late;
  rule.over_us = 4 * kDayUs;
  rule.max = 0.001;
  options.rules = {rule};
  const Audit audit = world.look(source, options);
  EXPECT_EQ(find(audit, Check::late, "over_1h").count, 672);
  EXPECT_EQ(find(audit, Check::late, "over_1d").count, 336);
  EXPECT_EQ(find(audit, Check::late, "over_watermark").count, 336);
  EXPECT_EQ(find(audit, Check::late, "late_share").count, 336);
  EXPECT_EQ(find(audit, Check::late, "late_share").severity, Severity::warning);
  EXPECT_EQ(find(audit, Check::clock_skew, "ahead_of_ingest").count, 86);
  EXPECT_EQ(find(audit, Check::future, "beyond_skew").count, 2);
  EXPECT_EQ(find(audit, Check::future, "after_now").count, 1);
  EXPECT_EQ(audit.dedup.before, audit.rows - 2);
}

TEST(Audit, CountsInversionsOfArrival) {
  World world;
  // One event a user comes in last of all: exactly one inversion each, at the event itself.
  world.run(
      "UPDATE t SET received_at = 1767571200000000 + 40 * 86400000000 WHERE insert_id LIKE "
      "'e%-3-9' AND user_id < 30");
  const Audit audit = world.look();
  EXPECT_EQ(find(audit, Check::out_of_order, "arrival_inversions").count, 30);
}

TEST(Audit, FindsMissingValuesWhereAColumnIsNormallyFilled) {
  World world;
  world.run("UPDATE t SET revenue = NULL WHERE event = 'purchase' AND user_id < 8");  // 8 * 28 * 3
  const Audit audit = world.look();
  const Finding missing = find(audit, Check::missing, "missing_values", "revenue");
  EXPECT_EQ(missing.count, 672);
  EXPECT_EQ(missing.base, 16'800);  // Purchases only.
  EXPECT_EQ(missing.severity, Severity::info);

  AuditOptions options;
  AuditRule rule;
  rule.check = Check::missing;
  rule.column = "country";
  rule.max = 0.0;
  options.rules = {rule};
  world.run("UPDATE t SET country = NULL WHERE insert_id = 'e1-1-9'");
  const Audit judged = world.look(world.source(), options);
  EXPECT_EQ(find(judged, Check::missing, "null_rate", "country").count, 1);
  EXPECT_EQ(find(judged, Check::missing, "null_rate", "country").severity, Severity::warning);
}

TEST(Audit, NamesTheDayFromWhichAColumnIsGone) {
  World world;
  world.run("UPDATE t SET country = NULL WHERE ts >= 1767571200000000 + 20 * 86400000000");
  const Finding gone = find(world.look(), Check::schema_drift, "column_goes_missing", "country");
  EXPECT_EQ(gone.severity, Severity::critical);
  EXPECT_EQ(day_text(*gone.first_day), "2026-01-25");
  EXPECT_EQ(gone.count, 8 * 200 * 12);
}

TEST(Audit, NamesTheDaysOnWhichAValueIsOftenMissing) {
  World world;
  world.run("UPDATE t SET country = NULL WHERE user_id < 80 AND ts // 86400000000 = 20458 + 9");
  const Finding jump = find(world.look(), Check::missing, "missing_jump", "country");
  EXPECT_EQ(jump.count, 80 * 12);
  EXPECT_EQ(day_text(*jump.first_day), "2026-01-14");
  EXPECT_EQ(day_text(*jump.last_day), "2026-01-14");
}

TEST(Audit, FindsALostDay) {
  World world;
  world.run("DELETE FROM t WHERE ts // 86400000000 = 20458 + 12");
  const Finding gap = find(world.look(), Check::volume, "gap");
  EXPECT_EQ(gap.severity, Severity::critical);
  EXPECT_EQ(day_text(*gap.first_day), "2026-01-17");
  EXPECT_EQ(find(world.look(), Check::volume, "days_without_events").count, 1);
}

TEST(Audit, FindsUnknownAndMisspeltNames) {
  World world;
  world.run("UPDATE t SET event = 'purchse' WHERE insert_id IN ('e1-1-11', 'e2-1-11', 'e3-1-11')");
  const Finding like = find(world.look(), Check::event_names, "like_another_name");
  EXPECT_EQ(like.event, "purchse");
  EXPECT_EQ(like.count, 3);
  AuditOptions options;
  options.known_events = {"app_open", "view", "like", "purchase"};
  const Finding unknown =
      find(world.look(world.source(), options), Check::event_names, "unknown_name");
  EXPECT_EQ(unknown.count, 3);
  EXPECT_THAT(unknown.summary, HasSubstr("near: purchase"));
}

TEST(Audit, FindsStrayNegativesAndExtremeValues) {
  World world;
  world.run("UPDATE t SET revenue = -revenue WHERE event = 'purchase' AND user_id = 4");  // 84
  world.run("UPDATE t SET watch_ms = 900000000 WHERE insert_id IN ('e1-1-9', 'e2-1-9')");
  const Audit audit = world.look();
  EXPECT_EQ(find(audit, Check::value_range, "negative_values", "revenue").count, 84);
  EXPECT_EQ(find(audit, Check::value_range, "extreme_values", "watch_ms").count, 2);
  AuditOptions options;
  AuditRule rule;
  rule.check = Check::value_range;
  rule.column = "revenue";
  rule.minimum = 0.0;
  options.rules = {rule};
  EXPECT_EQ(
      find(world.look(world.source(), options), Check::value_range, "outside_range", "revenue")
          .count,
      84);
}

TEST(Audit, JudgesDeclaredSequences) {
  World world;
  // Users below 10 lose the like that comes an hour before every purchase.
  world.run("DELETE FROM t WHERE user_id < 10 AND event = 'like'");
  AuditRule rule;
  rule.check = Check::sequence;
  rule.if_event.events = {"purchase"};
  rule.then_event.events = {"like"};
  rule.within_us = 3 * kHourUs;
  rule.before = true;
  rule.min = 0.99;
  AuditOptions options;
  options.rules = {rule};
  const Finding found = find(world.look(world.source(), options), Check::sequence, "implies");
  EXPECT_EQ(found.count, 10 * 28 * 3);
  EXPECT_EQ(found.base, 16'800);
  EXPECT_EQ(found.severity, Severity::warning);
  options.rules[0].then_event.events = {"view"};
  const Finding fine = find(world.look(world.source(), options), Check::sequence, "implies");
  EXPECT_EQ(fine.count, 0);
}

TEST(Audit, FindsAMachineAmongPeople) {
  World world;
  world.run(
      "INSERT INTO t SELECT 9999, 'view', 1767571200000000 + i * 30000000, 1767571200000000 + i * "
      "30000000 + 2000000, 'bot' || i, 1000, NULL, 'c1' FROM range(28 * 2880) r(i)");
  const Audit audit = world.look();
  const Finding bot = find(audit, Check::unit_volume, "bot_like");
  EXPECT_EQ(bot.count, 1);
  EXPECT_EQ(bot.examples.at(0).unit, "9999");
  EXPECT_EQ(bot.severity, Severity::warning);
}

TEST(Audit, CountsDaysOfUnitsOverADeclaredLimit) {
  World world;
  world.run(
      "INSERT INTO t SELECT * REPLACE (insert_id || 'b' AS insert_id) FROM t WHERE user_id = 6 "
      "AND ts < 1767571200000000 + 4 * 86400000000");
  AuditRule rule;
  rule.check = Check::unit_volume;
  rule.max = 12;
  AuditOptions options;
  options.rules = {rule};
  const Finding found =
      find(world.look(world.source(), options), Check::unit_volume, "events_a_day");
  EXPECT_EQ(found.count, 4);
  EXPECT_EQ(found.base, 200 * 28);
}

TEST(Audit, FindsColumnsThatComeOrChangeBetweenFiles) {
  World world;
  engine::Source source = world.source();
  const std::string second = (world.folder() / "more.parquet").string();
  world.run(
      fmt::format("COPY (SELECT * EXCLUDE (country) REPLACE (watch_ms::INTEGER AS watch_ms) FROM t "
                  "LIMIT 100) TO {} (FORMAT parquet)",
                  engine::quote_text(second)));
  source.paths.push_back(second);
  const Audit audit = world.look(source);
  EXPECT_EQ(find(audit, Check::schema_drift, "column_not_in_all_files", "country").count, 1);
  EXPECT_EQ(find(audit, Check::schema_drift, "type_differs", "watch_ms").count, 1);
}

TEST(Audit, ComparesWithALedger) {
  World world;
  AuditRule rule;
  rule.check = Check::reconcile;
  rule.with_sql =
      "SELECT make_timestamp(ts)::DATE AS day, sum(revenue) * CASE WHEN ts // 86400000000 = "
      "20460 THEN 1.1 ELSE 1.0 END AS v FROM t GROUP BY make_timestamp(ts)::DATE, ts // "
      "86400000000";
  rule.value_sql = "sum(revenue)";
  rule.tolerance = 0.001;
  AuditOptions options;
  options.rules = {rule};
  const Finding found = find(world.look(world.source(), options), Check::reconcile, "ledger");
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.base, 28);
  EXPECT_EQ(day_text(*found.first_day), "2026-01-07");
}

TEST(Audit, RefusesWhatItCannotJudge) {
  World world;
  engine::Source source = world.source();
  AuditOptions options;
  AuditRule rule;
  rule.check = Check::missing;
  rule.column = "contry";
  options.rules = {rule};
  const auto wrong = audit(world.database(), source, options);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(wrong.error().fix, HasSubstr("country"));

  source.event_time.expression = "tss";
  const auto column = audit(world.database(), source, {});
  ASSERT_FALSE(column);
  EXPECT_EQ(column.error().code, ErrorCode::invalid_spec);

  world.run("DELETE FROM t");
  const auto empty = audit(world.database(), world.source(), {});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::invalid_data);
}

TEST(Audit, RaisesVolumeAlarmsOnCleanWorldsAtItsStatedRateAtMost) {
  // Planted: nothing; Poisson counts of four events over 28 to 42 days in 50 worlds. At the stated
  // 1 % an audit, P(more than 3 alarms) = 0.0016.
  World world;
  int alarms = 0;
  for (int seed = 0; seed < 50; ++seed) {
    world.run(fmt::format(
        "CREATE OR REPLACE TABLE t AS SELECT (hash({0}, i, 1) % 500)::BIGINT AS user_id, "
        "['app_open', "
        "'view', 'like', 'purchase'][1 + (hash({0}, i, 2) % 4)::BIGINT] AS event, {1} + (hash({0}, "
        "i, 3) "
        "% ({2} * 86400))::BIGINT * 1000000 AS ts, ts AS received_at, 'e' || i AS insert_id, 1 AS "
        "watch_ms, 1.0 AS revenue, 'c' AS country FROM range(8000) r(i)",
        seed, kStart, 28 + seed % 15));
    bool alarm = false;
    for (const Finding& finding : world.look().findings) {
      alarm = alarm || (finding.check == Check::volume && finding.severity < Severity::info);
    }
    alarms += alarm ? 1 : 0;
  }
  EXPECT_LE(alarms, 3);
}

}  // namespace
}  // namespace assay::ingest
