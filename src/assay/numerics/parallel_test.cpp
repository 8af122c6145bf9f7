#include "assay/numerics/parallel.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace assay::numerics {
namespace {

TEST(Parallel, EveryChunkRunsExactlyOnceOnAnyNumberOfThreads) {
  for (const int threads : {0, 1, 2, 3, 8}) {
    std::vector<std::atomic<int>> runs(100);
    for_each_chunk(runs.size(), threads, [&](std::size_t c) { ++runs[c]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1) << threads;
  }
}

TEST(Parallel, NoChunksIsNoWork) {
  for_each_chunk(0, 4, [](std::size_t) { FAIL(); });
}

TEST(Parallel, AnExceptionReachesTheCaller) {
  EXPECT_THROW(for_each_chunk(50, 3,
                              [](std::size_t c) {
                                if (c == 17) throw std::runtime_error("17");
                              }),
               std::runtime_error);
}

}  // namespace
}  // namespace assay::numerics
