#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "assay/engine/embedded_plan.hpp"
#include "assay/engine/metric_variables.hpp"

namespace assay::engine {

ClusterMoments named_clusters(const ExperimentQuery& query, const events::Index& index,
                              const events::ClusterTotals& totals) {
  const SegmentBy by = cluster_segment(query);
  ClusterMoments named;
  named.without = totals.without;
  struct Cell {
    std::string text;
    std::uint8_t arm;
    std::size_t at;
  };
  std::vector<Cell> cells;
  for (std::size_t cell = 0; cell < totals.keys.size(); ++cell) {
    cells.push_back({value_text(by, index, totals.keys[cell]), totals.arms[cell], cell});
  }
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return std::tie(a.text, a.arm) < std::tie(b.text, b.arm);
  });
  for (const numerics::CoMomentColumns& metric : totals.metrics)
    named.metrics.emplace_back(metric.variables, cells.size());
  std::size_t arms = 0;  // Of the last cluster.
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Cell& cell = cells[i];
    const bool fresh = i == 0 || cells[i - 1].text != cell.text;
    if (fresh) named.values.push_back(cell.text);
    arms = fresh ? 1 : arms + 1;
    named.crossing += arms == 2 ? 1 : 0;
    named.clusters.push_back(static_cast<std::uint32_t>(named.values.size() - 1));
    named.arms.push_back(cell.arm);
    named.assigned.push_back(totals.assigned[cell.at]);
    named.analysed.push_back(totals.analysed[cell.at]);
    for (std::size_t m = 0; m < named.metrics.size(); ++m)
      named.metrics[m].set(i, totals.metrics[m].at(cell.at));
  }
  return named;
}

SegmentPair named_pair(const ExperimentQuery& query, const events::Index& index,
                       const std::vector<SegmentMoments>& segments,
                       const events::PairTotals& totals) {
  const auto position = [&](std::size_t segment, events::SegmentKey key) {
    const std::vector<std::string>& values = segments[segment].values;
    const std::string text = value_text(query.segments[segment], index, key);
    return static_cast<std::uint32_t>(std::lower_bound(values.begin(), values.end(), text) -
                                      values.begin());
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::int64_t>> cells;
  for (std::size_t i = 0; i < totals.assigned.size(); ++i) {
    auto& cell = cells[{position(totals.first, totals.first_keys[i]),
                        position(totals.second, totals.second_keys[i])}];
    cell.resize(totals.assigned[i].size(), 0);
    for (std::size_t arm = 0; arm < cell.size(); ++arm) cell[arm] += totals.assigned[i][arm];
  }
  SegmentPair named;
  named.first = totals.first;
  named.second = totals.second;
  for (auto& [values, assigned] : cells) {
    named.first_values.push_back(values.first);
    named.second_values.push_back(values.second);
    named.assigned.push_back(std::move(assigned));
  }
  return named;
}

}  // namespace assay::engine
