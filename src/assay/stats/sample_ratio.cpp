#include "assay/stats/sample_ratio.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

#include "assay/numerics/distributions.hpp"

namespace assay::stats {
namespace {

constexpr double kSmallestExpected = 5.0;

Result<void> check(std::size_t arms, std::span<const double> weights, double alpha) {
  const auto positive =
      std::count_if(weights.begin(), weights.end(), [](double w) { return w > 0; });
  const bool valid = std::all_of(weights.begin(), weights.end(),
                                 [](double w) { return w >= 0.0 && std::isfinite(w); });
  if (arms != weights.size() || positive < 2 || !valid) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a sample ratio needs a weight of 0 or more per arm, two of them "
                            "positive; got {} counts and {} weights, {} positive",
                            arms, weights.size(), positive));
  }
  if (alpha > 0.0 && alpha < 1.0) return {};
  return fail(ErrorCode::invalid_spec, fmt::format("alpha lies between 0 and 1; got {}", alpha));
}

Result<void> check_counts(std::span<const std::int64_t> counts) {
  if (std::all_of(counts.begin(), counts.end(), [](std::int64_t c) { return c >= 0; })) return {};
  return fail(ErrorCode::invalid_data, "a count of units is negative");
}

/// log of the two-sided exact p: the total probability of counts no likelier than the observed.
double log_binomial_two_sided(std::int64_t k, std::int64_t n, double p) {
  const double observed = numerics::binomial_log_pmf(k, n, p);
  const double slack = 1e-7;  // As R and scipy: ties up to rounding count.
  const auto mode =
      std::clamp(static_cast<std::int64_t>(std::floor((static_cast<double>(n) + 1.0) * p)),
                 std::int64_t{0}, n);
  const auto as_extreme = [&](std::int64_t i) {
    return numerics::binomial_log_pmf(i, n, p) <= observed + slack;
  };
  if (as_extreme(mode)) return 0.0;
  // The mass falls away from the mode on both sides: bisection finds each edge.
  std::int64_t low = -1;
  for (std::int64_t inside = mode; inside - low > 1;) {
    const std::int64_t middle = low + (inside - low) / 2;
    (as_extreme(middle) ? low : inside) = middle;
  }
  std::int64_t high = n + 1;
  for (std::int64_t inside = mode; high - inside > 1;) {
    const std::int64_t middle = inside + (high - inside) / 2;
    (as_extreme(middle) ? high : inside) = middle;
  }
  const double tails = numerics::binomial_cdf(low, n, p) + numerics::binomial_sf(high - 1, n, p);
  if (tails > 1e-280) return std::log(std::min(1.0, tails));
  // Below the smallest double: sum the masses relative to the largest of the near edge.
  const double top =
      std::max(numerics::binomial_log_pmf(low, n, p), numerics::binomial_log_pmf(high, n, p));
  double sum = 0.0;
  for (std::int64_t i = low; i >= 0; --i) {
    const double mass = std::exp(numerics::binomial_log_pmf(i, n, p) - top);
    sum += mass;
    if (mass < 1e-18) break;
  }
  for (std::int64_t i = high; i <= n; ++i) {
    const double mass = std::exp(numerics::binomial_log_pmf(i, n, p) - top);
    sum += mass;
    if (mass < 1e-18) break;
  }
  return top + std::log(sum);
}

/// The test of counts in arms of positive weight; n = 0 gives p = 1 for the caller to refuse.
SampleRatio test(std::span<const std::int64_t> counts, std::span<const double> weights,
                 double alpha) {
  SampleRatio out;
  const double total_weight = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<std::size_t> arms;
  for (std::size_t a = 0; a < counts.size(); ++a) {
    if (weights[a] > 0.0) {
      out.n += counts[a];
      arms.push_back(a);
    } else {
      out.leaked += counts[a];
    }
  }
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t a = 0; a < counts.size(); ++a) {
    const double expected = static_cast<double>(out.n) * (weights[a] / total_weight);
    out.expected.push_back(expected);
    if (!(weights[a] > 0.0)) continue;
    smallest = std::min(smallest, expected);
    const double distance = static_cast<double>(counts[a]) - expected;
    if (expected > 0.0) out.chi_squared += distance * distance / expected;
  }
  out.degrees_of_freedom = static_cast<double>(arms.size()) - 1.0;
  double log_p = 0.0;
  if (smallest < kSmallestExpected && arms.size() == 2) {
    out.exact = true;
    log_p = log_binomial_two_sided(counts[arms[0]], out.n, weights[arms[0]] / total_weight);
  } else {
    out.approximate = smallest < kSmallestExpected;
    log_p = numerics::log_chi_squared_sf(out.chi_squared, out.degrees_of_freedom);
  }
  out.p_value = std::exp(log_p);
  out.log10_p = log_p / std::numbers::ln10;
  out.leak = out.leaked > 0;
  out.mismatch = out.leak || out.p_value < alpha;
  return out;
}

SegmentMismatch judge(const SegmentCounts& segment, std::span<const std::int64_t> totals,
                      std::span<const double> weights, const SampleRatio& overall, double alpha) {
  const SampleRatio here = test(segment.counts, weights, alpha);
  SegmentMismatch out;
  out.dimension = segment.dimension;
  out.value = segment.value;
  out.counts = segment.counts;
  out.n = here.n;
  out.chi_squared = here.chi_squared;
  out.p_value = here.p_value;
  out.log10_p = here.log10_p;
  std::vector<std::int64_t> rest(totals.begin(), totals.end());
  for (std::size_t a = 0; a < rest.size(); ++a) {
    rest[a] -= segment.counts[a];
    if (!(weights[a] > 0.0)) continue;
    const double excess =
        (static_cast<double>(segment.counts[a]) - here.expected[a]) / static_cast<double>(here.n);
    if (std::abs(excess) > std::abs(out.largest_excess)) {
      out.largest_excess = excess;
      out.worst_arm = a;
    }
  }
  const SampleRatio without = test(rest, weights, alpha);
  out.p_without = without.p_value;
  out.log10_p_without = without.log10_p;
  if (overall.chi_squared > 0.0)
    out.share_explained = std::clamp(1.0 - without.chi_squared / overall.chi_squared, 0.0, 1.0);
  return out;
}

/// Holm's step-down on log10 scale, so that p-values below 1e-308 keep their order and size.
void adjust_and_localise(std::vector<SegmentMismatch>& segments, double alpha) {
  std::stable_sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
    return a.log10_p != b.log10_p ? a.log10_p < b.log10_p : a.share_explained > b.share_explained;
  });
  std::map<std::string, double> by_dimension;
  for (const auto& s : segments) by_dimension[s.dimension] += s.chi_squared;
  double running = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    SegmentMismatch& s = segments[i];
    const auto left = static_cast<double>(segments.size() - i);
    running = std::max(running, std::min(0.0, s.log10_p + std::log10(left)));
    s.log10_holm_p = running;
    s.holm_p_value = std::pow(10.0, running);
    const double total = by_dimension[s.dimension];
    s.share_of_dimension = total > 0.0 ? s.chi_squared / total : 0.0;
    s.localises = s.holm_p_value < alpha && s.p_without >= alpha;
  }
}

}  // namespace

Result<SampleRatio> sample_ratio(std::span<const std::int64_t> counts,
                                 std::span<const double> weights, double alpha) {
  ASSAY_CHECK(check(counts.size(), weights, alpha));
  ASSAY_CHECK(check_counts(counts));
  SampleRatio out = test(counts, weights, alpha);
  if (out.n > 0) return out;
  return fail(ErrorCode::undefined_statistic, "no units in any arm that should have some", "",
              "check the assignment event and its key");
}

Result<SampleRatioSearch> search_sample_ratio(std::span<const std::int64_t> totals,
                                              std::span<const SegmentCounts> segments,
                                              std::span<const double> weights, double alpha) {
  SampleRatioSearch out;
  ASSAY_TRY(out.overall, sample_ratio(totals, weights, alpha));
  for (const SegmentCounts& segment : segments) {
    ASSAY_CHECK(check(segment.counts.size(), weights, alpha));
    ASSAY_CHECK(check_counts(segment.counts));
    std::int64_t n = 0;
    for (std::size_t a = 0; a < weights.size(); ++a) {
      if (weights[a] > 0.0) n += segment.counts[a];
      if (segment.counts[a] > totals[a]) {
        return fail(ErrorCode::invalid_data,
                    fmt::format("a segment counts more units than there are in the arm: {} of {}",
                                segment.counts[a], totals[a]),
                    fmt::format("{} = {}", segment.dimension, segment.value));
      }
    }
    if (n == 0) {
      ++out.untested;
      continue;
    }
    out.segments.push_back(judge(segment, totals, weights, out.overall, alpha));
  }
  adjust_and_localise(out.segments, alpha);
  return out;
}

}  // namespace assay::stats
