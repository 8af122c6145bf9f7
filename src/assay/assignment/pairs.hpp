#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/assignment/design.hpp"

namespace assay::assignment {

/// How unlike two units are: the Euclidean distance of their columns,
enum class Distance : std::uint8_t {
  standardised,  ///< each scaled to sample variance 1 (columns of several units of measure);
  mahalanobis,   ///< made uncorrelated (few columns, many units);
  raw            ///< as they are (a history: one column a period, all of one unit of measure).
};

enum class Matching : std::uint8_t {
  automatic,  ///< exact up to kMostExactUnits units, else exchange.
  exact,      ///< The least total distance of all pairings, by dynamic programming over subsets.
  exchange    ///< Nearest pairs first, then exchanged between two pairs until none gets better:
              ///< no promise of the least total, usually within a few per cent of it.
};
inline constexpr std::size_t kMostExactUnits = 20;

/// Units two by two.
struct Pairs {
  std::vector<std::array<std::uint32_t, 2>> pairs;  ///< Lower unit first, by it in order.
  std::optional<std::uint32_t> left_out;  ///< Of an odd number: whose absence costs least.
  double total_distance = 0;
  std::string method;  ///< "exact" or "exchange".
};

/// Pairs like units (geos by their history) so that one of each pair can be treated.
/// Source: Greevy, Lu, Silber & Rosenbaum, Biostatistics 5 (2004) 263-275 (optimal multivariate
/// matching before randomisation). Ties go to the lower unit, so the result is reproducible.
/// Fails with invalid_data and undefined_statistic as Imbalance does, and with invalid_spec for
/// `exact` with more than kMostExactUnits units, or more than 5,000 units.
Result<Pairs> match_pairs(const Covariates& columns, Distance distance = Distance::standardised,
                          Matching matching = Matching::automatic);

/// Two equal arms, one unit of each pair in each; a unit left out has kNoArm (traffic.hpp) in every
/// draw. Assumes the pairs of match_pairs over n_units units.
Result<Design> paired(const Pairs& pairs, std::size_t n_units);

}  // namespace assay::assignment
