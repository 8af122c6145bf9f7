#include "assay/ingest/infer.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "assay/base/file.hpp"
#include "assay/engine/database.hpp"
#include "assay/ingest/detail/roles.hpp"

namespace assay::ingest {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Result<InferredSource> look(const std::string& path) {
  auto database = engine::Database::open();
  InferRequest request;
  request.paths = {path};
  return infer_source(*database, request);
}

std::string column(const InferredSource& inferred, Role role) {
  for (const Guess& guess : inferred.guesses) {
    if (guess.role == role) return guess.column;
  }
  return {};
}

struct Expected {
  const char* file;
  const char* unit;
  const char* event;
  const char* time;
  const char* ingest;
  const char* sequence;
  const char* key;
};

// What the columns of other people's logs are for, as their documentation says.
class RealFile : public testing::TestWithParam<Expected> {};

TEST_P(RealFile, HasItsColumnsRecognised) {
  const Expected& expected = GetParam();
  const fs::path path = fs::path(ASSAY_SOURCE_DIR) / ".." / "shared" / "data" / expected.file;
  if (!fs::exists(path)) GTEST_SKIP() << "the public data are not here";
  const auto inferred = look(path.string());
  ASSERT_TRUE(inferred) << to_text(inferred.error());
  EXPECT_EQ(column(*inferred, Role::unit), expected.unit);
  EXPECT_EQ(column(*inferred, Role::event_name), expected.event);
  EXPECT_EQ(column(*inferred, Role::event_time), expected.time);
  EXPECT_EQ(column(*inferred, Role::ingest_time), expected.ingest);
  EXPECT_EQ(column(*inferred, Role::sequence), expected.sequence);
  EXPECT_EQ(column(*inferred, Role::dedup_key), expected.key);
  for (const Guess& guess : inferred->guesses) {
    EXPECT_FALSE(guess.reason.empty()) << to_text(guess.role);
    for (const RunnerUp& other : guess.runners_up) EXPECT_FALSE(other.reason.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Infer, RealFile,
    testing::Values(Expected{"git_history_rails/rails_commits.parquet", "user_id", "event",
                             "event_ts", "received_ts", "", ""},
                    Expected{"process_logs_eventdatar/traffic_fines.parquet", "case_id", "activity",
                             "timestamp", "", ".order", "activity_instance_id"},
                    Expected{"process_logs_eventdatar/hospital_billing.parquet", "case_id",
                             "activity", "timestamp", "", ".order", "activity_instance_id"},
                    Expected{"waves_game_events/waves_events_sample.parquet", "session_id",
                             "event_name", "timestamp", "", "index", ""},
                    Expected{"retentioneering_ecom_synthetic/ecom.csv.gz", "user_id", "event",
                             "timestamp", "", "", ""},
                    Expected{"online_retail/online_retail_public_to_2011_06.parquet", "CustomerID",
                             "", "InvoiceDate", "", "", ""},
                    Expected{"cdnow/cdnow_master.parquet", "customer_id", "", "date", "", "", ""}));

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              fmt::format("assay_infer_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) {
    const std::string path = (folder_ / name).string();
    EXPECT_TRUE(write_file(path, content));
    return path;
  }

  fs::path folder_;
};

TEST_F(Files, TableWithoutEventNamesGetsAConstantEvent) {
  const auto inferred = look(write("sales.csv",
                                   "customer_id,date,amount\n1,2026-01-01,9.5\n2,2026-01-02,3.25\n"
                                   "1,2026-01-03,4.0\n2,2026-01-05,1.5\n"));
  ASSERT_TRUE(inferred) << to_text(inferred.error());
  EXPECT_EQ(inferred->source.constant_event, "purchase");
  EXPECT_TRUE(inferred->source.event_expression.empty());
  EXPECT_THAT(inferred->notes.front(), HasSubstr("every row is a purchase"));
  EXPECT_EQ(inferred->source.name, "sales");
}

TEST_F(Files, EpochUnitsComeFromTheSizeOfTheNumbers) {
  for (const auto& [digits, unit] : std::vector<std::pair<std::string, engine::TimeUnit>>{
           {"", engine::TimeUnit::seconds},
           {"000", engine::TimeUnit::milliseconds},
           {"000000", engine::TimeUnit::microseconds},
           {"000000000", engine::TimeUnit::nanoseconds}}) {
    std::string lines;
    for (int i = 0; i < 20; ++i) {
      lines += fmt::format("{{\"user_id\": {}, \"event\": \"{}\", \"ts\": {}{}}}\n", i % 5,
                           i % 2 == 0 ? "open" : "view", 1'760'000'000 + i, digits);
    }
    const auto inferred = look(write("e.jsonl", lines));
    ASSERT_TRUE(inferred) << to_text(inferred.error());
    EXPECT_EQ(inferred->source.format, engine::SourceFormat::jsonl);
    EXPECT_EQ(inferred->source.event_time.unit, unit) << digits;
  }
}

TEST_F(Files, TablesOfADatabaseAreNamedWhenThereAreSeveral) {
  const std::string path = (folder_ / "shop.duckdb").string();
  {
    engine::DatabaseOptions options;
    options.file = path;
    auto database = engine::Database::open(options);
    ASSERT_TRUE(database);
    ASSERT_TRUE(
        database->execute("CREATE TABLE events AS SELECT i % 7 AS user_id, 'view' || (i % 3) AS "
                          "event, make_timestamp("
                          "1760000000000000 + i * 1000000) AS ts FROM range(100) r(i)"));
  }
  const auto only = look(path);
  ASSERT_TRUE(only) << to_text(only.error());
  EXPECT_EQ(only->source.table, "events");
  EXPECT_EQ(only->source.unit.name, "user_id");
  {
    engine::DatabaseOptions options;
    options.file = path;
    auto database = engine::Database::open(options);
    ASSERT_TRUE(database->execute("CREATE TABLE users AS SELECT 1 AS user_id"));
  }
  const auto several = look(path);
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(several.error().have, "events, users");
}

TEST_F(Files, BadFilesAreRefusedInWords) {
  EXPECT_EQ(look((folder_ / "none.parquet").string()).error().code, ErrorCode::unavailable);
  EXPECT_EQ(look(write("cut.parquet", "PAR1 and then nothing")).error().code,
            ErrorCode::invalid_data);
  EXPECT_EQ(look(write("odd.bin", std::string("\0\1\2\3", 4))).error().code,
            ErrorCode::invalid_data);
  EXPECT_EQ(look(write("empty.bin", "")).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(look(write("bare.csv", "user_id,event,ts\n")).error().code, ErrorCode::invalid_data);
  const auto nobody = look(write("n.csv", "a,b\n1,2026-01-01\n2,2026-01-02\n"));
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::invalid_data);
  EXPECT_EQ(nobody.error().have, "a, b");
  InferRequest request;
  auto database = engine::Database::open();
  request.paths = {write("z.csv", "user_id,ts\n1,2026-01-01\n")};
  request.timezone = "Mars/Olympus";
  EXPECT_EQ(infer_source(*database, request).error().code, ErrorCode::invalid_spec);
}

TEST(Roles, NamesAreCutIntoWords) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(detail::words_of("CustomerID"), (Words{"customer", "id"}));
  EXPECT_EQ(detail::words_of("event_ts"), (Words{"event", "ts"}));
  EXPECT_EQ(detail::words_of(".order"), (Words{"order"}));
  EXPECT_EQ(detail::words_of("userId"), (Words{"user", "id"}));
  EXPECT_EQ(detail::words_of("userid"), (Words{"user", "id"}));
  EXPECT_EQ(detail::words_of("HTTPServerTime"), (Words{"http", "server", "time"}));
}

}  // namespace
}  // namespace assay::ingest
