#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/resampling/mechanism.hpp"
#include "assay/stats/contrast.hpp"

/// Units that feel their neighbours' arms: what they were exposed to, how likely that was under the
/// design, and the effect of one exposure against another.
namespace assay::interference {

/// Who may disturb whom: the neighbours of unit i are neighbour[start[i]] .. neighbour[start[i +
/// 1]].
struct Network {
  std::vector<std::size_t> start;
  std::vector<std::uint32_t> neighbour;

  [[nodiscard]] std::size_t size() const { return start.empty() ? 0 : start.size() - 1; }
};

/// From undirected edges; doubled edges count once. Fails with invalid_data (an end that is no
/// unit, a unit joined with itself).
Result<Network> network_of(std::size_t n_units,
                           std::span<const std::pair<std::uint32_t, std::uint32_t>> edges);

/// Exposure class of every unit under an assignment; the map must be fixed before the data are
/// seen.
using ExposureMap =
    std::function<void(std::span<const std::uint8_t> arms, std::span<std::uint8_t> classes)>;

/// Own arm and share of treated neighbours: class = arm x (cuts + 1) + number of cuts below the
/// share. One cut at 0: 0 control alone, 1 control beside treated, 2 treated alone, 3 treated
/// beside treated. A unit without neighbours has share 0. Fails with invalid_spec: cuts not
/// ascending in [0, 1), or more than 100.
Result<ExposureMap> treated_share_map(const Network& network, std::vector<double> cuts);

/// Classes to compare, and how the probabilities are found.
struct ExposureOptions {
  std::uint8_t control_class = 0;
  std::uint8_t treatment_class = 3;
  std::int64_t draws = 2'000;  ///< Replays of the design.
  std::uint64_t seed = 20260101;
  double confidence_level = 0.95;
  /// Units that can never be in one of the classes: false refuses and names them, true leaves them
  /// out, and the effect is that of the others.
  bool drop_impossible = false;
};

struct ExposureEffect {
  stats::Contrast contrast;          ///< Hajek: weights normalised; the one to read.
  stats::Contrast horvitz_thompson;  ///< Unbiased, wide when the metric's level is far from 0.
  stats::Contrast naive;             ///< Treated against control units, neighbours ignored (Welch).
  std::int64_t n_units = 0;          ///< In the estimand.
  std::vector<std::size_t> impossible;  ///< Units left out.
  double smallest_probability = 0.0;    ///< Of a class, over units of the estimand.
};

/// The average over units of the outcome under one exposure less that under the other, each unit
/// weighted by one over its probability of the exposure it had, from replays of the design.
///
/// Variance: Aronow & Samii's conservative estimator, with joint probabilities from the same
/// replays (pairs that never occur together by Young's inequality); for Hajek on residuals. Normal
/// reference. Assumes the map is right: equal class, equal outcome, whoever the neighbours are.
/// Fails with invalid_spec (lengths, draws below 100, equal classes), invalid_data (a value not
/// finite), undefined_statistic (units with probability 0 of a class: not estimable, named; fewer
/// than 2 units observed in a class; more than 6,000 units: aggregate to clusters first).
/// References: Aronow & Samii, Ann. Appl. Stat. 11 (2017) 1912-1947.
Result<ExposureEffect> exposure_effect(std::span<const double> values,
                                       std::span<const std::uint8_t> arms,
                                       const resampling::Mechanism& mechanism,
                                       const ExposureMap& map, const ExposureOptions& options);

}  // namespace assay::interference
