#include "assay/numerics/distributions.hpp"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace assay::numerics {
namespace {

namespace bm = boost::math;
namespace bp = boost::math::policies;

/// Errors become NaN or infinity instead of exceptions.
using Quiet =
    bp::policy<bp::domain_error<bp::ignore_error>, bp::pole_error<bp::ignore_error>,
               bp::overflow_error<bp::ignore_error>, bp::underflow_error<bp::ignore_error>,
               bp::evaluation_error<bp::ignore_error>, bp::rounding_error<bp::ignore_error>,
               bp::indeterminate_result_error<bp::ignore_error>, bp::promote_double<false>,
               bp::discrete_quantile<bp::integer_round_up>>;

using Normal = bm::normal_distribution<double, Quiet>;
using StudentT = bm::students_t_distribution<double, Quiet>;
using NoncentralT = bm::non_central_t_distribution<double, Quiet>;
using ChiSquared = bm::chi_squared_distribution<double, Quiet>;
using FisherF = bm::fisher_f_distribution<double, Quiet>;
using Binomial = bm::binomial_distribution<double, Quiet>;
using Beta = bm::beta_distribution<double, Quiet>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// From here on the log tails come from expansions, where the tails themselves near underflow.
constexpr double kLargeZ = 30.0;
constexpr double kSmallTail = 1e-280;

/// log of the upper incomplete gamma function by Legendre's continued fraction, evaluated by
/// Lentz's method; x well above a.
double log_upper_gamma(double a, double x) {
  constexpr double kTiny = 1e-300;
  double b = x + 1.0 - a;
  double c = 1.0 / kTiny;
  double d = 1.0 / b;
  double fraction = d;
  for (int i = 1; i < 100'000; ++i) {
    const double an = -i * (i - a);
    b += 2.0;
    d = an * d + b;
    d = std::abs(d) < kTiny ? kTiny : d;
    c = b + an / c;
    c = std::abs(c) < kTiny ? kTiny : c;
    d = 1.0 / d;
    const double step = c * d;
    fraction *= step;
    if (std::abs(step - 1.0) < 1e-15) break;
  }
  return -x + a * std::log(x) + std::log(fraction);
}

double finite_or_nan(double probability) {
  return probability > 0.0 && probability < 1.0 ? probability : kNaN;
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_sf(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

double normal_upper_quantile(double q) {
  return bm::quantile(bm::complement(Normal(), finite_or_nan(q)));
}

double normal_log_sf(double z) {
  if (!(z > kLargeZ)) return std::log(normal_sf(z));
  const double w = 1.0 / (z * z);
  const double series = w * (-1.0 + w * (3.0 + w * (-15.0 + w * (105.0 - w * 945.0))));
  return -0.5 * z * z - std::log(z) - 0.5 * std::log(2.0 * std::numbers::pi) + std::log1p(series);
}

double student_t_cdf(double t, double dof) {
  return std::isinf(dof) ? normal_cdf(t) : bm::cdf(StudentT(dof), t);
}

double student_t_sf(double t, double dof) {
  return std::isinf(dof) ? normal_sf(t) : bm::cdf(bm::complement(StudentT(dof), t));
}

double student_t_quantile(double p, double dof) {
  return std::isinf(dof) ? -normal_upper_quantile(p)
                         : bm::quantile(StudentT(dof), finite_or_nan(p));
}

double student_t_upper_quantile(double q, double dof) {
  return std::isinf(dof) ? normal_upper_quantile(q)
                         : bm::quantile(bm::complement(StudentT(dof), finite_or_nan(q)));
}

double noncentral_t_cdf(double t, double dof, double shift) {
  return bm::cdf(NoncentralT(dof, shift), t);
}

double noncentral_t_sf(double t, double dof, double shift) {
  return bm::cdf(bm::complement(NoncentralT(dof, shift), t));
}

double chi_squared_cdf(double x, double dof) { return bm::cdf(ChiSquared(dof), x); }

double chi_squared_sf(double x, double dof) { return bm::cdf(bm::complement(ChiSquared(dof), x)); }

double chi_squared_quantile(double p, double dof) {
  return bm::quantile(ChiSquared(dof), finite_or_nan(p));
}

double chi_squared_upper_quantile(double q, double dof) {
  return bm::quantile(bm::complement(ChiSquared(dof), finite_or_nan(q)));
}

double log_chi_squared_sf(double x, double dof) {
  const double tail = chi_squared_sf(x, dof);
  if (!(tail < kSmallTail)) return std::log(tail);
  if (std::isinf(x)) return -std::numeric_limits<double>::infinity();
  return log_upper_gamma(0.5 * dof, 0.5 * x) - bm::lgamma(0.5 * dof, Quiet());
}

double f_cdf(double x, double dof_numerator, double dof_denominator) {
  return bm::cdf(FisherF(dof_numerator, dof_denominator), x);
}

double f_sf(double x, double dof_numerator, double dof_denominator) {
  return bm::cdf(bm::complement(FisherF(dof_numerator, dof_denominator), x));
}

double f_quantile(double p, double dof_numerator, double dof_denominator) {
  const double b = beta_quantile(p, 0.5 * dof_numerator, 0.5 * dof_denominator);
  return dof_denominator * b / (dof_numerator * (1.0 - b));
}

double f_upper_quantile(double q, double dof_numerator, double dof_denominator) {
  const double w = beta_quantile(q, 0.5 * dof_denominator, 0.5 * dof_numerator);
  return dof_denominator * (1.0 - w) / (dof_numerator * w);
}

double binomial_log_pmf(std::int64_t k, std::int64_t n, double p) {
  if (n < 0 || !(p >= 0.0 && p <= 1.0)) return kNaN;
  if (k < 0 || k > n) return -std::numeric_limits<double>::infinity();
  const auto trials = static_cast<double>(n);
  const auto hits = static_cast<double>(k);
  const double misses = trials - hits;
  double log_p = 0.0;
  if (k > 0) log_p += hits * std::log(p);
  if (k < n) log_p += misses * std::log1p(-p);
  if (k == 0 || k == n) return log_p;
  const double mass = bm::pdf(Binomial(trials, p), hits);  // Lanczos form, right for large n.
  if (mass > kSmallTail) return std::log(mass);
  return log_p + bm::lgamma(trials + 1.0, Quiet()) - bm::lgamma(hits + 1.0, Quiet()) -
         bm::lgamma(misses + 1.0, Quiet());
}

double binomial_cdf(std::int64_t k, std::int64_t n, double p) {
  if (n < 0 || !(p >= 0.0 && p <= 1.0)) return kNaN;
  if (k < 0) return 0.0;
  if (k >= n) return 1.0;
  return bm::cdf(Binomial(static_cast<double>(n), p), static_cast<double>(k));
}

double binomial_sf(std::int64_t k, std::int64_t n, double p) {
  if (n < 0 || !(p >= 0.0 && p <= 1.0)) return kNaN;
  if (k < 0) return 1.0;
  if (k >= n) return 0.0;
  return bm::cdf(bm::complement(Binomial(static_cast<double>(n), p), static_cast<double>(k)));
}

std::int64_t binomial_quantile(double probability, std::int64_t n, double p) {
  const auto reaches = [&](std::int64_t k) { return binomial_cdf(k, n, p) >= probability; };
  std::int64_t below = -1;  // Bisection: exact at ties, where a rounded inverse is not.
  std::int64_t above = n;
  while (above - below > 1) {
    const std::int64_t middle = below + (above - below) / 2;
    (reaches(middle) ? above : below) = middle;
  }
  return above;
}

double beta_quantile(double p, double a, double b) {
  return bm::quantile(Beta(a, b), finite_or_nan(p));
}

double beta_upper_quantile(double q, double a, double b) {
  return bm::quantile(bm::complement(Beta(a, b), finite_or_nan(q)));
}

}  // namespace assay::numerics
