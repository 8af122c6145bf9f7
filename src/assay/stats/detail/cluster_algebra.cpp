#include "assay/stats/detail/cluster_algebra.hpp"

#include <fmt/core.h>

#include <cmath>
#include <unordered_map>

namespace assay::stats::detail {
namespace {

using numerics::SymmetricMatrix;

/// A column is collinear when the others explain all but this share of it.
constexpr double kCollinear = 1e-12;

/// A direction of a cluster that the fit leaves less than this share of has no residual.
constexpr double kFitted = 1e-10;

double adjustment(double leverage, ClusterVariance variance) {
  const double left = 1.0 - leverage;
  if (variance == ClusterVariance::cr2) return left > kFitted ? 1.0 / std::sqrt(left) : 0.0;
  if (variance == ClusterVariance::cr3) return left > kFitted ? 1.0 / left : 0.0;
  return 1.0;
}

bool adjusts(ClusterVariance variance) {
  return variance == ClusterVariance::cr2 || variance == ClusterVariance::cr3;
}

/// L' S L.
SymmetricMatrix between_roots(const Bread& bread, const SymmetricMatrix& s) {
  const std::size_t p = bread.size;
  SymmetricMatrix out(p);
  std::vector<double> column(p);
  for (std::size_t j = 0; j < p; ++j) {
    for (std::size_t i = 0; i < p; ++i) {  // S times column j of L; L is upper triangular.
      column[i] = 0.0;
      for (std::size_t k = 0; k <= j; ++k) column[i] += s.at(i, k) * bread.root[k * p + j];
    }
    for (std::size_t i = 0; i <= j; ++i) {
      double value = 0.0;
      for (std::size_t k = 0; k <= i; ++k) value += bread.root[k * p + i] * column[k];
      out.set(i, j, value);
    }
  }
  return out;
}

double along(const numerics::SymmetricEigen& e, std::size_t k, std::span<const double> x) {
  return numerics::dot(std::span(e.vectors).subspan(k * e.size, e.size), x);
}

}  // namespace

SymmetricMatrix ClusterProducts::of(std::size_t cluster) const {
  SymmetricMatrix out(columns);
  const auto first = xx.begin() + static_cast<std::ptrdiff_t>(cluster * triangle());
  out.packed.assign(first, first + static_cast<std::ptrdiff_t>(triangle()));
  return out;
}

SymmetricMatrix ClusterProducts::total() const {
  SymmetricMatrix out(columns);
  for (std::size_t k = 0; k < xx.size(); ++k) out.packed[k % triangle()] += xx[k];
  return out;
}

void ClusterProducts::add(std::size_t cluster, std::size_t i, std::size_t j, double value) {
  xx[cluster * triangle() + i * columns - i * (i + 1) / 2 + j] += value;
}

std::vector<double> Bread::transpose_times(std::span<const double> x) const {
  std::vector<double> out(size, 0.0);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t k = 0; k <= i; ++k) out[i] += root[k * size + i] * x[k];
  return out;
}

std::vector<double> Bread::root_times(std::span<const double> x) const {
  std::vector<double> out(size, 0.0);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t k = i; k < size; ++k) out[i] += root[i * size + k] * x[k];
  return out;
}

std::vector<double> Bread::times(std::span<const double> x) const {
  return root_times(transpose_times(x));
}

Result<Bread> bread_of(const SymmetricMatrix& xx, std::span<const std::string> names) {
  const std::size_t p = xx.size;
  const auto kept = numerics::independent_rows(xx, kCollinear);
  for (std::size_t j = 0; j < p; ++j) {
    if (j < kept.size() && kept[j] == j) continue;
    return fail(ErrorCode::undefined_statistic,
                fmt::format("column {} is zero or repeats the columns before it",
                            j < names.size() ? names[j] : fmt::format("x{}", j + 1)),
                "", "leave it out");
  }
  // Cholesky of the matrix scaled to unit diagonal, then its inverse transposed and scaled back.
  std::vector<double> lower(p * p, 0.0);
  std::vector<double> scale(p);
  for (std::size_t i = 0; i < p; ++i) scale[i] = std::sqrt(xx.at(i, i));
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double value = xx.at(i, j) / scale[i] / scale[j];
      for (std::size_t k = 0; k < j; ++k) value -= lower[i * p + k] * lower[j * p + k];
      lower[i * p + j] = i == j ? std::sqrt(value) : value / lower[j * p + j];
    }
  }
  Bread bread{p, std::vector<double>(p * p, 0.0)};
  for (std::size_t j = 0; j < p; ++j) {  // Column j of the inverse of `lower` = row j of the root.
    for (std::size_t i = j; i < p; ++i) {
      double value = i == j ? 1.0 : 0.0;
      for (std::size_t k = j; k < i; ++k) value -= lower[i * p + k] * bread.root[j * p + k];
      bread.root[j * p + i] = value / lower[i * p + i];
    }
  }
  for (std::size_t i = 0; i < p; ++i)
    for (std::size_t j = i; j < p; ++j) bread.root[i * p + j] /= scale[i];
  return bread;
}

std::vector<double> influences(const Bread& bread, const ClusterProducts& products,
                               std::span<const double> scores, ClusterVariance variance) {
  const std::size_t p = bread.size;
  std::vector<double> out(scores.size());
  for (std::size_t g = 0; g < products.clusters(); ++g) {
    auto u = bread.transpose_times(scores.subspan(g * p, p));
    if (adjusts(variance)) {
      const auto e = numerics::symmetric_eigen(between_roots(bread, products.of(g)));
      std::vector<double> adjusted(p, 0.0);
      for (std::size_t k = 0; k < p; ++k) {
        const double part = adjustment(e.values[k], variance) * along(e, k, u);
        for (std::size_t i = 0; i < p; ++i) adjusted[i] += part * e.vectors[k * p + i];
      }
      u = std::move(adjusted);
    }
    const auto row = bread.root_times(u);
    std::copy(row.begin(), row.end(), out.begin() + static_cast<std::ptrdiff_t>(g * p));
  }
  return out;
}

double variance_factor(ClusterVariance variance, std::size_t clusters, double n, double p) {
  const auto g = static_cast<double>(clusters);
  if (variance == ClusterVariance::cr1) return g / (g - 1.0);
  if (variance == ClusterVariance::cr1s) return g / (g - 1.0) * (n - 1.0) / (n - p);
  return 1.0;
}

SymmetricMatrix outer_sum(std::span<const double> rows, std::size_t p, double factor) {
  SymmetricMatrix out(p);
  for (std::size_t first = 0; first < rows.size(); first += p)
    for (std::size_t i = 0, at = 0; i < p; ++i)
      for (std::size_t j = i; j < p; ++j, ++at) out.packed[at] += rows[first + i] * rows[first + j];
  return numerics::scaled(out, factor);
}

std::vector<double> satterthwaite(const Bread& bread, const ClusterProducts& products,
                                  std::span<const std::vector<double>> contrasts,
                                  ClusterVariance variance) {
  const std::size_t p = bread.size;
  struct Sums {
    std::vector<double> direction;  // L'c.
    double trace = 0.0;
    double squares = 0.0;
    SymmetricMatrix omega;  // Sum of b_g b_g'.
  };
  std::vector<Sums> sums;
  for (const auto& c : contrasts)
    sums.push_back({bread.transpose_times(c), 0.0, 0.0, SymmetricMatrix(p)});
  std::vector<double> b(p);
  for (std::size_t g = 0; g < products.clusters(); ++g) {
    const auto e = numerics::symmetric_eigen(between_roots(bread, products.of(g)));
    for (Sums& s : sums) {
      double a = 0.0;
      std::fill(b.begin(), b.end(), 0.0);
      for (std::size_t k = 0; k < p; ++k) {
        const double f = adjustment(e.values[k], variance);
        const double x = along(e, k, s.direction);
        a += f * f * e.values[k] * x * x;
        for (std::size_t i = 0; i < p; ++i) b[i] += f * e.values[k] * x * e.vectors[k * p + i];
      }
      const double bb = numerics::dot(b, b);
      s.trace += a - bb;
      s.squares += a * a - 2.0 * a * bb;
      for (std::size_t i = 0, at = 0; i < p; ++i)
        for (std::size_t j = i; j < p; ++j, ++at) s.omega.packed[at] += b[i] * b[j];
    }
  }
  std::vector<double> out;
  for (Sums& s : sums) {
    for (std::size_t i = 0; i < p; ++i)
      for (std::size_t j = 0; j < p; ++j) s.squares += s.omega.at(i, j) * s.omega.at(i, j);
    out.push_back(s.trace * s.trace / s.squares);
  }
  return out;
}

ClusterIndex index_clusters(std::span<const std::int64_t> codes) {
  ClusterIndex out;
  out.of_row.reserve(codes.size());
  std::unordered_map<std::int64_t, std::size_t> places;
  for (const std::int64_t code : codes) {
    const auto [at, fresh] = places.try_emplace(code, out.codes.size());
    if (fresh) out.codes.push_back(code);
    out.of_row.push_back(at->second);
  }
  return out;
}

}  // namespace assay::stats::detail
