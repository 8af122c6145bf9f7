#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/engine/source.hpp"
#include "assay/frame/table.hpp"
#include "assay/numerics/philox.hpp"

namespace assay::differential {

/// Draws one after the other from a counter-based generator.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t stream) : philox_(seed, stream) {}

  double uniform() { return philox_.uniform(index_++); }
  bool chance(double p) { return uniform() < p; }
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(uniform() * static_cast<double>(bound));
  }
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  template <class T>
  const T& pick(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(below(static_cast<std::int64_t>(values.size())))];
  }

 private:
  numerics::Philox philox_;
  std::uint64_t index_ = 0;
};

/// A small log full of what makes answers differ: ties, duplicates, events from the future,
/// missing values, days of 23 and 25 hours, a day that never was.
struct World {
  frame::Table rows;
  engine::Source source;  ///< Without paths.
  TimeZone timezone = TimeZone::utc();
  TimeRange span;                        ///< Where most events lie.
  std::vector<std::string> wall_clocks;  ///< Times of `rows` that are timestamps without a zone.
};

World random_world(std::uint64_t seed);

}  // namespace assay::differential
