// Goal: the event index and SQL give equal answers: counts exactly, moments to 1e-9 relative.
// Method: random small logs and random queries, both engines over the same Parquet file. The two
// share the reading of a file and the check of a query, nothing else.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "assay/engine/duckdb_engine.hpp"
#include "assay/engine/embedded.hpp"
#include "assay/events/builder.hpp"
#include "random_query.hpp"

namespace assay::differential {
namespace {

namespace fs = std::filesystem;
using namespace engine;  // NOLINT(google-build-using-namespace): every second word here.

/// The same log behind both engines; gone with the object.
struct Pair {
  World world;
  fs::path folder;
  std::unique_ptr<EmbeddedEngine> index;
  std::unique_ptr<DuckdbEngine> sql;

  ~Pair() { fs::remove_all(folder); }
};

Result<void> build_index(Database& database, const Source& source, const fs::path& folder,
                         int threads) {
  ASSAY_TRY(const Relation relation, connect(database, source));
  events::BuildOptions options;
  options.threads = threads;
  options.partitions = 4;
  ASSAY_TRY(events::IndexBuilder builder,
            events::IndexBuilder::create(folder, index_schema(relation), options));
  ASSAY_CHECK(database.scan(scan_sql(relation),
                            [&](const frame::BatchView& batch) { return builder.add(batch); }));
  ASSAY_CHECK(builder.finish({"test", {}}));
  return {};
}

/// Nothing when no event of the log is left to count.
std::unique_ptr<Pair> make_pair_of(std::uint64_t seed) {
  auto pair = std::make_unique<Pair>();
  pair->world = random_world(seed);
  pair->folder = fs::temp_directory_path() / fmt::format("assay_engines_{}_{}", ::getpid(), seed);
  DatabaseOptions options;
  options.threads = 1;
  Database database = std::move(*Database::open(options));
  Source source = pair->world.source;
  source.paths = {(pair->folder / "log.parquet").string()};
  EXPECT_TRUE(write_parquet(database, pair->world.rows, source.paths.front()));
  const auto built = build_index(database, source, pair->folder / "index", 1);
  auto sql = DuckdbEngine::open(std::move(database), source);
  EXPECT_TRUE(sql) << (sql ? "" : to_text(sql.error()));
  if (!sql) return nullptr;
  if (!built) {
    const auto rows = (*sql)->database().query("SELECT count(*) FROM events");
    EXPECT_EQ(rows->columns[0].ints[0], 0) << to_text(built.error());
    return nullptr;
  }
  auto index = events::Index::open(pair->folder / "index");
  EXPECT_TRUE(index) << (index ? "" : to_text(index.error()));
  if (!index) return nullptr;
  pair->index = std::make_unique<EmbeddedEngine>(std::move(*index), 1);
  pair->sql = std::move(*sql);
  return pair;
}

/// Relative to the size that the rounding errors of a sum have.
bool near(double a, double b, double scale) {
  return std::abs(a - b) <= 1e-9 * std::max({std::abs(a), std::abs(b), scale});
}

void expect_same(const numerics::CoMoments& a, const numerics::CoMoments& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.n, b.n);
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(near(a.mean[i], b.mean[i], 1e-3)) << i << ": " << a.mean[i] << " " << b.mean[i];
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = i; j < a.size(); ++j) {
      const double scale =
          std::sqrt(a.at(i, i) * a.at(j, j)) +
          1e-3 * static_cast<double>(a.n) * (1.0 + std::abs(a.mean[i] * a.mean[j]));
      EXPECT_TRUE(near(a.at(i, j), b.at(i, j), scale))
          << i << " " << j << ": " << a.at(i, j) << " " << b.at(i, j);
    }
  }
}

void expect_same(const numerics::Moments& a, const numerics::Moments& b) {
  EXPECT_EQ(a.n, b.n);
  EXPECT_TRUE(near(a.mean, b.mean, 1e-3)) << a.mean << " " << b.mean;
  EXPECT_TRUE(near(a.m2, b.m2, 1e-3 * (1.0 + a.mean * a.mean))) << a.m2 << " " << b.m2;
}

void expect_same(const std::optional<double>& a, const std::optional<double>& b) {
  ASSERT_EQ(a.has_value(), b.has_value());
  if (!a) return;
  EXPECT_TRUE(near(*a, *b, 1e-3)) << *a << " " << *b;
}

void expect_same(const ArmCounts& a, const ArmCounts& b) {
  EXPECT_EQ(a.assigned, b.assigned);
  EXPECT_EQ(a.exposed, b.exposed);
  EXPECT_EQ(a.exposed_before, b.exposed_before);
  EXPECT_EQ(a.analysed, b.analysed);
}

void expect_same(const SegmentMoments& a, const SegmentMoments& b);
void expect_same(const DayMoments& a, const DayMoments& b);
void expect_same(const UnitTotals& a, const UnitTotals& b);
void expect_same(const UnitSegment& a, const UnitSegment& b);
void expect_same(const UnitVariables& a, const UnitVariables& b);

template <class T>
void expect_same(const std::vector<T>& a, const std::vector<T>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(fmt::format("[{}]", i));
    expect_same(a[i], b[i]);
  }
}

void expect_same(const ActiveUsers& a, const ActiveUsers& b) {
  EXPECT_EQ(a.first_day, b.first_day);
  EXPECT_EQ(a.units, b.units);
}

void expect_same(const RetentionTriangle& a, const RetentionTriangle& b) {
  EXPECT_EQ(a.units, b.units);
  EXPECT_EQ(a.retained, b.retained);
  EXPECT_EQ(a.max_day, b.max_day);
  EXPECT_EQ(a.last_complete_day, b.last_complete_day);
  EXPECT_TRUE(a.units.empty() || a.first_cohort == b.first_cohort);
}

void expect_same(const FunnelCounts& a, const FunnelCounts& b) {
  EXPECT_EQ(a.reached, b.reached);
  expect_same(a.time_to_convert, b.time_to_convert);
}

void expect_same(const Sessions& a, const Sessions& b) {
  EXPECT_EQ(a.units, b.units);
  EXPECT_EQ(a.sessions, b.sessions);
  EXPECT_EQ(a.first_day, b.first_day);
  EXPECT_EQ(a.started, b.started);
  expect_same(a.length_seconds, b.length_seconds);
  expect_same(a.depth, b.depth);
}

void expect_same(const SegmentMoments& a, const SegmentMoments& b) {
  SCOPED_TRACE(a.name);
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.assigned, b.assigned);
  expect_same(a.moments, b.moments);
}

void expect_same(const DayMoments& a, const DayMoments& b) {
  {
    SCOPED_TRACE("daily");
    expect_same(a.daily, b.daily);
  }
  SCOPED_TRACE("cumulative");
  expect_same(a.cumulative, b.cumulative);
}

void expect_same(const ExperimentMoments& a, const ExperimentMoments& b) {
  expect_same(a.arms, b.arms);
  EXPECT_EQ(a.both_arms, b.both_arms);
  EXPECT_EQ(a.unknown_variant, b.unknown_variant);
  EXPECT_EQ(a.immature, b.immature);
  EXPECT_EQ(a.first_day, b.first_day);
  EXPECT_EQ(a.assigned_by_day, b.assigned_by_day);
  expect_same(a.caps, b.caps);
  {
    SCOPED_TRACE("overall");
    expect_same(a.overall, b.overall);
  }
  expect_same(a.segments, b.segments);
  SCOPED_TRACE("days");
  expect_same(a.days, b.days);
}

void expect_same(const UnitTotals& a, const UnitTotals& b) {
  EXPECT_EQ(a.units, b.units);
  expect_same(a.moments, b.moments);
}

void expect_same(const Series& a, const Series& b) {
  EXPECT_EQ(a.first_day, b.first_day);
  expect_same(a.days, b.days);
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(near(a[i], b[i], 1e-3)) << i << ": " << a[i] << " " << b[i];
}

void expect_same(const UnitVariables& a, const UnitVariables& b) {
  EXPECT_EQ(a.mature, b.mature);
  expect_near(a.y, b.y);
  expect_near(a.d, b.d);
  expect_near(a.x, b.x);
  expect_near(a.z, b.z);
  EXPECT_EQ(a.m, b.m);
}

void expect_same(const UnitSegment& a, const UnitSegment& b) {
  SCOPED_TRACE(a.name);
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.codes, b.codes);
}

void expect_same(const UnitTable& a, const UnitTable& b) {
  EXPECT_EQ(a.numbers, b.numbers);
  EXPECT_EQ(a.texts, b.texts);
  EXPECT_EQ(a.arms, b.arms);
  expect_same(a.caps, b.caps);
  expect_same(a.segments, b.segments);
  expect_same(a.metrics, b.metrics);
}

std::int64_t size_of(const ActiveUsers& x) { return x.units.empty() ? 0 : x.units.front(); }
std::int64_t size_of(const RetentionTriangle& x) {
  std::int64_t sum = 0;
  for (const std::int64_t n : x.retained) sum += n;
  return sum;
}
std::int64_t size_of(const FunnelCounts& x) { return x.reached.size() < 2 ? 0 : x.reached[1]; }
std::int64_t size_of(const Sessions& x) { return x.sessions; }
std::int64_t size_of(const ExperimentMoments& x) {
  return x.arms[0].analysed > 1 && x.arms[1].analysed > 1 ? 1 : 0;
}

std::int64_t size_of(const UnitTotals& x) {
  return x.units > 1 && x.moments[0].mean[0] != 0.0 ? 1 : 0;
}

std::int64_t size_of(const Series& x) {
  std::int64_t days = 0;
  for (const UnitTotals& day : x.days) days += size_of(day);
  return days > 1 ? 1 : 0;
}

std::int64_t size_of(const UnitTable& x) { return x.units() > 3 ? 1 : 0; }

/// A typo in a filter is refused by both alike; else the answers agree.
template <class Answer>
std::int64_t compare(const Result<Answer>& index, const Result<Answer>& sql) {
  EXPECT_EQ(index.has_value(), sql.has_value())
      << (index ? "" : to_text(index.error())) << (sql ? "" : to_text(sql.error()));
  if (!index || !sql) return 0;
  expect_same(*index, *sql);
  return size_of(*index) > 0 ? 1 : 0;
}

/// A number that makes a longer night run: ASSAY_WORLDS=10000.
std::uint64_t worlds(std::uint64_t usual) {
  const char* asked = std::getenv("ASSAY_WORLDS");
  return asked == nullptr ? usual : std::strtoull(asked, nullptr, 10);
}

constexpr int kQueries = 6;

/// Asks every pair of engines several random queries of one kind; at least `telling` of them must
/// have an answer that is not empty.
template <class Draw, class Ask>
void agree(std::uint64_t count, std::int64_t telling, const Draw& draw, const Ask& ask) {
  std::int64_t told = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const auto pair = make_pair_of(seed);
    if (!pair) continue;
    Dice dice(seed, 2);
    for (int i = 0; i < kQueries; ++i) {
      SCOPED_TRACE(fmt::format("world {}, query {}", seed, i));
      const auto query = draw(dice, pair->world);
      told += compare(ask(*pair->index, query), ask(*pair->sql, query));
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GE(told, telling);
}

TEST(Engines, AgreeOnActiveUsers) {
  agree(worlds(40), 100, random_active_users,
        [](Engine& engine, const auto& query) { return engine.active_users(query); });
}

TEST(Engines, AgreeOnRetention) {
  agree(worlds(40), 100, random_retention,
        [](Engine& engine, const auto& query) { return engine.retention(query); });
}

TEST(Engines, AgreeOnFunnels) {
  agree(worlds(40), 60, random_funnel,
        [](Engine& engine, const auto& query) { return engine.funnel(query); });
}

TEST(Engines, AgreeOnSessions) {
  agree(worlds(40), 100, random_sessions,
        [](Engine& engine, const auto& query) { return engine.sessions(query); });
}

TEST(Engines, AgreeOnExperiments) {
  agree(worlds(40), 60, random_experiment,
        [](Engine& engine, const auto& query) { return engine.experiment(query); });
}

TEST(Engines, AgreeOnUnitTotals) {
  agree(worlds(40), 60, random_unit_totals,
        [](Engine& engine, const auto& query) { return engine.unit_totals(query); });
}

TEST(Engines, AgreeOnSeries) {
  agree(worlds(40), 60, random_series,
        [](Engine& engine, const auto& query) { return engine.series(query); });
}

TEST(Engines, AgreeOnUnitTables) {
  agree(worlds(40), 60, random_unit_table,
        [](Engine& engine, const auto& query) { return engine.unit_table(query); });
}

/// One question a day: the slow way to a series.
Result<Series> day_by_day(Engine& engine, const SeriesQuery& query) {
  Series series{query.first_day, {}};
  for (Day day = query.first_day; day <= query.last_day; ++day) {
    const TimeRange range{query.timezone.day_start(day), query.timezone.day_start(day + 1)};
    if (range.begin == range.end) {  // The zone left this day out.
      UnitTotals none;
      for (const UnitMetric& metric : query.metrics)
        none.moments.emplace_back(metric.denominator ? std::size_t{2} : std::size_t{1});
      series.days.push_back(std::move(none));
      continue;
    }
    ASSAY_TRY(UnitTotals totals,
              engine.unit_totals({query.active, range, query.timezone, query.metrics}));
    series.days.push_back(std::move(totals));
  }
  return series;
}

TEST(Engines, ASeriesIsTheTotalsOfEveryDayBitForBitFromTheIndexAndNearlyFromSql) {
  std::int64_t told = 0;
  for (std::uint64_t seed = 1; seed <= worlds(15); ++seed) {
    const auto pair = make_pair_of(seed);
    if (!pair) continue;
    Dice dice(seed, 3);
    for (int i = 0; i < kQueries; ++i) {
      SCOPED_TRACE(fmt::format("world {}, query {}", seed, i));
      const SeriesQuery query = random_series(dice, pair->world);
      const auto series = pair->index->series(query);
      const auto days = day_by_day(*pair->index, query);
      told += compare(series, days);
      compare(pair->sql->series(query), day_by_day(*pair->sql, query));
      if (testing::Test::HasFailure()) return;
      if (!series) continue;
      for (std::size_t day = 0; day < days->days.size(); ++day) {
        for (std::size_t m = 0; m < query.metrics.size(); ++m) {
          EXPECT_EQ(series->days[day].moments[m].mean, days->days[day].moments[m].mean);
          EXPECT_EQ(series->days[day].moments[m].comoment, days->days[day].moments[m].comoment);
        }
      }
    }
  }
  EXPECT_GE(told, 20);
}

/// The moments of the mature rows of an arm, y and x cut at the cap.
MetricMoments moments_of(const UnitTable& table, std::size_t metric, std::size_t arm) {
  const UnitVariables& v = table.metrics[metric];
  const double cap = table.caps[metric].value_or(std::numeric_limits<double>::infinity());
  std::vector<const std::vector<double>*> columns;
  for (const auto* column : {&v.y, &v.d, &v.x, &v.z, &v.m})
    if (!column->empty()) columns.push_back(column);
  MetricMoments moments(columns.size());
  std::vector<double> row(columns.size());
  for (std::size_t unit = 0; unit < table.units(); ++unit) {
    if (table.arms[unit] != arm || v.mature[unit] == 0) continue;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row[i] = (*columns[i])[unit];
      if (columns[i] == &v.y || columns[i] == &v.x) row[i] = std::min(row[i], cap);
    }
    moments.add(row);
  }
  return moments;
}

void expect_within(const MetricMoments& a, const MetricMoments& b, double tolerance) {
  ASSERT_EQ(a.n, b.n);
  if (a.n == 0) return;  // The table does not say how many variables it has.
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a.mean[i], b.mean[i], tolerance * (1.0 + std::abs(a.mean[i])));
    for (std::size_t j = i; j < a.size(); ++j)
      EXPECT_NEAR(a.at(i, j), b.at(i, j),
                  tolerance * (1.0 + std::sqrt(a.at(i, i) * a.at(j, j)) +
                               static_cast<double>(a.n) * std::abs(a.mean[i] * a.mean[j])));
  }
}

TEST(Engines, ATableOfUnitsHasTheMomentsOfItsExperiment) {
  std::int64_t told = 0;
  for (std::uint64_t seed = 1; seed <= worlds(15); ++seed) {
    const auto pair = make_pair_of(seed);
    if (!pair) continue;
    Dice dice(seed, 4);
    for (int i = 0; i < kQueries; ++i) {
      SCOPED_TRACE(fmt::format("world {}, query {}", seed, i));
      const UnitTableQuery query{random_experiment(dice, pair->world)};
      for (Engine* engine :
           {static_cast<Engine*>(pair->index.get()), static_cast<Engine*>(pair->sql.get())}) {
        const auto table = engine->unit_table(query);
        const auto moments = engine->experiment(query.experiment);
        ASSERT_EQ(table.has_value(), moments.has_value());
        if (!table) continue;
        told += size_of(*table);
        for (std::size_t m = 0; m < query.experiment.metrics.size(); ++m)
          for (std::size_t arm = 0; arm < 2; ++arm)
            expect_within(moments_of(*table, m, arm), moments->overall[arm][m], 1e-12);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  EXPECT_GE(told, 40);
}

}  // namespace
}  // namespace assay::differential
