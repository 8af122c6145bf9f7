#include "assay/numerics/linear_algebra.hpp"

#include <gmock/gmock.h>

namespace assay::numerics {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

SymmetricMatrix matrix(std::size_t size, std::vector<double> packed) {
  SymmetricMatrix a(size);
  a.packed = std::move(packed);
  return a;
}

TEST(LinearAlgebra, SolvesASystemSolvedByHand) {
  // 4x + y = 1, x + 3y = 2 has x = 1/11, y = 7/11.
  const auto x = solve(matrix(2, {4, 1, 3}), std::vector<double>{1, 2});
  EXPECT_THAT(x, ElementsAre(DoubleNear(1.0 / 11, 1e-15), DoubleNear(7.0 / 11, 1e-15)));
}

TEST(LinearAlgebra, UnitsOfTheVariablesDoNotMatter) {
  // The same system with the first variable counted in millionths.
  const auto x = solve(matrix(2, {4e12, 1e6, 3}), std::vector<double>{1e6, 2});
  EXPECT_NEAR(x[0] * 1e6, 1.0 / 11, 1e-14);
  EXPECT_NEAR(x[1], 7.0 / 11, 1e-14);
}

TEST(LinearAlgebra, TheSolutionPutBackGivesTheRightSide) {
  const auto a = matrix(3, {5, 1, -2, 7, 0.5, 9});
  const std::vector<double> b{1, -2, 3};
  const auto x = solve(a, b);
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<double> unit(3, 0.0);
    unit[i] = 1.0;
    EXPECT_NEAR(quadratic(unit, a, x), b[i], 1e-14);
  }
}

TEST(LinearAlgebra, ConstantAndRepeatedVariablesAreNotIndependent) {
  // Variables: u, 0, v, 2u + v (with u'u = 1, v'v = 4, u'v = 0.5).
  const auto a = matrix(4, {1, 0, 0.5, 2.5, 0, 0, 0, 4, 5, 10});
  EXPECT_THAT(independent_rows(a, 1e-9), ElementsAre(0u, 2u));
  EXPECT_EQ(submatrix(a, independent_rows(a, 1e-9)).packed, (std::vector<double>{1, 0.5, 4}));
}

TEST(LinearAlgebra, SumAndScaleWorkEntryByEntry) {
  const auto a = matrix(2, {1, 2, 3});
  EXPECT_EQ(sum(a, scaled(a, 2.0)).packed, (std::vector<double>{3, 6, 9}));
  EXPECT_EQ(dot(std::vector<double>{1, 2}, std::vector<double>{3, 4}), 11.0);
}

TEST(LinearAlgebra, EigenvaluesAndVectorsRebuildTheirMatrix) {
  const auto known = symmetric_eigen(matrix(2, {2, 1, 2}));  // Eigenvalues 1 and 3.
  EXPECT_NEAR(known.values[0], 1.0, 1e-14);
  EXPECT_NEAR(known.values[1], 3.0, 1e-14);
  const auto a = matrix(3, {5, 1, -2, 7, 0.5, 9});
  const auto e = symmetric_eigen(a);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      double rebuilt = 0.0;
      double product = 0.0;
      for (std::size_t k = 0; k < 3; ++k) {
        rebuilt += e.values[k] * e.vectors[k * 3 + i] * e.vectors[k * 3 + j];
        product += e.vectors[i * 3 + k] * e.vectors[j * 3 + k];
      }
      EXPECT_NEAR(rebuilt, a.at(i, j), 1e-13);
      EXPECT_NEAR(product, i == j ? 1.0 : 0.0, 1e-14);
    }
  }
}

TEST(LinearAlgebra, NothingToSolveIsNothing) {
  EXPECT_TRUE(solve(SymmetricMatrix(0), {}).empty());
  EXPECT_TRUE(independent_rows(SymmetricMatrix(0), 1e-9).empty());
}

}  // namespace
}  // namespace assay::numerics
