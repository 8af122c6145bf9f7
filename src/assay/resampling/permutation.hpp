#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/resampling/mechanism.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::resampling {

enum class PermutationStatistic : std::uint8_t {
  studentised,  ///< Welch's t: also valid when only the means, not the spreads, are equal.
  difference    ///< Difference of means: for arms of one or two units.
};

struct PermutationOptions {
  PermutationStatistic statistic = PermutationStatistic::studentised;
  std::int64_t draws = 9999;          ///< When assignments are not enumerated.
  std::int64_t exact_up_to = 20'000;  ///< Enumerate when there are at most so many assignments.
  std::uint64_t seed = 1;
  double confidence_level = 0.95;
  int threads = 1;  ///< Never changes a bit of the answer.
};

struct RandomisationTest {
  stats::Contrast contrast;
  bool exact = false;              ///< All assignments were enumerated.
  std::int64_t n_assignments = 0;  ///< Looked at (the data's own counted once under draws).
  std::int64_t n_as_extreme = 0;   ///< Of those, |statistic| at least the data's.
};

/// Tests that treatment changes no unit's value, by the assignments that the mechanism could have
/// made instead. Two-sided: p = share of assignments whose |statistic| is at least the data's;
/// with draws (b + 1) / (B + 1), which is valid at any B. The interval holds every constant
/// effect that the same test, on the same assignments, does not reject at 1 - level (inverted by
/// bisection outward from the estimate, where p is 1). p < 1 - level <=> it excludes 0.
/// std_error is Welch's, for orientation; the lift is what the interval implies.
/// The interval is infinite (note few_assignments) when no p below 1 - level is possible.
/// Assumes: the mechanism is the one that assigned the units; for the interval, an effect that is
/// the same for all. Under `studentised` the test also holds, in large samples, for the weaker
/// hypothesis of equal means.
/// Fails with invalid_spec (level outside (0, 1), lengths, fewer than one draw), invalid_data (a
/// value that is not finite, arms that are not 0 or 1), undefined_statistic (an arm without units,
/// one unit under `studentised`, no spread) and interrupted.
/// References: Fisher, The Design of Experiments (1935); Phipson & Smyth, SAGMB 9 (2010) 39;
/// Chung & Romano, Ann. Stat. 41 (2013) 484-507; Imbens & Rubin, Causal Inference (2015) ch. 5.
Result<RandomisationTest> randomisation_test(std::span<const double> values,
                                             std::span<const std::uint8_t> arms,
                                             const Mechanism& mechanism,
                                             const PermutationOptions& options,
                                             const Progress& progress = {});

/// The same for two independent samples: complete randomisation.
Result<RandomisationTest> permutation_test(std::span<const double> control,
                                           std::span<const double> treatment,
                                           const PermutationOptions& options,
                                           const Progress& progress = {});

/// Any statistic of values and arms; large |.| speaks against no effect.
using Statistic =
    std::function<double(std::span<const double> values, std::span<const std::uint8_t> arms)>;

struct RandomisationP {
  double observed = 0.0;
  double p_value = 1.0;
  bool exact = false;
  std::int64_t n_assignments = 0;
  std::int64_t n_as_extreme = 0;
};

/// p-value of any statistic (two-sided) under a constant effect `effect`, which is taken off the
/// treated units first. `options.statistic` is not used.
/// A draw whose statistic is not finite counts as extreme. Fails as randomisation_test does.
Result<RandomisationP> randomisation_p(std::span<const double> values,
                                       std::span<const std::uint8_t> arms,
                                       const Mechanism& mechanism, const Statistic& statistic,
                                       const PermutationOptions& options, double effect = 0.0,
                                       const Progress& progress = {});

struct EffectInterval {
  double low = 0.0;
  double high = 0.0;
};

/// The constant effects around `estimate` that p_of_effect does not reject at alpha; `scale` is a
/// first step (a standard error). Ends are infinite when p never falls below alpha. 0 lies inside
/// exactly when p_of_effect(0) >= alpha.
EffectInterval invert_test(const std::function<double(double effect)>& p_of_effect, double estimate,
                           double scale, double alpha);

}  // namespace assay::resampling
