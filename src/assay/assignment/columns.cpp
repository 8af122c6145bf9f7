#include "assay/assignment/detail/columns.hpp"

#include <fmt/core.h>

#include <cmath>

#include "assay/numerics/linear_algebra.hpp"
#include "assay/numerics/moments.hpp"

namespace assay::assignment::detail {
namespace {

constexpr double kRankTolerance = 1e-10;

std::vector<double> centred(const std::vector<double>& column) {
  std::vector<double> x = column;
  const double mean = numerics::moments(x, 1).mean;
  for (double& value : x) value -= mean;
  return x;
}

/// Sum of squares that rounding may leave of a constant column.
double rounding_of(const std::vector<double>& column) {
  return numerics::dot(column, column) * 1e-24;
}

}  // namespace

Result<void> check_columns(const Covariates& columns) {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].size() != columns.front().size())
      return fail(ErrorCode::invalid_data,
                  fmt::format("covariate {} has {} values, the first has {}", c + 1,
                              columns[c].size(), columns.front().size()),
                  "covariates");
    for (std::size_t i = 0; i < columns[c].size(); ++i) {
      if (!std::isfinite(columns[c][i]))
        return fail(ErrorCode::invalid_data,
                    fmt::format("covariate {} of unit {} is missing or not finite", c + 1, i + 1),
                    "covariates", "fill it in, or leave the unit out");
    }
  }
  if (columns.empty() || columns.front().size() < 2)
    return fail(ErrorCode::undefined_statistic, "no balance without a covariate and two units",
                "covariates");
  return {};
}

Covariates orthonormal(const Covariates& columns) {
  Covariates kept;
  const auto n = static_cast<double>(columns.front().size());
  for (const auto& column : columns) {
    std::vector<double> x = centred(column);
    const double before = numerics::dot(x, x);
    for (int pass = 0; pass < 2; ++pass) {  // Twice: rounding brings removed parts back.
      for (const auto& q : kept) {
        const double share = numerics::dot(x, q) / (n - 1);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] -= share * q[i];
      }
    }
    const double after = numerics::dot(x, x);
    if (!(after > kRankTolerance * before) || !(after > rounding_of(column))) continue;
    const double root = std::sqrt(after / (n - 1));
    for (double& value : x) value /= root;
    kept.push_back(std::move(x));
  }
  return kept;
}

Covariates standardised(const Covariates& columns) {
  Covariates out;
  for (const auto& column : columns) {
    std::vector<double> x = centred(column);
    const double square = numerics::dot(x, x);
    if (!(square > rounding_of(column))) continue;
    const double root = std::sqrt(square / (static_cast<double>(x.size()) - 1));
    for (double& value : x) value /= root;
    out.push_back(std::move(x));
  }
  return out;
}

}  // namespace assay::assignment::detail
