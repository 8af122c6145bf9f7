#include "assay/stats/contrast.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/interval.hpp"
#include "assay/stats/lin.hpp"
#include "assay/stats/two_proportion.hpp"

namespace assay::stats {
namespace {

using numerics::CoMoments;
using numerics::Moments;

/// Under this many units an arm's mean is only close to normal when the metric is nearly so.
constexpr std::int64_t kFewUnits = 30;

/// Units per squared skewness that a t interval needs: Kohavi et al., KDD 2014, rule 7.
constexpr double kUnitsPerSquaredSkewness = 355.0;

/// A denominator mean this many standard errors from 0 makes the delta method's expansion safe.
constexpr double kSafeDenominator = 10.0;

Result<void> require_units(std::int64_t control, std::int64_t treatment) {
  if (std::min(control, treatment) >= 2) return {};
  return fail(ErrorCode::undefined_statistic,
              fmt::format("a comparison needs two units in each arm; got control {}, treatment {}",
                          control, treatment),
              "", "check that assignment, exposure and eligibility keep both arms");
}

Result<void> require_finite(const CoMoments& moments, std::string_view arm) {
  const auto finite = [](double x) { return std::isfinite(x); };
  if (std::all_of(moments.mean.begin(), moments.mean.end(), finite) &&
      std::all_of(moments.comoment.begin(), moments.comoment.end(), finite))
    return {};
  return fail(ErrorCode::invalid_data, "the moments hold a value that is not finite",
              fmt::format("arm {}", arm), "drop or cap infinite and missing values of the metric");
}

Result<void> require_shape(const CoMoments& control, const CoMoments& treatment,
                           const CompareOptions& options) {
  const std::size_t needed = options.kind == MetricKind::ratio ? 2 : 1;
  if (control.size() == treatment.size() && control.size() >= needed) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("both arms must carry the same variables, at least {}; got {} and {}",
                          needed, control.size(), treatment.size()));
}

/// Welch-Satterthwaite degrees of freedom of a sum of two estimated variances.
double satterthwaite(double a, double dof_a, double b, double dof_b) {
  const double total = a + b;
  const double share_a = a / total;  // Shares first: squares of tiny variances underflow.
  const double share_b = b / total;
  return 1.0 / (share_a * share_a / dof_a + share_b * share_b / dof_b);
}

/// Fieller's set for treatment / control at the critical value of the difference. It is an
/// interval only when control differs from 0 at that critical value (g < 1).
void add_lift(Contrast& contrast, double critical) {
  const double base = contrast.control_value;
  const ValueCovariance& v = contrast.values;
  const double c2 = critical * critical;
  const double a = base * base - c2 * v.control_variance;
  if (!(a > 0.0)) {
    contrast.lift_undefined = fmt::format(
        "the control value {:.4g} is not clearly different from 0, so a relative difference is "
        "unbounded; read the absolute one",
        base);
    return;
  }
  // With r = treatment / control - 1: (d - r b)^2 <= c^2 (var d - 2 r cov(d, b) + r^2 var b).
  const double d = contrast.difference;
  const double var_d = contrast.std_error * contrast.std_error;
  const double cov_db = v.covariance - v.control_variance;
  const double b = d * base - c2 * cov_db;
  const double c = d * d - c2 * var_d;
  const double root = std::sqrt(std::max(0.0, b * b - a * c));
  // The root of larger size by addition, the other from the product c / a: no cancellation, and
  // the sign of c (that is, significance) decides on which side of 0 it lies.
  const double q = b + std::copysign(root, b);
  const double far = q / a;
  const double near = q == 0.0 ? 0.0 : c / q;
  const double sign = base < 0.0 ? -1.0 : 1.0;
  contrast.lift = Lift{d / std::abs(base), std::min(sign * far, sign * near),
                       std::max(sign * far, sign * near)};
}

void note_few_units(Contrast& contrast) {
  const std::int64_t fewest = std::min(contrast.n_control, contrast.n_treatment);
  if (fewest >= kFewUnits) return;
  contrast.notes.push_back(
      {"few_units", fmt::format("an arm has only {} units: the t interval trusts that the metric "
                                "itself is close to normal",
                                fewest)});
}

void note_skewness(Contrast& contrast, const ArmSummary& arm, std::string_view name) {
  if (!arm.skewness) return;
  const double needed = kUnitsPerSquaredSkewness * *arm.skewness * *arm.skewness;
  if (static_cast<double>(arm.moments.n) >= needed) return;
  contrast.notes.push_back(
      {"skewed", fmt::format("{} has {} units; with skewness {:.3g} the t interval wants {:.0f} "
                             "(355 skewness^2): cap or transform the metric",
                             name, arm.moments.n, *arm.skewness, std::ceil(needed))});
}

Result<std::int64_t> successes_of(const ArmSummary& arm, std::string_view name) {
  const double sum = arm.moments.mean[0] * static_cast<double>(arm.moments.n);
  const double whole = std::round(sum);
  const double slack = 1e-6 * std::max(1.0, std::abs(sum));
  if (std::isfinite(sum) && std::abs(sum - whole) <= slack && whole >= 0.0 &&
      whole <= static_cast<double>(arm.moments.n))
    return static_cast<std::int64_t>(whole);
  return fail(ErrorCode::invalid_data,
              fmt::format("a proportion counts units that are 0 or 1; its mean is {} over {} units",
                          arm.moments.mean[0], arm.moments.n),
              fmt::format("arm {}", name), "use kind mean for a metric with other values");
}

}  // namespace

std::string_view to_text(Method method) {
  switch (method) {
    case Method::welch:
      return "Welch t-test";
    case Method::two_proportion:
      return "pooled score z-test with score intervals";
    case Method::two_proportion_exact:
      return "exact unconditional test (Barnard, score-ordered) and its inversion";
    case Method::ratio_delta:
      return "ratio of sums, delta method";
    case Method::lin_mean:
      return "Lin regression adjustment (CUPED)";
    case Method::lin_ratio:
      return "Lin regression adjustment (CUPED) of a ratio of sums";
    case Method::given_values:
      return "two values with stated covariance";
    case Method::bootstrap_percentile:
      return "bootstrap, percentile interval";
    case Method::bootstrap_basic:
      return "bootstrap, basic interval";
    case Method::bootstrap_bca:
      return "bootstrap, BCa interval";
    case Method::bootstrap_t:
      return "bootstrap-t (studentised)";
    case Method::bootstrap_quantile:
      return "difference of quantiles, exact bootstrap distribution";
    case Method::permutation:
      return "randomisation test and its inversion";
    case Method::cluster_mean:
      return "difference of means, cluster-robust";
    case Method::cluster_ratio:
      return "ratio of sums, cluster-robust";
    case Method::cluster_lin_mean:
      return "regression adjustment (CUPED), cluster-robust";
    case Method::cluster_lin_ratio:
      return "regression adjustment (CUPED) of a ratio of sums, cluster-robust";
    case Method::wild_cluster_bootstrap:
      return "restricted wild cluster bootstrap-t";
    case Method::quantile:
      return "quantiles by order statistics";
    case Method::log_mean:
      return "Welch t-test of logarithms (geometric means)";
    case Method::post_stratified:
      return "post-stratified difference of means";
  }
  return "unknown";
}

ArmSummary arm_of(const Moments& moments) {
  ArmSummary arm{CoMoments(1), std::nullopt};
  arm.moments.n = moments.n;
  arm.moments.mean[0] = moments.mean;
  arm.moments.comoment[0] = moments.m2;
  return arm;
}

ArmSummary arm_of_counts(std::int64_t successes, std::int64_t n) {
  const auto trials = static_cast<double>(n);
  const auto x = static_cast<double>(successes);
  if (n <= 0) return arm_of({n, 0.0, 0.0});
  return arm_of({n, x / trials, x * (trials - x) / trials});
}

Result<Contrast> contrast_of_values(const EstimatedPair& pair, double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  const ValueCovariance& v = pair.values;
  const double variance = v.control_variance + v.treatment_variance - 2.0 * v.covariance;
  if (!std::isfinite(pair.control_value) || !std::isfinite(pair.treatment_value) ||
      !std::isfinite(variance) || v.control_variance < 0.0 || v.treatment_variance < 0.0) {
    return fail(ErrorCode::invalid_data,
                "values and variances must be finite, variances not negative");
  }
  if (!(variance > 0.0) || !(pair.degrees_of_freedom > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                "no spread to judge a difference by: the values of both arms do not vary", "",
                "check that the metric varies between units");
  }
  Contrast out;
  out.method = pair.method;
  out.n_control = pair.n_control;
  out.n_treatment = pair.n_treatment;
  out.control_value = pair.control_value;
  out.treatment_value = pair.treatment_value;
  out.difference = pair.treatment_value - pair.control_value;
  out.std_error = std::sqrt(variance);
  out.statistic = out.difference / out.std_error;
  out.degrees_of_freedom = pair.degrees_of_freedom;
  out.confidence_level = confidence_level;
  out.values = v;
  const double critical =
      numerics::student_t_upper_quantile((1.0 - confidence_level) / 2.0, pair.degrees_of_freedom);
  out.ci_low = out.difference - critical * out.std_error;
  out.ci_high = out.difference + critical * out.std_error;
  out.p_value = 2.0 * numerics::student_t_sf(std::abs(out.statistic), pair.degrees_of_freedom);
  add_lift(out, critical);
  return out;
}

Result<Contrast> welch(const Moments& control, const Moments& treatment, double confidence_level) {
  ASSAY_CHECK(require_units(control.n, treatment.n));
  const auto squared_std_error = [](const Moments& arm) {
    return arm.m2 / static_cast<double>(arm.n - 1) / static_cast<double>(arm.n);
  };
  EstimatedPair pair;
  pair.method = Method::welch;
  pair.control_value = control.mean;
  pair.treatment_value = treatment.mean;
  pair.values = {squared_std_error(control), squared_std_error(treatment), 0.0};
  pair.degrees_of_freedom =
      satterthwaite(pair.values.control_variance, static_cast<double>(control.n - 1),
                    pair.values.treatment_variance, static_cast<double>(treatment.n - 1));
  pair.n_control = control.n;
  pair.n_treatment = treatment.n;
  ASSAY_TRY(auto out, contrast_of_values(pair, confidence_level));
  note_few_units(out);
  return out;
}

Result<Contrast> ratio_delta(const CoMoments& control, const CoMoments& treatment,
                             double confidence_level) {
  CompareOptions options;
  options.kind = MetricKind::ratio;
  options.confidence_level = confidence_level;
  ASSAY_CHECK(require_shape(control, treatment, options));
  ASSAY_CHECK(require_units(control.n, treatment.n));
  EstimatedPair pair;
  pair.method = Method::ratio_delta;
  std::vector<Note> notes;
  const auto estimate = [&](const CoMoments& arm, std::string_view name, double& value,
                            double& variance) -> Result<void> {
    const double d = arm.mean[1];
    if (d == 0.0) {
      return fail(ErrorCode::undefined_statistic, "the denominator of the ratio sums to 0",
                  fmt::format("arm {}", name), "check the denominator's event and filter");
    }
    const auto n = static_cast<double>(arm.n);
    value = arm.mean[0] / d;
    variance = (arm.covariance(0, 0) - 2.0 * value * arm.covariance(0, 1) +
                value * value * arm.covariance(1, 1)) /
               (n * d * d);
    variance = std::max(0.0, variance);  // Rounding only: the form is a variance.
    if (std::abs(d) < kSafeDenominator * std::sqrt(arm.covariance(1, 1) / n)) {
      notes.push_back({"weak_denominator",
                       fmt::format("the mean denominator of {} is within 10 standard errors of 0: "
                                   "the delta method is rough",
                                   name)});
    }
    return {};
  };
  ASSAY_CHECK(estimate(control, "control", pair.control_value, pair.values.control_variance));
  ASSAY_CHECK(
      estimate(treatment, "treatment", pair.treatment_value, pair.values.treatment_variance));
  pair.n_control = control.n;
  pair.n_treatment = treatment.n;
  pair.degrees_of_freedom =
      satterthwaite(pair.values.control_variance, static_cast<double>(control.n - 1),
                    pair.values.treatment_variance, static_cast<double>(treatment.n - 1));
  ASSAY_TRY(auto out, contrast_of_values(pair, confidence_level));
  note_few_units(out);
  out.notes.insert(out.notes.end(), notes.begin(), notes.end());
  return out;
}

Result<Contrast> compare(const ArmSummary& control, const ArmSummary& treatment,
                         const CompareOptions& options) {
  ASSAY_CHECK(require_shape(control.moments, treatment.moments, options));
  ASSAY_CHECK(require_finite(control.moments, "control"));
  ASSAY_CHECK(require_finite(treatment.moments, "treatment"));
  const std::size_t own = options.kind == MetricKind::ratio ? 2 : 1;
  const bool adjust = options.adjustment == Adjustment::lin && control.moments.size() > own;
  const auto without_covariates = [&]() -> Result<Contrast> {
    if (adjust) return lin(control.moments, treatment.moments, options);
    if (options.kind == MetricKind::mean)
      return welch(control.moments.marginal(0), treatment.moments.marginal(0),
                   options.confidence_level);
    if (options.kind == MetricKind::ratio)
      return ratio_delta(control.moments, treatment.moments, options.confidence_level);
    ASSAY_TRY(const auto x_control, successes_of(control, "control"));
    ASSAY_TRY(const auto x_treatment, successes_of(treatment, "treatment"));
    return two_proportion({x_control, control.moments.n, x_treatment, treatment.moments.n},
                          options.confidence_level);
  };
  ASSAY_TRY(auto out, without_covariates());
  if (options.kind == MetricKind::mean) {
    note_skewness(out, control, "control");
    note_skewness(out, treatment, "treatment");
  }
  if (options.adjustment == Adjustment::lin && !adjust)
    out.notes.push_back({"unadjusted", "no covariate was given; the contrast is not adjusted"});
  return out;
}

}  // namespace assay::stats
