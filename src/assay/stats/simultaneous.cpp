#include "assay/stats/simultaneous.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/quadrature.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::stats {
namespace {

using numerics::SymmetricMatrix;

/// Nodes for s = sqrt(chi-squared / dof) with the density in the weights; one node for a normal.
std::vector<numerics::Node> scale_nodes(double dof) {
  if (!std::isfinite(dof) || dof > 1e7) return {{1.0, 1.0}};
  constexpr double kTail = 1e-15;
  const double low = std::sqrt(numerics::chi_squared_quantile(kTail, dof) / dof);
  const double high = std::sqrt(numerics::chi_squared_upper_quantile(kTail, dof) / dof);
  std::vector<numerics::Node> nodes = numerics::quadrature_nodes(low, high, 6);
  const double log_constant =
      std::log(2.0) + 0.5 * dof * std::log(0.5 * dof) - std::lgamma(0.5 * dof);
  for (numerics::Node& node : nodes) {
    const double s = node.x;
    node.weight *= std::exp(log_constant + (dof - 1.0) * std::log(s) - 0.5 * dof * s * s);
  }
  return nodes;
}

/// P(low < Z < high), without cancellation in either tail.
double normal_between(double low, double high) {
  if (low > 0.0) return numerics::normal_sf(low) - numerics::normal_sf(high);
  return numerics::normal_cdf(high) - numerics::normal_cdf(low);
}

/// Loadings l >= 0 with rho_ij = l_i l_j, where there are such.
std::optional<std::vector<double>> one_factor(const SymmetricMatrix& rho) {
  const std::size_t k = rho.size;
  std::vector<double> loadings(k, 0.0);
  if (k == 1) return loadings;
  if (k == 2) {
    if (rho.at(0, 1) < 0.0) return std::nullopt;
    loadings.assign(2, std::sqrt(rho.at(0, 1)));
  } else {
    for (std::size_t i = 0; i < k; ++i) {
      const std::size_t a = i == 0 ? 1 : 0;
      const std::size_t b = i <= 1 ? 2 : 1;
      const double square = rho.at(i, a) * rho.at(i, b) / rho.at(a, b);
      loadings[i] = std::isfinite(square) && square >= 0.0 ? std::sqrt(square) : 0.0;
    }
  }
  constexpr double kSame = 1e-12;
  for (std::size_t i = 0; i < k; ++i) {
    if (loadings[i] >= 1.0) return std::nullopt;
    for (std::size_t j = i + 1; j < k; ++j)
      if (std::abs(rho.at(i, j) - loadings[i] * loadings[j]) > kSame) return std::nullopt;
  }
  return loadings;
}

double one_factor_coverage(const std::vector<double>& loadings, const JointStatistics& joint,
                           double critical) {
  constexpr double kFarZ = 9.0;
  static const std::vector<numerics::Node> factor = numerics::quadrature_nodes(-kFarZ, kFarZ, 12);
  const double density = 1.0 / std::sqrt(2.0 * std::numbers::pi);
  double total = 0.0;
  for (const numerics::Node& scale : scale_nodes(joint.degrees_of_freedom)) {
    double inner = 0.0;
    for (const numerics::Node& z : factor) {
      double product = density * std::exp(-0.5 * z.x * z.x) * z.weight;
      for (const double l : loadings) {
        const double spread = std::sqrt(1.0 - l * l);
        const double high = (critical * scale.x - l * z.x) / spread;
        product *= joint.sides == Sides::two
                       ? normal_between((-critical * scale.x - l * z.x) / spread, high)
                       : numerics::normal_cdf(high);
      }
      inner += product;
    }
    total += inner * scale.weight;
  }
  return std::clamp(total, 0.0, 1.0);
}

/// Lower Cholesky factor by rows; a row that depends on those before has 0 on its diagonal.
std::optional<std::vector<std::vector<double>>> cholesky(const SymmetricMatrix& a) {
  constexpr double kNegative = -1e-8;
  constexpr double kDependent = 1e-10;
  std::vector<std::vector<double>> rows(a.size);
  for (std::size_t i = 0; i < a.size; ++i) {
    rows[i].assign(i + 1, 0.0);
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = a.at(i, j);
      for (std::size_t m = 0; m < j; ++m) rest -= rows[i][m] * rows[j][m];
      if (i == j) {
        if (rest < kNegative) return std::nullopt;
        rows[i][i] = rest > kDependent ? std::sqrt(rest) : 0.0;
      } else {
        if (rows[j][j] == 0.0 && std::abs(rest) > 1e-5) return std::nullopt;
        rows[i][j] = rows[j][j] > 0.0 ? rest / rows[j][j] : 0.0;
      }
    }
  }
  return rows;
}

/// One point of the lattice: the conditional probabilities multiplied (Genz's transformation).
double genz_point(const std::vector<std::vector<double>>& rows, const JointStatistics& joint,
                  double limit, std::span<const double> uniforms, std::vector<double>& y) {
  double probability = 1.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double shift = 0.0;
    for (std::size_t j = 0; j < i; ++j) shift += rows[i][j] * y[j];
    const double spread = rows[i][i];
    const double low = joint.sides == Sides::two ? -limit - shift : -HUGE_VAL;
    const double high = limit - shift;
    if (spread == 0.0) {
      if (low > 0.0 || high < 0.0) return 0.0;
      y[i] = 0.0;
      continue;
    }
    const double at_low = std::isinf(low) ? 0.0 : numerics::normal_cdf(low / spread);
    const double width = std::isinf(low) ? numerics::normal_cdf(high / spread)
                                         : normal_between(low / spread, high / spread);
    probability *= width;
    if (probability <= 0.0) return 0.0;
    const double u = std::clamp(at_low + uniforms[i + 1] * width, 1e-300, 1.0 - 1e-16);
    y[i] = numerics::normal_quantile(u);
  }
  return probability;
}

/// Square roots of primes, the generators of the lattice.
std::vector<double> lattice_steps(std::size_t dimensions) {
  std::vector<double> steps;
  for (int n = 2; steps.size() < dimensions; ++n) {
    bool prime = true;
    for (int d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    if (prime) steps.push_back(std::sqrt(static_cast<double>(n)));
  }
  return steps;
}

double lattice_coverage(const std::vector<std::vector<double>>& rows, const JointStatistics& joint,
                        double critical) {
  constexpr int kShifts = 8;
  constexpr int kPoints = 8192;
  const std::size_t k = rows.size();
  const std::vector<double> steps = lattice_steps(k + 1);
  const bool normal = !std::isfinite(joint.degrees_of_freedom) || joint.degrees_of_freedom > 1e7;
  const double dof = joint.degrees_of_freedom;
  std::vector<double> uniforms(k + 1);
  std::vector<double> y(k);
  double total = 0.0;
  for (int shift = 0; shift < kShifts; ++shift) {
    const numerics::Philox random(0x6a09e667, static_cast<std::uint64_t>(shift));
    for (int point = 1; point <= kPoints; ++point) {
      for (std::size_t d = 0; d <= k; ++d) {
        const double raw = point * steps[d] + random.uniform(d);
        uniforms[d] = std::abs(2.0 * (raw - std::floor(raw)) - 1.0);  // Periodised.
      }
      const double u = std::clamp(uniforms[0], 1e-12, 1.0 - 1e-12);
      const double scale = normal ? 1.0 : std::sqrt(numerics::chi_squared_quantile(u, dof) / dof);
      total += genz_point(rows, joint, critical * scale, uniforms, y);
    }
  }
  return total / (kShifts * kPoints);
}

Result<void> check(const JointStatistics& joint) {
  const auto& rho = joint.correlation;
  if (rho.size < 1 || rho.size > 200)
    return fail(ErrorCode::invalid_spec,
                fmt::format("1 to 200 statistics can be read together; got {}", rho.size));
  if (!(joint.degrees_of_freedom >= 1.0))
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("degrees of freedom must be at least 1; got {}", joint.degrees_of_freedom));
  for (std::size_t i = 0; i < rho.size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double r = rho.at(i, j);
      const bool fits = i == j ? std::abs(r - 1.0) < 1e-9 : std::abs(r) <= 1.0 + 1e-9;
      if (!fits)
        return fail(ErrorCode::invalid_spec,
                    fmt::format("no correlation matrix: entry ({}, {}) is {}", i + 1, j + 1, r), "",
                    "ones on the diagonal, others between -1 and 1");
    }
  }
  return {};
}

/// Coverage as a function of the critical value alone; what depends on the matrix is done once.
class Coverage {
 public:
  static Result<Coverage> of(const JointStatistics& joint) {
    ASSAY_CHECK(check(joint));
    Coverage out;
    out.joint_ = &joint;
    out.loadings_ = one_factor(joint.correlation);
    if (out.loadings_) return out;
    auto rows = cholesky(joint.correlation);
    if (!rows)
      return fail(
          ErrorCode::invalid_spec,
          "no correlation matrix: some combination of the statistics has negative variance");
    out.rows_ = std::move(*rows);
    return out;
  }

  [[nodiscard]] double at(double critical) const {
    if (joint_->sides == Sides::two && critical <= 0.0) return 0.0;
    return loadings_ ? one_factor_coverage(*loadings_, *joint_, critical)
                     : lattice_coverage(rows_, *joint_, critical);
  }

 private:
  const JointStatistics* joint_ = nullptr;
  std::optional<std::vector<double>> loadings_;
  std::vector<std::vector<double>> rows_;
};

double single_quantile(const JointStatistics& joint, double level) {
  const double tail = joint.sides == Sides::two ? 0.5 * (1.0 - level) : 1.0 - level;
  return std::isfinite(joint.degrees_of_freedom)
             ? numerics::student_t_upper_quantile(tail, joint.degrees_of_freedom)
             : numerics::normal_upper_quantile(tail);
}

double single_tail(const JointStatistics& joint, double strength) {
  const double upper = std::isfinite(joint.degrees_of_freedom)
                           ? numerics::student_t_sf(strength, joint.degrees_of_freedom)
                           : numerics::normal_sf(strength);
  return joint.sides == Sides::two ? std::min(1.0, 2.0 * upper) : upper;
}

/// P(the largest exceeds this). Never below one statistic's own tail nor above Bonferroni's sum,
/// which is as good as exact where a difference from 1 would have no digits left.
double tail(const Coverage& coverage, const JointStatistics& joint, double strength) {
  constexpr double kFewDigits = 1e-7;
  const double own = single_tail(joint, strength);
  const double sum = std::min(1.0, own * static_cast<double>(joint.correlation.size));
  if (sum < kFewDigits) return sum;
  return std::clamp(1.0 - coverage.at(strength), own, sum);
}

JointStatistics subset(const JointStatistics& joint, std::span<const std::size_t> rows) {
  return {numerics::submatrix(joint.correlation, rows), joint.degrees_of_freedom, joint.sides};
}

double strength(const JointStatistics& joint, double statistic) {
  return joint.sides == Sides::two ? std::abs(statistic) : statistic;
}

Result<void> check(const JointStatistics& joint, std::span<const double> statistics) {
  if (statistics.size() != joint.correlation.size)
    return fail(ErrorCode::invalid_spec, fmt::format("{} statistics for a correlation matrix of {}",
                                                     statistics.size(), joint.correlation.size));
  if (!std::all_of(statistics.begin(), statistics.end(), [](double t) { return !std::isnan(t); }))
    return fail(ErrorCode::invalid_data, "a statistic is not a number");
  return {};
}

}  // namespace

Result<double> joint_coverage(const JointStatistics& joint, double critical) {
  ASSAY_TRY(const auto coverage, Coverage::of(joint));
  return coverage.at(critical);
}

Result<double> joint_critical_value(const JointStatistics& joint, double level) {
  if (!(level > 0.0 && level < 1.0))
    return fail(ErrorCode::invalid_spec, fmt::format("level must be in (0, 1); got {}", level));
  ASSAY_TRY(const auto coverage, Coverage::of(joint));
  if (joint.correlation.size == 1) return single_quantile(joint, level);
  // One statistic alone needs less, Bonferroni needs more.
  const double k = static_cast<double>(joint.correlation.size);
  double low = single_quantile(joint, level);
  double high = single_quantile(joint, 1.0 - (1.0 - level) / k);
  double below = coverage.at(low) - level;
  double above = coverage.at(high) - level;
  int side = 0;
  for (int step = 0; step < 60 && high - low > 1e-12 * (1.0 + high); ++step) {
    if (below >= 0.0) return low;
    if (above <= 0.0) return high;
    // False position, the end that stays halved (Illinois).
    const double middle = high - above * (high - low) / (above - below);
    const double value = coverage.at(middle) - level;
    if (std::abs(value) < 1e-14) return middle;
    if (value < 0.0) {
      low = middle;
      below = value;
      if (side == -1) above *= 0.5;
      side = -1;
    } else {
      high = middle;
      above = value;
      if (side == 1) below *= 0.5;
      side = 1;
    }
  }
  return 0.5 * (low + high);
}

Result<std::vector<double>> max_t_p_values(const JointStatistics& joint,
                                           std::span<const double> statistics) {
  ASSAY_CHECK(check(joint, statistics));
  ASSAY_TRY(const auto coverage, Coverage::of(joint));
  std::vector<double> p;
  for (const double t : statistics) p.push_back(tail(coverage, joint, strength(joint, t)));
  return p;
}

Result<std::vector<double>> step_down_max_t_p_values(const JointStatistics& joint,
                                                     std::span<const double> statistics) {
  ASSAY_CHECK(check(joint, statistics));
  std::vector<std::size_t> order(statistics.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return strength(joint, statistics[a]) > strength(joint, statistics[b]);
  });
  std::vector<double> p(statistics.size());
  double largest = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto left = std::span(order).subspan(rank);
    const JointStatistics rest = subset(joint, left);
    ASSAY_TRY(const auto coverage, Coverage::of(rest));
    largest = std::max(largest, tail(coverage, rest, strength(joint, statistics[order[rank]])));
    p[order[rank]] = largest;
  }
  return p;
}

numerics::SymmetricMatrix many_to_one_correlation(double control_variance,
                                                  std::span<const double> treatment_variances) {
  SymmetricMatrix rho(treatment_variances.size());
  for (std::size_t i = 0; i < rho.size; ++i) {
    rho.set(i, i, 1.0);
    for (std::size_t j = i + 1; j < rho.size; ++j)
      rho.set(i, j,
              control_variance / std::sqrt((control_variance + treatment_variances[i]) *
                                           (control_variance + treatment_variances[j])));
  }
  return rho;
}

}  // namespace assay::stats
