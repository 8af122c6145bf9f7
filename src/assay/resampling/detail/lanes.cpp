#include "assay/resampling/detail/lanes.hpp"

#include "assay/numerics/philox.hpp"

namespace assay::resampling::detail {

std::uint64_t stream_of(const StreamKey& key) {
  return (static_cast<std::uint64_t>(key.purpose) << 60) |
         (static_cast<std::uint64_t>(key.sample & 0xFFFFFU) << 40) |
         (key.replicate & 0xFFFFFFFFFFULL);
}

Lanes lanes_at(const StreamKey& key, std::uint64_t block) {
  const numerics::Philox philox(key.seed, stream_of(key));
  Lanes lanes;
  std::uint64_t index = block << 8;
  for (auto& row : lanes.word) {
    for (std::size_t j = 0; j < row.size(); j += 2) {
      const auto w = philox.words(index++);
      row[j] = (std::uint64_t{w[0]} << 32) | w[1];
      row[j + 1] = (std::uint64_t{w[2]} << 32) | w[3];
    }
  }
  return lanes;
}

}  // namespace assay::resampling::detail
