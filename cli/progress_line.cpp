#include "progress_line.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iostream>

#include "assay/app/context.hpp"

namespace assay::cli {

void ProgressLine::show(std::string_view step, double share) {
  if (!enabled_) return;
  const std::lock_guard lock(mutex_);
  const double now = app::seconds_now();
  if (now - last_shown_ < 0.1) return;
  last_shown_ = now;
  std::string line = fmt::format("  {}", step);
  if (share >= 0.0) line += fmt::format("  {:3.0f} %", 100.0 * std::clamp(share, 0.0, 1.0));
  const std::size_t width = line.size();
  if (width_ > width) line.append(width_ - width, ' ');
  width_ = width;
  std::cerr << '\r' << line << std::flush;
}

void ProgressLine::clear() {
  const std::lock_guard lock(mutex_);
  if (width_ > 0) std::cerr << '\r' << std::string(width_, ' ') << '\r' << std::flush;
  width_ = 0;
}

}  // namespace assay::cli
