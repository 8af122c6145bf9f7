// Goal: what a warehouse answers through compiled statements equals the event index and the SQL
// twin: counts exactly, moments to 1e-9 relative.
// Method: random small logs and random queries; the statements run on DuckDB, and on every engine
// that the environment names. They share with the twin the check of a query and none of its SQL.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "assay/distributed/engine.hpp"
#include "assay/distributed/series_incremental.hpp"
#include "engine_pair.hpp"
#include "log_loader.hpp"
#include "random_query.hpp"
#include "same_answers.hpp"
#include "warehouse_world.hpp"

namespace assay::differential {
namespace {

using distributed::DistributedEngine;
using frame::Column;
using frame::Type;

constexpr int kQueries = 6;
constexpr int kQueriesOfClusters = 3;
constexpr std::uint64_t kTables = 4;  ///< In a warehouse at one time.

const std::vector<std::unique_ptr<cluster::LogLoader>>& loaders() {
  static const auto all = [] {
    auto found = cluster::loaders();
    EXPECT_TRUE(found) << to_text(found.error());
    return found ? std::move(*found) : std::vector<std::unique_ptr<cluster::LogLoader>>();
  }();
  return all;
}

Column& column_of(World& world, const std::string& name) {
  const auto at = std::find_if(world.rows.columns.begin(), world.rows.columns.end(),
                               [&](const Column& column) { return column.name == name; });
  return *at;
}

/// Times as instants, as wall clocks of the world's zone, as wall clocks of UTC or as numbers.
void write_times(Dice& dice, const cluster::LogLoader& loader, World& world) {
  const bool has_instants = loader.has_instants();
  const auto write = [&](const std::string& name, engine::TimeColumn& column) {
    std::int64_t how = dice.between(has_instants ? 0 : 1, 3);
    if (how == 1 && !loader.has_wall_clocks()) how = 0;
    if (how == 1 || how == 2) world.wall_clocks.push_back(name);
    if (how == 1) column.timezone = world.timezone;
    if (how == 3) {
      column_of(world, name).type = Type::int64;
      column.unit = engine::TimeUnit::microseconds;
    }
  };
  write("ts", world.source.event_time);
  if (world.source.ingest_time) {
    write("got", *world.source.ingest_time);
  } else if (!has_instants) {
    world.wall_clocks.emplace_back("got");
  }
  if (!has_instants) world.wall_clocks.emplace_back("when");
}

/// A column of days that the table is kept by: the UTC day of the time as it is written.
void add_parts(World& world) {
  Column parts;
  parts.name = "part";
  parts.type = Type::text;
  const Column& time = column_of(world, "ts");
  for (std::size_t row = 0; row < world.rows.rows(); ++row) {
    const TimeUs at = time.ints[row];
    const std::string day = day_text(TimeZone::utc().local_day(at));
    auto known = std::find(parts.dictionary.begin(), parts.dictionary.end(), day);
    if (known == parts.dictionary.end()) known = parts.dictionary.insert(known, day);
    parts.codes.push_back(static_cast<std::uint32_t>(known - parts.dictionary.begin()));
  }
  parts.nulls = time.nulls;
  world.rows.columns.push_back(std::move(parts));
}

/// A log on one machine and in a warehouse.
struct Behind {
  std::unique_ptr<Pair> pair;
  std::unique_ptr<DistributedEngine> warehouse;
};

/// Nothing when no event of the log is left to count.
Result<Behind> behind(cluster::LogLoader& loader, std::uint64_t seed) {
  World world = warehouse_world(seed);
  Dice dice(seed, 6);
  write_times(dice, loader, world);
  add_parts(world);
  distributed::EventTableSpec spec;
  spec.source = world.source;
  // Copies may lie in parts that a range leaves out; then parts say nothing.
  if (!world.source.dedup && dice.chance(0.6))
    spec.partition = distributed::Partition{"part", dice.between(0, 1) * kDayUs};
  ASSAY_TRY(spec.table, loader.load(fmt::format("assay_log_{}", seed % kTables),
                                    {world.rows, world.wall_clocks}));
  Behind made;
  made.pair = make_pair_of(std::move(world));
  if (!made.pair) return made;
  ASSAY_TRY(auto line, loader.connect());
  ASSAY_TRY(made.warehouse, DistributedEngine::open(std::move(line), spec));
  return made;
}

class Warehouse : public testing::Test {
 public:
  static void TearDownTestSuite() { kept_.clear(); }

  /// The log of a world, kept until a later one takes its table: a cluster takes seconds to load.
  static const Result<Behind>& log_of(cluster::LogLoader& loader, std::uint64_t seed) {
    const std::string place = fmt::format("{} {}", loader.engine(), seed % kTables);
    const auto found = kept_.find(place);
    if (found != kept_.end() && found->second.first == seed) return found->second.second;
    if (found != kept_.end()) kept_.erase(found);
    return kept_.emplace(place, std::pair{seed, behind(loader, seed)}).first->second.second;
  }

 private:
  static inline std::map<std::string, std::pair<std::uint64_t, Result<Behind>>> kept_;
};

/// Asks the same of all three; a cluster of its own gets a tenth of the worlds, half the queries.
template <class Draw, class Ask>
void agree(std::uint64_t count, std::int64_t telling, const Draw& draw, const Ask& ask) {
  for (const auto& loader : loaders()) {
    SCOPED_TRACE(loader->engine());
    const bool is_near = loader->engine() == "duckdb";
    const std::uint64_t share = is_near ? count : (count + 9) / 10;
    const int queries = is_near ? kQueries : kQueriesOfClusters;
    std::int64_t told = 0;
    for (std::uint64_t seed = 1; seed <= share; ++seed) {
      const Result<Behind>& log = Warehouse::log_of(*loader, seed);
      ASSERT_TRUE(log) << to_text(log.error());
      if (!log->pair) continue;
      Dice dice(seed, 7);
      for (int i = 0; i < queries; ++i) {
        SCOPED_TRACE(fmt::format("world {}, query {}", seed, i));
        const auto query = draw(dice, log->pair->world);
        const auto answer = ask(*log->warehouse, query);
        {
          SCOPED_TRACE("index");
          told += compare(ask(*log->pair->index, query), answer);
        }
        SCOPED_TRACE("twin");
        compare(ask(*log->pair->sql, query), answer);
        if (testing::Test::HasFailure()) {
          const auto& asked = log->warehouse->asked();
          if (!asked.empty()) ADD_FAILURE() << asked.back().statement;
          return;
        }
      }
    }
    if (is_near && std::getenv("ASSAY_WORLDS") == nullptr) {
      EXPECT_GE(told, telling);
    }
  }
}

TEST_F(Warehouse, AgreesOnActiveUsers) {
  agree(worlds(20), 50, random_active_users,
        [](Engine& engine, const auto& query) { return engine.active_users(query); });
}

TEST_F(Warehouse, AgreesOnRetention) {
  agree(worlds(20), 50, random_retention,
        [](Engine& engine, const auto& query) { return engine.retention(query); });
}

TEST_F(Warehouse, AgreesOnFunnels) {
  agree(worlds(20), 25, random_funnel,
        [](Engine& engine, const auto& query) { return engine.funnel(query); });
}

TEST_F(Warehouse, AgreesOnSessions) {
  agree(worlds(20), 50, random_sessions,
        [](Engine& engine, const auto& query) { return engine.sessions(query); });
}

TEST_F(Warehouse, AgreesOnExperiments) {
  agree(worlds(24), 25, random_experiment,
        [](Engine& engine, const auto& query) { return engine.experiment(query); });
}

TEST_F(Warehouse, AgreesOnUnitTables) {
  agree(worlds(16), 8, random_unit_table,
        [](Engine& engine, const auto& query) { return engine.unit_table(query); });
}

TEST_F(Warehouse, AgreesOnUnitTotals) {
  agree(worlds(20), 25, random_unit_totals,
        [](Engine& engine, const auto& query) { return engine.unit_totals(query); });
}

TEST_F(Warehouse, AgreesOnSeries) {
  agree(worlds(20), 20, random_series,
        [](Engine& engine, const auto& query) { return engine.series(query); });
}

/// All but the last two days first, then all: from the store and by a second question.
Result<Series> in_two_steps(Engine& engine, const SeriesQuery& query) {
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("assay_two_steps_{}", ::getpid());
  std::filesystem::remove_all(folder);
  const distributed::DailyStore store{folder, "log"};
  const distributed::IncrementalPolicy policy{0, query.timezone.day_start(query.last_day + 1)};
  SeriesQuery begin = query;
  begin.last_day = std::max(query.first_day, query.last_day - 2);
  ASSAY_CHECK(distributed::series_incremental(engine, store, begin, policy));
  ASSAY_TRY(auto answer, distributed::series_incremental(engine, store, query, policy));
  EXPECT_EQ(answer.stored, begin.last_day - begin.first_day + 1);
  EXPECT_EQ(answer.asked_days(), query.last_day - begin.last_day);
  ASSAY_TRY(const Series everything, engine.series(query));
  expect_same(answer.series, everything);
  std::filesystem::remove_all(folder);
  return std::move(answer.series);
}

TEST_F(Warehouse, AgreesOnSeriesKeptInPart) { agree(worlds(8), 10, random_series, in_two_steps); }

}  // namespace
}  // namespace assay::differential
