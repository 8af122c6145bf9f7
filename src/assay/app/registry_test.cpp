#include "assay/app/registry.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "assay/base/file.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;

class Registry : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("assay_registry_" + std::to_string(testing::UnitTest::GetInstance()->random_seed()) +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

decision::Registration memory() {
  decision::Registration out{"ranker", {}, {}};
  out.rules.push_back({1'700'000'000'123'456, "r1", "s1", "", true});
  out.rules.push_back({1'700'000'100'000'000, "r2", "s2", "a \"typo\" in the margin", false});
  decision::Look look{.at = 5, .complete_until = 4, .rules_hash = "r2", .information = 1.0 / 3.0};
  look.analysed = 1234;
  look.assigned = {617, 617};
  look.verdict = "extend";
  look.metrics.push_back({"watch", "b", "primary", 600, 617, 30.1, 0.1, 1e-17});
  out.looks.push_back(look);
  return out;
}

TEST_F(Registry, WhatIsWrittenIsReadAgain) {
  ASSERT_TRUE(write_registration(folder_, memory()));
  const auto read = read_registration(folder_, "ranker");
  ASSERT_TRUE(read) << to_text(read.error());
  const auto expected = memory();
  EXPECT_EQ(read->experiment, "ranker");
  ASSERT_EQ(read->rules.size(), 2U);
  EXPECT_EQ(read->rules[0].at, expected.rules[0].at);
  EXPECT_EQ(read->rules[1].reason, expected.rules[1].reason);
  EXPECT_FALSE(read->rules[1].before_data);
  ASSERT_EQ(read->looks.size(), 1U);
  EXPECT_EQ(read->looks[0].information, 1.0 / 3.0);
  EXPECT_EQ(read->looks[0].assigned, expected.looks[0].assigned);
  EXPECT_EQ(read->looks[0].metrics[0].std_error, 1e-17);
  EXPECT_EQ(all_registrations(folder_)->size(), 1U);
}

TEST_F(Registry, NothingKeptIsAnEmptyMemory) {
  const auto read = read_registration(folder_, "ranker");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->rules.empty());
  EXPECT_TRUE(all_registrations(folder_)->empty());
}

TEST_F(Registry, ADamagedFileIsAnErrorAndStaysAsItIs) {
  for (const char* text : {"{", "[]", R"({"schema": "other"})", R"({"schema": "assay.registration",
        "schema_version": 1, "experiment": "ranker", "rules": [{"at_us": "x"}], "looks": []})"}) {
    ASSERT_TRUE(write_file(registration_path(folder_, "ranker"), text));
    const auto read = read_registration(folder_, "ranker");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_data);
    EXPECT_EQ(*read_file(registration_path(folder_, "ranker")), text);
  }
}

}  // namespace
}  // namespace assay::app
