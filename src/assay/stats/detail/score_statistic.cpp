#include "assay/stats/detail/score_statistic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay::stats::detail {
namespace {

/// Slope of the log-likelihood in the control proportion p, treatment = p + d; falls in p.
double likelihood_slope(const Arms& a, double p, double d) {
  const auto term = [](double count, double share) {
    return count == 0.0 ? 0.0 : count / std::max(0.0, share);  // An edge may round below 0.
  };
  return term(a.x1, p) - term(a.n1 - a.x1, 1.0 - p) + term(a.x2, p + d) -
         term(a.n2 - a.x2, 1.0 - p - d);
}

double likelihood_curvature(const Arms& a, double p, double d) {
  const auto term = [](double count, double share) {
    return count == 0.0 ? 0.0 : count / (share * share);
  };
  return -term(a.x1, p) - term(a.n1 - a.x1, 1.0 - p) - term(a.x2, p + d) -
         term(a.n2 - a.x2, 1.0 - p - d);
}

double z_from(double numerator, double variance) {
  if (variance > 0.0) return numerator / std::sqrt(variance);
  if (std::abs(numerator) < 1e-15) return 0.0;
  return std::copysign(std::numeric_limits<double>::infinity(), numerator);
}

double bernoulli_variance(double p) { return std::max(0.0, p * (1.0 - p)); }

double difference_z(const Arms& a, double d) {
  const double numerator = (a.x2 * a.n1 - a.x1 * a.n2) / (a.n1 * a.n2) - d;
  const double p1 = d == 0.0 ? (a.x1 + a.x2) / (a.n1 + a.n2) : constrained_control(a, d);
  return z_from(numerator, bernoulli_variance(p1) / a.n1 + bernoulli_variance(p1 + d) / a.n2);
}

double ratio_z(const Arms& a, double r) {
  const double numerator = (a.x2 * a.n1 - r * a.x1 * a.n2) / (a.n1 * a.n2);
  if (r == 1.0) return difference_z(a, 0.0);
  const double m = a.x1 + a.x2;
  const double b = a.n1 + a.x2 + r * (a.n2 + a.x1);
  const double discriminant = b * b - 4.0 * (a.n1 + a.n2) * r * m;
  const double p1 = std::min(1.0, 2.0 * m / (b + std::sqrt(std::max(0.0, discriminant))));
  const double p2 = std::min(1.0, r * p1);
  return z_from(numerator, bernoulli_variance(p2) / a.n2 + r * r * bernoulli_variance(p1) / a.n1);
}

}  // namespace

Arms arms_of(const TwoCounts& counts) {
  return {static_cast<double>(counts.x_control), static_cast<double>(counts.n_control),
          static_cast<double>(counts.x_treatment), static_cast<double>(counts.n_treatment)};
}

double constrained_control(const Arms& a, double difference) {
  double low = std::max(0.0, -difference);
  double high = std::min(1.0, 1.0 - difference);
  if (!(high > low)) return low;
  if (!(likelihood_slope(a, low, difference) > 0.0)) return low;
  if (!(likelihood_slope(a, high, difference) < 0.0)) return high;
  double p = (a.x1 + a.x2 - a.n2 * difference) / (a.n1 + a.n2);
  if (!(p > low && p < high)) p = 0.5 * (low + high);
  // Newton kept inside a shrinking bracket: the closed form (a cubic) loses half the digits when
  // the proportions are small.
  for (int i = 0; i < 100; ++i) {
    const double slope = likelihood_slope(a, p, difference);
    (slope > 0.0 ? low : high) = p;
    double next = p - slope / likelihood_curvature(a, p, difference);
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (std::abs(next - p) <= 1e-14 * p) return next;
    p = next;
  }
  return p;
}

double score_z(const Arms& arms, ProportionNull null) {
  return null.scale == ProportionNull::Scale::difference ? difference_z(arms, null.value)
                                                         : ratio_z(arms, null.value);
}

}  // namespace assay::stats::detail
