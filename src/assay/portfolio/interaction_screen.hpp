#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"

/// Do experiments that run at the same time disturb each other?
namespace assay::portfolio {

/// Units in both of two experiments, by arms: [arm of the first][arm of the second], control 0.
struct ExperimentPair {
  std::string first;
  std::string second;
  std::array<std::array<numerics::Moments, 2>, 2> cells;
};

struct PairReading {
  std::string first;
  std::string second;
  bool tested = false;       ///< False: a cell has fewer than two units or no cell has spread.
  double interaction = 0.0;  ///< Effect of the first under the second's treatment minus that
                             ///< under its control.
  double std_error = 0.0;
  double degrees_of_freedom = 0.0;
  double p_value = 1.0;
  double p_adjusted = 1.0;          ///< Benjamini-Hochberg over all pairs tested.
  double split_p_value = 1.0;       ///< Chi-squared of independence of the two assignments.
  bool assignments_depend = false;  ///< split_p_value < 0.001: the hashes are not independent.
};

/// Tests every pair; the result has the pairs' order. Welch-Satterthwaite degrees of freedom over
/// the four cells. Fails with invalid_data on a negative count or moments that are not finite.
Result<std::vector<PairReading>> screen_interactions(std::span<const ExperimentPair> pairs);

}  // namespace assay::portfolio
