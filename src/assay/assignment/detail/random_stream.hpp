#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"
#include "assay/numerics/philox.hpp"

namespace assay::assignment::detail {

/// What a draw of random numbers is for: designs that share a seed share no numbers.
enum class Purpose : std::uint64_t { independent = 1, complete, stratified, pairs, switchback };

/// The generator of one draw; draw < 2^56.
inline numerics::Philox stream_of(Purpose purpose, std::uint64_t seed, std::uint64_t draw) {
  return {seed, (static_cast<std::uint64_t>(purpose) << 56) ^ draw};
}

/// The arm of a uniform along cumulative weights.
std::uint8_t arm_of(double u, std::span<const double> weights);

/// Gives each arm its size of `arms.size()` units, the remainder drawn, in random order. Uses
/// indices from `index` on, arms.size() + 1 of them.
void fill_permuted(const numerics::Philox& random, std::uint64_t index,
                   std::span<const double> weights, std::span<std::uint8_t> arms);

/// What every design asks of its units and weights.
Result<void> check_design(std::size_t n_units, std::span<const double> weights);

}  // namespace assay::assignment::detail
