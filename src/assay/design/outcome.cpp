#include "assay/design/outcome.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::design {
namespace {

tl::unexpected<Error> wrong(std::string problem, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), "", std::move(fix));
}

constexpr std::size_t kFewestForDensity = 20;

}  // namespace

std::string_view to_text(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::mean:
      return "mean";
    case OutcomeKind::proportion:
      return "proportion";
    case OutcomeKind::ratio:
      return "ratio";
    case OutcomeKind::quantile:
      return "quantile";
  }
  return "";
}

Result<Outcome> mean_outcome(double mean, double control_sd, double treatment_sd) {
  const auto good = [](double sd) { return sd > 0.0 && std::isfinite(sd); };
  if (!std::isfinite(mean)) return wrong(fmt::format("the mean must be finite; got {}", mean));
  if (!good(control_sd) || !good(treatment_sd)) {
    return wrong(fmt::format("standard deviations must be positive; got {} and {}", control_sd,
                             treatment_sd));
  }
  return Outcome{OutcomeKind::mean, mean, control_sd * control_sd, treatment_sd * treatment_sd};
}

Result<Outcome> proportion_outcome(double share) {
  if (!(share > 0.0 && share < 1.0))
    return wrong(fmt::format("a proportion lies between 0 and 1; got {}", share),
                 "write 0.05 for 5 %");
  const double variance = share * (1.0 - share);
  return Outcome{OutcomeKind::proportion, share, variance, variance};
}

Result<Outcome> ratio_outcome(const RatioMoments& m) {
  if (!(m.variance_y >= 0.0 && m.variance_d >= 0.0) || !std::isfinite(m.variance_y) ||
      !std::isfinite(m.variance_d)) {
    return wrong(
        fmt::format("variances must not be negative; got {} and {}", m.variance_y, m.variance_d));
  }
  if (m.mean_d == 0.0 || !std::isfinite(m.mean_d) || !std::isfinite(m.mean_y))
    return wrong(fmt::format("the mean of the denominator must not be 0; got {}", m.mean_d));
  const double most = std::sqrt(m.variance_y * m.variance_d);
  if (!(std::abs(m.covariance) <= most * (1.0 + 1e-9))) {
    return wrong(fmt::format("the covariance {} is larger than the two variances allow ({})",
                             m.covariance, most));
  }
  const double ratio = m.mean_y / m.mean_d;
  const double variance =
      (m.variance_y - 2.0 * ratio * m.covariance + ratio * ratio * m.variance_d) /
      (m.mean_d * m.mean_d);
  if (!(variance > 0.0))
    return wrong("numerator and denominator move in step: no variance is left to plan with");
  return Outcome{OutcomeKind::ratio, ratio, variance, variance};
}

Result<Outcome> quantile_outcome(double q, double value, double density) {
  if (!(q > 0.0 && q < 1.0))
    return wrong(fmt::format("a quantile lies between 0 and 1; got {}", q));
  if (!(density > 0.0) || !std::isfinite(density) || !std::isfinite(value))
    return wrong(fmt::format("the density at the quantile must be positive; got {}", density));
  const double variance = q * (1.0 - q) / (density * density);
  return Outcome{OutcomeKind::quantile, value, variance, variance};
}

Result<Outcome> with_covariates(Outcome outcome, double correlation) {
  if (!(std::abs(correlation) < 1.0)) {
    return wrong(
        fmt::format("the correlation with covariates lies between -1 and 1; got {}", correlation));
  }
  outcome.variance_left *= 1.0 - correlation * correlation;
  return outcome;
}

Result<double> quantile_density(std::span<const double> sorted, double q) {
  if (!(q > 0.0 && q < 1.0))
    return wrong(fmt::format("a quantile lies between 0 and 1; got {}", q));
  if (sorted.size() < kFewestForDensity) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("a density needs {} values; got {}", kFewestForDensity, sorted.size()));
  }
  const auto n = static_cast<double>(sorted.size());
  const double x = numerics::normal_quantile(q);
  const double phi = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
  const double z = numerics::normal_upper_quantile(0.025);
  const double h = std::min({std::pow(n, -1.0 / 3.0) * std::pow(z, 2.0 / 3.0) *
                                 std::cbrt(1.5 * phi * phi / (2.0 * x * x + 1.0)),
                             0.9 * q, 0.9 * (1.0 - q)});
  const auto at = [&](double p) {
    const auto rank = static_cast<std::size_t>(std::ceil(n * p));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
  };
  const double width = at(q + h) - at(q - h);
  if (!(width > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                "the values around the quantile are all equal: there is no density", "",
                "plan for a share of units above a threshold instead");
  }
  return 2.0 * h / width;
}

}  // namespace assay::design
