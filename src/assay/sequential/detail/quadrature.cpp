#include "assay/sequential/detail/quadrature.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <numbers>
#include <utility>

namespace assay::sequential::detail {
namespace {

/// P_n(x) and its derivative.
std::pair<double, double> legendre(int n, double x) {
  double previous = 1.0;
  double value = x;
  for (int k = 2; k <= n; ++k) {
    const double next = ((2.0 * k - 1.0) * x * value - (k - 1.0) * previous) / k;
    previous = value;
    value = next;
  }
  return {value, n * (x * value - previous) / (x * x - 1.0)};
}

GaussRule make_rule(int n) {
  GaussRule rule;
  rule.nodes.resize(static_cast<std::size_t>(n));
  rule.weights.resize(static_cast<std::size_t>(n));
  for (int i = 0; i < (n + 1) / 2; ++i) {
    double x = std::cos(std::numbers::pi * (i + 0.75) / (n + 0.5));
    double slope = 1.0;
    for (int step = 0; step < 100; ++step) {
      const auto [value, derivative] = legendre(n, x);
      slope = derivative;
      const double move = value / derivative;
      x -= move;
      if (std::abs(move) < 1e-16) break;
    }
    if (2 * i + 1 == n) x = 0.0;
    slope = legendre(n, x).second;
    const double weight = 2.0 / ((1.0 - x * x) * slope * slope);
    const auto left = static_cast<std::size_t>(i);
    const auto right = static_cast<std::size_t>(n - 1 - i);
    rule.nodes[left] = -x;
    rule.nodes[right] = x;
    rule.weights[left] = rule.weights[right] = weight;
  }
  return rule;
}

}  // namespace

const GaussRule& gauss_legendre(int n) {
  static std::map<int, GaussRule> rules;
  static std::mutex guard;
  const std::lock_guard lock(guard);
  const auto found = rules.find(n);
  if (found != rules.end()) return found->second;
  return rules.emplace(n, make_rule(n)).first->second;
}

double integrate_panels(const std::function<double(double)>& f, std::span<const double> edges) {
  static const GaussRule& rule = gauss_legendre(16);
  double total = 0.0;
  for (std::size_t p = 0; p + 1 < edges.size(); ++p) {
    const double half = 0.5 * (edges[p + 1] - edges[p]);
    const double middle = 0.5 * (edges[p + 1] + edges[p]);
    if (!(half > 0.0)) continue;
    double panel = 0.0;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i)
      panel += rule.weights[i] * f(middle + half * rule.nodes[i]);
    total += half * panel;
  }
  return total;
}

std::vector<double> equal_panels(double low, double high, int count) {
  std::vector<double> edges;
  for (int i = 0; i <= count; ++i) edges.push_back(low + (high - low) * i / count);
  return edges;
}

namespace {

double root_between(const std::function<double(double)>& f, double a, double fa, double b,
                    double fb, double tolerance) {
  if (fa == 0.0) return a;
  if (fb == 0.0) return b;
  if (!(fa * fb < 0.0)) return std::numeric_limits<double>::quiet_NaN();
  double c = a;
  double fc = fa;
  double step = b - a;
  double before = step;
  for (int i = 0; i < 200; ++i) {
    if ((fb > 0.0) == (fc > 0.0)) {
      c = a;
      fc = fa;
      step = before = b - a;
    }
    if (std::abs(fc) < std::abs(fb)) {
      a = b;
      b = c;
      c = a;
      fa = fb;
      fb = fc;
      fc = fa;
    }
    const double close = 2.0 * std::numeric_limits<double>::epsilon() * std::abs(b) + tolerance / 2;
    const double middle = 0.5 * (c - b);
    if (std::abs(middle) <= close || fb == 0.0) break;
    if (std::abs(before) < close || std::abs(fa) <= std::abs(fb)) {
      step = before = middle;
    } else {
      const double s = fb / fa;
      double p = 2.0 * middle * s;
      double q = 1.0 - s;
      if (a != c) {
        const double u = fa / fc;
        const double r = fb / fc;
        p = s * (2.0 * middle * u * (u - r) - (b - a) * (r - 1.0));
        q = (u - 1.0) * (r - 1.0) * (s - 1.0);
      }
      if (p > 0.0) q = -q;
      p = std::abs(p);
      if (2.0 * p < std::min(3.0 * middle * q - std::abs(close * q), std::abs(before * q))) {
        before = step;
        step = p / q;
      } else {
        step = before = middle;
      }
    }
    a = b;
    fa = fb;
    b += std::abs(step) > close ? step : std::copysign(close, middle);
    fb = f(b);
  }
  return b;
}

}  // namespace

double find_root(const std::function<double(double)>& f, double low, double high,
                 double tolerance) {
  return root_between(f, low, f(low), high, f(high), tolerance);
}

double find_falling_root(const std::function<double(double)>& f, double low, double high,
                         double step, double floor, double tolerance) {
  constexpr int kMostMoves = 24;
  double at_low = f(low);
  double at_high = f(high);
  double move = step;
  for (int i = 0; i < kMostMoves && at_low < 0.0 && low > floor; ++i, move *= 2.0) {
    high = low;
    at_high = at_low;
    low = std::max(floor, low - move);
    at_low = f(low);
  }
  move = step;
  for (int i = 0; i < kMostMoves && at_high > 0.0; ++i, move *= 2.0) {
    low = high;
    at_low = at_high;
    high += move;
    at_high = f(high);
  }
  return root_between(f, low, at_low, high, at_high, tolerance);
}

}  // namespace assay::sequential::detail
