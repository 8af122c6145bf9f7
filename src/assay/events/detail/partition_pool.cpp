#include "assay/events/detail/partition_pool.hpp"

#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

namespace assay::events::detail {
namespace {

/// Hands out partitions and keeps the first failure.
class HandOut {
 public:
  HandOut(std::size_t partitions, SegmentWriter& writer)
      : partitions_(partitions), writer_(writer) {}

  std::optional<std::size_t> next() {
    const std::scoped_lock hold(mutex_);
    if (failure_ || next_ == partitions_) return std::nullopt;
    return next_++;
  }

  void failed(Error error) {
    const std::scoped_lock hold(mutex_);
    if (!failure_) failure_ = std::move(error);  // Later ones follow from abandon().
    writer_.abandon();
  }

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  std::mutex mutex_;
  std::size_t partitions_;
  SegmentWriter& writer_;
  std::size_t next_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Result<void> for_each_partition(
    std::size_t partitions, std::size_t threads, SegmentWriter& writer, const Progress& progress,
    const std::function<Result<void>(std::size_t partition, std::size_t worker)>& work) {
  HandOut hand_out(partitions, writer);
  const auto one = [&](std::size_t partition, std::size_t worker) -> Result<void> {
    ASSAY_CHECK(progress.check());
    progress.at("index", static_cast<double>(partition) / static_cast<double>(partitions));
    try {
      return work(partition, worker);
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::unavailable, "not enough memory to sort the events of a partition", "",
                  "give the build more partitions or fewer threads");
    }
  };
  const auto loop = [&](std::size_t worker) {
    while (const std::optional<std::size_t> partition = hand_out.next()) {
      if (Result<void> done = one(*partition, worker); !done) {
        hand_out.failed(std::move(done.error()));
      }
    }
  };
  {
    std::vector<std::jthread> pool;
    for (std::size_t worker = 1; worker < threads; ++worker) pool.emplace_back(loop, worker);
    loop(0);
  }
  if (hand_out.failure()) return tl::unexpected(*hand_out.failure());
  return {};
}

}  // namespace assay::events::detail
