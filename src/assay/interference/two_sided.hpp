#pragma once

#include <cstdint>
#include <span>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::interference {

/// Users and creators (or buyers and listings), both randomised: an interaction is treated when
/// both sides are. Rows are interactions with a value; pairs without a row have value 0.
struct TwoSidedData {
  std::span<const std::uint8_t> user_arm;     ///< One a user, all users of the experiment.
  std::span<const std::uint8_t> creator_arm;  ///< One a creator, all creators.
  std::span<const std::uint32_t> user;        ///< Of each row.
  std::span<const std::uint32_t> creator;
  std::span<const double> value;
};

/// Value per pair of user and creator, times the number of creators: value per user when all
/// creators were in the cell. First letter: users treated; second: creators treated.
struct TwoSidedCells {
  double control_control = 0.0;
  double treated_control = 0.0;
  double control_treated = 0.0;
  double treated_treated = 0.0;
};

struct TwoSidedOptions {
  /// Weight of the users' side, 0 to 1: near 1 when demand is scarce (users rarely compete for a
  /// creator), near 0 when supply is.
  double user_weight = 0.5;
  /// How strongly the competition seen among untreated pairs is taken off: 0 none, 1 in full.
  double competition = 1.0;
  double confidence_level = 0.95;
};

struct TwoSidedEffects {
  TwoSidedCells cells;
  stats::Contrast contrast;  ///< Interpolated, competition taken off (TSRI): the one to read.
  stats::Contrast corner;    ///< Both treated against neither, as they stand (TSRN).
  stats::Contrast naive;     ///< Users' side only: treated against control users (creators mixed).
  stats::Contrast naive_creators;  ///< Creators' side only.
  stats::Contrast
      interaction;  ///< Both - users alone - creators alone + neither; 0 without interference.
};

/// Effect of treating all, against none, per user, from the four cells q_uc of a two-sided
/// randomisation with weight b and competition k:
///   b [(q_11 - q_01) - k (q_00 - q_10)] + (1 - b) [(q_11 - q_10) - k (q_00 - q_01)].
/// Variance two-way clustered: users + creators - pairs; t with the smaller side's number less 2.
/// A side's one-sided test misleads when that side competes: the bias of `naive` and
/// `naive_creators` may even differ in sign.
/// Fails with invalid_spec (lengths, weights outside [0, 1]), invalid_data (numbers outside the
/// lists, values not finite) and undefined_statistic (fewer than 2 users or creators of an arm, no
/// spread).
/// References: Johari, Li, Liskovich & Weintraub, Management Science 68 (2022) 7069-7089; Cameron,
/// Gelbach & Miller, JBES 29 (2011) 238-249.
Result<TwoSidedEffects> two_sided_effects(const TwoSidedData& data,
                                          const TwoSidedOptions& options = {});

}  // namespace assay::interference
