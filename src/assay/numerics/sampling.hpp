#pragma once

#include <cstdint>
#include <span>

#include "assay/numerics/philox.hpp"

namespace assay::numerics {

/// Draws from named distributions. Each is a function of uniforms, and so of (seed, stream,
/// index): the same draw in any order, on any machine, in any number of threads.
///
/// Functions of a uniform are the inverse distribution function: larger u, larger draw, and a
/// larger parameter never gives a smaller draw (of Poisson, exponential and geometric) at the same
/// u. That is what two worlds that share their draws need.
/// Assumes 0 < u < 1 and parameters inside the stated range; asserts nothing.

/// 32 random bits -> a uniform on the open interval (0, 1), multiples of 2^-32 plus a half.
constexpr double uniform_from(std::uint32_t word) {
  return (static_cast<double>(word) + 0.5) * 0x1p-32;
}

/// Standard normal, absolute error below 1e-15 of the value.
/// Source: Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484.
double normal_quantile(double u);

/// Exponential with this mean (> 0).
double exponential_quantile(double u, double mean);

/// Log-normal with this median (> 0) and standard deviation of the logarithm (>= 0).
double lognormal_quantile(double u, double median, double log_sd);

/// Poisson with this mean, 0 <= mean <= 500; by summing from 0, so its cost grows with the mean.
int poisson_quantile(double u, double mean);

/// Failures before the first success: mean (>= 0), P(k) = p (1-p)^k with p = 1 / (1 + mean).
int geometric_quantile(double u, double mean);

/// The position that u falls on along weights (all >= 0, sum > 0, need not sum to 1).
int categorical_quantile(double u, std::span<const double> weights);

/// Gamma with this shape and scale (both > 0); uses indices from `index` on, at most 2^16 of them.
/// Source: Marsaglia & Tsang, ACM Transactions on Mathematical Software 26 (2000) 363-372; shapes
/// below 1 through shape + 1.
double gamma_draw(const Philox& random, std::uint64_t index, double shape, double scale);

/// Poisson of any mean >= 0: quantile up to 500, above it the sum of pieces of mean 500; exact.
/// Uses indices index .. index + 63 (means up to 32,000) and more beyond.
std::int64_t poisson_draw(const Philox& random, std::uint64_t index, double mean);

/// Negative binomial: Poisson whose mean is gamma with this mean (> 0) and shape `dispersion`
/// (> 0), so the variance is mean + mean^2 / dispersion. Uses at most 2^17 indices.
std::int64_t negative_binomial_draw(const Philox& random, std::uint64_t index, double mean,
                                    double dispersion);

}  // namespace assay::numerics
