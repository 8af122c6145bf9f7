#include "assay/stats/lin.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/linear_algebra.hpp"

namespace assay::stats {
namespace {

using numerics::CoMoments;
using numerics::dot;
using numerics::quadratic;
using numerics::SymmetricMatrix;

/// Under this many units per coefficient the arms share one slope.
constexpr double kUnitsPerCoefficient = 20.0;

/// A covariate is collinear when the others explain all but this share of its variance.
constexpr double kCollinear = 1e-9;

/// One arm taken apart: outcome columns first (y, or y and d), then the covariates in use.
struct Arm {
  double n = 0.0;
  std::vector<double> outcome_mean;
  std::vector<double> covariate_mean;
  SymmetricMatrix xx;                   ///< Centred cross-products of the covariates.
  std::vector<std::vector<double>> xy;  ///< Per outcome column.
  SymmetricMatrix yy;
};

Arm take_apart(const CoMoments& m, std::size_t outcomes, std::span<const std::size_t> used) {
  Arm arm;
  arm.n = static_cast<double>(m.n);
  arm.yy = SymmetricMatrix(outcomes);
  arm.xx = SymmetricMatrix(used.size());
  for (std::size_t i = 0; i < outcomes; ++i) {
    arm.outcome_mean.push_back(m.mean[i]);
    for (std::size_t j = i; j < outcomes; ++j) arm.yy.set(i, j, m.at(i, j));
    std::vector<double> column;
    for (const std::size_t x : used) column.push_back(m.at(i, outcomes + x));
    arm.xy.push_back(std::move(column));
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    arm.covariate_mean.push_back(m.mean[outcomes + used[i]]);
    for (std::size_t j = i; j < used.size(); ++j)
      arm.xx.set(i, j, m.at(outcomes + used[i], outcomes + used[j]));
  }
  return arm;
}

SymmetricMatrix covariate_products(const CoMoments& m, std::size_t outcomes) {
  SymmetricMatrix xx(m.size() - outcomes);
  for (std::size_t i = 0; i < xx.size; ++i)
    for (std::size_t j = i; j < xx.size; ++j) xx.set(i, j, m.at(outcomes + i, outcomes + j));
  return xx;
}

/// Covariates whose slope both arms (or, pooled, both together) can tell.
std::vector<std::size_t> usable(const CoMoments& control, const CoMoments& treatment,
                                std::size_t outcomes, bool pooled) {
  const SymmetricMatrix c = covariate_products(control, outcomes);
  const SymmetricMatrix t = covariate_products(treatment, outcomes);
  if (pooled) return numerics::independent_rows(sum(c, t), kCollinear);
  auto in_control = numerics::independent_rows(c, kCollinear);
  const auto in_treatment =
      numerics::independent_rows(numerics::submatrix(t, in_control), kCollinear);
  std::vector<std::size_t> both;
  for (const std::size_t i : in_treatment) both.push_back(in_control[i]);
  return both;
}

/// Means at the pooled covariate mean, and the linear score y (or (y - R d) / d) with its slopes.
struct Fit {
  double value = 0.0;
  std::vector<double> theta;       ///< Of y - R d, before division by the denominator.
  double denominator = 1.0;        ///< Adjusted mean of d; 1 without one.
  double residual_products = 0.0;  ///< Sum of squares of y - R d about its regression.
  double total_products = 0.0;     ///< About its mean.
  std::vector<double> offset;      ///< Arm's covariate mean minus the pooled one.
};

Result<Fit> fit_arm(const Arm& arm, const std::vector<std::vector<double>>& slopes,
                    std::span<const double> pooled_mean, std::string_view name) {
  Fit fit;
  for (std::size_t k = 0; k < pooled_mean.size(); ++k)
    fit.offset.push_back(arm.covariate_mean[k] - pooled_mean[k]);
  const auto adjusted = [&](std::size_t column) {
    return arm.outcome_mean[column] - dot(slopes[column], fit.offset);
  };
  fit.value = adjusted(0);
  fit.theta = slopes[0];
  std::vector<double> weights{1.0};
  if (slopes.size() == 2) {
    fit.denominator = adjusted(1);
    if (fit.denominator == 0.0 || arm.outcome_mean[1] == 0.0) {
      return fail(ErrorCode::undefined_statistic, "the denominator of the ratio sums to 0",
                  fmt::format("arm {}", name), "check the denominator's event and filter");
    }
    fit.value /= fit.denominator;
    weights.push_back(-fit.value);
    for (std::size_t k = 0; k < fit.theta.size(); ++k) fit.theta[k] -= fit.value * slopes[1][k];
  }
  std::vector<double> score_x(pooled_mean.size(), 0.0);
  for (std::size_t c = 0; c < weights.size(); ++c)
    for (std::size_t k = 0; k < score_x.size(); ++k) score_x[k] += weights[c] * arm.xy[c][k];
  fit.total_products = quadratic(weights, arm.yy, weights);
  fit.residual_products = std::max(0.0, fit.total_products - 2.0 * dot(fit.theta, score_x) +
                                            quadratic(fit.theta, arm.xx, fit.theta));
  return fit;
}

std::vector<std::vector<double>> slopes_of(const SymmetricMatrix& xx,
                                           const std::vector<std::vector<double>>& xy) {
  std::vector<std::vector<double>> slopes;
  for (const auto& column : xy) slopes.push_back(numerics::solve(xx, column));
  return slopes;
}

std::vector<std::vector<double>> sum_columns(const std::vector<std::vector<double>>& a,
                                             const std::vector<std::vector<double>>& b) {
  auto out = a;
  for (std::size_t c = 0; c < a.size(); ++c)
    for (std::size_t k = 0; k < a[c].size(); ++k) out[c][k] += b[c][k];
  return out;
}

/// Residual variance and its degrees of freedom per arm.
struct Residual {
  double variance = 0.0;
  double degrees_of_freedom = 0.0;
};

/// Variance of the two adjusted values. Three parts: the arm's residuals; the estimated slope
/// times the distance of the arm's covariate mean from the pooled one; the pooled mean itself,
/// which moves both arms (the source of the covariance).
struct Spread {
  ValueCovariance values;
  double degrees_of_freedom = 0.0;
};

Spread spread_of(const Arm& control, const Arm& treatment, const Fit& fc, const Fit& ft,
                 bool pooled) {
  const double n = control.n + treatment.n;
  const auto q = static_cast<double>(fc.theta.size());
  const auto residual = [&](const Arm& arm, const Fit& fit) {
    const double used = 1.0 + (pooled ? q * arm.n / n : q);
    const double dof = std::max(1.0, arm.n - used);
    return Residual{fit.residual_products / dof, dof};
  };
  const Residual rc = residual(control, fc);
  const Residual rt = residual(treatment, ft);
  const SymmetricMatrix within = sum(control.xx, treatment.xx);
  const SymmetricMatrix x_covariance = numerics::scaled(within, 1.0 / (n - 2.0));
  // b' V a with V the variance of a slope: own slopes, or the shared one with both arms' noise.
  const auto slope_term = [&](std::span<const double> a, std::span<const double> b, const Arm& arm,
                              double variance) {
    if (q == 0.0) return 0.0;
    if (!pooled) return variance * dot(b, numerics::solve(arm.xx, a));
    const auto left = numerics::solve(within, a);
    const auto right = numerics::solve(within, b);
    return rc.variance * quadratic(left, control.xx, right) +
           rt.variance * quadratic(left, treatment.xx, right);
  };
  const double dc = fc.denominator;
  const double dt = ft.denominator;
  const double residual_c =
      (rc.variance / control.n + slope_term(fc.offset, fc.offset, control, rc.variance)) /
      (dc * dc);
  const double residual_t =
      (rt.variance / treatment.n + slope_term(ft.offset, ft.offset, treatment, rt.variance)) /
      (dt * dt);
  const double shared_slope =
      pooled ? slope_term(fc.offset, ft.offset, control, rc.variance) / (dc * dt) : 0.0;
  Spread out;
  out.values.control_variance =
      residual_c + quadratic(fc.theta, x_covariance, fc.theta) / n / (dc * dc);
  out.values.treatment_variance =
      residual_t + quadratic(ft.theta, x_covariance, ft.theta) / n / (dt * dt);
  out.values.covariance =
      quadratic(fc.theta, x_covariance, ft.theta) / n / (dc * dt) + shared_slope;
  const double total = residual_c + residual_t;
  const double share_c = total > 0.0 ? residual_c / total : 0.5;
  out.degrees_of_freedom = 1.0 / (share_c * share_c / rc.degrees_of_freedom +
                                  (1.0 - share_c) * (1.0 - share_c) / rt.degrees_of_freedom);
  return out;
}

UnadjustedContrast plain(const Contrast& c) {
  return {c.control_value, c.treatment_value, c.difference, c.std_error,
          c.ci_low,        c.ci_high,         c.p_value,    c.lift};
}

/// What compare gives when no adjustment is asked for.
Result<Contrast> without_covariates(const CoMoments& control, const CoMoments& treatment,
                                    CompareOptions options) {
  options.adjustment = Adjustment::none;
  return compare({control, std::nullopt}, {treatment, std::nullopt}, options);
}

std::string name_of(const CompareOptions& options, std::size_t covariate) {
  if (covariate < options.covariates.size()) return options.covariates[covariate];
  return fmt::format("x{}", covariate + 1);
}

void note_facts(Contrast& out, const AdjustmentFacts& facts) {
  for (const std::string& name : facts.dropped) {
    out.notes.push_back(
        {"covariate_dropped",
         fmt::format("covariate {} is constant or repeats others, and was left out", name)});
  }
  if (facts.pooled_slope) {
    out.notes.push_back(
        {"pooled_slope", "arms under 20 units per coefficient share one within-arm slope"});
  }
}

double share_explained(const Fit& control, const Fit& treatment) {
  const double total = control.total_products + treatment.total_products;
  const double left = control.residual_products + treatment.residual_products;
  return total > 0.0 ? std::clamp(1.0 - left / total, 0.0, 1.0) : 0.0;
}

Result<Contrast> adjusted(const CoMoments& control, const CoMoments& treatment,
                          const CompareOptions& options, AdjustmentFacts facts,
                          std::span<const std::size_t> used) {
  const std::size_t outcomes = options.kind == MetricKind::ratio ? 2 : 1;
  const Arm c = take_apart(control, outcomes, used);
  const Arm t = take_apart(treatment, outcomes, used);
  std::vector<double> pooled_mean;
  for (std::size_t k = 0; k < used.size(); ++k)
    pooled_mean.push_back((c.n * c.covariate_mean[k] + t.n * t.covariate_mean[k]) / (c.n + t.n));
  const SymmetricMatrix within = sum(c.xx, t.xx);
  const auto shared = sum_columns(c.xy, t.xy);
  const bool pooled = facts.pooled_slope;
  ASSAY_TRY(const auto fc, fit_arm(c, slopes_of(pooled ? within : c.xx, pooled ? shared : c.xy),
                                   pooled_mean, "control"));
  ASSAY_TRY(const auto ft, fit_arm(t, slopes_of(pooled ? within : t.xx, pooled ? shared : t.xy),
                                   pooled_mean, "treatment"));
  const Spread spread = spread_of(c, t, fc, ft, pooled);
  EstimatedPair pair;
  pair.method = outcomes == 2 ? Method::lin_ratio : Method::lin_mean;
  pair.control_value = fc.value;
  pair.treatment_value = ft.value;
  pair.values = spread.values;
  pair.degrees_of_freedom = spread.degrees_of_freedom;
  pair.n_control = control.n;
  pair.n_treatment = treatment.n;
  ASSAY_TRY(auto out, contrast_of_values(pair, options.confidence_level));
  facts.theta_control = fc.theta;
  facts.theta_treatment = ft.theta;
  facts.correlation = std::sqrt(share_explained(fc, ft));
  const double ratio = out.std_error / facts.unadjusted.std_error;
  facts.variance_reduction = 1.0 - ratio * ratio;
  note_facts(out, facts);
  out.adjustment = std::move(facts);
  return out;
}

}  // namespace

Result<Contrast> lin(const CoMoments& control, const CoMoments& treatment,
                     const CompareOptions& options) {
  ASSAY_TRY(auto unadjusted, without_covariates(control, treatment, options));
  const std::size_t outcomes = options.kind == MetricKind::ratio ? 2 : 1;
  const std::size_t covariates = control.size() - outcomes;
  const auto smaller = static_cast<double>(std::min(control.n, treatment.n));
  AdjustmentFacts facts;
  facts.unadjusted = plain(unadjusted);
  auto used = usable(control, treatment, outcomes, false);
  facts.pooled_slope = smaller < kUnitsPerCoefficient * (static_cast<double>(used.size()) + 1.0);
  if (facts.pooled_slope) used = usable(control, treatment, outcomes, true);
  const auto n = control.n + treatment.n;
  if (n < static_cast<std::int64_t>(used.size()) + 4) used.clear();
  for (std::size_t k = 0; k < covariates; ++k) {
    const bool kept = std::find(used.begin(), used.end(), k) != used.end();
    (kept ? facts.covariates : facts.dropped).push_back(name_of(options, k));
  }
  if (used.empty()) {
    note_facts(unadjusted, {.dropped = facts.dropped});
    unadjusted.notes.push_back(
        {"unadjusted", "no covariate could be used; the contrast is not adjusted"});
    return unadjusted;
  }
  return adjusted(control, treatment, options, std::move(facts), used);
}

}  // namespace assay::stats
