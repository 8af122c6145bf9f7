#pragma once

#include <filesystem>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"

namespace assay::events::detail {

/// Merges the segments of an index into one and commits that. Assumes the folder's lock is held.
/// On failure the index stays as it was and nothing is left behind.
Result<void> compact_locked(const std::filesystem::path& folder, std::size_t threads,
                            std::size_t memory_bytes, const Progress& progress);

}  // namespace assay::events::detail
