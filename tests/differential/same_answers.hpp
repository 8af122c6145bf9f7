#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/engine/query.hpp"

/// Equal answers of two engines: counts exactly, moments to 1e-9 relative.
namespace assay::differential {

using namespace engine;  // NOLINT(google-build-using-namespace): every second word here.

/// Relative to the size that the rounding errors of a sum have.
inline bool near(double a, double b, double scale) {
  return std::abs(a - b) <= 1e-9 * std::max({std::abs(a), std::abs(b), scale});
}

inline void expect_same(const numerics::CoMoments& a, const numerics::CoMoments& b) {
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

inline void expect_same(const numerics::Moments& a, const numerics::Moments& b) {
  EXPECT_EQ(a.n, b.n);
  EXPECT_TRUE(near(a.mean, b.mean, 1e-3)) << a.mean << " " << b.mean;
  EXPECT_TRUE(near(a.m2, b.m2, 1e-3 * (1.0 + a.mean * a.mean))) << a.m2 << " " << b.m2;
}

inline void expect_same(const std::optional<double>& a, const std::optional<double>& b) {
  ASSERT_EQ(a.has_value(), b.has_value());
  if (!a) return;
  EXPECT_TRUE(near(*a, *b, 1e-3)) << *a << " " << *b;
}

inline void expect_same(const ArmCounts& a, const ArmCounts& b) {
  EXPECT_EQ(a.assigned, b.assigned);
  EXPECT_EQ(a.exposed, b.exposed);
  EXPECT_EQ(a.exposed_before, b.exposed_before);
  EXPECT_EQ(a.analysed, b.analysed);
}

inline void expect_same(const SegmentMoments& a, const SegmentMoments& b);
inline void expect_same(const DayMoments& a, const DayMoments& b);
inline void expect_same(const SegmentPair& a, const SegmentPair& b);
inline void expect_same(const UnitTotals& a, const UnitTotals& b);
inline void expect_same(const UnitSegment& a, const UnitSegment& b);
inline void expect_same(const UnitVariables& a, const UnitVariables& b);

template <class T>
inline void expect_same(const std::vector<T>& a, const std::vector<T>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(fmt::format("[{}]", i));
    expect_same(a[i], b[i]);
  }
}

inline void expect_same(const ActiveUsers& a, const ActiveUsers& b) {
  EXPECT_EQ(a.first_day, b.first_day);
  EXPECT_EQ(a.units, b.units);
}

inline void expect_same(const RetentionTriangle& a, const RetentionTriangle& b) {
  EXPECT_EQ(a.units, b.units);
  EXPECT_EQ(a.retained, b.retained);
  EXPECT_EQ(a.max_day, b.max_day);
  EXPECT_EQ(a.last_complete_day, b.last_complete_day);
  EXPECT_TRUE(a.units.empty() || a.first_cohort == b.first_cohort);
}

inline void expect_same(const FunnelCounts& a, const FunnelCounts& b) {
  EXPECT_EQ(a.reached, b.reached);
  expect_same(a.time_to_convert, b.time_to_convert);
}

inline void expect_same(const Sessions& a, const Sessions& b) {
  EXPECT_EQ(a.units, b.units);
  EXPECT_EQ(a.sessions, b.sessions);
  EXPECT_EQ(a.first_day, b.first_day);
  EXPECT_EQ(a.started, b.started);
  expect_same(a.length_seconds, b.length_seconds);
  expect_same(a.depth, b.depth);
}

inline void expect_same(const SegmentMoments& a, const SegmentMoments& b) {
  SCOPED_TRACE(a.name);
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.assigned, b.assigned);
  expect_same(a.moments, b.moments);
}

inline void expect_same(const DayMoments& a, const DayMoments& b) {
  {
    SCOPED_TRACE("daily");
    expect_same(a.daily, b.daily);
  }
  SCOPED_TRACE("cumulative");
  expect_same(a.cumulative, b.cumulative);
}

inline void expect_same(const SegmentPair& a, const SegmentPair& b) {
  EXPECT_EQ(a.first, b.first);
  EXPECT_EQ(a.second, b.second);
  EXPECT_EQ(a.first_values, b.first_values);
  EXPECT_EQ(a.second_values, b.second_values);
  EXPECT_EQ(a.assigned, b.assigned);
}

inline void expect_same(const ClusterMoments& a, const ClusterMoments& b) {
  SCOPED_TRACE("clusters");
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.clusters, b.clusters);
  EXPECT_EQ(a.arms, b.arms);
  EXPECT_EQ(a.assigned, b.assigned);
  EXPECT_EQ(a.analysed, b.analysed);
  EXPECT_EQ(a.without, b.without);
  EXPECT_EQ(a.crossing, b.crossing);
  ASSERT_EQ(a.metrics.size(), b.metrics.size());
  for (std::size_t m = 0; m < a.metrics.size(); ++m) {
    ASSERT_EQ(a.metrics[m].samples(), a.cells());
    ASSERT_EQ(b.metrics[m].samples(), b.cells());
    for (std::size_t cell = 0; cell < a.cells(); ++cell) {
      SCOPED_TRACE(fmt::format("metric {}, cell {}", m, cell));
      expect_same(a.metrics[m].at(cell), b.metrics[m].at(cell));
    }
  }
}

inline void expect_same(const ExperimentMoments& a, const ExperimentMoments& b) {
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
  ASSERT_EQ(a.clusters.has_value(), b.clusters.has_value());
  if (a.clusters) expect_same(*a.clusters, *b.clusters);
  expect_same(a.segment_pairs, b.segment_pairs);
  {
    SCOPED_TRACE("ages");
    expect_same(a.ages, b.ages);
  }
  SCOPED_TRACE("days");
  expect_same(a.days, b.days);
}

inline void expect_same(const UnitTotals& a, const UnitTotals& b) {
  EXPECT_EQ(a.units, b.units);
  expect_same(a.moments, b.moments);
}

inline void expect_same(const Series& a, const Series& b) {
  EXPECT_EQ(a.first_day, b.first_day);
  expect_same(a.days, b.days);
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(near(a[i], b[i], 1e-3)) << i << ": " << a[i] << " " << b[i];
}

inline void expect_same(const UnitVariables& a, const UnitVariables& b) {
  EXPECT_EQ(a.mature, b.mature);
  expect_near(a.y, b.y);
  expect_near(a.d, b.d);
  expect_near(a.x, b.x);
  expect_near(a.z, b.z);
  EXPECT_EQ(a.m, b.m);
}

inline void expect_same(const UnitSegment& a, const UnitSegment& b) {
  SCOPED_TRACE(a.name);
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.codes, b.codes);
}

inline void expect_same(const UnitTable& a, const UnitTable& b) {
  EXPECT_EQ(a.numbers, b.numbers);
  EXPECT_EQ(a.texts, b.texts);
  EXPECT_EQ(a.arms, b.arms);
  expect_same(a.caps, b.caps);
  expect_same(a.segments, b.segments);
  expect_same(a.metrics, b.metrics);
  EXPECT_EQ(a.anchor_us, b.anchor_us);
  EXPECT_EQ(a.first_us, b.first_us);
  EXPECT_EQ(a.seen_until, b.seen_until);
  ASSERT_EQ(a.cluster.has_value(), b.cluster.has_value());
  if (a.cluster) expect_same(*a.cluster, *b.cluster);
}

inline std::int64_t size_of(const ActiveUsers& x) { return x.units.empty() ? 0 : x.units.front(); }
inline std::int64_t size_of(const RetentionTriangle& x) {
  std::int64_t sum = 0;
  for (const std::int64_t n : x.retained) sum += n;
  return sum;
}
inline std::int64_t size_of(const FunnelCounts& x) {
  return x.reached.size() < 2 ? 0 : x.reached[1];
}
inline std::int64_t size_of(const Sessions& x) { return x.sessions; }
inline std::int64_t size_of(const ExperimentMoments& x) {
  return x.arms[0].analysed > 1 && x.arms.back().analysed > 1 ? 1 : 0;
}

inline std::int64_t size_of(const UnitTotals& x) {
  return x.units > 1 && x.moments[0].mean[0] != 0.0 ? 1 : 0;
}

inline std::int64_t size_of(const Series& x) {
  std::int64_t days = 0;
  for (const UnitTotals& day : x.days) days += size_of(day);
  return days > 1 ? 1 : 0;
}

inline std::int64_t size_of(const UnitTable& x) { return x.units() > 3 ? 1 : 0; }

/// A typo in a filter is refused by both alike; else the answers agree.
template <class Answer>
std::int64_t compare(const Result<Answer>& index, const Result<Answer>& sql) {
  EXPECT_EQ(index.has_value(), sql.has_value())
      << (index ? "" : to_text(index.error())) << (sql ? "" : to_text(sql.error()));
  if (!index || !sql) return 0;
  expect_same(*index, *sql);
  return size_of(*index) > 0 ? 1 : 0;
}

/// Another number of worlds: ASSAY_WORLDS=10000 for a long night, 6 for a short look.
inline std::uint64_t worlds(std::uint64_t usual) {
  const char* asked = std::getenv("ASSAY_WORLDS");
  return asked == nullptr ? usual : std::strtoull(asked, nullptr, 10);
}

/// How many answers must not be empty: as many as the usual number of worlds gives, one at least
/// when another number was asked for.
inline std::int64_t telling(std::int64_t usual) {
  return std::getenv("ASSAY_WORLDS") == nullptr ? usual : 1;
}

}  // namespace assay::differential
