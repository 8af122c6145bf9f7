#pragma once

#include <cstddef>
#include <functional>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/events/detail/segment.hpp"

namespace assay::events::detail {

/// Calls work(partition, worker) once for each partition, handed out in order, on up to `threads`
/// threads; two calls with the same worker number never overlap. Stops at the first failure
/// and returns it, or interrupted when `progress` says so. Lack of memory becomes unavailable.
Result<void> for_each_partition(
    std::size_t partitions, std::size_t threads, SegmentWriter& writer, const Progress& progress,
    const std::function<Result<void>(std::size_t partition, std::size_t worker)>& work);

}  // namespace assay::events::detail
