#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/events/partitions.hpp"
#include "assay/events/row_filter.hpp"
#include "assay/numerics/parallel.hpp"

namespace assay::events {

/// Where and how a kernel runs.
struct ScanContext {
  const Partitions& partitions;
  int threads = 1;
  const Progress& progress;
};

/// What a plan reads beside unit, time and event name. Slots of filters and terms are positions
/// in `properties`, which holds positions in Index::properties.
struct ScanInputs {
  std::vector<std::size_t> properties;
  std::vector<RowFilter> filters;
};

/// Objects that are costly to make, lent to one thread at a time.
template <class T>
class Pool {
 public:
  template <class Make>
  std::unique_ptr<T> take(const Make& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto item = std::move(free_.back());
        free_.pop_back();
        return item;
      }
    }
    return make();
  }
  void give(std::unique_ptr<T> item) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(item));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> free_;
};

/// Calls work(view, scratch) once a partition, partitions in parallel, and reduce(partial) with
/// what work returned, one at a time and in the order of the partitions: the same bits for any
/// number of threads. A partial lives until those before it are reduced.
/// `make_scratch` returns a std::unique_ptr; one is made a thread.
/// Fails with interrupted when a stop was asked for (looked at before every partition).
template <class MakeScratch, class Work, class Reduce>
Result<void> scan(const ScanContext& context, std::span<const std::size_t> properties,
                  std::string_view step, const MakeScratch& make_scratch, const Work& work,
                  const Reduce& reduce) {
  using Scratch = typename decltype(make_scratch())::element_type;
  using Partial = decltype(work(std::declval<const PartitionView&>(), std::declval<Scratch&>()));
  struct Lent {
    std::unique_ptr<Scratch> scratch;
    MergeSpace space;
  };
  const std::size_t count = context.partitions.count();
  Pool<Lent> pool;
  std::mutex mutex;
  std::vector<std::optional<Partial>> waiting(count);
  std::size_t reduced = 0;
  std::atomic<bool> stopped = false;

  numerics::for_each_chunk(count, context.threads, [&](std::size_t p) {
    if (stopped || !context.progress.check()) {
      stopped = true;
      return;
    }
    auto lent = pool.take([&] {
      auto made = std::make_unique<Lent>();
      made->scratch = make_scratch();
      return made;
    });
    const PartitionView view = context.partitions.view(p, properties, lent->space);
    std::optional<Partial> partial(work(view, *lent->scratch));
    pool.give(std::move(lent));
    const std::lock_guard lock(mutex);
    waiting[p] = std::move(partial);
    for (; reduced < count && waiting[reduced]; ++reduced) {
      reduce(std::move(*waiting[reduced]));
      waiting[reduced].reset();
    }
    context.progress.at(step, static_cast<double>(reduced) / static_cast<double>(count));
  });
  return context.progress.check();
}

/// For kernels that keep nothing between partitions.
struct NoScratch {};
inline std::unique_ptr<NoScratch> no_scratch() { return std::make_unique<NoScratch>(); }

}  // namespace assay::events
