#include "assay/distributed/daily_store.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <set>

#include "assay/base/file.hpp"

namespace assay::distributed {
namespace {

class DailyStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    store.folder = std::filesystem::temp_directory_path() /
                   ("assay_daily_" + std::to_string(::getpid()) + "_" +
                    testing::UnitTest::GetInstance()->current_test_info()->name());
    store.table = "trino://host/lake/app.events";
  }
  void TearDown() override { std::filesystem::remove_all(store.folder); }

  DailyStore store;
};

engine::SeriesQuery two_metrics() {
  engine::SeriesQuery query;
  query.active.names = {"open"};
  const engine::Term plays{{{"play"}, std::nullopt}, engine::Aggregation::count, "", 1.0};
  query.metrics = {{"plays", plays, {}, {}}, {"ratio", plays, plays, 3.5}};
  return query;
}

StoredDays some_days() {
  StoredDays days;
  std::mt19937_64 random(3);
  for (const Day day : {-3, 0, 20'574, 20'580}) {
    StoredDay& stored = days[day];
    stored.as_of = static_cast<TimeUs>(random() % 1'000'000'000'000'000);
    stored.totals.units = day == 0 ? 0 : 12;
    for (const std::size_t size : {1U, 2U}) {
      engine::MetricMoments moments(size);
      moments.n = stored.totals.units;
      for (double& mean : moments.mean) mean = -0.1 * static_cast<double>(random() % 100);
      for (double& sum : moments.comoment) sum = 1.0 / static_cast<double>(1 + random() % 1000);
      stored.totals.moments.push_back(moments);
    }
  }
  days[20'574].totals.moments[0].mean[0] = std::numeric_limits<double>::denorm_min();
  days[20'574].totals.moments[0].comoment[0] = std::numeric_limits<double>::max();
  days[20'580].totals.moments[0].mean[0] = -0.0;
  return days;
}

void expect_same(const StoredDays& a, const StoredDays& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [day, stored] : a) {
    const StoredDay& other = b.at(day);
    EXPECT_EQ(stored.as_of, other.as_of);
    EXPECT_EQ(stored.totals.units, other.totals.units);
    ASSERT_EQ(stored.totals.moments.size(), other.totals.moments.size());
    for (std::size_t m = 0; m < stored.totals.moments.size(); ++m) {
      EXPECT_EQ(stored.totals.moments[m].n, other.totals.moments[m].n);
      EXPECT_EQ(stored.totals.moments[m].mean, other.totals.moments[m].mean);
      EXPECT_EQ(stored.totals.moments[m].comoment, other.totals.moments[m].comoment);
    }
  }
}

/// Without the flush to disk that write_file takes care of.
void write_unsafely(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

TEST_F(DailyStoreTest, KeepsDaysBitForBit) {
  const engine::SeriesQuery query = two_metrics();
  EXPECT_TRUE(read_days(store, query)->empty());
  ASSERT_TRUE(write_days(store, query, some_days()));
  const auto read = read_days(store, query);
  ASSERT_TRUE(read) << to_text(read.error());
  expect_same(*read, some_days());
  EXPECT_TRUE(std::signbit(read->at(20'580).totals.moments[0].mean[0]));
}

TEST_F(DailyStoreTest, EveryFlippedBitAndEveryCutIsFound) {
  const engine::SeriesQuery query = two_metrics();
  ASSERT_TRUE(write_days(store, query, some_days()));
  const std::filesystem::path file = daily_file(store, query);
  const std::string whole = *read_file(file);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string content = whole;
    content[i] = static_cast<char>(content[i] ^ (1 << (i % 8)));
    write_unsafely(file, content);
    const auto read = read_days(store, query);
    ASSERT_FALSE(read) << i;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_data);
    EXPECT_EQ(read.error().where, file.string());
    write_unsafely(file, whole.substr(0, i));
    EXPECT_FALSE(read_days(store, query)) << i;
  }
}

TEST_F(DailyStoreTest, AnotherVersionOrQuestionWithARightChecksumIsNotUsed) {
  const engine::SeriesQuery query = two_metrics();
  ASSERT_TRUE(write_days(store, query, some_days()));
  engine::SeriesQuery other = query;
  other.metrics[1].cap_value.reset();
  std::filesystem::copy_file(daily_file(store, query), daily_file(store, other));
  EXPECT_FALSE(read_days(store, other));
  EXPECT_TRUE(read_days(store, query));
}

TEST_F(DailyStoreTest, WhateverChangesTheAnswerIsAnotherFile) {
  const engine::SeriesQuery query = two_metrics();
  std::set<std::filesystem::path> files{daily_file(store, query)};
  std::size_t changes = 0;
  const auto change = [&](const auto& make) {
    engine::SeriesQuery changed = query;
    make(changed);
    files.insert(daily_file(store, changed));
    ++changes;
  };
  change([](auto& q) { q.timezone = *TimeZone::find("Asia/Kolkata"); });
  change([](auto& q) { q.active.names = {}; });
  change([](auto& q) { q.active.names = {"open", "play"}; });
  change([](auto& q) { q.active.names = {"open 4:play"}; });
  change([](auto& q) { q.active.where = *frame::parse_predicate("value > 3"); });
  change([](auto& q) { q.metrics.pop_back(); });
  change([](auto& q) { q.metrics[0].numerator.scale = 2.0; });
  change([](auto& q) { q.metrics[0].numerator.aggregation = engine::Aggregation::any; });
  change([](auto& q) { q.metrics[0].numerator.column = "value"; });
  change([](auto& q) { q.metrics[1].denominator->event.names = {"open"}; });
  change([](auto& q) { q.metrics[1].cap_value = 4.0; });
  EXPECT_EQ(files.size(), changes + 1);
  engine::SeriesQuery days = query;  // Names of metrics and the days asked for do not matter.
  days.first_day = 5;
  days.last_day = 9;
  days.metrics[0].name = "other";
  EXPECT_EQ(daily_file(store, days), daily_file(store, query));
  store.table += "2";
  EXPECT_FALSE(files.contains(daily_file(store, query)));
}

}  // namespace
}  // namespace assay::distributed
