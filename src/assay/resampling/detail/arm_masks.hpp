#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/resampling/mechanism.hpp"

namespace assay::resampling::detail {

/// How the rows of an experiment are assigned again.
struct AssignmentRule {
  std::size_t n_rows = 0;
  std::vector<double> shares;             ///< Per arm, sum 1; arm 0 is control.
  bool complete = false;                  ///< Shares met exactly in every stratum.
  std::vector<std::size_t> stratum_ends;  ///< Rows stand stratum by stratum; complete only.
  const Mechanism* mechanism = nullptr;   ///< Takes the place of the above.
  std::uint64_t seed = 1;
};

/// The rows of every treatment arm in several draws, as bits: bit u of word w of draw d of arm k
/// (row 64 w + u) stands in words[k - 1][w * n_draws + d].
struct ArmMasks {
  std::size_t n_draws = 0;
  std::size_t n_words = 0;
  std::vector<std::vector<std::uint64_t>> words;

  [[nodiscard]] bool has(std::size_t arm, std::size_t draw, std::size_t row) const {
    return ((words[arm - 1][(row / 64) * n_draws + draw] >> (row % 64)) & 1U) != 0;
  }
};

/// Draws number first, first + 1, ...; each a function of (seed, its number) alone.
/// Complete assignments: coins first, then rows at random move in or out until the count is right,
/// which leaves all sets of that size equally likely.
/// Fills `out`, whose memory is used again.
void draw_masks(const AssignmentRule& rule, std::uint64_t first, std::size_t n_draws,
                ArmMasks& out);

/// The same in memory of its own.
ArmMasks draw_masks(const AssignmentRule& rule, std::uint64_t first, std::size_t n_draws);

}  // namespace assay::resampling::detail
