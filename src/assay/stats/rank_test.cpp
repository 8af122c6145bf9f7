#include "assay/stats/rank_test.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/interval.hpp"

namespace assay::stats {
namespace {

constexpr std::size_t kExactUnits = 50;

Result<void> check(std::span<const double> control, std::span<const double> treatment,
                   std::size_t needed) {
  const auto finite = [](double x) { return std::isfinite(x); };
  if (!std::all_of(control.begin(), control.end(), finite) ||
      !std::all_of(treatment.begin(), treatment.end(), finite))
    return fail(ErrorCode::invalid_data, "a value is not finite", "", "drop missing values");
  if (std::min(control.size(), treatment.size()) >= needed) return {};
  return fail(ErrorCode::undefined_statistic,
              fmt::format("a rank test needs {} units in each arm; got control {}, treatment {}",
                          needed, control.size(), treatment.size()));
}

/// Mid-ranks, and the sum of t^3 - t over ties.
struct Ranks {
  std::vector<double> of;
  double ties = 0.0;
};

Ranks mid_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  Ranks out{std::vector<double>(values.size()), 0.0};
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    const double rank = 0.5 * (static_cast<double>(first) + 1.0 + static_cast<double>(end));
    for (std::size_t i = first; i < end; ++i) out.of[order[i]] = rank;
    const auto t = static_cast<double>(end - first);
    out.ties += t * t * t - t;
    first = end;
  }
  return out;
}

std::vector<double> joined(std::span<const double> control, std::span<const double> treatment) {
  std::vector<double> all(control.begin(), control.end());
  all.insert(all.end(), treatment.begin(), treatment.end());
  return all;
}

/// Of one arm: mean overall rank, and the variance of overall rank - own rank.
struct Placement {
  double mean = 0.0;
  double variance = 0.0;
};

Placement placement(std::span<const double> overall, std::span<const double> values) {
  const auto own = mid_ranks(values);
  const auto n = static_cast<double>(values.size());
  Placement out;
  for (const double rank : overall) out.mean += rank / n;
  const double own_mean = (n + 1.0) / 2.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double d = overall[i] - own.of[i] - out.mean + own_mean;
    out.variance += d * d / (n - 1.0);
  }
  return out;
}

/// P(U <= u) without ties: counts of the Gaussian binomial coefficient.
double exact_cdf(std::size_t n1, std::size_t n2, double u) {
  std::vector<double> counts(n1 * n2 + 1, 0.0);
  counts[0] = 1.0;
  double total = 1.0;
  for (std::size_t i = 1; i <= n1; ++i) {
    for (std::size_t k = counts.size(); k-- > n2 + i;) counts[k] -= counts[k - n2 - i];
    for (std::size_t k = i; k < counts.size(); ++k) counts[k] += counts[k - i];
    total *= static_cast<double>(n2 + i) / static_cast<double>(i);
  }
  double sum = 0.0;
  for (std::size_t k = 0; k < counts.size() && static_cast<double>(k) <= u; ++k) sum += counts[k];
  return sum / total;
}

}  // namespace

Result<Superiority> brunner_munzel(std::span<const double> control,
                                   std::span<const double> treatment, double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  ASSAY_CHECK(check(control, treatment, 2));
  const auto ranks = mid_ranks(joined(control, treatment));
  const auto overall = std::span(ranks.of);
  const Placement c = placement(overall.first(control.size()), control);
  const Placement t = placement(overall.subspan(control.size()), treatment);
  const auto n1 = static_cast<double>(control.size());
  const auto n2 = static_cast<double>(treatment.size());
  const double a = n1 * c.variance;
  const double b = n2 * t.variance;
  if (!(a + b > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                "the arms do not overlap, or all their values are equal: no variance to judge by",
                "", "use mann-whitney, whose null variance is known");
  }
  Superiority out;
  out.n_control = static_cast<std::int64_t>(control.size());
  out.n_treatment = static_cast<std::int64_t>(treatment.size());
  out.probability = 0.5 + (t.mean - c.mean) / (n1 + n2);
  out.std_error = std::sqrt(a + b) / (n1 * n2);
  out.statistic = (t.mean - c.mean) / (n1 + n2) / out.std_error;
  out.degrees_of_freedom = (a + b) * (a + b) / (a * a / (n1 - 1.0) + b * b / (n2 - 1.0));
  const double critical =
      numerics::student_t_upper_quantile((1.0 - confidence_level) / 2.0, out.degrees_of_freedom);
  out.ci_low = std::max(0.0, out.probability - critical * out.std_error);
  out.ci_high = std::min(1.0, out.probability + critical * out.std_error);
  out.p_value = 2.0 * numerics::student_t_sf(std::abs(out.statistic), out.degrees_of_freedom);
  return out;
}

Result<RankSum> mann_whitney(std::span<const double> control, std::span<const double> treatment) {
  ASSAY_CHECK(check(control, treatment, 1));
  const auto ranks = mid_ranks(joined(control, treatment));
  const auto n1 = static_cast<double>(control.size());
  const auto n2 = static_cast<double>(treatment.size());
  const double n = n1 + n2;
  RankSum out;
  for (std::size_t i = control.size(); i < ranks.of.size(); ++i) out.u += ranks.of[i];
  out.u -= n2 * (n2 + 1.0) / 2.0;
  const double variance = n1 * n2 / 12.0 * (n + 1.0 - ranks.ties / (n * (n - 1.0)));
  if (!(variance > 1e-12 * n1 * n2))
    return fail(ErrorCode::undefined_statistic, "all values are equal: no rank is higher");
  out.z = (out.u - n1 * n2 / 2.0) / std::sqrt(variance);
  out.exact = ranks.ties == 0.0 && control.size() + treatment.size() <= kExactUnits;
  if (out.exact) {
    const double smaller = std::min(out.u, n1 * n2 - out.u);
    out.p_value = std::min(1.0, 2.0 * exact_cdf(control.size(), treatment.size(), smaller));
  } else {
    out.p_value = 2.0 * numerics::normal_sf(std::abs(out.z));
  }
  return out;
}

}  // namespace assay::stats
