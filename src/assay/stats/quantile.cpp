#include "assay/stats/quantile.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/detail/cluster_algebra.hpp"
#include "assay/stats/interval.hpp"

namespace assay::stats {
namespace {

constexpr std::int64_t kExactBelow = 1'000;

Result<void> check(const QuantileArm& arm, double p, double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  if (!(p > 0.0 && p < 1.0)) {
    return fail(ErrorCode::invalid_spec, fmt::format("a quantile lies between 0 and 1; got {}", p),
                "", "write 0.95 for the 95th percentile");
  }
  if (!arm.cluster.empty() && arm.cluster.size() != arm.values.size())
    return fail(ErrorCode::invalid_spec, "values and clusters need the same length");
  if (std::any_of(arm.values.begin(), arm.values.end(), [](double x) { return !std::isfinite(x); }))
    return fail(ErrorCode::invalid_data, "a value is not finite", "",
                "drop missing values; give a time-out the time it waited");
  if (arm.values.size() >= 2) return {};
  return fail(ErrorCode::undefined_statistic,
              fmt::format("a quantile needs two values; got {}", arm.values.size()));
}

/// The k-th smallest, k = 1, 2, ...; reorders.
double order_statistic(std::vector<double>& values, std::int64_t rank) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// Variance of the share of values at or below q, clusters as units.
double share_variance(const QuantileArm& arm, const detail::ClusterIndex& groups, double q) {
  std::vector<double> below(groups.codes.size(), 0.0);
  std::vector<double> all(groups.codes.size(), 0.0);
  double total = 0.0;
  for (std::size_t i = 0; i < arm.values.size(); ++i) {
    all[groups.of_row[i]] += 1.0;
    if (arm.values[i] > q) continue;
    below[groups.of_row[i]] += 1.0;
    total += 1.0;
  }
  const auto n = static_cast<double>(arm.values.size());
  const auto g = static_cast<double>(groups.codes.size());
  double squares = 0.0;
  for (std::size_t k = 0; k < all.size(); ++k) {
    const double residual = below[k] - total / n * all[k];
    squares += residual * residual;
  }
  return g / (g - 1.0) * squares / (n * n);
}

/// Binomial ranks: P(X_(low) > quantile) <= tail and P(X_(high) < quantile) <= tail.
void set_exact_ranks(QuantileValue& out, double p, double tail) {
  out.exact = true;
  std::int64_t k = numerics::binomial_quantile(tail, out.n, p);
  while (k > 0 && numerics::binomial_cdf(k - 1, out.n, p) > tail) --k;
  out.rank_low = k;
  std::int64_t m = numerics::binomial_quantile(1.0 - tail, out.n, p);
  while (numerics::binomial_sf(m, out.n, p) > tail) ++m;
  out.rank_high = m + 1;
}

}  // namespace

Result<QuantileValue> quantile_value(const QuantileArm& arm, double p, double confidence_level) {
  ASSAY_CHECK(check(arm, p, confidence_level));
  QuantileValue out;
  out.n = static_cast<std::int64_t>(arm.values.size());
  out.clusters = out.n;
  const auto n = static_cast<double>(out.n);
  std::vector<double> values(arm.values.begin(), arm.values.end());
  const auto rank =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(n * p - 1e-9)), 1, out.n);
  out.value = order_statistic(values, rank);
  const double tail = (1.0 - confidence_level) / 2.0;
  const double independent = p * (1.0 - p) / n;
  double critical = numerics::normal_upper_quantile(tail);
  double variance = independent;
  out.degrees_of_freedom = std::numeric_limits<double>::infinity();
  if (!arm.cluster.empty()) {
    const auto groups = detail::index_clusters(arm.cluster);
    out.clusters = static_cast<std::int64_t>(groups.codes.size());
    if (out.clusters < 2)
      return fail(ErrorCode::undefined_statistic, "a clustered quantile needs two clusters; got 1");
    out.degrees_of_freedom = static_cast<double>(out.clusters) - 1.0;
    critical = numerics::student_t_upper_quantile(tail, out.degrees_of_freedom);
    variance = share_variance(arm, groups, out.value);
    out.design_effect = variance / independent;
  }
  if (arm.cluster.empty() && out.n < kExactBelow) {
    set_exact_ranks(out, p, tail);
  } else {
    const double reach = critical * std::sqrt(variance) * n;
    out.rank_low = static_cast<std::int64_t>(std::floor(n * p - reach));
    out.rank_high = static_cast<std::int64_t>(std::ceil(n * p + reach)) + 1;
  }
  if (out.rank_low < 1 || out.rank_high > out.n) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("{} values are too few for an interval of the {} quantile", out.n, p),
                "", "take a quantile nearer to the middle, or more data");
  }
  out.ci_low = order_statistic(values, out.rank_low);
  out.ci_high = order_statistic(values, out.rank_high);
  out.std_error = (out.ci_high - out.ci_low) / (2.0 * critical);
  return out;
}

Result<Contrast> compare_quantiles(const QuantileArm& control, const QuantileArm& treatment,
                                   double p, double confidence_level) {
  ASSAY_TRY(const QuantileValue c, quantile_value(control, p, confidence_level));
  ASSAY_TRY(const QuantileValue t, quantile_value(treatment, p, confidence_level));
  EstimatedPair pair;
  pair.method = Method::quantile;
  pair.control_value = c.value;
  pair.treatment_value = t.value;
  pair.values = {c.std_error * c.std_error, t.std_error * t.std_error, 0.0};
  const double total = pair.values.control_variance + pair.values.treatment_variance;
  const double share = total > 0.0 ? pair.values.control_variance / total : 0.5;
  pair.degrees_of_freedom = 1.0 / (share * share / c.degrees_of_freedom +
                                   (1.0 - share) * (1.0 - share) / t.degrees_of_freedom);
  pair.n_control = c.n;
  pair.n_treatment = t.n;
  ASSAY_TRY(auto out, contrast_of_values(pair, confidence_level));
  for (const auto& [arm, name] : {std::pair{&c, "control"}, std::pair{&t, "treatment"}}) {
    if (arm->std_error > 0.0) continue;
    out.notes.push_back({"tied", fmt::format("the value {} repeats around the quantile of {}: its "
                                             "interval has no width",
                                             arm->value, name)});
  }
  return out;
}

}  // namespace assay::stats
