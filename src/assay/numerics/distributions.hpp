#pragma once

#include <cstdint>

namespace assay::numerics {

/// Probability distributions. `cdf` is P(X <= x), `sf` the upper tail P(X > x) computed by
/// complement (never 1 - cdf), `quantile(p)` the x with cdf(x) = p, `upper_quantile(q)` the x
/// with sf(x) = q (exact for q far below 1e-16, where quantile(1 - q) is infinite).
///
/// Assume 0 < p < 1, dof > 0 (real), n >= 0; an argument outside its range gives a quiet NaN and
/// never throws, so callers check ranges at their own door.
/// Computed with Boost.Math 1.81; the log tails by asymptotic series and continued fraction
/// (Abramowitz & Stegun 26.2.12 and 6.5.31).

double normal_cdf(double z);
double normal_sf(double z);
/// normal_quantile(p) stands in sampling.hpp.
double normal_upper_quantile(double q);
/// log(sf(z)), right where sf itself underflows (z > 38).
double normal_log_sf(double z);

double student_t_cdf(double t, double dof);
double student_t_sf(double t, double dof);
double student_t_quantile(double p, double dof);
double student_t_upper_quantile(double q, double dof);

/// Non-central t with non-centrality `shift`; the power of a t test.
double noncentral_t_cdf(double t, double dof, double shift);
double noncentral_t_sf(double t, double dof, double shift);

double chi_squared_cdf(double x, double dof);
double chi_squared_sf(double x, double dof);
double chi_squared_quantile(double p, double dof);
double chi_squared_upper_quantile(double q, double dof);
/// log(sf(x)), right for tails far below 1e-308.
double log_chi_squared_sf(double x, double dof);

double f_cdf(double x, double dof_numerator, double dof_denominator);
double f_sf(double x, double dof_numerator, double dof_denominator);
double f_quantile(double p, double dof_numerator, double dof_denominator);
double f_upper_quantile(double q, double dof_numerator, double dof_denominator);

/// Successes in n independent trials of probability p (0 <= p <= 1).
double binomial_log_pmf(std::int64_t k, std::int64_t n, double p);
double binomial_cdf(std::int64_t k, std::int64_t n, double p);
double binomial_sf(std::int64_t k, std::int64_t n, double p);
/// The smallest k with cdf(k) >= probability.
std::int64_t binomial_quantile(double probability, std::int64_t n, double p);

double beta_quantile(double p, double a, double b);
double beta_upper_quantile(double q, double a, double b);

}  // namespace assay::numerics
