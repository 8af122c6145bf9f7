#pragma once

#include <cstdint>
#include <vector>

namespace assay::ingest::detail {

/// Decides which events with equal unit and keys are copies: each, in order of arrival, that lies
/// at most `within_us` from one already kept. The rule of events::DedupPolicy, one group at a time.
class DuplicateRule {
 public:
  explicit DuplicateRule(std::int64_t within_us) : within_us_(within_us) {}

  /// Starts the next group when `group` differs from the one before; true: a copy.
  bool is_copy(std::int64_t group, std::int64_t time_us);

 private:
  std::int64_t within_us_;
  std::int64_t group_ = 0;
  bool started_ = false;
  std::vector<std::int64_t> kept_;
};

}  // namespace assay::ingest::detail
