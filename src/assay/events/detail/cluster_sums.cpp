#include "assay/events/detail/cluster_sums.hpp"

namespace assay::events::detail {

bool ClusterSums::find(SegmentKey cluster, std::uint64_t word, std::size_t& cell) {
  if (too_many_) return false;
  if (clusters_.position(&cluster) == max_clusters_) {
    too_many_ = true;
    cells_.clear();
    moments_.clear();
    assigned_.clear();
    return false;
  }
  const std::uint64_t key[2] = {cluster, word};
  cell = cells_.position(key);
  if (cell == assigned_.size()) {
    assigned_.push_back(0);
    moments_.resize(cell + 1);
  }
  return true;
}

void ClusterSums::add(SegmentKey cluster, std::uint64_t word, const double* row) {
  std::size_t cell = 0;
  if (!find(cluster, word, cell)) return;
  assigned_[cell] += 1;
  if (row != nullptr) moments_.add(cell, row);
}

void ClusterSums::merge(const ClusterSums& other) {
  for (std::size_t arm = 0; arm < without.size(); ++arm) without[arm] += other.without[arm];
  too_many_ = too_many_ || other.too_many_;
  for (std::size_t c = 0; c < other.size(); ++c) {
    std::size_t cell = 0;
    if (!find(other.cluster(c), other.word(c), cell)) return;
    assigned_[cell] += other.assigned_[c];
    moments_.merge(cell, other.moments_, c);
  }
}

void PairCounts::add(const std::uint64_t* key, std::int64_t units) {
  if (too_many_) return;
  const std::size_t at = keys_.position(key);
  if (at == units_.size()) units_.push_back(0);
  units_[at] += units;
  if (units_.size() <= most_) return;
  too_many_ = true;
  keys_.clear();
  units_.clear();
}

void PairCounts::merge(const PairCounts& other) {
  too_many_ = too_many_ || other.too_many_;
  for (std::size_t at = 0; at < other.size(); ++at) add(other.key(at).data(), other.units(at));
}

}  // namespace assay::events::detail
