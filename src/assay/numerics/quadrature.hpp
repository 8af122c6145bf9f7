#pragma once

#include <vector>

namespace assay::numerics {

struct Node {
  double x = 0.0;
  double weight = 0.0;
};

/// The integral of f over [low, high] is the sum of weight * f(x): Gauss-Legendre of 25 points on
/// each of `pieces` equal parts. For smooth f exact to rounding with few pieces.
/// Assumes low < high and pieces >= 1. Nodes of Boost.Math.
std::vector<Node> quadrature_nodes(double low, double high, int pieces);

}  // namespace assay::numerics
