#include "assay/ingest/build.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "assay/engine/database.hpp"
#include "assay/events/index.hpp"

namespace assay::ingest {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr TimeUs kStart = 1'767'571'200'000'000;  // 2026-01-05T00:00:00Z.

class Build : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              fmt::format("assay_build_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_ / "data");
    source_.name = "events";
    source_.paths = {(folder_ / "data" / "*.parquet").string()};
    source_.unit = {"user_id", "user_id", frame::Type::int64};
    source_.event_expression = "event";
    source_.event_time = {"ts", engine::TimeUnit::microseconds, TimeZone::utc()};
    source_.ingest_time =
        engine::TimeColumn{"received_at", engine::TimeUnit::microseconds, TimeZone::utc()};
    source_.dedup = engine::DedupPolicy{{"insert_id"}, std::nullopt};
    source_.properties = {{"watch_ms", "watch_ms", frame::Type::int64},
                          {"country", "country", frame::Type::text}};
    write_day(0);
    write_day(1);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string day_file(int day) {
    return (folder_ / "data" / fmt::format("day-{:02}.parquet", day)).string();
  }

  // 2,000 events of a day, some of the day before, some sent twice.
  void write_day(int day, int rows = 2000) {
    const auto done = database_.execute(fmt::format(
        "COPY (SELECT (hash(i, {0}) % 150)::BIGINT AS user_id, ['a', 'b', 'c'][1 + (hash(i) % "
        "3)::BIGINT] AS event, {1} + (hash(i, {0}, 1) % 86400)::BIGINT * 1000000 - CASE WHEN i % "
        "50 = "
        "0 THEN 86400000000 ELSE 0 END AS ts, {1} + 86400000000 + i AS received_at, 'k' || {0} || "
        "'-' "
        "|| (i - i % 40 // 39) AS insert_id, i AS watch_ms, 'c' || (i % 5) AS country FROM "
        "range({3}) "
        "r(i)) TO {2} (FORMAT parquet)",
        day, kStart + day * kDayUs, engine::quote_text(day_file(day)), rows));
    ASSERT_TRUE(done) << to_text(done.error());
  }

  Result<IndexStatus> ensure(const engine::Source& source, BuildRequest request = {}) {
    request.memory_bytes = std::size_t{1} << 30;
    request.threads = 2;
    return ensure_index(database_, source, index_, request);
  }

  IndexStatus ensured() {
    auto status = ensure(source_);
    EXPECT_TRUE(status) << to_text(status.error());
    return status ? *status : IndexStatus{};
  }

  // Every event of an index as text, in the order of the index.
  static std::vector<std::string> dump(const fs::path& folder) {
    const auto index = events::Index::open(folder).value();
    std::vector<std::string> rows;
    for (std::size_t p = 0; p < index.partitions(); ++p) {
      events::MergeSpace space;
      const std::vector<std::size_t> properties = {0, 1};
      const events::PartitionView view = index.partition(p, properties, space);
      for (std::size_t unit = 0; unit < view.units(); ++unit) {
        for (std::size_t row = view.offsets[unit]; row < view.offsets[unit + 1]; ++row) {
          rows.push_back(fmt::format("{} {} {} {} {}", index.unit_key(p, unit), view.time[row],
                                     index.event_names().at(view.event[row]),
                                     view.properties[0].ints[row],
                                     index.dictionary(1).at(view.properties[1].codes[row])));
        }
      }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  engine::Database database_ = std::move(engine::Database::open().value());
  fs::path folder_;
  fs::path index_ = fs::path();
  engine::Source source_;
};

class Ensure : public Build {
 protected:
  void SetUp() override {
    Build::SetUp();
    index_ = folder_ / "index";
  }
};

TEST_F(Ensure, BuildsOnceAndIsCurrentAfterwards) {
  const IndexStatus first = ensured();
  EXPECT_EQ(first.action, BuildAction::built);
  EXPECT_EQ(first.rows.rows_read, 4000);
  // One event in forty was sent twice: 50 a day.
  EXPECT_EQ(first.rows.duplicates_removed + first.rows.events, 4000);
  const IndexStatus second = ensured();
  EXPECT_EQ(second.action, BuildAction::none);
  EXPECT_THAT(second.summary, HasSubstr("current"));
  EXPECT_EQ(second.fingerprint, first.fingerprint);
  EXPECT_EQ(second.events, first.events);
}

TEST_F(Ensure, ExtendsByNewFilesAndEqualsARebuild) {
  ensured();
  write_day(2);
  const auto planned = index_status(source_, index_);
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->action, BuildAction::extended);
  const IndexStatus status = ensured();
  EXPECT_EQ(status.action, BuildAction::extended);
  EXPECT_EQ(status.summary, "extended by 1 file: day-02.parquet");
  EXPECT_EQ(status.report.counts.rows_read, 2000);
  EXPECT_EQ(status.rows.rows_read, 6000);
  const std::vector<std::string> extended = dump(index_);
  index_ = folder_ / "fresh";
  EXPECT_EQ(ensured().fingerprint, status.fingerprint);
  EXPECT_EQ(dump(index_), extended);
}

TEST_F(Ensure, CountsEqualAnIndependentQuery) {
  const IndexStatus status = ensured();
  const auto counted = database_.query(
      fmt::format("SELECT count(DISTINCT (user_id, insert_id)) AS n FROM read_parquet({})",
                  engine::quote_text(source_.paths.front())));
  EXPECT_EQ(status.events, counted->columns.front().ints.front());
}

TEST_F(Ensure, RebuildsWhenAFileChangesOrGoes) {
  ensured();
  write_day(1, 2500);
  const IndexStatus changed = ensured();
  EXPECT_EQ(changed.action, BuildAction::rebuilt);
  EXPECT_THAT(changed.reasons, ElementsAre(HasSubstr("day-01.parquet changed (size ")));
  EXPECT_EQ(changed.rows.rows_read, 4500);
  fs::remove(day_file(0));
  const IndexStatus gone = ensured();
  EXPECT_EQ(gone.action, BuildAction::rebuilt);
  EXPECT_THAT(gone.reasons, ElementsAre(HasSubstr("is gone")));
  EXPECT_EQ(gone.rows.rows_read, 2500);
}

TEST_F(Ensure, RebuildsWhenANewFileComesBeforeOldOnes) {
  fs::rename(day_file(0), day_file(5));
  ensured();
  write_day(3);
  const IndexStatus status = ensured();
  EXPECT_EQ(status.action, BuildAction::rebuilt);
  EXPECT_THAT(status.reasons, ElementsAre(HasSubstr("day-03.parquet comes before")));
}

TEST_F(Ensure, RebuildsWhenThePolicyChanges) {
  ensured();
  source_.dedup.reset();
  const IndexStatus status = ensured();
  EXPECT_EQ(status.action, BuildAction::rebuilt);
  EXPECT_THAT(status.reasons, ElementsAre(HasSubstr("declared otherwise")));
  EXPECT_EQ(status.events, 4000);
}

TEST_F(Ensure, RebuildsWhenTheIndexIsDamaged) {
  const IndexStatus first = ensured();
  for (const auto& entry : fs::recursive_directory_iterator(index_)) {
    if (entry.is_regular_file() && entry.file_size() > 0) fs::resize_file(entry.path(), 10);
  }
  const IndexStatus status = ensured();
  EXPECT_EQ(status.action, BuildAction::rebuilt);
  EXPECT_THAT(status.reasons, ElementsAre(HasSubstr("cannot be used")));
  EXPECT_EQ(status.events, first.events);
}

TEST_F(Ensure, RebuildsOnRequest) {
  ensured();
  BuildRequest request;
  request.force = true;
  EXPECT_EQ(ensure(source_, request)->action, BuildAction::rebuilt);
}

TEST_F(Ensure, LeavesTheOldIndexWhenItFails) {
  const IndexStatus first = ensured();
  const std::vector<std::string> before = dump(index_);

  engine::Source wrong = source_;
  wrong.properties[1].expression = "contry";
  const auto column = ensure(wrong);
  ASSERT_FALSE(column);
  EXPECT_EQ(column.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(to_text(column.error()), HasSubstr("country"));

  fs::resize_file(day_file(1), 300);
  const auto cut = ensure(source_);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::invalid_data);
  EXPECT_THAT(cut.error().where, HasSubstr("day-01.parquet"));

  wrong = source_;
  wrong.paths = {(folder_ / "data" / "nothing-*.parquet").string()};
  EXPECT_EQ(ensure(wrong).error().code, ErrorCode::unavailable);

  const std::atomic<bool> stop = true;
  Progress progress;
  progress.stop = &stop;
  write_day(1);
  BuildRequest request;
  request.progress = &progress;
  request.force = true;
  EXPECT_EQ(ensure(source_, request).error().code, ErrorCode::interrupted);
  EXPECT_EQ(dump(index_), before);
  EXPECT_EQ(events::Index::open(index_)->fingerprint(), first.fingerprint);
}

TEST_F(Ensure, TellsWhichTimesDoNotRead) {
  ASSERT_TRUE(database_.execute(fmt::format(
      "COPY (SELECT * REPLACE (CASE WHEN watch_ms % 10 = 3 THEN 'soon' ELSE "
      "CAST(make_timestamp(ts) AS VARCHAR) END AS ts) FROM read_parquet({})) TO {} (FORMAT "
      "parquet)",
      engine::quote_text(day_file(0)), engine::quote_text((folder_ / "bad.parquet").string()))));
  source_.paths = {(folder_ / "bad.parquet").string()};
  source_.event_time.unit = engine::TimeUnit::timestamp;
  const auto status = ensure(source_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::invalid_data);
  EXPECT_EQ(status.error().problem, "200 of 2,000 values do not read as a time");
  EXPECT_THAT(status.error().have, HasSubstr("'soon' in row 4"));
}

// The child stops itself at a chosen moment, says so through a pipe and waits for the kill: no
// luck with the clock is needed to prove that it was at work.
TEST_F(Ensure, SurvivesBeingKilledInMidBuild) {
  const IndexStatus first = ensured();
  const std::vector<std::string> before = dump(index_);
  const auto files = [&] {
    const fs::directory_iterator all(index_);
    return std::distance(begin(all), end(all));
  };
  const auto whole = files();
  write_day(2, 400'000);
  for (const std::string moment : {"reading events", "index"}) {
    SCOPED_TRACE(moment);
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      Progress progress;
      progress.report = [&](std::string_view step, double share) {
        if (step != moment || share < 0.3) return;
        if (::write(pipe[1], "!", 1) == 1) ::pause();
      };
      // A database of its own: threads do not survive a fork.
      auto own = engine::Database::open();
      BuildRequest request;
      request.memory_bytes = std::size_t{1} << 30;
      request.progress = &progress;
      request.force = true;
      static_cast<void>(ensure_index(*own, source_, index_, request));
      ::_exit(0);
    }
    ::close(pipe[1]);
    char sign = 0;
    ASSERT_EQ(::read(pipe[0], &sign, 1), 1) << "the build ended without reaching the moment";
    ::close(pipe[0]);
    if (moment == "index") {
      EXPECT_GT(files(), whole);  // A half-written segment lies there.
    }
    ::kill(child, SIGKILL);
    int how = 0;
    ASSERT_EQ(::waitpid(child, &how, 0), child);
    ASSERT_TRUE(WIFSIGNALED(how));
    EXPECT_EQ(WTERMSIG(how), SIGKILL);
    EXPECT_EQ(events::Index::open(index_)->fingerprint(), first.fingerprint);
    EXPECT_EQ(dump(index_), before);
  }
  EXPECT_EQ(ensured().rows.rows_read, 404'000);
  EXPECT_EQ(files(), whole + 1);  // The new day's segment, and nothing left over.
}

TEST_F(Ensure, RefusesTooLittleMemory) {
  BuildRequest request;
  request.memory_bytes = 1000;
  const auto status = ensure_index(database_, source_, index_, request);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::invalid_spec);
}

TEST_F(Build, FilesAreFoundByFolderPatternAndName) {
  fs::create_directories(folder_ / "p" / "dt=2026-01-01");
  fs::create_directories(folder_ / "p" / "dt=2026-01-02" / "deep");
  fs::copy(day_file(0), folder_ / "p" / "dt=2026-01-01" / "a.parquet");
  fs::copy(day_file(1), folder_ / "p" / "dt=2026-01-02" / "b.parquet");
  fs::copy(day_file(1), folder_ / "p" / "dt=2026-01-02" / "deep" / "c.parquet");
  std::ofstream(folder_ / "p" / "notes.txt") << "not data";
  const auto names = [&](const std::string& path) {
    engine::Source source = source_;
    source.paths = {(folder_ / path).string()};
    std::string text;
    const std::vector<SourceFile> files = source_files(source).value();
    for (const SourceFile& file : files) {
      text += fs::path(file.path).filename().string() + " ";
    }
    return text;
  };
  EXPECT_EQ(names("p"), "a.parquet b.parquet c.parquet ");
  EXPECT_EQ(names("p/dt=*/*.parquet"), "a.parquet b.parquet ");
  EXPECT_EQ(names("p/**/*.parquet"), "a.parquet b.parquet c.parquet ");
  EXPECT_EQ(names("p/dt=2026-01-0[13]/?.parquet"), "a.parquet ");
  EXPECT_EQ(names("p/dt=2026-01-01/a.parquet"), "a.parquet ");
}

TEST_F(Build, MarksFollowTheContent) {
  const auto mark = [&] { return source_files(source_).value().front().mark; };
  const std::string before = mark();
  EXPECT_EQ(mark(), before);
  std::fstream file(day_file(0), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(40);
  file.put('!');
  file.close();
  EXPECT_NE(mark(), before);
}

TEST_F(Build, EveryWordOfThePolicyCounts) {
  const std::string before = policy_text(source_);
  engine::Source other = source_;
  other.paths = {"elsewhere"};
  EXPECT_EQ(policy_text(other), before);
  other.properties[0].type = frame::Type::float64;
  EXPECT_NE(policy_text(other), before);
  other = source_;
  other.event_time.timezone = TimeZone::find("Asia/Tokyo").value();
  EXPECT_NE(policy_text(other), before);
  other = source_;
  other.max_skew_us = kDayUs;
  EXPECT_NE(policy_text(other), before);
  other = source_;
  other.dedup->within_us = kDayUs;
  EXPECT_NE(policy_text(other), before);
}

}  // namespace
}  // namespace assay::ingest
