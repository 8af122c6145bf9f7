#include "assay/sequential/detail/path_density.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential::detail {
namespace {

/// Normal tails beyond this many standard deviations (1e-17) are left out.
constexpr double kReach = 8.5;
constexpr int kMostNodes = 4096;
constexpr double kInverseRootTwoPi = 0.3989422804014326779;

double upper_tail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

/// Nodes for a product of two Gaussians of combined standard deviation `sd` over a half-width:
/// the Chebyshev coefficients fall like exp(-n^2 sd^2 / half^2).
int nodes_for(double half, double sd, double refine) {
  const double wanted = refine * (12.0 + 4.0 * half / sd);
  const int n = wanted > kMostNodes ? kMostNodes : static_cast<int>(std::ceil(wanted));
  return (n + 7) / 8 * 8;
}

}  // namespace

PathDensity::PathDensity(double drift, double z, double t)
    : drift_(drift), start_t_(t), start_score_(z * std::sqrt(t)), t_(t) {
  if (t == 0.0) start_score_ = 0.0;
  score_ = {start_score_};
  mass_ = {1.0};
}

double PathDensity::above(double z, double t) const {
  const double sd = std::sqrt(t - t_);
  const double at = z * std::sqrt(t) - drift_ * (t - t_);
  double sum = 0.0;
  for (std::size_t i = 0; i < score_.size(); ++i)
    sum += mass_[i] * upper_tail((at - score_[i]) / sd);
  return sum;
}

double PathDensity::below(double z, double t) const {
  const double sd = std::sqrt(t - t_);
  const double at = z * std::sqrt(t) - drift_ * (t - t_);
  double sum = 0.0;
  for (std::size_t i = 0; i < score_.size(); ++i)
    sum += mass_[i] * upper_tail((score_[i] - at) / sd);
  return sum;
}

double PathDensity::density(double z, double t) const {
  const double sd = std::sqrt(t - t_);
  const double at = z * std::sqrt(t) - drift_ * (t - t_);
  double sum = 0.0;
  for (std::size_t i = 0; i < score_.size(); ++i) {
    const double u = (at - score_[i]) / sd;
    sum += mass_[i] * std::exp(-0.5 * u * u);
  }
  return sum * kInverseRootTwoPi * std::sqrt(t) / sd;
}

void PathDensity::advance(double t, std::span<const Continuation> regions, double next) {
  const double root = std::sqrt(t);
  const double from_start = std::sqrt(t - start_t_);
  const double middle = start_score_ + drift_ * (t - start_t_);
  const double in = t - t_;
  const double out = next - t;
  const double sd = std::sqrt(in * out / (in + out));
  std::vector<double> score;
  std::vector<double> mass;
  for (const Continuation& region : regions) {
    const double low = std::max(region.low * root, middle - kReach * from_start);
    const double high = std::min(region.high * root, middle + kReach * from_start);
    if (!(low < high)) continue;
    const double half = 0.5 * (high - low);
    const GaussRule& rule = gauss_legendre(nodes_for(half, sd, refine_));
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      const double at = 0.5 * (high + low) + half * rule.nodes[i];
      score.push_back(at);
      // density() is per unit of z; a unit of score is 1 / root of it.
      mass.push_back(half * rule.weights[i] * density(at / root, t) / root);
    }
  }
  score_ = std::move(score);
  mass_ = std::move(mass);
  t_ = t;
}

double PathDensity::mass() const { return std::accumulate(mass_.begin(), mass_.end(), 0.0); }

double upper_bound_for(const PathDensity& path, double t, double target) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (!(target > 0.0)) return kInfinity;
  if (!(target < path.mass())) return -kInfinity;
  // Newton on the logarithm of the tail, which is concave: from the left of the root it
  // overshoots at most once, then falls monotonically. Bisection guards each step.
  double low = -40.0;
  double high = 40.0;
  const double goal = std::log(target);
  double z = target < 0.5 ? numerics::normal_upper_quantile(target) : 0.0;
  for (int i = 0; i < 200; ++i) {
    const double tail = path.above(z, t);
    const double miss = std::log(tail) - goal;
    (miss > 0.0 ? low : high) = z;
    double next = z + miss * tail / path.density(z, t);
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    const double move = std::abs(next - z);
    z = next;
    if (move <= 1e-14 * std::max(1.0, std::abs(z))) break;
  }
  return z;
}

double lower_bound_for(const PathDensity& path, double t, double target) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (!(target > 0.0)) return -kInfinity;
  const double mass = path.mass();
  if (!(target < mass)) return kInfinity;
  double low = -40.0;
  double high = 40.0;
  const double goal = std::log(target);
  double z = 0.0;
  for (int i = 0; i < 200; ++i) {
    const double tail = path.below(z, t);
    const double miss = std::log(tail) - goal;
    (miss > 0.0 ? high : low) = z;
    double next = z - miss * tail / path.density(z, t);
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    const double move = std::abs(next - z);
    z = next;
    if (move <= 1e-14 * std::max(1.0, std::abs(z))) break;
  }
  return z;
}

}  // namespace assay::sequential::detail
