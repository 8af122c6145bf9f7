#include "assay/stats/wild_cluster_bootstrap.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/stats/detail/cluster_cells.hpp"
#include "assay/stats/detail/cluster_columns.hpp"
#include "assay/stats/interval.hpp"

namespace assay::stats {
namespace {

using detail::ClusterFit;

constexpr std::size_t kFewestForRademacher = 11;
constexpr double kMostWork = 1e8;

/// |t*| this near to |t| counts as equal.
constexpr double kTie = 1e-10;

/// Lifts a share of draws off the level it may equal: 20 of 400 is not below 0.05, nor below
/// 1 - 0.95, which a double rounds up.
constexpr double kAboveTie = 1.0 + 1e-13;

/// Relative width at which the search for a limit stops.
constexpr double kResolution = 1e-9;
constexpr double kLiftResolution = 1e-6;

/// The weights of all clusters in all draws, kept so that every null sees the same ones.
class Weights {
 public:
  Weights(const WildOptions& options, std::size_t clusters)
      : kind_(options.weights), draws_(options.draws), clusters_(clusters) {
    if (kind_ == WildWeights::automatic)
      kind_ = clusters < kFewestForRademacher ? WildWeights::webb : WildWeights::rademacher;
    if (kind_ == WildWeights::rademacher && clusters <= 21 &&
        (std::int64_t{1} << (clusters - 1)) <= options.draws) {
      enumerated_ = true;
      draws_ = std::int64_t{1} << (clusters - 1);
    }
    const numerics::Philox random(options.seed, 0x77696c64);
    codes_.resize(static_cast<std::size_t>(draws_) * clusters);
    for (std::size_t i = 0; i < codes_.size(); ++i) {
      // A pattern and its negative give the same |t|: cluster 0 keeps its sign when enumerated.
      const std::size_t g = i % clusters;
      const double points = kind_ == WildWeights::webb ? 6.0 : 2.0;
      codes_[i] = enumerated_ ? static_cast<std::uint8_t>(g > 0 ? (i / clusters >> (g - 1)) & 1 : 1)
                              : static_cast<std::uint8_t>(points * random.uniform(i));
    }
  }

  [[nodiscard]] WildWeights kind() const { return kind_; }
  [[nodiscard]] bool enumerated() const { return enumerated_; }
  [[nodiscard]] std::int64_t draws() const { return draws_; }

  void fill(std::int64_t draw, std::span<double> out) const {
    static const std::array<double, 6> webb{-std::sqrt(1.5), -1.0, -std::sqrt(0.5),
                                            std::sqrt(0.5),  1.0,  std::sqrt(1.5)};
    static const std::array<double, 2> signs{-1.0, 1.0};
    const std::uint8_t* codes = codes_.data() + static_cast<std::size_t>(draw) * clusters_;
    for (std::size_t g = 0; g < clusters_; ++g)
      out[g] = kind_ == WildWeights::webb ? webb[codes[g]] : signs[codes[g]];
  }

 private:
  WildWeights kind_;
  std::int64_t draws_;
  std::size_t clusters_;
  bool enumerated_ = false;
  std::vector<std::uint8_t> codes_;
};

/// One contrast's bootstrap distribution for every null value v at once. With d = c'b - v the
/// numerator of t* is a0 + d a1 and the sum of its squared cluster scores q00 + 2 d q01 + d^2 q11.
class Distribution {
 public:
  Distribution(const ClusterFit& fit, std::span<const double> contrast, const Weights& weights);

  [[nodiscard]] double estimate() const { return estimate_; }
  [[nodiscard]] double squares() const { return squares_; }

  [[nodiscard]] double p_value(double null_value) const {
    const double d = estimate_ - null_value;
    std::int64_t hits = 0;
    for (const Draw& x : draws_) {
      const double numerator = x.a0 + d * x.a1;
      const double spread = x.q00 + d * (2.0 * x.q01 + d * x.q11);
      if (numerator * numerator * squares_ >= d * d * spread * (1.0 - kTie)) ++hits;
    }
    const auto n = static_cast<double>(draws_.size());
    const double share =
        enumerated_ ? static_cast<double>(hits) / n : (1.0 + static_cast<double>(hits)) / (1.0 + n);
    return std::min(1.0, share * kAboveTie);
  }

 private:
  struct Draw {
    double a0, a1, q00, q01, q11;
  };
  double estimate_ = 0.0;
  double squares_ = 0.0;  ///< Sum of squared cluster scores of the contrast.
  bool enumerated_ = false;
  std::vector<Draw> draws_;
};

Distribution::Distribution(const ClusterFit& fit, std::span<const double> contrast,
                           const Weights& weights)
    : estimate_(numerics::dot(contrast, fit.coefficients)), enumerated_(weights.enumerated()) {
  const std::size_t p = fit.bread.size;
  const std::size_t clusters = fit.products.clusters();
  const auto mc = fit.bread.times(contrast);
  const double spread = numerics::dot(contrast, mc);
  std::vector<double> shift(clusters * p);  // S_g M c / c'Mc: change of the scores per unit of d.
  std::vector<double> leverage(clusters * p);  // M S_g M c.
  std::vector<double> own(clusters);           // c'M s_g, and for the shift.
  std::vector<double> own_shift(clusters);
  for (std::size_t g = 0; g < clusters; ++g) {
    const auto s = fit.products.of(g);
    std::vector<double> smc(p, 0.0);
    for (std::size_t i = 0; i < p; ++i)
      for (std::size_t j = 0; j < p; ++j) smc[i] += s.at(i, j) * mc[j];
    const auto lever = fit.bread.times(smc);
    for (std::size_t i = 0; i < p; ++i) {
      shift[g * p + i] = smc[i] / spread;
      leverage[g * p + i] = lever[i];
      own[g] += mc[i] * fit.scores[g * p + i];
      own_shift[g] += mc[i] * shift[g * p + i];
    }
    squares_ += own[g] * own[g];
  }
  std::vector<double> v(clusters);
  std::vector<double> w0(p);
  std::vector<double> w1(p);
  draws_.reserve(static_cast<std::size_t>(weights.draws()));
  for (std::int64_t draw = 0; draw < weights.draws(); ++draw) {
    weights.fill(draw, v);
    std::fill(w0.begin(), w0.end(), 0.0);
    std::fill(w1.begin(), w1.end(), 0.0);
    for (std::size_t g = 0; g < clusters; ++g) {
      for (std::size_t i = 0; i < p; ++i) {
        w0[i] += v[g] * fit.scores[g * p + i];
        w1[i] += v[g] * shift[g * p + i];
      }
    }
    Draw x{numerics::dot(mc, w0), numerics::dot(mc, w1), 0.0, 0.0, 0.0};
    for (std::size_t g = 0; g < clusters; ++g) {
      double b0 = v[g] * own[g];
      double b1 = v[g] * own_shift[g];
      for (std::size_t i = 0; i < p; ++i) {
        b0 -= leverage[g * p + i] * w0[i];
        b1 -= leverage[g * p + i] * w1[i];
      }
      x.q00 += b0 * b0;
      x.q01 += b0 * b1;
      x.q11 += b1 * b1;
    }
    draws_.push_back(x);
  }
}

Result<void> check_options(const WildOptions& options, std::size_t clusters) {
  ASSAY_CHECK(check_confidence_level(options.confidence_level));
  if (options.draws < 99 || options.draws > 1'000'000) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a bootstrap takes 99 to 1,000,000 draws; got {}", options.draws));
  }
  if (static_cast<double>(clusters) * static_cast<double>(options.draws) <= kMostWork) return {};
  return fail(
      ErrorCode::invalid_spec,
      fmt::format("{} clusters by {} draws are too many to resample", clusters, options.draws), "",
      "with this many clusters CR2 is right: use it");
}

/// Halves between a value inside and one outside; the last point inside, so that a bracket that
/// ends at the null never reaches it.
double boundary(const std::function<bool(double)>& is_inside, double inside, double outside,
                double resolution) {
  const double stop = resolution * std::abs(outside - inside);
  while (std::abs(outside - inside) > stop) {
    const double middle = inside + (outside - inside) / 2.0;
    if (middle == inside || middle == outside) break;
    (is_inside(middle) ? inside : outside) = middle;
  }
  return inside;
}

/// The limit on one side (-1 below, 1 above) of the values v with p(v) >= alpha, starting at a
/// value inside; `fence` is a value known to lie outside, if there is one. Infinite when no
/// value within 1e6 steps is rejected.
double limit(const std::function<double(double)>& p, double alpha, double inside, double side,
             double step, std::optional<double> fence, double resolution) {
  const auto is_inside = [&](double v) { return p(v) >= alpha; };
  if (fence) return boundary(is_inside, inside, *fence, resolution);
  for (double reach = step; reach < 1e6 * step; reach *= 2.0) {
    const double out = inside + side * reach;
    if (!is_inside(out)) return boundary(is_inside, inside, out, resolution);
  }
  return side * std::numeric_limits<double>::infinity();
}

struct Limits {
  double low = 0.0;
  double high = 0.0;
};

/// Both limits; `null_value` is on the outside exactly when it is rejected.
Limits limits(const std::function<double(double)>& p, double alpha, double estimate,
              double null_value, double step, double resolution) {
  const bool rejected = p(null_value) < alpha;
  std::optional<double> below;
  std::optional<double> above;
  if (rejected) (estimate > null_value ? below : above) = null_value;
  const double low_start = rejected ? estimate : std::min(estimate, null_value);
  const double high_start = rejected ? estimate : std::max(estimate, null_value);
  return {limit(p, alpha, low_start, -1.0, step, below, resolution),
          limit(p, alpha, high_start, 1.0, step, above, resolution)};
}

Result<WildBootstrap> bootstrap(const ClusterFit& fit, std::span<const double> contrast,
                                double null_value, const WildOptions& options,
                                const Weights& weights) {
  const std::size_t clusters = fit.products.clusters();
  const Distribution distribution(fit, contrast, weights);
  const auto g = static_cast<double>(clusters);
  WildBootstrap out;
  out.estimate = distribution.estimate();
  out.std_error = std::sqrt(distribution.squares() * g / (g - 1.0));
  const double size = std::abs(out.estimate) + std::abs(null_value);
  if (!(out.std_error > 1e-13 * size) || !std::isfinite(out.std_error)) {
    return fail(ErrorCode::undefined_statistic,
                "no spread between clusters to judge the contrast by", "",
                "check that the outcome varies between clusters");
  }
  out.statistic = (out.estimate - null_value) / out.std_error;
  out.p_value = distribution.p_value(null_value);
  const auto p = [&](double v) { return distribution.p_value(v); };
  const double alpha = 1.0 - options.confidence_level;
  const Limits found = limits(p, alpha, out.estimate, null_value, out.std_error, kResolution);
  out.ci_low = found.low;
  out.ci_high = found.high;
  out.weights = weights.kind();
  out.draws = weights.draws();
  out.enumerated = weights.enumerated();
  out.clusters = static_cast<std::int64_t>(clusters);
  return out;
}

/// Lift: the r for which treatment - (1 + r) control = 0 is not rejected.
void add_lift(Contrast& out, const ClusterFit& fit, const WildOptions& options,
              const Weights& weights) {
  const double base = out.control_value;
  const double alpha = 1.0 - options.confidence_level;
  const auto p = [&](double r) {
    std::vector<double> c(fit.bread.size, 0.0);
    c[0] = -(1.0 + std::copysign(r, base * r));
    c[1] = 1.0;
    return Distribution(fit, c, weights).p_value(0.0);
  };
  // Sign flips of a value far from 0 cannot reject with 5 clusters: the sign is judged by t.
  const double critical = numerics::student_t_upper_quantile(alpha / 2.0, out.degrees_of_freedom);
  if (!(base * base > critical * critical * out.values.control_variance)) {
    out.lift_undefined = fmt::format(
        "the control value {:.4g} is not clearly different from 0, so a relative difference is "
        "unbounded; read the absolute one",
        base);
    return;
  }
  const double estimate = out.difference / std::abs(base);
  const Limits found =
      limits(p, alpha, estimate, 0.0, out.std_error / std::abs(base), kLiftResolution);
  if (!std::isfinite(found.low) || !std::isfinite(found.high)) {
    out.lift_undefined = "the bootstrap rejects no relative difference on one side";
    return;
  }
  out.lift = Lift{estimate, found.low, found.high};
}

}  // namespace

Result<WildBootstrap> wild_cluster_bootstrap(const RegressionColumns& columns,
                                             std::span<const double> contrast, double null_value,
                                             const WildOptions& options) {
  ASSAY_CHECK(detail::check_columns(columns));
  if (contrast.size() != columns.x.size() || !std::isfinite(null_value)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a contrast has one finite entry a column; got {} for {} columns",
                            contrast.size(), columns.x.size()));
  }
  if (!columns.second_cluster.empty())
    return fail(ErrorCode::invalid_spec, "the wild bootstrap resamples one way of clusters");
  const auto groups = detail::index_clusters(columns.cluster);
  if (groups.codes.size() < 2) {
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("a clustered regression needs two clusters; got {}", groups.codes.size()));
  }
  ASSAY_TRY(const auto fit, detail::fit_clusters(columns, groups));
  ASSAY_CHECK(check_options(options, groups.codes.size()));
  return bootstrap(fit, contrast, null_value, options, Weights(options, groups.codes.size()));
}

Result<Contrast> compare_clusters_wild(std::span<const ClusterArm> cells,
                                       const ClusterOptions& options, const WildOptions& wild) {
  if (options.kind == MetricKind::ratio || options.two_way) {
    return fail(ErrorCode::invalid_spec,
                "the wild cluster bootstrap compares means, one way of clusters", "",
                "for a ratio use CR2, or a randomisation test when clusters are few");
  }
  ClusterOptions plain = options;
  plain.confidence_level = wild.confidence_level;
  plain.variance = ClusterVariance::cr1;
  plain.freedom = ClusterFreedom::clusters_minus_one;
  ASSAY_TRY(Contrast out, compare_clusters(cells, plain));
  ASSAY_TRY(const auto totals, detail::check_cells(cells, plain));
  auto design = detail::design_cells(cells, totals, *out.cluster, plain);
  if (!design.used.empty()) design.pooled_slope = true;
  std::vector<std::int64_t> codes;
  for (const ClusterArm& cell : cells) codes.push_back(cell.cluster);
  ASSAY_TRY(const auto fit,
            detail::regress_cells(cells, detail::index_clusters(codes), totals, design));
  std::vector<double> contrast(design.columns(), 0.0);
  contrast[0] = -1.0;
  contrast[1] = 1.0;
  ASSAY_CHECK(check_options(wild, fit.products.clusters()));
  const Weights weights(wild, fit.products.clusters());
  ASSAY_TRY(const auto test, bootstrap(fit, contrast, 0.0, wild, weights));
  out.method = Method::wild_cluster_bootstrap;
  out.control_value = fit.coefficients[0];
  out.treatment_value = fit.coefficients[1];
  out.difference = test.estimate;
  out.std_error = test.std_error;
  out.statistic = test.statistic;
  out.ci_low = test.ci_low;
  out.ci_high = test.ci_high;
  out.p_value = test.p_value;
  const auto g = static_cast<double>(test.clusters);
  const auto covariance = detail::outer_sum(
      detail::influences(fit.bread, fit.products, fit.scores, ClusterVariance::cr1),
      design.columns(), g / (g - 1.0));
  out.values = {covariance.at(0, 0), covariance.at(1, 1), covariance.at(0, 1)};
  std::erase_if(out.notes, [](const Note& note) { return note.code == "few_clusters"; });
  out.adjustment.reset();
  out.lift.reset();
  out.lift_undefined.clear();
  add_lift(out, fit, wild, weights);
  return out;
}

}  // namespace assay::stats
