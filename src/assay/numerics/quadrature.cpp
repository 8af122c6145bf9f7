#include "assay/numerics/quadrature.hpp"

#include <boost/math/quadrature/gauss.hpp>
#include <cstddef>

namespace assay::numerics {

std::vector<Node> quadrature_nodes(double low, double high, int pieces) {
  using Rule = boost::math::quadrature::gauss<double, 25>;  // Its half with x >= 0, 0 first.
  const auto& x = Rule::abscissa();
  const auto& weights = Rule::weights();
  std::vector<Node> nodes;
  nodes.reserve(static_cast<std::size_t>(pieces) * 25);
  const double half = (high - low) / (2.0 * pieces);
  for (int piece = 0; piece < pieces; ++piece) {
    const double middle = low + (2.0 * piece + 1.0) * half;
    nodes.push_back({middle, half * weights[0]});
    for (std::size_t i = 1; i < x.size(); ++i) {
      nodes.push_back({middle - half * x[i], half * weights[i]});
      nodes.push_back({middle + half * x[i], half * weights[i]});
    }
  }
  return nodes;
}

}  // namespace assay::numerics
