#include "assay/resampling/uniformity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace assay::resampling {
namespace {

/// P(sup of a Brownian bridge > x), by the series that converges fast on either side of 1.
double kolmogorov_sf(double x) {
  constexpr double kPi = 3.14159265358979323846;
  if (x <= 0.0) return 1.0;
  if (x < 1.0) {
    double sum = 0.0;
    for (int k = 1; k <= 9; k += 2) sum += std::exp(-k * k * kPi * kPi / (8.0 * x * x));
    return 1.0 - std::sqrt(2.0 * kPi) / x * sum;
  }
  double sum = 0.0;
  for (int k = 1; k <= 8; ++k) sum += (k % 2 == 1 ? 2.0 : -2.0) * std::exp(-2.0 * k * k * x * x);
  return std::clamp(sum, 0.0, 1.0);
}

/// P(A^2 < z) in the limit; Marsaglia & Marsaglia (2004), function adinf.
double anderson_darling_limit(double z) {
  if (z < 2.0) {
    return std::exp(-1.2337141 / z) / std::sqrt(z) *
           (2.00012 +
            (0.247105 - (0.0649821 - (0.0347962 - (0.011672 - 0.00168691 * z) * z) * z) * z) * z);
  }
  return std::exp(-std::exp(
      1.0776 - (2.30695 - (0.43424 - (0.082433 - (0.008056 - 0.0003146 * z) * z) * z) * z) * z));
}

/// The error of the limit at n, function errfix of the same paper.
double anderson_darling_correction(double n, double x) {
  if (x > 0.8) {
    return (-130.2137 +
            (745.2337 - (1705.091 - (1950.646 - (1116.360 - 255.7844 * x) * x) * x) * x) * x) /
           n;
  }
  const double c = 0.01265 + 0.1757 / n;
  if (x < c) {
    const double t = x / c;
    return std::sqrt(t) * (1.0 - t) * (49.0 * t - 102.0) *
           (0.0037 / (n * n * n) + 0.00078 / (n * n) + 0.00006 / n);
  }
  const double t = (x - c) / (0.8 - c);
  const double g =
      -0.00022633 + (6.54034 - (14.6538 - (14.458 - (8.259 - 1.91864 * t) * t) * t) * t) * t;
  return g * (0.04213 / n + 0.01365 / (n * n));
}

}  // namespace

Result<Uniformity> uniformity(std::span<const double> p_values) {
  if (p_values.empty()) {
    return fail(ErrorCode::undefined_statistic, "uniformity needs a p-value; got none");
  }
  std::vector<double> sorted(p_values.begin(), p_values.end());
  for (const double p : sorted) {
    if (p >= 0.0 && p <= 1.0) continue;
    return fail(ErrorCode::invalid_data, fmt::format("a p-value lies in [0, 1]; got {}", p));
  }
  std::sort(sorted.begin(), sorted.end());
  Uniformity out;
  out.n = static_cast<std::int64_t>(sorted.size());
  const auto n = static_cast<double>(sorted.size());
  double sum = 0.0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto rank = static_cast<double>(i);
    out.kolmogorov_smirnov =
        std::max({out.kolmogorov_smirnov, (rank + 1.0) / n - sorted[i], sorted[i] - rank / n});
    const double low = std::max(sorted[i], 1e-300);
    const double high = std::max(1.0 - sorted[sorted.size() - 1 - i], 1e-300);
    sum += (2.0 * rank + 1.0) * (std::log(low) + std::log(high));
  }
  const double root = std::sqrt(n);
  out.kolmogorov_smirnov_p_value =
      kolmogorov_sf((root + 0.12 + 0.11 / root) * out.kolmogorov_smirnov);
  out.anderson_darling = -n - sum / n;
  const double limit = anderson_darling_limit(std::max(out.anderson_darling, 1e-6));
  out.anderson_darling_p_value =
      std::clamp(1.0 - limit - anderson_darling_correction(n, limit), 0.0, 1.0);
  return out;
}

}  // namespace assay::resampling
