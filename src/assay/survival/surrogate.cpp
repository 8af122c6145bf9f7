#include "assay/survival/surrogate.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay::survival {
namespace {

using numerics::CoMoments;
using numerics::SymmetricMatrix;

constexpr double kCollinear = 1e-9;

bool finite(const CoMoments& m) {
  const auto good = [](double x) { return std::isfinite(x); };
  return std::all_of(m.mean.begin(), m.mean.end(), good) &&
         std::all_of(m.comoment.begin(), m.comoment.end(), good);
}

/// Centred squares and products of variables first .. first + size - 1.
SymmetricMatrix squares(const CoMoments& m, std::size_t first, std::size_t size) {
  SymmetricMatrix out(size);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = i; j < size; ++j) out.set(i, j, m.at(first + i, first + j));
  return out;
}

Result<void> require_rank(const SymmetricMatrix& a, const std::vector<std::string>& names) {
  const auto kept = numerics::independent_rows(a, kCollinear);
  if (kept.size() == a.size) return {};
  std::size_t lost = 0;
  while (lost < kept.size() && kept[lost] == lost) ++lost;
  return fail(ErrorCode::undefined_statistic,
              fmt::format("surrogate {} is constant or a combination of the others", names[lost]),
              "", "leave it out");
}

/// Slopes and residual variance of variable 0 on the rest, from one table of moments.
struct Regression {
  std::vector<double> slope;
  SymmetricMatrix inverse;
  double residual_variance = 0.0;
  double r_squared = 0.0;
};

Result<Regression> regress(const CoMoments& m, const std::vector<std::string>& names) {
  const std::size_t k = names.size();
  if (k == 0 || m.size() != k + 1)
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("moments must hold the outcome and the {} named surrogates; they hold {} "
                    "variables",
                    k, m.size()));
  if (!finite(m))
    return fail(ErrorCode::invalid_data, "the moments hold a value that is not finite");
  const auto left = m.n - static_cast<std::int64_t>(k) - 1;
  if (left < 2)
    return fail(ErrorCode::undefined_statistic,
                fmt::format("{} units are too few for {} surrogates", m.n, k));
  if (!(m.at(0, 0) > 0.0))
    return fail(ErrorCode::undefined_statistic, "the long-term outcome does not vary");
  const auto sxx = squares(m, 1, k);
  ASSAY_CHECK(require_rank(sxx, names));
  std::vector<double> sxy;
  for (std::size_t j = 0; j < k; ++j) sxy.push_back(m.at(0, j + 1));
  Regression out;
  out.slope = numerics::solve(sxx, sxy);
  out.inverse = numerics::inverse(sxx);
  const double explained = numerics::dot(out.slope, sxy);
  out.residual_variance = std::max(0.0, m.at(0, 0) - explained) / static_cast<double>(left);
  out.r_squared = std::clamp(explained / m.at(0, 0), 0.0, 1.0);
  return out;
}

/// Mean prediction of an arm and its variance from the arm's own units.
struct ArmIndex {
  double value = 0.0;
  double variance = 0.0;
  std::vector<double> from_history;  ///< Mean surrogates minus those of history.
};

ArmIndex index_of(const SurrogateFit& fit, const CoMoments& arm) {
  ArmIndex out;
  for (std::size_t j = 0; j < fit.slope.size(); ++j)
    out.from_history.push_back(arm.mean[j] - fit.surrogate_mean[j]);
  out.value = fit.outcome_mean + numerics::dot(fit.slope, out.from_history);
  const auto n = static_cast<double>(arm.n);
  const auto spread = squares(arm, 0, fit.slope.size());
  out.variance = numerics::quadratic(fit.slope, spread, fit.slope) / (n - 1.0) / n;
  return out;
}

/// Share of the arm's variance that the surrogates explain, over both arms.
double explained_assignment(const CoMoments& control, const CoMoments& treatment) {
  const auto nc = static_cast<double>(control.n);
  const auto nt = static_cast<double>(treatment.n);
  const double p = nt / (nc + nt);
  CoMoments all = control;
  all.merge(treatment);
  const auto sxx = squares(all, 0, all.size());
  const auto kept = numerics::independent_rows(sxx, kCollinear);
  if (kept.empty()) return 0.0;
  std::vector<double> sxw;
  for (const std::size_t j : kept)
    sxw.push_back(nc * nt / (nc + nt) * (treatment.mean[j] - control.mean[j]));
  const double explained = numerics::dot(sxw, numerics::solve(numerics::submatrix(sxx, kept), sxw));
  return std::clamp(explained / ((nc + nt) * p * (1.0 - p)), 0.0, 1.0);
}

}  // namespace

Result<SurrogateFit> fit_surrogate(const CoMoments& history, std::vector<std::string> names) {
  ASSAY_TRY(const auto line, regress(history, names));
  SurrogateFit out;
  out.names = std::move(names);
  out.n = history.n;
  out.outcome_mean = history.mean[0];
  out.surrogate_mean.assign(history.mean.begin() + 1, history.mean.end());
  out.slope = line.slope;
  out.slope_covariance = numerics::scaled(line.inverse, line.residual_variance);
  out.residual_variance = line.residual_variance;
  out.r_squared = line.r_squared;
  return out;
}

Result<SurrogateFit> fit_surrogate_of_units(std::span<const double> outcome,
                                            std::span<const double> surrogates,
                                            std::vector<std::string> names) {
  const std::size_t k = names.size();
  if (outcome.size() * k != surrogates.size())
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} units with {} surrogates need {} values; got {}", outcome.size(), k,
                            outcome.size() * k, surrogates.size()));
  CoMoments m(k + 1);
  std::vector<double> row(k + 1);
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    row[0] = outcome[i];
    std::copy_n(&surrogates[i * k], k, row.begin() + 1);
    m.add(row);
  }
  ASSAY_TRY(auto out, fit_surrogate(m, std::move(names)));
  const auto bread = numerics::inverse(squares(m, 1, k));
  SymmetricMatrix meat(k);
  std::vector<double> x(k);
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    for (std::size_t j = 0; j < k; ++j) x[j] = surrogates[i * k + j] - out.surrogate_mean[j];
    const double residual = outcome[i] - out.outcome_mean - numerics::dot(out.slope, x);
    const double leverage =
        1.0 / static_cast<double>(outcome.size()) + numerics::quadratic(x, bread, x);
    const double weight = residual * residual / std::max(1e-12, 1.0 - leverage);
    for (std::size_t a = 0; a < k; ++a)
      for (std::size_t b = a; b < k; ++b) meat.set(a, b, meat.at(a, b) + weight * x[a] * x[b]);
  }
  for (std::size_t a = 0; a < k; ++a) {
    for (std::size_t b = a; b < k; ++b) {
      std::vector<double> left(k);
      std::vector<double> right(k);
      for (std::size_t j = 0; j < k; ++j) {
        left[j] = bread.at(a, j);
        right[j] = bread.at(b, j);
      }
      out.slope_covariance.set(a, b, numerics::quadratic(left, meat, right));
    }
  }
  out.robust = true;
  return out;
}

Result<SurrogateEffect> surrogate_effect(const SurrogateFit& fit, const CoMoments& control,
                                         const CoMoments& treatment, double confidence_level) {
  const std::size_t k = fit.slope.size();
  if (control.size() != k || treatment.size() != k)
    return fail(ErrorCode::invalid_spec,
                fmt::format("both arms must carry the {} surrogates of the fit; got {} and {}", k,
                            control.size(), treatment.size()));
  if (control.n < 2 || treatment.n < 2)
    return fail(ErrorCode::undefined_statistic,
                fmt::format("an arm needs two units; got control {}, treatment {}", control.n,
                            treatment.n));
  if (!finite(control) || !finite(treatment))
    return fail(ErrorCode::invalid_data, "the moments of an arm hold a value that is not finite");
  const ArmIndex c = index_of(fit, control);
  const ArmIndex t = index_of(fit, treatment);
  const double level = fit.residual_variance / static_cast<double>(fit.n);
  const auto fit_covariance = [&](const ArmIndex& a, const ArmIndex& b) {
    return level + numerics::quadratic(a.from_history, fit.slope_covariance, b.from_history);
  };
  stats::EstimatedPair pair;
  pair.control_value = c.value;
  pair.treatment_value = t.value;
  pair.values = {c.variance + fit_covariance(c, c), t.variance + fit_covariance(t, t),
                 fit_covariance(c, t)};
  pair.degrees_of_freedom = std::numeric_limits<double>::infinity();
  pair.n_control = control.n;
  pair.n_treatment = treatment.n;
  SurrogateEffect out;
  ASSAY_TRY(out.contrast, stats::contrast_of_values(pair, confidence_level));
  const double variance = out.contrast.std_error * out.contrast.std_error;
  out.share_of_variance_from_fit = std::clamp(1.0 - (c.variance + t.variance) / variance, 0.0, 1.0);
  const double p = static_cast<double>(treatment.n) / static_cast<double>(control.n + treatment.n);
  out.bias_per_correlation = std::sqrt(
      fit.residual_variance * (1.0 - explained_assignment(control, treatment)) / (p * (1.0 - p)));
  const double nearest = std::max(out.contrast.ci_low, -out.contrast.ci_high);
  if (nearest > 0.0 && out.bias_per_correlation > 0.0)
    out.correlation_that_overturns = nearest / out.bias_per_correlation;
  return out;
}

Result<stats::Contrast> test_surrogacy(const CoMoments& control, const CoMoments& treatment,
                                       double confidence_level) {
  if (control.size() != treatment.size() || control.size() < 2)
    return fail(ErrorCode::invalid_spec,
                "both arms must carry the outcome and the same surrogates, one at least");
  if (control.n < 2 || treatment.n < 2)
    return fail(ErrorCode::undefined_statistic,
                "an arm needs two units with the long-term outcome");
  // Within-arm moments give the slopes; the arms' means, the gap at equal surrogates.
  const std::size_t k = control.size() - 1;
  CoMoments within = control;
  within.n = control.n + treatment.n - 1;  // One mean more is estimated than in one sample.
  for (std::size_t i = 0; i < within.comoment.size(); ++i)
    within.comoment[i] += treatment.comoment[i];
  std::vector<std::string> names;
  for (std::size_t j = 0; j < k; ++j) names.push_back(fmt::format("s{}", j + 1));
  ASSAY_TRY(const auto line, regress(within, names));
  std::vector<double> gap;
  for (std::size_t j = 0; j < k; ++j) gap.push_back(treatment.mean[j + 1] - control.mean[j + 1]);
  const double nc = static_cast<double>(control.n);
  const double nt = static_cast<double>(treatment.n);
  stats::EstimatedPair pair;
  pair.control_value = control.mean[0];
  pair.treatment_value = treatment.mean[0] - numerics::dot(line.slope, gap);
  pair.values = {line.residual_variance / nc,
                 line.residual_variance * (1.0 / nt + numerics::quadratic(gap, line.inverse, gap)),
                 0.0};
  pair.degrees_of_freedom = nc + nt - static_cast<double>(k) - 2.0;
  pair.n_control = control.n;
  pair.n_treatment = treatment.n;
  return stats::contrast_of_values(pair, confidence_level);
}

Result<stats::Balance> compare_surrogates(const CoMoments& history, const CoMoments& control,
                                          const std::vector<std::string>& names) {
  return stats::balance(history, control, names);
}

}  // namespace assay::survival
