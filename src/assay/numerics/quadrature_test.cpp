#include "assay/numerics/quadrature.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace assay::numerics {
namespace {

TEST(Quadrature, IsExactForPolynomialsUpToDegree49) {
  for (const int pieces : {1, 3}) {
    double sum = 0.0;
    for (const Node& node : quadrature_nodes(0.0, 2.0, pieces))
      sum += node.weight * std::pow(node.x, 49);
    EXPECT_NEAR(sum / (std::pow(2.0, 50) / 50.0), 1.0, 1e-13);
  }
}

TEST(Quadrature, IntegratesADensity) {
  double sum = 0.0;
  for (const Node& node : quadrature_nodes(-9.0, 9.0, 6))
    sum += node.weight * std::exp(-0.5 * node.x * node.x);
  EXPECT_NEAR(sum, std::sqrt(2.0 * M_PI), 1e-13);
}

}  // namespace
}  // namespace assay::numerics
