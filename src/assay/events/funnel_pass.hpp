#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/events/index.hpp"

namespace assay::events {

inline constexpr std::size_t kMaxFunnelSteps = 16;

/// The "latest start" pass over the events of one unit: for every step the latest start of a chain
/// of distinct events at non-decreasing times that reaches the step within the window. A chain with
/// a later start can do whatever one with an earlier start can, so one start a step suffices.
/// Events at one instant are taken together: from every chain, steps i..j are added when
/// they can be matched to distinct events of the instant (augmenting paths).
class FunnelPass {
 public:
  using Mask = std::uint16_t;  ///< Bit s: the event meets step s.

  /// Assumes 1 <= steps <= kMaxFunnelSteps and window_us >= 0.
  FunnelPass(std::size_t steps, std::int64_t window_us) : steps_(steps), window_(window_us) {}

  void reset() {
    start_.fill(kNone);
    open_ = 1;
  }

  /// Takes rows [begin, end) of one unit, in order, until the last step is reached.
  /// mask_at(row) says which steps a row meets.
  template <class MaskAt>
  void run(const PartitionView& view, std::size_t begin, std::size_t end, const MaskAt& mask_at) {
    for (std::size_t row = begin; row < end; ++row) {
      const Mask mask = mask_at(row);
      if (mask == 0) continue;
      const TimeUs time = view.time[row];
      if (row + 1 < end && view.time[row + 1] == time) {
        group_.assign(1, mask);
        for (; row + 1 < end && view.time[row + 1] == time; ++row)
          if (const Mask next = mask_at(row + 1); next != 0) group_.push_back(next);
        if (group_.size() > 1)
          together(time);
        else
          alone(time, mask);
      } else {
        alone(time, mask);
      }
      if (start_[steps_ - 1] != kNone) {
        finish_ = time;
        return;
      }
    }
  }

  /// Number of steps reached.
  [[nodiscard]] std::size_t depth() const {
    std::size_t depth = 0;
    while (depth < steps_ && start_[depth] != kNone) ++depth;
    return depth;
  }
  [[nodiscard]] bool complete() const { return start_[steps_ - 1] != kNone; }

  /// Time from first to last step of the reported attempt. Assumes complete().
  [[nodiscard]] std::int64_t time_to_convert_us() const { return finish_ - start_[steps_ - 1]; }

 private:
  static constexpr TimeUs kNone = std::numeric_limits<TimeUs>::min();

  /// One event, alone at its instant. Later steps first, so that it serves one step only.
  void alone(TimeUs time, Mask mask) {
    auto todo = static_cast<std::uint32_t>(mask & open_);
    while (todo != 0) {
      const auto step = static_cast<std::size_t>(31 - __builtin_clz(todo));
      todo &= ~(1U << step);
      const TimeUs from = step == 0 ? time : start_[step - 1];
      if (time - from <= window_ && from > start_[step]) {
        start_[step] = from;
        open_ |= 2U << step;
      }
    }
  }

  /// The events of group_, all at one instant.
  void together(TimeUs time);
  bool match(std::size_t step, std::uint32_t& seen);

  std::size_t steps_;
  std::int64_t window_;
  std::array<TimeUs, kMaxFunnelSteps> start_{};
  std::uint32_t open_ = 1;  ///< Bit s: a chain has reached step s - 1 (bit 0 always).
  TimeUs finish_ = 0;
  std::vector<Mask> group_;
  std::vector<std::int8_t> taken_by_;  ///< Step that an event of group_ serves; -1: none.
};

}  // namespace assay::events
