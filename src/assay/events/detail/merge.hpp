#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/events/detail/index_files.hpp"

namespace assay::events::detail {

/// Rows [begin, begin + count) of one segment, which follow one another in the merged order.
struct Run {
  std::uint32_t segment = 0;
  std::uint32_t begin = 0;
  std::uint32_t count = 0;
};

/// How the segments of a partition interleave: by unit, then (time, sequence, segment, position),
/// which is the order of a build from all sources at once.
/// Fills `offsets` (units + 1) and returns the runs in order.
std::vector<Run> merge_order(const IndexFiles& files, std::size_t partition,
                             std::vector<std::uint32_t>& offsets);

/// Copies one array of all segments in the order of the runs.
template <class T>
void merge_array(const IndexFiles& files, std::size_t partition, std::size_t slot,
                 std::span<const Run> runs, std::vector<T>& merged) {
  std::vector<const T*> from;
  std::size_t rows = 0;
  for (const Segment& segment : files.segments) {
    const std::span<const T> values = segment.array<T>(partition, slot);
    from.push_back(values.data());
    rows += values.size();
  }
  merged.resize(rows);
  T* to = merged.data();
  for (const Run& run : runs) {
    const T* begin = from[run.segment] + run.begin;
    for (std::uint32_t i = 0; i < run.count; ++i) to[i] = begin[i];
    to += run.count;
  }
}

}  // namespace assay::events::detail
