#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "assay/events/made_events.hpp"

// What must hold whatever happens to the files or to a build: the old index or the new one is
// there whole, and a damaged one is never read as if it were not.

namespace assay::events {
namespace {

namespace fs = std::filesystem;
using made::Folder;
using made::Row;
using made::Rules;
using testing::HasSubstr;

const Rules kRules{.text_units = true, .sequence = true, .dedup = true};

void overwrite(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// Changes one byte in place.
void put_byte(const fs::path& path, std::size_t at, char byte) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

/// A small index of two segments.
void build_small(const fs::path& folder) {
  std::mt19937_64 random(1);
  const auto first = made::random_rows(random, 120, 7);
  const auto second = made::random_rows(random, 60, 9);
  ASSERT_TRUE(made::build(folder, {first, second}, kRules, {.threads = 1, .partitions = 2}));
}

TEST(DamagedIndex, EveryFlippedByteIsFoundByOpenOrVerify) {
  const Folder folder;
  build_small(folder / "index");
  int found_by_open = 0;
  int found_by_verify = 0;
  for (const auto& [name, content] : made::files_of(folder / "index")) {
    for (std::size_t at = 0; at < content.size(); ++at) {
      put_byte(folder / "index" / name, at, static_cast<char>(content[at] ^ (1 << (at % 8))));
      const auto index = Index::open(folder / "index");
      const auto verified = index ? index->verify() : Result<void>();
      if (index && at % 16 == 0) made::arrays(*index);  // Must not read outside.
      put_byte(folder / "index" / name, at, content[at]);
      if (!index) {
        ASSERT_EQ(index.error().code, ErrorCode::invalid_data) << name << " byte " << at;
        ASSERT_THAT(index.error().where, HasSubstr(name));
        ++found_by_open;
        continue;
      }
      // Heads are found at once; only arrays may wait for verify.
      ASSERT_NE(name, "manifest") << at;
      ASSERT_FALSE(name.starts_with("segment") && at < 64) << name << " byte " << at;
      ASSERT_FALSE(name.starts_with("dictionary")) << name << " byte " << at;  // Small ones too.
      ASSERT_FALSE(verified.has_value()) << name << " byte " << at;
      ASSERT_EQ(verified.error().code, ErrorCode::invalid_data);
      ASSERT_THAT(verified.error().where, HasSubstr(name));
      ++found_by_verify;
    }
  }
  EXPECT_GT(found_by_open, 1000);
  EXPECT_GT(found_by_verify, 1000);
  EXPECT_TRUE(Index::open(folder / "index")->verify().has_value());
}

TEST(DamagedIndex, EveryTruncatedFileIsFoundByOpen) {
  const Folder folder;
  build_small(folder / "index");
  for (const auto& [name, content] : made::files_of(folder / "index")) {
    for (std::size_t size = 0; size < content.size(); size += 1 + content.size() / 50) {
      overwrite(folder / "index" / name, content.substr(0, size));
      const auto index = Index::open(folder / "index");
      ASSERT_FALSE(index.has_value()) << name << " cut to " << size;
      ASSERT_EQ(index.error().code, ErrorCode::invalid_data) << name << " cut to " << size;
    }
    overwrite(folder / "index" / name, content + "x");
    EXPECT_FALSE(Index::open(folder / "index").has_value());
    overwrite(folder / "index" / name, content);
  }
}

TEST(DamagedIndex, AMissingFileOrFolderIsUnavailable) {
  const Folder folder;
  EXPECT_EQ(Index::open(folder / "none").error().code, ErrorCode::unavailable);
  build_small(folder / "index");
  const auto files = made::files_of(folder / "index");
  for (const auto& [name, content] : files) {
    fs::remove(folder / "index" / name);
    const auto index = Index::open(folder / "index");
    ASSERT_FALSE(index.has_value()) << name;
    EXPECT_EQ(index.error().code, ErrorCode::unavailable) << name;
    overwrite(folder / "index" / name, content);
  }
}

TEST(DamagedIndex, AnotherFormatVersionIsNamedAndBuiltOver) {
  const Folder folder;
  build_small(folder / "index");
  std::string manifest = made::files_of(folder / "index")["manifest"];
  manifest[8] = 9;
  overwrite(folder / "index" / "manifest", manifest);
  const auto index = Index::open(folder / "index");
  ASSERT_FALSE(index.has_value());
  EXPECT_EQ(index.error().code, ErrorCode::invalid_data);
  EXPECT_THAT(index.error().problem, HasSubstr("format version 9; this program reads 1"));
  build_small(folder / "index");
  EXPECT_TRUE(Index::open(folder / "index").has_value());
  EXPECT_EQ(made::files_of(folder / "index").size(), 1 + 2 + 3);
}

/// Runs work in a child process and returns its exit code, or minus the signal that ended it.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(FullDisk, IsSaidAndLeavesTheOldIndexAlone) {
  std::mt19937_64 random(2);
  const auto old_rows = made::random_rows(random, 100, 9);
  const auto rows = made::random_rows(random, 20'000, 200);
  const Folder folder;
  ASSERT_TRUE(made::build(folder / "index", {old_rows}, kRules).has_value());
  const auto before = made::files_of(folder / "index");
  // A limit on file sizes fails a write in the same place as a full disk does: spilled rows,
  // segment, dictionary or manifest, as the limit rises.
  int failures = 0;
  for (const rlim_t limit : {0, 100, 3'000, 100'000, 400'000, 600'000, 100'000'000}) {
    for (const bool extend : {false, true}) {
      SCOPED_TRACE(limit);
      const int code = in_child([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit most{limit, limit};
        ::setrlimit(RLIMIT_FSIZE, &most);
        const BuildOptions options{.memory_bytes = 2'000'000, .threads = 2, .partitions = 4};
        auto builder =
            extend ? IndexBuilder::extend(folder / "index", made::schema_of(kRules), {})
                   : IndexBuilder::create(folder / "index", made::schema_of(kRules), options);
        if (!builder) return 90;
        const auto added = made::add(*builder, rows, kRules, 3000);
        if (!added) return exit_code(added.error().code) + (added.error().fix.empty() ? 50 : 0);
        const auto built = builder->finish({});
        if (!built) return exit_code(built.error().code) + (built.error().fix.empty() ? 50 : 0);
        return built->needs_rebuild ? 91 : 0;
      });
      if (limit == 100'000'000) {
        EXPECT_EQ(code, 0);
      } else {
        EXPECT_EQ(code, exit_code(ErrorCode::unavailable));
        EXPECT_EQ(made::files_of(folder / "index"), before);
        ++failures;
      }
    }
  }
  EXPECT_EQ(failures, 12);
}

TEST(KilledBuild, LeavesAWholeIndexAndTheNextBuildCleansUp) {
  std::mt19937_64 random(3);
  const auto rows_a = made::random_rows(random, 300, 20);
  const auto rows_b = made::random_rows(random, 40'000, 500);
  const auto wanted_a = made::expected(rows_a, kRules).events;
  const auto wanted_b = made::expected(rows_b, kRules).events;
  const BuildOptions options{.threads = 2, .partitions = 4};
  const Folder folder;
  // Kills spread over the time that a build takes here.
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(made::build(folder / "index", {rows_b}, kRules, options, 2048).has_value());
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(made::build(folder / "index", {rows_a}, kRules, options).has_value());
  int leftovers = 0;
  for (int trial = 0; trial < 20; ++trial) {
    SCOPED_TRACE(trial);
    const pid_t child = ::fork();
    if (child == 0) {
      // Over and over, so that the kill also hits the moments around a commit.
      while (made::build(folder / "index", {rows_b}, kRules, options, 2048)) continue;
      ::_exit(1);
    }
    std::this_thread::sleep_for(whole * (0.1 * (1 + trial)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));

    const auto index = Index::open(folder / "index");
    ASSERT_TRUE(index.has_value()) << to_text(index.error());
    EXPECT_TRUE(index->verify().has_value());
    const auto events = made::read(*index);
    EXPECT_TRUE(events == wanted_a || events == wanted_b);
    leftovers += made::files_of(folder / "index").size() > 1 + 1 + 3;

    ASSERT_TRUE(made::build(folder / "index", {rows_a}, kRules, options).has_value());
    EXPECT_EQ(made::files_of(folder / "index").size(), 1 + 1 + 3);
    EXPECT_EQ(made::read(*Index::open(folder / "index")), wanted_a);
  }
  // The proof that kills hit builds at their writing, not only between two of them.
  EXPECT_GT(leftovers, 0);
}

TEST(KilledBuild, CompactionTooLeavesAWholeIndex) {
  std::mt19937_64 random(4);
  std::vector<std::vector<Row>> lots;
  std::vector<Row> all;
  for (int lot = 0; lot < 3; ++lot) {
    lots.push_back(made::random_rows(random, 10'000, 300));
    all.insert(all.end(), lots.back().begin(), lots.back().end());
  }
  const auto wanted = made::expected(all, kRules).events;
  for (int trial = 0; trial < 6; ++trial) {
    const Folder folder;
    ASSERT_TRUE(made::build(folder / "index", lots, kRules, {.partitions = 4}).has_value());
    const pid_t child = ::fork();
    if (child == 0) {
      const auto done = compact(folder / "index", {.threads = 2});
      ::_exit(done ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 8'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    const auto index = Index::open(folder / "index");
    ASSERT_TRUE(index.has_value()) << to_text(index.error());
    EXPECT_TRUE(index->verify().has_value());
    EXPECT_EQ(made::read(*index), wanted);
    EXPECT_TRUE(compact(folder / "index", {}).has_value());
    EXPECT_EQ(made::files_of(folder / "index").size(), 1 + 1 + 3);
  }
}

}  // namespace
}  // namespace assay::events
