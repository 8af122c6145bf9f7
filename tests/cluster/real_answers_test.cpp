// Goal: real event logs give on Spark SQL and on ClickHouse the answers that one machine gives.
// Method: one Parquet file behind the event index, the SQL twin and a table of the engine that
// ASSAY_SPARK or ASSAY_CLICKHOUSE names. The files must lie where the engine can read them.

#include "real_answers.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

namespace assay::cluster {
namespace {

namespace fs = std::filesystem;
using distributed::DistributedEngine;

struct Place {
  std::string name;
  std::string variable;
  std::string table;  ///< Makes a table: {0} its name, {1} a folder of Parquet files.
};

class RealAnswers : public testing::TestWithParam<Place> {
 protected:
  void expect_equal(const RealLog& log) {
    const Place& place = GetParam();
    const char* text = std::getenv(place.variable.c_str());
    if (text == nullptr) GTEST_SKIP() << place.variable << " is not set";
    if (!fs::exists(real_data() / log.file)) GTEST_SKIP() << "the public data are not here";
    folder_ = fs::temp_directory_path() / fmt::format("assay_real_{}_{}", ::getpid(), log.name);
    fs::create_directories(folder_);
    const fs::path file = folder_ / "log.parquet";
    const auto written = write_log(log, file);
    ASSERT_TRUE(written) << to_text(written.error());

    const auto url = warehouse::parse_engine_url(text);
    ASSERT_TRUE(url) << to_text(url.error());
    // One line for all: Sail keeps a table with the session that made it.
    auto line = warehouse::connect(*url, {});
    ASSERT_TRUE(line) << to_text(line.error());
    distributed::EventTableSpec spec;
    spec.source = log.source;
    spec.table = {"", "", "assay_real_" + log.name};
    const std::string drop = "DROP TABLE IF EXISTS " + spec.table.table;
    for (const std::string& statement :
         {drop, fmt::format(fmt::runtime(place.table), spec.table.table, folder_.string())}) {
      const auto done = (*line)->query(statement);
      ASSERT_TRUE(done) << statement << "\n" << to_text(done.error());
    }
    if (place.name == "ClickHouse" && spec.source.event_time.timezone.name() != "UTC")
      make_instants(**line, spec);
    auto far = DistributedEngine::open(std::move(*line), spec);
    ASSERT_TRUE(far) << to_text(far.error());

    engine::Source source = log.source;
    source.paths = {file.string()};
    const auto near = differential::make_pair_over(source);
    ASSERT_NE(near, nullptr);
    expect_equal_answers(log.ask, *near, **far);
    const std::string asked = spec.table.table;
    if (!drop.ends_with(asked)) {
      EXPECT_TRUE((*far)->connection().query("DROP VIEW " + asked));
    }
    EXPECT_TRUE((*far)->connection().query(drop));
  }

  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

 private:
  /// ClickHouse cannot say that times are wall clocks: it is refused, and what the refusal says to
  /// do makes the view that is then asked.
  static void make_instants(warehouse::Connection& line, distributed::EventTableSpec& spec) {
    const auto refused = distributed::open_table(line, spec, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_spec);
    const std::string instant = "toDateTime64(toString(at), 6, 'Europe/Berlin')";
    EXPECT_THAT(refused.error().fix, testing::HasSubstr(instant));
    const auto done = line.query(
        fmt::format("CREATE OR REPLACE VIEW {0}_instants AS SELECT * REPLACE ({1} AS at) FROM {0}",
                    spec.table.table, instant));
    ASSERT_TRUE(done) << to_text(done.error());
    spec.table.table += "_instants";
    spec.source.event_time.timezone = TimeZone::utc();
  }

  fs::path folder_;
};

TEST_P(RealAnswers, AreThoseOfOneMachineOnTheHistoryOfRails) { expect_equal(rails()); }

TEST_P(RealAnswers, AreThoseOfOneMachineOnTheVisitsOfAShop) { expect_equal(shop()); }

INSTANTIATE_TEST_SUITE_P(
    Engines, RealAnswers,
    testing::Values(Place{"Spark", "ASSAY_SPARK", "CREATE TABLE {0} USING parquet LOCATION '{1}'"},
                    Place{"ClickHouse", "ASSAY_CLICKHOUSE",
                          "CREATE TABLE {0} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM "
                          "file('{1}/log.parquet', Parquet)"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace assay::cluster
