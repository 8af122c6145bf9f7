#pragma once

#include <array>
#include <cstdint>

namespace assay::numerics {

/// Philox4x32-10, Salmon, Moraes, Dror & Shaw (SC 2011). A draw is a pure function of
/// (seed, stream, index): draw 7 of user 42 is the same in any order and on any number of threads.
/// Use one stream a purpose and entity, one index a draw.
class Philox {
 public:
  Philox(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  /// Four 32-bit words of the counter (index, stream) under the key `seed`.
  [[nodiscard]] std::array<std::uint32_t, 4> words(std::uint64_t index) const {
    return block(index, stream_, seed_);
  }

  /// Uniform on the open interval (0, 1), 52 bits.
  [[nodiscard]] double uniform(std::uint64_t index) const {
    const auto w = words(index);
    return to_uniform(w[0], w[1]);
  }

  /// Two independent uniforms for the price of one.
  [[nodiscard]] std::array<double, 2> uniform_pair(std::uint64_t index) const {
    const auto w = words(index);
    return {to_uniform(w[0], w[1]), to_uniform(w[2], w[3])};
  }

  [[nodiscard]] static constexpr std::array<std::uint32_t, 4> block(std::uint64_t counter_low,
                                                                    std::uint64_t counter_high,
                                                                    std::uint64_t key) {
    std::array<std::uint32_t, 4> c{low(counter_low), high(counter_low), low(counter_high),
                                   high(counter_high)};
    std::uint32_t k0 = low(key);
    std::uint32_t k1 = high(key);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
      c = {high(p1) ^ c[1] ^ k0, low(p1), high(p0) ^ c[3] ^ k1, low(p0)};
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return c;
  }

 private:
  static constexpr std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  static constexpr std::uint32_t high(std::uint64_t x) {
    return static_cast<std::uint32_t>(x >> 32);
  }
  static constexpr double to_uniform(std::uint32_t a, std::uint32_t b) {
    const std::uint64_t bits = (std::uint64_t{a} << 32) | b;
    return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
  }

  std::uint64_t seed_;
  std::uint64_t stream_;
};

}  // namespace assay::numerics
