#include "assay/resampling/detail/lanes.hpp"

#include <bit>

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

void RandomWords::refill() {
  auto& s = lanes_.word;
  for (std::size_t j = 0; j < ready_.size(); ++j) {
    ready_[j] = std::rotl(s[0][j] + s[3][j], 23) + s[0][j];
    const std::uint64_t t = s[1][j] << 17;
    s[2][j] ^= s[0][j];
    s[3][j] ^= s[1][j];
    s[1][j] ^= s[2][j];
    s[0][j] ^= s[3][j];
    s[2][j] ^= t;
    s[3][j] = std::rotl(s[3][j], 45);
  }
  at_ = 0;
}

}  // namespace assay::resampling::detail
