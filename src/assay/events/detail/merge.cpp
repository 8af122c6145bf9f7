#include "assay/events/detail/merge.hpp"

#include <algorithm>

namespace assay::events::detail {
namespace {

/// The next event of one segment for the unit at hand.
struct Head {
  std::uint32_t segment;
  std::uint32_t next;
  std::uint32_t end;
};

/// The sort arrays of one segment; sequence is empty when there is none.
struct Keys {
  std::span<const std::uint32_t> offsets;
  std::span<const std::int64_t> time;
  std::span<const std::int64_t> sequence;
};

class Merger {
 public:
  explicit Merger(std::vector<Keys> keys) : keys_(std::move(keys)) {}

  void unit(std::size_t unit) {
    heads_.clear();
    for (std::uint32_t s = 0; s < keys_.size(); ++s) {
      const auto& offsets = keys_[s].offsets;
      if (unit + 1 >= offsets.size() || offsets[unit] == offsets[unit + 1]) continue;
      heads_.push_back({s, offsets[unit], offsets[unit + 1]});
    }
    while (!heads_.empty()) take_first();
  }

  std::vector<Run> runs;

 private:
  [[nodiscard]] bool before(const Head& a, const Head& b) const {
    const std::int64_t time_a = keys_[a.segment].time[a.next];
    const std::int64_t time_b = keys_[b.segment].time[b.next];
    if (time_a != time_b) return time_a < time_b;
    if (!keys_[a.segment].sequence.empty()) {
      const std::int64_t sequence_a = keys_[a.segment].sequence[a.next];
      const std::int64_t sequence_b = keys_[b.segment].sequence[b.next];
      if (sequence_a != sequence_b) return sequence_a < sequence_b;
    }
    return a.segment < b.segment;
  }

  /// Moves the rows of the first head that come before every other head.
  void take_first() {
    const auto less = [&](const Head& a, const Head& b) { return before(a, b); };
    const auto first = std::min_element(heads_.begin(), heads_.end(), less);
    Run run{first->segment, first->next, 0};
    if (heads_.size() == 1) {
      first->next = first->end;
    } else {
      const Head taken = *first;
      heads_.erase(first);
      const Head rival = *std::min_element(heads_.begin(), heads_.end(), less);
      Head moving = taken;
      do ++moving.next;
      while (moving.next < moving.end && before(moving, rival));
      heads_.push_back(moving);
    }
    const Head& moved = heads_.back();
    run.count = moved.next - run.begin;
    if (moved.next == moved.end) heads_.pop_back();
    append(run);
  }

  void append(const Run& run) {
    if (!runs.empty() && runs.back().segment == run.segment &&
        runs.back().begin + runs.back().count == run.begin) {
      runs.back().count += run.count;
    } else {
      runs.push_back(run);
    }
  }

  std::vector<Keys> keys_;
  std::vector<Head> heads_;
};

}  // namespace

std::vector<Run> merge_order(const IndexFiles& files, std::size_t partition,
                             std::vector<std::uint32_t>& offsets) {
  std::vector<Keys> keys;
  for (const Segment& segment : files.segments) {
    keys.push_back({segment.array<std::uint32_t>(partition, kOffsets),
                    segment.array<std::int64_t>(partition, kTime),
                    segment.array<std::int64_t>(partition, kSequence)});
  }
  const std::size_t units = files.units(partition);
  offsets.assign(units + 1, 0);
  for (const Keys& segment : keys) {
    const std::uint32_t all = segment.offsets.back();
    for (std::size_t u = 0; u <= units; ++u) {
      offsets[u] += u < segment.offsets.size() ? segment.offsets[u] : all;
    }
  }
  Merger merger(std::move(keys));
  for (std::size_t u = 0; u < units; ++u) merger.unit(u);
  return std::move(merger.runs);
}

}  // namespace assay::events::detail
