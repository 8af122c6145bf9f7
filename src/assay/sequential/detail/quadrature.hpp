#pragma once

#include <functional>
#include <span>
#include <vector>

namespace assay::sequential::detail {

/// Gauss-Legendre nodes and weights on (-1, 1), ascending.
struct GaussRule {
  std::vector<double> nodes;
  std::vector<double> weights;
};

/// The rule with n nodes, n >= 2; computed once, the reference stays valid.
/// Source: Newton on the Legendre recurrence; Abramowitz & Stegun 25.4.29.
const GaussRule& gauss_legendre(int n);

/// Integral of f over panels between ascending edges, 16 nodes a panel.
double integrate_panels(const std::function<double(double)>& f, std::span<const double> edges);

/// `count` panels of equal width between low and high.
std::vector<double> equal_panels(double low, double high, int count);

/// Root of a continuous f between low and high, where it changes sign (Brent 1973, ch. 4).
/// Stops when the bracket is below `tolerance` or f is 0; NaN when the signs agree.
double find_root(const std::function<double(double)>& f, double low, double high,
                 double tolerance = 1e-14);

/// The same, after moving an end outwards (by `step` times 1, 2, 4, ..; `low` no further than
/// `floor`) as long as f does not change sign between them. f falls.
double find_falling_root(const std::function<double(double)>& f, double low, double high,
                         double step, double floor, double tolerance = 1e-14);

}  // namespace assay::sequential::detail
