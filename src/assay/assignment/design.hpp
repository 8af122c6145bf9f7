#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::assignment {

/// A mechanism that gives arms to a fixed list of units and can be drawn again: the one that
/// assigned, that simulates for power, and that randomisation inference replays is the same object.
///
/// Draw k under a seed is a pure function of (seed, k): any order, any thread, any machine. The
/// assignment that is used in earnest is draw 0 by convention; replays take 1, 2, ...
struct Design {
  std::string method;           ///< "complete", "stratified", ...
  std::size_t n_units = 0;      ///< Entries of `arms`.
  std::vector<double> weights;  ///< Chance of each arm, the same for every unit; sums to 1.

  /// Fills `arms` (n_units entries) with numbers of arms. Thread-safe; draw < 2^31.
  std::function<void(std::uint64_t seed, std::uint64_t draw, std::span<std::uint8_t> arms)> fill;
};

/// Draw `draw` as a vector.
std::vector<std::uint8_t> draw_arms(const Design& design, std::uint64_t seed, std::uint64_t draw);

/// The callback that replays take: draw k fills the arms. Keeps a copy of the design.
std::function<void(std::uint64_t draw, std::span<std::uint8_t> arms)> replayer(Design design,
                                                                               std::uint64_t seed);

/// All makers below fail with invalid_spec: fewer than two or more than 250 arms, a weight that is
/// not positive, weights that do not sum to 1 (to 1e-6), fewer than two units.

/// Every unit by itself: what a hash does.
Result<Design> independent(std::size_t n_units, std::vector<double> weights);

/// Fixed sizes: n_units * weight of each arm, in random order. Where that is no whole number the
/// remainder is drawn (systematic sampling), so that every unit's chance is exactly the weight.
Result<Design> complete(std::size_t n_units, std::vector<double> weights);

/// Permuted within strata: fixed sizes as above in every stratum by itself. With `block` > 0 a
/// stratum is cut into blocks of so many units in their order (of arrival, say), each permuted by
/// itself; the last block may be short.
/// Fails with invalid_spec also for a block of one unit.
Result<Design> stratified(std::span<const std::uint32_t> stratum_of_unit,
                          std::vector<double> weights, std::size_t block = 0);

/// Whole clusters get one arm: `over_clusters` draws clusters, numbered from 0 in its units.
/// Fails with invalid_spec when a unit names a cluster that the design does not have, or a cluster
/// has no unit.
Result<Design> clustered(Design over_clusters, std::span<const std::uint32_t> cluster_of_unit);

/// Columns of numbers, an entry a unit.
using Covariates = std::vector<std::vector<double>>;

/// Mahalanobis imbalance of an assignment:
///   M = sum over arms of n_j (mean_j - mean)' S^-1 (mean_j - mean),
/// S the sample covariance (divisor n - 1) of all units. For two arms M is
/// n_1 n_0 / n (mean_1 - mean_0)' S^-1 (mean_1 - mean_0) of Morgan & Rubin. Under a random
/// assignment it is about chi-squared with (columns of full rank) * (arms - 1) degrees of freedom.
/// Columns that the ones before explain, and constant ones, are left out.
/// Source: Morgan & Rubin, Annals of Statistics 40 (2012) 1263-1282, eq. 2.1.
class Imbalance {
 public:
  /// Fails with invalid_data (columns of unequal length, a value that is missing or not finite) and
  /// undefined_statistic (fewer than two units, no column that varies).
  static Result<Imbalance> of(const Covariates& columns);

  [[nodiscard]] double operator()(std::span<const std::uint8_t> arms, std::size_t n_arms) const;
  [[nodiscard]] std::size_t rank() const { return rank_; }
  [[nodiscard]] std::size_t n_units() const { return rank_ == 0 ? 0 : whitened_.size() / rank_; }

 private:
  std::size_t rank_ = 0;
  std::vector<double> whitened_;  ///< By unit: centred, uncorrelated, sample variance 1.
};

/// A design that draws until the arms are balanced, with what must be kept to replay it.
struct Rerandomised {
  Design design;
  double acceptance = 0;  ///< As asked for.
  double threshold = 0;   ///< M <= threshold is accepted: the chi-squared quantile of acceptance.
  double degrees_of_freedom = 0;
  /// Share of trial draws that were accepted; far from `acceptance` when units are few.
  double accepted_share = 0;
  /// Variance of a covariate's difference between arms, as a share of that without the criterion:
  /// P(chi2_{d+2} <= a) / P(chi2_d <= a), Morgan & Rubin theorem 3.1 (two equal arms, normal
  /// means).
  double variance_share = 0;
};

/// Repeats draws of `inner` until M <= a, where P(chi2_d <= a) = acceptance. The analysis must draw
/// from the same object: tests that suppose plain randomisation are conservative after it.
/// Fails with invalid_spec (acceptance outside (0, 1]), as Imbalance does, and with
/// undefined_statistic when none of 20 / acceptance (1,000 to 1,000,000) trial draws is accepted.
Result<Rerandomised> rerandomised(Design inner, const Covariates& columns, double acceptance);

/// The best of 2^log2_tries draws of `inner` by M; log2_tries from 0 to 16. One more costs twice
/// the work. The chance of each arm stays the weight when the arms' weights are equal.
Result<Design> best_of(Design inner, const Covariates& columns, int log2_tries);

}  // namespace assay::assignment
