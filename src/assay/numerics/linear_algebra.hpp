#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace assay::numerics {

/// A small symmetric matrix, stored as a packed upper triangle by rows (as CoMoments does).
struct SymmetricMatrix {
  std::size_t size = 0;
  std::vector<double> packed;

  SymmetricMatrix() = default;
  explicit SymmetricMatrix(std::size_t n) : size(n), packed(n * (n + 1) / 2, 0.0) {}

  [[nodiscard]] double at(std::size_t i, std::size_t j) const { return packed[index(i, j)]; }
  void set(std::size_t i, std::size_t j, double value) { packed[index(i, j)] = value; }

 private:
  [[nodiscard]] std::size_t index(std::size_t i, std::size_t j) const {
    const std::size_t row = i < j ? i : j;
    const std::size_t column = i < j ? j : i;
    return row * size - row * (row + 1) / 2 + column;
  }
};

/// The rows and columns of a positive semi-definite matrix that carry information of their own:
/// walking in the given order, j is kept when the part of it that the kept ones before do not
/// explain is more than `tolerance` of its own diagonal. A zero or non-finite diagonal is dropped.
std::vector<std::size_t> independent_rows(const SymmetricMatrix& a, double tolerance);

/// The matrix of the chosen rows and columns.
SymmetricMatrix submatrix(const SymmetricMatrix& a, std::span<const std::size_t> rows);

/// a + b, same size.
SymmetricMatrix sum(const SymmetricMatrix& a, const SymmetricMatrix& b);

/// factor * a.
SymmetricMatrix scaled(const SymmetricMatrix& a, double factor);

/// x with a x = b. Assumes a is positive definite (take independent_rows first): solved by LDL'
/// on the matrix scaled to unit diagonal, so units of the variables do not matter.
std::vector<double> solve(const SymmetricMatrix& a, std::span<const double> b);

/// The inverse of a positive definite matrix, column by column with solve.
SymmetricMatrix inverse(const SymmetricMatrix& a);

/// Eigenvalues, rising, and orthonormal vectors: a = sum of values[k] v_k v_k', v_k standing at
/// vectors[k * size] and after.
struct SymmetricEigen {
  std::size_t size = 0;
  std::vector<double> values;
  std::vector<double> vectors;
};
SymmetricEigen symmetric_eigen(const SymmetricMatrix& a);

/// x' a y.
double quadratic(std::span<const double> x, const SymmetricMatrix& a, std::span<const double> y);

double dot(std::span<const double> x, std::span<const double> y);

}  // namespace assay::numerics
