#pragma once

#include <array>
#include <cstdint>

namespace assay::resampling::detail {

/// Eight xoshiro256++ generators side by side, so that a step gives 64 random bytes. State word k
/// of lane j stands at word[k][j].
/// Source: Blackman & Vigna, ACM Transactions on Mathematical Software 47 (2021), art. 36; the
/// plain generator passes BigCrush and 32 TiB of PractRand.
struct alignas(64) Lanes {
  std::array<std::array<std::uint64_t, 8>, 4> word{};
};

/// What random bytes are for: a number of its own per purpose keeps streams apart.
enum class Purpose : std::uint8_t {
  poisson_weights = 1,
  classic_bootstrap = 2,
  permutation = 3,
  assignment = 4,
};

/// Where a stream of random numbers starts: a pure function of these four, by Philox4x32-10, so
/// any part of the work can be done in any order on any thread.
struct StreamKey {
  std::uint64_t seed = 0;
  Purpose purpose = Purpose::poisson_weights;
  std::uint32_t sample = 0;     ///< Which arm or stratum.
  std::uint64_t replicate = 0;  ///< Below 2^40.
};

/// The Philox stream number of a key (purpose, sample, replicate packed).
std::uint64_t stream_of(const StreamKey& key);

/// Lanes at the start of block `block` (below 2^32) of a stream.
Lanes lanes_at(const StreamKey& key, std::uint64_t block);

/// The same generators one word at a time, lane after lane.
class RandomWords {
 public:
  explicit RandomWords(const StreamKey& key, std::uint64_t block = 0)
      : lanes_(lanes_at(key, block)) {}

  std::uint64_t next() {
    if (at_ == ready_.size()) refill();
    return ready_[at_++];
  }

  /// Uniform on [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// A whole number in [0, n); its bias is below n / 2^53. Assumes 0 < n < 2^50.
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>(uniform() * static_cast<double>(n));
  }

 private:
  void refill();

  Lanes lanes_;
  std::array<std::uint64_t, 8> ready_{};
  std::size_t at_ = 8;
};

}  // namespace assay::resampling::detail
