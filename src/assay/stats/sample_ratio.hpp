#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::stats {

/// Units counted per arm against the planned weights.
struct SampleRatio {
  std::int64_t n = 0;            ///< Units in arms of positive weight.
  std::vector<double> expected;  ///< Per arm; 0 for an arm of zero weight.
  double chi_squared = 0.0;
  double degrees_of_freedom = 0.0;  ///< Arms of positive weight - 1.
  double p_value = 1.0;             ///< 0 when below 1e-308; log10_p still tells.
  double log10_p = 0.0;
  bool exact = false;        ///< Exact binomial: two arms and an expected count below 5.
  bool approximate = false;  ///< Three or more arms and an expected count below 5.
  bool leak = false;         ///< An arm of zero weight has units.
  std::int64_t leaked = 0;
  bool mismatch = false;  ///< p_value < alpha, or a leak.
};

/// Tests the split of units over arms. Weights are relative (they need not sum to 1); an arm of
/// zero weight leaves the degrees of freedom and raises `leak` when it has units.
/// Fails with invalid_spec (sizes differ, fewer than two arms of positive weight, a negative or
/// non-finite weight, alpha outside (0, 1)), invalid_data (a negative count) and
/// undefined_statistic (no units).
/// Reference: Fabijan et al., KDD 2019 (alpha = 0.001 at a single look).
Result<SampleRatio> sample_ratio(std::span<const std::int64_t> counts,
                                 std::span<const double> weights, double alpha = 0.001);

/// Units per arm of one value of one dimension ("app_version", "5.2").
struct SegmentCounts {
  std::string dimension;
  std::string value;
  std::vector<std::int64_t> counts;
};

struct SegmentMismatch {
  std::string dimension;
  std::string value;
  std::vector<std::int64_t> counts;
  std::int64_t n = 0;
  double largest_excess = 0.0;  ///< Largest |observed share - planned share| over arms, signed.
  std::size_t worst_arm = 0;    ///< The arm of that excess.
  double chi_squared = 0.0;
  double p_value = 1.0;
  double log10_p = 0.0;
  double holm_p_value = 1.0;  ///< Over all segments tested.
  double log10_holm_p = 0.0;
  double share_of_dimension = 0.0;  ///< Of the summed chi-squared of its dimension.
  double share_explained = 0.0;  ///< Fall of the overall chi-squared when it is left out, 0 to 1.
  double p_without = 1.0;        ///< Overall p of the remaining units.
  double log10_p_without = 0.0;
  bool localises = false;  ///< holm < alpha here, p_without >= alpha: the fault sits here alone.
};

struct SampleRatioSearch {
  SampleRatio overall;
  std::vector<SegmentMismatch> segments;  ///< Strongest evidence first.
  std::int64_t untested = 0;              ///< Segments without units in arms of positive weight.
};

/// Looks for the segment that breaks the split: each value of each dimension against the weights,
/// Holm over all, and what the overall test says without it. `totals` are the counts of all units.
/// Assumes: a dimension's values do not overlap; each is known without regard to the arm.
/// Fails as sample_ratio does.
Result<SampleRatioSearch> search_sample_ratio(std::span<const std::int64_t> totals,
                                              std::span<const SegmentCounts> segments,
                                              std::span<const double> weights,
                                              double alpha = 0.001);

}  // namespace assay::stats
