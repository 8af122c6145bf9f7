#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/moments.hpp"

namespace assay::stats {

enum class MetricKind : std::uint8_t { mean, proportion, ratio };
enum class Adjustment : std::uint8_t { none, lin };

/// The procedure that made a contrast.
enum class Method : std::uint8_t {
  welch,                   ///< Welch's t, unequal variances.
  two_proportion,          ///< Pooled score z; Mee and Koopman score intervals.
  two_proportion_exact,    ///< Barnard's exact unconditional test and its inversion.
  ratio_delta,             ///< Ratio of sums, delta method.
  lin_mean,                ///< CUPED: Lin's fully interacted regression, mean per unit.
  lin_ratio,               ///< The same for a ratio of sums, linearised.
  given_values,            ///< Two values with a stated covariance (see contrast_of_values).
  bootstrap_percentile,    ///< Replicates of a bootstrap: their quantiles.
  bootstrap_basic,         ///< The same, reflected at the estimate.
  bootstrap_bca,           ///< Bias-corrected and accelerated.
  bootstrap_t,             ///< Quantiles of studentised replicates.
  bootstrap_quantile,      ///< Difference of quantiles, exact bootstrap distribution.
  permutation,             ///< Replayed assignments and the inversion of that test.
  cluster_mean,            ///< Difference of means, units clustered (cluster_robust.hpp).
  cluster_ratio,           ///< The same for a ratio of sums.
  cluster_lin_mean,        ///< Regression adjustment, units clustered.
  cluster_lin_ratio,       ///< The same for a ratio of sums.
  wild_cluster_bootstrap,  ///< Restricted wild cluster bootstrap-t; interval by inversion.
  quantile,                ///< Order statistics with their outer interval (quantile.hpp).
  log_mean,                ///< Geometric means, Welch on logarithms (one_sample.hpp).
  post_stratified,         ///< Strata weighted by their pooled share (post_stratification.hpp).
};

/// "Welch t-test", ... as it stands in reports.
std::string_view to_text(Method method);

/// A warning as data. Codes: few_units, skewed, small_expected_counts, no_successes,
/// no_failures, weak_denominator, covariate_dropped, pooled_slope, unadjusted, few_clusters,
/// few_treated_clusters, few_degrees_of_freedom, two_way_repaired.
struct Note {
  std::string code;
  std::string text;
};

/// Relative difference, a share of |control|: 0.02 is two percent more.
struct Lift {
  double estimate = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
};

/// Variances of the two arms' values and their covariance (not zero under adjustment, where both
/// lean on one pooled covariate mean).
struct ValueCovariance {
  double control_variance = 0.0;
  double treatment_variance = 0.0;
  double covariance = 0.0;
};

/// Successes and trials of two arms.
struct TwoCounts {
  std::int64_t x_control = 0;
  std::int64_t n_control = 0;
  std::int64_t x_treatment = 0;
  std::int64_t n_treatment = 0;
};

/// The contrast that the same data give without covariates.
struct UnadjustedContrast {
  double control_value = 0.0;
  double treatment_value = 0.0;
  double difference = 0.0;
  double std_error = 0.0;
  double ci_low = 0.0;
  double ci_high = 0.0;
  double p_value = 1.0;
  std::optional<Lift> lift;
};

/// What the covariates did.
struct AdjustmentFacts {
  std::vector<std::string> covariates;  ///< Those used, in order.
  std::vector<std::string> dropped;     ///< Constant or collinear ones.
  std::vector<double> theta_control;    ///< Slope per covariate (of y - R d for a ratio).
  std::vector<double> theta_treatment;  ///< The same numbers when pooled_slope.
  bool pooled_slope = false;            ///< Small arms: one slope for both.
  double correlation = 0.0;             ///< Multiple correlation within arms, 0 to 1.
  double variance_reduction = 0.0;      ///< 1 - (std_error / unadjusted std_error)^2.
  UnadjustedContrast unadjusted;
};

/// Cluster-robust variance: what corrects the cluster sums of residuals.
enum class ClusterVariance : std::uint8_t {
  cr0,   ///< Nothing.
  cr1,   ///< G / (G - 1).
  cr1s,  ///< G / (G - 1) (N - 1) / (N - p): Stata.
  cr2,   ///< (I - H)^-1/2 by cluster: unbiased when units are alike and independent.
  cr3,   ///< (I - H)^-1 by cluster: the jackknife over clusters.
};

/// The clusters behind a contrast.
struct ClusterFacts {
  ClusterVariance variance = ClusterVariance::cr2;
  std::int64_t clusters = 0;
  std::int64_t control_clusters = 0;
  std::int64_t treatment_clusters = 0;
  std::int64_t crossing_clusters = 0;  ///< With units in both arms.
  std::int64_t second_clusters = 0;    ///< Of the second way; 0 when one-way.
  double mean_size = 0.0;              ///< Units a cluster.
  double size_cv = 0.0;                ///< Standard deviation of the sizes over their mean.
  std::optional<double> icc;           ///< ANOVA estimate within arms; none without repeats.
  double design_effect = 1.0;          ///< Variance over that of independent units.
  double effective_n = 0.0;            ///< Units / design_effect.
};

/// One comparison of treatment with control: a single inference in all its readings.
///
/// Always true: p_value < 1 - confidence_level <=> [ci_low, ci_high] excludes 0 <=> the lift
/// interval, where there is one, excludes 0. All readings share one statistic, one standard
/// error and one critical value, so no choice of display can change a verdict.
struct Contrast {
  Method method = Method::welch;
  std::int64_t n_control = 0;
  std::int64_t n_treatment = 0;
  double control_value = 0.0;
  double treatment_value = 0.0;
  double difference = 0.0;          ///< treatment - control.
  double std_error = 0.0;           ///< Of the difference, each arm with its own variance.
  double statistic = 0.0;           ///< t, or the pooled score z of a proportion.
  double degrees_of_freedom = 0.0;  ///< Infinite for a proportion (normal reference).
  double confidence_level = 0.95;
  double ci_low = 0.0;
  double ci_high = 0.0;
  double p_value = 1.0;  ///< Two-sided.

  std::optional<Lift> lift;    ///< Absent when the data leave the relative set unbounded;
  std::string lift_undefined;  ///< then this says why.

  ValueCovariance values;
  std::optional<TwoCounts> counts;  ///< Proportions without adjustment only.
  std::optional<AdjustmentFacts> adjustment;
  std::optional<ClusterFacts> cluster;
  std::vector<Note> notes;
};

/// One arm as sufficient statistics over its units. Variables by kind:
/// mean [y, x_1..x_q]; proportion [y in {0, 1}, x_1..x_q]; ratio [y, d, x_1..x_q]
/// with covariates x measured before exposure.
struct ArmSummary {
  numerics::CoMoments moments;
  std::optional<double> skewness;  ///< Of y where known: arms under 355 skewness^2 get a note.
};

/// An arm of a mean without covariates.
ArmSummary arm_of(const numerics::Moments& moments);

/// An arm of a proportion without covariates. Assumes 0 <= successes <= n.
ArmSummary arm_of_counts(std::int64_t successes, std::int64_t n);

struct CompareOptions {
  MetricKind kind = MetricKind::mean;
  Adjustment adjustment = Adjustment::none;
  double confidence_level = 0.95;
  std::vector<std::string> covariates = {};  ///< Names for notes; "x1", "x2", ... when missing.
};

/// The comparison that the kind of metric calls for. Covariates in the summaries are ignored
/// under Adjustment::none; under lin, arms without usable covariates give the unadjusted
/// contrast with a note "unadjusted".
/// Fails with invalid_spec (confidence level outside (0, 1), arms of different shape), with
/// invalid_data (non-finite moments, a proportion whose mean is not a count over n) and with
/// undefined_statistic (an empty arm, n < 2, no spread in either arm, a denominator of 0).
Result<Contrast> compare(const ArmSummary& control, const ArmSummary& treatment,
                         const CompareOptions& options);

/// Difference in means without assuming equal variances; Welch-Satterthwaite degrees of freedom.
/// Reference: B. L. Welch, Biometrika 34 (1947) 28-35.
Result<Contrast> welch(const numerics::Moments& control, const numerics::Moments& treatment,
                       double confidence_level);

/// Difference of ratios of sums (mean y / mean d) from moments of [y, d] per arm, by the delta
/// method with n - 1; equal to the cluster-robust variance with G / (G - 1).
/// Reference: Deng, Knoblich & Lu, KDD 2018.
Result<Contrast> ratio_delta(const numerics::CoMoments& control,
                             const numerics::CoMoments& treatment, double confidence_level);

/// Two estimated values with their covariance, as a contrast: difference with t interval, lift
/// by Fieller (1954) with the same critical value.
struct EstimatedPair {
  Method method = Method::given_values;
  double control_value = 0.0;
  double treatment_value = 0.0;
  ValueCovariance values;
  double degrees_of_freedom = 0.0;  ///< May be infinite.
  std::int64_t n_control = 0;
  std::int64_t n_treatment = 0;
};
Result<Contrast> contrast_of_values(const EstimatedPair& pair, double confidence_level);

}  // namespace assay::stats
