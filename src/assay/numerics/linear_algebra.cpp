#include "assay/numerics/linear_algebra.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <cmath>

namespace assay::numerics {
namespace {

/// The matrix scaled to unit diagonal, and the scale: a = s S s with s_i = sqrt(a_ii).
struct Scaled {
  Eigen::MatrixXd matrix;
  Eigen::VectorXd scale;
};

Scaled unit_diagonal(const SymmetricMatrix& a) {
  const auto n = static_cast<Eigen::Index>(a.size);
  Scaled out{Eigen::MatrixXd(n, n), Eigen::VectorXd(n)};
  for (std::size_t i = 0; i < a.size; ++i)
    out.scale[static_cast<Eigen::Index>(i)] = std::sqrt(a.at(i, i));
  for (std::size_t i = 0; i < a.size; ++i) {
    for (std::size_t j = 0; j < a.size; ++j) {
      const auto r = static_cast<Eigen::Index>(i);
      const auto c = static_cast<Eigen::Index>(j);
      out.matrix(r, c) = a.at(i, j) / out.scale[r] / out.scale[c];
    }
  }
  return out;
}

}  // namespace

std::vector<std::size_t> independent_rows(const SymmetricMatrix& a, double tolerance) {
  std::vector<std::size_t> kept;
  std::vector<std::vector<double>> factor;  // Rows of the Cholesky factor of the kept ones.
  for (std::size_t j = 0; j < a.size; ++j) {
    const double own = a.at(j, j);
    if (!(own > 0.0) || !std::isfinite(own)) continue;
    std::vector<double> row;
    double left = 1.0;
    for (std::size_t k = 0; k < kept.size(); ++k) {
      double value = a.at(j, kept[k]) / std::sqrt(own) / std::sqrt(a.at(kept[k], kept[k]));
      for (std::size_t m = 0; m < k; ++m) value -= row[m] * factor[k][m];
      row.push_back(value / factor[k][k]);
      left -= row.back() * row.back();
    }
    if (!(left > tolerance)) continue;
    row.push_back(std::sqrt(left));
    kept.push_back(j);
    factor.push_back(std::move(row));
  }
  return kept;
}

SymmetricMatrix submatrix(const SymmetricMatrix& a, std::span<const std::size_t> rows) {
  SymmetricMatrix out(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = i; j < rows.size(); ++j) out.set(i, j, a.at(rows[i], rows[j]));
  return out;
}

SymmetricMatrix sum(const SymmetricMatrix& a, const SymmetricMatrix& b) {
  SymmetricMatrix out = a;
  for (std::size_t i = 0; i < out.packed.size(); ++i) out.packed[i] += b.packed[i];
  return out;
}

SymmetricMatrix scaled(const SymmetricMatrix& a, double factor) {
  SymmetricMatrix out = a;
  for (double& value : out.packed) value *= factor;
  return out;
}

std::vector<double> solve(const SymmetricMatrix& a, std::span<const double> b) {
  if (a.size == 0) return {};
  const Scaled s = unit_diagonal(a);
  Eigen::VectorXd right(static_cast<Eigen::Index>(a.size));
  for (std::size_t i = 0; i < a.size; ++i) {
    const auto r = static_cast<Eigen::Index>(i);
    right[r] = b[i] / s.scale[r];
  }
  const Eigen::VectorXd x = s.matrix.ldlt().solve(right);
  std::vector<double> out(a.size);
  for (std::size_t i = 0; i < a.size; ++i) {
    const auto r = static_cast<Eigen::Index>(i);
    out[i] = x[r] / s.scale[r];
  }
  return out;
}

SymmetricMatrix inverse(const SymmetricMatrix& a) {
  SymmetricMatrix out(a.size);
  std::vector<double> unit(a.size, 0.0);
  for (std::size_t j = 0; j < a.size; ++j) {
    unit[j] = 1.0;
    const auto column = solve(a, unit);
    for (std::size_t i = 0; i <= j; ++i) out.set(i, j, column[i]);
    unit[j] = 0.0;
  }
  return out;
}

SymmetricEigen symmetric_eigen(const SymmetricMatrix& a) {
  const auto n = static_cast<Eigen::Index>(a.size);
  Eigen::MatrixXd matrix(n, n);
  for (std::size_t i = 0; i < a.size; ++i)
    for (std::size_t j = 0; j < a.size; ++j)
      matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = a.at(i, j);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix);
  SymmetricEigen out{a.size, {}, {}};
  for (Eigen::Index k = 0; k < n; ++k) {
    out.values.push_back(solver.eigenvalues()[k]);
    for (Eigen::Index i = 0; i < n; ++i) out.vectors.push_back(solver.eigenvectors()(i, k));
  }
  return out;
}

double quadratic(std::span<const double> x, const SymmetricMatrix& a, std::span<const double> y) {
  double total = 0.0;
  for (std::size_t i = 0; i < a.size; ++i)
    for (std::size_t j = 0; j < a.size; ++j) total += x[i] * a.at(i, j) * y[j];
  return total;
}

double dot(std::span<const double> x, std::span<const double> y) {
  double total = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) total += x[i] * y[i];
  return total;
}

}  // namespace assay::numerics
