#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::resampling {

/// How units came to their arms, as something that can be replayed: randomisation inference
/// compares the data with the assignments that could have been. Arm 0 is control, 1 treatment.
struct Mechanism {
  std::string name;  ///< "complete randomisation", ... as it stands in reports.
  std::size_t n_units = 0;

  /// Fills `arms` with draw number `index` of stream `seed`: a pure function of the two, so draws
  /// may be made in any order on any thread.
  std::function<void(std::uint64_t seed, std::uint64_t index, std::span<std::uint8_t> arms)> draw;

  /// How many assignments there are, when all are equally likely and `enumerate` can list them;
  /// infinite otherwise.
  double n_assignments = 0.0;
  /// Fills `arms` with assignment number `index` below n_assignments; empty when it cannot.
  std::function<void(std::uint64_t index, std::span<std::uint8_t> arms)> enumerate;
};

/// Exactly n_treated of n units, all such sets equally likely.
/// Fails with invalid_spec unless 0 < n_treated < n_units.
Result<Mechanism> complete_randomisation(std::size_t n_units, std::size_t n_treated);

/// Each unit by its own coin with this probability of treatment (as a hash splits units).
/// Fails with invalid_spec unless 0 < p_treated < 1 and there are units.
Result<Mechanism> coin_randomisation(std::size_t n_units, double p_treated);

/// Within every stratum as many treated units as `arms` has, all such sets equally likely.
/// Fails with invalid_spec (lengths differ, an arm that is not 0 or 1) and undefined_statistic (no
/// stratum with both arms: nothing was randomised).
Result<Mechanism> stratified_randomisation(std::span<const std::int64_t> stratum,
                                           std::span<const std::uint8_t> arms);

/// Whole clusters: as many treated clusters as `arms` has, within strata of clusters when
/// `stratum` (one a unit) is not empty.
/// Fails as stratified_randomisation does, and with invalid_data when a cluster crosses arms or
/// strata.
Result<Mechanism> cluster_randomisation(std::span<const std::int64_t> cluster,
                                        std::span<const std::uint8_t> arms,
                                        std::span<const std::int64_t> stratum = {});

/// One of the two units of every pair. Fails with invalid_data when a pair is not one unit of each
/// arm.
Result<Mechanism> paired_randomisation(std::span<const std::int64_t> pair,
                                       std::span<const std::uint8_t> arms);

/// Switchback: the periods (or units) of a block share one coin, blocks are independent.
/// Enumerated when the coin is fair. Fails with invalid_spec as coin_randomisation does.
Result<Mechanism> switchback_randomisation(std::span<const std::int64_t> block,
                                           double p_treated = 0.5);

}  // namespace assay::resampling
