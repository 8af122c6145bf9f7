#include "assay/app/context.hpp"

#include <chrono>

namespace assay::app {

std::string_view version() { return ASSAY_VERSION; }

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TimeUs now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

report::Provenance provenance(const Context& context) {
  report::Provenance out;
  out.version = std::string(version());
  out.command = context.command;
  return out;
}

}  // namespace assay::app
