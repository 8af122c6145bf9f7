#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/linear_algebra.hpp"
#include "assay/stats/contrast.hpp"

/// Sandwich variances from cross-products per cluster, never from rows.
///
/// With M = (X'X)^-1 = L L', B_g = L' X_g'X_g L and s_g = X_g'e_g, the score after the adjustment
/// A_g = f(X_g M X_g') of its rows is M X_g' A_g e_g = L f(B_g) L' s_g, because
/// X_g' f(X_g M X_g') = f(X_g'X_g M) X_g'. So a cluster costs p^3, whatever its number of units.
/// f(x) = 1 (CR0, CR1, CR1S), (1 - x)^-1/2 (CR2), (1 - x)^-1 (CR3), and 0 at x = 1 (the
/// Moore-Penrose inverse: that direction is fitted without residual).
/// References: Bell & McCaffrey, Survey Methodology 28 (2002) 169-181; Pustejovsky & Tipton, JBES
/// 36 (2018) 672-683. Weights enter X'X and X'y as inverse variances.
namespace assay::stats::detail {

/// Cross-products of p columns of every cluster.
struct ClusterProducts {
  std::size_t columns = 0;
  std::vector<double> xx;  ///< clusters x packed upper triangle.

  ClusterProducts(std::size_t p, std::size_t clusters)
      : columns(p), xx(clusters * p * (p + 1) / 2, 0.0) {}

  [[nodiscard]] std::size_t triangle() const { return columns * (columns + 1) / 2; }
  [[nodiscard]] std::size_t clusters() const { return xx.size() / triangle(); }
  [[nodiscard]] numerics::SymmetricMatrix of(std::size_t cluster) const;
  [[nodiscard]] numerics::SymmetricMatrix total() const;
  void add(std::size_t cluster, std::size_t i, std::size_t j, double value);  ///< i <= j.
};

/// (X'X)^-1 and its upper triangular root, M = L L'; row-major p x p.
struct Bread {
  std::size_t size = 0;
  std::vector<double> root;

  [[nodiscard]] std::vector<double> times(std::span<const double> x) const;            ///< M x.
  [[nodiscard]] std::vector<double> root_times(std::span<const double> x) const;       ///< L x.
  [[nodiscard]] std::vector<double> transpose_times(std::span<const double> x) const;  ///< L' x.
};

/// Fails with undefined_statistic, naming the column that others repeat.
Result<Bread> bread_of(const numerics::SymmetricMatrix& xx, std::span<const std::string> names);

/// Per cluster the p numbers L f(B_g) L' s_g: what the cluster adds to the error of the
/// coefficients. `scores` holds s_g, clusters x p.
std::vector<double> influences(const Bread& bread, const ClusterProducts& products,
                               std::span<const double> scores, ClusterVariance variance);

/// The factor of the variance: G / (G - 1) and the like; n units, p coefficients.
double variance_factor(ClusterVariance variance, std::size_t clusters, double n, double p);

/// factor * sum of r_g r_g' over rows of p numbers.
numerics::SymmetricMatrix outer_sum(std::span<const double> rows, std::size_t p, double factor);

/// Satterthwaite degrees of freedom of the variance of c'beta, for each contrast c, when units are
/// alike and independent: (tr P)^2 / tr P^2 with P_gh = [g = h] a_g - b_g'b_h,
/// b_g = B_g f(B_g) L'c, a_g = (L'c)' f(B_g) B_g f(B_g) L'c.
std::vector<double> satterthwaite(const Bread& bread, const ClusterProducts& products,
                                  std::span<const std::vector<double>> contrasts,
                                  ClusterVariance variance);

/// Codes as positions 0, 1, ... in order of first appearance.
struct ClusterIndex {
  std::vector<std::size_t> of_row;
  std::vector<std::int64_t> codes;  ///< Of each position.
};
ClusterIndex index_clusters(std::span<const std::int64_t> codes);

}  // namespace assay::stats::detail
