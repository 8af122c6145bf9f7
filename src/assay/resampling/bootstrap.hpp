#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/resampling/replicate_interval.hpp"
#include "assay/resampling/replicate_totals.hpp"

namespace assay::resampling {

enum class WeightScheme : std::uint8_t {
  poisson,     ///< Independent Poisson(1) weights: any size, in one pass.
  multinomial  ///< n of n with replacement: small samples.
};

struct BootstrapOptions {
  WeightScheme weights = WeightScheme::poisson;
  IntervalKind interval = IntervalKind::percentile;
  std::int64_t replicates = 1999;
  std::uint64_t seed = 1;
  double confidence_level = 0.95;
  int threads = 1;  ///< Never changes a bit of the answer.
};

/// A bootstrap contrast and the replicates it was read from.
struct Bootstrap {
  stats::Contrast contrast;
  std::vector<double> control;  ///< Value of the arm, a replicate each.
  std::vector<double> treatment;
  double acceleration = 0.0;     ///< Of a BCa interval; 0 otherwise.
  double std_error_noise = 0.0;  ///< Monte-Carlo standard error of std_error, about.
};

/// Difference of means. One vector of values an arm, one value a unit.
/// Poisson weights want 100 units an arm or more (below, a note): fewer leave the replicate's size
/// too random; take multinomial with bca or bootstrap_t.
/// Assumes: units are independent. Heavy tails need the number of units that a t interval needs:
/// no bootstrap repairs a sample that lacks the tail; see docs/capabilities/resampling.md.
/// Fails as poisson_totals and contrast_of_replicates do.
Result<Bootstrap> bootstrap_mean(std::span<const double> control, std::span<const double> treatment,
                                 const BootstrapOptions& options, const Progress& progress = {});

/// Numerator and denominator of every unit of an arm.
struct RatioSample {
  std::span<const double> numerator;
  std::span<const double> denominator;
};

/// Difference of ratios of sums (sum of numerators / sum of denominators), units resampled whole.
/// Cluster bootstrap of a mean: let units be clusters, see cluster_sums.
Result<Bootstrap> bootstrap_ratio(const RatioSample& control, const RatioSample& treatment,
                                  const BootstrapOptions& options, const Progress& progress = {});

/// The value of one arm from weighted totals [sum of w, sum of w x_1, ..., sum of w x_k].
using ArmValue = std::function<double(std::span<const double> totals)>;

/// Difference of any function of weighted totals. All kinds but bootstrap_t (invalid_spec).
Result<Bootstrap> bootstrap_value(const Columns& control, const Columns& treatment,
                                  const ArmValue& value, const BootstrapOptions& options,
                                  const Progress& progress = {});

/// Sum and number of values per cluster, clusters in order of first appearance: numerator and
/// denominator of a mean whose units came in clusters.
struct ClusterSums {
  std::vector<double> sum;
  std::vector<double> size;
};
/// Fails with invalid_spec when the lengths differ.
Result<ClusterSums> cluster_sums(std::span<const double> values,
                                 std::span<const std::int64_t> cluster);

/// Leave-one-out values of one arm, for acceleration(): one a unit, from totals in O(1) each.
std::vector<double> leave_one_out(const Columns& columns, const ArmValue& value);

}  // namespace assay::resampling
