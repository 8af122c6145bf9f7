#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "assay/distributed/decode_experiment.hpp"
#include "assay/distributed/detail/experiment_units.hpp"
#include "assay/distributed/detail/query_parts.hpp"
#include "assay/engine/check.hpp"
#include "assay/engine/metric_variables.hpp"

namespace assay::distributed {
namespace {

using engine::ClusterMoments;
using engine::ExperimentMoments;
using engine::ExperimentQuery;
using engine::SegmentPair;

bool has_arm(const ExperimentQuery& query, std::int64_t arm) {
  return arm >= 0 && arm < static_cast<std::int64_t>(query.arms.size());
}

/// [age][arm]: units whose day of the age has ended.
Result<std::vector<std::vector<std::int64_t>>> aged(const ExperimentQuery& query,
                                                    const ExperimentCells& moments) {
  const auto ages = static_cast<std::size_t>(query.max_age.value_or(-1) + 1);
  std::vector<std::vector<std::int64_t>> all(ages, std::vector<std::int64_t>(query.arms.size(), 0));
  for (std::size_t row = 0; row < moments.cells.size(); ++row) {
    const CellKey& key = moments.cells[row].key;
    if (key.place != places_of(query).ages() || !key.whole || !has_arm(query, key.arm)) continue;
    if (*key.whole < 0 || *key.whole > static_cast<std::int64_t>(ages))
      return fail(ErrorCode::internal, fmt::format("the answer names {} ages", *key.whole));
    ASSAY_TRY(const std::int64_t units, whole_at(moments.rows, "analysed", row));
    for (std::size_t age = 0; age < static_cast<std::size_t>(*key.whole); ++age)
      all[age][static_cast<std::size_t>(key.arm)] += units;
  }
  return all;
}

/// A value of a pair's cell.
Result<std::string> value_at(const frame::Table& rows, const std::string& side, frame::Type type,
                             std::size_t row) {
  CellKey key;
  const char* kind = type == frame::Type::text      ? "text"
                     : type == frame::Type::float64 ? "real"
                                                    : "whole";
  const std::string name = side + "_" + kind;
  const frame::Column* column = rows.find(name);
  if (column == nullptr || (column->type == frame::Type::text) != (type == frame::Type::text))
    return fail(ErrorCode::internal, fmt::format("the answer has no values `{}`", name));
  if (column->is_null(row)) return value_text(key, type);
  if (type == frame::Type::text) {
    key.text = column->dictionary[column->codes[row]];
  } else if (type == frame::Type::float64) {
    key.real = column->doubles[row];
  } else {
    key.whole = column->ints[row];
  }
  return value_text(key, type);
}

}  // namespace

Result<void> add_clusters(const ExperimentQuery& query, const EventTable& table,
                          const ExperimentCells& cells, ExperimentMoments& answer) {
  if (!query.cluster) return {};
  const frame::Type type = segment_type(engine::cluster_segment(query), table);
  ClusterMoments clusters;
  clusters.without.assign(query.arms.size(), 0);
  std::map<std::pair<std::string, std::size_t>, std::size_t> rows;  // By cluster, then arm.
  for (std::size_t row = 0; row < cells.cells.size(); ++row) {
    const CellKey& key = cells.cells[row].key;
    if (key.place != places_of(query).cluster() || !has_arm(query, key.arm)) continue;
    const auto arm = static_cast<std::size_t>(key.arm);
    std::string text = value_text(key, type);
    if (!text.empty()) {
      rows[{std::move(text), arm}] = row;
      continue;
    }
    ASSAY_TRY(const std::int64_t units, whole_at(cells.rows, "assigned", row));
    clusters.without[arm] += units;
  }
  for (const engine::MetricMoments& none : engine::no_moments(query))
    clusters.metrics.emplace_back(none.size(), rows.size());
  std::size_t arms = 0;  // Of the last cluster.
  for (const auto& [cell, row] : rows) {
    const bool fresh = clusters.values.empty() || clusters.values.back() != cell.first;
    if (fresh) clusters.values.push_back(cell.first);
    arms = fresh ? 1 : arms + 1;
    clusters.crossing += arms == 2 ? 1 : 0;
    for (std::size_t i = 0; i < query.metrics.size(); ++i)
      clusters.metrics[i].set(clusters.cells(), cells.cells[row].moments[i]);
    clusters.clusters.push_back(static_cast<std::uint32_t>(clusters.values.size() - 1));
    clusters.arms.push_back(static_cast<std::uint8_t>(cell.second));
    ASSAY_TRY(const std::int64_t assigned, whole_at(cells.rows, "assigned", row));
    ASSAY_TRY(const std::int64_t analysed, whole_at(cells.rows, "analysed", row));
    clusters.assigned.push_back(assigned);
    clusters.analysed.push_back(analysed);
  }
  if (static_cast<std::int64_t>(clusters.values.size()) > query.max_clusters)
    return tl::unexpected(engine::too_many_clusters(*query.cluster, query.max_clusters));
  answer.clusters = std::move(clusters);
  return {};
}

Result<void> add_ages(const ExperimentQuery& query, const ExperimentCells& moments,
                      const std::vector<Cell>& ages, ExperimentMoments& answer) {
  if (!query.max_age) return {};
  ASSAY_TRY(const auto units, aged(query, moments));
  answer.ages.assign(units.size(), engine::no_day_moments(query));
  return add_stretches(query, ages, 0, units, answer.ages);
}

Result<void> add_pairs(const ExperimentQuery& query, const EventTable& table,
                       const frame::Table& rows, ExperimentMoments& answer) {
  if (static_cast<std::int64_t>(rows.rows()) > max_pair_rows(query))
    return tl::unexpected(engine::too_many_pairs(query.segments.front().name, "others"));
  using Values = std::pair<std::uint32_t, std::uint32_t>;
  std::vector<std::map<Values, std::vector<std::int64_t>>> cells;
  for (std::size_t i = 0; i < query.segments.size(); ++i) {
    for (std::size_t j = i + 1; j < query.segments.size(); ++j) {
      answer.segment_pairs.push_back({i, j, {}, {}, {}});
      cells.emplace_back();
    }
  }
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(const std::int64_t place, whole_at(rows, "place", row));
    ASSAY_TRY(const std::int64_t arm, whole_at(rows, "arm", row));
    ASSAY_TRY(const std::int64_t units, whole_at(rows, "assigned", row));
    if (place < 0 || place >= static_cast<std::int64_t>(cells.size()) || !has_arm(query, arm))
      return fail(ErrorCode::internal, fmt::format("the answer names pair {}", place));
    const SegmentPair& pair = answer.segment_pairs[static_cast<std::size_t>(place)];
    std::uint32_t at[2] = {0, 0};
    for (std::size_t side = 0; side < 2; ++side) {
      const std::size_t segment = side == 0 ? pair.first : pair.second;
      ASSAY_TRY(const std::string text,
                value_at(rows, side == 0 ? "first" : "second",
                         segment_type(query.segments[segment], table), row));
      const std::vector<std::string>& values = answer.segments[segment].values;
      at[side] = static_cast<std::uint32_t>(std::lower_bound(values.begin(), values.end(), text) -
                                            values.begin());
    }
    auto& cell = cells[static_cast<std::size_t>(place)][{at[0], at[1]}];
    cell.resize(query.arms.size(), 0);
    cell[static_cast<std::size_t>(arm)] += units;
  }
  for (std::size_t place = 0; place < cells.size(); ++place) {
    SegmentPair& pair = answer.segment_pairs[place];
    if (cells[place].size() > engine::kMaxPairCells)
      return tl::unexpected(engine::too_many_pairs(query.segments[pair.first].name,
                                                   query.segments[pair.second].name));
    for (auto& [values, assigned] : cells[place]) {
      pair.first_values.push_back(values.first);
      pair.second_values.push_back(values.second);
      pair.assigned.push_back(std::move(assigned));
    }
  }
  return {};
}

}  // namespace assay::distributed
