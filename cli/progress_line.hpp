#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace assay::cli {

/// One line on stderr that tells where long work is; rewritten in place, gone when done.
class ProgressLine {
 public:
  explicit ProgressLine(bool enabled) : enabled_(enabled) {}

  /// share: 0 to 1, or negative when unknown. Callable from any thread; shown ten times a second
  /// at most.
  void show(std::string_view step, double share);
  void clear();

 private:
  bool enabled_;
  std::mutex mutex_;
  double last_shown_ = 0.0;
  std::size_t width_ = 0;
};

}  // namespace assay::cli
