#include "assay/engine/duckdb_experiment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "assay/engine/check.hpp"
#include "assay/engine/metric_variables.hpp"
#include "assay/engine/sql.hpp"
#include "assay/engine/sql_moments.hpp"

namespace assay::engine {
namespace {

constexpr std::string_view kAssigned = "arm IS NOT NULL AND NOT both_arms";

std::size_t number_of(const std::string& text) { return std::stoul(text); }

class Assembly {
 public:
  Assembly(Database& database, const ExperimentQuery& query, const Source& source,
           const Progress& progress)
      : database_(database), query_(query), source_(source), progress_(progress) {}

  Result<ExperimentMoments> all() {
    ASSAY_CHECK(counts());
    ASSAY_TRY(answer_.caps, caps_of(database_, query_, progress_));
    ASSAY_CHECK(overall());
    for (std::size_t i = 0; i < query_.segments.size(); ++i) ASSAY_CHECK(segment(i));
    ASSAY_CHECK(days());
    if (query_.max_age) ASSAY_CHECK(ages());
    if (query_.cluster) ASSAY_CHECK(clusters());
    if (query_.segment_pairs) ASSAY_CHECK(pairs());
    return std::move(answer_);
  }

 private:
  Result<frame::Table> ask(const std::string& sql) { return database_.query(sql, progress_); }

  Result<void> counts() {
    answer_.arms.resize(query_.arms.size());
    ASSAY_TRY(const frame::Table arms,
              ask(fmt::format("SELECT arm, count(*), count(*) FILTER (WHERE exposed), count(*) "
                              "FILTER (WHERE exposed_before), count(anchor_us) FROM units WHERE {} "
                              "GROUP BY arm",
                              kAssigned)));
    for (std::size_t i = 0; i < arms.rows(); ++i) {
      const auto at = [&](std::size_t column) { return arms.columns[column].ints[i]; };
      answer_.arms[static_cast<std::size_t>(at(0))] = {at(1), at(2), at(3), at(4)};
    }
    ASSAY_TRY(const frame::Table apart,
              ask("SELECT count(*) FILTER (WHERE both_arms), count(*) FILTER (WHERE arm IS NULL) "
                  "FROM units"));
    answer_.both_arms = apart.columns[0].ints[0];
    answer_.unknown_variant = apart.columns[1].ints[0];
    return {};
  }

  [[nodiscard]] std::vector<std::string> variables(std::size_t i) const {
    std::vector<std::string> all;
    for (const char name : variables_of(query_.metrics[i])) {
      all.push_back(fmt::format("{}_{}", name, i));
      if (answer_.caps[i] && (name == 'y' || name == 'x'))
        all.back() = fmt::format("least({}, {})", all.back(), double_sql(*answer_.caps[i]));
    }
    return all;
  }

  Result<std::vector<GroupMoments>> grouped(std::size_t metric, std::vector<std::string> groups) {
    return moments_of(
        database_,
        {fmt::format("(FROM units WHERE anchor_us IS NOT NULL AND mature_{})", metric),
         std::move(groups), variables(metric)},
        progress_);
  }

  Result<void> overall() {
    answer_.overall = no_moments_by_arm(query_);
    answer_.immature.assign(query_.arms.size(),
                            std::vector<std::int64_t>(query_.metrics.size(), 0));
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
      ASSAY_TRY(std::vector<GroupMoments> groups, grouped(i, {"arm"}));
      for (GroupMoments& group : groups)
        answer_.overall[number_of(group.keys[0])][i] = std::move(group.moments);
      ASSAY_TRY(const frame::Table immature,
                ask(fmt::format("SELECT arm, count(*) FROM units WHERE anchor_us IS NOT NULL AND "
                                "NOT mature_{} GROUP BY arm",
                                i)));
      for (std::size_t row = 0; row < immature.rows(); ++row) {
        answer_.immature[static_cast<std::size_t>(immature.columns[0].ints[row])][i] =
            immature.columns[1].ints[row];
      }
    }
    return {};
  }

  Result<void> segment(std::size_t s) {
    SegmentMoments segment;
    segment.name = query_.segments[s].name;
    ASSAY_TRY(const frame::Table assigned,
              ask(fmt::format("SELECT segment_{0}, arm, count(*) FROM units WHERE {1} GROUP BY ALL",
                              s, kAssigned)));
    std::map<std::string, std::size_t> places;
    const auto value = [&](std::size_t row) {
      return assigned.columns[0].dictionary[assigned.columns[0].codes[row]];
    };
    for (std::size_t row = 0; row < assigned.rows(); ++row) places[value(row)] = 0;
    if (places.size() > kMaxSegmentValues)
      return tl::unexpected(too_many_values(segment.name, places.size()));
    for (auto& [name, place] : places) {
      place = segment.values.size();
      segment.values.push_back(name);
    }
    segment.assigned.assign(places.size(), std::vector<std::int64_t>(query_.arms.size(), 0));
    for (std::size_t row = 0; row < assigned.rows(); ++row) {
      segment
          .assigned[places[value(row)]][static_cast<std::size_t>(assigned.columns[1].ints[row])] =
          assigned.columns[2].ints[row];
    }
    segment.moments.assign(places.size(), no_moments_by_arm(query_));
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
      ASSAY_TRY(std::vector<GroupMoments> groups,
                grouped(i, {"arm", fmt::format("segment_{}", s)}));
      for (GroupMoments& group : groups) {
        segment.moments[places[group.keys[1]]][number_of(group.keys[0])][i] =
            std::move(group.moments);
      }
    }
    answer_.segments.push_back(std::move(segment));
    return {};
  }

  Result<void> days() {
    ASSAY_TRY(
        const frame::Table span,
        ask(fmt::format("SELECT {}, {}",
                        local_day_sql(fmt::format("{}", query_.period.begin), query_.timezone),
                        local_day_sql(fmt::format("{}", query_.period.end - 1), query_.timezone))));
    answer_.first_day = static_cast<Day>(span.columns[0].ints[0]);
    const auto count = static_cast<std::size_t>(span.columns[1].ints[0] - answer_.first_day + 1);
    answer_.assigned_by_day.assign(count, std::vector<std::int64_t>(query_.arms.size(), 0));
    ASSAY_TRY(const frame::Table assigned,
              ask(fmt::format("SELECT assigned_day, arm, count(*) FROM units WHERE {} GROUP BY ALL",
                              kAssigned)));
    for (std::size_t row = 0; row < assigned.rows(); ++row) {
      const auto day = static_cast<std::size_t>(assigned.columns[0].ints[row] - answer_.first_day);
      answer_.assigned_by_day[day][static_cast<std::size_t>(assigned.columns[1].ints[row])] =
          assigned.columns[2].ints[row];
    }
    if (!query_.daily) return {};
    answer_.days.assign(count, no_day_moments(query_));
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
      if (is_additive(query_.metrics[i])) ASSAY_CHECK(days_of(i));
    }
    return {};
  }

  Result<void> days_of(std::size_t metric) {
    ASSAY_CHECK(database_.execute(
        "CREATE OR REPLACE TEMP TABLE unit_days AS " + to_text(daily_sql(query_, source_, metric)),
        progress_));
    return add_stretches("unit_days", "day", answer_.first_day, metric, answer_.days);
  }

  Result<void> ages() {
    answer_.ages.assign(static_cast<std::size_t>(*query_.max_age) + 1, no_day_moments(query_));
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
      if (!is_additive(query_.metrics[i])) continue;
      ASSAY_CHECK(database_.execute(
          "CREATE OR REPLACE TEMP TABLE unit_ages AS " + to_text(ages_sql(query_, source_, i)),
          progress_));
      ASSAY_CHECK(add_stretches("unit_ages", "age", 0, i, answer_.ages));
    }
    return {};
  }

  /// Moments of a metric by day or age, from a table with a row a unit and day or age.
  Result<void> add_stretches(const std::string& table, const std::string& stretch,
                             std::int64_t first, std::size_t metric,
                             std::vector<DayMoments>& into) {
    const bool ratio = query_.metrics[metric].kind == MetricKind::ratio;
    for (const bool so_far : {false, true}) {
      const std::string suffix = so_far ? "_so_far" : "";
      std::vector<std::string> names{"numerator" + suffix};
      if (ratio) names.push_back("denominator" + suffix);
      ASSAY_TRY(std::vector<GroupMoments> groups,
                moments_of(database_, {table, {stretch, "arm"}, std::move(names)}, progress_));
      for (GroupMoments& group : groups) {
        DayMoments& day = into[static_cast<std::size_t>(std::stoll(group.keys[0]) - first)];
        auto& arms = so_far ? day.cumulative : day.daily;
        arms[number_of(group.keys[1])][metric] = std::move(group.moments);
      }
    }
    return {};
  }

  Result<void> clusters() {
    ClusterMoments clusters;
    clusters.without.assign(query_.arms.size(), 0);
    ASSAY_TRY(const frame::Table cells,
              ask(fmt::format("SELECT cluster, arm, count(*), count(anchor_us) FROM units WHERE {} "
                              "GROUP BY ALL ORDER BY cluster, arm",
                              kAssigned)));
    std::map<std::pair<std::string, std::size_t>, std::size_t> places;
    for (std::size_t row = 0; row < cells.rows(); ++row) {
      const auto at = [&](std::size_t column) { return cells.columns[column].ints[row]; };
      const std::string& value = cells.columns[0].dictionary[cells.columns[0].codes[row]];
      const auto arm = static_cast<std::size_t>(at(1));
      if (value.empty()) {
        clusters.without[arm] = at(2);
        continue;
      }
      if (clusters.values.empty() || clusters.values.back() != value)
        clusters.values.push_back(value);
      places[{value, arm}] = clusters.cells();
      clusters.clusters.push_back(static_cast<std::uint32_t>(clusters.values.size() - 1));
      clusters.arms.push_back(static_cast<std::uint8_t>(arm));
      clusters.assigned.push_back(at(2));
      clusters.analysed.push_back(at(3));
    }
    if (static_cast<std::int64_t>(clusters.values.size()) > query_.max_clusters)
      return tl::unexpected(too_many_clusters(*query_.cluster, query_.max_clusters));
    std::vector<int> arms(clusters.values.size(), 0);
    for (const std::uint32_t cluster : clusters.clusters) clusters.crossing += ++arms[cluster] == 2;
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
      clusters.metrics.emplace_back(variables_of(query_.metrics[i]).size(), clusters.cells());
      ASSAY_TRY(std::vector<GroupMoments> groups, grouped(i, {"arm", "cluster"}));
      for (GroupMoments& group : groups) {
        const auto place = places.find({group.keys[1], number_of(group.keys[0])});
        if (place != places.end()) clusters.metrics[i].set(place->second, group.moments);
      }
    }
    answer_.clusters = std::move(clusters);
    return {};
  }

  Result<void> pairs() {
    for (std::size_t i = 0; i < query_.segments.size(); ++i)
      for (std::size_t j = i + 1; j < query_.segments.size(); ++j) ASSAY_CHECK(pair(i, j));
    return {};
  }

  Result<void> pair(std::size_t first, std::size_t second) {
    ASSAY_TRY(const frame::Table table,
              ask(fmt::format("SELECT segment_{}, segment_{}, arm, count(*) FROM units WHERE {} "
                              "GROUP BY ALL",
                              first, second, kAssigned)));
    const auto place = [&](std::size_t segment, std::size_t column, std::size_t row) {
      const std::vector<std::string>& values = answer_.segments[segment].values;
      const std::string& text = table.columns[column].dictionary[table.columns[column].codes[row]];
      return static_cast<std::uint32_t>(std::lower_bound(values.begin(), values.end(), text) -
                                        values.begin());
    };
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::int64_t>> cells;
    for (std::size_t row = 0; row < table.rows(); ++row) {
      auto& cell = cells[{place(first, 0, row), place(second, 1, row)}];
      cell.resize(query_.arms.size(), 0);
      cell[static_cast<std::size_t>(table.columns[2].ints[row])] += table.columns[3].ints[row];
    }
    if (cells.size() > kMaxPairCells)
      return tl::unexpected(
          too_many_pairs(query_.segments[first].name, query_.segments[second].name));
    SegmentPair& pair = answer_.segment_pairs.emplace_back(SegmentPair{first, second, {}, {}, {}});
    for (auto& [values, assigned] : cells) {
      pair.first_values.push_back(values.first);
      pair.second_values.push_back(values.second);
      pair.assigned.push_back(std::move(assigned));
    }
    return {};
  }

  Database& database_;
  const ExperimentQuery& query_;
  const Source& source_;
  const Progress& progress_;
  ExperimentMoments answer_;
};

}  // namespace

Result<ExperimentMoments> experiment_of(Database& database, const ExperimentQuery& query,
                                        const Source& source, const Progress& progress) {
  return Assembly(database, query, source, progress).all();
}

}  // namespace assay::engine
