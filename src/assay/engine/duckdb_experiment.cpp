#include "assay/engine/duckdb_experiment.hpp"

#include <fmt/core.h>

#include <map>

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
    const bool ratio = query_.metrics[metric].kind == MetricKind::ratio;
    for (const bool so_far : {false, true}) {
      const std::string suffix = so_far ? "_so_far" : "";
      std::vector<std::string> names{"numerator" + suffix};
      if (ratio) names.push_back("denominator" + suffix);
      ASSAY_TRY(std::vector<GroupMoments> groups,
                moments_of(database_, {"unit_days", {"day", "arm"}, std::move(names)}, progress_));
      for (GroupMoments& group : groups) {
        DayMoments& day =
            answer_.days[static_cast<std::size_t>(std::stoll(group.keys[0]) - answer_.first_day)];
        auto& arms = so_far ? day.cumulative : day.daily;
        arms[number_of(group.keys[1])][metric] = std::move(group.moments);
      }
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
