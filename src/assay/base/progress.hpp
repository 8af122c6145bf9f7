#pragma once

#include <atomic>
#include <functional>
#include <string_view>

#include "assay/base/result.hpp"

namespace assay {

/// How long work tells where it is and asks whether to go on. Pass by reference; the default
/// object is silent and never stops anything. May be called from any thread.
struct Progress {
  /// Called now and then with the step's name and the share done (0 to 1; negative: unknown).
  std::function<void(std::string_view step, double share)> report;

  /// Set to true (by a signal handler, say) to ask the work to stop at its next convenience.
  const std::atomic<bool>* stop = nullptr;

  void at(std::string_view step, double share) const {
    if (report) report(step, share);
  }

  /// Fails with interrupted once a stop was asked for.
  [[nodiscard]] Result<void> check() const {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) {
      return fail(ErrorCode::interrupted, "stopped on request; nothing is half-written");
    }
    return {};
  }
};

}  // namespace assay
