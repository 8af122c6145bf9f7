// Goal: the event index and SQL give equal answers: counts exactly, moments to 1e-9 relative.
// Method: random small logs and random queries, both engines over the same Parquet file. The two
// share the reading of a file and the check of a query, nothing else.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "engine_pair.hpp"
#include "random_query.hpp"
#include "same_answers.hpp"

namespace assay::differential {
namespace {

constexpr int kQueries = 6;

/// Asks every pair of engines several random queries of one kind; at least `telling` of them must
/// have an answer that is not empty.
template <class Draw, class Ask>
void agree(std::uint64_t count, std::int64_t telling, const Draw& draw, const Ask& ask) {
  std::int64_t told = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const auto pair = make_pair_of(random_world(seed));
    if (!pair) continue;
    Dice dice(seed, 2);
    for (int i = 0; i < kQueries; ++i) {
      SCOPED_TRACE(fmt::format("world {}, query {}", seed, i));
      const auto query = draw(dice, pair->world);
      told += compare(ask(*pair->index, query), ask(*pair->sql, query));
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GE(told, differential::telling(telling));
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
    const auto pair = make_pair_of(random_world(seed));
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
  EXPECT_GE(told, telling(20));
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
    const auto pair = make_pair_of(random_world(seed));
    if (!pair) continue;
    Dice dice(seed, 4);
    for (int i = 0; i < kQueries; ++i) {
      SCOPED_TRACE(fmt::format("world {}, query {}", seed, i));
      UnitTableQuery query{random_experiment(dice, pair->world)};
      query.experiment.max_clusters = 1'000;  // Those of units not analysed count there too.
      for (Engine* engine :
           {static_cast<Engine*>(pair->index.get()), static_cast<Engine*>(pair->sql.get())}) {
        const auto table = engine->unit_table(query);
        const auto moments = engine->experiment(query.experiment);
        ASSERT_EQ(table.has_value(), moments.has_value());
        if (!table) continue;
        told += size_of(*table);
        for (std::size_t m = 0; m < query.experiment.metrics.size(); ++m)
          for (std::size_t arm = 0; arm < moments->overall.size(); ++arm)
            expect_within(moments_of(*table, m, arm), moments->overall[arm][m], 1e-12);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  EXPECT_GE(told, telling(40));
}

}  // namespace
}  // namespace assay::differential
