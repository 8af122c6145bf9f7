#pragma once

#include <cstddef>
#include <span>

#include "assay/events/index.hpp"
#include "assay/events/partitions.hpp"

namespace assay::events {

/// The partitions of an index, which must outlive this.
class IndexPartitions final : public Partitions {
 public:
  explicit IndexPartitions(const Index& index) : index_(index) {}

  [[nodiscard]] std::size_t count() const override { return index_.partitions(); }
  [[nodiscard]] PartitionView view(std::size_t partition, std::span<const std::size_t> properties,
                                   MergeSpace& space) const override {
    return index_.partition(partition, properties, space);
  }

 private:
  const Index& index_;
};

}  // namespace assay::events
