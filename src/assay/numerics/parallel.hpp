#pragma once

#include <cstddef>
#include <functional>

namespace assay::numerics {

/// Calls work(chunk) once for every chunk in [0, chunks) on up to `threads` threads, in no stated
/// order; returns when all are done. For the same bits on any number of threads each chunk writes
/// to a place of its own and the caller reduces the places in chunk order.
/// An exception of a chunk stops the hand-out of further chunks and is rethrown here.
void for_each_chunk(std::size_t chunks, int threads,
                    const std::function<void(std::size_t chunk)>& work);

/// Threads to use when the user named none: the processors this process may run on.
int default_threads();

}  // namespace assay::numerics
