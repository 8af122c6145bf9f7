#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <tuple>

#include "assay/distributed/event_table.hpp"
#include "assay/engine/database.hpp"
#include "assay/ingest/audit.hpp"
#include "assay/warehouse/duckdb_line.hpp"

// The same rows audited in a file and through a warehouse's line: whatever both checks report, they
// report with the same counts and severities.
namespace assay::ingest {
namespace {

constexpr TimeUs kStart = 1'767'571'200'000'000;  // 2026-01-05T00:00:00Z.
constexpr TimeUs kNow = kStart + 60 * kDayUs;

class Twins : public testing::Test {
 protected:
  Twins() : database_(std::move(engine::Database::open().value())) {
    run(fmt::format(
        "CREATE TABLE t AS SELECT u AS user_id, ['app_open', 'view', 'like', 'purchase'][1 + (h % "
        "4)] AS event, {} + d * 86400000000 + h * 3600000000 + (hash(u, d, h) % 3600)::BIGINT * "
        "1000000 AS ts, ts + 2000000 AS received_at, 'e' || u || '-' || d || '-' || h AS "
        "insert_id, (d * 24 + h)::BIGINT AS seq, (1000 + hash(u, h) % 5000)::BIGINT AS watch_ms, "
        "CASE WHEN h % 4 = 3 THEN 10.0 + (hash(u, d) % 900)::DOUBLE / 100 END AS revenue, 'c' || "
        "(u % 5) AS country FROM range(100) a(u), range(14) b(d), range(8, 20) c(h)",
        kStart));
  }

  void run(const std::string& sql) {
    const auto done = database_.execute(sql);
    ASSERT_TRUE(done) << to_text(done.error());
  }

  engine::Source source() {
    engine::Source source;
    source.name = "events";
    source.unit = {"user", "user_id", frame::Type::int64};
    source.event_expression = "event";
    source.event_time = {"ts", engine::TimeUnit::microseconds, TimeZone::utc()};
    source.ingest_time = {"received_at", engine::TimeUnit::microseconds, TimeZone::utc()};
    source.sequence_expression = "seq";
    source.dedup = engine::DedupPolicy{{"insert_id"}, std::nullopt};
    source.max_skew_us = kDayUs;
    source.properties = {{"watch_ms", "watch_ms", frame::Type::int64},
                         {"revenue", "revenue", frame::Type::float64},
                         {"country", "country", frame::Type::text}};
    return source;
  }

  Audit of_file(const AuditOptions& options) {
    engine::Source there = source();
    const std::string path =
        (std::filesystem::temp_directory_path() /
         fmt::format("assay_audit_twins_{}_{}.parquet", ::getpid(),
                     testing::UnitTest::GetInstance()->current_test_info()->name()))
            .string();
    run(fmt::format("COPY t TO {} (FORMAT parquet)", engine::quote_text(path)));
    there.paths = {path};
    auto result = audit(database_, there, options);
    std::filesystem::remove(path);
    EXPECT_TRUE(result) << to_text(result.error());
    return result ? *result : Audit{};
  }

  Audit of_table(const AuditOptions& options) {
    const auto line = warehouse::connection_over(database_);
    auto table = distributed::open_table(*line, {source(), {"", "", "t"}, std::nullopt}, {});
    EXPECT_TRUE(table) << to_text(table.error());
    if (!table) return {};
    auto result = audit(*line, *table, options);
    EXPECT_TRUE(result) << to_text(result.error());
    return result ? *result : Audit{};
  }

  engine::Database database_;
};

using Place = std::tuple<Check, std::string, std::string, std::string>;

std::map<Place, Finding> by_place(const Audit& audit) {
  std::map<Place, Finding> found;
  for (const Finding& finding : audit.findings)
    found[{finding.check, finding.kind, finding.column, finding.event}] = finding;
  return found;
}

/// Everything the warehouse says, the file says too; what it leaves out, it names.
void expect_same(const Audit& file, const Audit& table) {
  EXPECT_EQ(table.rows, file.rows);
  EXPECT_EQ(table.usable, file.usable);
  EXPECT_EQ(table.units, file.units);
  EXPECT_EQ(table.by_day, file.by_day);
  EXPECT_EQ(table.dedup.before, file.dedup.before);
  EXPECT_EQ(table.dedup.after, file.dedup.after);
  const auto there = by_place(file);
  for (const auto& [place, finding] : by_place(table)) {
    const std::string name = fmt::format("{}/{} {} {}", to_text(finding.check), finding.kind,
                                         finding.column, finding.event);
    if (!there.contains(place)) {
      ADD_FAILURE() << "only in the table: " << name << ": " << finding.summary;
      continue;
    }
    const Finding& other = there.at(place);
    EXPECT_EQ(finding.count, other.count) << name;
    EXPECT_EQ(finding.base, other.base) << name;
    EXPECT_EQ(finding.severity, other.severity) << name;
    EXPECT_TRUE(finding.examples.empty()) << name;
  }
  std::map<std::string, std::string> left_out;
  for (const NotRun& one : table.not_run) left_out[one.kind] = one.reason;
  for (const auto& [place, finding] : there) {
    if (by_place(table).contains(place)) continue;
    EXPECT_TRUE(left_out.contains(finding.kind)) << finding.kind << ": " << finding.summary;
  }
}

AuditOptions options_of(std::vector<AuditRule> rules = {}) {
  AuditOptions options;
  options.now = kNow;
  options.timezone = TimeZone::find("America/New_York").value();
  options.rules = std::move(rules);
  return options;
}

TEST_F(Twins, CleanRowsAreCleanInBoth) {
  const AuditOptions options = options_of();
  expect_same(of_file(options), of_table(options));
}

TEST_F(Twins, PlantedFaultsAreCountedAlike) {
  run("INSERT INTO t SELECT * FROM t WHERE hash(user_id, ts) % 50 = 0");  // Copies.
  run("UPDATE t SET user_id = NULL WHERE hash(insert_id, 1) % 300 = 0");
  run("UPDATE t SET ts = NULL WHERE hash(insert_id, 2) % 400 = 0");
  run("UPDATE t SET event = 'purchse' WHERE hash(insert_id, 3) % 500 = 0");
  run("UPDATE t SET event = NULL WHERE hash(insert_id, 12) % 700 = 0");
  run("UPDATE t SET received_at = ts + 86400000000 * 4 WHERE hash(insert_id, 4) % 90 = 0");
  run("UPDATE t SET ts = received_at + 7200000000 WHERE hash(insert_id, 5) % 110 = 0");
  run("UPDATE t SET ts = received_at + 86400000000 * 3 WHERE hash(insert_id, 6) % 130 = 0");
  run(fmt::format("UPDATE t SET ts = {} WHERE hash(insert_id, 7) % 900 = 0", kNow + kDayUs));
  run("UPDATE t SET revenue = -revenue WHERE hash(insert_id, 8) % 60 = 0");
  run("UPDATE t SET watch_ms = NULL WHERE hash(insert_id, 9) % 40 = 0");
  run("UPDATE t SET revenue = 'nan'::DOUBLE WHERE hash(insert_id, 10) % 200 = 0");
  run("UPDATE t SET received_at = NULL WHERE hash(insert_id, 11) % 250 = 0");
  const AuditOptions options = options_of();
  expect_same(of_file(options), of_table(options));
}

TEST_F(Twins, AMachineIsSeenInBoth) {
  // More people, so that two machines stay above the 99th percentile.
  run("INSERT INTO t SELECT user_id + 1000 * k, event, ts, received_at, insert_id || '-' || k, "
      "seq, "
      "watch_ms, revenue, country FROM t, range(1, 5) r(k) WHERE seq % 24 < 10");
  run(
      fmt::format("INSERT INTO t SELECT 9999, 'view', {0} + i * 300000000, {0} + i * 300000000 + "
                  "1000000, 'bot' "
                  "|| i, 1000 + i, 1000, NULL, 'c1' FROM range(3000) r(i)",
                  kStart));
  run(fmt::format(
      "INSERT INTO t SELECT 8888, 'view', ts, ts + 1000000, 'busy' || i, 1000 + i, 1000, NULL, "
      "'c1' "
      "FROM (SELECT i, {0} + (i // 400) * 86400000000 + (hash(i) % 7200)::BIGINT * 1000000 AS ts "
      "FROM range(3000) r(i))",
      kStart));
  const AuditOptions options = options_of();
  const Audit table = of_table(options);
  expect_same(of_file(options), table);
  const auto found = by_place(table);
  EXPECT_EQ(found.at({Check::unit_volume, "bot_like", "", ""}).count, 1);
  EXPECT_EQ(found.at({Check::unit_volume, "heavy_units", "", ""}).count, 1);
}

TEST_F(Twins, DeclaredRulesJudgeAlike) {
  run("UPDATE t SET revenue = -revenue WHERE hash(insert_id, 8) % 60 = 0");
  run("DELETE FROM t WHERE event = 'like' AND hash(insert_id, 9) % 3 = 0");
  AuditRule range;
  range.check = Check::value_range;
  range.column = "revenue";
  range.minimum = 0.0;
  range.maximum = 15.0;
  AuditRule implies;
  implies.check = Check::sequence;
  implies.if_event = {{"purchase"}, "country = 'c1'"};
  implies.then_event = {{"like"}, ""};
  implies.within_us = 90 * kMinuteUs;
  implies.before = true;
  AuditRule after = implies;
  after.if_event = {{"app_open"}, ""};
  after.then_event = {{"view"}, "watch_ms > 2000"};
  after.before = false;
  AuditRule busy;
  busy.check = Check::unit_volume;
  busy.max = 11;
  AuditRule late;
  late.check = Check::late;
  late.over_us = kSecondUs;
  late.max = 0.5;
  const AuditOptions options = options_of({range, implies, after, busy, late});
  expect_same(of_file(options), of_table(options));
}

TEST_F(Twins, ARuleAboutAColumnThatIsNotThereIsRefused) {
  AuditRule range;
  range.check = Check::value_range;
  range.column = "revenu";
  range.minimum = 0.0;
  const auto line = warehouse::connection_over(database_);
  const auto table = distributed::open_table(*line, {source(), {"", "", "t"}, std::nullopt}, {});
  ASSERT_TRUE(table) << to_text(table.error());
  const auto result = audit(*line, *table, options_of({range}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(result.error().fix, testing::HasSubstr("revenue"));
}

}  // namespace
}  // namespace assay::ingest
