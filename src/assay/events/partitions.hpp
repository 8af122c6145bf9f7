#pragma once

#include <cstddef>
#include <span>

#include "assay/events/index.hpp"

namespace assay::events {

/// Where kernels read from. Safe to read from any number of threads.
class Partitions {
 public:
  virtual ~Partitions() = default;
  [[nodiscard]] virtual std::size_t count() const = 0;

  /// As Index::partition.
  [[nodiscard]] virtual PartitionView view(std::size_t partition,
                                           std::span<const std::size_t> properties,
                                           MergeSpace& space) const = 0;
};

}  // namespace assay::events
