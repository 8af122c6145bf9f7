#include "assay/design/history.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "assay/numerics/linear_algebra.hpp"

namespace assay::design {
namespace {

constexpr double kTolerance = 1e-10;

/// Share of the outcome's variance that the covariates explain. `own(j)`: covariance of the
/// outcome with variable j; covariates stand from `first` on.
template <class Own>
double explained(const numerics::CoMoments& moments, std::size_t first, double variance, Own own,
                 std::size_t& used) {
  const std::size_t count = moments.size() - first;
  numerics::SymmetricMatrix between(count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = i; j < count; ++j)
      between.set(i, j, moments.covariance(first + i, first + j));
  const auto rows = numerics::independent_rows(between, kTolerance);
  used = rows.size();
  if (rows.empty()) return 0.0;
  std::vector<double> with;
  for (const std::size_t row : rows) with.push_back(own(first + row));
  const auto slopes = numerics::solve(numerics::submatrix(between, rows), with);
  return std::clamp(numerics::dot(slopes, with) / variance, 0.0, 1.0 - 1e-9);
}

}  // namespace

Result<HistoryOutcome> outcome_of_moments(stats::MetricKind kind,
                                          const numerics::CoMoments& moments, bool use_covariates) {
  const auto finite = [](double x) { return std::isfinite(x); };
  if (!std::all_of(moments.mean.begin(), moments.mean.end(), finite) ||
      !std::all_of(moments.comoment.begin(), moments.comoment.end(), finite)) {
    return fail(ErrorCode::invalid_data, "the metric has values that are not finite");
  }
  if (moments.n < 2) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("planning needs the past of two units or more; got {}", moments.n), "",
                "check the baseline days and the event that brings units in");
  }
  HistoryOutcome out;
  out.n = moments.n;
  const bool ratio = kind == stats::MetricKind::ratio;
  double variance = moments.covariance(0, 0);
  double r = 0.0;
  if (ratio) {
    if (moments.mean[1] == 0.0)
      return fail(ErrorCode::undefined_statistic, "the denominator is 0 in all of the history");
    r = moments.mean[0] / moments.mean[1];
    variance += r * r * moments.covariance(1, 1) - 2.0 * r * moments.covariance(0, 1);
  }
  if (!(variance > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                "every unit has the same value: there is nothing to plan with", "",
                "check the baseline days and the metric's events");
  }
  if (ratio) {
    ASSAY_TRY(out.outcome,
              ratio_outcome({moments.mean[0], moments.mean[1], moments.covariance(0, 0),
                             moments.covariance(1, 1), moments.covariance(0, 1)}));
  } else if (kind == stats::MetricKind::proportion) {
    ASSAY_TRY(out.outcome, proportion_outcome(moments.mean[0]));
  } else {
    ASSAY_TRY(out.outcome, mean_outcome(moments.mean[0], std::sqrt(variance), std::sqrt(variance)));
  }
  const std::size_t first = ratio ? 2 : 1;
  if (!use_covariates || moments.size() <= first) return out;
  const auto own = [&](std::size_t j) {
    return moments.covariance(0, j) - (ratio ? r * moments.covariance(1, j) : 0.0);
  };
  const double share = explained(moments, first, variance, own, out.covariates);
  out.correlation = std::sqrt(share);
  ASSAY_TRY(out.outcome, with_covariates(out.outcome, out.correlation));
  return out;
}

Result<Clusters> clusters_of(std::span<const numerics::Moments> clusters) {
  numerics::Moments sizes;
  numerics::Moments all;
  double within = 0.0;
  double squares = 0.0;
  for (const numerics::Moments& cluster : clusters) {
    if (cluster.n < 1) continue;
    sizes.add(static_cast<double>(cluster.n));
    squares += static_cast<double>(cluster.n) * static_cast<double>(cluster.n);
    within += cluster.m2;
    all.merge(cluster);
  }
  const auto k = static_cast<double>(sizes.n);
  const auto n = static_cast<double>(all.n);
  if (sizes.n < 2 || n <= k) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("an intracluster correlation needs two clusters and one of two units; "
                            "got {} clusters of {} units in all",
                            sizes.n, all.n));
  }
  if (!(all.m2 > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                "every unit has the same value: there is no intracluster correlation");
  }
  const double between = (all.m2 - within) / (k - 1.0);
  const double inside = within / (n - k);
  const double m0 = (n - squares / n) / (k - 1.0);
  Clusters out;
  out.mean_size = sizes.mean;
  out.size_cv = std::sqrt(sizes.m2 / (k - 1.0)) / sizes.mean;
  out.icc = std::clamp((between - inside) / (between + (m0 - 1.0) * inside), 0.0, 1.0);
  return out;
}

}  // namespace assay::design
