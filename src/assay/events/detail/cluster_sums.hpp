#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "assay/events/detail/cells.hpp"
#include "assay/events/experiment.hpp"

namespace assay::events::detail {

/// Sums by cluster of randomisation, of one partition or of several. Their memory grows with
/// clusters, arms and variables; past the limit of clusters nothing is kept.
class ClusterSums {
 public:
  ClusterSums(const RowLayout& layout, std::size_t arms, std::size_t max_clusters)
      : without(arms, 0), moments_(layout), max_clusters_(max_clusters) {}

  /// A unit; `word` as in CellWord, `row` of an analysed unit, else null.
  void add(SegmentKey cluster, std::uint64_t word, const double* row);
  void merge(const ClusterSums& other);

  [[nodiscard]] bool too_many() const { return too_many_; }
  [[nodiscard]] std::size_t size() const { return assigned_.size(); }
  [[nodiscard]] SegmentKey cluster(std::size_t cell) const { return cells_.key(cell)[0]; }
  [[nodiscard]] std::uint64_t word(std::size_t cell) const { return cells_.key(cell)[1]; }
  [[nodiscard]] std::int64_t assigned(std::size_t cell) const { return assigned_[cell]; }
  [[nodiscard]] const CellPool& moments() const { return moments_; }

  std::vector<std::int64_t> without;  ///< [arm]: units in no cluster.

 private:
  /// The cell of a cluster and word; none past the limit.
  bool find(SegmentKey cluster, std::uint64_t word, std::size_t& cell);

  KeyMap clusters_{1};
  KeyMap cells_{2};  ///< Cluster, word.
  CellPool moments_;
  std::vector<std::int64_t> assigned_;  ///< [cell]
  std::size_t max_clusters_;
  bool too_many_ = false;
};

/// Assigned units by the values of every two segments, of one partition or of several.
class PairCounts {
 public:
  /// A key: number of the pair, value of its first and of its second segment, arm.
  static constexpr std::size_t kWords = 4;

  PairCounts(std::size_t pairs, std::size_t arms, std::size_t max_cells)
      : most_(pairs * arms * max_cells) {}

  void add(const std::uint64_t* key, std::int64_t units);
  void merge(const PairCounts& other);

  /// True when some pair must have more cells than max_cells; nothing is kept then.
  [[nodiscard]] bool too_many() const { return too_many_; }
  [[nodiscard]] std::size_t size() const { return units_.size(); }
  [[nodiscard]] std::span<const std::uint64_t> key(std::size_t at) const { return keys_.key(at); }
  [[nodiscard]] std::int64_t units(std::size_t at) const { return units_[at]; }

 private:
  KeyMap keys_{kWords};
  std::vector<std::int64_t> units_;
  std::size_t most_;
  bool too_many_ = false;
};

}  // namespace assay::events::detail
