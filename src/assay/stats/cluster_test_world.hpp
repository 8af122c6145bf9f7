#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "assay/stats/cluster_robust.hpp"

namespace assay::stats {

/// The world of tests/golden/clusters.R: 14 clusters of 2 to 15 units, 5 of them treated, drawn by
/// Lehmer's generator (16807, 2^31 - 1) from seed 20261122.
struct ClusterWorld {
  std::vector<double> one, t, x1, x2, y, d, w, inside;
  std::vector<Arm> arm;
  std::vector<std::int64_t> g, h;

  ClusterWorld() {
    std::int64_t state = 20261122;
    const auto u = [&state] {
      state = 16807 * state % 2147483647;
      return static_cast<double>(state) / 2147483647.0;
    };
    const std::vector<int> sizes{3, 9, 4, 12, 5, 2, 7, 15, 6, 3, 8, 4, 10, 5};
    const std::vector<int> treated{0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0};
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      const double shift = 2.0 * (u() - 0.5);
      for (int i = 0; i < sizes[k]; ++i) {
        const double a = u() + 0.5 * shift;
        const double b = u();
        const double e = u();
        const double f = u();
        const double v = u();
        g.push_back(static_cast<std::int64_t>(k) + 1);
        h.push_back(1 + static_cast<std::int64_t>(std::floor(6.0 * f)));
        one.push_back(1.0);
        t.push_back(treated[k]);
        arm.push_back(treated[k] == 1 ? Arm::treatment : Arm::control);
        x1.push_back(a);
        x2.push_back(b);
        w.push_back(0.5 + v);
        y.push_back(10.0 + shift + 1.5 * a + 0.4 * treated[k] * (1.0 + a) + 3.0 * (e - 0.5));
        d.push_back(1.0 + std::floor(4.0 * v));
        inside.push_back(g.size() % 3 == 0 ? 1.0 : 0.0);
      }
    }
  }

  [[nodiscard]] ClusteredUnits units() const { return {y, {}, {}, arm, g, {}}; }
  [[nodiscard]] ClusteredUnits ratio_units() const { return {y, d, {}, arm, g, {}}; }
};

}  // namespace assay::stats
