#include "assay/numerics/sampling.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace assay::numerics {
namespace {

constexpr double kMaxSummedPoisson = 500.0;
constexpr std::uint64_t kGammaIndices = 1ULL << 16;

/// Value of the polynomial with coefficients from the constant up.
double polynomial(const std::array<double, 8>& c, double x) {
  double sum = c[7];
  for (std::size_t i = 7; i-- > 0;) sum = sum * x + c[i];
  return sum;
}

double ratio(const std::array<double, 8>& top, const std::array<double, 8>& bottom, double x) {
  return polynomial(top, x) / polynomial(bottom, x);
}

// The three pieces of PPND16: |u - 1/2| <= 0.425, then r = sqrt(-ln tail) up to 5, then beyond.
constexpr std::array<double, 8> kCentreTop = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                              1.9715909503065514427e3, 1.3731693765509461125e4,
                                              4.5921953931549871457e4, 6.7265770927008700853e4,
                                              3.3430575583588128105e4, 2.5090809287301226727e3};
constexpr std::array<double, 8> kCentreBottom = {1.0,
                                                 4.2313330701600911252e1,
                                                 6.8718700749205790830e2,
                                                 5.3941960214247511077e3,
                                                 2.1213794301586595867e4,
                                                 3.9307895800092710610e4,
                                                 2.8729085735721942674e4,
                                                 5.2264952788528545610e3};
constexpr std::array<double, 8> kMiddleTop = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                              5.76949722146069140550e0,  3.64784832476320460504e0,
                                              1.27045825245236838258e0,  2.41780725177450611770e-1,
                                              2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr std::array<double, 8> kMiddleBottom = {1.0,
                                                 2.05319162663775882187e0,
                                                 1.67638483018380384940e0,
                                                 6.89767334985100004550e-1,
                                                 1.48103976427480074590e-1,
                                                 1.51986665636164571966e-2,
                                                 5.47593808499534494600e-4,
                                                 1.05075007164441684324e-9};
constexpr std::array<double, 8> kTailTop = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                            1.78482653991729133580e0,  2.96560571828504891230e-1,
                                            2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                            2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr std::array<double, 8> kTailBottom = {1.0,
                                               5.99832206555887937690e-1,
                                               1.36929880922735805310e-1,
                                               1.48753612908506148525e-2,
                                               7.86869131145613259100e-4,
                                               1.84631831751005468180e-5,
                                               1.42151175831644588870e-7,
                                               2.04426310338993978564e-15};

}  // namespace

double normal_quantile(double u) {
  const double q = u - 0.5;
  if (std::abs(q) <= 0.425) return q * ratio(kCentreTop, kCentreBottom, 0.180625 - q * q);
  const double r = std::sqrt(-std::log(q < 0.0 ? u : 1.0 - u));
  const double z =
      r <= 5.0 ? ratio(kMiddleTop, kMiddleBottom, r - 1.6) : ratio(kTailTop, kTailBottom, r - 5.0);
  return q < 0.0 ? -z : z;
}

double exponential_quantile(double u, double mean) { return -mean * std::log1p(-u); }

double lognormal_quantile(double u, double median, double log_sd) {
  return median * std::exp(log_sd * normal_quantile(u));
}

int poisson_quantile(double u, double mean) {
  double probability = std::exp(-mean);
  double below = probability;
  int k = 0;
  // The bound ends the sum where rounding keeps it short of a u next to 1.
  const int limit = static_cast<int>(mean + 40.0 * std::sqrt(mean + 1.0) + 40.0);
  while (u > below && k < limit) {
    ++k;
    probability *= mean / k;
    below += probability;
  }
  return k;
}

int geometric_quantile(double u, double mean) {
  if (!(mean > 0.0)) return 0;
  // P(X <= k) = 1 - q^(k+1) with q = mean / (1 + mean).
  const double k = std::ceil(std::log1p(-u) / -std::log1p(1.0 / mean)) - 1.0;
  return static_cast<int>(std::clamp(k, 0.0, 2.0e9));
}

int categorical_quantile(double u, std::span<const double> weights) {
  double total = 0.0;
  for (const double w : weights) total += w;
  double left = u * total;
  int last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] > 0.0)) continue;
    last = static_cast<int>(i);
    left -= weights[i];
    if (left < 0.0) break;
  }
  return last;
}

double gamma_draw(const Philox& random, std::uint64_t index, double shape, double scale) {
  if (shape < 1.0) {
    const double power = std::log(random.uniform(index)) / shape;
    return gamma_draw(random, index + 1, shape + 1.0, scale) * std::exp(power);
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  // Each try is accepted with probability above 0.95, so the bound is never met.
  for (std::uint64_t i = index; i < index + kGammaIndices - 1; ++i) {
    const auto u = random.uniform_pair(i);
    const double x = normal_quantile(u[0]);
    const double root = 1.0 + c * x;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (std::log(u[1]) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v * scale;
  }
  return d * scale;
}

std::int64_t poisson_draw(const Philox& random, std::uint64_t index, double mean) {
  std::int64_t sum = 0;
  double left = mean;
  for (; left > kMaxSummedPoisson; left -= kMaxSummedPoisson) {
    sum += poisson_quantile(random.uniform(index++), kMaxSummedPoisson);
  }
  return sum + poisson_quantile(random.uniform(index), left);
}

std::int64_t negative_binomial_draw(const Philox& random, std::uint64_t index, double mean,
                                    double dispersion) {
  const double rate = gamma_draw(random, index, dispersion, mean / dispersion);
  return poisson_draw(random, index + kGammaIndices, rate);
}

}  // namespace assay::numerics
