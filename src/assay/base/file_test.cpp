#include "assay/base/file.hpp"

#include <gmock/gmock.h>

#include "assay/base/hash.hpp"

namespace assay {
namespace {

TEST(File, WhatWasWrittenIsRead) {
  const auto path = std::filesystem::path(testing::TempDir()) / "assay_file_test" / "a.txt";
  ASSERT_TRUE(write_file(path, "first").has_value());
  ASSERT_TRUE(write_file(path, std::string("se\0cond", 7)).has_value());
  EXPECT_EQ(*read_file(path), std::string("se\0cond", 7));
  ASSERT_TRUE(write_file(path, "").has_value());
  EXPECT_EQ(*read_file(path), "");
}

TEST(File, AMissingFileAndAFolderAreErrorsThatNameThePath) {
  for (const char* path : {"/no/such/file", "/tmp"}) {
    const auto content = read_file(path);
    ASSERT_FALSE(content.has_value());
    EXPECT_EQ(content.error().code, ErrorCode::unavailable);
    EXPECT_EQ(content.error().where, path);
  }
}

TEST(File, AFullDiskIsAnErrorAndLeavesNoPart) {
  // /dev/full exists on Linux and refuses every write; its folder takes no new file here.
  EXPECT_FALSE(write_file("/proc/assay_cannot_write_here", "x").has_value());
}

// Source: xxHash 0.8.1, XXH3_64bits("", 0) and XXH3_64bits("abc", 3) of the xxhsum program.
TEST(Hash, MatchesTheXxhsumProgram) {
  EXPECT_EQ(hash_text(""), 0x2d06800538d394c2ULL);
  EXPECT_EQ(hash_text("abc"), 0x78af5f94892f3950ULL);
  EXPECT_EQ(fingerprint("").size(), 32U);
}

}  // namespace
}  // namespace assay
